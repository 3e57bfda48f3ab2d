"""A layer's points are columns of its rows, if they are declared."""

import duckdb
import msgspec
import pytest

from demo.portal.faults import Fault
from demo.portal.server import Portal
from pipelines.errors import SchemaDriftError
from tests.support import live_portal as live
from tests.support.live_portal import SHELBYVILLE, SHELBYVILLE_TYPES

PATH = SHELBYVILLE.url.removeprefix("https://maps.shelbyville.example")
POINTS = SHELBYVILLE_TYPES | {"lon": "x", "lat": "y"}


@pytest.fixture
def layer(url):
    columns = [*SHELBYVILLE.columns, "geometry_x", "geometry_y"]
    return msgspec.structs.replace(SHELBYVILLE, columns=columns).at_portal(url)


def publish(portal: Portal, columns: dict[str, str]):
    places = [("-104.97554999999999", "39.7392361"), (None, None), ("0", "0")]
    rows = [
        {**row, **({"lon": lon, "lat": lat} if "lon" in columns else {})}
        for row, (lon, lat) in zip(live.layer_rows(3), places, strict=True)
    ]
    return portal.add_layer(PATH, rows, columns)


def places(home) -> list[tuple]:
    return live.select(
        home,
        "select crime_id, geometry_x, geometry_y from raw_shelbyville.incidents "
        "order by 1",
    )


def test_points_are_read_in_degrees(portal, layer, tmp_path):
    publish(portal, POINTS)
    home = tmp_path / "home"
    assert live.daily(home, layer) is None
    held = [
        # Rounded to seven decimals, about a centimeter.
        ("00000", "-104.97555", "39.7392361"),
        ("00001", None, None),
        ("00002", "0.0", "0.0"),
    ]
    assert places(home) == held
    published = portal.datasets[PATH]
    published.upsert([{"ObjectId": "2", "lon": "-104.5", "lat": "39.5"}])
    assert live.daily(home, layer) is None
    held[1] = ("00001", "-104.5", "39.5")
    assert places(home) == held
    assert ("changed", "geometry_x,geometry_y") in {
        (change, fields) for _, change, fields in live.log_of(home, layer)
    }


def test_a_point_that_is_no_place_is_none(portal, layer, tmp_path):
    """For a row without a place, some servers send a point of words, some none."""
    publish(portal, POINTS)

    def without(body: bytes) -> bytes:
        answer = msgspec.json.decode(body)
        features = answer.get("features")
        if features and "geometry" in features[0]:
            features[0]["geometry"] = {"x": "NaN", "y": "NaN"}
            del features[1]["geometry"]
        return msgspec.json.encode(answer)

    portal.fail(Fault("edit", path=f"{PATH}/query", edit=without, times=None))
    assert live.daily(tmp_path / "home", layer) is None
    assert places(tmp_path / "home") == [
        ("00000", "NaN", "NaN"),
        ("00001", None, None),
        ("00002", "0.0", "0.0"),
    ]


def test_an_odd_row_keeps_its_place(portal, layer, tmp_path):
    """Then the page is decoded value by value."""
    publish(portal, POINTS)

    def odd(body: bytes) -> bytes:
        answer = msgspec.json.decode(body)
        for feature in answer.get("features", []):
            if feature["attributes"].get("Crime_ID") == "00002":
                feature["geometry"]["x"] = "west"
        return msgspec.json.encode(answer)

    portal.fail(Fault("edit", path=f"{PATH}/query", edit=odd, times=None))
    assert live.daily(tmp_path / "home", layer) is None
    assert places(tmp_path / "home") == [
        ("00000", "-104.97555", "39.7392361"),
        ("00001", None, None),
    ]
    rejected = "select reason from raw_shelbyville.incidents_rejects"
    assert live.select(tmp_path / "home", rejected) == [("geometry_x is not a number",)]


def test_points_of_a_table_are_refused(portal, layer, tmp_path):
    publish(portal, SHELBYVILLE_TYPES)
    failure = live.daily(tmp_path / "home", layer)
    assert isinstance(failure, SchemaDriftError)
    assert "no longer publishes geometry_x, geometry_y" in str(failure)


def test_points_that_are_not_declared_are_not_asked_for(portal, url, tmp_path):
    publish(portal, POINTS)
    home = tmp_path / "home"
    assert live.daily(home, SHELBYVILLE.at_portal(url)) is None
    asked = [r.query for r in portal.requests if "returnGeometry" in r.query]
    assert asked
    assert {query["returnGeometry"] for query in asked} == {"false"}
    held = "select * from raw_shelbyville.incidents limit 0"
    with duckdb.connect(str(home / "blotter.duckdb")) as connection:
        columns = [name for name, *_ in connection.execute(held).description]
    assert "crime_id" in columns
    assert "geometry_x" not in columns
