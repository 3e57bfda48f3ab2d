"""Read one window of one data set, prove it complete, and load what differs."""

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

# How often a window whose rows don't add up is read again.
READS = 3


@dataclass(frozen=True)
class WindowRead:
    """The rows of a window, as many as the portal counts."""

    window: Window
    pages: list[pa.Table]
    expected: int
    """How many the portal counted."""
    stood_still: bool
    """What it lacks may be taken for gone."""

    @property
    def num_rows(self) -> int:
        return sum(page.num_rows for page in self.pages)

    @property
    def counts(self) -> Counts:
        return Counts(portal_rows=self.expected, rows_read=self.num_rows)


def read_window(
    reader: Reader, window: Window, expected: int | None = None
) -> WindowRead:
    """Read a window until as many rows came as the portal counts.

    Args:
        expected: The portal's count, where it was just asked for.

    Raises:
        IncompleteReadError: They differ again and again while the count stands still.
    """
    dataset = reader.dataset
    if expected is None:
        expected = reader.count(window)
    for _ in range(READS):
        read = Read()
        # Asked for even where none are counted: the count alone proves nothing.
        pages = list(reader.pages(window, read))
        received = sum(page.num_rows for page in pages)
        if received == expected and not read.repeats():
            break
        if reader.count(window) != expected:
            # Rows came or went meanwhile. What was read is true; what is missing from
            # it may not be gone.
            read.is_moving = True
            break
    else:
        raise IncompleteReadError(
            f"{dataset.label} sent {received:,} rows of {window} but "
            f"counts {expected:,}, {READS} times over; nothing of it was written."
        )
    return WindowRead(window, pages, expected, stood_still(dataset, read))


def stood_still(dataset: Dataset, read: Read) -> bool:
    """Whether what a read lacks may be taken for gone."""
    moved = read.is_moving and dataset.heeds_movement
    lagged = read.is_stale and dataset.heeds_out_of_date
    return not (moved or lagged)


@dataclass(frozen=True)
class Proven:
    """What a whole, proven read tells: all that a load of it writes, and no more."""

    window: Window
    differences: Differences
    rejects: pa.Table
    shown: pa.ChunkedArray
    """`row_id` of every row that the portal has of what was asked for."""
    repeats: int
    forgets: bool
    """The portal shows no other row that can't be loaded."""
    months: tuple[Window, ...] = ()
    """Months that were read whole with it."""
    counts: pa.Table | None = None
    """The portal's rows by month, where the warehouse will not hold as many."""

    @property
    def touched(self) -> pa.ChunkedArray:
        """`row_id` of all that it knows of: what is shown, and what is gone."""
        gone = self.differences.changes["row_id"]
        return pa.chunked_array([*self.shown.chunks, *gone.chunks], pa.string())


def prove(
    job: DatasetRun,
    window: Window,
    pages: list[pa.Table],
    may_remove: bool,
    is_asked: bool = True,
) -> Proven:
    """Tell what differs between the portal's rows of a window and the warehouse's.

    Nothing is written, here or where it is refused: old rows beside new ones that may
    be the same, under keys that are spelled otherwise, would count twice.

    Args:
        may_remove: The read was whole and the portal stood still: a row that the
            warehouse has and the read lacks may be gone. Each is asked for by its key
            before it is taken for removed.
        is_asked: False: `pages` are none, for the portal was not asked for the window;
            each row that the warehouse has in it is asked for by its key.

    Raises:
        TooManyRejectsError: More rows without a key than allowed.
        TooManyRemovalsError: More rows vanished at once than may be removed.
    """
    dataset, warehouse, bound = job.dataset, job.warehouse, job.reader.bound
    keyed = key_rows(dataset, pages)
    check_rejects(dataset, keyed, window)
    known = lookups.known(warehouse, dataset, bound, window, keyed.rows)
    received, gone = account(job, window, keyed, known, may_remove)
    held = lookups.rows(warehouse, dataset, differing(received, known))
    # Rows that were loaded before a column was cut are cut now.
    former = without_the_rest(dataset, held)
    gone = gone if may_remove else []
    return Proven(
        window=window,
        differences=compare(dataset, received, known, former, gone),
        rejects=keyed.rejects,
        shown=received["row_id"],
        repeats=keyed.repeats,
        forgets=may_remove and is_asked,
    )


def check_rejects(dataset: Dataset, keyed: Keyed, window: Window) -> None:
    """Stop where so many rows can't be loaded that something else must be wrong."""
    rows = keyed.rows.num_rows + keyed.rejects.num_rows
    limit = max(dataset.reject_limit_rows, rows * dataset.reject_limit_pct / 100)
    if keyed.rejects.num_rows > limit:
        why = set(keyed.rejects[REJECT].to_pylist())
        reason = f"without {dataset.key[0]}" if why == {"no key"} else "unreadable"
        raise TooManyRejectsError(
            f"{dataset.label} sent {keyed.rejects.num_rows:,} of {rows:,} rows of "
            f"{window} {reason}, more than {limit:,.0f}; nothing of it was written. "
            f"Is the key in {dataset.name}.toml still the publisher's?"
        )


def total(windows: Iterable[Window]) -> Window:
    """The stretch that consecutive windows cover together."""
    covered = list(windows)
    ends = [w.end for w in covered if w.end]
    return Window(
        start=min(w.start for w in covered),
        end=max(ends) if len(ends) == len(covered) else None,
        undated=any(w.undated for w in covered),
    )
