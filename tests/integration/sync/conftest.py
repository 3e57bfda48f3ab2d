"""A portal of the test's own, and a home with Springfield's empty tables.

A module that needs another portal, data set or home has fixtures of the same names.
"""

import pytest

from demo.portal.server import Portal, serve
from tests.support import live_portal as live
from tests.support.live_portal import SPRINGFIELD


@pytest.fixture
def portal():
    return Portal()


@pytest.fixture
def url(portal):
    with serve(portal) as url:
        yield url


@pytest.fixture
def springfield(url):
    return SPRINGFIELD.at_portal(url)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "home"
    with live.opened(home, SPRINGFIELD):
        return home


@pytest.fixture
def home(prepared, tmp_path):
    return live.copied(prepared, tmp_path / "home")
