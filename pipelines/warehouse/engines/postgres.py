"""PostgreSQL 15 and later, configured by libpq's variables: PGHOST and so on."""

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypedDict

import psycopg2
import pyarrow as pa
from adbc_driver_postgresql import StatementOptions, dbapi
from psycopg2 import extensions
from psycopg2.errorcodes import INSUFFICIENT_PRIVILEGE, UNDEFINED_TABLE
from pyarrow import csv

from pipelines.errors import BlotterError, ConfigError, WarehouseError
from pipelines.settings import Settings
from pipelines.warehouse.engines.base import Batches, Engine, translated

# Messages of the server or of libpq if the settings are wrong: before there is a
# connection, errors have no code.
REFUSED = re.compile(
    r"authentication failed|no password supplied|does not exist|no pg_hba.conf entry"
    r"|could not translate host name|is not permitted|permission denied"
)

# What the drivers write before the server's own words.
BEFORE = re.compile(r"^.*?(connection to server .*? failed|ERROR): +|FATAL: +")

# One that begins no parameter: psycopg2 wants it doubled where there are parameters.
PERCENT = re.compile(r"%(?!\(\w+\)s)")

# Arrow types by PostgreSQL's type OIDs. A sum of integers is numeric.
ARROW = {
    16: pa.bool_(),
    20: pa.int64(),
    23: pa.int64(),
    25: pa.string(),
    701: pa.float64(),
    1043: pa.string(),
    1082: pa.date32(),
    1184: pa.timestamp("us", "UTC"),
    1700: pa.int64(),
}

POSTGRES = {
    pa.string(): "text",
    pa.int64(): "bigint",
    pa.date32(): "date",
    pa.timestamp("us", "UTC"): "timestamptz",
}

# How many bytes of a query's rows to read at a time.
BATCH = 16_000_000

CONNECTED: Any = {
    "application_name": "blotter",
    "connect_timeout": 15,
    "options": "-c timezone=UTC",
}


class Facts(TypedDict):
    """Connection parameters, by libpq's names."""

    host: str
    port: int
    user: str
    password: str
    dbname: str


class Cursor:
    """A psycopg2 cursor with the interface of DuckDB's connection."""

    def __init__(self, cursor: Any):
        self._cursor = cursor

    def execute(self, sql: str, values: Mapping[str, Any] | None = None) -> "Cursor":
        for statement in translated(sql, "postgres"):
            if values:
                self._cursor.execute(PERCENT.sub("%%", statement), dict(values))
            else:
                self._cursor.execute(statement)
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return list(self._cursor.fetchall())

    def to_arrow_table(self) -> pa.Table:
        return as_arrow(self._cursor.description, self._cursor.fetchall())

    def register(self, name: str, rows: pa.Table) -> None:
        """Copy an Arrow table into a temporary table."""
        columns = ", ".join(f'"{f.name}" {POSTGRES[f.type]}' for f in rows.schema)
        self._cursor.execute(f"drop table if exists pg_temp.{name}")
        self._cursor.execute(f"create temporary table {name} ({columns})")
        # Arrow quotes all text and leaves nulls unquoted, as PostgreSQL's CSV expects.
        file = io.BytesIO()
        csv.write_csv(rows, file, csv.WriteOptions(include_header=False))
        file.seek(0)
        self._cursor.copy_expert(f"copy pg_temp.{name} from stdin (format csv)", file)
        self._cursor.execute(f"analyze pg_temp.{name}")


def as_arrow(columns: Any, rows: list[Any]) -> pa.Table:
    """Turn psycopg2's rows into an Arrow table, given its column descriptions."""
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pa.table(
        [
            pa.array(each, ARROW[column.type_code])
            for column, each in zip(columns, values, strict=True)
        ],
        names=[column.name for column in columns],
    )


def as_published(column: pa.Field) -> pa.Field:
    """A column as it is published, given how the driver tells of it.

    The driver has a numeric as text. It may be a share or a rate: a float keeps both of
    its decimals, and every program can read it.
    """
    if isinstance(column.type, pa.OpaqueType):
        return pa.field(column.name, pa.float64())
    is_short = column.type == pa.int32()
    return pa.field(column.name, pa.int64() if is_short else column.type)


def published(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Rows of the driver in the types of a schema."""
    plain = [
        column.storage if isinstance(column, pa.ExtensionArray) else column
        for column in rows.columns
    ]
    values = [each.cast(field.type) for each, field in zip(plain, schema, strict=True)]
    return pa.record_batch(values, schema)


class PostgresEngine(Engine):
    """A database on a PostgreSQL server."""

    # dlt loads Parquet with ADBC, which fails if there are no rows.
    empty_format = "insert_values"

    def __init__(self, settings: Settings) -> None:
        self.prefix = settings.prefix
        host, port, database = settings.pg_host, settings.pg_port, settings.pg_database
        self._facts: Facts = {
            "host": host,
            "port": port,
            "user": settings.pg_user,
            "password": settings.pg_password,
            "dbname": database,
        }
        self.place = f"PostgreSQL's database {database} at {host}:{port}"
        self.failures = (psycopg2.Error,)
        self._connection: Any = None
        self._columns: dbapi.Connection | None = None

    @contextmanager
    def connect(self) -> Iterator[Cursor]:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = self._open()
            with self._connection.cursor() as cursor:
                yield Cursor(cursor)
        except psycopg2.Error as error:
            raise self._explained(error) from error

    @contextmanager
    def reading(self, statement: str) -> Iterator[Batches]:
        (translation,) = translated(statement, "postgres")
        try:
            options = {StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(BATCH)}
            with self._arrow().cursor(adbc_stmt_kwargs=options) as cursor:
                cursor.execute(translation)
                rows = cursor.fetch_record_batch()
                schema = pa.schema([as_published(field) for field in rows.schema])
                yield schema, (published(batch, schema) for batch in rows)
        except dbapi.Error as error:
            raise self._explained(error) from error

    def _arrow(self) -> dbapi.Connection:
        """A connection of the driver that reads rows as columns; psycopg2's by row."""
        if self._columns is None:
            known = extensions.make_dsn(**self._facts, **CONNECTED)
            self._columns = dbapi.connect(known, autocommit=True)
        return self._columns

    def _open(self) -> Any:
        connection = psycopg2.connect(**self._facts, **CONNECTED)
        connection.autocommit = True
        return connection

    def _explained(self, error: psycopg2.Error | dbapi.Error) -> BlotterError:
        """Explain the server's error, whichever driver tells it, in one sentence."""
        code = error.pgcode if isinstance(error, psycopg2.Error) else error.sqlstate
        said = BEFORE.sub("", str(error))
        said = (said.splitlines() or [type(error).__name__])[0].rstrip(".")
        if code == UNDEFINED_TABLE:
            return WarehouseError(
                f"{self.place} lacks a table ({said}); `blotter daily` creates those "
                "of every declared data set."
            )
        if code == INSUFFICIENT_PRIVILEGE or REFUSED.search(said):
            return ConfigError(
                f"{self.place} refuses {self._facts['user']}: {said}. Correct PGUSER, "
                "PGPASSWORD and PGDATABASE, or give the user the right to connect and "
                "to create schemas."
            )
        return WarehouseError(f"{self.place} can't be used: {said}.")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._columns is not None:
            self._columns.close()
            self._columns = None

    def make_schema(self, name: str) -> None:
        # One that an administrator created is used as is: even `if not exists` requires
        # permission to create schemas.
        with self.connect() as connection:
            made = connection.execute(
                "select 1 from information_schema.schemata where schema_name = $name",
                {"name": name},
            ).fetchall()
            if not made:
                connection.execute(f"create schema {name}")

    def destination(self) -> Any:
        import dlt
        from dlt.destinations.impl.postgres.configuration import PostgresCredentials
        from dlt.destinations.impl.postgres.factory import PostgresTypeMapper

        # As in dbt's contracts; dlt's default is `character varying`.
        written = PostgresTypeMapper.sct_to_unbound_dbt.copy()
        written["text"] = "text"
        read = PostgresTypeMapper.dbt_to_sct.copy()
        read["text"] = "text"

        class TypeMapper(PostgresTypeMapper):
            sct_to_unbound_dbt = written
            dbt_to_sct = read

        credentials = PostgresCredentials()
        credentials.database = self._facts["dbname"]
        credentials.username = self._facts["user"]
        credentials.password = self._facts["password"]
        credentials.host = self._facts["host"]
        credentials.port = self._facts["port"]
        return dlt.destinations.postgres(
            credentials=credentials, type_mapper=TypeMapper
        )

    def in_byte_order(self, column: str) -> str:
        # The database's default collation may be a language's, with punctuation last.
        return f'{column} collate "C"'
