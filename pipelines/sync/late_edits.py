"""Edits of rows older than the window: what tells of them, and of which months."""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window, month_start, months, next_month
from pipelines.portals.reader import Reader
from pipelines.sync.compare import merged, months_apart
from pipelines.sync.run import Tally
from pipelines.sync.window import Proven, prove, read_window, stood_still
from pipelines.warehouse import lookups
from pipelines.warehouse.differences import Differences
from pipelines.warehouse.tables import window_months

if TYPE_CHECKING:
    from pipelines.sync.run import Run

log = logging.getLogger(__name__)

# More rows than are asked for by their keys, a hundred in two requests, every day.
MOST_STRAYS = 1_000


def sweep(
    run: "Run", reader: Reader, window: Window, swept_to: datetime, tally: Tally
) -> list[Proven]:
    """Read the rows older than the window that changed since the last sweep.

    Skipped, and noted, where the publisher has replaced the table: then every row is
    new, though hardly any differs.
    """
    dataset = reader.dataset
    since = swept_to - timedelta(days=dataset.sweep_overlap_days)
    first = first_month(run, dataset)
    late = Window(first, window.start, changed_since=since)
    expected = reader.count(late)
    held = lookups.count_rows(run.warehouse, dataset)
    if expected > max(dataset.sweep_limit_rows, held * dataset.sweep_limit_pct / 100):
        log.info(
            "%s: %d rows of %s of %d held: the publisher seems to have replaced the "
            "table; left to the comparison of months.",
            dataset.name,
            expected,
            late,
            held,
        )
        tally.unswept_at = run.now
        return []
    if not expected:
        return []
    pages, read = read_window(reader, late, tally, expected)
    tally.swept = sum(page.num_rows for page in pages)
    tally.is_moving |= not stood_still(dataset, read)
    if not dataset.key_is_unique:
        pages = with_all_of_their_keys(reader, pages)
    return [prove(reader, run.warehouse, late, pages, may_remove=False)]


def with_all_of_their_keys(reader: Reader, pages: list[pa.Table]) -> list[pa.Table]:
    """The rows and, unswept ones too, all others that may share a key with one.

    What tells rows of one key apart is an ordinal among all of them.
    """
    rows = pa.concat_tables(pages, promote_options="default")
    key = rows[reader.dataset.key[0].lower()]
    values = sorted(pc.unique(key).drop_null().to_pylist())
    return [reader.rows_of(values), rows.filter(pc.is_null(key))]


def months_with_doubles(
    run: "Run", reader: Reader, swept: list[Proven], news: list[Proven]
) -> list[Window]:
    """The months that a sweep would add rows to, and too many of them.

    A sweep shows no row that is gone. Where an old row comes under a key that is
    spelled otherwise, the month has one more than the portal's until it is read whole.

    Args:
        news: What the window told: it is about to be written, too.
    """
    dataset, found = reader.dataset, merge(swept)
    # Of a table that is itself a moving window, months differ by what aged out.
    if found is None or dataset.moving_window:
        return []
    is_new = pc.is_in(found.changes["change"], pa.array(["added", "restored"]))
    new = found.changes.filter(is_new)["row_id"]
    rows = found.rows.filter(pc.is_in(found.rows["row_id"], new))
    dated = set(pc.unique(window_months(dataset, rows)).to_pylist())
    windows = [w for w in finished_months(run, dataset) if w.start in dated]
    surplus = run.warehouse.ledger.surplus(dataset)
    return differing_months(run, reader, windows, surplus, [None], [*news, *swept])


def compare_months(
    run: "Run", reader: Reader, window: Window, parts: list[Proven], tally: Tally
) -> list[Window]:
    """Count the rows of every month before the window; the months that differ.

    Args:
        parts: What this run is about to write.
    """
    dataset = reader.dataset
    windows = finished_months(run, dataset, window.start)
    surplus = run.warehouse.ledger.surplus(dataset)
    by: Sequence[str | None] = dataset.compare_by or [None]
    differing = differing_months(run, reader, windows, surplus, by, parts)
    for month in differing:
        log.info("%s: %s differs from the portal; reading it.", dataset.name, month)
    tally.compared_at = run.now
    tally.months_compared = len(windows)
    tally.months_repaired = len(differing)
    return differing


def months_to_read_again(
    run: "Run", dataset: Dataset, window: Window, reconcile: bool, tally: Tally
) -> list[Window]:
    """Old months that were last read before a day on which no sweep told of edits.

    All of them to reconcile, else `reread_months` a day, the oldest look first: so is
    found what neither a date of change nor a count tells.
    """
    ledger = run.warehouse.ledger
    unswept = tally.unswept_at or ledger.unswept_at(dataset, run.now)
    if unswept is None:
        return []
    days = [d for d in ledger.months_before(dataset, unswept) if d < window.start]
    days = days if reconcile else days[: dataset.reread_months]
    for day in days:
        log.info("%s: reading the month of %s again.", dataset.name, day)
    return [Window(day, next_month(day)) for day in days]


def strays(run: "Run", reader: Reader, tally: Tally) -> list[Proven]:
    """Ask by key for the rows that are held and dated before all months that are read.

    A date was corrected to one before the history, or can't be read: no window of the
    portal's would tell what becomes of them.
    """
    dataset, warehouse = reader.dataset, run.warehouse
    if dataset.is_file:
        return []
    window = Window(date.min, first_month(run, dataset))
    inside = lookups.in_window(warehouse, dataset, reader.bound, window)
    number = lookups.count_rows(warehouse, dataset, inside)
    if number > MOST_STRAYS:
        tally.warn(
            f"{dataset.label}: {number:,} rows {window} are held and not compared with "
            f"the portal. `blotter backfill {dataset.name} --from DAY` reads their "
            "months, which are then looked after like any other."
        )
    if not 0 < number <= MOST_STRAYS:
        return []
    may_remove = not (tally.is_moving or dataset.moving_window)
    return [prove(reader, warehouse, window, [], may_remove, is_asked=False)]


def first_month(run: "Run", dataset: Dataset) -> date:
    """The first of the months that are read, or were by a backfill that went on."""
    done = run.warehouse.ledger.finished_months(dataset)
    return min([month_start(dataset.backfill_from), *done])


def finished_months(
    run: "Run", dataset: Dataset, before: date = date.max
) -> list[Window]:
    """The months that were read whole, older ones than `backfill_from` too."""
    done = [d for d in run.warehouse.ledger.finished_months(dataset) if d < before]
    if not done:
        return []
    return [w for w in months(min(done), next_month(max(done))) if w.start in done]


def differing_months(
    run: "Run",
    reader: Reader,
    windows: list[Window],
    surplus: dict[date, int],
    columns: Sequence[str | None],
    parts: list[Proven],
) -> list[Window]:
    """The months whose number of rows, or of one value's rows, is not the portal's.

    A month with rows that are none of the warehouse's (repeats, rows without a key) is
    compared by its number of rows alone: which values these have is not recorded.

    Args:
        parts: What this run is about to write is counted with what is held.
    """
    if not windows:
        return []
    differing: set[date] = set()
    for column in columns:
        theirs = reader.monthly_counts(windows, column)
        ours = counts_after(run, reader, windows, column, parts)
        differing |= months_apart(theirs, ours, surplus)
    return [w for w in windows if w.start in differing]


def counts_after(
    run: "Run",
    reader: Reader,
    windows: list[Window],
    column: str | None,
    parts: list[Proven],
) -> pa.Table:
    """The warehouse's counts by month as they will be when all parts are written.

    As `lookups.monthly_counts`, but that a month and value may come several times,
    and with a negative count: only their sum counts.
    """
    warehouse, dataset, bound = run.warehouse, reader.dataset, reader.bound
    counts = [lookups.monthly_counts(warehouse, dataset, bound, windows, column)]
    if found := merge(parts):
        ids = found.changes["row_id"].to_pylist()
        was = lookups.rows(warehouse, dataset, ids)
        less, more = (
            lookups.monthly_counts_of(rows, dataset, bound, windows, column)
            for rows in (was, found.rows)
        )
        less = less.set_column(2, "row_count", pc.negate(less["row_count"]))
        counts += [more, less]
    return pa.concat_tables(counts, promote_options="permissive")


def merge(parts: list[Proven]) -> Differences | None:
    """What parts write together; None where that is nothing."""
    if not parts:
        return None
    found = merged([(part.differences, part.touched) for part in parts])
    return found if found.changes.num_rows else None
