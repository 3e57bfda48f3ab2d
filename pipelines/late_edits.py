"""Edits of rows older than the window: the sweep, and the comparison of months."""

import logging
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.batches import load_months
from pipelines.dataset import Dataset
from pipelines.diff import months_apart
from pipelines.portal import Reader
from pipelines.read import Tally, load_window, read_window, stood_still
from pipelines.windows import Window, month_start, months

if TYPE_CHECKING:
    from pipelines.run import Run

log = logging.getLogger(__name__)


def sweep(
    run: "Run", reader: Reader, window: Window, swept_to: datetime, tally: Tally
) -> None:
    """Read the rows older than the window that changed since the last sweep.

    Skipped where the publisher has replaced the table: then every row is new, though
    hardly any differs.
    """
    dataset = reader.dataset
    since = swept_to - timedelta(days=dataset.sweep_overlap_days)
    first = month_start(dataset.backfill_from)
    late = Window(first, window.start, changed_since=since)
    expected = reader.count(late)
    held = run.warehouse.count_rows(dataset)
    if expected > max(dataset.sweep_limit_rows, held * dataset.sweep_limit_pct / 100):
        log.info(
            "%s: %d rows of %s of %d held: the publisher seems to have replaced the "
            "table; left to the comparison of months.",
            dataset.name,
            expected,
            late,
            held,
        )
        return
    if not expected:
        return
    pages, read = read_window(reader, late, tally, expected)
    tally.swept = sum(page.num_rows for page in pages)
    tally.is_moving |= not stood_still(dataset, read)
    if not dataset.key_is_unique:
        pages = with_all_of_their_keys(reader, pages)
    load_window(reader, run.warehouse, late, pages, False, run.run_id, tally)


def with_all_of_their_keys(reader: Reader, pages: list[pa.Table]) -> list[pa.Table]:
    """The rows and, unswept ones too, all others that may share a key with one.

    What tells rows of one key apart is an ordinal among all of them.
    """
    rows = pa.concat_tables(pages, promote_options="default")
    key = rows[reader.dataset.key[0].lower()]
    values = sorted(pc.unique(key).drop_null().to_pylist())
    return [reader.rows_of(values), rows.filter(pc.is_null(key))]


def comparison_is_due(run: "Run", dataset: Dataset) -> bool:
    """Whether the months were last compared `compare_days` ago."""
    last = run.warehouse.ledger.compared_at(dataset, run.now)
    every = timedelta(days=dataset.compare_days)
    return bool(dataset.compare_days and last and run.now - last >= every)


def compare_months(run: "Run", reader: Reader, window: Window, tally: Tally) -> None:
    """Count the rows of every month before the window; read those that differ anew."""
    dataset = reader.dataset
    surplus = run.warehouse.ledger.surplus(dataset)
    windows = [
        w for w in months(dataset.backfill_from, window.start) if w.start in surplus
    ]
    differing: list[Window] = []
    if windows:
        differing = differing_months(run, reader, windows, surplus)
    for month in differing:
        log.info("%s: %s differs from the portal; reading it.", dataset.name, month)
    tally.compared_at = run.now
    tally.months_compared = len(windows)
    tally.months_repaired = len(differing)
    load_months(run, reader, differing, tally)


def differing_months(
    run: "Run", reader: Reader, windows: list[Window], surplus: dict[date, int]
) -> list[Window]:
    """The months whose number of rows, or of one value's rows, is not the portal's.

    A month with rows that are none of the warehouse's (repeats, rows without a key) is
    compared by its number of rows alone: which values these have is not recorded.
    """
    dataset = reader.dataset
    differing: set[date] = set()
    for column in dataset.compare_by or [None]:
        theirs = reader.monthly_counts(windows, column)
        ours = run.warehouse.monthly_counts(reader, windows, column)
        differing |= months_apart(theirs, ours, surplus)
    return [w for w in windows if w.start in differing]
