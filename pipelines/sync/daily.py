"""One run over the data sets: daily, or a backfill."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from pipelines import signals
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window, are_over, local_day, months, next_month
from pipelines.errors import (
    BlotterError,
    unwritable,
)
from pipelines.portals.columns import check_columns
from pipelines.portals.registry import reader_for
from pipelines.sync.day import changes_of, comparison_is_due, load_day
from pipelines.sync.months import load, load_months, read_months
from pipelines.sync.parts import missed_parts
from pipelines.sync.run import DatasetRun, Run

log = logging.getLogger(__name__)


def run_dataset(
    run: Run,
    dataset: Dataset,
    work: Callable[[DatasetRun], str],
    window: Window | None = None,
    may_rest: bool = False,
) -> BlotterError | None:
    """Do one data set's part of a run and write its line of the ledger.

    Args:
        work: Reads and loads; returns the outcome.
        window: What is read whole, if the run goes well.
        may_rest: Ask for nothing if the data set was looked at lately; see `rest`.

    Returns:
        What failed, if anything did: it must not cost the other data sets their night.

    Raises:
        StoppedError: The run was asked to stop; the line is closed first.
    """
    if run.removal_limit is not None:
        dataset = dataset.with_removal_limit(run.removal_limit)
    started, begin = datetime.now(UTC), time.monotonic()
    job = DatasetRun(run, dataset, reader_for(dataset, run.patience, run.identity))
    outcome, failure, is_rest = "failed", None, False
    warehouse = run.warehouse
    line = {
        "run_id": run.run_id,
        "command": run.command,
        "dataset": dataset.name,
        "started_at": started,
        "outcome": "running",
        "window_start": window.start if window else None,
        "day": job.today,
        "declaration": dataset.fingerprint,
    }
    version = None
    try:
        with signals.stoppable():
            last = rest(run, dataset) if may_rest else None
            warehouse.ledger.open_run(line)
            if last:
                outcome, version = "unchanged", last["portal_version"]
                is_rest, job.swept_to = True, last["swept_to"]
            else:
                outcome, version, failure = look(job, work)
    except (BlotterError, OSError) as error:
        failure = (
            unwritable(warehouse.home, error) if isinstance(error, OSError) else error
        )
        log.error("%s", failure)
    except Exception as error:
        failure = BlotterError(f"{dataset.name}: a fault of Blotter's own: {error!r}.")
        log.exception("%s", failure)
    warehouse.ledger.close_run(
        run.run_id,
        dataset.name,
        {
            **job.figures(),
            "finished_at": datetime.now(UTC),
            "portal_version": version,
            "seconds": round(time.monotonic() - begin, 3),
            "outcome": outcome,
            "error": str(failure) if failure else None,
        },
    )
    log.info("%s", summary(job, outcome, is_rest))
    signals.check()
    return failure


def look(
    job: DatasetRun, work: Callable[[DatasetRun], str]
) -> tuple[str, str | None, BlotterError | None]:
    """Probe a portal and do the work.

    Returns:
        The outcome, the version that is loaded, and what failed apart from the rest.
    """
    dataset, warehouse = job.dataset, job.warehouse
    warehouse.repair(dataset)
    published = job.reader.probe(known=warehouse.ledger.known_version(dataset))
    job.version = published.version
    for warning in check_columns(dataset, published):
        job.warn(warning)
    outcome = work(job)
    version = None if job.is_moving else job.version
    warnings, failure = missed_parts(job.reader, job.today)
    for warning in warnings:
        job.warn(warning)
    if failure:
        log.error("%s", failure)
        return "partial", version, failure
    return "moving" if job.is_moving else outcome, version, None


def rest(run: Run, dataset: Dataset) -> dict[str, Any] | None:
    """The ledger's last line, where its look is not yet `read_every_days` old.

    The line of a run that rested repeats what the last look knew, and up to when.
    None where there was none, or it failed, or was made with another declaration.
    """
    if dataset.read_every_days == 1:
        return None
    last = run.warehouse.ledger.last_look(dataset)
    if not last or not last["swept_to"] or last["declaration"] != dataset.fingerprint:
        return None
    age = run.day_in(dataset) - local_day(last["swept_to"], dataset.tzinfo)
    # A look that lies ahead was stamped by a wrong clock.
    return last if 0 <= age.days < dataset.read_every_days else None


def daily(
    run: Run,
    dataset: Dataset,
    window_only: bool = False,
    reconcile: bool = False,
    named: bool = False,
) -> BlotterError | None:
    """Read the rolling window, and what may have changed in the months before it.

    Those are months never read whole, rows changed since the last sweep and, once a
    week, months whose counts differ from the portal's.

    Args:
        window_only: Read no month before the window.
        reconcile: Compare the months even if they are not due, or nothing changed.
        named: The operator asked for this data set: read it even if it is not due.
    """
    window = dataset.window_on(run.day_in(dataset))

    def work(job: DatasetRun) -> str:
        stands = is_unchanged(job, window, whole=not window_only)
        unread = [] if window_only else unread_months(run, dataset, window.start)
        is_asked = bool(unread or reconcile)
        if stands and not (is_asked or look_is_due(run, dataset, window_only)):
            job.swept_to = None if window_only else run.now
            return "unchanged"
        if window_only:
            parts = list(read_months(job, [window]))
            load(job, parts)
        else:
            parts = load_day(job, window, unread, reconcile)
        if stands and (news := changes_of(parts)):
            job.warn(distrust(dataset, news))
        return "loaded"

    return run_dataset(run, dataset, work, window, not (reconcile or named))


def backfill(
    run: Run, dataset: Dataset, first: date | None, last: date | None, again: bool
) -> BlotterError | None:
    """Read whole months, newest first; months read before only when asked `again`.

    Args:
        first: A day of the first month; the declaration's `backfill_from` if None.
        last: A day of the last month; up to today if None. Where the rolling window is
            reached, all of it is read.
    """

    def work(job: DatasetRun) -> str:
        window = dataset.window_on(run.day_in(dataset))
        end = next_month(last) if last and not dataset.is_file else None
        before = min(end, window.start) if end else window.start
        done = set() if again else run.warehouse.ledger.finished_months(dataset)
        wanted = months(first or dataset.backfill_from, before)
        windows = [w for w in wanted if w.start not in done]
        if end is None or end > window.start:
            windows.insert(0, window)  # never read for good: its rows still change
        load_months(job, windows)
        return "loaded"

    return run_dataset(run, dataset, work)


def unread_months(run: Run, dataset: Dataset, before: date) -> list[Window]:
    """Months from the declaration's first on that no run has read whole."""
    done = run.warehouse.ledger.finished_months(dataset)
    return [w for w in months(dataset.backfill_from, before) if w.start not in done]


def is_unchanged(job: DatasetRun, window: Window, whole: bool) -> bool:
    """Version, window and declaration are those of the last good run.

    Args:
        whole: That run must have covered older rows too, not the window alone.
    """
    dataset = job.dataset
    last = job.warehouse.ledger.last_read(dataset)
    return bool(
        last
        and last["portal_version"]
        and last["portal_version"] == job.version
        and last["window_start"] == window.start
        and last["declaration"] == dataset.fingerprint
        and (last["swept_to"] or not whole)
    )


def look_is_due(run: Run, dataset: Dataset, window_only: bool) -> bool:
    """Whether a version that did not move has been believed for long enough."""
    if not dataset.reread_days:
        return False
    last = run.warehouse.ledger.read_on(dataset)
    is_old = not last or are_over(dataset.reread_days, last, run.day_in(dataset))
    return is_old or (not window_only and comparison_is_due(run, dataset))


def distrust(dataset: Dataset, news: int) -> str:
    """The warning of what came to light behind a version that had not moved."""
    return (
        f"{dataset.label} changed {news:,} rows while its own date of change stood "
        "still: that date is not to be trusted. `reread_days = 1` in "
        f"{dataset.name}.toml has it read every day."
    )


def summary(job: DatasetRun, outcome: str, is_rest: bool) -> str:
    """One line for the log."""
    dataset = job.dataset
    if is_rest:
        every = f"every {dataset.read_every_days} days"
        return f"{dataset.name}: read {every}, not today; as of {job.swept_to:%F}"
    if outcome == "unchanged":
        return f"{dataset.name}: unchanged since the last good run"
    parts = [f"{job.counts.rows_read:,} rows read"]
    for name in ("added", "changed", "removed", "restored", "rejected"):
        if number := getattr(job.counts, name):
            parts.append(f"{number:,} {name}")
    return f"{dataset.name}: {outcome}: {', '.join(parts)}"
