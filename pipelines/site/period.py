"""The period of a city's first page, and what it is compared with.

site/script/period.js does the same for any period that a reader chooses;
tests/support/wording.json lists what both must find.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

# In days. A year is in whole weeks, so that the same weekdays are compared.
PERIOD = 28

YEAR = 364

# Per day; `known` counts incidents for which arrests are published.
MEASURES = ("incidents", "violent", "property", "arrests", "known")


@dataclass(frozen=True)
class Stretch:
    """A range of days, including both ends."""

    start: date
    end: date
    is_covered: bool = True
    """Whether the city's data goes back that far."""

    @property
    def length(self) -> int:
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class Comparisons:
    """A period and what it is compared with."""

    now: Stretch
    before: Stretch
    """The same number of days, just before."""
    year_ago: Stretch
    so_far: Stretch
    """The year of the period's last day, through that day."""
    last_year: Stretch
    """The year before, through the same date."""


def comparisons(first: date, complete: date) -> Comparisons:
    """The last complete days of a city, and what they are compared with.

    Args:
        first: The first day of the city's data.
        complete: The last day that is not provisional; not before the first.
    """
    now = Stretch(max(first, complete - timedelta(PERIOD - 1)), complete)
    new_year = date(complete.year, 1, 1)

    def earlier(start: date, end: date, is_whole: bool = True) -> Stretch:
        return Stretch(start, end, is_whole and start >= first)

    return Comparisons(
        now,
        earlier(now.start - timedelta(now.length), now.start - timedelta(1)),
        earlier(now.start - timedelta(YEAR), complete - timedelta(YEAR)),
        Stretch(max(first, new_year), complete),
        earlier(
            date(complete.year - 1, 1, 1), year_before(complete), new_year >= first
        ),
    )


def year_before(day: date) -> date:
    """The same date a year earlier; February 28 for the 29th."""
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 2, 28)
    return day.replace(year=day.year - 1)


@dataclass(frozen=True)
class Days:
    """A city's counts on each day, from its first to its last complete one."""

    first: date
    complete: date
    counts: dict[date, dict[str, Any]]
    """By day; a day without an incident may be missing."""

    @property
    def compared(self) -> Comparisons:
        return comparisons(self.first, self.complete)

    def tiles(self) -> dict[str, Any]:
        """What the tiles of a city's first page show.

        Returns:
            For each stretch of `Comparisons`, the sum of every measure and whether it
            `is_covered`; also the number of `days` in the period, and its `year`.
        """
        found = {
            name: {**self.sums(stretch), "is_covered": stretch.is_covered}
            for name, stretch in vars(self.compared).items()
        }
        return {**found, "days": self.compared.now.length, "year": self.complete.year}

    def sums(self, stretch: Stretch) -> dict[str, int]:
        """The sum of each measure over a stretch."""
        there = (stretch.start + timedelta(n) for n in range(stretch.length))
        rows = [self.counts[day] for day in there if day in self.counts]
        return {name: sum(row[name] for row in rows) for name in MEASURES}
