"""Two small data sets on a demo portal, and runs over them by HTTP."""

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.portal.server import Portal
from demo.portal.store import Dataset as Published
from pipelines import cli as command
from pipelines.clock import Clock, utc_now
from pipelines.datasets.dataset import ArcgisDataset, Dataset
from pipelines.datasets.declarations import read_datasets
from pipelines.errors import BlotterError
from pipelines.settings import Patience
from pipelines.sync import daily as runs
from pipelines.sync.run import Run
from pipelines.warehouse import schema
from pipelines.warehouse.warehouse import Warehouse
from tests.support.memory_portal import variant
from tests.support.set_up import settings_in

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 3, 10)
IMPATIENT = Patience(timeout=1.0, retries=2, backoff=0.01)

# `python -m pipelines`, but in a fresh home dbt need not read the whole project.
COMMAND = [sys.executable, "-m", "tests.support.blotter"]

# For dbt, of tests of other things than the data: those of the data, which take it half
# of its time, are run elsewhere.
NO_DATA_TESTS = ("DBT_RESOURCE_TYPES", "seed model")
# Reports are made of the facts alone.
NO_REPORTS = ("--exclude", "path:models/marts/reports", "path:models/report_inputs")

SPRINGFIELD = variant(columns=["id", "reported", "category", "district"])
SPRINGFIELD_TYPES = {
    "id": "text",
    "reported": "calendar_date",
    "category": "text",
    "district": "text",
}
SHELBYVILLE = ArcgisDataset(
    name="shelbyville__incidents",
    title="Shelbyville",
    url="https://maps.shelbyville.example/arcgis/rest/services/Police/FeatureServer/0",
    zone="America/Chicago",
    backfill_from=date(2026, 1, 1),
    window_column="Occurred",
    key=["Crime_ID"],
    columns=["Crime_ID", "Occurred", "Category"],
)
SHELBYVILLE_TYPES = {
    "ObjectId": "oid",
    "Crime_ID": "string",
    "Occurred": "date",
    "Category": "string",
}
FIRST_MOMENT = datetime(2026, 3, 1, 12)


def later(minutes: int) -> datetime:
    """Some minutes after noon of 1 March 2026."""
    return FIRST_MOMENT + timedelta(minutes=minutes)


def soda_rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Rows of Springfield, a minute apart from noon of 1 March 2026, numbered."""
    return [
        {
            "id": f"{number:05d}",
            "reported": later(number).isoformat(timespec="milliseconds"),
            "category": "Theft",
            "district": f"{number % 10:02d}",
        }
        for number in range(first, first + count)
    ]


def layer_rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Rows of Shelbyville, a minute apart from noon of 1 March 2026 UTC, numbered."""
    return [
        {
            "Crime_ID": f"{number:05d}",
            "Occurred": int(later(number).replace(tzinfo=UTC).timestamp()) * 1000,
            "Category": "Theft",
        }
        for number in range(first, first + count)
    ]


def springfield(portal: Portal, rows: list[dict[str, Any]]) -> Published:
    """Publish Springfield's table with these rows."""
    return portal.add_soda("abcd-1234", rows, SPRINGFIELD_TYPES, "id")


def shelbyville(portal: Portal, rows: list[dict[str, Any]]) -> Published:
    """Publish Shelbyville's layer with these rows."""
    path = SHELBYVILLE.url.removeprefix("https://maps.shelbyville.example")
    return portal.add_layer(path, rows, SHELBYVILLE_TYPES)


@contextlib.contextmanager
def opened(
    home: Path, *datasets: Dataset, clock: Clock = utc_now
) -> Iterator[Warehouse]:
    """A home's warehouse, as the command opens it for a run."""
    home.mkdir(parents=True, exist_ok=True)
    warehouse = Warehouse(settings_in(home), clock=clock)
    try:
        schema.prepare(warehouse, list(datasets))
        warehouse.ledger.close_killed_runs()
        yield warehouse
    finally:
        warehouse.close()


def daily(
    home: Path,
    dataset: Dataset,
    day: date = TODAY,
    *,
    now: datetime | None = None,
    whole: bool = False,
    patience: Patience = IMPATIENT,
    clock: Clock = utc_now,
) -> BlotterError | None:
    """Run `daily` at noon UTC of a day, or at an instant; `whole`: old months too."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    with opened(home, dataset, clock=clock) as warehouse:
        run = Run(
            warehouse,
            "daily",
            now or noon,
            patience=patience,
            identity=warehouse.settings.identity,
            clock=clock,
        )
        return runs.daily(run, dataset, window_only=not whole)


def backfill(home: Path, dataset: Dataset, **options: Any) -> BlotterError | None:
    """Run `backfill` on 10 March 2026; `options`: first, last, again."""
    given = {"first": None, "last": None, "again": False, **options}
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    with opened(home, dataset) as warehouse:
        run = Run(warehouse, "backfill", noon, patience=IMPATIENT)
        return runs.backfill(run, dataset, **given)


def select(home: Path, sql: str) -> list[tuple]:
    """Rows of a query on a home's warehouse."""
    with duckdb.connect(str(home / "blotter.duckdb")) as connection:
        return connection.execute(sql).fetchall()


def held(home: Path, dataset: Dataset) -> list[tuple]:
    """The declared columns of the rows that are not removed, in the order of keys."""
    names = ", ".join(f'"{name}"' for name in dataset.loaded_columns)
    return select(
        home,
        f"select {names} from {dataset.schema}.{dataset.entity} "
        "where removed_at is null order by row_id",
    )


def shown(published: Published, dataset: Dataset) -> list[tuple]:
    """The same of what a portal shows: text, in the order of the first key column."""
    rows = published.rows().select(dataset.columns).to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=lambda row: str(row[0]))


def log_of(home: Path, dataset: Dataset) -> list[tuple]:
    """The change log, but for the runs and their times."""
    return select(
        home,
        "select row_id, change, changed_fields "
        f"from {dataset.schema}.{dataset.entity}_changes order by all",
    )


def raw_tables(home: Path) -> dict[str, list[tuple]]:
    """Every row of every raw table, dlt's own among them: what a load would alter."""
    if not (home / "blotter.duckdb").is_file():
        return {}
    with duckdb.connect(str(home / "blotter.duckdb")) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema like 'raw_%' order by 1"
        ).fetchall()
        return {
            name: connection.execute(f"from {name} order by all").fetchall()
            for (name,) in names
        }


def ledger(home: Path, columns: str = "outcome, error") -> list[tuple]:
    """Columns of the ledger's lines, oldest first."""
    return select(home, f"select {columns} from ledger.runs order by started_at")


def prepared(home: Path) -> Path:
    """A home with the empty tables of every declared data set; made once, copied."""
    if os.environ.get("BLOTTER_TARGET", "duckdb") != "duckdb":
        return made(home)
    empty = empty_home(settings_in(home).prefix)
    return shutil.copytree(empty, home, symlinks=True, dirs_exist_ok=True)


@functools.cache
def empty_home(prefix: str) -> Path:
    """Its schemas' names begin with the prefix that is set."""
    folder = Path(tempfile.mkdtemp(prefix="blotter-empty-"))
    atexit.register(shutil.rmtree, folder)
    return made(folder / "home")


def made(home: Path) -> Path:
    with opened(home, *read_datasets().values()):
        return home


def copied(home: Path, to: Path) -> Path:
    """A copy of a home that no run holds."""
    shutil.copytree(home, to, symlinks=True)
    return to


def settings(home: Path, portal: str, **more: str) -> dict[str, str]:
    """The environment of a command that gives up soon."""
    return {
        "BLOTTER_HOME": str(home),
        "BLOTTER_PORTAL": portal,
        "BLOTTER_TIMEOUT": "5",
        "BLOTTER_RETRIES": "1",
        "BLOTTER_BACKOFF": "0.01",
        **more,
    }


def command_here(
    patch: pytest.MonkeyPatch, home: Path, portal: str, *arguments: str, **more: str
) -> int:
    """Run the command in this process; its exit code. What else it raises comes out."""
    for name, value in settings(home, portal, **more).items():
        patch.setenv(name, value)
    patch.setattr(sys, "argv", ["blotter", *arguments])
    patch.setattr(sys, "unraisablehook", sys.unraisablehook)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        command.main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        signal.signal(signal.SIGTERM, handler)
    return 0


def start(
    home: Path, portal: str, *arguments: str, **more: str
) -> "subprocess.Popen[str]":
    """Start the command as a process of its own."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env={**os.environ, **settings(home, portal, **more)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def blotter(
    home: Path, portal: str, *arguments: str, **more: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command as a process of its own, to its end."""
    process = start(home, portal, *arguments, **more)
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)
