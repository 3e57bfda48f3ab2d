"""The shape of a data set's raw tables, as Arrow tables and as dlt's columns."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import REJECT, raw_name
from pipelines.datasets.dataset import Dataset, SpatialDataset
from pipelines.datasets.date_values import days_of

if TYPE_CHECKING:
    from dlt.common.schema.typing import TColumnSchema

INSTANT = pa.timestamp("us", tz="UTC")

DLT: dict[pa.DataType, Literal["text", "timestamp", "date"]] = {
    pa.string(): "text",
    INSTANT: "timestamp",
    pa.date32(): "date",
}


def incoming_name(dataset: Dataset) -> str:
    """The table of incoming rows, if the engine merges them itself."""
    return f"{dataset.entity}_incoming"


def version_columns(dataset: Dataset) -> list[str]:
    """The columns of a row's version: the declared ones and its key."""
    return list(dict.fromkeys([*dataset.loaded_columns, "row_id"]))


def empty_tables(dataset: Dataset) -> dict[str, pa.Table]:
    """A data set's tables, by name, without rows.

    `<entity>` holds the rows, `_former` the versions that later ones replaced,
    `_changes` what was added, changed, removed or restored, and `_rejects` the portal's
    rows that can't be loaded.
    """
    text, day = pa.string(), pa.date32()
    version = dict.fromkeys(version_columns(dataset), text)
    rows = {
        **version,
        **{"row_hash": text, "run_id": text, "loaded_at": INSTANT},
        **{"removed_at": INSTANT, "window_month": day},
    }
    former = {**version, "run_id": text, "replaced_at": INSTANT}
    changes = {
        **{"row_id": text, "change": text, "changed_fields": text},
        **{"run_id": text, "changed_at": INSTANT},
    }
    rejects = {
        **{"reason": text, "row": text, "window_value": text},
        **{"run_id": text, "rejected_at": INSTANT},
    }
    kinds = {"": rows, "_former": former, "_changes": changes, "_rejects": rejects}
    return {
        f"{dataset.entity}{kind}": pa.schema(columns).empty_table()
        for kind, columns in kinds.items()
    }


def reject_table(dataset: Dataset, rows: pa.Table) -> pa.Table:
    """Rows that can't be loaded, as JSON with the reason and the window column."""
    contents = rows.drop_columns([REJECT]).to_pylist()
    return pa.table(
        {
            "reason": rows[REJECT],
            "row": pa.array([json.dumps(row) for row in contents], pa.string()),
            "window_value": window_values(dataset, rows),
        }
    )


def window_values(dataset: Dataset, rows: pa.Table) -> pa.ChunkedArray | pa.Array:
    """The window column's values; null for a file without one."""
    if dataset.window_column is None:
        return pa.nulls(rows.num_rows, pa.string())
    return rows[raw_name(dataset.window_column)]


def window_months(dataset: Dataset, rows: pa.Table) -> pa.Array | pa.ChunkedArray:
    """The first day of the month in which each row is dated, on the city's calendar.

    Null if it has no valid date, as for removed rows and for files. Dates are ISO text:
    the city's clock, or instants in UTC (Carto); or milliseconds since 1970 (ArcGIS);
    or texts of a declared pattern.
    """
    values = window_values(dataset, rows)
    if dataset.window_pattern:
        values = days_of(values, dataset.window_pattern)
    iso = pc.match_substring_regex(values, r"^[12]\d{3}-(0[1-9]|1[0-2])-")
    # At most thirteen digits: until the year 2286.
    epoch = pc.match_substring_regex(values, r"^-?\d{1,13}$")
    if isinstance(dataset, SpatialDataset) and not dataset.window_pattern:
        seconds = pc.utf8_slice_codeunits(pc.if_else(iso, values, None), 0, 19)
        days = local_months(seconds.cast(pa.timestamp("ms")), dataset.clock)
    else:
        months = pc.utf8_slice_codeunits(pc.if_else(iso, values, None), 0, 7)
        days = pc.binary_join_element_wise(months, "01", "-").cast(pa.date32())
    if not pc.any(epoch).as_py():
        return days
    instants = pc.if_else(epoch, values, None).cast(pa.int64())
    return pc.coalesce(
        days, local_months(instants.cast(pa.timestamp("ms")), dataset.clock)
    )


def local_months(instants: pa.ChunkedArray, zone: ZoneInfo) -> pa.ChunkedArray:
    """The first days of the months in which instants lie on a zone's clock.

    Args:
        instants: In UTC, without a zone.
    """
    local = instants.cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("ms", zone.key))
    there = pc.local_timestamp(local).cast(pa.timestamp("us"))
    return pc.floor_temporal(there, unit="month").cast(pa.date32())


def stamped(rows: pa.Table, run_id: str, **instants: datetime) -> pa.Table:
    """Add the run and timestamps to every row."""
    rows = rows.append_column("run_id", pa.repeat(run_id, rows.num_rows))
    for name, instant in instants.items():
        rows = rows.append_column(
            name, pa.repeat(pa.scalar(instant, INSTANT), rows.num_rows)
        )
    return rows


def hints(rows: pa.Table) -> dict[str, "TColumnSchema"]:
    """dlt's column hints, so that a table's types never depend on a page's values."""
    # A separate dictionary for each: dlt modifies them.
    return {field.name: {"data_type": DLT[field.type]} for field in rows.schema}
