"""Which files a table is divided into, and which rows are in each.

    <table>.parquet                                 a table of up to LARGE rows
    <table>/city=<city>/year=<year>/rows.parquet    one of more
    <table>/city=<city>/year=<year>/2026-03.parquet        a year of more than PART rows
    <table>/city=<city>/year=<year>/2026-03-09.parquet     a month of more

A file is rewritten if any of its rows changed, so a day costs little only if files
are small. The division depends on the rows alone, not on what was published before.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pipelines.sql import quote, text

LARGE = 250_000

PART = 100_000

# Hive's name for a partition of rows without a value.
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

EVERYTHING = "true"

# By what to divide, and how much of a day's ISO form tells it.
LEVELS = {"year": 4, "month": 7, "day": 10}


@dataclass(frozen=True)
class Group:
    """How many rows a table has for a city and a day."""

    city: str | None
    day: date | int | None
    """A year, for a table that has no column of days."""
    rows: int
    built_at: datetime | None
    """When the newest of them was built, where the table tells."""


@dataclass(frozen=True)
class Part:
    """The rows of a file."""

    path: str
    """Relative to `data/`."""
    where: str
    """A condition in SQL."""
    groups: tuple[Group, ...]

    @property
    def rows(self) -> int:
        return sum(group.rows for group in self.groups)

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def made_of(self) -> list[Any] | None:
        """What changes whenever a row of the part does; None if that is not known.

        A row that is added or written again is the newest of its part. If rows only
        leave the part, it has fewer.
        """
        times = [group.built_at for group in self.groups if group.built_at]
        if not times:
            return None
        return [self.rows, max(times).isoformat()]


def is_large(groups: Iterable[Group]) -> bool:
    """Whether a table is divided at all."""
    return sum(group.rows for group in groups) > LARGE


def divided(
    name: str, groups: list[Group], day: str | None, by_city: bool
) -> list[Part]:
    """A table's parts, in the order of their paths.

    Args:
        groups: All of the table's.
        day: Its column of days, if it has one.
        by_city: Whether every row is of a loaded city.
    """
    whole = Part(f"{name}.parquet", EVERYTHING, tuple(groups))
    if not is_large(groups):
        return [whole]
    parts = [Part(name, EVERYTHING, whole.groups)]
    if by_city:
        parts = list(city_parts(parts[0]))
    if day:
        for level in LEVELS:
            parts = [each for part in parts for each in by_day(part, day, level)]
    if len(parts) == 1 and parts[0].path == name:
        return [whole]
    files = [Part(file_of(part.path), part.where, part.groups) for part in parts]
    return sorted(files, key=lambda part: part.path)


def file_of(path: str) -> str:
    """The file of a part whose path ends in a folder or in a month or day."""
    in_folder = "=" in path.rpartition("/")[2]
    return f"{path}/rows.parquet" if in_folder else f"{path}.parquet"


def read_together(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in the same folder, up to PART rows together.

    They are near each other in a warehouse: to read each alone reads much of it again.
    """
    together: list[Part] = []
    for part in parts:
        rows = sum(each.rows for each in [*together, part])
        if together and (rows > PART or part.folder != together[0].folder):
            yield together
            together = []
        together.append(part)
    if together:
        yield together


def recent_from(groups: Iterable[Group]) -> date | None:
    """The day from which on a table has at most PART rows; None if it has no days.

    The day after the last if that alone has more.
    """
    rows: Counter[date] = Counter()
    for group in groups:
        if isinstance(group.day, date):
            rows[group.day] += group.rows
    if not rows:
        return None
    first, total = max(rows) + timedelta(1), 0
    for day in sorted(rows, reverse=True):
        total += rows[day]
        if total > PART:
            break
        first = day
    return first


def city_parts(part: Part) -> Iterator[Part]:
    for city, groups in gathered(part.groups, lambda group: group.city):
        yield Part(f"{part.path}/city={city}", f"city = {text(city)}", groups)


def by_day(part: Part, column: str, level: str) -> Iterator[Part]:
    """A part by years, or a large one by months or days."""
    has_days = any(isinstance(group.day, date) for group in part.groups)
    if not has_days or (level != "year" and part.rows <= PART):
        yield part
        return
    length = LEVELS[level]
    # Months and days are names of files: DuckDB wants the same folders for each file.
    folder = part.path if level != "day" else part.path.rpartition("/")[0]

    def key(group: Group) -> str:
        return "" if group.day is None else str(group.day)[:length]

    for value, groups in gathered(part.groups, key):
        days = [group.day for group in groups if isinstance(group.day, date)]
        where = (
            f"{quote(column)} between date '{min(days)}' and date '{max(days)}'"
            if days
            else f"{quote(column)} is null"
        )
        name = f"year={value or NO_VALUE}" if level == "year" else value
        yield Part(
            f"{folder}/{name}",
            where if part.where == EVERYTHING else f"{part.where} and {where}",
            groups,
        )


def gathered(
    groups: Iterable[Group], key: Callable[[Group], Any]
) -> Iterator[tuple[Any, tuple[Group, ...]]]:
    """Groups that have the same key, together."""
    found: dict[Any, list[Group]] = {}
    for group in groups:
        found.setdefault(key(group), []).append(group)
    for value in sorted(found):
        yield value, tuple(found[value])
