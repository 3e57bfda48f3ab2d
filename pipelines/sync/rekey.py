"""Carry rows over to new keys that the publisher issued for the whole table.

A row whose content stays and whose key is another is one row, not a removal and an
addition: its history and its entries in the change log go with it, and the change of
the key itself is logged like any other.
"""

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window
from pipelines.errors import RekeyedError
from pipelines.sql import query, quote
from pipelines.sync.compare import missing
from pipelines.sync.keys import hashed_columns, key_rows
from pipelines.sync.run import DatasetRun
from pipelines.warehouse import lookups, writes

# This share of the missing rows must be there under other keys: what else happened
# meanwhile, a few corrections and removals, comes to less.
MOST = 0.9

# Fewer rows prove nothing.
FEW = 20

# A column is part of the content if this share of the missing rows' values is among
# the new rows'. Keys and numbers that were reissued, and stamps, have few in common.
IN_COMMON = 0.5


def follow(job: DatasetRun, window: Window, pages: list[pa.Table]) -> None:
    """Rename a window's rows in the warehouse whose keys were reissued.

    Raises:
        RekeyedError: Too few of the missing rows are there under other keys.
    """
    dataset, warehouse = job.dataset, job.warehouse
    received = key_rows(dataset, pages).rows
    known = lookups.known(warehouse, dataset, job.reader.bound, window, received)
    lost = lookups.rows(warehouse, dataset, missing(received, known))
    pairs = renamed(dataset, lost, new_rows(received, known))
    if not lost.num_rows or not pairs.num_rows:
        return
    if pairs.num_rows < MOST * lost.num_rows:
        raise RekeyedError(
            f"{dataset.label} shows only {pairs.num_rows:,} of {lost.num_rows:,} "
            f"missing rows of {window} under other keys; its keys were not "
            "reissued, so none of it was written. Reconcile it without --rekeyed."
        )
    writes.rename(warehouse, dataset, pairs)
    warehouse.ledger.forget_builds()
    job.warn(f"{dataset.name}: {pairs.num_rows:,} rows of {window} have new keys.")


def was_rekeyed(dataset: Dataset, lost: pa.Table, new: pa.Table) -> bool:
    """Whether so many of the missing rows are there under other keys."""
    if lost.num_rows < FEW or new.num_rows < FEW:
        return False
    return bool(renamed(dataset, lost, new).num_rows >= MOST * lost.num_rows)


def new_rows(received: pa.Table, known: pa.Table) -> pa.Table:
    """The rows received whose keys the warehouse never had."""
    is_known = pc.is_in(received["row_id"], known["row_id"])
    return received.filter(pc.invert(is_known))


def renamed(dataset: Dataset, lost: pa.Table, new: pa.Table) -> pa.Table:
    """Pairs of keys, former and present, of rows with the same content.

    Of several rows with one content each is paired once: they differ in nothing.
    """
    columns = content(dataset, lost, new)
    if not columns:
        return pa.table({"former": pa.array([], pa.string()), "present": []})
    same = ", ".join(columns)
    numbered = f"row_number() over (partition by {same} order by row_id) as ordinal"
    agree = " and ".join(f"l.{c} is not distinct from n.{c}" for c in columns)
    return query(
        f"""
        select l.row_id as former, n.row_id as present
        from (select *, {numbered} from lost) as l
        inner join (select *, {numbered} from new) as n
            on l.ordinal = n.ordinal and {agree}
        """,
        lost=lost,
        new=new,
    )


def content(dataset: Dataset, lost: pa.Table, new: pa.Table) -> list[str]:
    """The columns, quoted, that show which rows are the same; none if one is all."""
    names = hashed_columns(dataset)
    kept = [name for name in names if in_common(lost[name], new[name]) >= IN_COMMON]
    return [quote(name) for name in kept] if len(kept) > 1 else []


def in_common(lost: pa.ChunkedArray, new: pa.ChunkedArray) -> float:
    """The share of values, of those that are not null, that are on both sides."""
    values = lost.drop_null()
    if not len(values):
        return 1.0
    found: float = pc.mean(pc.is_in(values, value_set=new)).as_py()
    return found
