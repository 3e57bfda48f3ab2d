"""Kill the daily job at any moment; the run after must end as if there had been none.

The job is the command itself, dbt and all, on a local portal's made-up rows of the four
cities. A child runs it and is killed, with whatever it started; one more run must leave
rows, change log and facts as an undisturbed twin has them. Reports, made of the facts
alone, are left out.
"""

import contextlib
import functools
import inspect
import itertools
import json
import logging
import os
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dlt.load.load import Load
from dlt.pipeline.pipeline import Pipeline

from demo import generator
from demo.portal.server import Portal, serve
from demo.portal.store import Dataset as Published
from demo.stock import publish
from pipelines import cli as command
from pipelines.datasets import dataset, declarations
from pipelines.ops import status
from pipelines.sync import months
from pipelines.transform import plan, runner
from pipelines.warehouse import lookups, schema, writes
from pipelines.warehouse.ledger import Ledger
from pipelines.warehouse.loader import Loader
from pipelines.warehouse.months import Months
from pipelines.warehouse.warehouse import Warehouse
from tests.support import parsed_once
from tests.support.children import PROCESSES
from tests.support.live_portal import NO_DATA_TESTS, NO_REPORTS

# Rows of each data set.
ROWS = {
    "san_francisco__incidents": 140,
    "chicago__incidents": 120,
    "memphis__incidents": 90,
    "cambridge__incidents": 60,
    "washington_post__shootings": 100,
    "washington_post__agencies": 150,
}
# Whole files that stand still, as those do that others refer to.
STANDING = {
    "washington_post__shootings_v1",
    "washington_post__agencies",
    "census__county_population",
    "bls__county_unemployment",
    "simplemaps__cities",
    "san_francisco__neighborhood_boundaries",
    "chicago__neighborhood_boundaries",
    "memphis__district_boundaries",
    "cambridge__neighborhood_boundaries",
}
# A month before the window, which the first run reads and later ones sweep.
FIRST = date(2026, 1, 12)
HISTORY = date(2026, 1, 1)
# The newspaper's database of shootings ends with it.
LAST_YEAR = (date(2024, 1, 1), date(2024, 12, 31))
FIRST_RUN, YESTERDAY, TODAY = (date(2026, 3, day) for day in (8, 9, 10))

# What ends with something written: a child may be killed after each. Functions of these
# modules and classes that write nothing, or not in a day, stand in READS; a new one is
# a step by itself.
WRITERS = (Warehouse, schema, writes, lookups, Ledger, Months, Loader)
READS: dict[Any, set[str]] = {
    Warehouse: {
        *("close", "next_instant", "must_exist", "examine"),
    },
    schema: {"versions_view"},
    # With --rekeyed only, in a transaction.
    writes: {"rename"},
    lookups: {
        *("known", "rows", "count_rows", "monthly_counts", "monthly_counts_of"),
        *("bounds_of", "counting", "in_window", "as_bound", "literal", "dated_by"),
    },
    # Of `forget` and --rekeyed, which no day does.
    Ledger: {"datasets_of", "erase", "forget_builds"},
    Months: {"finished", "surplus", "before"},
    Loader: {"pipeline"},
}


def functions_of(owner: Any) -> list[str]:
    """The public functions that a module defines, or methods that a class does."""
    module = owner.__name__ if inspect.ismodule(owner) else owner.__module__
    return [
        name
        for name, found in vars(owner).items()
        if inspect.isfunction(found)
        and found.__module__ == module
        and not name.startswith("_")
    ]


STEPS: list[tuple[Any, str]] = [
    *(
        (owner, name)
        for owner in WRITERS
        for name in functions_of(owner)
        if name not in READS[owner]
    ),
    (Pipeline, "extract"),
    (Pipeline, "normalize"),
    (Load, "complete_jobs"),
    (Load, "complete_package"),
    (Pipeline, "load"),
    (DuckDBConnectionManager, "commit"),
    (runner, "invoke"),
    (Path, "write_text"),
    (runner, "build"),
    (status, "write_status"),
]

# Where a kill may fall; what is none of the others is "between".
PHASES = ("between", "reading", "loading", "building")
PHASE_OF: dict[tuple[Any, str], str] = {
    (months, "read_window"): "reading",
    (writes, "write"): "loading",
    (runner, "build"): "building",
}


# What a home holds


def content(home: Path) -> dict[str, list[tuple]]:
    """Every raw table and every mart, but for what names a run or an instant.

    Of an instant it stays whether there is one; of a change log, and of versions, also
    which of a row's came first, second and so on.
    """
    with duckdb.connect(str(home / "blotter.duckdb"), read_only=True) as connection:
        columns: dict[str, list[tuple[str, str]]] = {}
        for table, name, kind in connection.execute(
            "select table_schema || '.' || table_name, column_name, data_type "
            "from information_schema.columns where (table_schema like 'raw\\_%' "
            "escape '\\' or table_schema = 'marts') and table_name not like '\\_dlt%' "
            "escape '\\' order by all"
        ).fetchall():
            columns.setdefault(table, []).append((name, kind))
        return {
            table: connection.execute(
                f"select {', '.join(shown(found))} from {table} order by all"
            ).fetchall()
            for table, found in columns.items()
        }


def shown(columns: list[tuple[str, str]]) -> Iterator[str]:
    """SQL of what is compared of a table with these columns and types."""
    names = [name for name, _ in columns]
    for name, kind in columns:
        if kind == "TIMESTAMP WITH TIME ZONE":
            yield f"{name} is not null"
        # The key of a change ends in its instant.
        elif name not in ("run_id", "change_id") and not name.startswith("_dlt"):
            yield f'"{name}"'
    key = "row_id" if "row_id" in names else "shooting_id"
    for instant in {"changed_at", "replaced_at"} & set(names):
        yield f"row_number() over (partition by {key} order by {instant})"


def difference(home: Path, expected: dict[str, list[tuple]], schemas: str) -> list[str]:
    """Tables that are not as expected, with how many rows each lacks or has more.

    Args:
        schemas: What the names of the schemas that are compared begin with.
    """
    found = content(home)
    return [
        f"{table}: {len(lacking)} rows lacking, {len(more)} too many: "
        f"{str([*lacking, *more][0])[:300]}"
        for table in sorted(expected.keys() | found.keys())
        if table.startswith(schemas)
        and (lacking := beyond(expected.get(table, []), found.get(table, [])))
        + (more := beyond(found.get(table, []), expected.get(table, [])))
    ]


def beyond(rows: list[tuple], others: list[tuple]) -> list[tuple]:
    return list((Counter(rows) - Counter(others)).elements())


# What the publishers do


def pass_day(
    published: dict[str, Published], day: date, back: dict[str, pa.Table]
) -> dict[str, pa.Table]:
    """Let each add, correct and remove rows, and show again what is in `back`.

    Returns: The rows that were removed, by data set.
    """
    removed = {}
    for name in published.keys() - STANDING:
        table = published[name]
        rows = table.rows()
        picked = generator.sample(rows, 12, day.day)
        changed = generator.corrected(picked.slice(0, 8), 8, day.day)
        new = generator.day_rows(name, day, 10, day.day)
        removed[name] = picked.slice(8)
        come = [changed, new, *([back[name]] if name in back else [])]
        kept = generator.without(rows, picked)
        if table.key:
            table.upsert(pa.concat_tables(come))
            table.delete(removed[name][table.key].to_pylist())
        else:
            table.replace(pa.concat_tables([kept, *come]))
    return removed


# Children


def command_in_child(
    home: Path,
    url: str,
    arguments: tuple[str, ...],
    phase: Any,
    prepare: Callable[[], None] | None,
) -> None:
    """The command, in a group of processes of its own; its output goes to `said`."""
    os.setsid()
    said = (home.parent / "said").open("w")
    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    sys.stdout = sys.stderr = said
    os.environ.update(BLOTTER_HOME=str(home), BLOTTER_PORTAL=url, BLOTTER_BACKOFF="0.1")
    os.environ.update([NO_DATA_TESTS])
    # Left there by dbt, which the command imports after it has set up its own log.
    logging.root.handlers.clear()
    sys.argv = ["blotter", *arguments]
    for (owner, name), kind in PHASE_OF.items():
        tell_phase(owner, name, phase, PHASES.index(kind))
    shorten_history()
    leave_out_reports()
    parsed_once.share_parsing()
    if prepare:
        prepare()
    command.main()


def shorten_history() -> None:
    """Have every table's history begin with `HISTORY`: few months are read soon."""
    read_datasets = declarations.read_datasets

    def shortened(*arguments: Any) -> dict[str, dataset.Dataset]:
        return {
            name: msgspec.structs.replace(declared, backfill_from=HISTORY)
            if isinstance(declared, dataset.TableDataset)
            else declared
            for name, declared in read_datasets(*arguments).items()
        }

    declarations.read_datasets = shortened


def leave_out_reports() -> None:
    """Have dbt build all but the reports, whose tables are made like the facts."""
    whole = plan.plan

    def planned(*arguments: Any) -> list[str]:
        asked = whole(*arguments)
        return [*asked, *NO_REPORTS] if asked else []

    plan.plan = planned


def tell_phase(owner: Any, name: str, phase: Any, number: int) -> None:
    """Have a function say in shared memory that it is under way."""
    method = getattr(owner, name)

    def telling(*arguments: Any, **options: Any) -> Any:
        before, phase.value = phase.value, number
        try:
            return method(*arguments, **options)
        finally:
            phase.value = before

    setattr(owner, name, telling)


class Child:
    """The command in a child process."""

    def __init__(self, home: Path, url: str, *arguments: str, prepare: Any = None):
        self.phase = PROCESSES.Value("i", 0, lock=False)
        self.said = home.parent / "said"
        self.said.write_text("")
        self.process = PROCESSES.Process(
            target=command_in_child,
            args=(home, url, arguments, self.phase, prepare),
        )
        self.process.start()

    def kill(self) -> None:
        """End the child and all that it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def ended(self, seconds: float = 300) -> int | None:
        """Its exit code, negative where a signal ended it; None: it is under way."""
        self.process.join(seconds)
        return self.process.exitcode


def strike_after(number: int) -> None:
    """Kill this process's group once it has gone through `number` of the steps."""
    go_through(number, lambda name: os.killpg(0, signal.SIGKILL))


def write_steps(path: Path, home: Path) -> None:
    """Write the steps gone through into a file, a line each: name, state of the disk.

    Two steps with the same state are one boundary: nothing was written between them.
    """
    file = path.open("w", buffering=1)

    def write(name: str) -> None:
        found = sorted(
            (str(one), one.stat().st_mtime_ns, one.stat().st_size)
            for one in home.rglob("*")
            if one.is_file() and one.suffix != ".log"
        )
        file.write(f"{name} {hash(tuple(found))}\n")

    go_through(None, write)


def go_through(number: int | None, act: Callable[[str], Any]) -> None:
    """Act after a step, by its number in this process; after each when None."""
    passed = itertools.count(1)

    def acting(method: Any, called: str) -> Any:
        def step(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            if number is None or next(passed) == number:
                act(called)
            return result

        return step

    for owner, name in STEPS:
        setattr(owner, name, acting(getattr(owner, name), f"{owner.__name__}.{name}"))


# Kills


@dataclass
class Scenario:
    """A run that a home has before it, and what the home holds once it was run."""

    title: str
    home: Path
    url: str
    day: date
    expected: dict[str, list[tuple]]
    seconds: dict[str, float]
    """How long each phase of the undisturbed run took."""
    steps: list[str]
    boundaries: list[int]
    """The numbers of the steps, from 1, since which something was written."""

    def start(self, home: Path, *more: str, prepare: Any = None) -> Child:
        arguments = ("daily", *ROWS, "--today", str(self.day), *more)
        return Child(home, self.url, *arguments, prepare=prepare)

    @property
    def loading_steps(self) -> range:
        """The numbers of the steps before dbt begins."""
        return range(1, self.steps.index("DuckDBConnectionManager.commit") + 1)


@dataclass(frozen=True)
class Kill:
    """When a child is killed: after a step, or some time into a phase or the run."""

    step: int = 0
    phase: str | None = None
    share: float = 0.0
    """Of the phase's time, or of the whole run's."""


@dataclass
class Outcome:
    """Where kills fell, and how what the next run left differs from the twin's."""

    scenario: str
    kills: list[Kill]
    fell: list[str]
    faults: list[str]


def tortured(scenario: Scenario, kills: list[Kill], folder: Path) -> Outcome:
    """Kill run after run in a copy of the scenario's home, then let one end.

    After a kill at a step before dbt the raw tables are compared: those runs go without
    dbt, which takes most of a run's time.
    """
    home = folder / "home"
    shutil.copytree(scenario.home, home)
    is_load = all(kill.step in scenario.loading_steps for kill in kills)
    more = ("--no-build",) if is_load else ()
    fell = [phase for kill in kills if (phase := killed(scenario, home, kill, more))]
    faults = made_good(scenario, home, more)
    if not faults:
        shutil.rmtree(folder)
    return Outcome(scenario.title, kills, fell, faults)


def killed(
    scenario: Scenario, home: Path, kill: Kill, more: tuple[str, ...]
) -> str | None:
    """Run in a child that is killed; the phase it was killed in, None if it ended."""
    prepare = functools.partial(strike_after, kill.step) if kill.step else None
    child = scenario.start(home, *more, prepare=prepare)
    phase = f"after {scenario.steps[kill.step - 1]}"
    if not kill.step:
        phase = kill_in_time(scenario, child, kill)
    code = child.ended()
    assert code in (0, -signal.SIGKILL), child.said.read_text()
    return phase if code else None


def kill_in_time(scenario: Scenario, child: Child, kill: Kill) -> str:
    """Wait for the kill's phase and its share of that; kill; the phase it was in."""
    seconds = scenario.seconds
    while kill.phase and PHASES[child.phase.value] != kill.phase:
        if child.ended(0.002) is not None:
            break
    child.ended(
        kill.share * (seconds[kill.phase] if kill.phase else sum(seconds.values()))
    )
    phase = PHASES[child.phase.value]
    child.kill()
    return phase


def made_good(scenario: Scenario, home: Path, more: tuple[str, ...]) -> list[str]:
    """What the run after the kills leaves to be desired; nothing, it is hoped."""
    child = scenario.start(home, *more)
    if code := child.ended():
        return [f"ended with {code}: {child.said.read_text()[-2000:]}"]
    with duckdb.connect(str(home / "blotter.duckdb"), read_only=True) as connection:
        still = connection.execute(
            "select dataset from ledger.runs where outcome = 'running'"
        ).fetchall()
    faults = [f"still running in the ledger: {still}"] if still else []
    if not json.loads((home / "status.json").read_text())["healthy"]:
        faults.append("status.json does not say healthy")
    schemas = "raw_" if more else ""
    return faults + difference(home, scenario.expected, schemas)


# Scenarios


@contextlib.contextmanager
def scenarios(folder: Path) -> Iterator[list[Scenario]]:
    """The first load of an empty home, and a day that has every kind of change."""
    end = FIRST_RUN - timedelta(days=1)
    rows = {
        name: generator.generate(
            name, count, *((FIRST, end) if "incidents" in name else LAST_YEAR), 7
        )
        for name, count in ROWS.items()
    }
    portals = [Portal() for _ in range(3)]
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(serve(portal)) for portal in portals]
        homes = [folder / str(number) / "home" for number in range(3)]
        homes[0].mkdir(parents=True)
        fill(portals[0], rows)
        begun = undisturbed("first load", homes[0], urls[0], FIRST_RUN, homes[1])
        published = fill(portals[1], rows)
        removed = pass_day(published, FIRST_RUN, {})
        shutil.copytree(homes[1], homes[2])
        arguments = ("daily", *ROWS, "--no-build", "--today", str(YESTERDAY))
        assert Child(homes[2], urls[1], *arguments).ended() == 0
        published = fill(portals[2], {n: t.rows() for n, t in published.items()})
        pass_day(published, YESTERDAY, removed)
        end_home = folder / "3" / "home"
        yield [begun, undisturbed("a day", homes[2], urls[2], TODAY, end_home)]


def fill(portal: Portal, rows: dict[str, pa.Table]) -> dict[str, Published]:
    return {name: publish(portal, name, table) for name, table in rows.items()}


def undisturbed(title: str, home: Path, url: str, day: date, to: Path) -> Scenario:
    """The scenario of a run, told by the twin that nothing disturbs."""
    shutil.copytree(home, to)
    scenario = Scenario(title, home, url, day, {}, dict.fromkeys(PHASES, 0.0), [], [])
    child = scenario.start(
        to, prepare=functools.partial(write_steps, to.parent / "steps", to)
    )
    since = time.monotonic()
    while child.ended(0.005) is None:
        now = time.monotonic()
        scenario.seconds[PHASES[child.phase.value]] += now - since
        since = now
    assert child.ended() == 0, child.said.read_text()
    scenario.expected = content(to)
    states: set[str] = set()
    for line in (to.parent / "steps").read_text().splitlines():
        name, state = line.split()
        scenario.steps.append(name)
        scenario.boundaries += [len(scenario.steps)] * (state not in states)
        states.add(state)
    return scenario
