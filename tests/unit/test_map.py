"""The map of a city: an odd boundary costs its own area, not the publication."""

import json

import duckdb
import pytest

from pipelines.site.map_areas import areas_of


def square(west: float) -> str:
    corners = [[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]
    return json.dumps({"type": "Polygon", "coordinates": [corners]})


ODD = [
    None,
    "{",
    '{"type":"Polygon","coordinates":[]}',
    '{"type":"Point","coordinates":[1,2]}',
    '{"type":"Polygon","coordinates":[[[null,1],[2,3],[3,4],[null,1]]]}',
]


@pytest.fixture
def db():
    with duckdb.connect() as db:
        db.execute(
            "create table dim_areas "
            "(city text, area_kind text, area_name text, geometry text)"
        )
        for name, west in (("A", 0), ("B", 1)):
            add(db, "neighborhood", name, square(west))
        yield db


def add(db, kind, name, geometry):
    db.execute("insert into dim_areas values ('c', $1, $2, $3)", [kind, name, geometry])


@pytest.mark.parametrize("geometry", ODD)
def test_a_shape_that_is_none_is_an_area_without_a_boundary(db, geometry):
    add(db, "neighborhood", "Odd", geometry)
    areas = areas_of(db, "c", {"neighborhood": ["A", "B", "Odd"], "district": []})
    assert [one["label"] for one in areas.features] == ["A", "B"]
    assert areas.without == ["Odd"]
    json.dumps(areas.for_script(), allow_nan=False)


@pytest.mark.parametrize(("kind", "name"), [("neighborhood", None), ("ward", "1")])
def test_an_area_without_a_name_or_of_another_kind_is_not_drawn(db, kind, name):
    add(db, kind, name, square(3))
    areas = areas_of(db, "c", {"neighborhood": ["A", "B"], "district": []})
    assert [one["label"] for one in areas.features] == ["A", "B"]


def test_no_map_is_made_of_shapes_that_are_none(db):
    db.execute("update dim_areas set geometry = null")
    assert areas_of(db, "c", {"neighborhood": ["A", "B"], "district": []}) is None
