"""Pieces of SQL, and SQL over Arrow tables."""

import duckdb
import pyarrow as pa


def query(sql: str, **tables: pa.Table) -> pa.Table:
    """Run SQL over Arrow tables, by their names here."""
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(sql).to_arrow_table()


def quote(name: str) -> str:
    return f'"{name}"'


def text(words: str) -> str:
    """A text as a SQL literal."""
    return "'" + words.replace("'", "''") + "'"
