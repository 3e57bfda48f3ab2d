"""Prove a layer's clock: what its dates are, and how its server reads a request's.

Esri's rule is that dates are UTC, and so are the times that a request names. Cities
break both parts: some write their own clock as if it were UTC, some servers read a
request's times on the city's clock. Either way hours are off, and so are days.
"""

import cmath
import math
from collections.abc import Iterable
from datetime import UTC, datetime, time
from itertools import pairwise
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

import msgspec

from pipelines.datasets.dataset import ArcgisDataset, Literals, SpatialDataset
from pipelines.errors import SchemaDriftError

# Fewer dates, or dates of fewer days, don't show the hours of a usual day.
FEWEST, FEWEST_DAYS = 200, 3

# Around this hour lie the reports of a day, 15 to 19 in the rows of nine cities: few by
# night, most in the afternoon and evening. On another clock it is 4 to 10 hours off.
MIDDLE = 17

# How many hours nearer to it one clock must be than the other. Dates that are spread
# evenly over the day, which have no middle, are nearer by chance.
MARGIN, SPREAD = 1.5, 0.1

# Other dates are mistakes, such as 0200, 1900 or 2207.
PLAUSIBLE = range(
    *(int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (1990, 2100))
)


def choose(moments: Iterable[int]) -> int | None:
    """The time to ask for: the one that most closely follows another.

    A server that reads it some hours earlier than it is then finds that other, too.

    Args:
        moments: The window column's values, in seconds since 1970.
    """
    known = sorted(set(moments))
    if len(known) < 2:
        return None
    return min(pairwise(known), key=lambda pair: pair[1] - pair[0])[1]


def is_plausible(value: Any) -> TypeGuard[int]:
    """Whether a layer's value, in epoch milliseconds, is a date that may be true."""
    return isinstance(value, int) and value // 1000 in PLAUSIBLE


def with_other_literals(dataset: ArcgisDataset) -> ArcgisDataset:
    """The data set as if its server read the times of requests the other way."""
    other: Literals = "utc" if dataset.literals == "local" else "local"
    return msgspec.structs.replace(dataset, literals=other)


def misread(dataset: ArcgisDataset, asked: int) -> SchemaDriftError:
    """The error for a server that sends a row only for the other reading of its time.

    Args:
        asked: When the row is dated, in seconds since 1970.
    """
    right = with_other_literals(dataset).literals
    why = f"it does not send the row of {shown(asked)} for that time, but for another"
    return wrong(dataset, why, f'literals = "{right}"')


def check_times(dataset: SpatialDataset, moments: list[int]) -> str:
    """Say whether the window column's values show that `times` is right.

    Args:
        moments: Those of the newest rows, in seconds since 1970.

    Raises:
        SchemaDriftError: They show that it is wrong.
    """
    found = times_of(moments, dataset.tzinfo)
    if found is None:
        return "too few times of day to tell its clock"
    times, why = found
    if dataset.times != times:
        raise wrong(dataset, why, f'times = "{times}"')
    has_literals = isinstance(dataset, ArcgisDataset)
    proved = "`times` and `literals` are" if has_literals else "`times` is"
    return f"{proved} right: {why}"


def times_of(moments: list[int], zone: ZoneInfo) -> tuple[str, str] | None:
    """What `times` must be for such dates, and why; None if they don't tell."""
    if len(moments) < FEWEST:
        return None
    as_utc = [datetime.fromtimestamp(moment, UTC) for moment in moments]
    in_city = [instant.astimezone(zone) for instant in as_utc]
    if all_midnight(as_utc):
        return "day", "all of its newest dates are midnight in UTC"
    if all_midnight(in_city):
        return "utc", f"all of its newest dates are midnight in {zone.key}"
    middles = middle_of(in_city), middle_of(as_utc)
    if None in middles or len({clock.date() for clock in as_utc}) < FEWEST_DAYS:
        return None
    utc, local = (hours_apart(middle or 0.0, MIDDLE) for middle in middles)
    if abs(utc - local) < MARGIN:
        return None
    if utc < local:
        return "utc", f"read as UTC, its newest dates lie around {middles[0]:.0f}:00"
    return "local", f"read as they are, its newest dates lie around {middles[1]:.0f}:00"


def all_midnight(clocks: Iterable[datetime]) -> bool:
    return all(clock.time() == time() for clock in clocks)


def middle_of(clocks: Iterable[datetime]) -> float | None:
    """The hour around which times of day lie; None if they lie around none.

    Midnight and noon do not count: they are written where the time is not known.
    """
    hours = [clock.hour for clock in clocks if clock.hour not in (0, 12)]
    turns = [cmath.rect(1, (hour + 0.5) / 24 * 2 * math.pi) for hour in hours]
    mean = sum(turns) / max(len(turns), 1)
    if abs(mean) < SPREAD:
        return None
    return cmath.phase(mean) * 24 / (2 * math.pi) % 24


def hours_apart(one: float, other: float) -> float:
    """How far two hours of a day are from each other."""
    apart = abs(one - other) % 24
    return min(apart, 24 - apart)


def shown(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%F %T} UTC"


def wrong(dataset: SpatialDataset, why: str, correction: str) -> SchemaDriftError:
    return SchemaDriftError(
        f"{dataset.label} has {dataset.window_column} on another clock than declared: "
        f"{why}. Put `{correction}` into {dataset.name}.toml; nothing was written."
    )
