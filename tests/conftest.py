"""In CI, where `.ci/run` installs everything, a test that skips has failed."""

import os
import secrets
from pathlib import Path

import pytest

from tests import bigquery_emulator, postgres_server

# A publication takes seconds: the tests of it turn it on.
os.environ["BLOTTER_SITE"] = "off"

# The one thing that can't be installed: real rows, whose licences differ.
REAL_ROWS = Path(__file__).parents[2] / "shared" / "data"


def may_skip(reason):
    return not REAL_ROWS.exists() and ("real rows" in reason or "shared/" in reason)


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


@pytest.fixture(scope="session")
def postgres_settings():
    """libpq's settings for a server of the session's own."""
    if not postgres_server.programs():
        pytest.skip("no PostgreSQL server is installed; Debian's package is postgresql")
    with postgres_server.running_server() as found:
        yield found


@pytest.fixture(scope="session")
def bigquery_settings(tmp_path_factory):
    """The settings under which emulators of the session's own are found."""
    if not bigquery_emulator.PROGRAM.exists():
        pytest.skip("no emulator of BigQuery is installed; see `make emulator`")
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
