"""Draw many made-up values at once, with the same result per seed on every machine.

Times are whole seconds of the city's wall clock since 1970-01-01, without a zone.
"""

import csv
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Text: TypeAlias = pa.Array | pa.Scalar | str
"""One text per row, or one for all."""

DAY = 86_400

# Numbers (ids, case numbers) start each day at a multiple of this size, so that days
# that are drawn separately share none, unless one has more incidents than that.
NUMBERS_PER_DAY = 2_000

# Shares by hour of the day, from midnight, as the cities' rows show them.
HOURS = [51, 29, 22, 18, 14, 13, 16, 26, 37, 40, 43, 48]
HOURS += [61, 53, 51, 58, 54, 57, 58, 57, 52, 46, 46, 41]

# Shares by minute: people round times to full, half and quarter hours.
MINUTES = [11] * 60
for _minute, _share in {
    0: 320,
    30: 130,
    45: 43,
    15: 38,
    20: 30,
    40: 28,
    10: 26,
}.items():
    MINUTES[_minute] = _share

# By weekday from Monday, and by month from January: hundredths of an average day.
WEEKDAYS = [99, 99, 101, 100, 108, 101, 92]
MONTHS = [97, 92, 98, 98, 103, 104, 107, 107, 103, 102, 96, 93]

WORDS = ["AMBER", "BRAM", "CLOVER", "DELL", "EMBER", "FERN", "GORSE", "HOLLIN", "IVORY"]
WORDS += ["JUNI", "KESTREL", "LARK", "MOSS", "NETTLE", "OSIER", "PIPPIN", "QUILL"]
WORDS += ["ROWAN", "SORREL", "THIST", "UMBER", "VETCH", "WILLOW", "YARROW"]
ENDINGS = ["BECK", "BOURNE", "COMBE", "CROFT", "DEN", "FOLD", "GARTH", "HOLM", "HURST"]
ENDINGS += ["LEIGH", "MERE", "MOOR", "STEAD", "THORPE", "WELL", "WICK", "WOLD", "WORTH"]


@cache
def vocabulary(name: str) -> dict[str, list[str]]:
    """Read the columns of `vocabulary/<name>.csv`, every value as text."""
    path = Path(__file__).parent / "vocabulary" / f"{name}.csv"
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {column: [row[column] for row in rows] for column in rows[0]}


def weights(column: list[str]) -> Numbers:
    return np.array([int(value) for value in column])


def pick(rng: Generator, shares: Sequence[int] | Numbers, count: int) -> Numbers:
    """Draw `count` positions in `shares`, in proportion to the shares."""
    limits = np.cumsum(shares)
    return np.searchsorted(limits, rng.integers(0, limits[-1], count), side="right")


def chance(rng: Generator, share: float | npt.NDArray[np.float64], count: int) -> Flags:
    """Draw `count` booleans, true with the given probability (one, or one each)."""
    return rng.random(count) < share


def delay(rng: Generator, quantiles: Mapping[float, float], count: int) -> Numbers:
    """Draw `count` whole minutes from a distribution that is given by quantiles."""
    drawn = np.interp(rng.random(count), list(quantiles), list(quantiles.values()))
    return np.rint(drawn).astype(np.int64)


def days_drawn(rng: Generator, first: date, last: date, count: int) -> Numbers:
    """Draw `count` sorted days, both ends included, varying by weekday and month.

    Returns: Whole days since 1970-01-01.
    """
    if last < first:
        raise ValueError(f"the last day, {last}, is before the first, {first}")
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    number = days.astype(np.int64)
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    # 1970-01-01 was a Thursday, three days after a Monday.
    shares = np.array(MONTHS)[month] * np.array(WEEKDAYS)[(number + 3) % 7]
    return np.sort(number[pick(rng, shares, count)])


def time_of_day(rng: Generator, count: int) -> Numbers:
    """Draw `count` times as people report them: seconds since midnight."""
    return pick(rng, HOURS, count) * 3600 + pick(rng, MINUTES, count) * 60


def time_of_report(rng: Generator, count: int) -> Numbers:
    """Draw `count` times when a clerk files: seconds since midnight, whole minutes."""
    return pick(rng, HOURS, count) * 3600 + rng.integers(0, 60, count) * 60


def clock_changes(first: int, last: int) -> tuple[list[int], list[int]]:
    """The days on which US clocks go forward and back, from day `first` to `last`."""
    spring: list[int] = []
    autumn: list[int] = []
    for year in range(1970 + first // 366, 1971 + last // 365):
        for days, opens in ((spring, date(year, 3, 8)), (autumn, date(year, 11, 1))):
            sunday = opens + timedelta(days=6 - opens.weekday())
            days.append((sunday - date(1970, 1, 1)).days)
    return spring, autumn


def odd_times(days: Numbers) -> tuple[Numbers, Numbers]:
    """Positions and times of incidents at times that programs get wrong.

    The first incident of a day is at 02:30 when clocks go forward, which no clock
    shows; at 01:30 when they go back, which clocks show twice; and at 00:00:30 on the
    first day of a month.

    Args:
        days: Whole days since 1970-01-01, sorted.
    """
    seen, position = np.unique(days, return_index=True)
    spring, autumn = clock_changes(int(seen[0]), int(seen[-1]))
    month = seen.astype("datetime64[D]").astype("datetime64[M]")
    is_first = month.astype("datetime64[D]").astype(np.int64) == seen
    second = np.full(len(seen), -1)
    second[is_first] = 30
    second[np.isin(seen, spring)] = 2 * 3600 + 1800
    second[np.isin(seen, autumn)] = 3600 + 1800
    odd = second >= 0
    return position[odd], seen[odd] * DAY + second[odd]


def numbered(days: Numbers, per_day: int = NUMBERS_PER_DAY) -> Numbers:
    """Number incidents of sorted days in ascending order, each day from its start."""
    ordinal = np.arange(len(days))
    return np.maximum.accumulate(days * per_day - ordinal) + ordinal


def first_of_year(days: Numbers) -> Numbers:
    year = days.astype("datetime64[D]").astype("datetime64[Y]")
    return year.astype("datetime64[D]").astype(np.int64)


def year_of(days: Numbers) -> Numbers:
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def month_of(days: Numbers) -> Numbers:
    return (
        days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    )


def take(
    values: Sequence[str | None], index: Numbers | Flags, absent: Flags | None = None
) -> pa.Array:
    """Text at the given positions; null where `absent`."""
    positions = pa.array(index, pa.int32(), mask=absent)
    return pa.array(values, pa.string()).take(positions)


def text(numbers: Numbers, absent: Flags | None = None) -> pa.Array:
    """Whole numbers as text; null where `absent`."""
    return pa.array(numbers, mask=absent).cast(pa.string())


def padded(numbers: Numbers, width: int) -> pa.Array:
    """Whole numbers as text with leading zeros."""
    return pc.utf8_lpad(text(numbers), width, "0")


def joined(*parts: Text, by: str = "") -> pa.Array:
    """Concatenate texts; null if any part is null."""
    return pc.binary_join_element_wise(*parts, by)


@cache
def _seconds_texts() -> pa.Array:
    return pa.array(
        f"T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.000" for s in range(DAY)
    )


def date_text(days: Numbers) -> pa.Array:
    first, last = days.min(), days.max()
    names = np.datetime_as_string(np.arange(first, last + 1).astype("datetime64[D]"))
    return take(names.tolist(), days - first)


def calendar_text(seconds: Numbers) -> pa.Array:
    """Times as a portal's calendar dates: `2024-02-15T07:09:00.000`."""
    clock = _seconds_texts().take(pa.array(seconds % DAY, pa.int32()))
    return joined(date_text(seconds // DAY), clock)


def clock_text(seconds: Numbers) -> pa.Array:
    """Times as hour and minute: `07:09`."""
    return pc.utf8_slice_codeunits(calendar_text(seconds), 11, 16)


def weekday_text(seconds: Numbers) -> pa.Array:
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    return take([*names, "Sunday"], (seconds // DAY + 3) % 7)


def chosen(condition: Flags, yes: Text, no: Text) -> pa.Array:
    return pc.if_else(pa.array(condition), yes, no)


def unlike(values: Numbers, group: Numbers, size: int) -> Numbers:
    """Shift values (0 to `size` - 1) until none occurs twice in a group."""
    values = values.copy()
    while True:
        order = np.lexsort((values, group))
        same = (np.diff(group[order]) == 0) & (np.diff(values[order]) == 0)
        if not same.any():
            return values
        moved = order[1:][same]
        values[moved] = (values[moved] + 1) % size


def with_column(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)


def stamped(rows: pa.Table, name: str) -> pa.Table:
    """Set a calendar date of all rows to a day after the latest, at the same time."""
    latest = np.datetime64(pc.max(rows[name]).as_py(), "s") + np.timedelta64(1, "D")
    seconds = np.full(rows.num_rows, latest.astype(np.int64))
    return with_column(rows, name, calendar_text(seconds))


def street_names() -> list[str]:
    """432 street names that don't exist in any of the cities."""
    return [word + ending for word in WORDS for ending in ENDINGS]
