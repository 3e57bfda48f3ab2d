"""Read windows one after the other and load them in batches."""

import time
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.load import Warehouse
from pipelines.portal import Reader
from pipelines.read import Tally, load_window, read_window, stood_still, total
from pipelines.windows import WHOLE_TABLE, Window, month_start, next_month

if TYPE_CHECKING:
    from pipelines.run import Run

# Months are loaded together up to this many rows, so that few loads serve many months,
# or after this long, so that a kill costs little of a slow portal's answers.
BATCH_ROWS = 250_000
BATCH_SECONDS = 60


def load_months(
    run: "Run", reader: Reader, windows: list[Window], tally: Tally
) -> None:
    """Read windows one after the other and load them in batches.

    The open-ended window is a batch of its own: its differences are the day's news.
    """
    batch: list[tuple[Window, list[pa.Table], bool]] = []
    rows, since = 0, time.monotonic()
    for done, window in enumerate(windows):
        run.progress(reader.dataset, done, len(windows))
        if batch and window.end != batch[-1][0].start:
            load_batch(run, reader, batch, tally)
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
            load_batch(run, reader, batch, tally)
            batch, rows, since = [], 0, time.monotonic()
    load_batch(run, reader, batch, tally)
    run.progress(reader.dataset, len(windows), len(windows))


def load_batch(
    run: "Run",
    reader: Reader,
    batch: list[tuple[Window, list[pa.Table], bool]],
    tally: Tally,
) -> None:
    """Load consecutive windows at once and record the whole months among them."""
    if not batch:
        return
    window = total(w for w, _, _ in batch)
    is_open = window.end is None
    may_remove = all(still for _, _, still in batch) and (
        is_open or not reader.dataset.moving_window
    )
    pages = [page for _, pages, _ in batch for page in pages]
    surplus = load_window(
        reader, run.warehouse, window, pages, may_remove, run.run_id, tally
    )
    whole = [w for w, _, still in batch if still and w.end]
    this_month = month_start(run.day_in(reader.dataset))
    has_months = window != WHOLE_TABLE
    if is_open and may_remove and has_months and next_month(window.start) <= this_month:
        # The window's first month is over; later reads of the window only confirm it.
        whole.append(Window(window.start, next_month(window.start)))
    by_month = dict.fromkeys((w.start for w in whole), 0)
    if surplus and whole:
        by_month |= surplus_by_month(reader, run.warehouse, whole, pages)
    run.warehouse.ledger.finish_months(reader.dataset, by_month, run.run_id, run.now)


def surplus_by_month(
    reader: Reader, warehouse: Warehouse, windows: list[Window], pages: list[pa.Table]
) -> dict[date, int]:
    """How many more rows were received of each month than the warehouse holds."""
    received, held = (
        {row["month"]: row["row_count"] for row in counts.to_pylist()}
        for counts in (
            warehouse.monthly_counts(reader, windows, of=pa.concat_tables(pages)),
            warehouse.monthly_counts(reader, windows),
        )
    )
    return {month: n - held.get(month, 0) for month, n in received.items()}
