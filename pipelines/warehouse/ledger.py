"""The ledger: a record of every run and of every month read, kept in the warehouse."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import local_day
from pipelines.redaction import redacted
from pipelines.warehouse.engines.base import Engine
from pipelines.warehouse.ledger_tables import TABLES
from pipelines.warehouse.months import Months

# What the row of a build has instead of a data set.
MODELS = "(models)"


class Ledger:
    """The schema `ledger`; its table `runs` has one row per run and data set.

    Rows are numbered as they are opened, since the clock may be set back between runs.
    """

    def __init__(self, engine: Engine):
        self.engine = engine
        self.connect = engine.connect
        self.schema = engine.schema("ledger")
        self.runs = f"{self.schema}.runs"
        self.months = Months(engine, f"{self.schema}.months")

    def prepare(self) -> None:
        """Create missing tables and columns."""
        made = self.engine.columns([self.schema])
        if not made:
            self.engine.make_schema(self.schema)
        for table, wanted in TABLES.items():
            there = made.get((self.schema, table))
            name = f"{self.schema}.{table}"
            typed = [f"{c} {t}" for c, t in wanted.items() if c not in (there or [])]
            statements = [f"alter table {name} add column {c}" for c in typed]
            if there is None:
                statements = [f"create table {name} ({', '.join(typed)})"]
            with self.connect() as connection:
                for statement in statements:
                    connection.execute(statement)

    def carry_over(self, datasets: Iterable[Dataset]) -> None:
        """Keep the records of data sets that were read from a former address.

        They are looked up first, so that nothing is written if there are none.
        """
        former = {(d.name, f): d for d in datasets for f in d.former_fingerprints}
        with self.connect() as connection:
            told = connection.execute(
                f"select dataset, declaration from {self.months.table} "
                f"union select dataset, declaration from {self.runs}"
            ).fetchall()
        for dataset, declaration in sorted(former.keys() & set(told)):
            present = former[dataset, declaration].fingerprint
            self._carry_over(dataset, declaration, present)

    def _carry_over(self, dataset: str, former: str, present: str) -> None:
        """Move rows to the current declaration; safe to repeat after a kill."""
        values = {"dataset": dataset, "former": former, "present": present}
        these = "dataset = $dataset and declaration = $former"
        with self.connect() as connection:
            connection.execute(
                f"delete from {self.months.table} where {these} and month in ("
                f"select month from {self.months.table} "
                "where dataset = $dataset and declaration = $present)",
                values,
            )
            for name in (self.months.table, self.runs):
                connection.execute(
                    f"update {name} set declaration = $present where {these}", values
                )

    def open_run(self, row: dict[str, Any]) -> None:
        """Add a row for work that begins."""
        values = {name: v for name, v in row.items() if v is not None}
        marks = ", ".join(f"${name}" for name in values)
        with self.connect() as connection:
            connection.execute(
                f"insert into {self.runs} ({', '.join(values)}, number) "
                f"select {marks}, coalesce(max(number), 0) + 1 from {self.runs}",
                values,
            )

    def close_run(self, run_id: str, dataset: str, row: dict[str, Any]) -> None:
        """Complete a row; values that are None stay null."""
        values = {
            name: redacted(v) if isinstance(v, str) else v
            for name, v in row.items()
            if v is not None
        }
        if self.engine.bytes_billed is not None:
            values["bytes_billed"] = self.engine.bytes_billed
            self.engine.bytes_billed = 0
        names = ", ".join(f"{name} = ${name}" for name in values)
        with self.connect() as connection:
            connection.execute(
                f"update {self.runs} set {names} "
                "where run_id = $run_id and dataset = $dataset",
                {**values, "run_id": run_id, "dataset": dataset},
            )

    def close_killed_runs(self) -> None:
        """Close all open rows: as this run has the lock, their runs were killed."""
        with self.connect() as connection:
            killed = connection.execute(
                f"select 1 from {self.runs} where outcome = 'running'"
            ).fetchall()
            if killed:
                connection.execute(
                    f"update {self.runs} set outcome = 'killed', "
                    "error = 'The run was killed before it could say why.' "
                    "where outcome = 'running'"
                )

    def last_good_run(self, dataset: Dataset) -> dict[str, Any] | None:
        """The newest row of a successful read of this data set."""
        return self._newest(dataset, "('loaded', 'unchanged')")

    def last_read(self, dataset: Dataset) -> dict[str, Any] | None:
        """The newest row of a read that was loaded, even if files were missing.

        The version of such a `partial` read says what is loaded from each file.
        """
        return self._newest(dataset, "('loaded', 'unchanged', 'partial')")

    def _newest(self, dataset: Dataset, outcomes: str) -> dict[str, Any] | None:
        with self.connect() as connection:
            rows = connection.execute(
                f"""
                select * from {self.runs}
                where dataset = $dataset and outcome in {outcomes}
                order by number desc nulls last, finished_at desc limit 1
                """,
                {"dataset": dataset.name},
            ).to_arrow_table()
        return rows.to_pylist()[0] if rows.num_rows else None

    def last_look(self, dataset: Dataset) -> dict[str, Any] | None:
        """The row of the last successful run, if no later run failed."""
        last = self.last_good_run(dataset)
        with self.connect() as connection:
            ((newest,),) = connection.execute(
                f"select max(number) from {self.runs} where dataset = $dataset",
                {"dataset": dataset.name},
            ).fetchall()
        return last if last and last["number"] == newest else None

    def last_build(self) -> dict[str, Any] | None:
        """The last successful build: its number and the digest of its sources."""
        with self.connect() as connection:
            rows = connection.execute(
                f"select number, declaration from {self.runs} where "
                "dataset = $dataset and outcome = 'dbt_ok' and number is not null "
                "order by number desc limit 1",
                {"dataset": MODELS},
            ).to_arrow_table()
        return rows.to_pylist()[0] if rows.num_rows else None

    def models_are_good(self) -> bool:
        """Whether the last build succeeded; if not, the marts may mix two days."""
        with self.connect() as connection:
            rows = connection.execute(
                f"select outcome from {self.runs} where dataset = $dataset "
                "order by number desc nulls last, started_at desc limit 1",
                {"dataset": MODELS},
            ).fetchall()
        return rows == [("dbt_ok",)]

    def changed_since(self, number: int) -> set[str]:
        """Data sets for which runs after `number` may have written rows."""
        with self.connect() as connection:
            rows = connection.execute(
                f"""
                select distinct dataset from {self.runs}
                where number > $number and dataset <> $models and (
                    outcome not in ('loaded', 'unchanged', 'moving', 'partial')
                    or added + changed + removed + restored > 0
                )
                """,
                {"number": number, "models": MODELS},
            ).fetchall()
        return {dataset for (dataset,) in rows}

    def known_version(self, dataset: Dataset) -> str | None:
        """The portal's version that is loaded under the current declaration."""
        last = self.last_read(dataset)
        is_same = last and last["declaration"] == dataset.fingerprint
        return last["portal_version"] if last and is_same else None

    def read_on(self, dataset: Dataset) -> date | None:
        """The city's day of the newest run that read the window without movement."""
        read = (
            "window_start is not null and "
            "(outcome = 'loaded' or (outcome = 'partial' and rows_read > 0))"
        )
        return self._day(dataset, read, "desc")

    def compared_on(self, dataset: Dataset) -> date | None:
        """The day on which months were last compared, or else of the first load."""
        compared = "outcome = 'loaded' and compared_at is not null"
        return self._day(dataset, compared, "desc") or self._day(
            dataset, "outcome = 'loaded'", "asc"
        )

    def _day(self, dataset: Dataset, which: str, order: str) -> date | None:
        """The city's day of the first row that matches, in the given order."""
        with self.connect() as connection:
            rows = connection.execute(
                f"select day, started_at from {self.runs} where dataset = $dataset "
                f"and {which} "
                f"order by number {order} nulls last, started_at {order} limit 1",
                {"dataset": dataset.name},
            ).to_arrow_table()
        for row in rows.to_pylist():
            # Rows written by older versions have no day.
            return row["day"] or local_day(row["started_at"], dataset.tzinfo)
        return None

    def unswept_at(self, dataset: Dataset, now: datetime) -> datetime | None:
        """When changes in rows older than the window were last not swept."""
        with self.connect() as connection:
            found: datetime | None
            ((found,),) = connection.execute(
                f"select max(unswept_at) from {self.runs} where dataset = $dataset "
                "and outcome = 'loaded' and unswept_at <= $now",
                {"dataset": dataset.name, "now": now},
            ).fetchall()
        return found

    def swept_to(self, dataset: Dataset, now: datetime) -> datetime | None:
        """The time up to which changes of older rows are known; None: none are.

        Before the first sweep, that is when the first month was read in full. A day on
        which the portal reported no change does not count as a sweep, and neither does
        a time after `now`, which a wrong clock wrote.
        """
        return self._either(
            f"""
            select
                (
                    select max(swept_to) from {self.runs}
                    where dataset = $dataset and outcome = 'loaded'
                        and swept_to <= $now
                ),
                (
                    select min(finished_at) from {self.months.table}
                    where dataset = $dataset and finished_at <= $now
                        and declaration = $declaration
                )
            """,
            {
                "dataset": dataset.name,
                "now": now,
                "declaration": dataset.fingerprint,
            },
        )

    def _either(self, sql: str, values: dict[str, Any]) -> datetime | None:
        with self.connect() as connection:
            first: datetime | None
            second: datetime | None
            ((first, second),) = connection.execute(sql, values).fetchall()
        return first or second
