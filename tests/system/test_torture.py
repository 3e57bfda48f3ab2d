"""The short form of `make torture`: the whole job, killed a few times."""

import inspect
import pkgutil
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines import warehouse
from pipelines.warehouse import writes
from tests.support import killed_runs
from tests.support.killed_runs import Kill, Scenario, beyond, scenarios, shown, tortured

# Modules of the warehouse that write none of its tables; `erase` drops them: `forget`.
WRITES_NO_TABLE = {
    *("differences", "dlt_settings", "engines", "erase", "history", "lake"),
    "ledger_tables",
    *("outcomes", "tables"),
}

# A whole job is killed and run again, many times.
pytestmark = pytest.mark.timeout(900)

SEED = 3

# Beside those at random: rows merged but their copies still in dlt's staging tables,
# dbt amid its models, all built but not yet told so in the ledger, the status written
# but not yet in its place.
NAMED = {
    "Load.complete_jobs": 4,
    "DuckDBConnectionManager.commit": 12,
    "pipelines.transform.runner.invoke": 1,
    "pipelines.transform.runner.build": 1,
    "Path.write_text": 1,
}


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    with scenarios(tmp_path_factory.mktemp("torture")) as known:
        yield known


def numbered(scenario: Scenario, name: str, which: int) -> int:
    """The number, among all steps, of a step's first, second or later time."""
    numbers = [n for n, step in enumerate(scenario.steps, 1) if step == name]
    return numbers[which - 1]


def test_the_job_killed_at_any_moment_is_made_good_by_the_next_run(known, tmp_path):
    moments = random.Random(SEED)
    first_load, day = known
    plans = [
        (scenario, [Kill(phase=phase, share=moments.uniform(0, 1))])
        for scenario, phase in ((first_load, "loading"), (day, "reading"))
    ]
    plans.append((day, [Kill(share=moments.uniform(0, 1)) for _ in range(2)]))
    plans += [
        (day, [Kill(step=numbered(day, name, which))]) for name, which in NAMED.items()
    ]
    with ThreadPoolExecutor(2) as pool:
        outcomes = pool.map(
            lambda number, plan: tortured(*plan, tmp_path / f"{number}"),
            *zip(*enumerate(plans), strict=True),
        )
    for outcome in outcomes:
        assert outcome.faults == [], f"seed {SEED}: {outcome}"
        if outcome.kills[0].step:
            assert outcome.fell, f"nothing was killed: {outcome}"


def test_every_change_and_every_step_is_in_the_kill_test(known):
    """What a kill could spoil is there: else equal twins would prove little."""
    _, day = known
    kinds = {
        (table, row[0])
        for table, rows in day.expected.items()
        if table.endswith(("incidents_changes", "shootings_changes"))
        for row in rows
    }
    cities = ("cambridge", "chicago", "memphis", "san_francisco")
    tables = [f"raw_{city}.incidents" for city in cities]
    assert kinds >= {
        (f"{table}_changes", change)
        for table in [*tables, "raw_washington_post.shootings"]
        for change in ("added", "changed", "removed", "restored")
    }
    seen = {step for scenario in known for step in scenario.steps}
    named = {f"{owner.__name__}.{name}" for owner, name in killed_runs.STEPS}
    assert named == seen


def test_the_comparison_sees_a_doubled_and_a_lacking_entry():
    columns = [
        ("row_id", "VARCHAR"),
        ("run_id", "VARCHAR"),
        ("changed_at", "TIMESTAMP WITH TIME ZONE"),
    ]
    assert list(shown(columns)) == [
        '"row_id"',
        "changed_at is not null",
        "row_number() over (partition by row_id order by changed_at)",
    ]
    assert beyond([("a",), ("a",)], [("a",)]) == [("a",)]
    assert beyond([("a",)], [("a",), ("b",)]) == []


def test_every_function_that_may_write_is_a_step_or_said_to_read():
    """A new one is a step by itself; what no longer exists is not kept as a read."""
    for owner, reads in killed_runs.READS.items():
        assert reads <= set(killed_runs.functions_of(owner))
    assert (writes, "erase_former") in killed_runs.STEPS
    modules = {module.name for module in pkgutil.iter_modules(warehouse.__path__)}
    owners = {inspect.getmodule(owner).__name__ for owner in killed_runs.WRITERS}
    known = {name.rpartition(".")[2] for name in owners} | WRITES_NO_TABLE
    assert modules == known
