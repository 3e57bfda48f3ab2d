"""The shape of a data set's raw tables, as Arrow tables and as dlt's columns."""

import json
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.dataset import REJECT, Dataset
from pipelines.diff import quote

INSTANT = pa.timestamp("us", tz="UTC")


def table(dataset: Dataset) -> str:
    return f"{dataset.schema}.{dataset.entity}"


def version_columns(dataset: Dataset) -> list[str]:
    """What a version of a row holds: the declared columns and its key."""
    return list(dict.fromkeys([*dataset.loaded_columns, "row_id"]))


def empty_tables(dataset: Dataset) -> dict[str, pa.Table]:
    """A data set's tables, by name, without rows.

    `<entity>` holds the rows, `_former` the versions that later ones replaced,
    `_changes` what was added, changed, removed or restored, and `_rejects` what the
    portal shows and can't be loaded.
    """
    text, moment = pa.array([], pa.string()), pa.array([], INSTANT)
    version = dict.fromkeys(version_columns(dataset), text)
    entity = dataset.entity
    return {
        entity: pa.table(
            {
                **version,
                "row_hash": text,
                "run_id": text,
                "loaded_at": moment,
                "removed_at": moment,
            }
        ),
        f"{entity}_former": pa.table(
            {**version, "run_id": text, "replaced_at": moment}
        ),
        f"{entity}_changes": pa.table(
            {
                "row_id": text,
                "change": text,
                "changed_fields": text,
                "run_id": text,
                "changed_at": moment,
            }
        ),
        f"{entity}_rejects": pa.table(
            {
                "reason": text,
                "row": text,
                "window_value": text,
                "run_id": text,
                "rejected_at": moment,
            }
        ),
    }


def versions_view(dataset: Dataset) -> str:
    """SQL of the view `<entity>_versions`: present rows and former ones.

    Staging reads it, so that values before and after a change get the same names and
    types. `replaced_at` is null in the present version.
    """
    columns = ", ".join(map(quote, version_columns(dataset)))
    return f"""
        create or replace view {table(dataset)}_versions as
        select {columns}, row_hash, run_id, loaded_at, removed_at,
            cast(null as timestamptz) as replaced_at
        from {table(dataset)}
        union all
        select {columns}, null, run_id, null, null, replaced_at
        from {table(dataset)}_former
    """


def reject_table(dataset: Dataset, rows: pa.Table) -> pa.Table:
    """Rows that can't be loaded, as JSON with the reason and the window's date."""
    contents = rows.drop_columns([REJECT]).to_pylist()
    return pa.table(
        {
            "reason": rows[REJECT],
            "row": pa.array([json.dumps(row) for row in contents], pa.string()),
            "window_value": window_values(dataset, rows),
        }
    )


def window_values(dataset: Dataset, rows: pa.Table) -> pa.ChunkedArray | pa.Array:
    """The dates that windows go by; null in a file that has none."""
    if dataset.window_column is None:
        return pa.nulls(rows.num_rows, pa.string())
    return rows[dataset.window_column.lower()]


def stamped(rows: pa.Table, run_id: str, **instants: datetime) -> pa.Table:
    """Add the run and an instant to every row."""
    rows = rows.append_column("run_id", pa.repeat(run_id, rows.num_rows))
    for name, instant in instants.items():
        rows = rows.append_column(
            name, pa.repeat(pa.scalar(instant, INSTANT), rows.num_rows)
        )
    return rows


def hints(rows: pa.Table) -> dict[str, dict[str, Any]]:
    """dlt's columns, all declared: a table must not depend on what a page holds."""
    # A dictionary each: dlt writes into them.
    return {
        field.name: {
            "data_type": "timestamp" if pa.types.is_timestamp(field.type) else "text"
        }
        for field in rows.schema
    }
