"""Dates that are published as text of one pattern, such as `%m/%d/%Y`.

Portals compare such text as text. Where the year comes first, then month and day, that
is the order of its dates. Otherwise windows are lists of the years, months and days
before their bounds, as patterns of `like`, which every portal has.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

DAY = "Ymd"

# What a directive matches, always in so many characters: values keep their zeros.
DIRECTIVES = {
    "Y": ("[12][0-9]{3}", 4),
    "m": ("(?:0[1-9]|1[0-2])", 2),
    "d": ("(?:0[1-9]|[12][0-9]|3[01])", 2),
    "H": ("(?:[01][0-9]|2[0-3])", 2),
    "I": ("(?:0[1-9]|1[0-2])", 2),
    "M": ("[0-5][0-9]", 2),
    "S": ("[0-5][0-9]", 2),
    "p": ("[AaPp][Mm]", 2),
}

TOKEN = re.compile(r"%(.?)|([^%])", re.DOTALL)

# Other characters mean something in `like` or in a literal.
LITERAL = re.compile(r"[A-Za-z0-9 ,.:;/()+-]")


@dataclass(frozen=True)
class DatePattern:
    """A pattern of dates, in some of strptime's directives."""

    text: str

    @property
    def tokens(self) -> list[tuple[str, str]]:
        """Its directives, by their letter, and the characters between them."""
        return [(match[1] or "", match[2] or "") for match in TOKEN.finditer(self.text)]

    @property
    def directives(self) -> list[str]:
        return [letter for letter, _ in self.tokens if letter]

    @property
    def problem(self) -> str | None:
        """What keeps it from being one; None if nothing does."""
        known = ", ".join(f"%{letter}" for letter in DIRECTIVES)
        if any(self.directives.count(letter) != 1 for letter in DAY):
            return "must have %Y, %m and %d, each once"
        if any(not (letter or char) for letter, char in self.tokens) or any(
            letter not in DIRECTIVES for letter in self.directives
        ):
            return f"may have only {known}"
        if not all(LITERAL.fullmatch(char) for _, char in self.tokens if char):
            return "may have only letters, digits and the signs of dates between them"
        return None

    @property
    def sorts(self) -> bool:
        """Whether its texts sort as their days do."""
        return self.directives[:3] == list(DAY)

    @property
    def regex(self) -> str:
        """A regular expression of its texts, for RE2 and for databases."""
        parts = [
            DIRECTIVES[letter][0] if letter else char if char.isalnum() else f"[{char}]"
            for letter, char in self.tokens
        ]
        return f"^{''.join(parts)}$"

    @property
    def shape(self) -> str:
        """What `like` has of its texts: their length, and what stands between."""
        return self.like()

    def like(self, **known: str) -> str:
        """A pattern of `like` for its texts with some parts known, by directive."""
        return "".join(
            known.get(letter, "_" * DIRECTIVES[letter][1]) if letter else char
            for letter, char in self.tokens
        )

    def start_of(self, day: date) -> str:
        """How texts of a day begin, where it is by its beginning that they sort."""
        end = self.text.index("%d") + 2
        return DatePattern(self.text[:end]).like(**parts_of(day))

    def before(self, day: date) -> Iterator[str]:
        """Patterns of `like` for the texts of all days before one."""
        is_of = parts_of(day)
        for position, digit in enumerate(is_of["Y"]):
            for less in range(int(digit)):
                rest = "_" * (3 - position)
                yield self.like(Y=f"{is_of['Y'][:position]}{less}{rest}")
        for month in range(1, day.month):
            yield self.like(Y=is_of["Y"], m=f"{month:02d}")
        for earlier in range(1, day.day):
            yield self.like(**{**is_of, "d": f"{earlier:02d}"})

    def between(self, column: str, start: date, end: date | None) -> str:
        """SQL, for portals and warehouses, for texts of days from `start` to `end`."""
        of_shape = f"{column} LIKE '{self.shape}'"
        if self.sorts:
            bounds = [f"{column} >= '{self.start_of(start)}'"]
            bounds += [f"{column} < '{self.start_of(end)}'"] if end else []
            return " AND ".join([of_shape, *bounds])
        not_before = [f"{column} NOT LIKE '{each}'" for each in self.before(start)]
        where = " AND ".join([of_shape, *not_before])
        if end is None:
            return where
        ended = " OR ".join(f"{column} LIKE '{each}'" for each in self.before(end))
        return f"{where} AND ({ended})"

    def missing(self, column: str) -> str:
        """SQL for values that are null or no text of the pattern: undated rows."""
        return f"{column} IS NULL OR {column} NOT LIKE '{self.shape}'"

    def day_of(self, column: str) -> str:
        """SQL, in DuckDB's dialect, for the day as ISO text; null if it is not one."""
        parts = [
            f"substr({column}, {start + 1}, {end - start})"
            for start, end in map(self.place_of, DAY)
        ]
        day = " || '-' || ".join(parts)
        return f"case when regexp_matches({column}, '{self.regex}') then {day} end"

    def place_of(self, wanted: str) -> tuple[int, int]:
        """Where a directive's characters begin and end, counted from 0."""
        before = self.tokens[: [letter for letter, _ in self.tokens].index(wanted)]
        start = sum(DIRECTIVES[letter][1] if letter else 1 for letter, _ in before)
        return start, start + DIRECTIVES[wanted][1]


def parts_of(day: date) -> dict[str, str]:
    """A day's year, month and day, by directive."""
    return {"Y": f"{day.year:04d}", "m": f"{day.month:02d}", "d": f"{day.day:02d}"}


@functools.cache
def pattern_of(text: str | None) -> DatePattern | None:
    """A declared pattern, if there is one."""
    return DatePattern(text) if text else None
