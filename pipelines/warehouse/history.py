"""What the ledger says of earlier runs; nothing here writes."""

from datetime import date, datetime
from typing import Any

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import local_day
from pipelines.warehouse.engines.base import Engine
from pipelines.warehouse.months import Months
from pipelines.warehouse.outcomes import COUNTED, GOOD, READ, WHOLE, Outcome, in_sql

# What the row of a build has instead of a data set.
MODELS = "(models)"

Row = dict[str, Any]


class History:
    """The schema `ledger`; its table `runs` has one row per run and data set.

    Rows are numbered as they are opened, since the clock may be set back between runs.
    """

    def __init__(self, engine: Engine):
        self.engine = engine
        self.connect = engine.connect
        self.schema = engine.schema("ledger")
        self.runs = f"{self.schema}.runs"
        self.months = Months(engine, f"{self.schema}.months")

    def last_good_run(self, dataset: Dataset) -> Row | None:
        """The newest row of a successful read of this data set."""
        return self._newest(dataset, WHOLE)

    def last_read(self, dataset: Dataset) -> Row | None:
        """The newest row of a read that was loaded, even if files were missing.

        The version of such a `partial` read says what is loaded from each file.
        """
        return self._newest(dataset, READ)

    def has_read(self, dataset: Dataset) -> bool:
        """Whether any run has loaded rows as the data set is declared now."""
        last = self.last_read(dataset)
        as_now = {dataset.fingerprint, *dataset.former_fingerprints}
        return last is not None and last["declaration"] in as_now

    def _newest(self, dataset: Dataset, outcomes: tuple[Outcome, ...]) -> Row | None:
        rows = self._rows(
            f"""
            select * from {self.runs}
            where dataset = $dataset and outcome in {in_sql(outcomes)}
            order by number desc nulls last, finished_at desc limit 1
            """,
            dataset=dataset.name,
        )
        return rows[0] if rows else None

    def last_look(self, dataset: Dataset) -> Row | None:
        """The row of the last successful run, if no later run failed."""
        last = self.last_good_run(dataset)
        with self.connect() as connection:
            ((newest,),) = connection.execute(
                f"select max(number) from {self.runs} where dataset = $dataset",
                {"dataset": dataset.name},
            ).fetchall()
        return last if last and last["number"] == newest else None

    def last_build(self) -> Row | None:
        """The last successful build: its number and the digest of its sources."""
        rows = self._rows(
            f"select number, declaration from {self.runs} where dataset = $dataset "
            f"and outcome = '{Outcome.DBT_OK}' and number is not null "
            "order by number desc limit 1",
            dataset=MODELS,
        )
        return rows[0] if rows else None

    def models_are_good(self) -> bool:
        """Whether the last build succeeded; if not, the marts may mix two days."""
        last = self.last_line(MODELS)
        return last is not None and last["outcome"] == Outcome.DBT_OK

    def last_line(self, dataset: str) -> Row | None:
        """The newest row of a data set or, by `MODELS`, of a build."""
        rows = self._rows(
            f"select * from {self.runs} where dataset = $dataset "
            "order by number desc nulls last, started_at desc limit 1",
            dataset=dataset,
        )
        return rows[0] if rows else None

    def whole_runs(self) -> list[Row]:
        """Each run with its command, its times and whether all of it `is_good`.

        The newest is first.
        """
        return self._rows(
            "select run_id, command, min(started_at) as started_at, "
            "max(finished_at) as finished_at, "
            f"count(case when outcome in {in_sql(GOOD)} then 1 end) = count(*) "
            f"as is_good from {self.runs} group by run_id, command "
            "order by max(number) desc nulls last, started_at desc"
        )

    def looks(self, dataset: Dataset) -> list[tuple[date, int]]:
        """The city's day of each daily run that looked, and how many rows were new.

        Leaves out the first run and those that read months before their window: what
        they add is history. A failed run counts as having looked if it found something.
        A run that skipped reading did not look: it repeats the `swept_to` of the one
        that did.
        """
        rows = self._rows(
            f"""
            with looked as (
                select *, outcome in {in_sql(GOOD)} as is_good
                from {self.runs}
                where dataset = $dataset and window_start is not null
            )
            select finished_at, coalesce(added, 0) as added from looked
            where (is_good or added > 0)
                and finished_at > (select min(finished_at) from looked where is_good)
                and not exists (
                    select 1 from looked as earlier
                    where earlier.number < looked.number
                        and earlier.swept_to = looked.swept_to
                )
                and not exists (
                    select 1 from {self.months.table} as months
                    where months.dataset = looked.dataset
                        and months.run_id = looked.run_id
                        and months.month < looked.window_start
                )
            """,
            dataset=dataset.name,
        )
        zone = dataset.tzinfo
        return [(local_day(row["finished_at"], zone), row["added"]) for row in rows]

    def changed_since(self, number: int) -> set[str]:
        """Data sets for which runs after `number` may have written rows."""
        return {
            dataset for dataset, last in self.last_changes().items() if last > number
        }

    def last_changes(self, until: int | None = None) -> dict[str, int]:
        """By data set the number of the newest run that may have written rows.

        Args:
            until: Leave out runs after this one.
        """
        rows = self._rows(
            f"""
            select dataset, max(number) as number from {self.runs}
            where number is not null and dataset <> $models and (
                outcome not in {in_sql(COUNTED)}
                or added + changed + removed + restored > 0
            ) {"" if until is None else f"and number <= {until}"}
            group by dataset
            """,
            models=MODELS,
        )
        return {row["dataset"]: row["number"] for row in rows}

    def last_rebuild(self) -> int:
        """The number of the newest build that may have built what had not changed.

        On request, or before it failed. 0 if there is none.
        """
        (row,) = self._rows(
            f"select max(number) as number from {self.runs} where dataset = $models "
            f"and (command like 'build%' or outcome <> '{Outcome.DBT_OK}')",
            models=MODELS,
        )
        return row["number"] or 0

    def known_version(self, dataset: Dataset) -> str | None:
        """The portal's version that is loaded under the current declaration."""
        last = self.last_read(dataset)
        is_same = last and last["declaration"] == dataset.fingerprint
        return last["portal_version"] if last and is_same else None

    def read_on(self, dataset: Dataset) -> date | None:
        """The city's day of the newest run that read the window without movement."""
        read = (
            f"window_start is not null and (outcome = '{Outcome.LOADED}' "
            f"or (outcome = '{Outcome.PARTIAL}' and rows_read > 0))"
        )
        return self._day(dataset, read, "desc")

    def compared_on(self, dataset: Dataset) -> date | None:
        """The day on which months were last compared, or else of the first load."""
        loaded = f"outcome = '{Outcome.LOADED}'"
        return self._day(
            dataset, f"{loaded} and compared_at is not null", "desc"
        ) or self._day(dataset, loaded, "asc")

    def _day(self, dataset: Dataset, which: str, order: str) -> date | None:
        """The city's day of the first row that matches, in the given order."""
        rows = self._rows(
            f"select day, started_at from {self.runs} where dataset = $dataset "
            f"and {which} "
            f"order by number {order} nulls last, started_at {order} limit 1",
            dataset=dataset.name,
        )
        for row in rows:
            # Rows written by older versions have no day.
            return row["day"] or local_day(row["started_at"], dataset.tzinfo)
        return None

    def unswept_at(self, dataset: Dataset, now: datetime) -> datetime | None:
        """When changes in rows older than the window were last not swept."""
        (row,) = self._rows(
            f"select max(unswept_at) as at from {self.runs} where dataset = $dataset "
            f"and outcome = '{Outcome.LOADED}' and unswept_at <= $now",
            dataset=dataset.name,
            now=now,
        )
        at: datetime | None = row["at"]
        return at

    def swept_to(self, dataset: Dataset, now: datetime) -> datetime | None:
        """The time up to which changes of older rows are known; None: none are.

        Before the first sweep, that is when the first month was read in full. A day on
        which the portal reported no change does not count as a sweep, and neither does
        a time after `now`, which a wrong clock wrote.
        """
        (row,) = self._rows(
            f"select max(swept_to) as at from {self.runs} where dataset = $dataset "
            f"and outcome = '{Outcome.LOADED}' and swept_to <= $now",
            dataset=dataset.name,
            now=now,
        )
        at: datetime | None = row["at"]
        return at or self.months.first_finished(dataset, now)

    def _rows(self, sql: str, **values: Any) -> list[Row]:
        with self.connect() as connection:
            rows: list[Row] = (
                connection.execute(sql, values).to_arrow_table().to_pylist()
            )
        return rows
