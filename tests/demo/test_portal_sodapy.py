"""The local portal read by sodapy, a client that no one here wrote."""

import pytest
import requests
from sodapy import Socrata

from demo.portal.server import Portal, serve

COLUMNS = {"row_id": "text", "size": "number", "at": "calendar_date", "ok": "checkbox"}
ROWS = [
    {"row_id": f"{n:05d}", "size": n, "at": "2026-09-01T00:00:00.000", "ok": n % 2 == 0}
    for n in range(2500)
]


@pytest.fixture(scope="module")
def domain():
    portal = Portal(app_tokens={"good"})
    portal.add_soda("abcd-1234", ROWS, COLUMNS, "row_id", title="Incidents")
    portal.add_soda("lega-cy20", ROWS[:1], COLUMNS, "row_id", is_legacy=True)
    with serve(portal) as url:
        yield url.removeprefix("http://")


@pytest.fixture
def client(domain):
    with Socrata(domain, "good") as client:
        client.uri_prefix = "http://"
        yield client


def test_rows_have_pythons_types(client):
    row = {
        "row_id": "00007",
        "size": "7",
        "at": "2026-09-01T00:00:00.000",
        "ok": False,
    }
    assert client.get("abcd-1234", where="row_id = '00007'") == [row]
    assert client.get("abcd-1234", row_id="00007") == [row]


def test_the_first_1000_rows_come_unless_more_are_asked(client):
    assert len(client.get("abcd-1234")) == 1000
    assert len(client.get("abcd-1234", limit=2400)) == 2400


def test_csv_comes_as_lists_below_its_header(client):
    lines = client.get(
        "abcd-1234", content_type="csv", select="row_id,ok", order="size desc", limit=2
    )
    assert lines == [["row_id", "ok"], ["02499", "false"], ["02498", "true"]]


def test_pages_follow_one_another_in_an_order(client):
    page = client.get("abcd-1234", order="row_id", limit=2, offset=10)
    assert [row["row_id"] for row in page] == ["00010", "00011"]


def test_groups_are_counted(client):
    counts = client.get("abcd-1234", select="ok,count(*) as n", group="ok", order="ok")
    assert counts == [{"ok": False, "n": "1250"}, {"ok": True, "n": "1250"}]


def test_a_query_in_one_piece_is_understood(client):
    query = "select row_id where size >= 2498 order by row_id"
    assert client.get("abcd-1234", query=query) == [
        {"row_id": "02498"},
        {"row_id": "02499"},
    ]


def test_get_all_without_order_repeats_rows_and_misses_others(client):
    rows = [row["row_id"] for row in client.get_all("abcd-1234")]
    assert len(rows) == 2500
    assert len(set(rows)) < 2500


def test_get_all_with_an_order_reads_every_row_once(client):
    rows = [row["row_id"] for row in client.get_all("abcd-1234", order=":id")]
    assert rows == [row["row_id"] for row in ROWS]


def test_system_fields_come_on_demand(client):
    (row,) = client.get("abcd-1234", select=":*,row_id", limit=1)
    assert set(row) == {":id", ":created_at", ":updated_at", ":version", "row_id"}
    (row,) = client.get("lega-cy20", exclude_system_fields="false")
    assert ":updated_at" in row
    (row,) = client.get("lega-cy20")
    assert ":updated_at" not in row


def test_metadata_name_the_columns_and_the_key(client):
    metadata = client.get_metadata("abcd-1234")
    assert metadata["name"] == "Incidents"
    assert [column["fieldName"] for column in metadata["columns"]] == list(COLUMNS)
    assert [column["dataTypeName"] for column in metadata["columns"]] == [
        "text",
        "number",
        "calendar_date",
        "checkbox",
    ]
    assert metadata["rowIdentifierColumnId"] == metadata["columns"][0]["id"]


def test_what_is_missing_is_a_404(client):
    for read in (client.get, client.get_metadata):
        with pytest.raises(requests.HTTPError, match="404 Client Error") as raised:
            read("song-song")
        assert raised.value.response.json()["data"] == {"id": "song-song"}


def test_a_refused_query_carries_the_portals_message(client):
    with pytest.raises(requests.HTTPError, match="No such column: nope"):
        client.get("abcd-1234", where="nope = 1")


def test_a_wrong_token_is_refused(domain):
    with Socrata(domain, "bad") as client:
        client.uri_prefix = "http://"
        with pytest.raises(requests.HTTPError, match="Invalid app_token specified"):
            client.get("abcd-1234")
