"""The stretches of time that a read covers, in a city's own days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Window:
    """Rows from local midnight of `start` up to, not including, that of `end`.

    `end` None leaves the end open: rows dated ahead by mistake are read too. So does
    `start` `date.min` the start, and rows whose date can't be read belong to it, but no
    portal is asked for such a window. `undated`
    adds the rows whose date is missing, which no window would ever hold. With
    `changed_since` (an instant in UTC) only rows that changed after it belong to it.
    """

    start: date
    end: date | None = None
    undated: bool = False
    changed_since: datetime | None = None

    def __str__(self) -> str:
        if self == WHOLE_TABLE:
            return "the whole table"
        if self.start == date.min:
            return f"before {self.end}"
        said = f"{self.start} to {self.end}" if self.end else f"{self.start} on"
        if self.changed_since:
            said += f" changed since {self.changed_since:%Y-%m-%d}"
        return said


# For files, which have no windows.
WHOLE_TABLE = Window(start=date.min, undated=True)


def month_start(day: date) -> date:
    """First day of the day's month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """First day of the month after."""
    return (
        date(day.year + 1, 1, 1)
        if day.month == 12
        else date(day.year, day.month + 1, 1)
    )


def previous_month(day: date) -> date:
    """First day of the month before."""
    return (
        date(day.year - 1, 12, 1)
        if day.month == 1
        else date(day.year, day.month - 1, 1)
    )


def daily_window(today: date) -> Window:
    """The rolling two months: from the first day of the month before, open-ended."""
    return Window(start=previous_month(today), undated=True)


def months(first: date, before: date) -> Iterator[Window]:
    """Whole months from `first`'s up to the one that ends by `before`, newest first."""
    start, first = month_start(before), month_start(first)
    while start > first:
        start = previous_month(start)
        yield Window(start=start, end=next_month(start))


def are_over(days: int, since: date, today: date) -> bool:
    """Whether `days` have passed; also if `since` is in the future: a wrong clock."""
    return not 0 <= (today - since).days < days


def local_day(now: datetime, zone: ZoneInfo) -> date:
    """The day it is in a city at an instant."""
    return now.astimezone(zone).date()


def utc_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a city's day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
