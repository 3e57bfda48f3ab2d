"""Runs that are killed or stopped, and the run after them."""

import itertools
import logging
import os
import pkgutil
import random
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from dlt.pipeline.pipeline import Pipeline

from demo.generator import generate
from demo.portal.server import Fault, Portal, serve
from demo.stock import publish
from pipelines import cli as command
from pipelines.datasets.dataset import Dataset
from pipelines.sync import months as batches
from pipelines.sync import row_groups
from pipelines.warehouse import writes
from pipelines.warehouse.ledger import Ledger
from pipelines.warehouse.months import Months
from tests.support import live_portal as live
from tests.support.children import PROCESSES
from tests.support.live_portal import SPRINGFIELD

# A load is killed at each of its steps.
pytestmark = pytest.mark.timeout(600)

# What a load goes through; a child may be struck after each.
STEPS = [
    (writes, "repair"),
    (Pipeline, "extract"),
    (Pipeline, "load"),
    (Months, "finish"),
    (Ledger, "close_run"),
]
MOMENTS = 3
"""How many runs are killed at any moment, beside those killed after a step."""


@dataclass
class Scenario:
    """A run that a home has before it, and what the home holds once it was run."""

    portal: Portal
    dataset: Dataset
    home: Path
    held: tuple[Any, ...]


def content(home: Path, dataset: Dataset) -> tuple[Any, ...]:
    """Rows, removed rows and change log; neither runs nor times."""
    removed = (
        "select row_id, id, reported, category from raw_springfield.incidents "
        "where removed_at is not null order by row_id"
    )
    rows = live.held(home, dataset)
    return rows, live.select(home, removed), live.log_of(home, dataset)


def ended(portal: Portal, dataset: Dataset, home: Path, tmp: Path) -> Scenario:
    """The scenario of a run, told by one that nothing disturbs."""
    end = live.copied(home, tmp)
    assert live.daily(end, dataset, whole=True) is None
    return Scenario(portal, dataset, home, content(end, dataset))


def from_january(url: str) -> Dataset:
    return msgspec.structs.replace(
        SPRINGFIELD.at_portal(url), backfill_from=date(2026, 1, 1), page_rows=100
    )


OLD = [
    {"id": f"old {day:02d}", "reported": f"2026-01-{day:02d}", "category": "Theft"}
    for day in range(1, 21)
]


@pytest.fixture(scope="module")
def first_load(tmp_path_factory):
    """220 rows of three months, into a home without any."""
    folder, portal = tmp_path_factory.mktemp("first"), Portal()
    published = live.springfield(portal, [*OLD, *live.soda_rows(200)])
    with serve(portal) as url:
        dataset = from_january(url)
        with live.opened(folder / "home", dataset):
            pass
        scenario = ended(portal, dataset, folder / "home", folder / "end")
        assert scenario.held[0] == live.shown(published, dataset)
        yield scenario


@pytest.fixture(scope="module")
def next_day(tmp_path_factory):
    """30 rows added, 20 changed, 10 removed, one back that was gone."""
    folder, portal = tmp_path_factory.mktemp("day"), Portal()
    published = live.springfield(portal, [*OLD, *live.soda_rows(200)])
    with serve(portal) as url:
        dataset, home = from_january(url), folder / "home"
        assert live.daily(home, dataset, whole=True) is None
        published.delete(["00150"])
        assert live.daily(home, dataset, whole=True) is None
        published.upsert(live.soda_rows(30, first=200) + live.soda_rows(1, first=150))
        published.upsert([{"id": f"{n:05d}", "category": "Fraud"} for n in range(20)])
        published.delete([f"{n:05d}" for n in range(100, 110)])
        scenario = ended(portal, dataset, home, folder / "end")
        assert scenario.held[0] == live.shown(published, dataset)
        assert Counter(kind for _, kind, _ in scenario.held[2]) == {
            "added": 250,
            "changed": 20,
            "removed": 11,
            "restored": 1,
        }
        yield scenario


@pytest.fixture(params=["first_load", "next_day"])
def scenario(request):
    return request.getfixturevalue(request.param)


# Children


def strike_after(number: int, which: int, chosen: list[tuple[Any, str]]) -> None:
    """Send this process a signal once it has gone through `number` of the steps."""
    steps = itertools.count(1)

    def struck(method: Any) -> Any:
        def step(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            if next(steps) == number:
                os.kill(os.getpid(), which)
            return result

        return step

    for owner, name in chosen:
        setattr(owner, name, struck(getattr(owner, name)))


def run_once(home: Path, dataset: Dataset, number: int, began: Any) -> None:
    """In a child: one run that loads every month by itself; killed after a step.

    Of a month's 20 rows or more, the last ones wait for the next load.
    """
    batches.BATCH_ROWS, row_groups.ROW_GROUP = 1, 9
    strike_after(number, signal.SIGKILL, STEPS)
    began.set()
    assert live.daily(home, dataset, whole=True) is None


def command_once(
    home: Path,
    url: str,
    arguments: tuple[str, ...],
    stops: list[tuple[str, str]],
    said: Path,
) -> None:
    """In a child: the command, its output in a file; asked to stop after a step.

    Args:
        stops: Where each function is found, and its name: no module goes to a child.
    """
    with said.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = file
        os.environ.update(live.settings(home, url))
        logging.root.handlers.clear()  # dbt's, of a preload for other tests
        sys.argv = ["blotter", *arguments]
        chosen = [(pkgutil.resolve_name(place), name) for place, name in stops]
        strike_after(1, signal.SIGTERM, chosen)
        command.main()


def killed(scenario: Scenario, home: Path, number: int, after: float | None) -> bool:
    """Run in a child that is killed after a step, or some seconds; whether it was."""
    began = PROCESSES.Event()
    child = PROCESSES.Process(
        target=run_once, args=(home, scenario.dataset, number, began)
    )
    child.start()
    began.wait(30)
    if after is not None:
        child.join(after)
        child.kill()
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def carried_on(scenario: Scenario, home: Path) -> None:
    """The run after a kill ends as if there had been none, and reads no month again."""
    dataset = scenario.dataset
    finished = [f"{m}" for (m,) in live.select(home, "select month from ledger.months")]
    scenario.portal.requests.clear()
    assert live.daily(home, dataset, whole=True) is None
    assert content(home, dataset) == scenario.held
    outcomes = [outcome for (outcome,) in live.ledger(home, "outcome")]
    assert outcomes[-1] in ("loaded", "unchanged")
    assert "running" not in outcomes
    conditions = (r.query.get("$where", "") for r in scenario.portal.requests)
    asked = "".join(where for where in conditions if ":updated_at >" not in where)
    assert ("reported >= '2026-01-01T" in asked) == ("2026-01-01" not in finished)
    months = live.select(home, "select month from ledger.months order by month")
    assert months == [(date(2026, 1, 1),), (date(2026, 2, 1),)]


# Killed


def test_a_run_killed_after_any_step_is_made_good_by_the_next(scenario, tmp_path):
    """Until a run goes through all its steps, and lives."""
    for number in itertools.count(1):
        home = live.copied(scenario.home, tmp_path / f"{number}")
        was_killed = killed(scenario, home, number, None)
        carried_on(scenario, home)
        if not was_killed:
            break
    assert number >= 7


def test_a_run_killed_at_any_moment_is_made_good_by_the_next(scenario, tmp_path):
    began = time.monotonic()
    home = live.copied(scenario.home, tmp_path / "whole")
    assert not killed(scenario, home, 0, None)
    seconds = time.monotonic() - began
    moments = random.Random(25)
    for number in range(MOMENTS):
        home = live.copied(scenario.home, tmp_path / f"{number}")
        killed(scenario, home, 0, moments.uniform(0, seconds))
        carried_on(scenario, home)


def test_killed_again_and_again_a_first_load_still_ends(first_load, tmp_path):
    """Every run but the last is killed, each two steps later than the one before."""
    home = live.copied(first_load.home, tmp_path / "home")
    kills = [killed(first_load, home, number, None) for number in range(2, 8, 2)]
    assert kills[:2] == [True, True]
    carried_on(first_load, home)


# Stopped, and two at once: the command itself, on two cities

CITIES = ("cambridge__incidents", "memphis__incidents")
LOAD = ("daily", *CITIES, "--window-only", "--no-build", "--today", "2026-03-10")
CAMBRIDGE_ROWS = "/resource/3gki-wyrb.csv"
STOPPED = "Stopped by SIGTERM; the next run carries on."


@pytest.fixture(scope="module")
def cities():
    portal = Portal()
    for city in CITIES:
        rows = generate(city, 50, date(2026, 2, 2), date(2026, 3, 9), seed=4)
        publish(portal, city, rows)
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(cities):
    portal, _ = cities
    portal.requests.clear()
    yield portal
    portal.heal()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return live.prepared(tmp_path_factory.mktemp("prepared") / "home")


@pytest.fixture
def home(prepared, tmp_path):
    return live.copied(prepared, tmp_path / "home")


def started(home, url, *stops):
    """The command in a child, asked to stop after a step, if one is given."""
    said = home.parent / "said"
    arguments = (home, url, LOAD, stops, said)
    child = PROCESSES.Process(target=command_once, args=arguments)
    child.start()
    return child, said


def ran(home, url):
    """The command run to its end: exit code and output."""
    child, said = started(home, url)
    child.join(60)
    return child.exitcode, said.read_text()


def wait_for(portal, path):
    """Until a path was asked for."""
    deadline = time.monotonic() + 30
    while not any(record.path == path for record in portal.requests):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def counted(home):
    """Rows of Cambridge and Memphis."""
    counts = "select count(*) from raw_{}.incidents"
    return [
        live.select(home, counts.format(city))[0][0]
        for city in ("cambridge", "memphis")
    ]


@pytest.fixture(scope="module")
def whole(cities, prepared, tmp_path_factory):
    """How many rows each city has once it was loaded."""
    home = live.copied(prepared, tmp_path_factory.mktemp("whole") / "home")
    code, said = ran(home, cities[1])
    assert code == 0, said
    counts = counted(home)
    assert min(counts) > 40
    return counts


def test_a_stop_during_a_read_closes_the_line_and_ends_with_1(
    portal, cities, home, whole
):
    portal.fail(Fault("slow", seconds=4, path=CAMBRIDGE_ROWS))
    child, said = started(home, cities[1])
    wait_for(portal, CAMBRIDGE_ROWS)
    child.terminate()
    began = time.monotonic()
    child.join(60)
    assert time.monotonic() - began < 3
    assert child.exitcode == 1
    is_stopped(home, said)
    assert counted(home) == [0, 0]
    assert ran(home, cities[1])[0] == 0
    assert counted(home) == whole


def is_stopped(home, said):
    """One sentence, no traceback, and the ledger's line closed with it."""
    text = said.read_text()
    assert text.endswith(f"\nblotter: {STOPPED}\n")
    assert text.count("Traceback") == 0, text
    assert live.ledger(home, "dataset, outcome, error") == [
        ("cambridge__incidents", "failed", STOPPED)
    ]


@pytest.mark.parametrize(
    "step",
    [
        ("dlt.pipeline.pipeline:Pipeline", "extract"),
        ("dlt.normalize.normalize:Normalize", "run"),
        ("dlt.load.load:Load", "run"),
        ("pipelines.warehouse.writes", "write"),
    ],
    ids=".".join,
)
def test_a_stop_during_a_load_closes_the_line_and_ends_with_1(
    portal, cities, home, whole, step
):
    """The other city is not begun."""
    child, said = started(home, cities[1], step)
    child.join(60)
    assert child.exitcode == 1
    is_stopped(home, said)
    assert not any("FeatureServer" in record.path for record in portal.requests)
    assert ran(home, cities[1])[0] == 0
    assert counted(home) == whole


def test_a_stop_at_any_moment_ends_soon_with_1(portal, cities, home, prepared, whole):
    """Wherever it strikes: in dlt, in DuckDB, in a request, in the tidying up."""
    began = time.monotonic()
    assert ran(home, cities[1])[0] == 0
    seconds = time.monotonic() - began
    moments = random.Random(15)
    codes = []
    for _ in range(MOMENTS):
        shutil.rmtree(home)
        live.copied(prepared, home)
        portal.requests.clear()
        child, said = started(home, cities[1])
        wait_for(portal, "/api/views/3gki-wyrb.json")
        child.join(moments.uniform(0, seconds * 0.4))
        child.terminate()
        child.join(5)
        codes.append(child.exitcode)
        text = said.read_text()
        assert child.exitcode == 0 or text.endswith(f"\nblotter: {STOPPED}\n"), text
        assert "Traceback" not in text, text
        assert ("running",) not in live.ledger(home, "outcome")
        assert ran(home, cities[1])[0] == 0
        assert counted(home) == whole
    assert set(codes) <= {0, 1}
    # A run may be faster than the one that was timed.
    assert 1 in codes


def test_a_stop_while_models_are_built_ends_with_1(home):
    """dbt's threads are amid their queries."""
    child = live.start(home, "http://127.0.0.1:9", "build")
    log = home / "dbt" / "logs" / "dbt.log"
    deadline = time.monotonic() + 60
    while not (log.exists() and "OK created sql view model" in log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.terminate()
    _, said = child.communicate(timeout=30)
    assert (child.returncode, said) == (1, f"blotter: {STOPPED}\n")
    assert live.ledger(home, "dataset, outcome, error") == [
        ("(models)", "dbt_failed", STOPPED)
    ]


def test_a_second_run_ends_with_3_at_once_and_a_killed_ones_lock_is_free(
    portal, cities, home, whole
):
    portal.fail(Fault("slow", seconds=30, path=CAMBRIDGE_ROWS))
    first, _ = started(home, cities[1])
    wait_for(portal, CAMBRIDGE_ROWS)
    code, said = ran(home, cities[1])
    assert first.is_alive()
    assert (code, said) == (3, f"blotter: Another run is under way in {home}.\n")
    first.kill()
    first.join(60)
    portal.heal()
    assert ran(home, cities[1])[0] == 0
    assert counted(home) == whole
    lines = live.ledger(home, "dataset, outcome, error is null")
    assert lines == [
        ("cambridge__incidents", "killed", False),
        ("cambridge__incidents", "loaded", True),
        ("memphis__incidents", "loaded", True),
    ]


def test_a_data_set_that_fails_spares_the_others(portal, cities, home, whole):
    portal.fail(Fault("status", 500, path="*3gki-wyrb*", times=None))
    code, said = ran(home, cities[1])
    assert code == 1
    assert counted(home) == [0, whole[1]]
    last = said.splitlines()[-1]
    assert last.startswith("blotter: 1 of 2 parts failed. cambridge__incidents: 127")
    assert live.ledger(home, "dataset, outcome") == [
        ("cambridge__incidents", "failed"),
        ("memphis__incidents", "loaded"),
    ]


# Homes that something happened to


def test_without_dlts_folder_the_next_run_is_as_any(next_day, tmp_path):
    home = live.copied(next_day.home, tmp_path / "home")
    shutil.rmtree(home / "dlt")
    carried_on(next_day, home)


def test_a_home_copied_elsewhere_is_as_good_and_leaves_the_first_alone(
    next_day, tmp_path
):
    home = live.copied(next_day.home, tmp_path / "home")
    elsewhere = live.copied(home, tmp_path / "else" / "where")
    before = live.raw_tables(home)
    carried_on(next_day, elsewhere)
    assert live.raw_tables(home) == before
    carried_on(next_day, home)


def test_loads_go_on_in_time_after_the_clock_was_moved_back(next_day, tmp_path):
    """As if all that is there had been loaded next week."""
    home = live.copied(next_day.home, tmp_path / "home")
    for table, column in (
        ("incidents", "loaded_at"),
        ("incidents", "removed_at"),
        ("incidents_changes", "changed_at"),
    ):
        later = f"set {column} = {column} + interval 7 day"
        live.select(home, f"update raw_springfield.{table} {later}")
    newest = "select max(loaded_at) from raw_springfield.incidents"
    ((before,),) = live.select(home, newest)
    carried_on(next_day, home)
    written = "select count(*) from raw_springfield.incidents where loaded_at > "
    assert live.select(home, f"{written} '{before}'") == [(61,)]
