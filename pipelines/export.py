"""The marts as files: Parquet, CSV of the reports, and one DuckDB file.

    <table>.parquet                             a table in the order of its key
    <table>/city=<city>/year=<year>/rows.parquet   one whose `meta` says `published_by`
    <report>.csv
    marts.duckdb                                what people open without Parquet

Rows stay as published: no place or time is told more exactly than by the city. Small
cells of a report are left out where its `meta` says so (`small_cells`).

The same marts give the same bytes. DuckDB's own format does not (its compression of
text samples by chance): that file is taken over from the publication before while no
table differs.
"""

import filecmp
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from pipelines.build import kept_manifest
from pipelines.load import Warehouse
from pipelines.settings import schema

REPORT = "rpt_"
DATABASE = "marts.duckdb"
ROW_GROUP = 100_000
# Of partitioned tables the DuckDB file holds the last years, in tables named so.
RECENT_YEARS = 2
RECENT = "_two_years"
NO_YEAR = "__HIVE_DEFAULT_PARTITION__"

# What is found in a file of the Parquet kind that holds points:
# https://geoparquet.org/releases/v1.1.0/
POINTS = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}

# DuckDB 1.0 and later read it.
STORAGE = "v1.0.0"


@dataclass(frozen=True)
class SmallCells:
    """Which figures of a report are left out: `small_cells` of its `meta`."""

    count: str
    """The column that tells how small a row is."""
    below: int
    columns: list[str]
    """What is left out of a row with a smaller count."""


@dataclass(frozen=True)
class Table:
    """One published table."""

    name: str
    description: str
    key: list[str]
    """The columns that tell its rows apart."""
    columns: dict[str, str]
    """What each column means, in the table's order."""
    partition: str | None = None
    """The day that its files go by, beside the city."""
    small_cells: SmallCells | None = None
    sources: list[str] = field(default_factory=list)
    """The raw tables that it is made of, as `<source>.<entity>`."""

    @property
    def is_report(self) -> bool:
        return self.name.startswith(REPORT)

    def files(self, folder: Path) -> list[Path]:
        """Its Parquet files."""
        if self.partition:
            return sorted((folder / self.name).rglob("*.parquet"))
        return [folder / f"{self.name}.parquet"]


def read_tables(home: Path) -> list[Table]:
    """Every mart and report, as dbt described them when it last built them well."""
    manifest = json.loads(kept_manifest(home).read_text())
    keys = key_columns(manifest)
    return [
        table_of(manifest, unique_id, node, keys[unique_id])
        for unique_id, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    ]


def key_columns(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """The columns of each model that a test holds to be unique and never null."""
    keys = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        if test.get("name") == "unique_and_not_null":
            keys[node["attached_node"]] = [node["column_name"]]
        if test.get("name") == "unique_together":
            keys[node["attached_node"]] = test["kwargs"]["columns"]
    return keys


def table_of(
    manifest: dict[str, Any], unique_id: str, node: dict[str, Any], key: list[str]
) -> Table:
    """A table as its model's YAML describes it."""
    meta = node["config"].get("meta") or {}
    return Table(
        name=node["name"],
        description=node["description"].strip(),
        key=key,
        columns={
            column["name"]: column["description"].strip()
            for column in node["columns"].values()
        },
        partition=meta.get("published_by"),
        small_cells=SmallCells(**meta["small_cells"])
        if "small_cells" in meta
        else None,
        sources=sorted(sources_of(manifest, unique_id)),
    )


def sources_of(manifest: dict[str, Any], unique_id: str) -> set[str]:
    """The raw tables behind a model, through all models between."""
    found, unseen = set(), [unique_id]
    seen = set()
    while unseen:
        one = unseen.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in manifest["sources"]:
            source = manifest["sources"][one]
            found.add(f"{source['source_name']}.{source['name']}")
        unseen += manifest["parent_map"].get(one, [])
    return found


def write_data(warehouse: Warehouse, folder: Path, before: Path) -> list[Table]:
    """Write every mart and report into an empty folder.

    Args:
        before: The same of the publication before, if there is one.
    """
    tables = read_tables(warehouse.home)
    for table in tables:
        if table.partition:
            write_partitions(warehouse, table, folder)
        else:
            rows = read_rows(warehouse, table)
            write_parquet(rows, folder / f"{table.name}.parquet")
    write_csv_files(tables, folder)
    if same_tables(folder, before):
        os.link(before / DATABASE, folder / DATABASE)
    else:
        write_database(tables, folder)
    return tables


def same_tables(folder: Path, before: Path) -> bool:
    """Whether the files of a publication before hold the same bytes."""
    names = {path.relative_to(folder) for path in folder.rglob("*.parquet")}
    if names != {path.relative_to(before) for path in before.rglob("*.parquet")}:
        return False
    return (before / DATABASE).exists() and all(
        filecmp.cmp(folder / name, before / name, shallow=False) for name in names
    )


# ------------------------------------------------------------------------- Parquet


def write_partitions(warehouse: Warehouse, table: Table, folder: Path) -> None:
    """Write a table in one file for each city and year."""
    for city, year in partitions(warehouse, table):
        among = f"city = '{city}' and "
        among += (
            f"{table.partition} is null"
            if year is None
            else f"{table.partition} between date '{year}-01-01' and "
            f"date '{year}-12-31'"
        )
        to = folder / table.name / f"city={city}" / f"year={year or NO_YEAR}"
        to.mkdir(parents=True)
        write_parquet(read_rows(warehouse, table, among), to / "rows.parquet")


def partitions(warehouse: Warehouse, table: Table) -> Iterator[tuple[str, int | None]]:
    """The cities and years of which a table has rows."""
    with warehouse.connect() as connection:
        rows = connection.execute(
            f"select distinct city, extract(year from {table.partition}) as year "
            f"from {schema('marts')}.{table.name}"
        ).fetchall()
    found = [(city, None if year is None else int(year)) for city, year in rows]
    yield from sorted(found, key=lambda each: (each[0], each[1] or 0))


def read_rows(warehouse: Warehouse, table: Table, among: str = "true") -> pa.Table:
    """Rows of a table in the order of its key."""
    with warehouse.connect() as connection:
        rows = connection.execute(
            f"select * from {schema('marts')}.{table.name} where {among}"
        ).to_arrow_table()
    order = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in table.key])
    rows = rows.take(order)
    if table.small_cells:
        rows = without_small_cells(rows, table.small_cells)
    return with_points(rows)


def without_small_cells(rows: pa.Table, cells: SmallCells) -> pa.Table:
    """Rows with null for the figures of those that are too small."""
    is_small = pc.less(rows[cells.count], cells.below)
    for name in cells.columns:
        column = rows[name]
        kept = pc.if_else(is_small, pa.scalar(None, column.type), column)
        rows = rows.set_column(rows.column_names.index(name), name, kept)
    return rows


def with_points(rows: pa.Table) -> pa.Table:
    """Rows with a point where they have coordinates: GeoParquet, longitude first."""
    if not {"latitude", "longitude"} <= set(rows.column_names):
        return rows
    east, north = (
        rows[name].cast(pa.float64()).combine_chunks()
        for name in ("longitude", "latitude")
    )
    is_there = pc.and_(pc.is_valid(east), pc.is_valid(north))
    points = np.zeros(
        rows.num_rows, [("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")]
    )
    points["order"] = points["kind"] = 1
    points["x"] = pc.fill_null(east, 0.0).to_numpy(zero_copy_only=False)
    points["y"] = pc.fill_null(north, 0.0).to_numpy(zero_copy_only=False)
    offsets = np.arange(rows.num_rows + 1, dtype="i4") * points.itemsize
    every = pa.Array.from_buffers(
        pa.binary(),
        rows.num_rows,
        [None, pa.py_buffer(offsets), pa.py_buffer(points.tobytes())],
    )
    geometry = pc.if_else(is_there, every, pa.scalar(None, pa.binary()))
    rows = rows.append_column("geometry", geometry)
    return rows.replace_schema_metadata({"geo": json.dumps(POINTS)})


def write_parquet(rows: pa.Table, path: Path) -> None:
    parquet.write_table(rows, path, compression="zstd", row_group_size=ROW_GROUP)


# ------------------------------------------------------------------ CSV and DuckDB


def write_csv_files(tables: list[Table], folder: Path) -> None:
    """Write the reports as CSV; no cell of it is a formula to a spreadsheet."""
    with duckdb.connect() as db:
        db.execute("set threads = 1")
        for table in tables:
            if not table.is_report:
                continue
            file = folder / f"{table.name}.parquet"
            types = db.execute(f"describe from read_parquet('{file}')").fetchall()
            columns = ", ".join(
                as_cell(name) if kind == "VARCHAR" else f'"{name}"'
                for name, kind, *_ in types
            )
            db.execute(
                f"copy (select {columns} from read_parquet('{file}')) "
                f"to '{file.with_suffix('.csv')}' (format csv, header)"
            )


def as_cell(name: str) -> str:
    """A text that no spreadsheet takes for a formula, as `changes.csv_cell` has it."""
    return (
        f"case when regexp_matches(\"{name}\", '^[=+\\-@\\t\\r]') "
        f'then \'\'\'\' || "{name}" else "{name}" end as "{name}"'
    )


def write_database(tables: list[Table], folder: Path) -> None:
    """Write a DuckDB file of all tables; partitioned ones are cut to two years."""
    path = folder / DATABASE
    with duckdb.connect() as db:
        db.execute("set threads = 1")
        db.execute("set memory_limit = '400MB'")
        db.execute(f"attach '{path}' as marts (storage_version '{STORAGE}')")
        for table in tables:
            name, rows, note = content(table, folder)
            db.execute(f"create table marts.{name} as {rows}")
            comment(db, f"table marts.{name}", table.description + note)
            there = db.execute(f"describe marts.{name}").fetchall()
            for column, *_ in there:
                if words := table.columns.get(column):
                    comment(db, f'column marts.{name}."{column}"', words)
        db.execute("detach marts")


def content(table: Table, folder: Path) -> tuple[str, str, str]:
    """Name, rows and a further comment of a table of the DuckDB file."""
    files = str(folder / table.name)
    columns = "* exclude (geometry)" if "latitude" in table.columns else "*"
    if not table.partition:
        return table.name, f"select {columns} from read_parquet('{files}.parquet')", ""
    rows = (
        f"select {columns} from read_parquet('{files}/**/*.parquet', "
        "hive_partitioning = false) "
    )
    if not table.files(folder):
        raise FileNotFoundError(f"{files} holds no rows")
    since = (
        f"where {table.partition} > (select max({table.partition}) "
        f"from read_parquet('{files}/**/*.parquet')) - interval {RECENT_YEARS} year"
    )
    return (
        table.name + RECENT,
        f"{rows} {since} order by {', '.join(table.key)}",
        f" Only the last {RECENT_YEARS} years up to the newest row: the files in "
        f"{table.name}/ hold all.",
    )


def comment(db: duckdb.DuckDBPyConnection, of: str, words: str) -> None:
    quoted = words.replace("'", "''")
    db.execute(f"comment on {of} is '{quoted}'")
