"""Run one data set's part of a daily run, a reconcile or a backfill."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from pipelines import signals
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window, months
from pipelines.errors import (
    BlotterError,
    unwritable,
)
from pipelines.portals.columns import check_columns
from pipelines.portals.registry import reader_for
from pipelines.sync.day import carry_out
from pipelines.sync.parts import missed_parts
from pipelines.sync.plan import Known, Plan, plan_backfill, plan_day, rests
from pipelines.sync.run import DatasetRun, Run
from pipelines.warehouse import writes
from pipelines.warehouse.outcomes import Outcome

log = logging.getLogger(__name__)

Way = Callable[[Dataset, Known], Plan]
"""The function by which a command plans what to read."""


def daily(
    run: Run, dataset: Dataset, window_only: bool = False, named: bool = False
) -> BlotterError | None:
    """Sync new, changed and removed rows (see `plan_day`); return the failure, if any.

    Args:
        window_only: Do not read months before the window.
        named: The operator asked for this data set: read it even if it is not due.
    """
    window = dataset.window_on(run.day_in(dataset))
    way = partial(plan_day, window_only=window_only)
    return run_dataset(run, dataset, way, window, may_rest=not named)


def reconcile(run: Run, dataset: Dataset, rekeyed: bool = False) -> BlotterError | None:
    """Like `daily`, but compare all months even if that is not due yet.

    Args:
        rekeyed: The publisher reissued the keys. All months are read: their counts
            don't tell of it.
    """
    window = dataset.window_on(run.day_in(dataset))
    way: Way = partial(plan_day, reconcile=True)
    run.is_rekeyed = rekeyed
    if rekeyed:
        way = partial(plan_backfill, again=True)
    return run_dataset(run, dataset, way, window)


def backfill(
    run: Run, dataset: Dataset, first: date | None, last: date | None, again: bool
) -> BlotterError | None:
    """Backfill whole months (see `plan_backfill`); return the failure, if any."""
    way = partial(plan_backfill, first=first, last=last, again=again)
    return run_dataset(run, dataset, way)


@dataclass(frozen=True)
class End:
    """How a data set's part of a run ended."""

    outcome: Outcome
    version: str | None = None
    """The portal's version that is now loaded; None if it changed during the read."""
    failure: BlotterError | None = None
    is_rest: bool = False
    """Nothing was requested: the data set was checked recently enough."""


def run_dataset(
    run: Run,
    dataset: Dataset,
    way: Way,
    window: Window | None = None,
    may_rest: bool = False,
) -> BlotterError | None:
    """Run one data set and record it as a row in the ledger.

    Args:
        window: What is read in full if the run succeeds.
        may_rest: Request nothing if the data set was checked recently; see `rests`.

    Returns:
        The failure, if any: it must not keep the other data sets from running.

    Raises:
        StoppedError: The run was asked to stop; the ledger row is closed first.
    """
    dataset = dataset.on_day(run.day_in(dataset))
    if run.removal_limit is not None:
        dataset = dataset.with_removal_limit(run.removal_limit)
    job = DatasetRun(run, dataset, reader_for(dataset, run.patience, run.identity))
    line, begin = first_line(job, window), time.monotonic()
    end = attempt(job, way, line, may_rest)
    run.warehouse.ledger.close_run(
        run.run_id, dataset.name, last_line(job, end, time.monotonic() - begin)
    )
    log.info("%s", summary(job, end))
    signals.check()
    return end.failure


def first_line(job: DatasetRun, window: Window | None) -> dict[str, Any]:
    """The ledger row as it is opened."""
    return {
        "run_id": job.run.run_id,
        "command": job.run.command,
        "dataset": job.dataset.name,
        "started_at": job.run.clock(),
        "outcome": Outcome.RUNNING.value,
        "window_start": window.start if window else None,
        "day": job.today,
        "declaration": job.dataset.fingerprint,
    }


def last_line(job: DatasetRun, end: End, seconds: float) -> dict[str, Any]:
    """The values that complete the ledger row."""
    return {
        **job.figures(),
        "finished_at": job.run.clock(),
        "portal_version": end.version,
        "seconds": round(seconds, 3),
        "outcome": end.outcome.value,
        "error": str(end.failure) if end.failure else None,
    }


def attempt(job: DatasetRun, way: Way, line: dict[str, Any], may_rest: bool) -> End:
    """Rest or read; log a failure as one sentence and return it."""
    failure: BlotterError
    try:
        with signals.stoppable():
            return rest_or_read(job, way, line, may_rest)
    except OSError as error:
        failure = unwritable(job.warehouse.home, error)
        log.error("%s", failure)
    except BlotterError as error:
        failure = error
        log.error("%s", failure)
    except Exception as error:
        name = job.dataset.name
        failure = BlotterError(f"{name}: this is a bug in Blotter: {error!r}.")
        log.exception("%s", failure)
    return End(Outcome.FAILED, failure=failure)


def rest_or_read(
    job: DatasetRun, way: Way, line: dict[str, Any], may_rest: bool
) -> End:
    """Open the ledger row, then repeat the last check's results or check again."""
    dataset, ledger, last = job.dataset, job.warehouse.ledger, None
    if may_rest and dataset.read_every_days > 1:
        last = ledger.last_look(dataset)
    ledger.open_run(line)
    if last and rests(dataset, last, job.today):
        job.swept_to = last["swept_to"]
        return End(Outcome.UNCHANGED, last["portal_version"], is_rest=True)
    return look(job, way)


def look(job: DatasetRun, way: Way) -> End:
    """Ask the portal for its columns and version, then make a plan and execute it."""
    dataset, warehouse = job.dataset, job.warehouse
    writes.repair(warehouse, dataset)
    published = job.reader.probe(known=warehouse.ledger.known_version(dataset))
    job.version = published.version
    for warning in check_columns(dataset, published):
        job.warn(warning)
    job.reader.check_new_clock(warehouse.ledger.has_read(dataset))
    plan = way(dataset, known(job))
    carry_out(job, plan)
    version = None if job.is_moving else job.reader.loaded_version(job.version)
    warnings, failure = missed_parts(job.reader, job.today)
    for warning in warnings:
        job.warn(warning)
    if failure:
        log.error("%s", failure)
        return End(Outcome.PARTIAL, version, failure)
    if job.is_moving:
        return End(Outcome.MOVING)
    return End(Outcome.UNCHANGED if plan.is_unchanged else Outcome.LOADED, version)


def known(job: DatasetRun) -> Known:
    """What the portal reported, and what the ledger recorded about the data set."""
    dataset, ledger = job.dataset, job.warehouse.ledger
    return Known(
        today=job.today,
        version=job.version if job.reader.tells_versions else None,
        can_sweep=job.reader.can_sweep,
        last_read=ledger.last_read(dataset),
        finished=frozenset(ledger.months.finished(dataset)),
        waiting=waiting_months(job),
        swept_to=ledger.swept_to(dataset, job.run.now) if dataset.sweeps else None,
        read_on=ledger.read_on(dataset) if dataset.reread_days else None,
        compared_on=ledger.compared_on(dataset) if dataset.compare_days else None,
    )


def waiting_months(job: DatasetRun) -> frozenset[date]:
    """First days of the months of which a part could not be read."""
    wanted = months(job.dataset.backfill_from, job.today)
    return frozenset(w.start for w in wanted if not job.reader.reaches(w))


def summary(job: DatasetRun, end: End) -> str:
    """One line for the log."""
    dataset = job.dataset
    if end.is_rest:
        every = f"every {dataset.read_every_days} days"
        return f"{dataset.name}: read {every}, not today; as of {job.swept_to:%F}"
    if end.outcome is Outcome.UNCHANGED:
        return f"{dataset.name}: unchanged since the last good run"
    parts = [f"{job.counts.rows_read:,} rows read"]
    for name in ("added", "changed", "removed", "restored", "rejected"):
        if number := getattr(job.counts, name):
            parts.append(f"{number:,} {name}")
    return f"{dataset.name}: {end.outcome}: {', '.join(parts)}"
