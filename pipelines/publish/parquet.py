"""The marts as files, for people and programs without access to the warehouse.

    <table>.parquet                                 a mart or report, sorted by key
    <table>/city=<city>/year=<year>/rows.parquet    the same, for a large table
    <report>.csv                                    for spreadsheets

The same marts give the same bytes, whichever warehouse holds them: rows are sorted
here, by the bytes of the key, and a column has the same type everywhere. Percentages
and rates, decimals in a warehouse, are floats, which every program can read.

Rows stay as published, including those of sensitive offenses: the cities publish them
row by row, with the day and the place only as precise as they chose. Nothing here is
more precise. Counts of such rows by place are a different matter; see
`rpt_violent_incidents_by_place`.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from pipelines.cells import csv_cell_in_sql
from pipelines.errors import WarehouseError, first_line, remedy
from pipelines.publish.described import Table, column_type
from pipelines.sql import quote
from pipelines.transform.manifest import Model
from pipelines.warehouse.warehouse import Warehouse

# A table with more rows than this gets one file per city and year.
LARGE = 250_000

ROW_GROUP = 50_000

# Hive's name for a partition of rows without a value.
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

PATH = "_path"

# https://geoparquet.org/releases/v1.1.0: without a `crs` it is OGC:CRS84, longitude
# first.
POINTS = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}

WKB_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])


def write_tables(
    warehouse: Warehouse, models: list[Model], folder: Path, memory: str
) -> list[Table]:
    """Write marts and reports into an empty folder.

    Args:
        memory: DuckDB's memory limit, such as `150MB`.

    Raises:
        WarehouseError: The folder can't be written, or the warehouse not read.
    """
    with explained(folder), in_process(folder, memory) as db:
        tables = [write_table(warehouse, db, model, folder) for model in models]
        for table in tables:
            if table.model.is_report:
                write_csv(db, table, folder)
    return tables


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn a failure into a one-sentence error."""
    try:
        yield
    except (OSError, duckdb.Error, pa.ArrowException) as error:
        raise WarehouseError(
            f"The marts can't be written to {folder}: {first_line(error)}. "
            f"{remedy(error)}"
        ) from error


@contextlib.contextmanager
def in_process(folder: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A separate DuckDB, which spills to the folder what does not fit in memory."""
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".spill") as spill,
        duckdb.connect() as db,
    ):
        db.execute(f"set memory_limit = '{memory}'")
        db.execute(f"set temp_directory = '{spill}'")
        # With one thread, rows are always written in the same order.
        db.execute("set threads = 1")
        db.execute("set timezone = 'UTC'")
        db.execute("set enable_progress_bar = false")
        yield db


def write_table(
    warehouse: Warehouse, db: duckdb.DuckDBPyConnection, model: Model, folder: Path
) -> Table:
    """Write a table as Parquet, sorted by its key."""
    is_large = count_rows(warehouse, place_of(warehouse, model)) > LARGE
    by_city = is_large and "city" in model.columns and is_of_cities(warehouse, model)
    reading = warehouse.engine.reading(f"select * from {place_of(warehouse, model)}")
    with reading as (held, batches), explained(folder):
        db.register("held", pa.RecordBatchReader.from_batches(held, batches))
        columns = [
            f"cast({quote(f.name)} as {sql_type(f)}) as {quote(f.name)}" for f in held
        ]
        path = f"'{model.name}.parquet'"
        if is_large:
            path = path_of(model.name, held, by_city)
        rows = db.execute(
            f"select {path} as {PATH}, {', '.join(columns)} from held "
            f"order by {', '.join([PATH, *map(quote, model.key)])}"
        ).to_arrow_reader(ROW_GROUP)
        kinds = with_points(rows.schema.empty_table().drop_columns(PATH)).schema
        files = write_files(rows, kinds, folder)
        db.unregister("held")
    if not files:
        files = {f"{model.name}.parquet": 0}
        parquet.write_table(kinds.empty_table(), folder / f"{model.name}.parquet")
    return Table(model, list(files), sum(files.values()), kinds)


def place_of(warehouse: Warehouse, model: Model) -> str:
    """A model's table in the warehouse."""
    return f"{warehouse.engine.schema('marts')}.{model.name}"


def count_rows(warehouse: Warehouse, rows: str) -> int:
    with warehouse.connect() as connection:
        count: int
        ((count,),) = connection.execute(f"select count(*) from {rows}").fetchall()
    return count


def is_of_cities(warehouse: Warehouse, model: Model) -> bool:
    """Whether every `city` is a loaded one; in other tables it is any town's name."""
    cities = f"select city from {warehouse.engine.schema('seeds')}.cities"
    place = place_of(warehouse, model)
    others = f"{place} where city is null or city not in ({cities})"
    return count_rows(warehouse, others) == 0


def sql_type(field: pa.Field) -> str:
    """A column's type in the files, whatever its type in the warehouse.

    Raises:
        TypeError: No type fits; the model must cast it.
    """
    known = column_type(field.type)
    if known is None:
        raise TypeError(f"{field.name} is of type {field.type}, which no file has.")
    return known.duckdb


def path_of(name: str, columns: pa.Schema, by_city: bool) -> str:
    """SQL for the file of a large table's row: by city and year, as Hive names them.

    The year is that of the table's first date column: the occurrence or the change.
    """
    days = [field.name for field in columns if pa.types.is_date(field.type)]
    values = {"city": "city"} if by_city else {}
    if days:
        values["year"] = f"cast(year({quote(days[0])}) as varchar)"
    if not values:
        return f"'{name}.parquet'"
    folders = [
        f"'{part}=' || coalesce({value}, '{NO_VALUE}')"
        for part, value in values.items()
    ]
    return " || '/' || ".join([f"'{name}'", *folders, "'rows.parquet'"])


def write_files(
    rows: Iterable[pa.RecordBatch], kinds: pa.Schema, folder: Path
) -> dict[str, int]:
    """Write rows into the files that they name, and count the rows of each.

    Args:
        rows: Ordered by file.
    """
    counts: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        for path, group in groups(rows):
            if path not in counts:
                stack.close()
                writer = stack.enter_context(new_file(folder / path, kinds))
            writer.write_table(with_points(group).cast(kinds))
            counts[path] = counts.get(path, 0) + group.num_rows
    return counts


def new_file(path: Path, kinds: pa.Schema) -> parquet.ParquetWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    return parquet.ParquetWriter(path, kinds, compression="zstd")


def groups(rows: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, pa.Table]]:
    """Row groups, each with its file."""
    path = ""
    waiting: list[pa.RecordBatch] = []
    for batch in rows:
        for next_path, piece in pieces(batch):
            count = sum(each.num_rows for each in waiting)
            if waiting and (next_path != path or count >= ROW_GROUP):
                yield path, pa.Table.from_batches(waiting)
                waiting = []
            path = next_path
            waiting.append(piece)
    if waiting:
        yield path, pa.Table.from_batches(waiting)


def pieces(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The rows of a batch by file."""
    runs = pc.run_end_encode(batch[PATH])
    batch, start = batch.drop_columns(PATH), 0
    for path, end in zip(
        runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True
    ):
        yield path, batch.slice(start, end - start)
        start = end


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


def write_csv(db: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> None:
    """Write a table as CSV; spreadsheets can't take any cell for a formula."""
    cells = [as_cell(field) for field in table.schema]
    db.execute(
        f"copy (select {', '.join(cells)} from {table.read(folder)}) "
        f"to '{folder / table.name}.csv' (format csv, header)"
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
