"""A portal in memory: what a reader promises, without HTTP."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.dataset import Dataset, SodaDataset
from pipelines.datasets.windows import Window
from pipelines.portals.reader import Published, Read, Reader
from pipelines.settings import Patience
from pipelines.sync.run import Run
from pipelines.warehouse import schema
from pipelines.warehouse.warehouse import Warehouse
from tests.support.set_up import settings_in

PLACE = SodaDataset(
    name="springfield__incidents",
    title="Springfield",
    url="https://data.springfield.example/resource/abcd-1234",
    zone="America/Chicago",
    backfill_from=date(2026, 1, 1),
    window_column="reported",
    key=["id"],
    columns=["id", "reported", "category", "resolution"],
)


class MemoryReader(Reader):
    """Serves `rows` (lists of values, one a column of the data set)."""

    rows: list[tuple[str | None, ...]]
    version_now: str | None = None

    def __init__(self, dataset: Dataset = PLACE, rows: list[tuple] | None = None):
        super().__init__(dataset, Patience())
        self.rows = rows or []
        self.counts_wrong_by = 0
        self.reads: list[str] = []

    def table(self) -> pa.Table:
        names = self.dataset.loaded_columns
        columns = list(zip(*self.rows, strict=True)) or [[]] * len(names)
        return pa.table(
            {n: pa.array(c, pa.string()) for n, c in zip(names, columns, strict=True)}
        )

    def describe(self, known: str | None) -> Published:
        return Published(self.dataset.columns, self.version_now)

    def inside(self, window: Window) -> pa.Table:
        table = self.table()
        dates = table[self.dataset.window_column]
        keep = pc.greater_equal(dates, self.bound(window.start))
        if window.end:
            keep = pc.and_(keep, pc.less(dates, self.bound(window.end)))
        return table.filter(pc.fill_null(keep, window.undated))

    def count(self, window: Window) -> int:
        return self.inside(window).num_rows + self.counts_wrong_by

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        self.reads.append(str(window))
        table = self.inside(window)
        for start in range(0, table.num_rows, 2):
            yield table.slice(start, 2)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        table = self.table()
        return table.filter(pc.is_in(table[self.dataset.key[0]], pa.array(key_values)))

    def bound(self, day: date) -> str:
        return f"{day}T00:00:00.000"

    @property
    def can_sweep(self) -> bool:
        return False


def new_warehouse(home: Path, *datasets: Dataset) -> Warehouse:
    """A prepared warehouse in a new home."""
    home.mkdir(exist_ok=True)
    warehouse = Warehouse(settings_in(home))
    schema.prepare(warehouse, list(datasets) or [PLACE])
    return warehouse


def new_run(warehouse: Warehouse, day: date = date(2026, 3, 10)) -> Run:
    """A run on a day at noon, UTC."""
    return Run(
        warehouse, "test", datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    )


def variant(**fields: object) -> Dataset:
    """The data set with some of its declaration changed."""
    return msgspec.structs.replace(PLACE, **fields)


def select(warehouse: Warehouse, sql: str) -> list[tuple]:
    """Rows of a query on the warehouse."""
    with warehouse.connect() as connection:
        return connection.execute(sql).fetchall()
