"""What was written to `data/`: tables, their files and their sources.

The writers in this folder describe the same things in different formats. What they
share is here, so that they do not import each other.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from pipelines.publish.edition import DATA, Edition
from pipelines.transform.manifest import Manifest, Model, marts

Json = dict[str, Any]


Moments = Mapping[str, datetime | None]
"""When each data set was last read successfully (UTC)."""

TITLE = "US police incidents and shootings"

DESCRIPTION = (
    "Police incidents of US cities and fatal police shootings, from the publishers' "
    "open data: every published row, joined with districts, holidays and offense "
    "groups, and reports made from them. A report is not proof of a crime, and many "
    "crimes are never reported. Cities publish late, correct their data for months and "
    "publish different things, so do not rank them."
)

TERMS = (
    "Each publisher's terms, and what must be shown with its figures, are in "
    "dim_publishers. No warranty. Reports are allegations, not proven crimes, and are "
    "often corrected later."
)

MEDIA = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".duckdb": "application/vnd.duckdb",
}


@dataclass(frozen=True)
class ColumnType:
    """A type of column, and its name in each format."""

    holds: Callable[[pa.DataType], bool]
    """Whether an Arrow type, from a warehouse or a file, belongs to it."""
    duckdb: str
    """What DuckDB casts it to and writes."""
    arrow: pa.DataType
    """The same in Parquet files."""
    table_schema: str


def is_local(kind: pa.DataType) -> bool:
    """Whether a type is a time without a zone."""
    return pa.types.is_timestamp(kind) and kind.tz is None


# The types in the files, whatever a column's type in the warehouse.
TYPES = (
    ColumnType(pa.types.is_boolean, "boolean", pa.bool_(), "boolean"),
    ColumnType(pa.types.is_integer, "bigint", pa.int64(), "integer"),
    ColumnType(pa.types.is_floating, "double", pa.float64(), "number"),
    ColumnType(pa.types.is_decimal, "double", pa.float64(), "number"),
    ColumnType(pa.types.is_date, "date", pa.date32(), "date"),
    ColumnType(is_local, "timestamp", pa.timestamp("us"), "datetime"),
    ColumnType(
        pa.types.is_timestamp, "timestamptz", pa.timestamp("us", "UTC"), "datetime"
    ),
    ColumnType(pa.types.is_string, "varchar", pa.string(), "string"),
    ColumnType(pa.types.is_large_string, "varchar", pa.string(), "string"),
)


def column_type(kind: pa.DataType) -> ColumnType | None:
    """The entry of `TYPES` for an Arrow type; None for others, such as points."""
    return next((each for each in TYPES if each.holds(kind)), None)


@dataclass(frozen=True)
class Table:
    """A mart or report that was written."""

    model: Model
    paths: list[str]
    """Its Parquet files, relative to the folder; several only for a large table."""
    rows: int
    schema: pa.Schema
    """The columns of its Parquet files."""
    span: list[str] | None
    """Its first and last day, in ISO 8601, or year; None if it has none."""
    cities: list[str]
    recent_from: str | None
    """The day from which on it has so few rows that a DuckDB file may hold them."""

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def day(self) -> str | None:
        """Its first date column: the day of the occurrence or change."""
        return next((f.name for f in self.schema if pa.types.is_date(f.type)), None)

    @property
    def is_partitioned(self) -> bool:
        return self.paths != [f"{self.name}.parquet"]

    def read(self, folder: Path) -> str:
        """SQL that reads its files, without columns that exist only in their paths."""
        files = ", ".join(f"'{folder / path}'" for path in self.paths)
        return f"read_parquet([{files}], hive_partitioning = false)"


@dataclass(frozen=True)
class Source:
    """A data set behind a table: its row in `dim_publishers`."""

    dataset: str
    publisher: str
    url: str
    licence: str
    attribution: str
    disclaimer: str
    retrieval_note: str | None
    coverage_from: date | None
    coverage_to: date | None
    retrieved_at: datetime | None
    """When it was last read successfully."""


@dataclass(frozen=True)
class File:
    """A published file."""

    path: str
    """Relative to the publication's folder."""
    size: int
    sha256: str

    @property
    def kind(self) -> str:
        return Path(self.path).suffix

    @property
    def media_type(self) -> str:
        return MEDIA[self.kind]

    @property
    def parts(self) -> dict[str, str]:
        """The city and time of a large table's part."""
        return parts_in(self.path)


def parts_in(path: str) -> dict[str, str]:
    """What a path tells of the rows of its file: `city`, `year`, `month` or `day`."""
    told = dict(re.findall(r"(\w+)=([^/]+)/", path))
    month = re.search(r"/(\d{4}-\d\d)\.parquet$", path)
    day = re.search(r"/(\d{4}-\d\d-\d\d)\.parquet$", path)
    return {
        **told,
        **({"month": month[1]} if month else {}),
        **({"day": day[1]} if day else {}),
    }


@dataclass(frozen=True)
class Described:
    """A table with its files and sources."""

    table: Table
    files: list[File]
    sources: list[Source]
    """Empty if the project itself made it, such as the calendar."""


def describe(
    tables: list[Table], edition: Edition, moments: Moments
) -> list[Described]:
    """Describe the tables of a publication: sizes, hashes and terms."""
    sources = read_sources(tables, edition.folder, moments)
    return [
        Described(
            table,
            files_of(table, edition),
            [sources[name] for name in table.model.sources if name in sources],
        )
        for table in tables
    ]


def read_sources(
    tables: list[Table], folder: Path, moments: Moments
) -> dict[str, Source]:
    """The publishers' terms by data set, as the written files have them."""
    (publishers,) = (table for table in tables if table.name == "dim_publishers")
    rows = parquet.read_table(folder / DATA / publishers.paths[0]).to_pylist()
    return {
        row["dataset"]: Source(**row, retrieved_at=moments.get(row["dataset"]))
        for row in rows
    }


def files_of(table: Table, edition: Edition) -> list[File]:
    """A table's files, its CSV file last."""
    paths = [*table.paths, *([f"{table.name}.csv"] if table.model.is_report else [])]
    return [file_at(edition, path) for path in paths]


def file_at(edition: Edition, path: str) -> File:
    """A file of `data/`."""
    entry = edition.data(path)
    return File(f"{DATA}/{path}", entry.size, entry.sha256)


def newest(sources: list[Source]) -> datetime | None:
    """When the most recently read of some data sets was read."""
    return max((s.retrieved_at for s in sources if s.retrieved_at), default=None)


def instant(value: datetime) -> str:
    """In ISO 8601, in UTC, ending in `Z`."""
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def dictionary(manifest: Manifest) -> list[Json]:
    """Every mart and report with its grain and columns, as their YAML describes them.

    A column's type comes from its contract, as the warehouse that was built names it;
    empty if the model has no contract.
    """
    types = {
        node["name"]: {c["name"]: c["data_type"] for c in node["columns"].values()}
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    return [
        {
            "model": model.name,
            "description": model.description,
            "grain": model.grain,
            "key": model.key,
            "columns": [
                {
                    "name": name,
                    "type": types[model.name][name] or "",
                    "description": description,
                    "key": name in model.key,
                }
                for name, description in model.columns.items()
            ],
        }
        for model in marts(manifest)
    ]
