"""Find edits of rows older than the window, and the months to re-read for them."""

import logging
from collections.abc import Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import raw_name
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

# The most rows to look up by key every day; a hundred of them take two requests.
MOST_STRAYS = 1_000


def sweep(job: DatasetRun, plan: Plan) -> list[Proven]:
    """Read the rows older than the window that changed since the last sweep.

    Skipped, and recorded as skipped, if none is planned or if the publisher has
    replaced the table: then every row looks new, though hardly any differs.
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
    """Whether a sweep matches so many rows that the table must have been replaced."""
    dataset = job.dataset
    held = lookups.count_rows(job.warehouse, dataset)
    if expected <= max(dataset.sweep_limit_rows, held * dataset.sweep_limit_pct / 100):
        return False
    log.info(
        "%s: the portal counts %d rows of %s, and %d are held: the publisher seems to "
        "have replaced the table, so changes are left to the comparison of months.",
        dataset.name,
        expected,
        late,
        held,
    )
    return True


def with_all_of_their_keys(reader: Reader, pages: list[pa.Table]) -> list[pa.Table]:
    """The rows plus all others, swept or not, that may share a key with one of them.

    Rows that share a key are told apart by an ordinal among all of them.
    """
    rows = pa.concat_tables(pages, promote_options="default")
    key = rows[raw_name(reader.dataset.key[0])]
    values = sorted(pc.unique(key).drop_null().to_pylist())
    return [reader.rows_of(values), rows.filter(pc.is_null(key))]


def months_with_doubles(
    job: DatasetRun, swept: list[Proven], news: list[Proven]
) -> list[Window]:
    """The months to which a sweep would add too many rows.

    A sweep does not show which rows are gone. If an old row returns under a differently
    spelled key, its month has one row more than the portal's until it is read in full.

    Args:
        news: What the window showed; it is about to be written too.
    """
    dataset, found = job.dataset, merge(swept)
    # If the table itself is a moving window, months differ by the rows that aged out.
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
    """Count the rows of every month before the window; return the months that differ.

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
    """Old months that were last read before a day on which edits could not be swept.

    As many as the plan says, those read longest ago first. This finds edits that show
    neither in a change date nor in a count.
    """
    dataset, ledger = job.dataset, job.warehouse.ledger
    unswept = job.unswept_at or ledger.unswept_at(dataset, job.run.now)
    if unswept is None:
        return []
    days = [d for d in ledger.months.before(dataset, unswept) if d < plan.window.start]
    days = [d for d in days if job.reader.reaches(Window(d, next_month(d)))]
    days = days[: plan.reread]
    for day in days:
        log.info("%s: reading the month of %s again.", dataset.name, day)
    return [Window(day, next_month(day)) for day in days]


def strays(job: DatasetRun) -> list[Proven]:
    """Look up by key the held rows that are dated before every month that is read.

    Their date was corrected to one before the history, or can't be read, so no window
    of the portal would show what becomes of them.
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
    """The first month that is read, or that an earlier backfill went back to."""
    done = job.warehouse.ledger.months.finished(job.dataset)
    return min([month_start(job.dataset.backfill_from), *done])


def finished_months(job: DatasetRun, before: date = date.max) -> list[Window]:
    """The months that were read in full, including those before `backfill_from`."""
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
    """The months whose row count, in total or for one value, differs from the portal's.

    Months of which a part could not be read are left out.

    A month with rows that the warehouse does not hold (repeats, rows without a key) is
    compared by its total only: which values those rows have is not recorded.

    Args:
        parts: What this run is about to write; it is counted with what is held.
    """
    if not windows:
        return []
    surplus = job.warehouse.ledger.months.surplus(job.dataset)
    differing: set[date] = set()
    for column in columns:
        theirs = job.reader.monthly_counts(windows, column)
        ours = counts_after(job, windows, column, parts)
        differing |= months_apart(theirs, ours, surplus)
    return [w for w in windows if w.start in differing and job.reader.reaches(w)]


def counts_after(
    job: DatasetRun, windows: list[Window], column: str | None, parts: list[Proven]
) -> pa.Table:
    """The warehouse's counts by month, as they will be once all parts are written.

    Like `lookups.monthly_counts`, but a month and value may appear several times, with
    negative counts too: only their sum is meaningful.
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
    """What the parts write together; None if that is nothing."""
    if not parts:
        return None
    found = merged([(part.differences, part.touched) for part in parts])
    return found if found.changes.num_rows else None
