"""The interface that hides the differences between warehouses.

Statements are written once, in DuckDB's dialect with `$name` for a value, and are
translated to the warehouse's dialect.
"""

import functools
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from pipelines.datasets.dataset import Dataset

T = TypeVar("T")

Columns = dict[tuple[str, str], list[str]]
"""Column names by schema and table, in the table's order."""

Batches = tuple[pa.Schema, Iterator[pa.RecordBatch]]
"""Rows and their columns."""


class Result(Protocol):
    """What a statement returned."""

    def fetchall(self) -> list[tuple[Any, ...]]: ...

    def to_arrow_table(self) -> pa.Table: ...


class Connection(Protocol):
    """The part of DuckDB's connection that every warehouse provides, in autocommit."""

    def execute(self, sql: str, values: Mapping[str, Any] | None = None, /) -> Result:
        """Run a statement; `values` are for its `$name` parameters."""

    def register(self, name: str, rows: pa.Table, /) -> Any:
        """Make an Arrow table available to statements under a name."""


class Engine(ABC):
    """A warehouse that BLOTTER_TARGET can name."""

    prefix: str
    """The prefix of every schema's name."""
    place: str
    """Where the warehouse is, for messages."""
    empty_format = "parquet"
    """dlt's file format for tables without rows, by which dlt creates them."""
    failures: tuple[type[Exception], ...]
    """Exceptions of the client that dlt may not wrap."""
    merges_itself = False
    """Whether `merge` merges changed rows, instead of dlt."""
    bytes_billed: int | None = None
    """Since the ledger last recorded them; None if bytes are not billed."""

    def schema(self, name: str) -> str:
        """A schema's name in the warehouse, by its name in the project."""
        return self.prefix + name

    def table(self, dataset: Dataset) -> str:
        """The name of a data set's table of rows, with its schema."""
        return f"{self.schema(dataset.schema)}.{dataset.entity}"

    @abstractmethod
    def connect(self) -> AbstractContextManager[Connection]:
        """Open a connection for the duration of the block.

        Raises:
            ConfigError: A setting or a permission is missing.
            WarehouseError: The warehouse can't be reached, opened or written.
        """

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection of which all that the block writes is written, or none of it."""
        with self.connect() as connection:
            connection.execute("begin transaction")
            try:
                yield connection
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    @abstractmethod
    def close(self) -> None:
        """Close the connection, if any is open."""

    @abstractmethod
    def destination(self) -> Any:
        """dlt's destination."""

    def pipeline_options(self) -> dict[str, Any]:
        """Additional arguments for dlt's pipeline."""
        return {}

    def table_hints(self, name: str, columns: list[str]) -> dict[str, Any]:
        """dlt's hints for how a raw table is stored."""
        return {}

    def check(self, schemas: list[str]) -> None:
        """Check, before anything is written, for problems that would stop a run later.

        Raises:
            ConfigError, WarehouseError: As for `connect`.
        """
        with self.connect():
            pass

    def exists(self) -> bool:
        """Whether the warehouse may exist; for a server, only a read shows it."""
        return True

    def make_schema(self, name: str) -> None:
        """Create a schema if it does not exist."""
        with self.connect() as connection:
            connection.execute(f"create schema if not exists {name}")

    def drop_schema(self, name: str) -> None:
        """Drop a schema with all of its tables, if it exists."""
        with self.connect() as connection:
            connection.execute(f"drop schema if exists {name} cascade")

    def make_tables(
        self, schema: str, tables: dict[str, pa.Table], made: Columns
    ) -> bool:
        """Create tables and add missing columns; False if that is left to dlt.

        Args:
            made: The columns that there are.
        """
        return False

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
    def reading(self, statement: str) -> AbstractContextManager[Batches]:
        """Read a query's rows batch by batch, for the duration of the block.

        Only a batch or two are in memory, however many rows there are.

        Args:
            statement: In DuckDB's dialect, without values.
        """

    def in_byte_order(self, column: str) -> str:
        """SQL for a text column that compares and sorts by its bytes."""
        return column

    def when_free(self, work: Callable[[], T]) -> T:
        """Do work that needs exclusive access, once no other program has it."""
        return work()


def gathered(rows: list[tuple[Any, ...]]) -> Columns:
    """Group (schema, table, column) rows into columns by table."""
    found: Columns = {}
    for schema, name, column in rows:
        found.setdefault((schema, name), []).append(column)
    return found


@functools.cache
def translated(sql: str, dialect: str) -> list[str]:
    """Translate SQL from DuckDB's dialect into another, as a list of statements.

    `$name` becomes the dialect's parameter syntax: `%(name)s` for PostgreSQL, `@name`
    for BigQuery.
    """
    import sqlglot

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    return sqlglot.transpile(
        sql, read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE
    )
