"""Areas published as GeoJSON: a row a feature, refused where they may not be whole."""

import csv
import json
import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from demo.portal.server import Fault, Portal
from pipelines.datasets.dataset import AreasDataset, Dataset
from pipelines.datasets.declarations import FOLDER, read_dataset, read_datasets
from pipelines.errors import ConfigError, Retryable, SchemaDriftError
from pipelines.portals.formats.geojson import read_features
from tests.support import live_portal as live
from tests.support.expected import real_rows

AREAS = AreasDataset(
    name="springfield__areas",
    title="Areas",
    url="https://maps.springfield.example/arcgis/rest/services/A/FeatureServer/1/query",
    query={"where": "1=1", "f": "geojson"},
    zone="America/Chicago",
    key=["NAME"],
    key_is_unique=False,
    columns=["NAME", "size", "geometry"],
    left_out=["OBJECTID"],
)
PATH = "/arcgis/rest/services/A/FeatureServer/1/query"
SQUARE = "[[[-90.10,35.0],[-90.1,35.2],[-89.9,35.2],[-90.10,35.0]]]"
POLYGON = f'{{"type":"Polygon","coordinates":{SQUARE}}}'
MULTIPOLYGON = f'{{"type":"MultiPolygon","coordinates":[{SQUARE},{SQUARE}]}}'


def feature(name: str | None, geometry: str = POLYGON, size: str = "1") -> str:
    properties = f'{{"OBJECTID":7,"NAME":{json.dumps(name)},"size":{size}}}'
    return (
        f'{{"type":"Feature","properties":{properties},"geometry":{geometry},"id":7}}'
    )


def collection(*features: str, more: str = "") -> bytes:
    listed = ",".join(features)
    return f'{{"type":"FeatureCollection",{more}"features":[{listed}]}}'.encode()


def rows_of(body: bytes, dataset: Dataset = AREAS) -> list[dict]:
    return read_features(dataset, "query", body).rows.to_pylist()


# -- One file ------------------------------------------------------------------------


def test_a_feature_is_a_row_of_its_properties_and_its_shape():
    sheet = read_features(
        AREAS, "query", collection(feature("Elm"), feature("Fir", MULTIPOLYGON))
    )
    assert sheet.header == ["OBJECTID", "NAME", "size", "geometry"]
    assert sheet.rows.select(["name", "size", "geometry"]).to_pylist() == [
        {"name": "Elm", "size": "1", "geometry": POLYGON},
        {"name": "Fir", "size": "1", "geometry": MULTIPOLYGON},
    ]


def test_a_shape_keeps_its_numbers_and_loses_blanks_and_all_else():
    written = (
        '{ "coordinates" : [ [ [ -90.100, 3.5e1 ],\n [-90.1,35.2, 7],[ -89.9,35.2],'
        ' [-90.100,3.5e1] ] ], "bbox": [1, 2], "type": "Polygon" }'
    )
    (row,) = rows_of(collection(feature("Elm", written)))
    assert row["geometry"] == (
        '{"type":"Polygon","coordinates":'
        "[[[-90.100,3.5e1],[-90.1,35.2,7],[-89.9,35.2],[-90.100,3.5e1]]]}"
    )


@pytest.mark.parametrize(
    ("published", "text"),
    [
        ("null", None),
        ('""', ""),
        ('"007"', "007"),
        ("7", "7"),
        ("-0.50", "-0.50"),
        ("1.25e7", "12500000"),
        ("2.5E-4", "0.00025"),
        ("1e999", "1E+999"),
        ("123456789012345678901", "123456789012345678901"),
        ("true", "true"),
        ('{"url":"x"}', '{"url":"x"}'),
    ],
)
def test_a_property_is_text_and_a_number_in_plain_notation(published, text):
    (row,) = rows_of(collection(feature("Elm", size=published)))
    assert row["size"] == text


def test_a_property_that_a_feature_lacks_is_null():
    lacking = feature("Fir").replace(',"size":1', "")
    rows = rows_of(collection(lacking, feature("Elm")))
    assert [row["size"] for row in rows] == [None, "1"]


def test_properties_are_found_in_any_capitals_and_a_portals_own_are_no_columns():
    body = collection(feature("Elm")).replace(b'"NAME"', b'":id":"x","name"')
    sheet = read_features(AREAS, "query", body)
    assert sheet.header == ["OBJECTID", "NAME", "size", "geometry"]


@pytest.mark.parametrize(
    "geometry",
    [
        "null",
        '{"type":"Point","coordinates":[-90,35]}',
        '{"type":"LineString","coordinates":[[-90,35],[-90,36]]}',
        '{"type":"GeometryCollection","geometries":[]}',
        '{"type":"Polygon","coordinates":[]}',
        '{"type":"Polygon","coordinates":[[[-90,35],[-90,36],[-90,35]]]}',
        '{"type":"Polygon","coordinates":[[[-90,35],[-90,36],[-89,null],[-90,35]]]}',
        f'{{"type":"MultiPolygon","coordinates":{SQUARE}}}',
        # Feet, not degrees.
        '{"type":"Polygon","coordinates":[[[7e5,3e5],[7e5,4e5],[8e5,3e5],[7e5,3e5]]]}',
        '{"type":"Polygon","coordinates":[[[35,-95],[36,-95],[35,-96],[35,-95]]]}',
    ],
)
def test_a_feature_that_is_no_area_in_degrees_is_set_aside(geometry):
    rows = rows_of(collection(feature("Elm"), feature("Fir", geometry)))
    assert [row[":reject"] for row in rows] == [None, "no area in degrees"]
    assert rows[1]["geometry"] is None


def test_a_feature_with_bytes_that_are_no_text_is_set_aside():
    body = collection(feature("Elm"), feature("Fir").replace("Fir", "F\\u0000r"))
    rows = rows_of(body.replace(b"Elm", b"\xc9lm"))
    assert [row[":reject"] for row in rows] == ["not UTF-8", "NUL character"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (collection(feature("Elm"))[:-1], "cut short or broken"),
        (collection(feature("Elm"))[:99], "cut short or broken"),
        (b"", "cut short or broken"),
        (b"<html>", "cut short or broken"),
        (b'{"error":' + b"[" * 100_000, "cut short or broken"),
        (b"[]", "not a FeatureCollection"),
        (b"{}", "not a FeatureCollection"),
        (feature("Elm").encode(), "not a FeatureCollection"),
        (b'{"type":"FeatureCollection","features":{}}', "not a FeatureCollection"),
        (b'{"type":"FeatureCollection","features":[7]}', "not a FeatureCollection"),
        (collection(), "has no areas"),
        (
            collection(feature("Elm"), more='"exceededTransferLimit":true,'),
            "sent only some areas",
        ),
        (
            collection(
                feature("Elm"), more='"properties":{"exceededTransferLimit":true},'
            ),
            "sent only some areas",
        ),
    ],
)
def test_a_file_that_may_not_be_whole_is_refused(body, said):
    with pytest.raises(Retryable, match=said):
        rows_of(body)


def test_a_file_cut_anywhere_is_refused():
    body = collection(feature("Elm"), feature("Fir", MULTIPOLYGON))
    for length in range(len(body)):
        with pytest.raises(Retryable):
            rows_of(body[:length])


# -- By HTTP, day by day ---------------------------------------------------------------


@pytest.fixture
def areas(served):
    return AREAS.at_portal(served[1])


def publish(portal: Portal, *features: str) -> None:
    kind = "application/geo+json; charset=utf-8"
    portal.add_file(PATH, collection(*features), content_type=kind)


def test_the_declared_query_is_sent_and_an_unchanged_file_is_not_read_again(
    tmp_path, portal, areas
):
    publish(portal, feature("Elm"))
    live.daily(tmp_path, areas, date(2026, 3, 9), whole=True)
    assert live.daily(tmp_path, areas, date(2026, 3, 10), whole=True) is None
    asked = [(request.query, request.status) for request in portal.requests]
    query = {"where": "1=1", "f": "geojson"}
    assert asked == [(query, 200), (query, 304), (query, 304)]
    assert live.ledger(tmp_path)[-1] == ("unchanged", None)
    other = msgspec.structs.replace(areas, query={"f": "geojson"})
    assert live.daily(tmp_path, other, date(2026, 3, 11), whole=True) is None
    assert live.ledger(tmp_path)[-1] == ("loaded", None)


def test_a_redrawn_area_and_one_of_two_features_enter_the_change_log(
    tmp_path, portal, areas
):
    others = [feature(f"Oak {n}") for n in range(20)]
    publish(
        portal, *others, feature("Elm"), feature("Fir"), feature("Fir", MULTIPOLYGON)
    )
    assert live.daily(tmp_path, areas, date(2026, 3, 9)) is None
    publish(portal, *others, feature("Elm", MULTIPOLYGON), feature("Fir"))
    assert live.daily(tmp_path, areas, date(2026, 3, 10)) is None
    assert live.held(tmp_path, areas)[:2] == [
        ("Elm", "1", MULTIPOLYGON),
        ("Fir", "1", POLYGON),
    ]
    log = live.log_of(tmp_path, areas)
    assert ("Elm", "changed", "geometry") in log
    assert ("Fir-2", "added", None) in log
    assert ("Fir-2", "removed", None) in log


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":{"code":503,"message":"busy"}}', "error 503 .*'busy'"),
        (b'{"error":{"code":400,"message":"Invalid URL"}}', "refused: 'Invalid URL'"),
        (b'{"error":{"code":499,"message":"Token Required"}}', "requires a token"),
        (b'{"message":"Query too complex"}', "'Query too complex'"),
        (b"<!DOCTYPE html><html>", "an HTML page came"),
        (collection(), "no areas"),
        (collection(feature("Elm"))[:-20], "cut short or broken"),
    ],
)
def test_a_failing_publisher_leaves_the_last_good_areas_standing(
    tmp_path, portal, areas, body, said
):
    publish(portal, feature("Elm"), feature("Fir"))
    assert live.daily(tmp_path, areas, date(2026, 3, 9)) is None
    portal.add_file(PATH, body)
    failure = live.daily(tmp_path, areas, date(2026, 3, 10))
    assert str(failure).startswith("springfield__areas: 127.0.0.1")
    assert re.search(said, str(failure))
    assert [name for name, _, _ in live.held(tmp_path, areas)] == ["Elm", "Fir"]


SWAPPED = (
    '{"type":"Polygon","coordinates":'
    "[[[35.0,-89.9],[35.2,-89.9],[35.2,-89.7],[35.0,-89.9]]]}"
)
ELSEWHERE = POLYGON.replace("-90.1", "-9.1").replace("-89.9", "-8.9")
BOX = (-90.35, 34.95, -89.6, 35.35)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (SWAPPED, "sent 3 of 3 areas that lie outside of the city's `box`"),
        (ELSEWHERE, "sent 3 of 3 areas that lie outside of the city's `box`"),
        ("null", "sent 3 of 3 areas that have no shape, or none in degrees"),
    ],
)
def test_areas_that_are_not_the_citys_leave_the_last_good_ones_standing(
    tmp_path, portal, areas, geometry, said
):
    """As [latitude, longitude], elsewhere, or without shapes; asked for once."""
    boxed = msgspec.structs.replace(areas, box=BOX)
    names = ["Elm", "Fir", "Oak"]
    publish(portal, *map(feature, names))
    assert live.daily(tmp_path, boxed, date(2026, 3, 9)) is None
    before = live.held(tmp_path, boxed)
    publish(portal, *(feature(name, geometry) for name in names))
    portal.requests.clear()

    failure = live.daily(tmp_path, boxed, date(2026, 3, 10))

    assert said in str(failure)
    assert "the last good areas stay" in str(failure)
    assert live.held(tmp_path, boxed) == before
    assert len(portal.requests) == 1


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (SWAPPED, "outside of the city's box"),
        (ELSEWHERE, "outside of the city's box"),
        ("null", "no area in degrees"),
    ],
)
def test_one_area_of_many_that_is_not_the_citys_is_set_aside(geometry, reason):
    boxed = msgspec.structs.replace(AREAS, box=BOX)
    rows = rows_of(collection(feature("Elm"), feature("Fir", geometry)), boxed)
    assert [row[":reject"] for row in rows] == [None, reason]


def test_the_boxes_are_those_of_the_cities():
    with (FOLDER.parent.parent / "seeds" / "cities.csv").open() as file:
        cities = {row["city"]: row for row in csv.DictReader(file)}
    boxed = [d for d in read_datasets().values() if isinstance(d, AreasDataset)]
    assert len(boxed) == 4
    for dataset in boxed:
        row = cities[dataset.source]
        sides = tuple(float(row[s]) for s in ("west", "south", "east", "north"))
        assert dataset.box == sides


def test_a_transfer_that_is_cut_fails_its_data_set(tmp_path, portal, areas):
    publish(portal, *(feature(f"Elm {n}") for n in range(9)))
    portal.fail(Fault("cut", size=400, times=None))
    assert "gave up after 3 tries" in str(live.daily(tmp_path, areas))
    assert live.held(tmp_path, areas) == []


def test_a_shape_that_became_a_point_removes_no_area(tmp_path, portal, areas):
    publish(portal, feature("Elm"), feature("Fir"))
    live.daily(tmp_path, areas, date(2026, 3, 9))
    publish(portal, feature("Elm"), feature("Fir", '{"type":"Point"}'))
    assert live.daily(tmp_path, areas, date(2026, 3, 10)) is None
    assert [name for name, _, _ in live.held(tmp_path, areas)] == ["Elm", "Fir"]
    reasons = "select reason from raw_springfield.areas_rejects"
    assert live.select(tmp_path, reasons) == [("no area in degrees",)]


def test_a_property_that_is_gone_stops_the_data_set_and_a_new_one_is_reported(
    tmp_path, portal, areas
):
    publish(portal, feature("Elm").replace('"size"', '"acres"'))
    failure = live.daily(tmp_path, areas)
    assert isinstance(failure, SchemaDriftError)
    assert "no longer publishes size" in str(failure)
    publish(portal, feature("Elm").replace('"size"', '"acres":2,"size"'))
    assert live.daily(tmp_path, areas, date(2026, 3, 11)) is None
    warnings = live.ledger(tmp_path, "warnings")[-1][0]
    assert "new columns that are not loaded: acres. Add" in warnings


# -- Declarations ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('key = ["geometry"]', "and `key` must not"),
        ('columns = ["NAME"]', "must include 'geometry'"),
        ('files = ["a.geojson"]', '`files` goes with `api = "file"`'),
        ('url = "https://a.example/b/../c"', "leads out of its folder"),
        ('url = "https://a.example/c?f=geojson"', "a user, password, query"),
        ('query = {f = 7}', r"\$.query"),
        ('box = [-90, 35, -91, 36]', "`box` must be .west, south, east, north"),
        ('box = [-90, 35, -89, 91]', "`box` must be .west, south, east, north"),
        ('box = [-90, 35, -89]', r"\$.box"),
    ],
)  # fmt: skip
def test_a_bad_declaration_of_areas_is_refused(tmp_path, change, said):
    good = {
        "title": 'title = "Areas"',
        "url": 'url = "https://a.example/b.geojson"',
        "api": 'api = "geojson"',
        "zone": 'zone = "America/Chicago"',
        "key": 'key = ["NAME"]',
        "columns": 'columns = ["NAME", "geometry"]',
    }
    path = tmp_path / "springfield__areas.toml"
    path.write_text("\n".join(good.values()))
    assert isinstance(read_dataset(path), AreasDataset)
    path.write_text("\n".join((good | {change.split(" ")[0]: change}).values()))
    with pytest.raises(ConfigError, match=said):
        read_dataset(path)


def test_a_query_goes_with_whole_files_only(tmp_path):
    path = tmp_path / "springfield__incidents.toml"
    text = (FOLDER / "cambridge__incidents.toml").read_text()
    path.write_text(f'query = {{a = "b"}}\n{text}')
    with pytest.raises(ConfigError, match="`query` goes with"):
        read_dataset(path)


# -- Real areas ------------------------------------------------------------------------

REAL = {
    "boundaries/sf_analysis_neighborhoods.geojson": ("key", 41),
    "boundaries/chicago_community_areas.geojson": ("key", 77),
    "boundaries/memphis_precincts.geojson": ("key", 9),
    "cambridge/neighborhoods.geojson": ("NAME", 13),
}


@pytest.mark.parametrize("name", REAL)
def test_real_areas_are_held_as_they_were_published(tmp_path, portal, areas, name):
    real_rows.need_data()
    key, count = REAL[name]
    body = Path(real_rows.DATA / name).read_bytes()
    portal.add_file(PATH, body, content_type="text/plain; charset=utf-8")
    dataset = msgspec.structs.replace(areas, key=[key], columns=[key, "geometry"])
    assert live.daily(tmp_path, dataset) is None
    held = {name: json.loads(shape) for name, shape in live.held(tmp_path, dataset)}
    features = json.loads(body)["features"]
    assert held == {f["properties"][key]: f["geometry"] for f in features}
    assert len(held) == count
    assert live.ledger(tmp_path, "rejected") == [(0,)]
