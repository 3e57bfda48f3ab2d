"""Read one window of one data set, prove it complete, and load what differs."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.dataset import REJECT, Dataset
from pipelines.datasets.windows import Window
from pipelines.errors import (
    IncompleteReadError,
    TooManyRejectsError,
    TooManyRemovalsError,
)
from pipelines.portals.reader import Read, Reader
from pipelines.sync.compare import compare, differing, missing
from pipelines.sync.keys import Keyed, key_rows, without_the_rest
from pipelines.sync.run import Tally
from pipelines.warehouse import lookups
from pipelines.warehouse.differences import Differences
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

# How often a window whose rows don't add up is read again.
READS = 3


def read_window(
    reader: Reader, window: Window, tally: Tally, expected: int | None = None
) -> tuple[list[pa.Table], Read]:
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
        recount = reader.count(window)
        if recount != expected:
            # Rows came or went meanwhile. What was read is true; what is missing from
            # it may not be gone.
            read.is_moving = True
            break
    else:
        raise IncompleteReadError(
            f"{dataset.label} sent {received:,} rows of {window} but "
            f"counts {expected:,}, {READS} times over; nothing of it was written."
        )
    tally.portal_rows += expected
    tally.rows_read += received
    return pages, read


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
    reader: Reader,
    warehouse: Warehouse,
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
    dataset = reader.dataset
    keyed = key_rows(dataset, pages)
    check_rejects(dataset, keyed, window)
    received = keyed.rows
    known = lookups.known(warehouse, dataset, reader.bound, window, received)
    gone: list[str] = []
    lost = [i for i in missing(received, known) if not keyed.holds(dataset, i)]
    held = pc.sum(known["in_window"]).as_py() or 0
    # Of a table that is itself a moving window old rows leave by their age.
    may_age = dataset.moving_window and window.end is not None
    is_suspect = is_refused(dataset, len(lost), held)
    if lost and not may_age and (may_remove or is_suspect):
        superseded, gone, moved = confirm(reader, warehouse, lost)
        received = pa.concat_tables([received, moved.select(received.column_names)])
        is_new = pc.invert(pc.is_in(received["row_id"], known["row_id"]))
        held -= len(superseded)
        check_removals(dataset, len(gone), held, pc.sum(is_new).as_py() or 0, window)
        gone += superseded
    # Rows that were loaded before a column was cut are cut now.
    former = without_the_rest(
        dataset, lookups.rows(warehouse, dataset, differing(received, known))
    )
    return Proven(
        window=window,
        differences=compare(
            dataset, received, known, former, gone if may_remove else []
        ),
        rejects=keyed.rejects,
        shown=received["row_id"],
        repeats=keyed.repeats,
        forgets=may_remove and is_asked,
    )


def confirm(
    reader: Reader, warehouse: Warehouse, lost: list[str]
) -> tuple[list[str], list[str], pa.Table]:
    """Tell why rows are not among those that were read.

    Returns:
        Keys of rows that are of no declared file any more: of these nobody is asked, no
        limit holds, and they are not the publisher's removals. Keys that the portal was
        asked for and does not have. And the rows that it has elsewhere.
    """
    dataset = reader.dataset
    held = reader.within_reach(lookups.rows(warehouse, dataset, lost))
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
        return superseded, [], moved
    gone = [i for i in lost if i not in there and not found.holds(dataset, i)]
    return superseded, gone, moved


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
        TooManyRemovalsError: So many can't be gone; says how to allow it.
    """
    if not is_refused(dataset, gone, held):
        return
    respelled = (
        f" It shows {new:,} new ones: is its key spelled as it was?"
        if new >= gone
        else ""
    )
    raise TooManyRemovalsError(
        f"{dataset.label} no longer shows {gone:,} of {held:,} rows of {window}; so "
        f"many at once are not taken for removed, and nothing of it was written."
        f"{respelled} If they truly are gone, run again with --removal-limit {gone}."
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
