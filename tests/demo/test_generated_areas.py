"""Made-up areas tile their cities and have the names of the rows, but no real line."""

import json
from datetime import date
from itertools import pairwise

import pytest

from demo.generator import MAKERS, generate
from demo.rows.places.tiling import edge, tiles
from pipelines.datasets.declarations import read_datasets
from tests.support.expected import real_rows

START, END = date(2024, 1, 1), date(2025, 12, 31)
REAL = {
    "san_francisco__neighborhood_boundaries": "boundaries/sf_analysis_neighborhoods",
    "chicago__neighborhood_boundaries": "boundaries/chicago_community_areas",
    "memphis__district_boundaries": "boundaries/memphis_precincts",
    "cambridge__neighborhood_boundaries": "cambridge/neighborhoods",
}


def areas(name: str) -> list[dict]:
    """The features of a made-up file."""
    made = generate(name, 1_000, START, END, seed=1)
    return json.loads(MAKERS[name].write(made))["features"]


def rings(feature: dict) -> list[list[list[float]]]:
    geometry = feature["geometry"]
    is_multiple = geometry["type"] == "MultiPolygon"
    polygons = geometry["coordinates"] if is_multiple else [geometry["coordinates"]]
    return [ring for polygon in polygons for ring in polygon]


def square_degrees(ring) -> float:
    """Positive where a ring runs counterclockwise (the shoelace formula)."""
    return sum(x * y2 - x2 * y for (x, y), (x2, y2) in pairwise(ring)) / 2


def named(dataset: str, column: str) -> set[str]:
    """What 20,000 made-up rows of incidents have in a column."""
    made = generate(dataset, 20_000, START, END, seed=1)[column]
    return {text for text in made.to_pylist() if text}


@pytest.mark.parametrize("name", REAL)
def test_areas_lie_in_the_box_of_their_city(name):
    west, south, east, north = read_datasets()[name].box
    for feature in areas(name):
        for longitude, latitude in (p for ring in rings(feature) for p in ring):
            assert west < longitude < east
            assert south < latitude < north


@pytest.mark.parametrize("name", REAL)
def test_areas_tile_the_city_without_gap_or_overlap(name):
    points = [area.point for area in MAKERS[name].areas()]
    outline = edge(points)
    found = [ring for feature in areas(name) for ring in rings(feature)]
    assert len(found) == len(points)
    for ring in found:
        assert ring[0] == ring[-1]
        assert len(ring) >= 4
        assert square_degrees(ring) > 0
    total, whole = (
        sum(map(square_degrees, found)),
        square_degrees([*outline, outline[0]]),
    )
    assert total == pytest.approx(whole, rel=0.001)
    corners = {tuple(corner) for ring in found for corner in ring}
    assert len(corners) < sum(len(ring) - 1 for ring in found) * 0.7


def test_of_two_points_each_gets_the_nearer_half():
    west, east = tiles([(0.0, 0.0), (1.0, 1.0)])
    assert all(x + y <= 1.0001 for x, y in west)
    assert all(x + y >= 0.9999 for x, y in east)


def test_areas_have_the_names_that_made_up_rows_have():
    neighborhoods = areas("san_francisco__neighborhood_boundaries")
    assert {feature["properties"]["nhood"] for feature in neighborhoods} == named(
        "san_francisco__incidents", "analysis_neighborhood"
    )
    numbers = areas("chicago__neighborhood_boundaries")
    assert {feature["properties"]["area_numbe"] for feature in numbers} == named(
        "chicago__incidents", "community_area"
    )
    assert numbers[75]["properties"]["community"] == "OHARE"


def test_precincts_are_not_spelled_as_in_the_rows():
    names = [
        feature["properties"]["precinct"]
        for feature in areas("memphis__district_boundaries")
    ]
    assert names[:2] == ["Austin Peay", "Appling Farms"]
    assert "Mt. Moriah" in names
    assert not set(names) & named("memphis__incidents", "Precinct")


def test_a_layer_has_numbers_and_a_portal_text():
    layer = areas("memphis__district_boundaries")[0]["properties"]
    assert (layer["OBJECTID"], layer["Shape__Area"]) == (1, 100000000.5)
    portal = areas("chicago__neighborhood_boundaries")[0]["properties"]
    assert (portal["area_numbe"], portal["shape_len"]) == ("1", "1000.5")


@pytest.mark.parametrize("name", REAL)
def test_no_side_of_an_area_is_a_real_one(name):
    real_rows.need_data()
    file = real_rows.DATA / f"{REAL[name]}.geojson"
    real, made = json.loads(file.read_text())["features"], areas(name)
    assert len(real) == len(made)
    sides = [
        {
            frozenset(tuple(round(degree, 4) for degree in place[:2]) for place in side)
            for feature in features
            for ring in rings(feature)
            for side in pairwise(ring)
        }
        for features in (real, made)
    ]
    assert not sides[0] & sides[1]
