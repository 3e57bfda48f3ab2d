"""In CI, where `.ci/run` installs everything, a test that skips has failed."""

import os
from pathlib import Path

import pytest

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
