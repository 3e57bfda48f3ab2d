"""Create the raw tables, and the view of them that staging reads, before any load.

Python creates the view, not dbt, because the declaration determines its columns.
"""

from datetime import datetime

import pyarrow as pa

from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import Dataset
from pipelines.sql import quote
from pipelines.warehouse.engines.base import Columns
from pipelines.warehouse.tables import (
    empty_tables,
    version_columns,
    window_months,
)
from pipelines.warehouse.warehouse import Warehouse

# dbt's schemas, without the prefix.
BUILT = ("seeds", "staging", "intermediate", "marts")


def prepare(warehouse: Warehouse, datasets: list[Dataset]) -> None:
    """Create the ledger and every data set's tables if they don't exist yet.

    Newly declared columns are added to existing tables.
    """
    schema = warehouse.engine.schema
    schemas = [*warehouse.schemas_of(datasets), *map(schema, BUILT)]
    warehouse.engine.check([*schemas, warehouse.ledger.schema])
    warehouse.ledger.prepare()
    warehouse.ledger.carry_over(datasets)
    made = warehouse.engine.columns(schemas)
    there = {name for name, _ in made}
    # Created by the engine, not by dlt or dbt: it knows their options.
    for name in schemas:
        if name not in there:
            warehouse.engine.make_schema(name)
    logs = [d for d in datasets if (schema(d.schema), f"{d.entity}_changes") in made]
    warehouse.last_instant = max(
        [warehouse.last_instant, *_newest_changes(warehouse, logs)]
    )
    for dataset in datasets:
        _prepare_tables(warehouse, dataset, made)


def _newest_changes(warehouse: Warehouse, datasets: list[Dataset]) -> list[datetime]:
    if not datasets:
        return []
    logs = [f"{warehouse.table(dataset)}_changes" for dataset in datasets]
    each = [f"select max(changed_at) from {log}" for log in logs]
    with warehouse.connect() as connection:
        found = connection.execute(" union all ".join(each)).fetchall()
    return [instant for (instant,) in found if instant]


def _prepare_tables(warehouse: Warehouse, dataset: Dataset, made: Columns) -> None:
    """Create a data set's tables and their view, or add missing columns."""
    tables, view = empty_tables(dataset), f"{dataset.entity}_versions"
    wanted = {name: rows.column_names for name, rows in tables.items()}
    # Created last: a run may have been killed between the tables and their view.
    wanted[view] = [*version_columns(dataset), "window_month"]
    schema = warehouse.engine.schema(dataset.schema)
    has = {name: made.get((schema, name), []) for name in wanted}
    if all(set(wanted[name]) <= set(has[name]) for name in wanted):
        return
    if not warehouse.engine.make_tables(schema, tables, made):
        warehouse.loader.abort(dataset)
        warehouse.loader.load(dataset, tables, "append")
    if has[dataset.entity] and "window_month" not in has[view]:
        _fill_months(warehouse, dataset)
    held = warehouse.engine.columns([schema])[schema, f"{dataset.entity}_former"]
    with warehouse.connect() as connection:
        connection.execute(versions_view(warehouse.table(dataset), held))


def versions_view(table: str, held: list[str]) -> str:
    """SQL for the view `<entity>_versions`: current and former versions of rows.

    Staging reads it, so that values before and after a change get the same names and
    types. `replaced_at` is null for the current version.

    Args:
        table: The table of current rows, with its schema.
        held: The columns of `<entity>_former`, in its order, so that new columns come
            last: PostgreSQL can't reorder the columns when it replaces a view.
    """
    others = {"run_id", "replaced_at"}
    columns = ", ".join(quote(name) for name in held if name not in others)
    return f"""
        create or replace view {table}_versions as
        select row_hash, run_id, loaded_at, removed_at, window_month,
            cast(null as timestamptz) as replaced_at, {columns}
        from {table}
        union all
        select cast(null as text), run_id, cast(null as timestamptz),
            cast(null as timestamptz), cast(null as date), replaced_at, {columns}
        from {table}_former
    """


def _fill_months(warehouse: Warehouse, dataset: Dataset) -> None:
    """Backfill `window_month` in rows that were loaded before the column existed."""
    if dataset.window_column is None:
        return
    column = raw_name(dataset.windowed_by)
    with warehouse.connect() as connection:
        rows = connection.execute(
            f"select row_id, {quote(column)} from {warehouse.table(dataset)} "
            "where removed_at is null"
        ).to_arrow_table()
        months = window_months(dataset, rows)
        connection.register(
            "dated", pa.table({"row_id": rows["row_id"], "month": months})
        )
        connection.execute(
            f"update {warehouse.table(dataset)} as held set window_month = dated.month "
            "from dated where held.row_id = dated.row_id"
        )
