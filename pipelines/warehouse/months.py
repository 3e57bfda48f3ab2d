"""The ledger's record of the months that were read in full."""

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from pipelines.datasets.dataset import Dataset
from pipelines.warehouse.engines.base import Engine
from pipelines.warehouse.ledger_tables import ARROW


class Months:
    """The ledger's table of months, by data set and declaration."""

    def __init__(self, engine: Engine, table: str):
        self.connect = engine.connect
        self.table = table

    def finished(self, dataset: Dataset) -> set[date]:
        """First days of the months read in full under the current declaration."""
        return set(self.surplus(dataset))

    def finish(
        self,
        dataset: Dataset,
        surplus: dict[date, int],
        run_id: str,
        now: datetime,
        looked: bool = True,
    ) -> None:
        """Record months as read in full by a run that began at `now` (UTC).

        Args:
            surplus: By the month's first day, how many rows of the portal's are not in
                the warehouse: repeats, and rows without a key.
            looked: Each month was read by itself; reading an open window does not
                renew its first month's `finished_at`.
        """
        former = self._surplus(dataset)
        for month, number in sorted(surplus.items()):
            if month in former and former[month] != number:
                self._correct(self._month(dataset, month, number, run_id, now))
        if again := sorted(surplus.keys() & former.keys() if looked else []):
            self._confirm(dataset, again, now)
        if new := sorted(surplus.keys() - former.keys()):
            self._add([self._month(dataset, m, surplus[m], run_id, now) for m in new])

    def _correct(self, month: dict[str, Any]) -> None:
        """Update the surplus of a month that was read before."""
        with self.connect() as connection:
            connection.execute(
                f"update {self.table} set surplus = $surplus, "
                "run_id = $run_id, finished_at = $finished_at "
                "where dataset = $dataset and month = $month "
                "and declaration = $declaration",
                month,
            )

    def _confirm(self, dataset: Dataset, months: list[date], now: datetime) -> None:
        """Record that months were read again."""
        by_declaration: dict[str, list[date]] = {}
        for month in months:
            by_declaration.setdefault(dataset.declaration_of(month), []).append(month)
        for declaration, those in by_declaration.items():
            days = ", ".join(f"date '{month}'" for month in those)
            values = {"dataset": dataset.name, "declaration": declaration}
            with self.connect() as connection:
                connection.execute(
                    f"update {self.table} set finished_at = $now "
                    "where dataset = $dataset and declaration = $declaration "
                    f"and month in ({days})",
                    {"now": now, **values},
                )

    def _add(self, rows: list[dict[str, Any]]) -> None:
        """Record months that were read in full for the first time."""
        names = ", ".join(rows[0])
        schema = pa.schema([(name, ARROW[name]) for name in rows[0]])
        with self.connect() as connection:
            connection.register("finished", pa.Table.from_pylist(rows, schema))
            connection.execute(
                f"insert into {self.table} ({names}) select {names} from finished"
            )

    def _month(
        self, dataset: Dataset, month: date, surplus: int, run_id: str, now: datetime
    ) -> dict[str, Any]:
        return {
            "dataset": dataset.name,
            "month": month,
            "declaration": dataset.declaration_of(month),
            "run_id": run_id,
            "finished_at": now,
            "surplus": surplus,
        }

    def surplus(self, dataset: Dataset) -> dict[date, int]:
        """The surplus by month, as `finish` recorded it for this declaration."""
        return {month: n or 0 for month, n in self._surplus(dataset).items()}

    def _surplus(self, dataset: Dataset) -> dict[date, int | None]:
        return {row["month"]: row["surplus"] for row in self._rows(dataset)}

    def before(self, dataset: Dataset, moment: datetime) -> list[date]:
        """Months last read in full before a time: least recently read, then newest."""
        found = [r for r in self._rows(dataset) if r["finished_at"] < moment]
        found.sort(key=lambda row: row["month"], reverse=True)
        found.sort(key=lambda row: row["finished_at"])
        return [row["month"] for row in found]

    def first_finished(self, dataset: Dataset, now: datetime) -> datetime | None:
        """When the first month was read in full; not a time after `now`."""
        read = [row["finished_at"] for row in self._rows(dataset)]
        return min((moment for moment in read if moment <= now), default=None)

    def _rows(self, dataset: Dataset) -> list[dict[str, Any]]:
        """The months that were read in full as the data set is declared now."""
        with self.connect() as connection:
            rows: list[dict[str, Any]] = (
                connection.execute(
                    "select month, declaration, finished_at, surplus "
                    f"from {self.table} where dataset = $dataset",
                    {"dataset": dataset.name},
                )
                .to_arrow_table()
                .to_pylist()
            )
        return [
            r for r in rows if r["declaration"] == dataset.declaration_of(r["month"])
        ]
