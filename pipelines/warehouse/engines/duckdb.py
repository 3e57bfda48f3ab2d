"""DuckDB: a file in the home that one program at a time can use."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from pipelines.errors import WarehouseError, first_line
from pipelines.settings import Settings
from pipelines.sql import quote
from pipelines.warehouse.engines.base import Batches, Columns, Engine
from pipelines.warehouse.engines.duckdb_lock import opened, when_free

T = TypeVar("T")

# DuckDB's limit while loading: enough for a batch, and the process stays under 1 GB.
MEMORY = "128MB"

# How a new file stores its tables: DuckDB 1.4 and later can read it. It takes a fifth
# less time to write text this way.
STORAGE = "v1.4.0"

# How many rows of a query to read at a time.
BATCH = 50_000

# The types of raw columns.
KINDS = {
    pa.string(): "text",
    pa.timestamp("us", tz="UTC"): "timestamptz",
    pa.date32(): "date",
}

# What DuckDB raises if the system fails: no space, no permission. After a failed commit
# it refuses all use of the file until it is reopened.
UNWRITABLE = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.TransactionException,
)


class DuckdbEngine(Engine):
    """The DuckDB file of a home."""

    def __init__(self, settings: Settings, read_only: bool):
        self.prefix = settings.prefix
        self.path = settings.home / "blotter.duckdb"
        self.place = str(self.path)
        self.failures = (duckdb.Error,)
        # A reader does not wait for a program that writes.
        self.wait, self.read_only = 0.0 if read_only else settings.wait, read_only
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._connection is None:
            self._connection = self._open()
        # dlt opens the file too, and shares the database open in this process.
        with self._connection.cursor() as cursor:
            try:
                yield cursor
            except UNWRITABLE as error:
                raise WarehouseError(
                    f"{self.path} can't be written: {first_line(error)}."
                ) from error
            except duckdb.CatalogException as error:
                raise WarehouseError(
                    f"{self.path} lacks a table ({first_line(error)}); `blotter daily` "
                    "creates those of every declared data set."
                ) from error

    def _open(self) -> duckdb.DuckDBPyConnection:
        if not (self.read_only or self.path.exists()):
            opened(self.path, storage=STORAGE).close()
        connection = when_free(
            lambda: opened(self.path, self.read_only), self.path, self.wait
        )
        connection.execute(f"set memory_limit = '{MEMORY}'")
        # Two threads load a batch faster but use 50% more CPU time.
        connection.execute("set threads = 1")
        connection.execute("set enable_progress_bar = false")
        connection.execute("set timezone = 'UTC'")
        return connection

    def close(self) -> None:
        """Close the file: dbt opens it itself."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def make_tables(
        self, schema: str, tables: dict[str, pa.Table], made: Columns
    ) -> bool:
        """Create them as dlt would, in a hundredth of the time."""
        with self.connect() as connection:
            for name, rows in tables.items():
                columns = {field.name: KINDS[field.type] for field in rows.schema}
                listed = ", ".join(f"{quote(n)} {kind}" for n, kind in columns.items())
                place = f"{schema}.{name}"
                connection.execute(f"create table if not exists {place} ({listed})")
                held = made.get((schema, name), columns)
                for column in [n for n in columns if n not in held]:
                    added = f"{quote(column)} {columns[column]}"
                    connection.execute(f"alter table {place} add column {added}")
        return True

    def destination(self) -> Any:
        import dlt
        from dlt.common.destination.configuration import ParquetFormatConfiguration

        # Read at once and deleted: to compress it takes longer than to write it.
        plain = ParquetFormatConfiguration(compression="none")
        return dlt.destinations.duckdb(str(self.path), parquet_format=plain)

    @contextmanager
    def reading(self, statement: str) -> Iterator[Batches]:
        with self.connect() as connection:
            reader = connection.execute(statement).to_arrow_reader(BATCH)
            yield reader.schema, iter(reader)

    def exists(self) -> bool:
        return self.path.exists()

    def when_free(self, work: Callable[[], T]) -> T:
        """Do work that opens the file; retry while another program has it open.

        Raises:
            HeldError: Another program still has it open after the wait.
        """

        def once() -> T:
            opened(self.path).close()
            return work()

        return when_free(once, self.path, self.wait)
