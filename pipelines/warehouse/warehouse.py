"""The warehouse: what it holds, and how rows get into it.

A load writes two tables, the change log first: whatever a crash leaves, `repair` can
take back, and the next run finds the rest.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.clock import Clock, utc_now
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window
from pipelines.errors import ConfigError
from pipelines.settings import Settings, schema
from pipelines.sql import quote
from pipelines.warehouse.differences import Differences
from pipelines.warehouse.engines import engine_for
from pipelines.warehouse.engines.base import Columns
from pipelines.warehouse.ledger import Ledger
from pipelines.warehouse.loader import Loader
from pipelines.warehouse.lookups import Bound, in_window
from pipelines.warehouse.tables import (
    INSTANT,
    empty_tables,
    incoming_name,
    reject_table,
    stamped,
    table,
    version_columns,
    versions_view,
    window_months,
)

log = logging.getLogger(__name__)

# The schemas of dbt's, without the prefix.
BUILT = ("seeds", "staging", "intermediate", "marts")


class Warehouse:
    """The raw tables and the ledger, and dlt's working folder in a home.

    Args:
        settings: Say which warehouse, and where.
        read_only: Open DuckDB's file so that others may read it, too.
        clock: What loads are stamped by.
    """

    def __init__(
        self, settings: Settings, read_only: bool = False, clock: Clock = utc_now
    ):
        self.settings, self.home = settings, settings.home
        self.engine = engine_for(settings, read_only)
        self.connect = self.engine.connect
        self.clock = clock
        self._last_instant = datetime.min.replace(tzinfo=UTC)
        self.loader = Loader(self.home, self.engine)
        self.ledger = Ledger(self.engine)

    def must_exist(self) -> None:
        """Refuse to look into what no run has made yet.

        Raises:
            ConfigError: There is no warehouse.
        """
        if not self.engine.exists():
            raise ConfigError(
                f"There is no warehouse in {self.home} yet. Run `blotter daily`, or "
                "set BLOTTER_HOME."
            )

    def examine(self, datasets: list[Dataset]) -> int:
        """How many rows it holds that are not removed; nothing is written.

        Raises:
            ConfigError, WarehouseError: It can't be opened or reached.
        """
        schemas = schemas_of(datasets)
        self.engine.check(schemas)
        made = self.engine.columns(schemas)
        counts = [
            f"select count(*) as n from {table(d)} where removed_at is null"
            for d in datasets
            if (d.schema, d.entity) in made
        ]
        if not counts:
            return 0
        with self.connect() as connection:
            found = connection.execute(" union all ".join(counts)).fetchall()
        return sum(n for (n,) in found)

    def close(self) -> None:
        """Let go of it: dbt opens it in its own way."""
        self.engine.close()

    def prepare(self, datasets: list[Dataset]) -> None:
        """Make the ledger, and every data set's tables, empty until loaded.

        A column that was declared since is added to its table.
        """
        schemas = [*schemas_of(datasets), *map(schema, BUILT)]
        self.engine.check([*schemas, self.ledger.schema])
        self.ledger.prepare()
        self.ledger.carry_over(datasets)
        made = self.engine.columns(schemas)
        there = {name for name, _ in made}
        # By the engine, not by dlt and dbt: it knows how they should be.
        for name in schemas:
            if name not in there:
                self.engine.make_schema(name)
        logs = [d for d in datasets if (d.schema, f"{d.entity}_changes") in made]
        self._last_instant = max([self._last_instant, *self._newest_changes(logs)])
        for dataset in datasets:
            self._prepare_tables(dataset, made)

    def _prepare_tables(self, dataset: Dataset, made: Columns) -> None:
        """Make a data set's tables and their view, or add what they lack."""
        tables, view = empty_tables(dataset), f"{dataset.entity}_versions"
        wanted = {name: rows.column_names for name, rows in tables.items()}
        # Made last: a kill may have come between the tables and their view.
        wanted[view] = [*version_columns(dataset), "window_month"]
        has = {name: made.get((dataset.schema, name), []) for name in wanted}
        if all(set(wanted[name]) <= set(has[name]) for name in wanted):
            return
        self.loader.abort(dataset)
        self.loader.load(dataset, tables, "append")
        if has[dataset.entity] and "window_month" not in has[view]:
            self._fill_months(dataset)
        former = (dataset.schema, f"{dataset.entity}_former")
        held = self.engine.columns([dataset.schema])[former]
        with self.connect() as connection:
            connection.execute(versions_view(dataset, held))

    def _fill_months(self, dataset: Dataset) -> None:
        """Give rows their month that were loaded before there was such a column."""
        if dataset.window_column is None:
            return
        column = dataset.windowed_by.lower()
        with self.connect() as connection:
            rows = connection.execute(
                f"select row_id, {quote(column)} from {table(dataset)} "
                "where removed_at is null"
            ).to_arrow_table()
            months = window_months(dataset, rows)
            connection.register(
                "dated", pa.table({"row_id": rows["row_id"], "month": months})
            )
            connection.execute(
                f"update {table(dataset)} as held set window_month = dated.month "
                "from dated where held.row_id = dated.row_id"
            )

    def repair(self, dataset: Dataset) -> None:
        """Take back what a killed run left half done.

        dlt's pending packages are dropped, not loaded: they would load yesterday's
        rows over today's. Rows are written after their entries in the change log, or
        along with them, so the newest load alone can be torn: entries and former
        versions without their rows go, and new rows without their entries. This run
        finds them again.
        """
        self.loader.abort(dataset)
        self._clear_staging(dataset)
        self.take_back(dataset)

    def take_back(self, dataset: Dataset) -> None:
        """Take back the newest load where it is torn; no model may be built of it."""
        rows = table(dataset)
        changes, former = f"{rows}_changes", f"{rows}_former"
        with self.connect() as connection:
            ((newest,),) = connection.execute(
                f"""
                select max(instant) from (
                    select max(changed_at) as instant from {changes}
                    union all
                    select max(replaced_at) from {former}
                    union all
                    select max(loaded_at) from {rows}
                ) as instants
                """
            ).fetchall()
        if newest is None:
            return
        logged = f"select row_id from {changes} where changed_at = $newest"
        loaded = f"select row_id from {rows} where loaded_at = $newest"
        torn = {
            changes: f"changed_at = $newest and row_id not in ({loaded})",
            rows: f"loaded_at = $newest and row_id not in ({logged})",
            former: f"replaced_at = $newest and row_id not in ({loaded})",
        }
        numbers = self._delete(torn, newest=newest)
        self.erase_former(dataset)
        if sum(numbers):
            log.warning(
                "%s: taking back %d entries, %d rows and %d former versions that a "
                "killed run left torn; they will be found again.",
                dataset.name,
                *numbers,
            )

    def _delete(self, where: dict[str, str], **values: Any) -> list[int]:
        """Delete rows of tables, each where its condition holds; how many they were.

        They are counted first, all before any is deleted: one condition may look at
        another's table, and a delete of nothing is a write, and billed as one.
        """
        with self.connect() as connection:
            counts = ", ".join(
                f"(select count(*) from {name} where {condition})"
                for name, condition in where.items()
            )
            (numbers,) = connection.execute(f"select {counts}", values).fetchall()
            for (name, condition), number in zip(where.items(), numbers, strict=True):
                if number:
                    connection.execute(f"delete from {name} where {condition}", values)
        return list(numbers)

    def _clear_staging(self, dataset: Dataset) -> None:
        """Empty dlt's staging tables: a killed merge leaves published values there."""
        merged = {
            (f"{dataset.schema}_staging", dataset.entity),
            (dataset.schema, incoming_name(dataset)),
        }
        made = self.engine.columns([place for place, _ in merged])
        with self.connect() as connection:
            for place, name in merged & made.keys():
                held = connection.execute(f"select 1 from {place}.{name} limit 1")
                if held.fetchall():
                    connection.execute(f"truncate table {place}.{name}")

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
                self.loader.load(dataset, logs, "append")
            return
        rows = stamped(differences.rows, run_id, loaded_at=instant)
        gone = changes.filter(pc.equal(changes["change"], "removed"))["row_id"]
        removed_at = pc.if_else(
            pc.is_in(rows["row_id"], gone),
            pa.scalar(instant, INSTANT),
            pa.scalar(None, INSTANT),
        )
        rows = rows.append_column("removed_at", removed_at)
        rows = rows.append_column("window_month", window_months(dataset, rows))
        if pc.all(pc.equal(changes["change"], "added")).as_py():
            self.loader.load(dataset, {**logs, entity: rows}, "append")
            return
        self.loader.load(dataset, logs, "append")
        self.loader.merge(dataset, rows)
        if gone.length():
            self.erase_former(dataset)

    def erase_former(self, dataset: Dataset) -> None:
        """Delete the former versions of removed rows."""
        rows = table(dataset)
        removed = f"select row_id from {rows} where removed_at is not null"
        self._delete({f"{rows}_former": f"row_id in ({removed})"})

    def forget_rejects(
        self, dataset: Dataset, bound: Bound, window: Window, received: pa.Table
    ) -> None:
        """Delete the rejects of a window that the portal no longer shows."""
        inside = in_window(self, dataset, bound, window, "window_value")
        rejects = f"{table(dataset)}_rejects"
        shown = set(reject_table(dataset, received)["row"].to_pylist())
        with self.connect() as connection:
            rows = connection.execute(
                f'select "row" from {rejects} where {inside}'
            ).to_arrow_table()["row"]
            gone = [row for row in rows.to_pylist() if row not in shown]
            if gone:
                connection.register("gone", pa.table({"row": gone}))
                connection.execute(
                    f"delete from {rejects} where {inside} "
                    'and "row" in (select "row" from gone)'
                )

    def _new_rejects(self, dataset: Dataset, rejects: pa.Table) -> pa.Table:
        """Rejects as JSON with a reason, without those set aside before."""
        found = reject_table(dataset, rejects)
        if not rejects.num_rows:
            return found
        with self.connect() as connection:
            connection.register("rejects", found.select(["row"]))
            before = connection.execute(
                f'select "row" from {table(dataset)}_rejects '
                'where "row" in (select "row" from rejects)'
            ).to_arrow_table()
        return found.filter(pc.invert(pc.is_in(found["row"], before["row"])))

    def next_instant(self) -> datetime:
        """Now, or just after the newest load where the clock was moved back.

        The models take what was loaded after their newest row: loads must not go back.
        """
        later = self._last_instant + timedelta(microseconds=1)
        self._last_instant = max(self.clock(), later)
        return self._last_instant

    def _newest_changes(self, datasets: list[Dataset]) -> list[datetime]:
        if not datasets:
            return []
        each = [f"select max(changed_at) from {table(d)}_changes" for d in datasets]
        with self.connect() as connection:
            found = connection.execute(" union all ".join(each)).fetchall()
        return [instant for (instant,) in found if instant]


def schemas_of(datasets: list[Dataset]) -> list[str]:
    """The schemas of the raw tables."""
    return sorted({dataset.schema for dataset in datasets})
