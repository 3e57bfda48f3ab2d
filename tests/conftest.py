"""In CI, where `.ci/run` installs everything, a test that skips has failed."""

import gc
import os
import secrets
from pathlib import Path

import pytest

from pipelines.transform import runner
from tests.support import needs, parsed_once, slowest
from tests.support.servers import bigquery_emulator, postgres_server

# A publication takes seconds: the tests of it turn it on.
os.environ["BLOTTER_SITE"] = "off"

# So does parsing the project, for each home.
runner.invoke = parsed_once.with_shared_parsing(runner.invoke)

# The one thing that can't be installed: real rows, whose licenses differ.
REAL_ROWS = Path(__file__).parents[2] / "shared" / "data"

# Modules by the time they take, longest first, as the end of `make test` tells it.
LONGEST = (
    *("golden_bigquery", "site", "real_rows_on_postgres", "container", "added_cities"),
    *("interruptions", "torture", "real_days", "failure_modes", "models", "engines"),
    *("publish", "golden_postgres", "pull_request_check", "builds", "parts"),
    *("hostile_machine", "metabase_cards", "golden_duckdb", "export", "late_edits"),
    "bench",
    *("rereads", "properties", "implausible_values", "real_shootings", "carried_on"),
    *("shooting_reports", "shootings", "real_rows", "incident_changes"),
)


def may_skip(reason):
    return not REAL_ROWS.exists() and str(needs.REAL_ROWS) in reason


def fail_if_skipped(report):
    reason = str(report.longrepr)
    expected = hasattr(report, "wasxfail") or may_skip(reason)
    if os.environ.get("CI") and report.skipped and not expected:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, which CI forbids: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return fail_if_skipped((yield))


def pytest_collection_modifyitems(items):
    """Begin with the modules that take longest: no worker waits for one at the end."""
    ranks = {f"test_{name}.py": rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


def pytest_terminal_summary(terminalreporter):
    if skipped := terminalreporter.stats.get("skipped"):
        terminalreporter.section("skipped")
        terminalreporter.write_line("\n".join(needs.table(skipped)))
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    seconds = slowest.seconds_by_module(reports)
    if len(seconds) > slowest.SHOWN:
        terminalreporter.section("slowest modules")
        terminalreporter.write_line("\n".join(slowest.lines(seconds)))


@pytest.fixture(scope="module", autouse=True)
def settled_memory():
    """Keep garbage collection to what this module makes.

    What earlier modules left in memory would otherwise be walked each time.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres_settings():
    """libpq's settings for a server of the session's own."""
    if not postgres_server.programs():
        needs.POSTGRES.skip()
    with postgres_server.running_server() as found:
        yield found


@pytest.fixture(scope="session")
def bigquery_settings(tmp_path_factory):
    """The settings under which emulators of the session's own are found."""
    if not bigquery_emulator.PROGRAM.exists():
        needs.BIGQUERY.skip()
    with bigquery_emulator.running_emulator(tmp_path_factory.mktemp("google")) as found:
        yield found


@pytest.fixture(params=["duckdb", "postgres", "bigquery"])
def target(request, monkeypatch):
    """Each warehouse in turn, by its settings, with schemas of the test's own."""
    if request.param != "duckdb":
        settings = request.getfixturevalue(f"{request.param}_settings")
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("BLOTTER_TARGET", request.param)
    monkeypatch.setenv("BLOTTER_PREFIX", f"t{secrets.token_hex(3)}_")
    return request.param
