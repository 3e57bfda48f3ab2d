"""Three days of five publishers, run on any warehouse with the clock of a script.

All made-up rows are the demo's; among them stand values that warehouses like to take
differently: quotes, exponents, hours that a change to summer time skips or repeats,
days that can't be meant, numbers that are none, an area without a shape.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from demo import generator
from demo.portal.server import Portal, serve
from demo.portal.store import Dataset as Published
from demo.stock import stock
from pipelines import jobs
from pipelines.datasets import dataset, declarations
from pipelines.errors import BlotterError
from pipelines.settings import Settings
from pipelines.sync import daily as runs
from pipelines.sync.run import Run
from pipelines.warehouse.warehouse import Warehouse
from tests.support.killed_runs import pass_day

DAYS = [date(2026, 3, day) for day in (8, 9, 10)]
HISTORY = date(2025, 10, 1)
# Rows of the cities, all since then.
ROWS = {
    "san_francisco__incidents": 160,
    "chicago__incidents": 140,
    "chicago__recent_incidents": 60,
    "memphis__incidents": 120,
    "cambridge__incidents": 90,
}
LONG = "Ärger, " * 9_000


def among(odd: list[str], *usual: str | None, count: int = 20) -> list[str | None]:
    """`count` values, of which each of `odd` is one."""
    return [*odd, *itertools.islice(itertools.cycle(usual), count - len(odd))]


ODD: dict[str, dict[str, list[str | None]]] = {
    "san_francisco__incidents": {
        "incident_description": [
            'O\'Brien "x" \\n %s $1',
            "日本 🚓\tb",
            LONG,
            "",
            None,
        ],
        "intersection": ["A \\ B", "Ünion St & 3rd", "a\nb", " ", None],
        "incident_datetime": among(
            [
                "2027-11-15T10:00:00.000",
                "0202-02-02T10:00:00.000",
                "1900-01-01T00:00:00.000",
                "10000-01-01T00:00:00.000",
                "99999-01-01T00:00:00.000",
                "0000-01-01T00:00:00.000",
                "-infinity",
            ],
            "2026-03-08T02:30:00.000",
            "2025-11-02T01:30:00.000",
            "2025-12-31T23:59:59.999",
            # The last moment of the former district lines.
            "2022-04-27T23:59:59.999",
        ),
        "latitude": ["3.7761e1", "37.70000000000001", "-0.0", None],
        "longitude": ["-1.22e2", "-122.4", None, "0"],
        "supervisor_district": ["1.0", "07", "", None, "x"],
        "supervisor_district_2012": ["06", "11.0", None],
    },
    "chicago__incidents": {
        "description": ["'; drop table x; --", "\u00a0no-break", LONG, "", None],
        "block": ["0000X W O'HARE ST", "\\", None, "1e5"],
        "date": among(
            ["2027-11-15T10:00:00.000", "2099-12-31T23:59:59.999"],
            "2026-03-08T02:30:00.000",
            "2025-11-02T01:30:00.000",
        ),
        "latitude": among(
            ["36.619446395", "0", "-87.62", "NaN", "inf", "1e400"],
            "4.188e1",
            "41.9",
            None,
        ),
        "ward": ["1", "50", None, "0042"],
    },
    "memphis__incidents": {
        "Street_Address": ["7th & Ü", '"quoted"', None, "a  b"],
        "Latitude": ["35.1", "3.5e1", None],
    },
    "cambridge__incidents": {
        "location": ['O\'Neil "Sq"', "Ünion", None],
        "subtype": ["a\\b", None, ""],
    },
    "washington_post__shootings": {
        "armed_with": ["gun;knife", "unknown", ""],
        "date": among(["2099-01-01", "1900-01-01", "2027-11-15"], "2026-01-05"),
        "latitude": among(["0", "-85.0", "nan"], "3.4e1", "", "34.05"),
        "age": ["1e1", "", "41"],
    },
}


@contextmanager
def publishers() -> Iterator[tuple[str, dict[str, Published]]]:
    """A portal with everything that is declared, as it is before the first day."""
    portal, yesterday = Portal(), DAYS[0] - timedelta(days=1)
    published = stock(portal, 100, yesterday, 7)
    for name, count in ROWS.items():
        published[name].replace(generator.generate(name, count, HISTORY, yesterday, 7))
    census = published["census__county_population"]
    rows_of_census = census.rows()
    # A few states' counties are enough; it is the widest table, and slow to read back.
    few = pc.less(rows_of_census["STATE"], pa.scalar("04"))
    census.replace(rows_of_census.filter(few))
    areas = published["cambridge__neighborhood_boundaries"]
    areas.replace(with_a_shapeless_area(areas.rows()))
    for name, columns in ODD.items():
        published[name].replace(with_oddities(published[name].rows(), columns))
    with serve(portal) as url:
        yield url, published


def with_oddities(rows: pa.Table, columns: dict[str, list[str | None]]) -> pa.Table:
    """Some rows with odd values in place of theirs."""
    some = generator.sample(rows, 20, 3)
    for column, values in columns.items():
        position = some.column_names.index(column)
        cells = list(itertools.islice(itertools.cycle(values), some.num_rows))
        some = some.set_column(position, column, pa.array(cells, pa.string()))
    return pa.concat_tables([generator.without(rows, some), some])


def with_a_shapeless_area(areas: pa.Table) -> pa.Table:
    """The areas, the first of them with null in place of its shape."""
    shapes = ["null", *areas["geometry"].to_pylist()[1:]]
    position = areas.column_names.index("geometry")
    return areas.set_column(position, "geometry", pa.array(shapes, pa.string()))


def run_day(
    url: str,
    home: Path,
    day: date,
    *left_out: str,
    everything: bool = False,
    names: tuple[str, ...] = (),
) -> BlotterError | None:
    """`blotter daily` of every data set, at noon of a day to the microsecond.

    Args:
        left_out: Arguments for dbt, which tell it what not to build.
        everything: Build what did not change, too.
        names: Load these data sets alone, and build nothing.
    """
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    instants = (noon + timedelta(seconds=number) for number in itertools.count(1))

    def new_run(warehouse: Warehouse, command: str, today: date | None) -> Run:
        run = Run(warehouse, command, noon, today)
        run.run_id = f"{noon:%Y%m%d}"
        return run

    read = declarations.read_datasets

    def shortened(*arguments: Any) -> dict[str, dataset.Dataset]:
        return {
            name: msgspec.structs.replace(one, enabled=True, **recent(one))
            for name, one in read(*arguments).items()
        }

    def recent(one: dataset.Dataset) -> dict[str, date]:
        is_table = isinstance(one, dataset.TableDataset)
        return {"backfill_from": max(one.backfill_from, HISTORY)} if is_table else {}

    plan = jobs.plan

    def planned(warehouse: Warehouse, full_refresh: bool, _: bool) -> list[str]:
        return [*plan(warehouse, full_refresh, everything), *left_out]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_PORTAL", url)
        patch.setenv("BLOTTER_HOME", str(home))
        patch.setenv("BLOTTER_BACKOFF", "0.1")
        patch.setattr(Warehouse, "next_instant", lambda self: next(instants))
        patch.setattr(jobs, "new_run", new_run)
        patch.setattr(jobs, "plan", planned)
        patch.setattr(jobs, "read_datasets", shortened)
        try:
            jobs.run_all(
                Settings.from_environment(),
                "daily",
                names,
                day,
                not names,
                lambda run, one: runs.daily(run, one),
            )
        except BlotterError as error:
            return error
    return None


def three_days(run: Callable[[str, date], None]) -> None:
    """Have a function run over the publishers' three days, told address and day."""
    removed: dict[str, pa.Table] = {}
    with publishers() as (url, published):
        for day in DAYS:
            run(url, day)
            removed = pass_day(published, day, removed)
