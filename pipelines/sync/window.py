"""Read one window of one data set, prove it complete, and load what differs."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import REJECT
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window
from pipelines.errors import (
    IncompleteReadError,
    TooManyRejectsError,
    TooManyRemovalsError,
)
from pipelines.portals.reader import Read, Reader
from pipelines.sync.compare import compare, differing, missing
from pipelines.sync.keys import Keyed, key_rows, without_the_rest
from pipelines.sync.run import Counts, DatasetRun
from pipelines.warehouse import lookups
from pipelines.warehouse.differences import Differences

log = logging.getLogger(__name__)

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
    dataset, warehouse = job.dataset, job.warehouse
    keyed = key_rows(dataset, pages)
    check_rejects(dataset, keyed, window)
    bound = job.reader.bound
    known = lookups.known(warehouse, dataset, bound, window, keyed.rows)
    lost = lost_rows(dataset, keyed, known)
    received, gone = keyed.rows, list[str]()
    if must_confirm(dataset, window, lost, known, may_remove):
        found = confirm(job, lost)
        received, gone = settled(dataset, window, received, known, found)
    # Rows that were loaded before a column was cut are cut now.
    former = without_the_rest(
        dataset, lookups.rows(warehouse, dataset, differing(received, known))
    )
    gone = gone if may_remove else []
    return Proven(
        window=window,
        differences=compare(dataset, received, known, former, gone),
        rejects=keyed.rejects,
        shown=received["row_id"],
        repeats=keyed.repeats,
        forgets=may_remove and is_asked,
    )


def lost_rows(dataset: Dataset, keyed: Keyed, known: pa.Table) -> list[str]:
    """Keys that the warehouse holds in the window and the read lacks, even unread."""
    lost = missing(keyed.rows, known)
    return [row_id for row_id in lost if not keyed.holds(dataset, row_id)]


def held_in_window(known: pa.Table) -> int:
    return pc.sum(known["in_window"]).as_py() or 0


def must_confirm(
    dataset: Dataset,
    window: Window,
    lost: list[str],
    known: pa.Table,
    may_remove: bool,
) -> bool:
    """Whether the portal is asked for lost rows by their keys.

    Where none may be removed, that is only where so many are lost that the read must be
    refused, should they be gone.
    """
    # Of a table that is itself a moving window old rows leave by their age.
    may_age = dataset.moving_window and window.end is not None
    is_suspect = is_refused(dataset, len(lost), held_in_window(known))
    return bool(lost) and not may_age and (may_remove or is_suspect)


@dataclass(frozen=True)
class Confirmed:
    """Why rows are not among those that were read."""

    superseded: list[str]
    """Keys of rows that are of no declared file any more: of these nobody is asked, no
    limit holds, and they are not the publisher's removals."""
    gone: list[str]
    """Keys that the portal was asked for and does not have."""
    moved: pa.Table
    """The rows that it has elsewhere."""


def confirm(job: DatasetRun, lost: list[str]) -> Confirmed:
    """Ask the portal for lost rows by their keys."""
    dataset, reader = job.dataset, job.reader
    held = reader.within_reach(lookups.rows(job.warehouse, dataset, lost))
    is_current = reader.is_current(held)
    superseded = held.filter(pc.invert(is_current))["row_id"].to_pylist()
    held = held.filter(is_current)
    lost = held["row_id"].to_pylist()
    values = pc.unique(held[dataset.key[0].lower()]).drop_null().to_pylist()
    found = key_rows(dataset, [reader.rows_of(sorted(values))])
    is_lost = pc.is_in(found.rows["row_id"], pa.array(lost, pa.string()))
    moved = found.rows.filter(is_lost)
    there = set(moved["row_id"].to_pylist())
    if found.has_unknown:
        return Confirmed(superseded, [], moved)
    gone = [i for i in lost if i not in there and not found.holds(dataset, i)]
    return Confirmed(superseded, gone, moved)


def settled(
    dataset: Dataset,
    window: Window,
    received: pa.Table,
    known: pa.Table,
    found: Confirmed,
) -> tuple[pa.Table, list[str]]:
    """All rows that the portal has, those from elsewhere too; and the keys of no row.

    Raises:
        TooManyRemovalsError: So many can't be gone.
    """
    received = pa.concat_tables([received, found.moved.select(received.column_names)])
    is_new = pc.invert(pc.is_in(received["row_id"], known["row_id"]))
    held = held_in_window(known) - len(found.superseded)
    new = pc.sum(is_new).as_py() or 0
    check_removals(dataset, len(found.gone), held, new, window)
    return received, [*found.gone, *found.superseded]


def is_refused(dataset: Dataset, gone: int, held: int) -> bool:
    """Whether so many of a read's rows can't all be gone: an outage looks like that.

    More than both limits, of rows and of a share, are; and so is a share, by
    `removal_most_pct`, that no window, month or file loses in a day, unless few rows.
    """
    limit = max(dataset.removal_limit_rows, held * dataset.removal_limit_pct / 100)
    return gone > limit or (
        gone > dataset.few_removals and gone * 100 >= held * dataset.removal_most_pct
    )


def check_removals(
    dataset: Dataset, gone: int, held: int, new: int, window: Window
) -> None:
    """The guard against an outage, or respelled keys, that look like a mass removal.

    Args:
        new: How many rows the portal shows that the warehouse never had.

    Raises:
        TooManyRemovalsError: More are gone than the limits allow; says how to allow it.
    """
    if not is_refused(dataset, gone, held):
        return
    respelled = (
        f" It shows {new:,} new ones; check whether its key is spelled differently."
        if new >= gone
        else ""
    )
    raise TooManyRemovalsError(
        f"{dataset.label} no longer shows {gone:,} of {held:,} rows of {window}; that "
        f"is more than its limits allow, so none were marked as removed, and nothing "
        f"of the day was written.{respelled} If the publisher did remove them, rerun "
        f"with --removal-limit {gone}."
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
