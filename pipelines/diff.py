"""Find out which rows differ from what the warehouse holds, before anything is written.

All of it is vectorized: DuckDB in memory over Arrow tables, no loop over rows.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.dataset import REJECT, Dataset
from pipelines.errors import ConfigError, first_line

# Never part of a published text, so a null can't be taken for text, nor two columns
# for one.
NULL_MARK = "chr(26)"
SEPARATOR = "chr(31)"


@dataclass(frozen=True)
class Keyed:
    """Rows with `row_id` and `row_hash`, one a key; and those that can't have one."""

    rows: pa.Table
    rejects: pa.Table
    """Rows that can't be loaded; the declared columns and the reason, `REJECT`."""
    repeats: int
    """Rows left out because a newer or equal one has their key."""
    seen: frozenset[str] = frozenset()
    """`row_id` of rejects, less an ordinal: their rows are there, if not readable."""
    has_unknown: bool = False
    """A reject's key can't be read: it may be any row's."""

    def holds(self, dataset: Dataset, row_id: str) -> bool:
        """Whether a row is among the rejects."""
        base = row_id if dataset.key_is_unique else re.sub("-[0-9]+$", "", row_id)
        return row_id in self.seen or base in self.seen


@dataclass(frozen=True)
class Differences:
    """What a load has to write."""

    rows: pa.Table
    changes: pa.Table
    """row_id, change, changed_fields."""
    former: pa.Table
    """The versions that changed rows had, declared columns and `row_id`."""

    def number(self, change: str) -> int:
        """How many rows were added, changed, removed or restored."""
        return pc.sum(pc.equal(self.changes["change"], change)).as_py() or 0


def key_rows(dataset: Dataset, pages: list[pa.Table]) -> Keyed:
    """Give every row its `row_id` and `row_hash`.

    `row_id` is the publisher's key. Where that is several columns it is the first of
    them and a digest of the others (they describe the incident, and a key outlives a
    removal), then an ordinal where exact ties remain. `row_hash` covers the declared
    columns without `unhashed`, null and empty text kept apart.
    """
    read = pa.concat_tables([empty(dataset), *pages], promote_options="default")
    reason = reasons(dataset, read)
    read = without_the_rest(dataset, read.select(dataset.loaded_columns))
    rejects, rows = read.slice(0, 0).append_column(REJECT, reason.slice(0, 0)), read
    if reason.null_count < len(reason):
        rejects = read.append_column(REJECT, reason).filter(pc.is_valid(reason))
        rows = read.filter(pc.is_null(reason))
    keys = query(
        f"""
        select {key_sql(dataset)} as row_id, {hash_sql(dataset)} as row_hash,
            {newest_sql(dataset)} as newest
        from rows
        """,
        rows=rows,
    )
    order = keep_newest(dataset, keys)
    kept = rows if order is None else rows.take(order["position"])
    keys = keys if order is None else order
    for name in ("row_id", "row_hash"):
        if name in kept.column_names:
            kept = kept.drop_columns([name])
        kept = kept.append_column(name, keys[name])
    repeats = rows.num_rows - kept.num_rows
    return Keyed(kept, rejects, repeats, *seen_keys(dataset, rejects))


def reasons(dataset: Dataset, read: pa.Table) -> pa.ChunkedArray:
    """Why each row can't be loaded; null where it can."""
    key = read[dataset.key[0].lower()]
    reason = pa.chunked_array([pa.nulls(read.num_rows, pa.string())])
    if REJECT in read.column_names:
        reason = read[REJECT]
    if key.null_count:
        reason = pc.if_else(pc.is_null(key), "no key", reason)
    return reason


def seen_keys(dataset: Dataset, rejects: pa.Table) -> tuple[frozenset[str], bool]:
    """Keys of the rejects that have one, and whether others can't be read."""
    if not rejects.num_rows:
        return frozenset(), False
    names = [quote(name.lower()) for name in dataset.key]
    broken = " or ".join(f"coalesce(contains({n}, chr(65533)), false)" for n in names)
    keys = query(
        f"select {key_sql(dataset)} as row_id, {broken} as is_broken from rejects "
        f"where {names[0]} is not null",
        rejects=rejects,
    )
    legible = keys.filter(pc.invert(keys["is_broken"]))["row_id"].to_pylist()
    return frozenset(legible), len(legible) < keys.num_rows


def without_the_rest(dataset: Dataset, rows: pa.Table) -> pa.Table:
    """Cut columns to the part that the declaration keeps of them (`kept_part`).

    Every row passes here before it is keyed, compared, set aside or written.

    Raises:
        ConfigError: A pattern is none.
    """
    for column, pattern in dataset.kept_part.items():
        name = column.lower()
        position = rows.column_names.index(name)
        try:
            found = pc.struct_field(pc.extract_regex(rows[name], pattern), [0])
        except pa.ArrowInvalid as error:
            raise ConfigError(
                f"{dataset.name}.toml can't be used: `kept_part` of {column!r} is no "
                f"pattern ({first_line(error)}); nothing was written."
            ) from error
        kept = pc.if_else(pc.is_valid(rows[name]), pc.fill_null(found, ""), None)
        rows = rows.set_column(position, name, kept.cast(pa.string()))
    return rows


def keep_newest(dataset: Dataset, keys: pa.Table) -> pa.Table | None:
    """One row a key: (position, row_id, row_hash); None when all keys differ already.

    A unique key keeps the newest row, of equally new ones the last read. Rows that only
    share a composite key are told apart by an ordinal in the order of their digest, so
    that it does not hang on the order of reading; where a column tells which of two
    rows is newer, equal rows are repeats of one.
    """
    if pc.count_distinct(keys["row_id"]).as_py() == keys.num_rows:
        return None
    same = "row_id" if dataset.key_is_unique else "row_id, row_hash"
    newest = f"""
        select * from numbered
        qualify row_number() over (
            partition by {same} order by newest desc nulls last, position desc) = 1
    """
    kept = newest if dataset.key_is_unique or dataset.newest_by else "from numbered"
    return query(
        f"""
        select position, row_hash,
            row_id || case when ordinal > 1 then '-' || ordinal else '' end as row_id
        from (
            select *, row_number() over (
                partition by row_id order by row_hash, position) as ordinal
            from ({kept}) as kept
        ) as ordinals
        order by position
        """,
        numbered=keys.append_column(
            "position", pa.array(range(keys.num_rows), pa.int64())
        ),
    )


def compare(
    dataset: Dataset,
    received: pa.Table,
    known: pa.Table,
    former: pa.Table,
    gone: list[str],
) -> Differences:
    """Tell which rows to write and why.

    Args:
        received: Keyed rows as the portal has them now.
        known: row_id, row_hash, is_removed, in_window of the warehouse's rows of the
            window and of every other received key, removed ones too.
        former: The warehouse's versions of the rows whose hash differs.
        gone: Keys that the portal was asked for and does not have any more.
    """
    if not known.num_rows:
        added = pa.repeat(pa.scalar("added"), received.num_rows)
        fields = pa.nulls(received.num_rows, pa.string())
        columns = {"row_id": received["row_id"], "change": added}
        log = pa.table({**columns, "changed_fields": fields})
        return Differences(received, log, former)
    fields = ", ".join(
        f"case when n.{quote(c)} is distinct from o.{quote(c)} then '{c}' end"
        for c in hashed_columns(dataset)
    )
    changes = query(
        f"""
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
        """,
        received=received,
        known=known,
        former=former,
        gone=pa.table({"row_id": pa.array(gone, pa.string())}),
    )
    written = received.filter(pc.is_in(received["row_id"], changes["row_id"]))
    rows = pa.concat_tables([written, erased(received, gone)])
    return Differences(rows, changes, former)


def merged(parts: list[tuple[Differences, pa.ChunkedArray]]) -> Differences:
    """The differences of several reads as those of one: of a row the last one tells.

    Args:
        parts: The differences of each read, at least one, and the keys of all rows that
            it knows of, in the order of reading. All are differences to the same
            warehouse: nothing was written between.
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
    """Differences but for those of some rows."""
    if not len(row_ids):
        return found
    rows, changes, former = (
        table.filter(pc.invert(pc.is_in(table["row_id"], row_ids)))
        for table in (found.rows, found.changes, found.former)
    )
    return Differences(rows, changes, former)


def differing(received: pa.Table, known: pa.Table) -> list[str]:
    """Keys that the warehouse has with another hash, and not as removed."""
    rows = query(
        "select n.row_id from received as n inner join known as k "
        "on n.row_id = k.row_id where n.row_hash <> k.row_hash and not k.is_removed",
        received=received.select(["row_id", "row_hash"]),
        known=known,
    )
    return rows["row_id"].to_pylist()


def missing(received: pa.Table, known: pa.Table) -> list[str]:
    """Keys that the warehouse holds in the window and the portal no longer shows."""
    rows = query(
        "select k.row_id from known as k anti join received as n "
        "on k.row_id = n.row_id where k.in_window and not k.is_removed "
        "order by k.row_id",
        received=received.select(["row_id"]),
        known=known,
    )
    return rows["row_id"].to_pylist()


def months_apart(
    theirs: pa.Table, ours: pa.Table, surplus: dict[date, int]
) -> set[date]:
    """The months whose counts differ, of all rows or of one value's.

    Args:
        theirs, ours: month, value, row_count; of portal and warehouse.
        surplus: By month, how many more rows the portal is known to have: repeats, and
            rows without a key. Such a month is compared by its number of rows alone,
            since the values of those are not recorded.
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
    """Rows that keep nothing but their key."""
    nothing = pa.nulls(len(row_ids), pa.string())
    return pa.table(
        [
            pa.array(row_ids, pa.string()) if name == "row_id" else nothing
            for name in like.column_names
        ],
        names=like.column_names,
    )


def empty(dataset: Dataset) -> pa.Table:
    """No rows, every declared column."""
    return pa.table(
        {name: pa.array([], pa.string()) for name in dataset.loaded_columns}
    )


def query(sql: str, **tables: pa.Table) -> pa.Table:
    """Run SQL over Arrow tables, by their names here."""
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(sql).to_arrow_table()


def hashed_columns(dataset: Dataset) -> list[str]:
    names = (*dataset.unhashed, *dataset.later_columns)
    unhashed = {name.lower() for name in names}
    return [name for name in dataset.loaded_columns if name not in unhashed]


def quote(name: str) -> str:
    return f'"{name}"'


def key_sql(dataset: Dataset) -> str:
    first, *others = [quote(name.lower()) for name in dataset.key]
    if not others:
        return first
    return f"{first} || '-' || left({digest_sql(others)}, 12)"


def hash_sql(dataset: Dataset) -> str:
    """A digest of the values that are there, each with its name.

    So a column that is declared later changes no row that has nothing in it.
    """
    named = [f"'{name}=' || {quote(name)}" for name in sorted(hashed_columns(dataset))]
    return f"md5(concat_ws({SEPARATOR}, {', '.join(named)}))"


def digest_sql(expressions: list[str]) -> str:
    """A digest of several text expressions, in which null is a value of its own."""
    marked = ", ".join(f"coalesce({e}, {NULL_MARK})" for e in expressions)
    return f"md5(concat_ws({SEPARATOR}, {marked}))"


def newest_sql(dataset: Dataset) -> str:
    return quote(dataset.newest_by.lower()) if dataset.newest_by else "null::text"
