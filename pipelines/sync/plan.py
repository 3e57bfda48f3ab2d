"""Plan what a run does for one data set, from the command and what is already known.

Everything here is pure: a plan is made without a portal or a warehouse.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window, are_over, local_day, months, next_month


@dataclass(frozen=True)
class Known:
    """What the portal reports before any row is read, and what the ledger recorded."""

    today: date
    """Today's date in the city."""
    version: str | None = None
    """The portal's version; None if it reports none."""
    can_sweep: bool = False
    """The portal can list the rows that changed since a given time."""
    last_read: dict[str, Any] | None = None
    """The ledger row of the last successful read."""
    finished: frozenset[date] = frozenset()
    """First days of the months that were read in full."""
    waiting: frozenset[date] = frozenset()
    """First days of months that can't be: a part of theirs does not answer."""
    swept_to: datetime | None = None
    """Up to when changes of rows older than the window are known; UTC."""
    read_on: date | None = None
    """The city's day on which the window was last read."""
    compared_on: date | None = None
    """The city's day on which months were last compared, or of the first load."""


@dataclass(frozen=True)
class Plan:
    """What to read of one data set, and how to find changes in older rows."""

    window: Window
    """The open-ended window; months before it are old. The whole table for a file."""
    reads_window: bool = True
    months: tuple[Window, ...] = ()
    """Months to backfill, newest first, each loaded as soon as it is read."""
    is_unchanged: bool = False
    """The portal reports no change and is trusted: nothing is read."""
    doubts_version: bool = False
    """Read although the portal reports no change; any change found is a warning."""
    looks_back: bool = False
    """Changes before the window are known after the run."""
    sweep_from: datetime | None = None
    """Ask for older rows that changed since this time, in UTC; None: no sweep."""
    compare: bool = False
    """Compare the counts of all old months with the portal's."""
    reread: int | None = 0
    """How many of the old months that no sweep could check to re-read; None: all."""

    @property
    def windows(self) -> list[Window]:
        """The windows that are always read, newest first."""
        return [*([self.window] if self.reads_window else []), *self.months]


def plan_day(
    dataset: Dataset, known: Known, window_only: bool = False, reconcile: bool = False
) -> Plan:
    """Read the rolling window, and what may have changed in the months before it.

    That means months never read in full, rows changed since the last sweep and, once a
    week, months whose counts differ from the portal's.

    Args:
        window_only: Do not read months before the window.
        reconcile: Compare the months even if that is not due or nothing changed.
    """
    window = dataset.window_on(known.today)
    unread = () if window_only else unread_months(dataset, known, window.start)
    stands = version_stands(dataset, known, window, whole=not window_only)
    is_due = look_is_due(dataset, known, window_only)
    if stands and not (unread or reconcile or is_due):
        return Plan(
            window, reads_window=False, is_unchanged=True, looks_back=not window_only
        )
    if window_only:
        return Plan(window, doubts_version=stands)
    may_sweep = dataset.sweeps and known.can_sweep
    return Plan(
        window,
        months=unread,
        doubts_version=stands,
        looks_back=True,
        sweep_from=known.swept_to if may_sweep else None,
        compare=reconcile or comparison_is_due(dataset, known),
        reread=None if reconcile else dataset.reread_months,
    )


def plan_backfill(
    dataset: Dataset,
    known: Known,
    first: date | None = None,
    last: date | None = None,
    again: bool = False,
) -> Plan:
    """Read whole months, newest first, skipping those already read unless `again`.

    Args:
        first: A day in the first month; the declaration's `backfill_from` if None.
        last: A day in the last month; today if None. If that reaches the rolling
            window, all of the window is read: it still changes, so it is never done.
    """
    window = dataset.window_on(known.today)
    end = next_month(last) if last and not dataset.is_file else None
    before = min(end, window.start) if end else window.start
    done = frozenset[date]() if again else known.finished
    wanted = months(first or dataset.backfill_from, before)
    return Plan(
        window,
        reads_window=end is None or end > window.start,
        months=tuple(w for w in wanted if w.start not in done),
    )


def rests(dataset: Dataset, last: dict[str, Any] | None, today: date) -> bool:
    """Whether the data set was checked less than `read_every_days` ago.

    Args:
        last: The ledger row of the last check; a run that rested repeats the results
            and the time of the check before it. None if there was no check or it
            failed. A check under another declaration does not count.
    """
    if dataset.read_every_days == 1 or not last or not last["swept_to"]:
        return False
    if last["declaration"] != dataset.fingerprint:
        return False
    age = today - local_day(last["swept_to"], dataset.tzinfo)
    # A check in the future was stamped by a wrong clock.
    return 0 <= age.days < dataset.read_every_days


def unread_months(dataset: Dataset, known: Known, before: date) -> tuple[Window, ...]:
    """Months since `backfill_from` that no run has read in full.

    Those that can't be, for lack of a part, are read on the first day, then wait for
    it: else they would be read every day.
    """
    wanted = months(dataset.backfill_from, before)
    done = known.finished | (known.waiting if known.last_read else frozenset())
    return tuple(w for w in wanted if w.start not in done)


def version_stands(dataset: Dataset, known: Known, window: Window, whole: bool) -> bool:
    """Whether version, window and declaration match the last successful run.

    Args:
        whole: That run must have covered older rows too, not only the window.
    """
    last = known.last_read
    return bool(
        last
        and last["portal_version"]
        and last["portal_version"] == known.version
        and last["window_start"] == window.start
        and last["declaration"] == dataset.fingerprint
        and (last["swept_to"] or not whole)
    )


def look_is_due(dataset: Dataset, known: Known, window_only: bool) -> bool:
    """Whether an unchanged version has been trusted for long enough."""
    if not dataset.reread_days:
        return False
    last = known.read_on
    is_old = not last or are_over(dataset.reread_days, last, known.today)
    return is_old or (not window_only and comparison_is_due(dataset, known))


def comparison_is_due(dataset: Dataset, known: Known) -> bool:
    """Whether the months, if any, were last compared `compare_days` or more ago."""
    if dataset.is_file or not dataset.compare_days:
        return False
    last = known.compared_on
    return bool(last and are_over(dataset.compare_days, last, known.today))
