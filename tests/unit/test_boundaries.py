"""Areas for the maps: whatever publishers draw, they stay areas, on a plane."""

import json

import pytest
import shapely

from pipelines.site.map_areas import features

# Two squares side by side, the first with a spike that has no area.
SPIKED = "POLYGON ((0 60, 0.1 60, 0.1 60.1, 0.1 60.2, 0.1 60.1, 0 60.1, 0 60))"
NEXT = "POLYGON ((0.1 60, 0.2 60, 0.2 60.1, 0.1 60.1, 0.1 60))"


def drawn(**texts):
    found = features({name: [shapely.from_wkt(t)] for name, t in texts.items()})
    return {
        feature["label"]: shapely.from_geojson(json.dumps(feature["geometry"]))
        for feature in found
    }


def test_what_mending_leaves_beside_areas_is_left_out():
    shapes = drawn(spiked=SPIKED, next=NEXT)
    assert all("Polygon" in shape.geom_type for shape in shapes.values())
    assert shapes["spiked"].bounds[3] == pytest.approx(60.1)


def test_a_degree_of_longitude_is_as_long_as_one_of_latitude():
    """At 60 degrees north it is half as long."""
    west, south, east, north = drawn(next=NEXT)["next"].bounds
    assert (east - west) / (north - south) == pytest.approx(0.5, abs=0.01)
