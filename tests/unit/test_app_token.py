"""Where the app token goes, of every request that a reader of Socrata sends."""

from datetime import date

import pytest
import requests
from requests.adapters import BaseAdapter

from pipelines.datasets.overrides import by_soda
from pipelines.datasets.windows import Window
from pipelines.errors import PortalError
from pipelines.portals.reader import Read
from pipelines.portals.socrata import SocrataReader
from pipelines.settings import Identity, Patience
from tests.unit.test_plan import PLACE

TOKEN = "tokenofmarge"
WINDOW = Window(date(2026, 4, 1), None, undated=True)
ASKED = {
    "columns and version": lambda reader: reader.probe(),
    "a count": lambda reader: reader.count(WINDOW),
    "rows of a window": lambda reader: list(reader.pages(WINDOW, Read())),
    "rows by their keys": lambda reader: reader.rows_of(["1"]),
}


class Unreachable(BaseAdapter):
    """Notes what would be sent."""

    def __init__(self):
        super().__init__()
        self.requests = []

    def send(self, request, **options):
        self.requests.append(request)
        raise requests.ConnectionError("unreachable")

    def close(self):
        pass


@pytest.mark.parametrize("soda", [2, 3])
@pytest.mark.parametrize("what", ASKED)
def test_the_app_token_goes_into_a_header_and_into_no_address(what, soda):
    place = by_soda(PLACE, soda)
    reader = SocrataReader(place, Patience(retries=0), Identity(app_token=TOKEN))
    reader.session.mount("https://", wire := Unreachable())
    with pytest.raises(PortalError, match="springfield") as failure:
        ASKED[what](reader)
    (request,) = wire.requests
    assert request.headers["X-App-Token"] == TOKEN
    assert TOKEN not in request.url
    assert TOKEN not in str(request.body)
    assert TOKEN not in str(failure.value)
