"""Read windows one after the other and load them in batches."""

import dataclasses
import time
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.datasets.windows import WHOLE_TABLE, Window, month_start, next_month
from pipelines.portals.reader import Reader
from pipelines.sql import query
from pipelines.sync.compare import merged
from pipelines.sync.run import Tally
from pipelines.sync.window import Proven, prove, read_window, stood_still, total
from pipelines.warehouse import lookups

if TYPE_CHECKING:
    from pipelines.sync.run import Run

# Months are loaded together up to this many rows, so that few loads serve many months,
# or after this long, so that a kill costs little of a slow portal's answers.
BATCH_ROWS = 250_000

BATCH_SECONDS = 60


def load_months(
    run: "Run", reader: Reader, windows: list[Window], tally: Tally
) -> None:
    """Read windows one after the other and load them batch by batch, each whole."""
    for part in read_months(run, reader, windows, tally):
        write(run, reader, [part], tally)


def read_months(
    run: "Run", reader: Reader, windows: list[Window], tally: Tally
) -> Iterator[Proven]:
    """Read windows one after the other and tell, in batches, what differs in them.

    The open-ended window is a batch of its own: its differences are the day's news.
    """
    batch: list[tuple[Window, list[pa.Table], bool]] = []
    rows, since = 0, time.monotonic()
    for done, window in enumerate(windows):
        run.progress(reader.dataset, done, len(windows))
        if batch and window.end != batch[-1][0].start:
            yield prove_batch(run, reader, batch)
            batch, rows, since = [], 0, time.monotonic()
        before = reader.version
        pages, read = read_window(reader, window, tally)
        if window.end is None:
            read.is_moving |= reader.probe().version != before
        still = stood_still(reader.dataset, read)
        tally.is_moving |= not still
        batch.append((window, pages, still))
        rows += sum(page.num_rows for page in pages)
        is_old = time.monotonic() - since > BATCH_SECONDS
        if rows >= BATCH_ROWS or is_old or window.end is None:
            yield prove_batch(run, reader, batch)
            batch, rows, since = [], 0, time.monotonic()
    if batch:
        yield prove_batch(run, reader, batch)
    run.progress(reader.dataset, len(windows), len(windows))


def prove_batch(
    run: "Run", reader: Reader, batch: list[tuple[Window, list[pa.Table], bool]]
) -> Proven:
    """What differs in consecutive windows, and the whole months among them."""
    window = total(w for w, _, _ in batch)
    is_open = window.end is None
    may_remove = all(still for _, _, still in batch) and (
        is_open or not reader.dataset.moving_window
    )
    pages = [page for _, pages, _ in batch for page in pages]
    part = prove(reader, run.warehouse, window, pages, may_remove)
    whole = [w for w, _, still in batch if still and w.end]
    this_month = month_start(run.day_in(reader.dataset))
    has_months = window != WHOLE_TABLE
    if is_open and may_remove and has_months and next_month(window.start) <= this_month:
        # The window's first month is over; later reads of the window only confirm it.
        whole.append(Window(window.start, next_month(window.start)))
    counts = None
    if whole and (part.repeats or part.rejects.num_rows):
        counts = lookups.monthly_counts_of(
            pa.concat_tables(pages, promote_options="default"),
            reader.dataset,
            reader.bound,
            whole,
        )
    return dataclasses.replace(part, months=tuple(whole), counts=counts)


def write(run: "Run", reader: Reader, parts: list[Proven], tally: Tally) -> None:
    """Load what reads found, all of it or nothing, and record the months among it.

    Args:
        parts: In the order of reading; each was compared with the warehouse as it is.
    """
    dataset, warehouse = reader.dataset, run.warehouse
    if not parts:
        return
    differences = merged([(part.differences, part.touched) for part in parts])
    rejects = all_rejects([part.rejects for part in parts])
    warehouse.write(dataset, differences, rejects, run.run_id)
    for part in parts:
        if part.forgets:
            warehouse.forget_rejects(dataset, reader.bound, part.window, part.rejects)
    tally.rejected += rejects.num_rows
    tally.repeats += sum(part.repeats for part in parts)
    for change in ("added", "changed", "removed", "restored"):
        setattr(tally, change, getattr(tally, change) + differences.number(change))
    for part in parts:
        finish_months(run, reader, part)


def all_rejects(tables: list[pa.Table]) -> pa.Table:
    """What reads set aside, once each where two of them met it."""
    rejects = pa.concat_tables(tables, promote_options="default")
    if sum(table.num_rows > 0 for table in tables) > 1:
        return query("select distinct * from rejects", rejects=rejects)
    return rejects


def finish_months(run: "Run", reader: Reader, part: Proven) -> None:
    """Record the months that were read whole, if any were."""
    if not part.months:
        return
    surplus = dict.fromkeys((w.start for w in part.months), 0)
    if part.counts is not None:
        held = lookups.monthly_counts(
            run.warehouse, reader.dataset, reader.bound, list(part.months)
        )
        surplus |= surplus_by_month(part.counts, held)
    run.warehouse.ledger.finish_months(
        reader.dataset, surplus, run.run_id, run.now, part.window.end is not None
    )


def surplus_by_month(received: pa.Table, held: pa.Table) -> dict[date, int]:
    """How many more rows were received of each month than the warehouse holds."""
    ours = {row["month"]: row["row_count"] for row in held.to_pylist()}
    return {
        row["month"]: row["row_count"] - ours.get(row["month"], 0)
        for row in received.to_pylist()
    }
