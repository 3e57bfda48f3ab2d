"""Rows as Parquet and CSV, in the types that every program can read.

The same rows give the same bytes, whichever warehouse holds them: they are sorted here,
by the bytes of the key, and a column has the same type everywhere. Percentages and
rates, decimals in a warehouse, are floats.

Rows stay as published, including those of sensitive offenses: the cities publish them
row by row, with the day and the place only as precise as they chose. Nothing here is
more precise. Counts of such rows by place are a different matter; see
`rpt_violent_incidents_by_place`.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from pipelines.cells import csv_cell_in_sql
from pipelines.publish.described import Table
from pipelines.sql import quote

ROW_GROUP = 50_000

# https://geoparquet.org/releases/v1.1.0: without a `crs` it is OGC:CRS84, longitude
# first.
POINTS = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}

WKB_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])


def write_parquet(
    columns: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path
) -> None:
    """Write rows in their order, a row group at a time."""
    schema = with_points(columns.empty_table()).schema
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in row_groups(batches):
            writer.write_table(with_points(rows).cast(schema))


def row_groups(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in pieces of ROW_GROUP, whatever the size of the batches."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        while count + batch.num_rows >= ROW_GROUP:
            rest = ROW_GROUP - count
            yield pa.Table.from_batches(
                [*waiting, batch.slice(0, rest)]
            ).combine_chunks()
            waiting, count, batch = [], 0, batch.slice(rest)
        if batch.num_rows:
            waiting.append(batch)
            count += batch.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting).combine_chunks()


def with_points(rows: pa.Table) -> pa.Table:
    """Add a GeoParquet point to rows that have coordinates."""
    if not {"latitude", "longitude"} <= set(rows.column_names):
        return rows
    east, north = (
        pc.cast(rows[name], pa.float64()).combine_chunks()
        for name in ("longitude", "latitude")
    )
    points = np.zeros(rows.num_rows, WKB_POINT)
    # Little-endian, a point.
    points["order"] = points["kind"] = 1
    points["x"], points["y"] = (
        pc.fill_null(each, 0.0).to_numpy() for each in (east, north)
    )
    whole = pa.array(
        points.view(f"V{WKB_POINT.itemsize}"), pa.binary(WKB_POINT.itemsize)
    )
    is_there = pc.and_(pc.is_valid(east), pc.is_valid(north))
    geometry = pc.if_else(
        is_there, whole.cast(pa.binary()), pa.scalar(None, pa.binary())
    )
    rows = rows.append_column("geometry", geometry)
    return rows.replace_schema_metadata({"geo": json.dumps(POINTS)})


def write_csv(
    db: duckdb.DuckDBPyConnection, table: Table, data: Path, path: Path
) -> None:
    """Write a table as CSV; spreadsheets can't take any cell for a formula.

    Args:
        data: Where its Parquet files are.
    """
    cells = [as_cell(field) for field in table.schema]
    db.execute(
        f"copy (select {', '.join(cells)} from {table.read(data)}) "
        f"to '{path}' (format csv, header)"
    )


def as_cell(field: pa.Field) -> str:
    """SQL for a column as it is written to CSV.

    Local times have no zone and instants are in UTC, both in ISO 8601.
    """
    name = quote(field.name)
    if pa.types.is_string(field.type):
        return f"{csv_cell_in_sql(name)} as {name}"
    if pa.types.is_timestamp(field.type):
        zone = "Z" if field.type.tz else ""
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%f{zone}') as {name}"
    return name
