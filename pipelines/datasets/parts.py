"""A data set that is published as several tables: what each of them declares."""

import hashlib
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from pipelines.datasets.addresses import moved
from pipelines.datasets.base import BaseDataset, Days
from pipelines.datasets.windows import Window, next_month

YEAR = "{year}"

Years = range(1900, 2100)
"""The years that a part may be of."""


class Part(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    rename={"start": "from", "end": "to"},
):
    """One of a data set's tables, or one a year: all with the same `api` and columns.

    A row may move from one to another, or stand in two: it is one row, by its key. If
    it differs in the two, the newer by `newest_by` counts, or else that of the part
    which is declared later.
    """

    url: str
    """Address of the rows, without an ending. With `{year}` in it the part stands for
    one table a year."""
    formerly: list[str] = []
    """Former values of `url`, newest first; as for a data set."""
    start: date | None = None
    """`from`: the first day of its rows. Without it, they may be of any day up to
    `to`."""
    end: date | None = None
    """`to`: the last day of its rows. Only windows of its days are asked of a part."""
    also_called: dict[str, str] = {}
    """Its own names of declared columns, where they differ."""
    due: date | None = None
    """A day from which it must be there. Before that day a run only warns that it is
    missing, unless rows of it were loaded already."""
    from_year: int | None = None
    """The first year of a `url` with `{year}`; the last is that of the run's day."""
    to_year: int | None = None
    """The last year of such a `url`, if the next are published elsewhere."""
    due_days: Days = 45
    """How many days into a year its table may be missing."""

    @property
    def is_yearly(self) -> bool:
        return YEAR in self.url

    @property
    def identity(self) -> str:
        """Its oldest address, which identifies the table."""
        return [self.url, *self.formerly][-1]

    @property
    def place(self) -> str:
        """Its address in messages."""
        return self.url.partition("://")[2]

    def at_portal(self, portal: str) -> "Part":
        """The part with scheme and host replaced by `portal`'s; the same table."""
        declared = [self.url, *self.formerly]
        url, *formerly = [moved(address, portal) for address in declared]
        return msgspec.structs.replace(self, url=url, formerly=[*formerly, *declared])

    def of_year(self, year: int) -> "Part":
        """The part that a yearly one stands for in a year."""

        def named(address: str) -> str:
            return address.replace(YEAR, str(year))

        return msgspec.structs.replace(
            self,
            url=named(self.url),
            formerly=[named(address) for address in self.formerly],
            start=date(year, 1, 1),
            end=date(year, 12, 31),
            due=date(year, 1, 1) + timedelta(days=self.due_days),
            from_year=None,
            to_year=None,
        )

    def years(self, until: int) -> range:
        """The years that it stands for, up to one."""
        first, last = self.from_year or Years[0], self.to_year or until
        return range(first, min(last, until) + 1)

    def may_hold(self, window: Window) -> bool:
        """Whether its rows may be of the window's days."""
        begins = self.start is None or window.end is None or self.start < window.end
        return begins and (self.end is None or window.start <= self.end)

    def ends_in(self, window: Window) -> bool:
        """Whether its last day is in the window."""
        return bool(self.end and window.end and window.start <= self.end < window.end)


def on_day(parts: Iterable[Part], day: date) -> list[Part]:
    """The parts on a day: each yearly one is as many as there are years up to it.

    One that must be there by then is no longer `due`.
    """
    found: list[Part] = []
    for part in parts:
        years = part.years(day.year) if part.is_yearly else []
        found += map(part.of_year, years) if part.is_yearly else [part]
    return [
        msgspec.structs.replace(part, due=None)
        if part.due and part.due <= day
        else part
        for part in found
    ]


def of_month(parts: Iterable[Part], month: date) -> list[Part]:
    """The parts that may hold rows of the month with this first day."""
    window = Window(month, next_month(month))
    return [part for part in on_day(parts, month) if part.may_hold(window)]


# Keys whose values are names of columns in requests.
NAMING = (
    *("window_column", "change_column", "key"),
    *("columns", "optional_columns", "later_columns"),
)


class InParts(BaseDataset, frozen=True, kw_only=True):
    """A data set that may be published as several tables."""

    parts: list[Part] = []
    """If it is published as several tables: those, in place of a `url`."""

    @property
    def is_in_parts(self) -> bool:
        """Whether it has parts, be it that they begin after the day it is read on."""
        return bool(self.parts) or YEAR in self.url

    @property
    def addresses(self) -> list[str]:
        """Where its tables are."""
        return [part.url for part in self.parts] or [self.url]

    @property
    def host(self) -> str:
        """That of its tables; if they have several, all of them."""
        hosts = (urlsplit(address).netloc for address in self.addresses)
        return ", ".join(dict.fromkeys(hosts))

    @property
    def label(self) -> str:
        """Data set and portal, or the address of its only part."""
        if len(self.parts) == 1:
            return f"{self.name}: {self.parts[0].place}"
        return super().label

    @property
    def due(self) -> dict[str, date]:
        """From which day parts must be there, by their place."""
        return {part.place: part.due for part in self.parts if part.due}

    def declaration_of(self, month: date) -> str:
        """`fingerprint`, as far as it concerns a month: by the parts that may hold it.

        If that is one, it is that of a data set with the part's `url`: the months of
        such a data set are not read again where it becomes a part, nor are those of the
        other parts where one is added.
        """
        each = sorted(map(self._declaration_of_part, of_month(self.parts, month)))
        if len(each) < 2:
            return each[0] if each else self.fingerprint
        return digest(each)

    def _declaration_of_part(self, part: Part) -> str:
        alone = self._fingerprint_at(part.identity)
        called = sorted(part.also_called.items())
        return digest([alone, called]) if called else alone

    def on_day(self, day: date) -> Self:
        """The data set with a part for each year up to a day's."""
        return msgspec.structs.replace(self, parts=on_day(self.parts, day))

    def at_portal(self, portal: str | None) -> Self:
        """The data set with scheme and host replaced by `portal`'s, if given."""
        there = super().at_portal(portal)
        if not portal:
            return there
        parts = [part.at_portal(portal) for part in self.parts]
        return msgspec.structs.replace(there, parts=parts)

    def as_part(self, part: Part) -> Self:
        """One of its parts as a data set by itself, with the part's names."""

        def theirs(names: Any) -> Any:
            if isinstance(names, list):
                return list(map(theirs, names))
            return part.also_called.get(names, names)

        named = {key: theirs(getattr(self, key)) for key in NAMING}
        left_out = [*self.left_out, *theirs(self.left_out)]
        return msgspec.structs.replace(
            self,
            url=part.url,
            formerly=part.formerly,
            parts=[part],
            left_out=left_out,
            **named,
        )


def digest(values: list[Any]) -> str:
    return hashlib.md5(repr(tuple(values)).encode()).hexdigest()
