"""A value of another kind in one row: the others load; what stops them is told."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from demo.portal.server import Fault, Portal, serve
from pipelines.errors import PortalError, SchemaDriftError, TooManyRejectsError
from tests.support import live_portal as live
from tests.support.live_portal import SHELBYVILLE, SPRINGFIELD

LAYER = SHELBYVILLE.url.removeprefix("https://maps.shelbyville.example")
QUERY, CSV, JSON = f"{LAYER}/query", "/resource/abcd-1234.csv", "*abcd-1234.json"
TYPES = {**live.SHELBYVILLE_TYPES, "Latitude": "double", "Seen": "string"}
ROWS = 300
MAPPED = msgspec.structs.replace(
    SHELBYVILLE, columns=[*SHELBYVILLE.columns, "Latitude", "Seen"]
)


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    rows = [row | {"Latitude": 35.125, "Seen": "x"} for row in live.layer_rows(ROWS)]
    portal.add_layer(LAYER, rows, TYPES)
    live.springfield(portal, live.soda_rows(ROWS))
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    yield portal
    portal.heal()


@pytest.fixture
def layer(served):
    return MAPPED.at_portal(served[1])


@pytest.fixture
def table(served):
    return SPRINGFIELD.at_portal(served[1])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "home"
    with live.opened(home, MAPPED, SPRINGFIELD):
        return home


def edited(portal: Portal, path: str, edit: Callable[[Any], Any], query: str = ""):
    """Let the portal change the JSON of its answers."""

    def change(body: bytes) -> bytes:
        return json.dumps(edit(json.loads(body))).encode()

    portal.fail(Fault("edit", path=path, edit=change, query=query, times=None))


def with_value(column: str, value: Any, every: bool = False) -> Callable[[Any], Any]:
    """Of the row with object id 8, or of all, one value is another."""

    def edit(answer: Any) -> Any:
        for feature in answer.get("features", []):
            row = feature["attributes"]
            if every or row.get("ObjectId") == 8:
                row[column] = value
        return answer

    return edit


def described(**types: str) -> Callable[[Any], Any]:
    """Fields are said to be of other types."""

    def edit(layer: Any) -> Any:
        for field in layer["fields"]:
            field["type"] = types.get(field["name"], field["type"])
        return layer

    return edit


def touch(portal: Portal) -> None:
    """Let the layer's date of change move on."""
    portal.datasets[LAYER].rows_updated_at += timedelta(minutes=1)


def rejects(home, table: str = "raw_shelbyville.incidents_rejects") -> list[tuple]:
    return live.select(home, f"select reason, window_value from {table}")


# A layer


@pytest.mark.parametrize("published", [float("nan"), "NaN", "-Infinity"])
def test_no_number_in_a_column_of_numbers_is_text(home, portal, layer, published):
    """Servers write it bare, which is no JSON, or as a text."""
    edited(portal, QUERY, with_value("Latitude", published))
    failure = live.daily(home, layer)

    held = {row[0]: row[3] for row in live.held(home, layer)}
    if isinstance(published, float):
        published = "NaN"
    assert failure is None
    assert len(held) == ROWS
    assert held["00007"] == published
    assert held["00008"] == "35.125"
    assert rejects(home) == []


ODD = {
    "a number for a text": ("Category", 7, "Category is not text"),
    "a boolean for a text": ("Category", True, "Category is not text"),
    "a list for a text": ("Category", ["Theft"], "Category is not text"),
    "an object for a text": ("Category", {"a": 1}, "Category is not text"),
    "a text for a number": ("Latitude", "north", "Latitude is not a number"),
    "a text for a date": ("Occurred", "2026-03-01", "Occurred is not a date"),
    "a date with a fraction": ("Occurred", 1772366400000.5, "Occurred is not a date"),
    "a date beyond all time": ("Occurred", 10**30, "Occurred is not a date"),
    "half a character": ("Category", "The\ud83dft", "not UTF-8"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_row_with_a_value_of_another_kind_is_set_aside(home, portal, layer, name):
    column, value, reason = ODD[name]
    edited(portal, QUERY, with_value(column, value))

    assert live.daily(home, layer) is None

    keys = [row[0] for row in live.held(home, layer)]
    assert keys == [f"{number:05d}" for number in range(ROWS) if number != 7]
    ((why, window_value),) = rejects(home)
    assert why == reason
    assert (window_value is None) == (column == "Occurred")
    portal.heal()
    touch(portal)
    assert live.daily(home, layer, date(2026, 3, 11)) is None
    assert len(live.held(home, layer)) == ROWS


def test_a_row_that_became_odd_is_neither_changed_nor_removed(home, portal, layer):
    assert live.daily(home, layer) is None
    before, log = live.held(home, layer), live.log_of(home, layer)
    edited(portal, QUERY, with_value("Category", 7))
    touch(portal)
    assert live.daily(home, layer, date(2026, 3, 11)) is None
    assert live.held(home, layer) == before
    assert live.log_of(home, layer) == log


def test_a_column_of_another_kind_in_every_row_stops_the_data_set(home, portal, layer):
    edited(portal, QUERY, with_value("Occurred", "2026-03-01T12:00:00", every=True))
    failure = live.daily(home, layer)
    assert isinstance(failure, TooManyRejectsError)
    assert "2026-03-01T12" not in str(failure)
    assert live.held(home, layer) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("esriFieldTypeDateOnly", "2026-10-02"),
        ("esriFieldTypeTimeOnly", "06:00:00"),
        ("esriFieldTypeTimestampOffset", "2026-10-02T06:00:00.000+00:00"),
        ("esriFieldTypeGUID", "{8D1B3C0F-0000-0000-0000-000000000000}"),
        ("esriFieldTypeBigInteger", 9007199254740993),
    ],
)
def test_a_newer_kind_of_column_is_text(home, portal, layer, kind, value):
    edited(portal, LAYER, described(Seen=kind))
    edited(portal, QUERY, with_value("Seen", value, every=True))
    assert live.daily(home, layer) is None
    assert {row[4] for row in live.held(home, layer)} == {str(value)}


@pytest.mark.parametrize("kind", ["DateOnly", "TimeOnly", "TimestampOffset", "String"])
def test_rows_that_cannot_be_asked_for_by_their_date_stop_it(home, portal, layer, kind):
    edited(portal, LAYER, described(Occurred=f"esriFieldType{kind}"))
    failure = live.daily(home, layer)
    assert isinstance(failure, SchemaDriftError)
    assert f"publishes Occurred as 'esriFieldType{kind}'" in str(failure)
    assert live.held(home, layer) == []


def test_the_object_id_is_the_field_of_that_type_where_it_is_not_named(
    home, portal, layer
):
    edited(portal, LAYER, lambda answer: answer | {"objectIdField": None})
    assert live.daily(home, layer) is None
    assert len(live.held(home, layer)) == ROWS


def test_a_layer_without_an_object_id_is_refused(home, portal, layer):
    def edit(answer):
        return described(ObjectId="esriFieldTypeInteger")(answer) | {
            "objectIdField": ""
        }

    edited(portal, LAYER, edit)
    failure = live.daily(home, layer)
    assert "names no usable object id" in str(failure)
    assert "esriFieldTypeOID" in str(failure)


# A table of SODA's


def test_a_row_whose_date_is_none_is_set_aside(home, portal, table):
    def edit(body):
        return body.replace(b"2026-03-01T12:07:00.000", b"soon")

    portal.fail(Fault("edit", path=CSV, edit=edit, times=None))
    assert live.daily(home, table) is None
    keys = [row[0] for row in live.held(home, table)]
    assert keys == [f"{number:05d}" for number in range(ROWS) if number != 7]
    assert rejects(home, "raw_springfield.incidents_rejects") == [
        ("reported is not a date", "soon")
    ]


@pytest.mark.parametrize("kind", ["fixed_timestamp", "number", "checkbox"])
def test_a_date_of_another_type_stops_the_table(home, portal, table, kind):
    def edit(view):
        for column in view["columns"]:
            if column["fieldName"] == "reported":
                column["dataTypeName"] = kind
        return view

    edited(portal, "/api/views/*", edit)
    failure = live.daily(home, table)
    assert isinstance(failure, SchemaDriftError)
    assert f"publishes reported as '{kind}', not as 'calendar_date'" in str(failure)


# An error inside a good answer


def error(code: Any, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": []}}


@pytest.mark.parametrize("code", [498, 499])
@pytest.mark.parametrize(
    ("path", "query"), [(LAYER, ""), (QUERY, "returnCount"), (QUERY, "orderBy")]
)
def test_a_layer_that_wants_a_token_says_so_and_is_asked_once(
    home, portal, layer, code, path, query
):
    told = error(code, "Token Required")
    edited(portal, path, lambda answer: told, query)
    portal.requests.clear()
    failure = live.daily(home, layer)
    assert isinstance(failure, PortalError)
    assert f"requires a token (error {code}, 'Token Required')" in str(failure)
    refused = [r for r in portal.requests if r.path == path and query in str(r.query)]
    assert len(refused) == 1
    assert live.held(home, layer) == []


def test_an_overloaded_layer_is_asked_again(home, portal, layer):
    body = json.dumps(error(503, "Service busy")).encode()
    portal.fail(Fault("edit", path=QUERY, edit=lambda _: body, times=2))
    assert live.daily(home, layer) is None
    assert len(live.held(home, layer)) == ROWS


@pytest.mark.parametrize("path", [CSV, JSON, "/api/views/*"])
def test_words_of_a_table_inside_a_good_answer_are_told(home, portal, table, path):
    edit = Fault("edit", path=path, times=None)
    edit.edit = lambda _: b'{"message":"Query too complex","error":true}\n'
    portal.fail(edit)
    failure = live.daily(home, table)
    assert "'Query too complex'" in str(failure)
    assert live.held(home, table) == []
