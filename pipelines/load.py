"""The warehouse: what it holds, and how rows get into it.

All that differs between warehouses is here. A load writes two tables, the change log
first: whatever a crash leaves, `repair` can take back, and the next run finds the rest.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.dataset import Dataset
from pipelines.diff import Differences, quote
from pipelines.errors import ConfigError, WarehouseError, first_line
from pipelines.held import opened, when_free, why_closed
from pipelines.ledger import Ledger
from pipelines.packages import UPSERT, Packages
from pipelines.portal import Reader
from pipelines.tables import (
    INSTANT,
    empty_tables,
    reject_table,
    stamped,
    table,
    version_columns,
    versions_view,
)
from pipelines.windows import Window

log = logging.getLogger(__name__)

# For DuckDB while loading: enough for a batch, and the whole stays under 1 GB.
MEMORY = "128MB"


# What DuckDB raises where the system fails it: no space, no right. After a commit that
# failed it lets nobody use the file any more until it is opened anew.
UNWRITABLE = (
    duckdb.IOException,
    duckdb.FatalException,
    duckdb.TransactionException,
)


class Warehouse:
    """The DuckDB file of a home, and dlt's working folder beside it.

    Args:
        wait: Seconds to wait for another program to let go of the file.

    Raises:
        ConfigError: BLOTTER_TARGET asks for another warehouse.
    """

    def __init__(self, home: Path, wait: float = 0.0):
        target = os.environ.get("BLOTTER_TARGET") or "duckdb"
        if target != "duckdb":
            raise ConfigError(
                f"BLOTTER_TARGET is {target!r}; this version knows duckdb only."
            )
        self.home = home
        self.path = home / "blotter.duckdb"
        self.wait = wait
        self._last_instant = datetime.min.replace(tzinfo=UTC)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self.packages = Packages(home, self.path)
        self.ledger = Ledger(self.connect)

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for as long as the block lasts.

        Raises:
            WarehouseError: It can't be opened, or is held by another program.
        """
        if self._connection is None:
            self._connection = self._open()
        # dlt opens the file too, and shares what is open in this process.
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
                    "makes those of every declared data set."
                ) from error

    def examine(self, datasets: list[Dataset]) -> int:
        """How many rows it holds that are not removed; opened for reading only.

        Raises:
            WarehouseError: It can't be opened, or is held by another program.
        """
        try:
            with duckdb.connect(str(self.path), read_only=True) as connection:
                made = connection.execute(
                    "select table_schema || '.' || table_name "
                    "from information_schema.tables"
                ).fetchall()
                counts = [
                    f"select count(*) as n from {table(d)} where removed_at is null"
                    for d in datasets
                    if (table(d),) in made
                ]
                every = " union all ".join(counts or ["select 0 as n"])
                found = connection.execute(f"select sum(n) from ({every})").fetchone()
        except duckdb.Error as error:
            raise why_closed(self.path, error) from error
        return int(found[0]) if found else 0

    def close(self) -> None:
        """Let go of the file: dbt opens it in its own way."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = when_free(lambda: opened(self.path), self.path, self.wait)
        connection.execute(f"set memory_limit = '{MEMORY}'")
        # Two threads load a batch sooner but cost half as much CPU again.
        connection.execute("set threads = 1")
        connection.execute("set enable_progress_bar = false")
        return connection

    def prepare(self, datasets: list[Dataset]) -> None:
        """Make the ledger, and every data set's tables, empty until loaded.

        A column that was declared since is added to its table.
        """
        self.ledger.prepare()
        with self.connect() as connection:
            made = set(
                connection.execute(
                    "select table_schema, table_name, column_name "
                    "from information_schema.columns"
                ).fetchall()
            )
            newest = [
                self._newest_change(connection, d)
                for d in datasets
                if (d.schema, f"{d.entity}_changes", "changed_at") in made
            ]
        self._last_instant = max([self._last_instant, *filter(None, newest)])
        for dataset in datasets:
            tables = empty_tables(dataset)
            wanted = {name: rows.column_names for name, rows in tables.items()}
            # Made last: a kill may have come between the tables and their view.
            wanted[f"{dataset.entity}_versions"] = version_columns(dataset)
            cells = {(dataset.schema, n, c) for n in wanted for c in wanted[n]}
            if cells - made:
                self.packages.abort(dataset)
                self.packages.load(dataset, tables, "append")
                with self.connect() as connection:
                    connection.execute(versions_view(dataset))

    def repair(self, dataset: Dataset) -> None:
        """Take back what a killed run left half done.

        dlt's pending packages are dropped, not loaded: they would load yesterday's
        rows over today's. Rows are written after their entries in the change log, or
        along with them, so the newest load alone can be torn: entries and former
        versions without their rows go, and new rows without their entries. This run
        finds them again.
        """
        self.packages.abort(dataset)
        self._clear_staging(dataset)
        self.take_back(dataset)

    def take_back(self, dataset: Dataset) -> None:
        """Take back the newest load where it is torn; no model may be built of it."""
        rows = table(dataset)
        changes, former = f"{rows}_changes", f"{rows}_former"
        newest = (
            f"(select greatest((select max(changed_at) from {changes}), "
            f"(select max(replaced_at) from {former}), "
            f"(select max(loaded_at) from {rows})))"
        )
        logged = f"select row_id from {changes} where changed_at = {newest}"
        loaded = f"select row_id from {rows} where loaded_at = {newest}"
        with self.connect() as connection:
            torn = [
                connection.execute(statement).fetchall()[0][0]
                for statement in (
                    f"delete from {changes} "
                    f"where changed_at = {newest} and row_id not in ({loaded})",
                    f"delete from {rows} "
                    f"where loaded_at = {newest} and row_id not in ({logged})",
                    f"delete from {former} "
                    f"where replaced_at = {newest} and row_id not in ({loaded})",
                )
            ]
        self.erase_former(dataset)
        if sum(torn):
            log.warning(
                "%s: taking back %d entries, %d rows and %d former versions that a "
                "killed run left torn; they will be found again.",
                dataset.name,
                *torn,
            )

    def _clear_staging(self, dataset: Dataset) -> None:
        """Empty dlt's staging tables: a killed merge leaves published values there."""
        schema = f"{dataset.schema}_staging"
        with self.connect() as connection:
            made = connection.execute(
                "select table_name from information_schema.tables "
                "where table_schema = ? and list_contains(?, table_name)",
                [schema, list(empty_tables(dataset))],
            ).fetchall()
            for (name,) in made:
                connection.execute(f"delete from {schema}.{name}")

    def known(
        self, dataset: Dataset, reader: Reader, window: Window, received: pa.Table
    ) -> pa.Table:
        """The window's rows and the received keys, as the warehouse has them.

        Columns: row_id, row_hash, is_removed, in_window. A received key may lie
        outside of the window here: its date was corrected, or it was removed. Of a
        window of late edits only the received keys are looked up.
        """
        inside = "false" if window.changed_since else in_window(dataset, reader, window)
        with self.connect() as connection:
            connection.register("received", received.select(["row_id"]))
            return connection.execute(
                f"""
                select row_id, row_hash, removed_at is not null as is_removed,
                    removed_at is null and {inside} as in_window
                from {table(dataset)}
                where (removed_at is null and {inside})
                    or row_id in (select row_id from received)
                """
            ).to_arrow_table()

    def rows(self, dataset: Dataset, row_ids: list[str]) -> pa.Table:
        """The declared columns and `row_id` of some rows, as the warehouse has them."""
        columns = ", ".join(map(quote, version_columns(dataset)))
        with self.connect() as connection:
            connection.register(
                "wanted", pa.table({"row_id": pa.array(row_ids, pa.string())})
            )
            return connection.execute(
                f"select {columns} from {table(dataset)} "
                "where row_id in (select row_id from wanted)"
            ).to_arrow_table()

    def write(
        self, dataset: Dataset, differences: Differences, rejects: pa.Table, run_id: str
    ) -> None:
        """Write rows, change log and rejects; no write where there is nothing to.

        New rows are appended; where others change, all are merged by key. The versions
        that changed rows had are kept, until the row is removed.
        """
        if not (differences.changes.num_rows or rejects.num_rows):
            return
        instant = self.next_instant()
        entity, changes = dataset.entity, differences.changes
        logs = {
            f"{entity}_former": stamped(
                differences.former, run_id, replaced_at=instant
            ),
            f"{entity}_changes": stamped(changes, run_id, changed_at=instant),
            f"{entity}_rejects": stamped(
                self._new_rejects(dataset, rejects), run_id, rejected_at=instant
            ),
        }
        logs = {name: log for name, log in logs.items() if log.num_rows}
        if not changes.num_rows:
            if logs:
                self.packages.load(dataset, logs, "append")
            return
        rows = stamped(differences.rows, run_id, loaded_at=instant)
        gone = changes.filter(pc.equal(changes["change"], "removed"))["row_id"]
        removed_at = pc.if_else(
            pc.is_in(rows["row_id"], gone),
            pa.scalar(instant, INSTANT),
            pa.scalar(None, INSTANT),
        )
        rows = rows.append_column("removed_at", removed_at)
        if pc.all(pc.equal(changes["change"], "added")).as_py():
            self.packages.load(dataset, {**logs, entity: rows}, "append")
            return
        self.packages.load(dataset, logs, "append")
        self.packages.load(dataset, {entity: rows}, UPSERT)
        if gone.length():
            self.erase_former(dataset)

    def erase_former(self, dataset: Dataset) -> None:
        """Delete the former versions of removed rows."""
        rows = table(dataset)
        with self.connect() as connection:
            connection.execute(
                f"delete from {rows}_former where row_id in "
                f"(select row_id from {rows} where removed_at is not null)"
            )

    def forget_rejects(
        self, dataset: Dataset, reader: Reader, window: Window, received: pa.Table
    ) -> None:
        """Delete the rejects of a window that the portal no longer shows."""
        inside = in_window(dataset, reader, window, "window_value")
        rejects = f"{table(dataset)}_rejects"
        with self.connect() as connection:
            connection.register("received", reject_table(dataset, received))
            connection.execute(
                f"delete from {rejects} where {inside} "
                "and row not in (select row from received)"
            )

    def count_rows(self, dataset: Dataset) -> int:
        """How many rows the warehouse holds that were not removed."""
        with self.connect() as connection:
            ((count,),) = connection.execute(
                f"select count(*) from {table(dataset)} where removed_at is null"
            ).fetchall()
        return count

    def monthly_counts(
        self,
        reader: Reader,
        windows: list[Window],
        column: str | None = None,
        of: pa.Table | None = None,
    ) -> pa.Table:
        """Rows by window and, if given, by the values of a column.

        Args:
            of: Count these rows instead of the warehouse's.

        Returns:
            month (the window's first day), value, row_count; no row for zero.
        """
        dataset = reader.dataset
        bounds = pa.table(
            {
                "month": pa.array([w.start for w in windows], pa.date32()),
                "opens": [reader.bound(w.start) for w in windows],
                "ends": [reader.bound(w.end) for w in windows if w.end],
            }
        )
        value = quote(column.lower()) if column else "cast(null as text)"
        opens = bounds["opens"][0].as_py()
        dated = as_bound(quote(dataset.window_column.lower()), opens)
        with self.connect() as connection:
            connection.register("bounds", bounds)
            held = f"{table(dataset)} where removed_at is null"
            if of is not None:
                connection.register("counted", of)
                held = "counted"
            return connection.execute(
                f"""
                select month, value, count(*) as row_count
                from (select {dated} as dated, {value} as value from {held})
                inner join bounds on dated >= opens and dated < ends
                group by month, value
                """
            ).to_arrow_table()

    def _new_rejects(self, dataset: Dataset, rejects: pa.Table) -> pa.Table:
        """Rejects as JSON with a reason, without those set aside before."""
        if not rejects.num_rows:
            return reject_table(dataset, rejects)
        with self.connect() as connection:
            connection.register("rejects", reject_table(dataset, rejects))
            return connection.execute(
                f"select * from rejects anti join {table(dataset)}_rejects as before "
                "on rejects.row = before.row"
            ).to_arrow_table()

    def next_instant(self) -> datetime:
        """Now, or just after the newest load where the clock was moved back.

        The models take what was loaded after their newest row: loads must not go back.
        """
        later = self._last_instant + timedelta(microseconds=1)
        self._last_instant = max(datetime.now(UTC), later)
        return self._last_instant

    def _newest_change(
        self, connection: duckdb.DuckDBPyConnection, dataset: Dataset
    ) -> datetime | None:
        found = connection.execute(
            f"select max(changed_at) from {dataset.schema}.{dataset.entity}_changes"
        ).fetchone()
        return found[0] if found else None


def in_window(
    dataset: Dataset, reader: Reader, window: Window, column: str | None = None
) -> str:
    """The window as a condition on the raw table, or on another column."""
    if dataset.is_file:
        return "true"
    start, end = reader.bound(window.start), window.end and reader.bound(window.end)
    column = quote(column or dataset.window_column.lower())
    value = as_bound(column, start)
    condition = f"{value} >= {literal(start)}"
    if end is not None:
        condition += f" and {value} < {literal(end)}"
    return f"({condition} or {column} is null)" if window.undated else f"({condition})"


def as_bound(column: str, bound: str | int) -> str:
    """A text column in the type of the window's bounds."""
    return f"cast({column} as bigint)" if isinstance(bound, int) else column


def literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f"'{value}'"
