"""One run over the data sets: daily, or a backfill."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import filelock
import pyarrow as pa

from pipelines import stop
from pipelines.dataset import Dataset
from pipelines.diff import months_apart
from pipelines.errors import (
    BlotterError,
    RunUnderWayError,
    WarehouseError,
)
from pipelines.load import Warehouse
from pipelines.portal import Patience, Reader
from pipelines.read import (
    Tally,
    check_columns,
    load_window,
    read_window,
    reader_for,
    stood_still,
    total,
)
from pipelines.windows import (
    Window,
    daily_window,
    local_day,
    month_start,
    months,
    next_month,
)

log = logging.getLogger(__name__)

# Months are loaded together up to this many rows, so that few loads serve many months,
# or after this long, so that a kill costs little of a slow portal's answers.
BATCH_ROWS = 250_000
BATCH_SECONDS = 60

Progress = Callable[[Dataset, int, int], None]
"""Told the data set, the months done and the months in all."""


@dataclass
class Run:
    """One run of the command: its clock was read once, in the command."""

    warehouse: Warehouse
    command: str
    now: datetime
    """An instant in UTC."""
    today: date | None = None
    """The day it is taken to be in every city, instead of `now`'s."""
    patience: Patience = field(default_factory=Patience)
    progress: Progress = lambda dataset, done, of: None

    def __post_init__(self) -> None:
        self.run_id = f"{self.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"

    removal_limit: int | None = None
    """How many removals a data set may have in this run, instead of its own limit."""

    def day_in(self, dataset: Dataset) -> date:
        return self.today or local_day(self.now, dataset.tzinfo)


@contextmanager
def lock(home: Path) -> Iterator[None]:
    """Hold a home for one run at a time.

    Raises:
        RunUnderWayError: Another run holds it. The lock of a killed run is free.
        WarehouseError: The home can't be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home / "lock", blocking=False):
            yield
    except filelock.Timeout as error:
        raise RunUnderWayError(f"Another run is under way in {home}.") from error
    except OSError as error:
        raise WarehouseError(
            f"{home} can't be written ({error.strerror}); set BLOTTER_HOME to a folder "
            "that can."
        ) from error


def run_dataset(
    run: Run,
    dataset: Dataset,
    work: Callable[[Reader, Tally], str],
    window: Window | None = None,
) -> BlotterError | None:
    """Do one data set's part of a run and write its line of the ledger.

    Args:
        work: Reads and loads; returns the outcome.
        window: What is read whole, if the run goes well.

    Returns:
        What failed, if anything did: it must not cost the other data sets their night.

    Raises:
        StoppedError: The run was asked to stop; the line is closed first.
    """
    if run.removal_limit is not None:
        dataset = dataset.with_removal_limit(run.removal_limit)
    started, begin = datetime.now(UTC), time.monotonic()
    tally, outcome, failure = Tally(), "failed", None
    warehouse = run.warehouse
    warehouse.ledger.open_run(
        {
            "run_id": run.run_id,
            "command": run.command,
            "dataset": dataset.name,
            "started_at": started,
            "outcome": "running",
            "window_start": window.start if window else None,
            "declaration": dataset.fingerprint,
        }
    )
    reader = reader_for(dataset, run.patience)
    version = None
    try:
        with stop.stoppable():
            warehouse.repair(dataset)
            published = reader.probe()
            check_columns(dataset, published, tally)
            version = published.version
            outcome = work(reader, tally)
        if tally.is_moving:
            outcome, version = "moving", None
    except BlotterError as error:
        failure = error
        log.error("%s", error)
    except Exception as error:
        failure = BlotterError(f"{dataset.name}: a fault of Blotter's own: {error!r}.")
        log.exception("%s", failure)
    row = {k: v for k, v in asdict(tally).items() if k not in ("is_moving", "warnings")}
    warehouse.ledger.close_run(
        run.run_id,
        dataset.name,
        {
            **row,
            "finished_at": datetime.now(UTC),
            "portal_version": version,
            "seconds": round(time.monotonic() - begin, 3),
            "outcome": outcome,
            "error": str(failure) if failure else None,
            "warnings": "\n".join(tally.warnings) or None,
        },
    )
    log.info("%s", summary(dataset, outcome, tally))
    stop.check()
    return failure


def daily(
    run: Run, dataset: Dataset, window_only: bool = False, reconcile: bool = False
) -> BlotterError | None:
    """Read the rolling window, and what may have changed in the months before it.

    Those are months never read whole, rows changed since the last sweep and, once a
    week, months whose counts differ from the portal's.

    Args:
        window_only: Read no month before the window.
        reconcile: Compare the months even if they are not due, or nothing changed.
    """
    window = daily_window(run.day_in(dataset))

    def work(reader: Reader, tally: Tally) -> str:
        if window_only:
            if is_unchanged(run, reader, window):
                return "unchanged"
            load_months(run, reader, [window], tally)
            return "loaded"
        unread = unread_months(run, dataset, window.start)
        swept_to = run.warehouse.ledger.swept_to(dataset, run.now)
        if not (unread or reconcile) and is_unchanged(run, reader, window):
            tally.swept_to = swept_to and run.now
            return "unchanged"
        load_months(run, reader, [window, *unread], tally)
        if swept_to and dataset.sweeps and reader.can_sweep:
            sweep(run, reader, window, swept_to, tally)
        tally.swept_to = run.now
        if reconcile or comparison_is_due(run, dataset):
            compare_months(run, reader, window, tally)
        return "loaded"

    return run_dataset(run, dataset, work, window)


def backfill(
    run: Run, dataset: Dataset, first: date | None, last: date | None, again: bool
) -> BlotterError | None:
    """Read whole months, newest first; months read before only when asked `again`.

    Args:
        first: A day of the first month; the declaration's `backfill_from` if None.
        last: A day of the last month; up to today if None. Where the rolling window is
            reached, all of it is read.
    """

    def work(reader: Reader, tally: Tally) -> str:
        window = daily_window(run.day_in(dataset))
        end = next_month(last) if last else None
        before = min(end, window.start) if end else window.start
        done = set() if again else run.warehouse.ledger.finished_months(dataset)
        wanted = months(first or dataset.backfill_from, before)
        windows = [w for w in wanted if w.start not in done]
        if end is None or end > window.start:
            windows.insert(0, window)  # never read for good: its rows still change
        load_months(run, reader, windows, tally)
        return "loaded"

    return run_dataset(run, dataset, work)


def unread_months(run: Run, dataset: Dataset, before: date) -> list[Window]:
    """Months from the declaration's first on that no run has read whole."""
    done = run.warehouse.ledger.finished_months(dataset)
    return [w for w in months(dataset.backfill_from, before) if w.start not in done]


def is_unchanged(run: Run, reader: Reader, window: Window) -> bool:
    """Version, window and declaration are those of the last good run."""
    dataset = reader.dataset
    last = run.warehouse.ledger.last_good_run(dataset)
    return bool(
        last
        and last["portal_version"]
        and last["portal_version"] == reader.version
        and last["window_start"] == window.start
        and last["declaration"] == dataset.fingerprint
    )


def sweep(
    run: Run, reader: Reader, window: Window, swept_to: datetime, tally: Tally
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
    load_window(reader, run.warehouse, late, pages, False, run.run_id, tally)


def comparison_is_due(run: Run, dataset: Dataset) -> bool:
    """Whether the months were last compared `compare_days` ago."""
    last = run.warehouse.ledger.compared_at(dataset, run.now)
    every = timedelta(days=dataset.compare_days)
    return bool(dataset.compare_days and last and run.now - last >= every)


def compare_months(run: Run, reader: Reader, window: Window, tally: Tally) -> None:
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
    run: Run, reader: Reader, windows: list[Window], surplus: dict[date, int]
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


def load_months(run: Run, reader: Reader, windows: list[Window], tally: Tally) -> None:
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
    run: Run,
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
    if is_open and may_remove and next_month(window.start) <= this_month:
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


def summary(dataset: Dataset, outcome: str, tally: Tally) -> str:
    """One line for the log."""
    if outcome == "unchanged":
        return f"{dataset.name}: unchanged since the last good run"
    parts = [f"{tally.rows_read:,} rows read"]
    for name in ("added", "changed", "removed", "restored", "rejected"):
        if number := getattr(tally, name):
            parts.append(f"{number:,} {name}")
    return f"{dataset.name}: {outcome}: {', '.join(parts)}"
