"""Compare received rows with the warehouse's, before anything is written."""

from collections.abc import Iterable
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.dataset import Dataset
from pipelines.sql import query, quote
from pipelines.sync.keys import hashed_columns
from pipelines.warehouse.differences import Differences


def compare(
    dataset: Dataset,
    received: pa.Table,
    known: pa.Table,
    former: pa.Table,
    gone: list[str],
) -> Differences:
    """Work out which rows to write, and why.

    Args:
        received: Keyed rows as the portal has them now.
        known: row_id, row_hash, is_removed, in_window of the warehouse's rows of the
            window and of every other received key, removed ones too.
        former: The warehouse's versions of the rows whose hash differs.
        gone: Keys that were looked up and that the portal no longer has.
    """
    if not known.num_rows:
        return all_added(received, former)
    changes = query(
        changes_sql(dataset),
        received=received,
        known=known,
        former=former,
        gone=pa.table({"row_id": pa.array(gone, pa.string())}),
    )
    written = received.filter(pc.is_in(received["row_id"], changes["row_id"]))
    rows = pa.concat_tables([written, erased(received, gone)])
    return Differences(rows, changes, former)


def all_added(received: pa.Table, former: pa.Table) -> Differences:
    """The differences if the warehouse has none of the rows."""
    added = pa.repeat(pa.scalar("added"), received.num_rows)
    fields = pa.nulls(received.num_rows, pa.string())
    columns = {"row_id": received["row_id"], "change": added}
    log = pa.table({**columns, "changed_fields": fields})
    return Differences(received, log, former)


def changes_sql(dataset: Dataset) -> str:
    """SQL for row_id, change, changed_fields of what differs in `compare`'s tables."""
    fields = ", ".join(
        f"case when n.{quote(c)} is distinct from o.{quote(c)} then '{c}' end"
        for c in hashed_columns(dataset)
    )
    return f"""
        select n.row_id,
            case when k.row_id is null then 'added'
                when k.is_removed then 'restored' else 'changed' end as change,
            case when o.row_id is not null and not k.is_removed
                then nullif(concat_ws(',', {fields}), '') end as changed_fields
        from received as n
        left join known as k on n.row_id = k.row_id
        left join former as o on n.row_id = o.row_id
        where k.row_id is null or k.is_removed or n.row_hash <> k.row_hash
        union all
        select row_id, 'removed', null from gone
    """


def merged(parts: list[tuple[Differences, pa.ChunkedArray]]) -> Differences:
    """Combine the differences of several reads; for each row, the last read wins.

    Args:
        parts: The differences of each read, at least one, and the keys of all rows that
            it covers, in reading order. All are relative to the same state of the
            warehouse: nothing was written in between.
    """
    kept: list[Differences] = []
    later = pa.chunked_array([], pa.string())
    for found, touched in reversed(parts):
        kept.insert(0, without(found, later))
        later = pa.chunked_array([*later.chunks, *touched.chunks], pa.string())

    def together(tables: Iterable[pa.Table]) -> pa.Table:
        return pa.concat_tables(tables, promote_options="default")

    return Differences(
        together(found.rows for found in kept),
        together(found.changes for found in kept),
        together(found.former for found in kept),
    )


def without(found: Differences, row_ids: pa.ChunkedArray) -> Differences:
    """The differences, except those of some rows."""
    mine = found.changes["row_id"]
    row_ids = row_ids.filter(pc.is_in(row_ids, mine))
    if not len(row_ids):
        return found
    rows, changes, former = (
        table.filter(pc.invert(pc.is_in(table["row_id"], row_ids)))
        for table in (found.rows, found.changes, found.former)
    )
    return Differences(rows, changes, former)


def differing(received: pa.Table, known: pa.Table) -> list[str]:
    """Keys that the warehouse has with a different hash, and not as removed."""
    if not known.num_rows:
        return []
    rows = query(
        "select n.row_id from received as n inner join known as k "
        "on n.row_id = k.row_id where n.row_hash <> k.row_hash and not k.is_removed",
        received=received.select(["row_id", "row_hash"]),
        known=known,
    )
    return keys_of(rows)


def missing(received: pa.Table, known: pa.Table) -> list[str]:
    """Keys that the warehouse holds in the window and the portal no longer shows."""
    if not known.num_rows:
        return []
    rows = query(
        "select k.row_id from known as k anti join received as n "
        "on k.row_id = n.row_id where k.in_window and not k.is_removed "
        "order by k.row_id",
        received=received.select(["row_id"]),
        known=known,
    )
    return keys_of(rows)


def keys_of(rows: pa.Table) -> list[str]:
    row_ids: list[str] = rows["row_id"].to_pylist()
    return row_ids


def months_apart(
    theirs: pa.Table, ours: pa.Table, surplus: dict[date, int]
) -> set[date]:
    """The months whose row counts differ, in total or for one value.

    Args:
        theirs, ours: month, value, row_count; of portal and warehouse.
        surplus: By month, how many more rows the portal is known to have: repeats, and
            rows without a key. Such a month is compared by its total only, since the
            values of those rows are not recorded.
    """
    found = query(
        """
        with by_value as (
            select month, value, sum(row_count) as more
            from (
                from theirs union all select month, value, -row_count from ours
            )
            group by month, value
        )
        select month
        from by_value
        left join known using (month)
        group by month
        having sum(more) <> coalesce(any_value(surplus), 0)
            or (coalesce(any_value(surplus), 0) = 0 and bool_or(more <> 0))
        """,
        theirs=theirs,
        ours=ours,
        known=pa.table(
            {
                "month": pa.array(surplus, pa.date32()),
                "surplus": pa.array(surplus.values(), pa.int64()),
            }
        ),
    )
    return set(found["month"].to_pylist())


def erased(like: pa.Table, row_ids: list[str]) -> pa.Table:
    """Rows with nothing left but their key."""
    nothing = pa.nulls(len(row_ids), pa.string())
    return pa.table(
        [
            pa.array(row_ids, pa.string()) if name == "row_id" else nothing
            for name in like.column_names
        ],
        names=like.column_names,
    )
