"""A publisher's rhythm: how often new rows come, and how many at a time.

Some feeds stand still for days, then bring a thousand rows at once. Neither is an
error, so what is usual for a publisher is shown next to what was seen.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

DAYS = 60
"""How far back runs are considered."""

# A day with new rows is called unusual only after this many such days before it, ...
LEAST_DAYS = 5

# ... and with more than this many times their median number of rows, or fewer than the
# median divided by it.
UNUSUAL_TIMES = 3


@dataclass(frozen=True)
class Rhythm:
    """How often one data set gets new rows. None where there is too little history."""

    last_new_day: date | None
    """The last day on which a run found new rows, on the city's calendar."""
    last_new_rows: int | None
    usual_new_rows: int | None
    """Median of the days with new rows before the last one."""
    usual_gap_days: int | None
    """Median of the days from one day with new rows to the next; 1: every day."""
    longest_gap_days: int | None
    gap_days: int | None
    """From the last day with new rows to the last day on which a run looked."""
    is_late: bool
    """This gap is longer than any before it."""
    unusual: str | None
    """The last day with new rows brought unusually `many` or `few`."""


def rhythm(looks: list[tuple[date, int]], today: date) -> Rhythm:
    """Derive the rhythm from what runs found.

    Args:
        looks: The day of each successful run, and how many new rows it found; in any
            order, any number per day. First loads and backfills are left out.
        today: Only this day and the `DAYS` before it count.
    """
    found: dict[date, int] = {}
    for day, count in looks:
        if today - timedelta(DAYS) <= day <= today:
            found[day] = found.get(day, 0) + count
    news = sorted(day for day, count in found.items() if count)
    if not news:
        return Rhythm(None, None, None, None, None, None, False, None)
    gaps, rows = known_gaps(news, set(found)), [found[day] for day in news]
    gap = (max(found) - news[-1]).days
    usual_rows = round(median(rows[:-1])) if rows[:-1] else None
    return Rhythm(
        last_new_day=news[-1],
        last_new_rows=rows[-1],
        usual_new_rows=usual_rows,
        usual_gap_days=round(median(gaps)) if gaps else None,
        longest_gap_days=max(gaps, default=None),
        gap_days=gap,
        is_late=bool(gaps) and gap > max(gaps),
        unusual=unusual(rows),
    )


def known_gaps(news: list[date], looked: set[date]) -> list[int]:
    """Days from one day with new rows to the next, if a run looked every day between.

    For other gaps there is no knowing whether the publisher paused or Blotter did.
    """
    gaps = []
    for before, after in pairwise(news):
        days = (after - before).days
        if all(before + timedelta(n) in looked for n in range(1, days)):
            gaps.append(days)
    return gaps


def unusual(rows: list[int]) -> str | None:
    """Whether the last of these numbers is far above or below those before it."""
    *before, last = rows
    if len(before) < LEAST_DAYS:
        return None
    usual = median(before)
    if last > UNUSUAL_TIMES * usual:
        return "many"
    return "few" if last * UNUSUAL_TIMES < usual else None


def in_words(seen: Rhythm, today: date) -> str:
    """The rhythm for a person, with the age of the newest rows on a day."""
    if seen.last_new_day is None:
        return f"no new rows in the last {DAYS} days, apart from first loads"
    parts = []
    if seen.usual_gap_days is not None:
        usual, longest = in_days(seen.usual_gap_days), in_days(seen.longest_gap_days)
        often = usual.removeprefix("1 ")
        parts.append(f"new rows usually every {often}, at most {longest} apart")
    age = (today - seen.last_new_day).days
    ago = "today" if age <= 0 else f"{in_days(age)} ago"
    standing = ""
    if seen.usual_gap_days is not None:
        standing = " (longer than ever before)" if seen.is_late else " (usual)"
    parts.append(f"last {ago}{standing}" if parts else f"new rows last came {ago}")
    return "; ".join(parts) + f": {rows_in_words(seen)}"


def rows_in_words(seen: Rhythm) -> str:
    """How many rows came last time, and how many usually come."""
    words = f"{seen.last_new_rows:,}"
    if seen.unusual:
        words += f", unusually {seen.unusual}"
    if seen.usual_new_rows is not None:
        words += f" (usually {seen.usual_new_rows:,})"
    return words


def in_days(number: int | None) -> str:
    return "1 day" if number == 1 else f"{number} days"
