"""Read one window of one data set, verify it, and work out what differs."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from pipelines.datasets.columns import REJECT
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window
from pipelines.errors import (
    IncompleteReadError,
    TooManyRejectsError,
)
from pipelines.portals.reader import Read, Reader
from pipelines.sync.compare import compare, differing
from pipelines.sync.keys import Keyed, key_rows, without_the_rest
from pipelines.sync.removals import account
from pipelines.sync.run import Counts, DatasetRun
from pipelines.warehouse import lookups
from pipelines.warehouse.differences import Differences

# How many times to read a window whose rows don't match the portal's count.
READS = 3


@dataclass(frozen=True)
class WindowRead:
    """The rows of a window, checked against the portal's count."""

    window: Window
    pages: list[pa.Table]
    expected: int
    """How many rows the portal counted."""
    stood_still: bool
    """Rows missing from it may be treated as gone."""

    @property
    def num_rows(self) -> int:
        return sum(page.num_rows for page in self.pages)

    @property
    def counts(self) -> Counts:
        return Counts(portal_rows=self.expected, rows_read=self.num_rows)


def read_window(
    reader: Reader, window: Window, expected: int | None = None
) -> WindowRead:
    """Read a window until the number of rows matches the portal's count.

    Args:
        expected: The portal's count, if it was just requested.

    Raises:
        IncompleteReadError: They still differ after `READS` reads, with a stable count.
    """
    dataset = reader.dataset
    if expected is None:
        expected = reader.count(window)
    for _ in range(READS):
        read = Read()
        # Requested even if the count is zero: the count alone proves nothing.
        pages = list(reader.pages(window, read))
        if read.is_short:
            expected = reader.count(window)
        received = sum(page.num_rows for page in pages)
        if received == expected and not read.repeats():
            break
        if reader.count(window) != expected:
            # Rows were added or removed during the read. The rows received are valid,
            # but the missing ones may not be gone.
            read.is_moving = True
            break
    else:
        raise IncompleteReadError(
            f"{dataset.label} sent {received:,} rows of {window} but "
            f"counts {expected:,}, in {READS} attempts; none of it was written."
        )
    return WindowRead(window, pages, expected, stood_still(dataset, read))


def stood_still(dataset: Dataset, read: Read) -> bool:
    """Whether rows missing from a read may be treated as gone."""
    moved = read.is_moving and dataset.heeds_movement
    lagged = read.is_stale and dataset.heeds_out_of_date
    return not (moved or lagged)


@dataclass(frozen=True)
class Proven:
    """The result of a complete, verified read: exactly what loading it writes."""

    window: Window
    differences: Differences
    rejects: pa.Table
    shown: pa.ChunkedArray
    """`row_id` of every row that the portal has within what was requested."""
    repeats: int
    forgets: bool
    """`rejects` is complete: the window's earlier rejects that it lacks can go."""
    months: tuple[Window, ...] = ()
    """Months that this read covers in full."""
    counts: pa.Table | None = None
    """The portal's rows per month, if the warehouse may hold fewer."""

    @property
    def num_rows(self) -> int:
        """How many rows it writes."""
        rows: int = self.differences.rows.num_rows
        return rows

    @property
    def touched(self) -> pa.ChunkedArray:
        """`row_id` of every row it covers: those shown and those gone."""
        gone = self.differences.changes["row_id"]
        return pa.chunked_array([*self.shown.chunks, *gone.chunks], pa.string())


def prove(
    job: DatasetRun,
    window: Window,
    pages: list[pa.Table],
    may_remove: bool,
    is_asked: bool = True,
) -> Proven:
    """Work out how the portal's rows of a window differ from the warehouse's.

    Nothing is written here, and a refused window is not written at all: if keys are
    suddenly spelled differently, old and new versions of a row would both count.

    Args:
        may_remove: The read was complete and the portal did not change during it, so a
            row that the warehouse has and the read lacks may be gone. Each is looked up
            by its key before it is treated as removed.
        is_asked: False: `pages` is empty because the portal was not asked for the
            window; each row that the warehouse has in it is looked up by its key.

    Raises:
        TooManyRejectsError: More rows can't be loaded than allowed.
        TooManyRemovalsError: More rows vanished at once than may be removed.
    """
    dataset, warehouse, bound = job.dataset, job.warehouse, job.reader.bound
    keyed = key_rows(dataset, pages)
    check_rejects(dataset, keyed, window)
    known = lookups.known(warehouse, dataset, bound, window, keyed.rows)
    received, gone = account(job, window, keyed, known, may_remove)
    held = lookups.rows(warehouse, dataset, differing(received, known))
    # Rows loaded before `kept_part` was declared are cut now.
    former = without_the_rest(dataset, held)
    gone = gone if may_remove else []
    return Proven(
        window=window,
        differences=compare(dataset, received, known, former, gone),
        rejects=keyed.rejects,
        shown=received["row_id"],
        repeats=keyed.repeats,
        forgets=may_remove and is_asked and job.reader.reaches(window),
    )


def check_rejects(dataset: Dataset, keyed: Keyed, window: Window) -> None:
    """Refuse a read if so many rows can't be loaded that something else is wrong."""
    rows = keyed.rows.num_rows + keyed.rejects.num_rows
    limit = max(dataset.reject_limit_rows, rows * dataset.reject_limit_pct / 100)
    if keyed.rejects.num_rows > limit:
        why = set(keyed.rejects[REJECT].to_pylist())
        reason = f"without {dataset.key[0]}" if why == {"no key"} else "unreadable"
        raise TooManyRejectsError(
            f"{dataset.label} sent {keyed.rejects.num_rows:,} of {rows:,} rows of "
            f"{window} {reason}, more than the limit of {limit:,.0f}; none of it was "
            f"written. Check that {dataset.name}.toml still names the publisher's key."
        )


def total(windows: Iterable[Window]) -> Window:
    """The single window that spans consecutive windows."""
    covered = list(windows)
    ends = [w.end for w in covered if w.end]
    return Window(
        start=min(w.start for w in covered),
        end=max(ends) if len(ends) == len(covered) else None,
        undated=any(w.undated for w in covered),
    )
