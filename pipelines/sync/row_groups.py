"""Divide what is loaded into whole row groups and a rest that waits for more rows.

DuckDB stores rows in groups. Those of a load that ends within a group are written
again, with all that follows, when the file is closed.
"""

import dataclasses

import pyarrow.compute as pc

from pipelines.datasets.dataset import Dataset
from pipelines.sync.window import Proven
from pipelines.warehouse.differences import Differences
from pipelines.warehouse.tables import window_months

ROW_GROUP = 122_880


def whole_groups(
    dataset: Dataset, parts: list[Proven]
) -> tuple[list[Proven], list[Proven]]:
    """Divide parts into those to write now and those to write with the next batch.

    Only rows of the last part wait, fewer than a group, and only if it is larger than
    that and adds rows only. The open-ended window never waits.

    Args:
        parts: In reading order, at least one.

    Returns:
        The parts to write, in whole row groups if any wait; and those that wait.
    """
    *others, last = parts
    over = sum(part.num_rows for part in parts) % ROW_GROUP
    is_open = last.window.end is None
    if is_open or not over or last.num_rows < ROW_GROUP or not adds_only(parts):
        return parts, []
    head, rest = divided(dataset, last, last.num_rows - over)
    return [*others, head], [rest]


def adds_only(parts: list[Proven]) -> bool:
    """Whether nothing that is held changes."""
    return all(
        part.differences.number("added") == part.differences.changes.num_rows
        for part in parts
    )


def divided(dataset: Dataset, part: Proven, rows: int) -> tuple[Proven, Proven]:
    """Divide a part that only adds rows into its first rows and the rest.

    A month is complete with the part that has the last of its rows. If some of the rest
    have no date, no month is complete without it.
    """
    found = part.differences
    first, others = (
        Differences(
            found.rows.slice(*span), found.changes.slice(*span), found.former.slice(0)
        )
        for span in [(0, rows), (rows,)]
    )
    dated = window_months(dataset, others.rows)
    late = set(part.months)
    if not dated.null_count:
        days = set(pc.unique(dated).to_pylist())
        late = {month for month in part.months if month.start in days}
    head = dataclasses.replace(
        part, differences=first, months=tuple(m for m in part.months if m not in late)
    )
    rest = dataclasses.replace(
        part,
        differences=others,
        rejects=part.rejects.slice(0, 0),
        shown=others.rows["row_id"],
        repeats=0,
        forgets=False,
        months=tuple(m for m in part.months if m in late),
    )
    return head, rest
