"""Fill a home with made-up rows, as a first `blotter daily` of four cities leaves it.

    python -m tools.fill_home HOME --rows 4000000

The command itself runs, without models. Only the cities' rows come to it from a table
in memory: a portal that sends millions of rows costs more than the command that reads
them. Whole files and what a portal says of its tables come from a portal in this
process. `tools.serve_days` serves the same rows, and changes them as a day does.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.generator import COLUMNS
from demo.portal.server import Portal, serve
from demo.stock import STOCK, made_up, publish, stock_files
from pipelines import cli
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.declarations import read_datasets
from pipelines.datasets.windows import Window
from pipelines.portals.layer_rows import as_text
from pipelines.portals.reader import Published, Read, Reader
from pipelines.portals.registry import reader_for
from pipelines.settings import Identity, Patience, Settings
from pipelines.sql import text
from pipelines.warehouse.tables import window_months
from pipelines.warehouse.warehouse import Warehouse

# The last day of which the portals have rows.
END = date(2026, 11, 20)
TODAY = date(2026, 11, 21)
SEED = 1


class TableReader(Reader):
    """Takes rows from a table, and all else from a portal's reader.

    Args:
        reader: Of the portal, which may have any rows of the data set.
        rows: All rows as the portal would show them, whatever their order.
    """

    def __init__(self, reader: Reader, rows: pa.Table):
        super().__init__(reader.dataset, reader.patience, reader.identity)
        self.reader = reader
        rows = as_read(reader.dataset, rows)
        months = window_months(reader.dataset, rows)
        order = pc.sort_indices(pa.table({"month": months}), [("month", "ascending")])
        self.rows = rows.take(order)
        dated = months.take(order).drop_null()
        self.months = dated.to_numpy(zero_copy_only=False).astype("datetime64[D]")

    def describe(self, known: str | None) -> Published:
        """What the portal says."""
        return self.reader.describe(known)

    @property
    def can_sweep(self) -> bool:
        """Whether the portal can."""
        return self.reader.can_sweep

    def bound(self, day: date) -> str | int:
        """As the portal writes it."""
        return self.reader.bound(day)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """What the portal has; a first load asks for no rows by their keys."""
        return self.reader.rows_of(key_values)

    def count(self, window: Window) -> int:
        """How many rows the window has."""
        return sum(page.num_rows for page in self.pages(window, Read()))

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """The rows of whole months and, if the window has them, those without a date.

        A first load reads nothing else. Nulls sort last.
        """
        first, last = np.searchsorted(
            self.months,
            np.array([window.start, window.end or date.max], "datetime64[D]"),
        )
        parts = [self.rows.slice(first, last - first)]
        if window.undated:
            parts.append(self.rows.slice(len(self.months)))
        yield from (part for part in parts if part.num_rows)


def as_read(dataset: Dataset, rows: pa.Table) -> pa.Table:
    """The columns that are read, named and written as in the raw table."""
    wanted = [*dataset.columns, *dataset.dispensable_columns]
    kinds = COLUMNS[dataset.name]
    columns = {
        name.lower(): read_as(kinds[name], rows[name].combine_chunks())
        for name in wanted
        if name in kinds
    }
    return pa.table(columns)


def read_as(kind: str, values: pa.Array) -> pa.Array:
    """Values as the reader writes them; of a layer's numbers, 0 becomes 0.0."""
    if kind != "double":
        return values
    encoded = values.dictionary_encode()
    numbers = [as_text(float(text)) for text in encoded.dictionary.to_pylist()]
    return pa.array(numbers, pa.string()).take(encoded.indices)


def table_reader(
    rows: int, dataset: Dataset, patience: Patience, identity: Identity
) -> Reader:
    """The reader of a data set; that of a city takes its rows from a table."""
    reader = reader_for(dataset, patience, identity)
    if dataset.name not in STOCK:
        return reader
    return TableReader(reader, made_up(dataset.name, rows, END, SEED))


def fill(home: Path, rows: int, published_at: datetime, port: int) -> None:
    """Fill a home with `rows` rows of four cities and the whole files, unmodeled.

    A portal at the same port that published the same rows at the same time has nothing
    new for the home.
    """
    portal = Portal(clock=lambda: published_at)
    for name in STOCK:
        publish(portal, name, made_up(name, 1_000, END, SEED))
    stock_files(portal, END, SEED)
    sys.argv = ["blotter", "daily", "--no-build", "--today", str(TODAY)]
    with (
        serve(portal, port) as url,
        patch.dict(os.environ, BLOTTER_HOME=str(home), BLOTTER_PORTAL=url),
        patch("pipelines.sync.daily.reader_for", partial(table_reader, rows)),
    ):
        cli.main()
    backdate(home)


def backdate(home: Path) -> None:
    """Have the rows look as if loaded some days ago, as on any day but the first.

    A day's entries in the change log lie together. Those of the first day are many.
    """
    settings = replace(Settings.from_environment(), home=home)
    warehouse = Warehouse(settings)
    schemas = warehouse.schemas_of(list(read_datasets().values()))
    names = ", ".join(map(text, schemas))
    with closing(warehouse), warehouse.connect() as db:
        instants = db.execute(
            "select table_schema || '.' || table_name, column_name "
            f"from information_schema.columns where table_schema in ({names}) "
            "and lower(data_type) = 'timestamp with time zone' "
            "and table_name not like '%\\_versions' escape '\\' "
            "and not starts_with(table_name, '_dlt')"
        ).fetchall()
        for table, column in instants:
            db.execute(f"update {table} set {column} = {column} - interval 10 day")


@click.command()
@click.argument("home", type=click.Path(path_type=Path))
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--published-at", type=datetime.fromisoformat, help="Default: now.")
@click.option("--port", default=0, help="Of the portal; 0 takes a free one.")
def main(home: Path, rows: int, published_at: datetime | None, port: int) -> None:
    """Fill HOME with made-up rows of four cities."""
    fill(home, rows, published_at or datetime.now(UTC), port)


if __name__ == "__main__":
    main()
