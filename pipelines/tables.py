"""The shape of a data set's raw tables, as Arrow tables and as dlt's columns."""

import json
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.dataset import REJECT, Dataset

INSTANT = pa.timestamp("us", tz="UTC")


def tables_of(dataset: Dataset) -> list[str]:
    return [dataset.entity, f"{dataset.entity}_changes", f"{dataset.entity}_rejects"]


def table(dataset: Dataset) -> str:
    return f"{dataset.schema}.{dataset.entity}"


def empty_tables(dataset: Dataset) -> dict[str, pa.Table]:
    """A data set's tables, by name, without rows."""
    names = {
        **dict.fromkeys(dataset.loaded_columns),
        "row_id": 1,
        "row_hash": 1,
        "run_id": 1,
    }
    text, moment = pa.array([], pa.string()), pa.array([], INSTANT)
    rows, changes, rejects = tables_of(dataset)
    return {
        rows: pa.table(
            {**dict.fromkeys(names, text), "loaded_at": moment, "removed_at": moment}
        ),
        changes: pa.table(
            {
                "row_id": text,
                "change": text,
                "changed_fields": text,
                "run_id": text,
                "changed_at": moment,
            }
        ),
        rejects: pa.table(
            {"reason": text, "row": text, "run_id": text, "rejected_at": moment}
        ),
    }


def reject_table(rows: pa.Table) -> pa.Table:
    """Rows that can't be loaded, kept as JSON with the reason (`REJECT`)."""
    contents = rows.drop_columns([REJECT]).to_pylist()
    return pa.table(
        {
            "reason": rows[REJECT],
            "row": pa.array([json.dumps(row) for row in contents], pa.string()),
        }
    )


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
