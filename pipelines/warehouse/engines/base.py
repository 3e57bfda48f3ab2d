"""What each kind of warehouse does in its own way, behind one interface.

Statements are written once, in DuckDB's dialect with `$name` for a value, and are
translated to the warehouse's.
"""

import functools
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from pipelines.datasets.dataset import Dataset

T = TypeVar("T")

Columns = dict[tuple[str, str], list[str]]
"""Column names by schema and table, in the table's order."""

BATCH = 50_000
"""Rows of a query that are read at a time."""


class Result(Protocol):
    """What a statement returned."""

    def fetchall(self) -> list[tuple[Any, ...]]: ...

    def to_arrow_table(self) -> pa.Table: ...


class Connection(Protocol):
    """What of DuckDB's connection is used, of any warehouse. It commits by itself."""

    def execute(self, sql: str, values: Mapping[str, Any] | None = None, /) -> Result:
        """Run a statement; `values` are those of its `$name`."""

    def register(self, name: str, rows: pa.Table, /) -> Any:
        """Have statements read an Arrow table under a name."""


class Engine(ABC):
    """A warehouse that BLOTTER_TARGET can name."""

    prefix: str
    """What the name of every schema begins with."""
    place: str
    """Where it is, as messages tell it."""
    empty_format = "parquet"
    """dlt's file format for tables without rows, which are made so."""
    failures: tuple[type[Exception], ...]
    """What its client raises, and dlt may let through."""
    merges_itself = False
    """Whether changed rows are merged by `merge`, in place of dlt's way."""
    bytes_billed: int | None = None
    """Since the ledger last noted them; None where nothing is billed by the byte."""

    def schema(self, name: str) -> str:
        """A schema's name here, by its name in the project."""
        return self.prefix + name

    def table(self, dataset: Dataset) -> str:
        """The name of a data set's rows, with their schema's."""
        return f"{self.schema(dataset.schema)}.{dataset.entity}"

    @abstractmethod
    def connect(self) -> AbstractContextManager[Connection]:
        """Have it open for as long as the block lasts.

        Raises:
            ConfigError: A setting is missing, or a right.
            WarehouseError: It can't be reached, opened or written.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    @abstractmethod
    def destination(self) -> Any:
        """dlt's destination."""

    def pipeline_options(self) -> dict[str, Any]:
        """More of what dlt's pipeline takes."""
        return {}

    def table_hints(self, name: str, columns: list[str]) -> dict[str, Any]:
        """dlt's hints for how a raw table is stored."""
        return {}

    def check(self, schemas: list[str]) -> None:
        """Look at what a run would stumble over later, before it writes anything.

        Raises:
            ConfigError, WarehouseError: As `connect`.
        """
        with self.connect():
            pass

    def exists(self) -> bool:
        """Whether some run may have made it; a server is asked when it is read."""
        return True

    def make_schema(self, name: str) -> None:
        """Make a schema where it is missing."""
        with self.connect() as connection:
            connection.execute(f"create schema if not exists {name}")

    def columns(self, schemas: list[str]) -> Columns:
        """All columns of the tables and views of some schemas."""
        names = ", ".join(f"'{name}'" for name in schemas)
        with self.connect() as connection:
            rows = connection.execute(
                "select table_schema, table_name, column_name "
                f"from information_schema.columns where table_schema in ({names}) "
                "order by table_schema, table_name, ordinal_position"
            ).fetchall()
        return gathered(rows)

    def merge(self, held: str, incoming: str, columns: list[str]) -> None:
        """Merge a table into another by `row_id` and empty it, if `merges_itself`."""
        raise NotImplementedError

    @abstractmethod
    def reading(
        self, statement: str
    ) -> AbstractContextManager[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
        """Read a query's rows batch by batch, for as long as the block lasts.

        Memory holds a batch or two, however many rows there are.

        Args:
            statement: Of DuckDB's dialect, without values.
        """

    def in_byte_order(self, column: str) -> str:
        """A text column that compares and sorts by its bytes."""
        return column

    def when_free(self, work: Callable[[], T]) -> T:
        """Do what needs the warehouse for itself, when nobody else has it."""
        return work()


def gathered(rows: list[tuple[Any, ...]]) -> Columns:
    """Columns by table, of (schema, table, column)."""
    found: Columns = {}
    for schema, name, column in rows:
        found.setdefault((schema, name), []).append(column)
    return found


@functools.cache
def translated(sql: str, dialect: str) -> list[str]:
    """The statements of some SQL in DuckDB's dialect, in another.

    `$name` becomes what sqlglot takes for the dialect's: `%(name)s` for PostgreSQL,
    `@name` for BigQuery.
    """
    import sqlglot

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    return sqlglot.transpile(
        sql, read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE
    )
