"""Decide which of the rows that the warehouse holds and a read lacks are gone.

Each is looked up by its key before it is treated as removed. If too many are gone at
once, none are removed: an outage or differently spelled keys look like that.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window
from pipelines.errors import RekeyedError, TooManyRemovalsError
from pipelines.sync.compare import missing
from pipelines.sync.keys import Keyed, key_rows
from pipelines.sync.rekey import new_rows, was_rekeyed
from pipelines.sync.run import DatasetRun
from pipelines.warehouse import lookups


def account(
    job: DatasetRun, window: Window, keyed: Keyed, known: pa.Table, may_remove: bool
) -> tuple[pa.Table, list[str]]:
    """Account for the rows that the warehouse holds in a window and a read lacks.

    Args:
        keyed: What was read.
        known: What the warehouse holds; see `lookups.known`.
        may_remove: The read was complete and the portal did not change during it.

    Returns:
        All rows that the portal has, including those found outside of the window; and
        the keys of rows that are gone.

    Raises:
        TooManyRemovalsError: More are gone than the limits allow.
    """
    dataset, received = job.dataset, keyed.rows
    lost = lost_rows(dataset, keyed, known)
    if not must_confirm(dataset, window, lost, known, may_remove):
        return received, []
    found = confirm(job, lost)
    held = held_in_window(known)
    if is_refused(dataset, len(found.gone), held):
        gone = lookups.rows(job.warehouse, dataset, found.gone)
        check_keys(dataset, window, gone, held, new_rows(received, known))
    return settled(dataset, window, received, known, found)


def lost_rows(dataset: Dataset, keyed: Keyed, known: pa.Table) -> list[str]:
    """Keys that the warehouse holds in the window and that the read lacks entirely."""
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
    """Whether to look up lost rows by their keys.

    If none may be removed, only when so many are lost that the read would have to be
    refused if they were really gone.
    """
    # If the table itself is a moving window, old rows leave it by age.
    may_age = dataset.moving_window and window.end is not None
    is_suspect = is_refused(dataset, len(lost), held_in_window(known))
    return bool(lost) and not may_age and (may_remove or is_suspect)


@dataclass(frozen=True)
class Confirmed:
    """Why rows are missing from a read."""

    superseded: list[str]
    """Keys of rows from files that are no longer declared: they are not looked up, no
    limit applies to them, and they are not the publisher's removals."""
    gone: list[str]
    """Keys that were looked up and that the portal does not have."""
    moved: pa.Table
    """Rows that the portal has outside of the window."""


def confirm(job: DatasetRun, lost: list[str]) -> Confirmed:
    """Look up lost rows by their keys."""
    dataset, reader = job.dataset, job.reader
    held = reader.within_reach(lookups.rows(job.warehouse, dataset, lost))
    is_current = reader.is_current(held)
    superseded = held.filter(pc.invert(is_current))["row_id"].to_pylist()
    held = held.filter(is_current)
    lost = held["row_id"].to_pylist()
    values = pc.unique(held[raw_name(dataset.key[0])]).drop_null().to_pylist()
    found = key_rows(dataset, [reader.rows_of(sorted(values))])
    # A part may have failed just now.
    lost = reader.within_reach(held)["row_id"].to_pylist()
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
    """All rows that the portal has, and the keys of rows that are gone; see `account`.

    Raises:
        TooManyRemovalsError: More are gone than the limits allow.
    """
    received = pa.concat_tables([received, found.moved.select(received.column_names)])
    is_new = pc.invert(pc.is_in(received["row_id"], known["row_id"]))
    held = held_in_window(known) - len(found.superseded)
    new = pc.sum(is_new).as_py() or 0
    check_removals(dataset, len(found.gone), held, new, window)
    return received, [*found.gone, *found.superseded]


def is_refused(dataset: Dataset, gone: int, held: int) -> bool:
    """Whether too many rows are gone at once to be believed: it may be an outage.

    That is so above both limits, the number of rows and their share; and, except for a
    few rows, at a share (`removal_most_pct`) that no window, month or file loses in a
    day.
    """
    limit = max(dataset.removal_limit_rows, held * dataset.removal_limit_pct / 100)
    return gone > limit or (
        gone > dataset.few_removals and gone * 100 >= held * dataset.removal_most_pct
    )


def check_keys(
    dataset: Dataset, window: Window, gone: pa.Table, held: int, new: pa.Table
) -> None:
    """Tell apart from removals that the publisher reissued the keys.

    Raises:
        RekeyedError: The rows that are gone are there under other keys.
    """
    if was_rekeyed(dataset, gone, new):
        raise RekeyedError(
            f"{dataset.label} shows {gone.num_rows:,} of {held:,} rows of {window} "
            "under other keys than before, so nothing was written. Check whether its "
            "key is spelled differently; if the publisher reissued the keys, carry the "
            f"rows over with `blotter reconcile {dataset.name} --rekeyed`."
        )


def check_removals(
    dataset: Dataset, gone: int, held: int, new: int, window: Window
) -> None:
    """Guard against an outage or respelled keys, which look like a mass removal.

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
        f"is more than its limits allow, so none were marked as removed, and none of "
        f"the day's changes were written.{respelled} If the publisher did remove them, "
        f"rerun with --removal-limit {gone}."
    )
