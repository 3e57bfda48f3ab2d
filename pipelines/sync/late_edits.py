"""Edits of rows older than the window: what tells of them, and of which months."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.windows import Window, month_start, months, next_month
from pipelines.portals.reader import Reader
from pipelines.sync.compare import merged, months_apart
from pipelines.sync.plan import Plan
from pipelines.sync.run import Counts, DatasetRun
from pipelines.sync.window import Proven, prove, read_window
from pipelines.warehouse import lookups
from pipelines.warehouse.differences import Differences
from pipelines.warehouse.tables import window_months

log = logging.getLogger(__name__)

# More rows than are asked for by their keys, a hundred in two requests, every day.
MOST_STRAYS = 1_000


def sweep(job: DatasetRun, plan: Plan) -> list[Proven]:
    """Read the rows older than the window that changed since the last sweep.

    Skipped, and noted, where none is planned, and where the publisher has replaced the
    table: then every row is new, though hardly any differs.
    """
    dataset, reader = job.dataset, job.reader
    if plan.sweep_from is None:
        job.unswept_at = job.run.now
        return []
    since = plan.sweep_from - timedelta(days=dataset.sweep_overlap_days)
    late = Window(first_month(job), plan.window.start, changed_since=since)
    expected = reader.count(late)
    if is_replaced(job, late, expected):
        job.unswept_at = job.run.now
        return []
    if not expected:
        return []
    read = read_window(reader, late, expected)
    job.counts += read.counts + Counts(swept=read.num_rows)
    job.is_moving |= not read.stood_still
    pages = read.pages
    if not dataset.key_is_unique:
        pages = with_all_of_their_keys(reader, pages)
    return [prove(job, late, pages, may_remove=False)]


def is_replaced(job: DatasetRun, late: Window, expected: int) -> bool:
    """Whether a sweep shows so many rows that the table must have been replaced."""
    dataset = job.dataset
    held = lookups.count_rows(job.warehouse, dataset)
    if expected <= max(dataset.sweep_limit_rows, held * dataset.sweep_limit_pct / 100):
        return False
    log.info(
        "%s: %d rows of %s of %d held: the publisher seems to have replaced the "
        "table; left to the comparison of months.",
        dataset.name,
        expected,
        late,
        held,
    )
    return True


def with_all_of_their_keys(reader: Reader, pages: list[pa.Table]) -> list[pa.Table]:
    """The rows and, unswept ones too, all others that may share a key with one.

    What tells rows of one key apart is an ordinal among all of them.
    """
    rows = pa.concat_tables(pages, promote_options="default")
    key = rows[reader.dataset.key[0].lower()]
    values = sorted(pc.unique(key).drop_null().to_pylist())
    return [reader.rows_of(values), rows.filter(pc.is_null(key))]


def months_with_doubles(
    job: DatasetRun, swept: list[Proven], news: list[Proven]
) -> list[Window]:
    """The months that a sweep would add rows to, and too many of them.

    A sweep shows no row that is gone. Where an old row comes under a key that is
    spelled otherwise, the month has one more than the portal's until it is read whole.

    Args:
        news: What the window told: it is about to be written, too.
    """
    dataset, found = job.dataset, merge(swept)
    # Of a table that is itself a moving window, months differ by what aged out.
    if found is None or dataset.moving_window:
        return []
    is_new = pc.is_in(found.changes["change"], pa.array(["added", "restored"]))
    new = found.changes.filter(is_new)["row_id"]
    rows = found.rows.filter(pc.is_in(found.rows["row_id"], new))
    dated = set(pc.unique(window_months(dataset, rows)).to_pylist())
    windows = [w for w in finished_months(job) if w.start in dated]
    return differing_months(job, windows, [None], [*news, *swept])


def compare_months(
    job: DatasetRun, window: Window, parts: list[Proven]
) -> list[Window]:
    """Count the rows of every month before the window; the months that differ.

    Args:
        parts: What this run is about to write.
    """
    windows = finished_months(job, window.start)
    by: Sequence[str | None] = job.dataset.compare_by or [None]
    differing = differing_months(job, windows, by, parts)
    for month in differing:
        log.info("%s: %s differs from the portal; reading it.", job.dataset.name, month)
    job.compared_at = job.run.now
    job.months_compared = len(windows)
    job.months_repaired = len(differing)
    return differing


def months_to_read_again(job: DatasetRun, plan: Plan) -> list[Window]:
    """Old months that were last read before a day on which no sweep told of edits.

    As many as the plan says, the oldest look first: so is found what neither a date of
    change nor a count tells.
    """
    dataset, ledger = job.dataset, job.warehouse.ledger
    unswept = job.unswept_at or ledger.unswept_at(dataset, job.run.now)
    if unswept is None:
        return []
    days = [d for d in ledger.months.before(dataset, unswept) if d < plan.window.start]
    days = days[: plan.reread]
    for day in days:
        log.info("%s: reading the month of %s again.", dataset.name, day)
    return [Window(day, next_month(day)) for day in days]


def strays(job: DatasetRun) -> list[Proven]:
    """Ask by key for the rows that are held and dated before all months that are read.

    A date was corrected to one before the history, or can't be read: no window of the
    portal's would tell what becomes of them.
    """
    dataset, warehouse = job.dataset, job.warehouse
    if dataset.is_file:
        return []
    window = Window(date.min, first_month(job))
    inside = lookups.in_window(warehouse, dataset, job.reader.bound, window)
    number = lookups.count_rows(warehouse, dataset, inside)
    if number > MOST_STRAYS:
        job.warn(
            f"{dataset.label}: {number:,} rows {window} are held and not compared with "
            f"the portal. `blotter backfill {dataset.name} --from DAY` reads their "
            "months, which are kept up to date from then on."
        )
    if not 0 < number <= MOST_STRAYS:
        return []
    may_remove = not (job.is_moving or dataset.moving_window)
    return [prove(job, window, [], may_remove, is_asked=False)]


def first_month(job: DatasetRun) -> date:
    """The first of the months that are read, or were by a backfill that went on."""
    done = job.warehouse.ledger.months.finished(job.dataset)
    return min([month_start(job.dataset.backfill_from), *done])


def finished_months(job: DatasetRun, before: date = date.max) -> list[Window]:
    """The months that were read whole, older ones than `backfill_from` too."""
    found = job.warehouse.ledger.months.finished(job.dataset)
    done = [d for d in found if d < before]
    if not done:
        return []
    return [w for w in months(min(done), next_month(max(done))) if w.start in done]


def differing_months(
    job: DatasetRun,
    windows: list[Window],
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
    surplus = job.warehouse.ledger.months.surplus(job.dataset)
    differing: set[date] = set()
    for column in columns:
        theirs = job.reader.monthly_counts(windows, column)
        ours = counts_after(job, windows, column, parts)
        differing |= months_apart(theirs, ours, surplus)
    return [w for w in windows if w.start in differing]


def counts_after(
    job: DatasetRun, windows: list[Window], column: str | None, parts: list[Proven]
) -> pa.Table:
    """The warehouse's counts by month as they will be when all parts are written.

    As `lookups.monthly_counts`, but that a month and value may come several times,
    and with a negative count: only their sum counts.
    """
    warehouse, dataset, bound = job.warehouse, job.dataset, job.reader.bound
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
