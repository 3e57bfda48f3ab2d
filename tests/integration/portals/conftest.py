"""One portal for a module, as new for each test.

A module that needs another portal has fixtures of the same names.
"""

from datetime import UTC, datetime

import pytest

from demo.portal.server import Portal, serve


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    portal.heal()
    portal.store.clock = lambda: datetime.now(UTC)
    portal.files.clear()
    portal.requests.clear()
    return portal
