"""Keep a published table whose portal takes PostgreSQL's SQL."""

import re

import pyarrow as pa

from demo.portal.sql import quote
from demo.portal.store import Dataset, Store
from demo.portal.values import Rows

# DuckDB's types by those of PostgreSQL. A date is seen at its midnight.
TYPES = {
    "text": "varchar",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "date": "date",
    "numeric": "double",
    "float8": "double",
    "int4": "integer",
    "bool": "boolean",
    "geometry": "varchar",
}


class PostgresTable(Dataset):
    """A table with PostgreSQL's types, whose rows are numbered as they came."""

    row_number: str
    """The column of the numbers, which the portal adds."""

    def __init__(
        self,
        store: Store,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
    ):
        if unknown := set(columns.values()) - set(TYPES):
            raise ValueError(f"{name}: no such types: {sorted(unknown)}")
        super().__init__(store, name, rows, columns, key)

    def select(self, sql: str) -> pa.Table:
        """Return the result of a `select` from the table, with its types."""
        columns = [
            f"try_cast({quote(name)} as {TYPES[kind]}) as {quote(name)}"
            for name, kind in self.columns.items()
        ]
        number = f'":n" as {quote(self.row_number)}'
        typed = f"select {number}, {', '.join(columns)} from {self.table}"
        return self.store.run(f"with {self.table} as ({typed}) {sql}")


def in_postgres_words(said: str) -> str:
    """DuckDB's message about a column that is not there, as PostgreSQL has it."""
    named = re.search(r'Referenced column "([^"]+)" not found', said)
    if not named:
        return said.splitlines()[0]
    return f'column "{named[1]}" does not exist'
