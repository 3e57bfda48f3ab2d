"""The marts as files, for people and programs that never meet the warehouse.

    <table>.parquet                                 a mart or report, by its key
    <table>/city=<city>/year=<year>/rows.parquet    the same of one that is large
    <report>.csv                                    for spreadsheets
    marts.duckdb                                    for clients that open a database

The same marts give the same bytes, whatever warehouse holds them: rows are sorted here,
by the bytes of the key, and a column has one type everywhere. Percentages and rates,
decimals in a warehouse, are floats: every program reads them.

DuckDB's own file can't be made so. It keeps what was in its memory between the values
of a block, and compresses text by samples that it draws by chance: with one thread, no
method that samples, cleared memory and fixed addresses it still had other bytes each
time. So it is taken over from the publication before while no table differs, and is
made by a process of its own, whose memory has never held any other rows.

Rows stay as published, those of sensitive offenses too: the cities publish them row by
row, with the day and the place as coarse as they decided. Nothing here tells more of
either than they do. What counts such rows by place is another matter; see
`rpt_violent_incidents_by_place`.
"""

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from pipelines.diff import quote
from pipelines.errors import WarehouseError, first_line
from pipelines.load import Warehouse
from pipelines.manifest import Model, marts, read_manifest

# More rows than this are a file for each city and year.
LARGE = 250_000
ROW_GROUP = 50_000
# For DuckDB, which takes some more to sort; the whole stays under 1 GB.
MEMORY = "150MB"

DATABASE = "marts.duckdb"
# DuckDB 1.0 reads it, and every later one.
STORAGE = "v1.0.0"
# Of a large table it holds the last years, under a name that says so.
RECENT = "_two_years"
YEARS = 2
TERMS = (
    "Each publisher's terms, and the words to show with its figures, are in "
    "dim_publishers. No warranty: reports are no proven crimes, and are corrected."
)
WRITER = "import duckdb, sys; duckdb.connect().execute(sys.stdin.read())"

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


@dataclass(frozen=True)
class Table:
    """A mart or report that was written."""

    model: Model
    paths: list[str]
    """Its Parquet files, below the folder; one but for a large table."""
    rows: int
    schema: pa.Schema
    """The columns of its Parquet files."""

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def day(self) -> str | None:
        """Its first date: the day of an occurrence, of a change."""
        return next((f.name for f in self.schema if pa.types.is_date(f.type)), None)

    @property
    def is_partitioned(self) -> bool:
        return self.paths != [f"{self.name}.parquet"]

    def read(self, folder: Path) -> str:
        """Its files as a table of DuckDB's, without what only paths tell."""
        files = ", ".join(f"'{folder / path}'" for path in self.paths)
        return f"read_parquet([{files}], hive_partitioning = false)"


def write_data(
    warehouse: Warehouse, folder: Path, moments: dict[str, datetime | None]
) -> list[Table]:
    """Write every mart and report into an empty folder.

    Args:
        moments: When each data set was last looked at and found well; not in the files,
            which are the same as long as the marts are.

    Raises:
        WarehouseError: The folder can't be written, or the warehouse not read.
    """
    models = marts(read_manifest(warehouse.home))
    try:
        with in_process(folder) as db:
            tables = [write_table(warehouse, db, model, folder) for model in models]
            for table in tables:
                if table.model.is_report:
                    write_csv(db, table, folder)
        write_database(tables, folder, warehouse.home / "published" / folder.name)
    except (OSError, duckdb.IOException) as error:
        raise WarehouseError(
            f"{folder} can't be written: {first_line(error)}. Make room there, or give "
            "back the right to write."
        ) from error
    return tables


@contextlib.contextmanager
def in_process(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own, that spills below the folder what its memory can't hold."""
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".spill") as spill,
        duckdb.connect() as db,
    ):
        db.execute(f"set memory_limit = '{MEMORY}'")
        db.execute(f"set temp_directory = '{spill}'")
        # One thread writes rows in one order.
        db.execute("set threads = 1")
        db.execute("set timezone = 'UTC'")
        db.execute("set enable_progress_bar = false")
        yield db


def write_table(
    warehouse: Warehouse, db: duckdb.DuckDBPyConnection, model: Model, folder: Path
) -> Table:
    """Write a table as Parquet, by its key."""
    is_large = count_rows(warehouse, model) > LARGE
    with warehouse.engine.reading(f"select * from {model.relation}") as (held, batches):
        db.register("held", pa.RecordBatchReader.from_batches(held, batches))
        columns = [
            f"cast({quote(f.name)} as {sql_type(f)}) as {quote(f.name)}" for f in held
        ]
        path = path_of(model.name, held) if is_large else f"'{model.name}.parquet'"
        rows = db.execute(
            f"select {path} as {PATH}, {', '.join(columns)} from held "
            f"order by {', '.join([PATH, *map(quote, model.key)])}"
        ).to_arrow_reader(ROW_GROUP)
        schema = with_points(rows.schema.empty_table().drop_columns(PATH)).schema
        files = write_files(rows, schema, folder)
        db.unregister("held")
    if not files:
        files = {f"{model.name}.parquet": 0}
        parquet.write_table(schema.empty_table(), folder / f"{model.name}.parquet")
    return Table(model, list(files), sum(files.values()), schema)


def count_rows(warehouse: Warehouse, model: Model) -> int:
    with warehouse.connect() as connection:
        ((count,),) = connection.execute(
            f"select count(*) from {model.relation}"
        ).fetchall()
    return count


def sql_type(field: pa.Field) -> str:
    """The type of a column in the files, whatever a warehouse makes of it.

    Raises:
        TypeError: There is no type for it; a model must cast it.
    """
    kind = field.type
    for is_it, name in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "bigint"),
        (pa.types.is_floating, "double"),
        (pa.types.is_decimal, "double"),
        (pa.types.is_date, "date"),
        (pa.types.is_string, "varchar"),
        (pa.types.is_large_string, "varchar"),
    ):
        if is_it(kind):
            return name
    if pa.types.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    raise TypeError(f"{field.name} is of type {kind}, which no file has.")


def path_of(name: str, columns: pa.Schema) -> str:
    """Where a large table's row goes, as SQL: by city and year, as Hive names them.

    The year is that of the table's first day: of occurrence, of a change.
    """
    days = [field.name for field in columns if pa.types.is_date(field.type)]
    values = {"city": "city"} if "city" in columns.names else {}
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
    rows: Iterable[pa.RecordBatch], schema: pa.Schema, folder: Path
) -> dict[str, int]:
    """Write rows into the files that they name; how many each has.

    Args:
        rows: Ordered by file.
    """
    counts: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        for path, group in groups(rows):
            if path not in counts:
                stack.close()
                writer = stack.enter_context(new_file(folder / path, schema))
            writer.write_table(with_points(group).cast(schema))
            counts[path] = counts.get(path, 0) + group.num_rows
    return counts


def new_file(path: Path, schema: pa.Schema) -> parquet.ParquetWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    return parquet.ParquetWriter(path, schema, compression="zstd")


def groups(rows: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, pa.Table]]:
    """Row groups with their files: as many rows as come, of one file each."""
    path, waiting = "", []
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
    """Rows with a point of their coordinates, if they are to have any: GeoParquet."""
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
    """Write a table as CSV, no cell of which a spreadsheet takes for a formula."""
    cells = [as_cell(field) for field in table.schema]
    db.execute(
        f"copy (select {', '.join(cells)} from {table.read(folder)}) "
        f"to '{folder / table.name}.csv' (format csv, header)"
    )


def as_cell(field: pa.Field) -> str:
    """A column as it is in a CSV file; texts as `changes.csv_cell` has them.

    A local time is without a zone, an instant in UTC, both as ISO 8601 has them.
    """
    name = quote(field.name)
    if pa.types.is_string(field.type):
        begins = "'=', '+', '-', '@', chr(9), chr(13)"
        return f"if(left({name}, 1) in ({begins}), '''' || {name}, {name}) as {name}"
    if pa.types.is_timestamp(field.type):
        zone = "Z" if field.type.tz else ""
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%f{zone}') as {name}"
    return name


def write_database(tables: list[Table], folder: Path, before: Path) -> None:
    """Write a DuckDB file of the tables, or take over the one of the same tables.

    Args:
        before: The folder as it was published before, if it was.

    Raises:
        OSError: It can't be written.
    """
    statements = [statement for table in tables for statement in in_duckdb(table)]
    digest = digest_of(statements, tables, folder)
    if digest == digest_in(before / DATABASE):
        shutil.copyfile(before / DATABASE, folder / DATABASE)
        return
    script = [
        f"set threads = 1; set memory_limit = '{MEMORY}'; set timezone = 'UTC'",
        "set temp_directory = '.spill'",
        f"attach '{DATABASE}' as marts (storage_version '{STORAGE}'); use marts",
        *statements,
        f"create table about as select '{digest}' as digest, {text(TERMS)} as terms",
        "use memory; detach marts",
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-c", WRITER],
        input=";\n".join(script),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise OSError(f"{DATABASE}: {done.stderr.strip().splitlines()[-1]}")


def in_duckdb(table: Table) -> Iterator[str]:
    """The statements that make a table in the DuckDB file, with its comments."""
    name, where, note = table.name, "", ""
    rows = table.read(Path())
    if table.is_partitioned and table.day:
        name += RECENT
        newest = f"(select max({table.day}) from {rows})"
        where = f"where {table.day} > {newest} - interval {YEARS} year"
        note = f" Here: the last {YEARS} years; {table.name}/ beside this file has all."
    # Of points, what DuckDB 1.0 has no type for.
    columns = [f.name for f in table.schema if not pa.types.is_binary(f.type)]
    yield (
        f"create table {name} as "
        f"select {', '.join(map(quote, columns))} from {rows} {where}"
    )
    yield f"comment on table {name} is {text(table.model.description + note)}"
    for column in columns:
        if meaning := table.model.columns.get(column):
            yield f"comment on column {name}.{quote(column)} is {text(meaning)}"


def digest_of(statements: list[str], tables: list[Table], folder: Path) -> str:
    """What a DuckDB file is made of, in short."""
    digest = hashlib.sha256("\n".join([STORAGE, *statements]).encode())
    for path in sorted(path for table in tables for path in table.paths):
        with (folder / path).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def digest_in(database: Path) -> str | None:
    """What a DuckDB file was made of; None where that is not known."""
    if not database.exists():
        return None
    try:
        with duckdb.connect(str(database), read_only=True) as db:
            ((digest,),) = db.execute("select digest from about").fetchall()
    except duckdb.Error:
        return None
    return digest


def text(words: str) -> str:
    """A text as SQL has it."""
    return "'" + words.replace("'", "''") + "'"
