"""Make `seeds/holidays.csv`: the days off of each city, 2018 through 2035.

The dates come from the `holidays` package (https://holidays.readthedocs.io): the
federal holidays and those of the city's state. What is known of what a city keeps in
addition, or does not keep, is listed below. `blotter add` writes those of a new city,
`make holidays` all of them; the same version of the package gives the same bytes.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import holidays

SEEDS = Path(__file__).parents[2] / "seeds"
YEARS = range(2018, 2036)
OBSERVED = " (observed)"
HEADER = ("city", "holiday_date", "holiday_name", "kind")

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6

# Better names, or better spellings, for some of the package's names.
NAMES = {
    "Casimir Pulaski Day": "Pulaski Day",
    "Day After Thanksgiving": "Day after Thanksgiving",
    "Juneteenth National Independence Day": "Juneteenth",
    "President's Day": "Presidents' Day",
}


def april_4(year: int) -> date:
    """Return the anniversary of Martin Luther King's murder, when Memphis closes."""
    return date(year, 4, 4)


def second_monday_of_october(year: int) -> date:
    """Return the day of Columbus Day."""
    first = date(year, 10, 1)
    return first + timedelta(days=(MONDAY - first.weekday()) % 7 + 7)


def friday_after_thanksgiving(year: int) -> date:
    """Return the day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(THURSDAY - first.weekday()) % 7 + 22)


@dataclass(frozen=True)
class Calendar:
    """Which of its state's holidays a city keeps, and which others.

    `not_kept`, `names` and `renamed` use the package's names, without " (observed)";
    `renamed` gives the first year of a new name, and the name; `own` has holidays that
    the package lacks, each with a function that finds its day in a year.
    """

    state: str
    not_kept: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, tuple[int, str]] = field(default_factory=dict)
    own: dict[str, Callable[[int], date]] = field(default_factory=dict)


CALENDARS = {
    "cambridge": Calendar(
        "MA",
        # Renamed by the city council in 2016.
        names={"Columbus Day": "Indigenous Peoples' Day"},
    ),
    "chicago": Calendar(
        "IL",
        # The state closes for general elections; the city does not.
        not_kept=frozenset({"Election Day"}),
    ),
    "memphis": Calendar(
        "TN",
        own={
            "Martin Luther King Jr. Memorial Day": april_4,
            # The state closes then in exchange for Columbus Day.
            "Day after Thanksgiving": friday_after_thanksgiving,
        },
    ),
    "san_francisco": Calendar(
        "CA",
        # In the state's calendar, but nothing closes.
        not_kept=frozenset({"Diwali", "Susan B. Anthony Day"}),
        # By the state, AB 2156 (Stats. 2026, ch. 7), in force since March 26, 2026.
        renamed={"Cesar Chavez Day": (2026, "Farmworkers Day")},
        # Columbus Day until January 2018.
        own={"Indigenous Peoples' Day": second_monday_of_october},
    ),
}


def day_off(day: date) -> date:
    """Return the workday kept for `day`: Friday for Saturday, Monday for Sunday."""
    shift = {SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0)
    return day + timedelta(days=shift)


def state_days(calendar: Calendar) -> Iterator[tuple[date, str, str]]:
    """Yield (day, name, kind) of the state's holidays that the city keeps."""
    days = holidays.country_holidays("US", subdiv=calendar.state, years=YEARS)
    for day in days:
        for published in days.get_list(day):
            name = published.removesuffix(OBSERVED)
            if name in calendar.not_kept:
                continue
            kind = "observed" if published.endswith(OBSERVED) else "actual"
            yield day, name_in(calendar, name, day.year), kind


def name_in(calendar: Calendar, name: str, year: int) -> str:
    """The city's name in a year for the holiday that the package calls `name`."""
    since, new_name = calendar.renamed.get(name, (YEARS.stop, name))
    if year >= since:
        return new_name
    return calendar.names.get(name, NAMES.get(name, name))


def own_days(calendar: Calendar) -> Iterator[tuple[date, str, str]]:
    """Yield (day, name, kind) of the holidays that the package lacks."""
    for name, day_in in calendar.own.items():
        for day in map(day_in, YEARS):
            yield day, name, "actual"
            if day_off(day) != day:
                yield day_off(day), name, "observed"


def city_rows(city: str, state: str) -> list[tuple[str, str, str, str]]:
    """Return the rows of one city, sorted by day, one row per day.

    A day off that is a holiday itself keeps its own name (April 3, 2026 in Memphis
    is Good Friday). Where a state has two holidays on one day, both are named.
    """
    calendar = CALENDARS.get(city) or Calendar(state)
    found = sorted({*state_days(calendar), *own_days(calendar)})
    actual = {day for day, _, kind in found if kind == "actual"}
    names: dict[tuple[date, str], list[str]] = {}
    for day, name, kind in found:
        if kind == "actual" or day not in actual:
            names.setdefault((day, kind), []).append(name)
    return [
        (city, day.isoformat(), " / ".join(several), kind)
        for (day, kind), several in names.items()
    ]


def holidays_csv() -> str:
    """Return the whole CSV: header and rows, sorted by city and day."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    with (SEEDS / "cities.csv").open(newline="") as file:
        states = {row["city"]: row["state_code"] for row in csv.DictReader(file)}
    for city in sorted(states):
        writer.writerows(city_rows(city, states[city]))
    return out.getvalue()


if __name__ == "__main__":
    (SEEDS / "holidays.csv").write_bytes(holidays_csv().encode())
