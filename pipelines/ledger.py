"""Every run and data set, and every month read whole, in the warehouse itself."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Any

import duckdb

from pipelines.dataset import Dataset
from pipelines.logs import redacted

# What the line of a build has in place of a data set.
MODELS = "(models)"

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
alter table ledger.runs add column if not exists swept bigint;
alter table ledger.runs add column if not exists swept_to timestamptz;
alter table ledger.runs add column if not exists compared_at timestamptz;
alter table ledger.runs add column if not exists months_compared bigint;
alter table ledger.runs add column if not exists months_repaired bigint;
alter table ledger.months add column if not exists surplus bigint;
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
        values = [redacted(v) if isinstance(v, str) else v for v in row.values()]
        with self.connect() as connection:
            connection.execute(
                f"update ledger.runs set {names} where run_id = ? and dataset = ?",
                [*values, run_id, dataset],
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

    def last_build(self) -> dict[str, Any] | None:
        """Number, and digest of what the models are made of, of the last good build."""
        with self.connect() as connection:
            rows = connection.execute(
                "select number, declaration from ledger.runs "
                "where dataset = ? and outcome = 'dbt_ok' and number is not null "
                "order by number desc limit 1",
                [MODELS],
            ).to_arrow_table()
        return rows.to_pylist()[0] if rows.num_rows else None

    def changed_since(self, number: int) -> set[str]:
        """Data sets of which runs after a line may have written rows."""
        with self.connect() as connection:
            rows = connection.execute(
                """
                select distinct dataset from ledger.runs
                where number > $1 and dataset <> $2 and (
                    outcome not in ('loaded', 'unchanged', 'moving')
                    or added + changed + removed + restored > 0
                )
                """,
                [number, MODELS],
            ).fetchall()
        return {dataset for (dataset,) in rows}

    def known_version(self, dataset: Dataset) -> str | None:
        """The portal's version that is loaded, as the present declaration reads it."""
        last = self.last_good_run(dataset)
        is_same = last and last["declaration"] == dataset.fingerprint
        return last["portal_version"] if last and is_same else None

    def finished_months(self, dataset: Dataset) -> set[date]:
        """First days of the months read whole under the present declaration."""
        return set(self.surplus(dataset))

    def finish_months(
        self, dataset: Dataset, surplus: dict[date, int], run_id: str, now: datetime
    ) -> None:
        """Record months as read whole by a run that began at `now`.

        Args:
            surplus: By the month's first day, how many rows of the portal's are none
                of the warehouse's: repeats, and rows without a key.
        """
        with self.connect() as connection:
            for month, number in sorted(surplus.items()):
                mine = [dataset.name, month, dataset.fingerprint]
                former = connection.execute(
                    "select surplus from ledger.months "
                    "where dataset = ? and month = ? and declaration = ?",
                    mine,
                ).fetchall()
                if former == [(number,)]:
                    continue
                connection.begin()
                connection.execute(
                    "delete from ledger.months "
                    "where dataset = ? and month = ? and declaration = ?",
                    mine,
                )
                connection.execute(
                    "insert into ledger.months values (?, ?, ?, ?, ?, ?)",
                    [*mine, run_id, now, number],
                )
                connection.commit()

    def surplus(self, dataset: Dataset) -> dict[date, int]:
        """What `finish_months` recorded under the present declaration."""
        with self.connect() as connection:
            rows = connection.execute(
                "select month, coalesce(surplus, 0) from ledger.months "
                "where dataset = ? and declaration = ?",
                [dataset.name, dataset.fingerprint],
            ).fetchall()
        return dict(rows)

    def swept_to(self, dataset: Dataset, now: datetime) -> datetime | None:
        """Up to when changes of rows older than the window are known; None: never.

        Without a sweep before, since the first of its months was read whole. What a
        wrong clock wrote ahead of `now` counts for nothing.
        """
        return self._either(
            """
            select
                (
                    select max(swept_to) from ledger.runs
                    where dataset = $1 and outcome in ('loaded', 'unchanged')
                        and swept_to <= $2
                ),
                (
                    select min(finished_at) from ledger.months
                    where dataset = $1 and finished_at <= $2 and declaration = $3
                )
            """,
            [dataset.name, now, dataset.fingerprint],
        )

    def compared_at(self, dataset: Dataset, now: datetime) -> datetime | None:
        """When all months were last compared; before that, when the first was read."""
        return self._either(
            """
            select
                (
                    select max(compared_at) from ledger.runs
                    where dataset = $1 and outcome in ('loaded', 'unchanged')
                        and compared_at <= $2
                ),
                (
                    select min(finished_at) from ledger.months
                    where dataset = $1 and finished_at <= $2
                )
            """,
            [dataset.name, now],
        )

    def _either(self, sql: str, values: list[Any]) -> datetime | None:
        with self.connect() as connection:
            ((first, second),) = connection.execute(sql, values).fetchall()
        return first or second
