"""Fill a scratch DuckDB with hand-made raw tables, as the pipelines leave them."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

DATASETS = Path(__file__).parents[2] / "pipelines" / "datasets"
LOADED_AT = datetime(2024, 3, 1, 12, tzinfo=UTC)

LEDGER = """
create table if not exists ledger.runs (
    run_id text, command text, dataset text,
    started_at timestamptz, finished_at timestamptz, window_start date,
    portal_version text, portal_rows bigint, rows_read bigint, added bigint,
    changed bigint, removed bigint, restored bigint, rejected bigint,
    seconds double, outcome text, error text
)
"""
# What the pipelines make beside a data set's table of present rows.
BESIDE = """
create table if not exists {table}_former (
    row_id text, {columns}, run_id text, replaced_at timestamptz
);
create table if not exists {table}_changes (
    row_id text, change text, changed_fields text, run_id text, changed_at timestamptz
);
create table if not exists {table}_rejects (
    reason text, row text, window_value text, run_id text, rejected_at timestamptz
);
create or replace view {table}_versions as
select *, cast(null as timestamptz) as replaced_at from {table}
union all by name
select * from {table}_former
"""


def published_names(dataset: str) -> list[str]:
    """The published columns of a data set, without `row_id`."""
    declared = tomllib.loads((DATASETS / f"{dataset}.toml").read_text())
    kinds = ("columns", "optional_columns", "later_columns")
    names = [name for kind in kinds for name in declared.get(kind, [])]
    return [name for name in names if name.lower() != "row_id"]


def declared_columns(dataset: str) -> list[str]:
    """The published columns of a data set, in lower case, without `row_id`."""
    return [name.lower() for name in published_names(dataset)]


def table_of(dataset: str) -> str:
    """`raw_<source>.<entity>` of a data set named `<source>__<entity>`."""
    source, entity = dataset.split("__")
    return f"raw_{source}.{entity}"


def make_raw(
    path: Path | str, rows_by_dataset: Mapping[str, Iterable[Mapping[str, str]]]
) -> None:
    """Create every raw table, change log and the ledger where absent; load rows.

    What is new, changed or restored is logged at the row's `loaded_at`, and the version
    that a change replaces is kept; a row as it was is not written again.

    Args:
        path: The DuckDB file; made when absent.
        rows_by_dataset: Rows by data set, `{"memphis__incidents": [{"row_id": "1",
            "crime_id": "A", ...}]}`: text as published under names in lower case;
            what a row leaves out is null. `row_id` is required, once a call;
            `loaded_at` (an aware datetime) is 2024-03-01 12:00 UTC unless given.
    """
    with duckdb.connect(str(path)) as warehouse, transaction(warehouse):
        warehouse.execute("create schema if not exists ledger")
        warehouse.execute(LEDGER)
        for declaration in sorted(DATASETS.glob("*.toml")):
            _make_tables(warehouse, declaration.stem)
        for dataset, rows in rows_by_dataset.items():
            _load(warehouse, dataset, [*rows])


def remove(
    path: Path | str, dataset: str, row_ids: list[str], removed_at: datetime
) -> None:
    """Do to raw rows what the pipeline does when the portal withdrew them."""
    erased = ", ".join(f'"{name}" = null' for name in declared_columns(dataset))
    table, among = table_of(dataset), "list_contains($1, row_id)"
    with duckdb.connect(str(path)) as warehouse, transaction(warehouse):
        warehouse.execute(
            f"insert into {table}_changes select row_id, 'removed', null, 'run', $2 "
            f"from {table} where {among} and removed_at is null",
            [row_ids, removed_at],
        )
        warehouse.execute(f"delete from {table}_former where {among}", [row_ids])
        warehouse.execute(
            f"update {table} set {erased}, removed_at = $2, loaded_at = $2 "
            f"where {among} and removed_at is null",
            [row_ids, removed_at],
        )


@contextmanager
def transaction(warehouse: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Write to disk once, at the end; after an error the file closes unchanged."""
    warehouse.begin()
    yield
    warehouse.commit()


def _make_tables(warehouse: duckdb.DuckDBPyConnection, dataset: str) -> None:
    table = table_of(dataset)
    columns = ", ".join(f'"{name}" text' for name in declared_columns(dataset))
    warehouse.execute(f"create schema if not exists {table.split('.')[0]}")
    warehouse.execute(
        f"create table if not exists {table} (row_id text, {columns}, row_hash text,"
        " run_id text, loaded_at timestamptz, removed_at timestamptz,"
        " window_month date)"
    )
    warehouse.execute(BESIDE.format(table=table, columns=columns))


def _as_table(rows: list[Mapping[str, object]]) -> pa.Table:
    """Rows as a load writes them: every column that any of them has, else null."""
    defaults = {"run_id": "run", "row_hash": "hash", "loaded_at": LOADED_AT}
    names = dict.fromkeys([*defaults, *(name for row in rows for name in row)])
    instant = pa.timestamp("us", "UTC")
    types = {"loaded_at": instant, "removed_at": instant}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist([{**defaults, **row} for row in rows], schema)


def _load(
    warehouse: duckdb.DuckDBPyConnection,
    dataset: str,
    rows: list[Mapping[str, object]],
) -> None:
    """Write what differs, with its entries and the versions that it replaces."""
    table, declared = table_of(dataset), declared_columns(dataset)
    warehouse.execute(f"create or replace temp table loaded as from {table} limit 0")
    if rows:
        # All at once: 30,000 cities one by one take half a minute.
        warehouse.register("given", _as_table(rows))
        warehouse.execute("insert into loaded by name from given")
        warehouse.unregister("given")
    fields = ", ".join(
        f'case when held."{name.lower()}" is distinct from '
        f"loaded.\"{name.lower()}\" then '{name}' end"
        for name in published_names(dataset)
    )
    warehouse.execute(
        f"""
        create or replace temp table differing as
        select
            loaded.*,
            case
                when held.row_id is null then 'added'
                when held.removed_at is not null then 'restored'
                else 'changed'
            end as change,
            nullif(concat_ws(',', {fields}), '') as fields
        from loaded left join {table} as held using (row_id)
        where held.row_id is null or held.removed_at is not null or fields is not null
        """
    )
    columns = ", ".join(f'held."{name}"' for name in declared)
    warehouse.execute(
        f"""
        insert into {table}_changes
        select row_id, change, if(change = 'changed', fields, null), run_id, loaded_at
        from differing;
        insert into {table}_former
        select held.row_id, {columns}, differing.run_id, differing.loaded_at
        from differing inner join {table} as held using (row_id)
        where differing.change = 'changed';
        delete from {table} where row_id in (select row_id from differing);
        insert into {table} select * exclude (change, fields) from differing
        """
    )
