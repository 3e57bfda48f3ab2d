"""Give rows their `row_id` and `row_hash`, and keep one row per key.

Everything is vectorized: DuckDB in memory over Arrow tables, no loop over rows.
"""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import PART, REJECT, raw_name
from pipelines.datasets.dataset import Dataset
from pipelines.errors import ConfigError, first_line
from pipelines.sql import query, quote

# Published text never contains these characters, so null can't be mistaken for text,
# nor two columns for one.
NULL_MARK = "chr(26)"

SEPARATOR = "chr(31)"


@dataclass(frozen=True)
class Keyed:
    """Rows with `row_id` and `row_hash`, one per key, and the rejected rows."""

    rows: pa.Table
    rejects: pa.Table
    """Rows that can't be loaded: the declared columns, and the reason in `REJECT`."""
    repeats: int
    """How many rows were left out because a newer or equal one has the same key."""
    seen: frozenset[str] = frozenset()
    """`row_id` of rejects, without an ordinal: these rows exist but can't be read."""
    has_unknown: bool = False
    """A reject's key can't be read, so it may belong to any row."""

    def holds(self, dataset: Dataset, row_id: str) -> bool:
        """Whether a row is among the rejects."""
        base = row_id if dataset.key_is_unique else re.sub("-[0-9]+$", "", row_id)
        return row_id in self.seen or base in self.seen


def key_rows(dataset: Dataset, pages: list[pa.Table]) -> Keyed:
    """Give every row its `row_id` and `row_hash`.

    `row_id` is the publisher's key. If that has several columns, it is the first of
    them and a digest of the others (they describe the incident, and a key outlives a
    removal), then an ordinal if exact ties remain. `row_hash` covers the declared
    columns without `unhashed`; it distinguishes null from empty text.
    """
    read = pa.concat_tables([empty(dataset), *pages], promote_options="default")
    reason, part = reasons(dataset, read), parts_of(read)
    read = without_the_rest(dataset, read.select(dataset.loaded_columns))
    rejects, rows = read.slice(0, 0).append_column(REJECT, reason.slice(0, 0)), read
    if reason.null_count < len(reason):
        rejects = read.append_column(REJECT, reason).filter(pc.is_valid(reason))
        rows, part = (each.filter(pc.is_null(reason)) for each in (read, part))
    keys = query(
        f"""
        select {key_sql(dataset)} as row_id, {hash_sql(dataset)} as row_hash,
            {newest_sql(dataset)} as newest
        from rows
        """,
        rows=rows,
    )
    order = keep_newest(dataset, keys.append_column("part", part))
    kept = rows if order is None else rows.take(order["position"])
    keys = keys if order is None else order
    for name in ("row_id", "row_hash"):
        if name in kept.column_names:
            kept = kept.drop_columns([name])
        kept = kept.append_column(name, keys[name])
    repeats = rows.num_rows - kept.num_rows
    return Keyed(kept, rejects, repeats, *seen_keys(dataset, rejects))


def reasons(dataset: Dataset, read: pa.Table) -> pa.ChunkedArray:
    """Why each row can't be loaded; null if it can."""
    key = read[raw_name(dataset.key[0])]
    reason = pa.chunked_array([pa.nulls(read.num_rows, pa.string())])
    if REJECT in read.column_names:
        reason = read[REJECT]
    if key.null_count:
        reason = pc.if_else(pc.is_null(key), "no key", reason)
    return reason


def parts_of(read: pa.Table) -> pa.ChunkedArray:
    """The part of the data set that each row is from; null if it has none."""
    if PART in read.column_names:
        return read[PART]
    return pa.chunked_array([pa.nulls(read.num_rows, pa.string())])


def seen_keys(dataset: Dataset, rejects: pa.Table) -> tuple[frozenset[str], bool]:
    """Keys of the rejects that have one, and whether others can't be read."""
    if not rejects.num_rows:
        return frozenset(), False
    names = [quote(raw_name(name)) for name in dataset.key]
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

    Every row passes through here before it is keyed, compared, rejected or written.

    Raises:
        ConfigError: A pattern is not a valid regular expression.
    """
    for column, pattern in dataset.kept_part.items():
        name = raw_name(column)
        position = rows.column_names.index(name)
        try:
            found = pc.struct_field(pc.extract_regex(rows[name], pattern), [0])
        except pa.ArrowInvalid as error:
            raise ConfigError(
                f"{dataset.name}.toml can't be used: `kept_part` of {column!r} is not "
                f"a valid pattern ({first_line(error)}); nothing was written."
            ) from error
        kept = pc.if_else(pc.is_valid(rows[name]), pc.fill_null(found, ""), None)
        rows = rows.set_column(position, name, kept.cast(pa.string()))
    return rows


def keep_newest(dataset: Dataset, keys: pa.Table) -> pa.Table | None:
    """One row per key: (position, row_id, row_hash); None if all keys differ already.

    A unique key keeps the newest row and, of equally new ones, the one read last. Rows
    that merely share a composite key get an ordinal in the order of their digest, which
    does not depend on the order of reading; if a column says which of two rows is
    newer, equal rows are repeats of one. Equal rows of different parts are repeats too:
    a row may stand in two while it moves.
    """
    if pc.count_distinct(keys["row_id"]).as_py() == keys.num_rows:
        return None
    same = "row_id" if dataset.key_is_unique else "row_id, row_hash"
    newest = f"""
        select * from numbered
        qualify row_number() over (
            partition by {same} order by newest desc nulls last, position desc) = 1
    """
    one_of_parts = """
        select * from (
            select *, row_number() over (
                partition by row_id, row_hash, part order by position) as copy
            from numbered
        ) as copies
        qualify row_number() over (
            partition by row_id, row_hash, copy order by position desc) = 1
    """
    kept = newest if dataset.key_is_unique or dataset.newest_by else one_of_parts
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


def empty(dataset: Dataset) -> pa.Table:
    """A table without rows, with every declared column."""
    return pa.table(
        {name: pa.array([], pa.string()) for name in dataset.loaded_columns}
    )


def hashed_columns(dataset: Dataset) -> list[str]:
    names = (*dataset.unhashed, *dataset.later_columns)
    unhashed = {raw_name(name) for name in names}
    return [name for name in dataset.loaded_columns if name not in unhashed]


def key_sql(dataset: Dataset) -> str:
    first, *others = [quote(raw_name(name)) for name in dataset.key]
    if not others:
        return first
    return f"{first} || '-' || left({digest_sql(others)}, 12)"


def hash_sql(dataset: Dataset) -> str:
    """SQL for a digest of the values that are not null, each with its column's name.

    A column that is declared later therefore leaves rows unchanged where it is null.
    The key is never null, so a separator is due before each column after it and after
    each one before it. `concat_ws` would do the same, but copy every value once more.
    """
    names, key = sorted(hashed_columns(dataset)), raw_name(dataset.key[0])
    if key not in names:
        named = [f"'{name}=' || {quote(name)}" for name in names]
        return f"md5(concat_ws({SEPARATOR}, {', '.join(named)}))"
    parts = []
    for name in names:
        before = f"{SEPARATOR} || '{name}='" if name > key else f"'{name}='"
        parts += [unless_null(name, before), quote(name)]
        if name < key:
            parts.append(unless_null(name, SEPARATOR))
    return f"md5(concat({', '.join(parts)}))"


def unless_null(column: str, text: str) -> str:
    return f"case when {quote(column)} is not null then {text} end"


def digest_sql(expressions: list[str]) -> str:
    """SQL for a digest of several text expressions; null differs from empty text."""
    marked = ", ".join(f"coalesce({e}, {NULL_MARK})" for e in expressions)
    return f"md5(concat_ws({SEPARATOR}, {marked}))"


def newest_sql(dataset: Dataset) -> str:
    return quote(raw_name(dataset.newest_by)) if dataset.newest_by else "null::text"
