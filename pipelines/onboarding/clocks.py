"""Prove on which clock a layer keeps its dates, and dates whose time is elsewhere."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pipelines.onboarding.facts import Finding, Seen, Sure
from pipelines.onboarding.tables import Table
from pipelines.onboarding.times import has_zone, moments
from pipelines.onboarding.words import CLOCK, run, words
from pipelines.portals.layer_clock import choose, times_of

# Midnight in so many of a date's values: its time stands elsewhere, or nowhere.
MOSTLY = 0.98

# Letters that the names of a date and of its time have in common.
ALIKE = 2

HHMM, CLOCKED = re.compile(r"\d{1,4}(?:\.0)?"), re.compile(r"\d{1,2}:\d\d(:\d\d)?.*")


def clock_findings(
    table: Table, seen: Seen, column: str, zone: ZoneInfo, reads_literals: bool
) -> tuple[str, str, list[Finding]]:
    """The `times` of a table of instants, and a layer's `literals`, and why.

    Args:
        reads_literals: Ask once or twice on which clock a request's times are read.
    """
    found = moments(row.get(column) for row in seen.newest)
    seconds = [int(moment.replace(tzinfo=UTC).timestamp()) for moment in found]
    judged = times_of(seconds, zone)
    times, why = judged or ("utc", "too few times of day to tell: Esri's rule is UTC")
    findings = [Finding("times", times, why, "measured" if judged else "asked")]
    if not reads_literals:
        return times, "utc", findings
    literals, said = literals_of(table, column, seconds, zone)
    sure: Sure = "measured" if said.startswith("the row") else "asked"
    findings.append(Finding("literals", literals, said, sure))
    return times, literals, findings


def suffix_finding(
    values: Iterable[str | None], column: str, zone: ZoneInfo
) -> Finding | None:
    """Whether texts that claim a zone are in UTC or local; None if they claim none."""
    claimed = [value for value in values if has_zone(value)]
    if not claimed:
        return None
    seconds = [int(m.replace(tzinfo=UTC).timestamp()) for m in moments(claimed)]
    times, why = times_of(seconds, zone) or ("unknown", "too few to tell its clock")
    said = f"{column} claims a zone, as in {claimed[0]}: {why}"
    return Finding("suffix", times, said, "asked" if times == "unknown" else "measured")


def literals_of(
    table: Table, column: str, seconds: list[int], zone: ZoneInfo
) -> tuple[str, str]:
    """On which clock the server reads a request's times, and why."""
    asked = choose(seconds)
    if asked is None:
        return "utc", "too few dates to ask: Esri's rule is UTC"
    moment = datetime.fromtimestamp(asked, UTC).replace(tzinfo=None)
    for name, clock in (("utc", ZoneInfo("UTC")), ("local", zone)):
        if table.answers_for(column, moment, clock) == {moment}:
            return name, f"the row of {moment} UTC comes for that time in {clock.key}"
    return "utc", "its rows changed while it was asked: Esri's rule is UTC"


def clock_columns(seen: Seen, dates: list[str]) -> dict[str, str]:
    """Dates that are always midnight, and the column that has their time of day."""
    midnight = [date for date in dates if is_midnight(seen, date)]
    clocks = [c.name for c in seen.described.columns if is_clock_column(seen, c.name)]
    pairs = [
        (common(run(clock), run(date)), clock, date)
        for clock in clocks
        for date in midnight
    ]
    found: dict[str, str] = {}
    for letters, clock, date in sorted(pairs, reverse=True):
        is_free = date not in found and clock not in found.values()
        if is_free and (letters >= ALIKE or len(midnight) == 1):
            found[date] = clock
    return found


def is_midnight(seen: Seen, date: str) -> bool:
    """Whether a date has no time of its own."""
    read = moments(seen.column(date))
    midnights = [m for m in read if (m.hour, m.minute) == (0, 0)]
    return bool(read) and len(midnights) >= MOSTLY * len(read)


def is_clock_column(seen: Seen, name: str) -> bool:
    """Whether a column has times of day alone, by its name and values."""
    values = seen.column(name)
    is_named = bool(set(words(name)) & CLOCK)
    return is_named and bool(values) and all(is_clock(v) for v in values[:200])


def is_clock(text: str) -> bool:
    """Whether a text is HH:MM, HHMM or an hour."""
    if HHMM.fullmatch(text):
        return int(float(text)) <= 2400
    return bool(CLOCKED.fullmatch(text))


def common(one: str, other: str) -> int:
    """Letters that two names share: those of their most telling parts."""
    plain = [re.sub(r"date|time|dt|tm|hour", "", name) for name in (one, other)]
    first, second = plain
    length = 0
    for size in range(min(len(first), len(second)), 0, -1):
        if any(first[i : i + size] in second for i in range(len(first) - size + 1)):
            length = size
            break
    return length
