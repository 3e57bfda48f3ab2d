"""The ledger: a record of every run and of every month read, kept in the warehouse."""

from collections.abc import Iterable

from pipelines.datasets.dataset import Dataset
from pipelines.redaction import redacted
from pipelines.warehouse.history import MODELS, History, Row
from pipelines.warehouse.ledger_tables import TABLES
from pipelines.warehouse.outcomes import Outcome


class Ledger(History):
    """The ledger, with what a run writes into it."""

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

    def datasets_of(self, beginning: str) -> set[str]:
        """The data sets with lines in the ledger whose names begin so."""
        with self.connect() as connection:
            told = connection.execute(
                f"select distinct dataset from {self.runs}"
            ).fetchall()
        return {dataset for (dataset,) in told if dataset.startswith(beginning)}

    def erase(self, datasets: list[str]) -> None:
        """Delete every line about data sets."""
        with self.connect() as connection:
            for dataset in datasets:
                for table in (self.months.table, self.runs):
                    connection.execute(
                        f"delete from {table} where dataset = $dataset",
                        {"dataset": dataset},
                    )

    def forget_builds(self) -> None:
        """Have the next build make every fact again, from all rows."""
        with self.connect() as connection:
            connection.execute(
                f"update {self.runs} set declaration = null where dataset = '{MODELS}'"
            )

    def open_run(self, row: Row) -> None:
        """Add a row for work that begins."""
        values = {name: v for name, v in row.items() if v is not None}
        marks = ", ".join(f"${name}" for name in values)
        with self.connect() as connection:
            connection.execute(
                f"insert into {self.runs} ({', '.join(values)}, number) "
                f"select {marks}, coalesce(max(number), 0) + 1 from {self.runs}",
                values,
            )

    def close_run(self, run_id: str, dataset: str, row: Row) -> None:
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
        still_open = f"outcome = '{Outcome.RUNNING}'"
        if self._rows(f"select 1 as n from {self.runs} where {still_open}"):
            with self.connect() as connection:
                connection.execute(
                    f"update {self.runs} set outcome = '{Outcome.KILLED}', "
                    "error = 'The run was killed before it could say why.' "
                    f"where {still_open}"
                )
