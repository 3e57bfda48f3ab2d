"""Read windows in sequence and load them in batches."""

import dataclasses
import time
from collections.abc import Iterable, Iterator
from datetime import date

import pyarrow as pa

from pipelines.datasets.windows import WHOLE_TABLE, Window, month_start, next_month
from pipelines.sql import query
from pipelines.sync.compare import merged
from pipelines.sync.rekey import follow
from pipelines.sync.row_groups import ROW_GROUP, whole_groups
from pipelines.sync.run import Counts, DatasetRun
from pipelines.sync.window import Proven, WindowRead, prove, read_window, total
from pipelines.warehouse import lookups, writes

# Months are loaded together up to this many rows, so that few loads cover many months,
# or after this long, so that a kill loses little of what a slow portal has sent.
BATCH_ROWS = 2 * ROW_GROUP

BATCH_SECONDS = 60


def load_months(job: DatasetRun, windows: list[Window]) -> None:
    """Read windows in sequence and load each batch as soon as it is read.

    Of a batch that only adds rows, those beyond whole row groups are loaded with the
    next one, or by themselves if that can't be read.
    """
    waiting: list[Proven] = []
    try:
        for batch in batches(job, windows, waiting):
            now, rest = whole_groups(job.dataset, [*waiting, prove_batch(job, batch)])
            waiting.clear()
            load(job, now)
            waiting.extend(rest)
    finally:
        load(job, waiting)


def read_months(job: DatasetRun, windows: list[Window]) -> Iterator[Proven]:
    """Read windows in sequence and yield, batch by batch, what differs in them."""
    for batch in batches(job, windows, []):
        yield prove_batch(job, batch)


def batches(
    job: DatasetRun, windows: list[Window], waiting: list[Proven]
) -> Iterator[list[WindowRead]]:
    """Read windows and group consecutive ones, up to about `BATCH_ROWS` rows each.

    The open-ended window gets a separate batch: its differences are the day's changes.

    Args:
        waiting: What will be loaded along with the next batch, at any time.
    """
    batch: list[WindowRead] = []
    since = time.monotonic()
    for done, window in enumerate(windows):
        job.run.progress(job.dataset, done, len(windows))
        if batch and window.end != batch[-1].window.start:
            yield batch
            batch, since = [], time.monotonic()
        batch.append(read_whole(job, window))
        if is_full([*waiting, *batch], since) or window.end is None:
            yield batch
            batch, since = [], time.monotonic()
    if batch:
        yield batch
    job.run.progress(job.dataset, len(windows), len(windows))


def is_full(parts: Iterable[Proven | WindowRead], since: float) -> bool:
    """Whether there are enough rows, or enough time has passed, to load them."""
    rows = sum(part.num_rows for part in parts)
    return rows >= BATCH_ROWS or time.monotonic() - since > BATCH_SECONDS


def read_whole(job: DatasetRun, window: Window) -> WindowRead:
    """Read a window and add up its rows; for the open one, check for movement.

    The portal moved if its version differs from the one before the rows were read.
    """
    read = read_window(job.reader, window)
    job.counts += read.counts
    if window.end is None:
        has_moved = job.reader.probe(known=job.version).version != job.version
        still = not (has_moved and job.dataset.heeds_movement)
        read = dataclasses.replace(read, stood_still=read.stood_still and still)
    job.is_moving |= not read.stood_still
    return read


def prove_batch(job: DatasetRun, batch: list[WindowRead]) -> Proven:
    """Work out what differs in consecutive windows, and which months they complete.

    With `--rekeyed`, first rename the rows whose keys were reissued.
    """
    window = total(read.window for read in batch)
    may_remove = all(read.stood_still for read in batch) and (
        window.end is None or not job.dataset.moving_window
    )
    pages = [page for read in batch for page in read.pages]
    if job.run.is_rekeyed:
        follow(job, window, pages)
    part = prove(job, window, pages, may_remove)
    whole = [r.window for r in batch if r.stood_still and r.window.end]
    if may_remove and (first := first_month_over(job, window)):
        whole.append(first)
    whole = [month for month in whole if job.reader.reaches(month)]
    counts = None
    if whole and (part.repeats or part.rejects.num_rows):
        counts = lookups.monthly_counts_of(
            pa.concat_tables(pages, promote_options="default"),
            job.dataset,
            job.reader.bound,
            whole,
        )
    return dataclasses.replace(part, months=tuple(whole), counts=counts)


def first_month_over(job: DatasetRun, window: Window) -> Window | None:
    """The first month of the open window, if that month is over.

    Later reads of the window only confirm it.
    """
    if window.end or window == WHOLE_TABLE:
        return None
    end = next_month(window.start)
    return Window(window.start, end) if end <= month_start(job.today) else None


def load(job: DatasetRun, parts: list[Proven]) -> None:
    """Load verified reads, all or nothing, and record the months they complete.

    Args:
        parts: In reading order; each was compared with the current warehouse.
    """
    if not parts:
        return
    job.counts += write(job, parts)
    for part in parts:
        finish_months(job, part)


def write(job: DatasetRun, parts: list[Proven]) -> Counts:
    """Write verified reads, at least one, and return how many rows that was."""
    dataset, warehouse = job.dataset, job.warehouse
    differences = merged([(part.differences, part.touched) for part in parts])
    rejects = all_rejects([part.rejects for part in parts])
    writes.write(warehouse, dataset, differences, rejects, job.run.run_id)
    for part in parts:
        if part.forgets:
            bound = job.reader.bound
            writes.forget_rejects(warehouse, dataset, bound, part.window, part.rejects)
    return Counts(
        added=differences.number("added"),
        changed=differences.number("changed"),
        removed=differences.number("removed"),
        restored=differences.number("restored"),
        rejected=rejects.num_rows,
        repeats=sum(part.repeats for part in parts),
    )


def all_rejects(tables: list[pa.Table]) -> pa.Table:
    """The rejects of all reads, without duplicates where several reads met one."""
    rejects = pa.concat_tables(tables, promote_options="default")
    if sum(table.num_rows > 0 for table in tables) > 1:
        return query("select distinct * from rejects", rejects=rejects)
    return rejects


def finish_months(job: DatasetRun, part: Proven) -> None:
    """Record the months that were read in full, if any."""
    if not part.months:
        return
    dataset, warehouse, months = job.dataset, job.warehouse, list(part.months)
    surplus = dict.fromkeys((w.start for w in months), 0)
    if part.counts is not None:
        bound = job.reader.bound
        held = lookups.monthly_counts(warehouse, dataset, bound, months)
        found = surplus_by_month(part.counts, held)
        surplus |= {month: found[month] for month in surplus.keys() & found.keys()}
    warehouse.ledger.months.finish(
        dataset, surplus, job.run.run_id, job.run.now, part.window.end is not None
    )


def surplus_by_month(received: pa.Table, held: pa.Table) -> dict[date, int]:
    """How many more rows were received for each month than the warehouse holds."""
    ours = {row["month"]: row["row_count"] for row in held.to_pylist()}
    return {
        row["month"]: row["row_count"] - ours.get(row["month"], 0)
        for row in received.to_pylist()
    }
