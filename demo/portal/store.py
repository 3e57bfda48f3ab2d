"""Keep a published table in DuckDB and change it as a publisher does."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from demo.portal.sql import DISGUISE, quote
from demo.portal.values import Row, Rows, to_table


def alike(rows: Sequence[Row]) -> list[list[Row]]:
    """Group rows by the set of columns that they have."""
    parts: dict[frozenset[str], list[Row]] = {}
    for row in rows:
        parts.setdefault(frozenset(row), []).append(row)
    return list(parts.values())


def last_of_each(key: str, table: pa.Table) -> pa.Table:
    """Return the last row for each value of a column."""
    last = {value: i for i, value in enumerate(table[key].to_pylist())}
    return table.take(pa.array(sorted(last.values()), pa.int64()))


class Store:
    """The DuckDB database, lock and clock that a portal's data sets share."""

    def __init__(self, clock: Callable[[], datetime]):
        self.clock = clock
        self.lock = RLock()
        self.connection = duckdb.connect(config={"python_enable_replacements": False})
        self.connection.execute(DISGUISE)

    def run(self, sql: str, parameters: Iterable[Any] = ()) -> pa.Table:
        """Run one statement and return its result."""
        with self.lock:
            cursor = self.connection.cursor()
            return cursor.execute(sql, list(parameters)).to_arrow_table()


class Dataset:
    """One published table: text columns, hidden row numbers and system fields.

    Every action of the publisher is one transaction: it sets a new version and advances
    `rows_updated_at` (UTC, whole seconds) by at least a second, the finest step that
    readers can see.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
    ):
        self.store, self.name, self.columns, self.key = store, name, dict(columns), key
        if key is not None and key not in columns:
            raise ValueError(f"{name}: the row identifier {key} is not a column")
        self.table = quote(name)
        self.version = 0
        self.next_number = 1_000 + sum(name.encode()) % 1_000
        self.rows_updated_at = datetime(1970, 1, 1, tzinfo=UTC)
        published = "".join(f", {quote(column)} varchar" for column in columns)
        store.run(
            f'create table {self.table} (":n" bigint, ":id" varchar, '
            ' ":created_at" timestamp, ":updated_at" timestamp, ":version" varchar'
            f"{published})"
        )
        self.append(rows)

    @property
    def count(self) -> int:
        """The number of rows as published."""
        counted = self.store.run(f"select count(*) from {self.table}")
        return int(counted[0][0].as_py())

    def rows(self, *, system: bool = False) -> pa.Table:
        """Return the rows as published, in the order of their hidden numbers.

        With `system`, `:id`, `:created_at` and `:updated_at` come first.
        """
        names = [":id", ":created_at", ":updated_at"] if system else []
        names += self.columns
        chosen = ", ".join(map(quote, names))
        return self.store.run(f'select {chosen} from {self.table} order by ":n"')

    def append(self, rows: Rows) -> None:
        """Append rows regardless of keys; all get new ids."""
        with self._transaction() as cursor:
            self._insert(cursor, self._text(rows))

    def upsert(self, rows: Rows) -> None:
        """Update the rows whose key exists and insert the others.

        An updated row keeps `:id`, `:created_at` and the columns that are not sent (a
        column sent as None becomes null); every row sent gets a new `:updated_at`, even
        if it is unchanged. Without a row identifier all rows are appended.
        """
        if self.key is None:
            self.append(rows)
            return
        key = quote(self.key)
        with self._transaction() as cursor:
            for part in [rows] if isinstance(rows, pa.Table) else alike(rows):
                table = last_of_each(self.key, self._text(part))
                self._update(cursor, table, key)
                known = f"select 1 from {self.table} where {key} = sent.{key}"
                self._insert(cursor, table, f"where not exists ({known})")

    def delete(self, keys: Iterable[str]) -> None:
        """Delete the rows with these keys (`:id`s if there is no row identifier).

        They leave no trace in the portal's responses.

        Raises:
            KeyError: No row has one of the keys; then none are deleted.
        """
        keys = [str(key) for key in keys]
        column = quote(self.key or ":id")
        with self._transaction() as cursor:
            gone = cursor.execute(
                f"delete from {self.table} where {column} in (select unnest(?)) "
                f"returning {column}",
                [keys],
            ).fetchall()
            if missing := sorted(set(keys) - {key for (key,) in gone}):
                raise KeyError(f"{self.name} has no row {', '.join(missing)}")

    def seal(self, keys: Iterable[str]) -> None:
        """Withdraw rows by court order: for a reader the same as `delete`."""
        self.delete(keys)

    def replace(self, rows: Rows) -> None:
        """Replace all rows: every id and timestamp is new."""
        with self._transaction() as cursor:
            cursor.execute(f"delete from {self.table}")
            self._insert(cursor, self._text(rows))

    def rename_column(self, old: str, new: str) -> None:
        """Publish a column under another name, in its old place."""
        self._alter(f"rename column {quote(old)} to {quote(new)}")
        pairs = self.columns.items()
        self.columns = {new if name == old else name: kind for name, kind in pairs}
        self.key = new if self.key == old else self.key

    def add_column(self, name: str, kind: str) -> None:
        """Publish an additional column at the end, null in every row."""
        self._alter(f"add column {quote(name)} varchar")
        self.columns[name] = kind

    def drop_column(self, name: str) -> None:
        """Stop publishing a column."""
        self._alter(f"drop column {quote(name)}")
        del self.columns[name]

    def _alter(self, change: str) -> None:
        with self._transaction() as cursor:
            cursor.execute(f"alter table {self.table} {change}")

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open a transaction; on commit the data set has a new version."""
        with self.store.lock:
            cursor = self.store.connection.cursor()
            before = self.version, self.rows_updated_at, self.next_number
            now = self.store.clock().astimezone(UTC)
            self.version += 1
            milliseconds = now.microsecond // 1000 * 1000
            self.changed_at = now.replace(microsecond=milliseconds, tzinfo=None)
            self.rows_updated_at = max(
                now.replace(microsecond=0), self.rows_updated_at + timedelta(seconds=1)
            )
            cursor.begin()
            try:
                yield cursor
                cursor.commit()
            except BaseException:
                cursor.rollback()
                self.version, self.rows_updated_at, self.next_number = before
                raise

    def _text(self, rows: Rows) -> pa.Table:
        return to_table(rows, list(self.columns))

    def _insert(
        self, cursor: duckdb.DuckDBPyConnection, table: pa.Table, which: str = ""
    ) -> None:
        if not table.num_rows:
            return
        numbers = np.arange(self.next_number, self.next_number + table.num_rows)
        self.next_number += table.num_rows
        names = ", ".join(map(quote, table.column_names))
        values = ", ".join(self._normal(name) for name in table.column_names)
        cursor.register("sent", table.append_column(":n", pa.array(numbers)))
        cursor.execute(
            f'insert into {self.table} (":n", ":id", ":created_at", ":updated_at", '
            f""" ":version", {names}) select ":n", disguise('row-', ":n"), """
            f"$now, $now, disguise('rv-', $version), {values} from sent {which}",
            {"now": self.changed_at, "version": self.version},
        )
        cursor.unregister("sent")

    def _update(
        self, cursor: duckdb.DuckDBPyConnection, table: pa.Table, key: str
    ) -> None:
        values = "".join(
            f", {quote(name)} = {self._normal(name)}" for name in table.column_names
        )
        cursor.register("sent", table)
        cursor.execute(
            f'update {self.table} set ":updated_at" = $now, '
            f""" ":version" = disguise('rv-', $version) {values} from sent """
            f"where {self.table}.{key} = sent.{key}",
            {"now": self.changed_at, "version": self.version},
        )
        cursor.unregister("sent")

    def _normal(self, name: str) -> str:
        """Return SQL for a sent value; calendar dates are padded to milliseconds."""
        column = f"sent.{quote(name)}"
        if self.columns[name] != "calendar_date":
            return column
        return (
            f"case length({column}) when 10 then {column} || 'T00:00:00.000' "
            f"when 19 then {column} || '.000' else {column} end"
        )
