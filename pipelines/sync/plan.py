"""What a run will do for one data set: told by its wish, and by what is known before.

All of it is pure: a plan is made without a portal and without a warehouse.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window, are_over, local_day, months, next_month


@dataclass(frozen=True)
class Known:
    """What the portal says before any row is read, and what the ledger remembers."""

    today: date
    """The day it is in the city."""
    version: str | None = None
    """The portal's; None where it does not tell."""
    can_sweep: bool = False
    """The portal can tell which rows changed since a moment."""
    last_read: dict[str, Any] | None = None
    """The ledger's line of the last good read."""
    finished: frozenset[date] = frozenset()
    """First days of the months that were read whole."""
    swept_to: datetime | None = None
    """Up to when changes of rows older than the window are known; UTC."""
    read_on: date | None = None
    """The city's day on which the window was last read."""
    compared_on: date | None = None
    """The city's day on which months were last compared, or of the first load."""


@dataclass(frozen=True)
class Plan:
    """What is read of one data set, and what is done about rows that are older."""

    window: Window
    """The open-ended one, before which months are old; of a file, all of it."""
    reads_window: bool = True
    months: tuple[Window, ...] = ()
    """Months that are read whole and loaded as they come, newest first."""
    is_unchanged: bool = False
    """The portal is believed that nothing changed: nothing is read."""
    doubts_version: bool = False
    """It is read though the portal says so: what comes to light is worth a warning."""
    looks_back: bool = False
    """What changed before the window is known afterwards."""
    sweep_from: datetime | None = None
    """Ask for older rows that changed since; None: no sweep. UTC."""
    compare: bool = False
    """Compare the counts of all old months with the portal's."""
    reread: int | None = 0
    """How many old months that no sweep could tell of are read again; None: all."""

    @property
    def windows(self) -> list[Window]:
        """All that is read for itself, newest first."""
        return [*([self.window] if self.reads_window else []), *self.months]


def plan_day(
    dataset: Dataset, known: Known, window_only: bool = False, reconcile: bool = False
) -> Plan:
    """Read the rolling window, and what may have changed in the months before it.

    Those are months never read whole, rows changed since the last sweep and, once a
    week, months whose counts differ from the portal's.

    Args:
        window_only: Read no month before the window.
        reconcile: Compare the months even if they are not due, or nothing changed.
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
    """Read whole months, newest first; those read before only when asked `again`.

    Args:
        first: A day of the first month; the declaration's `backfill_from` if None.
        last: A day of the last month; up to today if None. Where the rolling window is
            reached, all of it is read: it is never read for good, for it changes.
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
    """Whether the data set was looked at less than `read_every_days` ago.

    Args:
        last: The ledger's line of the last look. That of a run that rested repeats what
            the look before knew, and up to when. None where there was none, or it
            failed; one of another declaration counts for nothing.
    """
    if dataset.read_every_days == 1 or not last or not last["swept_to"]:
        return False
    if last["declaration"] != dataset.fingerprint:
        return False
    age = today - local_day(last["swept_to"], dataset.tzinfo)
    # A look that lies ahead was stamped by a wrong clock.
    return 0 <= age.days < dataset.read_every_days


def unread_months(dataset: Dataset, known: Known, before: date) -> tuple[Window, ...]:
    """Months from the declaration's first on that no run has read whole."""
    wanted = months(dataset.backfill_from, before)
    return tuple(w for w in wanted if w.start not in known.finished)


def version_stands(dataset: Dataset, known: Known, window: Window, whole: bool) -> bool:
    """Version, window and declaration are those of the last good run.

    Args:
        whole: That run must have covered older rows too, not the window alone.
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
    """Whether a version that did not move has been believed for long enough."""
    if not dataset.reread_days:
        return False
    last = known.read_on
    is_old = not last or are_over(dataset.reread_days, last, known.today)
    return is_old or (not window_only and comparison_is_due(dataset, known))


def comparison_is_due(dataset: Dataset, known: Known) -> bool:
    """Whether the months, if it has any, were last compared `compare_days` ago."""
    if dataset.is_file or not dataset.compare_days:
        return False
    last = known.compared_on
    return bool(last and are_over(dataset.compare_days, last, known.today))
