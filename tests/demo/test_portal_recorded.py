"""The local portal against recorded exchanges with a real Socrata server (2025).

The recordings lie outside the repository, in `../shared/data/soda_http`.
"""

import csv
import io
import json
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from demo.portal.server import Portal, serve
from tests.support import needs

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "soda_http"
ID = "uczf-rk3c"
MOMENT = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
MOMENTS = [
    "Last-Modified",
    "X-SODA2-Truth-Last-Modified",
    "X-SODA2-Secondary-Last-Modified",
]
FORMS = {
    **dict.fromkeys(["Date", *MOMENTS], MOMENT),
    "ETag": r'"[\w=-]+---gzip[\w-]+--gzip--gzip"',
    "X-Socrata-RequestId": r"[0-9a-f]{32}",
    "X-Socrata-Region": r"[\w-]+",
    "Age": r"\d+",
}


@pytest.fixture(scope="module", autouse=True)
def _needs_recordings():
    if not RECORDINGS.is_dir():
        needs.REAL_ROWS.skip()


def recorded(name):
    """Return the first exchange of a recording: path, request and response."""
    cassette = yaml.load(
        (RECORDINGS / f"sodapy_{name}.yaml").read_text(), yaml.CSafeLoader
    )
    exchange = cassette["interactions"][0]
    return urlsplit(exchange["request"]["uri"]).path, exchange


def single(headers):
    return {name: value for name, (value,) in headers.items()}


@pytest.fixture(scope="module")
def exchanges(_needs_recordings):
    names = ["test_get", "test_get_csv", "test_get_missing"]
    names += [f"test_get_metadata_and_attachments{more}" for more in ("", "_missing")]
    return {name: recorded(name) for name in names}


@pytest.fixture(scope="module")
def served(exchanges):
    """Serve the recorded rows as of the moment at which they were recorded."""
    _, rows = exchanges["test_get"]
    _, metadata = exchanges["test_get_metadata_and_attachments"]
    moment = single(rows["response"]["headers"])["Last-Modified"]
    portal = Portal(clock=lambda: parsedate_to_datetime(moment).astimezone(UTC))
    columns = {
        column["fieldName"]: column["dataTypeName"]
        for column in json.loads(metadata["response"]["body"]["string"])["columns"]
    }
    body = json.loads(rows["response"]["body"]["string"])
    portal.add_soda(ID, body, columns, "countid", title="Bicycle Counts")
    with serve(portal) as url:
        yield url


def send(served, path, exchange, **parameters):
    headers = single(exchange["request"]["headers"])
    return requests.get(served + path, params=parameters, headers=headers)


@pytest.mark.parametrize("name", ["test_get", "test_get_csv"])
def test_rows_in_order_are_the_recorded_bytes(served, exchanges, name):
    path, exchange = exchanges[name]
    answer = send(served, path, exchange, **{"$order": ":id"})
    assert answer.text == exchange["response"]["body"]["string"]


def test_the_recorded_request_for_json_brings_the_recorded_rows(served, exchanges):
    path, exchange = exchanges["test_get"]
    answer = send(served, path, exchange)
    expected = json.loads(exchange["response"]["body"]["string"])
    assert len(expected) == 1000
    rows = answer.json()
    assert rows != expected
    assert sorted(rows, key=str) == sorted(expected, key=str)


def test_the_recorded_request_for_csv_brings_the_recorded_rows(served, exchanges):
    path, exchange = exchanges["test_get_csv"]
    header, *rows = csv.reader(io.StringIO(send(served, path, exchange).text))
    recording = io.StringIO(exchange["response"]["body"]["string"])
    expected_header, *expected = csv.reader(recording)
    assert header == expected_header
    assert sorted(rows) == sorted(expected)


@pytest.mark.parametrize(
    "name",
    [
        "test_get",
        "test_get_csv",
        "test_get_missing",
        "test_get_metadata_and_attachments",
        "test_get_metadata_and_attachments_missing",
    ],
)
def test_status_and_headers_are_those_of_the_recording(served, exchanges, name):
    path, exchange = exchanges[name]
    answer = send(served, path, exchange)
    assert answer.status_code == exchange["response"]["status"]["code"]
    expected = single(exchange["response"]["headers"])
    del expected["Connection"]
    assert {name.lower() for name in answer.headers} == {
        name.lower() for name in expected
    }
    for name, value in expected.items():
        if name in FORMS:
            assert re.fullmatch(FORMS[name], value), name
            assert re.fullmatch(FORMS[name], answer.headers[name]), name
        else:
            assert answer.headers[name] == value, name


def test_one_time_tells_the_version_in_all_headers_and_in_the_metadata(
    served, exchanges
):
    path, exchange = exchanges["test_get"]
    answer = send(served, path, exchange)
    expected = single(exchange["response"]["headers"])
    for name in MOMENTS:
        assert answer.headers[name] == expected[name] == "Sun, 27 Apr 2025 15:12:09 GMT"
    told = requests.get(f"{served}/api/views/{ID}.json").json()
    # The recorded metadata say the same: 1745766729.
    assert told["rowsUpdatedAt"] == 1_745_766_729


@pytest.mark.parametrize(
    "name", ["test_get_missing", "test_get_metadata_and_attachments_missing"]
)
def test_what_is_missing_has_the_recorded_body(served, exchanges, name):
    path, exchange = exchanges[name]
    answer = send(served, path, exchange)
    assert answer.text == exchange["response"]["body"]["string"]


def test_the_metadata_have_the_recorded_form(served, exchanges):
    path, exchange = exchanges["test_get_metadata_and_attachments"]
    told = send(served, path, exchange).json()
    expected = json.loads(exchange["response"]["body"]["string"])
    assert {key: type(value) for key, value in told.items()} == {
        key: type(expected[key]) for key in told
    }
    for key in ("id", "name", "assetType", "newBackend", "publicationStage"):
        assert told[key] == expected[key]
    for ours, theirs in zip(told["columns"], expected["columns"], strict=True):
        for key in ("fieldName", "dataTypeName", "renderTypeName", "position"):
            assert ours[key] == theirs[key]
        assert ours.keys() <= theirs.keys()
    for metadata in (told, expected):
        key_id = metadata["rowIdentifierColumnId"]
        (key,) = [c["fieldName"] for c in metadata["columns"] if c["id"] == key_id]
        assert key == "countid"
        assert metadata["metadata"]["rowIdentifier"] == key_id
