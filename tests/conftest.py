"""In CI, where `.ci/run` installs everything, a test that skips has failed."""

import os

import pytest

# The one thing that can't be installed: real rows, whose licences differ.
MAY_BE_ABSENT = "shared/data"


def fail_if_skipped(report):
    reason = str(report.longrepr)
    expected = hasattr(report, "wasxfail") or MAY_BE_ABSENT in reason
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
