"""Every run and data set, and every month read whole, in the warehouse itself."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any

import duckdb

from pipelines.dataset import Dataset

TABLES = """
create schema if not exists ledger;
create table if not exists ledger.runs (
    run_id text, command text, dataset text, started_at timestamptz,
    finished_at timestamptz, window_start date, portal_version text,
    declaration text, portal_rows bigint, rows_read bigint, added bigint,
    changed bigint, removed bigint, restored bigint, rejected bigint,
    repeats bigint, seconds double, outcome text, error text,
    warnings text
);
alter table ledger.runs add column if not exists number bigint;
create table if not exists ledger.months (
    dataset text, month date, declaration text, run_id text, finished_at timestamptz
);
"""


class Ledger:
    """The schema `ledger`: `runs` has a line for each run and data set.

    Lines are numbered as they are opened: the clock may be moved back between runs.
    """

    def __init__(
        self, connect: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
    ):
        self.connect = connect

    def prepare(self) -> None:
        """Make the tables where they are missing."""
        with self.connect() as connection:
            connection.execute(TABLES)

    def open_run(self, row: dict[str, Any]) -> None:
        """Add a line to the ledger for work that begins."""
        names = ", ".join(row)
        marks = ", ".join("?" for _ in row)
        with self.connect() as connection:
            connection.execute(
                f"insert into ledger.runs ({names}, number) values ({marks}, "
                "(select coalesce(max(number), 0) + 1 from ledger.runs))",
                list(row.values()),
            )

    def close_run(self, run_id: str, dataset: str, row: dict[str, Any]) -> None:
        """Complete a line of the ledger."""
        names = ", ".join(f"{name} = ?" for name in row)
        with self.connect() as connection:
            connection.execute(
                f"update ledger.runs set {names} where run_id = ? and dataset = ?",
                [*row.values(), run_id, dataset],
            )

    def close_killed_runs(self) -> None:
        """Lines still open belong to runs that were killed: this run has the lock."""
        with self.connect() as connection:
            connection.execute(
                "update ledger.runs set outcome = 'killed', "
                "error = 'The run was killed before it could say why.' "
                "where outcome = 'running'"
            )

    def last_good_run(self, dataset: Dataset) -> dict[str, Any] | None:
        """The ledger's newest line of a read of this data set that went well."""
        with self.connect() as connection:
            rows = connection.execute(
                """
                select * from ledger.runs
                where dataset = ? and outcome in ('loaded', 'unchanged')
                order by number desc nulls last, finished_at desc limit 1
                """,
                [dataset.name],
            ).to_arrow_table()
        return rows.to_pylist()[0] if rows.num_rows else None

    def finished_months(self, dataset: Dataset) -> set[date]:
        """First days of the months read whole under the present declaration."""
        with self.connect() as connection:
            rows = connection.execute(
                "select month from ledger.months where dataset = ? and declaration = ?",
                [dataset.name, dataset.fingerprint],
            ).fetchall()
        return {month for (month,) in rows}

    def finish_months(
        self, dataset: Dataset, months: Iterable[date], run_id: str
    ) -> None:
        """Record months, by their first days, as read whole."""
        new = set(months) - self.finished_months(dataset)
        now = datetime.now(UTC)
        with self.connect() as connection:
            for month in sorted(new):
                connection.execute(
                    "insert into ledger.months values (?, ?, ?, ?, ?)",
                    [dataset.name, month, dataset.fingerprint, run_id, now],
                )
