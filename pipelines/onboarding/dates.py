"""Choose the date that windows use, and say since when rows are dense."""

import re
import statistics
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pipelines.datasets.windows import previous_month
from pipelines.onboarding.facts import Finding, Seen
from pipelines.onboarding.tables import Column, Months
from pipelines.onboarding.times import (
    is_iso,
    moment_of,
    moments,
    pattern_of_values,
    share,
)
from pipelines.onboarding.words import STARTED, date_role, run

# Of a text column's values, so many must be dates that it counts as one.
MOSTLY = 0.9

# A window's date must not be null in more rows than that.
FILLED = 0.99

# The newest of one candidate may lie so many days behind that of another.
BEHIND = timedelta(days=60)

DENSE_MONTHS = 24
FIFTH = 5


@dataclass(frozen=True)
class Candidate:
    """A column of dates."""

    name: str
    role: str
    filled: float
    """The share of rows that have one."""
    newest: datetime | None
    """Not after today."""
    is_usable: bool
    """Whether rows can be requested by it."""
    is_text: bool = False

    @property
    def shown(self) -> str:
        newest = (
            f"newest {self.newest:%Y-%m-%d}" if self.newest else "no plausible date"
        )
        said = f"{self.name} ({self.role}, {share(self.filled, 1)} filled, {newest}"
        return said + (")" if self.is_usable else ", can't be asked for by date)")


def date_columns(seen: Seen, platform: str) -> list[Column]:
    """Columns of dates, by type or because their text is one."""
    return [c for c in seen.described.columns if is_date(seen, c, platform)]


def is_date(seen: Seen, column: Column, platform: str) -> bool:
    if column.kind in ("date", "instant"):
        return True
    if column.kind != "text":
        return False
    values = seen.column(column.name)
    read = [value for value in values if moment_of(value) and not value.isdigit()]
    return len(values) >= 1 and len(read) >= MOSTLY * len(values)


def is_usable(seen: Seen, column: Column, platform: str) -> bool:
    """Whether a platform finds rows by a column: text must have one pattern."""
    if platform == "file" or column.kind == "date":
        return True
    if column.kind == "text":
        return (
            is_as_typed(seen, column, platform)
            or pattern_of_values(seen.column(column.name)) is not None
        )
    return column.kind == "instant" and platform == "carto"


def is_as_typed(seen: Seen, column: Column, platform: str) -> bool:
    """Whether a column's text compares with bounds as a column of dates does."""
    values = seen.column(column.name)
    between = {"soda2": "T", "ckan": "T "}.get(platform, "")
    return bool(between) and all(
        is_iso(v) and (v[10:11] or between[0]) in between for v in values
    )


def window_format_of(seen: Seen, name: str, platform: str) -> str | None:
    """The pattern that must be declared of a window column; None if it needs none."""
    column = seen.named(name)
    if platform == "file" or column.kind != "text":
        return None
    if is_as_typed(seen, column, platform):
        return None
    return pattern_of_values(seen.column(name))


def candidates(seen: Seen, platform: str, now: datetime) -> list[Candidate]:
    """Every column of dates with its figures, the best for windows first."""
    found = [
        candidate(seen, column, platform, now)
        for column in date_columns(seen, platform)
    ]
    dated = [c.newest for c in found if c.newest and c.role != "changed"]
    latest = max(dated, default=None)

    def rank(one: Candidate) -> tuple[bool | int | float, ...]:
        is_recent = bool(latest and one.newest and one.newest >= latest - BEHIND)
        roles = ["reported", "occurred", "ended", "later", "changed"]
        return (
            not one.is_usable,
            one.role == "changed",
            one.filled < FILLED,
            one.is_text,
            not is_recent,
            roles.index(one.role),
            not STARTED.search(run(one.name)),
            -len([m for m in moments(seen.column(one.name)) if m.hour or m.minute]),
        )

    return sorted(found, key=rank)


def candidate(seen: Seen, column: Column, platform: str, now: datetime) -> Candidate:
    """A column of dates and its figures."""
    rows, name = max(seen.figures.rows, 1), column.name
    filled = seen.figures.filled.get(name)
    span = seen.figures.spans.get(name, (None, None))
    ahead = now + timedelta(days=2)
    known = [m for m in moments(seen.column(name)) if m <= ahead]
    if span[1] and span[1].year >= 1990 and span[1] <= ahead:
        known.append(span[1])
    return Candidate(
        name=name,
        role=date_role(name, column.label),
        filled=seen.filled(name) if filled is None else filled / rows,
        newest=max(known, default=None),
        is_usable=is_usable(seen, column, platform),
        is_text=column.kind == "text",
    )


def window_of(found: list[Candidate]) -> Candidate | None:
    """The candidate that windows use; None if none can be."""
    good = [c for c in found if c.is_usable and c.newest]
    good = [c for c in good if c.role not in ("changed", "later")]
    first = next(iter(good), None)
    return first if first and first.filled >= MOSTLY else None


def window_finding(found: list[Candidate], window: Candidate, given: bool) -> Finding:
    """Why this date, with the figures of all."""
    others = "; ".join(c.shown for c in found)
    said = "as told" if given else "report before occurrence, of those that are filled"
    is_good = window.filled >= FILLED
    return Finding(
        "window column",
        window.name,
        f"{said}: {others}",
        "measured" if is_good and not given else "asked",
    )


def occurred_of(found: list[Candidate], window: str) -> str | None:
    """The date of occurrence: the window's own if there is no other."""
    roles = {c.name: c.role for c in found if c.newest}
    if roles.get(window) == "occurred":
        return window
    others = [c for c in found if c.role == "occurred" and c.newest and c.filled >= 0.5]
    others.sort(key=lambda c: (not STARTED.search(run(c.name)), -c.filled))
    return others[0].name if others else None


def change_of(found: list[Candidate], seen: Seen) -> tuple[str | None, list[str]]:
    """The publisher's date of change, and dates of its loads, which say nothing."""
    changed = [c for c in found if c.role == "changed" and c.newest]
    loads = [c.name for c in changed if len(set(seen.column(c.name))) <= 2]
    good = [c for c in changed if c.name not in loads and c.filled >= FILLED]
    good = [c for c in good if c.is_usable and is_of_changes(c.name)]
    good.sort(key=lambda c: "status" in run(c.name))
    return (good[0].name if good else None), loads


def is_of_changes(name: str) -> bool:
    return bool(re.search("upz?dat|modif|edit|chang", run(name)))


def first_dense(months: Months, today: date) -> tuple[date, str] | None:
    """The month from which none has under a fifth of the median, and why."""
    this = today.replace(day=1)
    known = {m: n for m, n in months.items() if date(1990, 1, 1) <= m < this}
    if not known:
        inside = [m for m in months if m <= this and m >= date(1990, 1, 1)]
        return (min(inside), "its only month") if inside else None
    recent = sorted(known)[-DENSE_MONTHS:]
    # Junk dates would make the median of all months small.
    median = statistics.median(known[m] for m in recent)
    # The newest months may not be complete yet.
    newest = max(m for m in recent if known[m] * FIFTH >= median)
    first, least = newest, known[newest]
    while known.get(month := previous_month(first), 0) * FIFTH >= median:
        first, least = month, min(least, known[month])
    before = sum(n for m, n in months.items() if m < first)
    return first, (
        f"every month from it to {newest:%Y-%m} has {least:,} rows or more, a fifth of "
        f"the median of {median:,.0f}; {before:,} rows lie before it"
    )
