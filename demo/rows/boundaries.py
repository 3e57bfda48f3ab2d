"""Made-up boundaries of the areas that the cities' rows name: none is real."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from math import cos, pi, sin

import pyarrow as pa
from numpy.random import Generator

from demo.rows import draw
from demo.rows.places.tiling import Point, tiles

# Distance of the areas of a Chicago district from its center, in degrees.
ASIDE = 0.014


@dataclass(frozen=True)
class Area:
    """An area's published properties, and a point within it."""

    properties: dict[str, str]
    point: Point


class Boundaries:
    """A city's file of areas, with the interface of a module of rows.

    Args:
        areas: Makes all areas, in the order of the file.
        key: The property that identifies a row.
        numbers: Properties that are numbers; all others are text.
        is_multiple: Shapes are of type MultiPolygon.
    """

    def __init__(
        self,
        areas: Callable[[], list[Area]],
        key: str,
        numbers: Iterable[str] = (),
        is_multiple: bool = False,
    ):
        self.areas, self.numbers, self.is_multiple = areas, set(numbers), is_multiple
        self.KEY = [key]
        self.COLUMNS = dict.fromkeys([*areas()[0].properties, "geometry"], "text")
        self.ROWS = len(areas())

    def make(self, rng: Generator, rows: int, first: date, last: date) -> pa.Table:
        """Make one row per area; seed and days are ignored."""
        areas = self.areas()
        rings = tiles([area.point for area in areas])
        shapes = [{"geometry": self._shape(ring)} for ring in rings]
        both = zip(areas, shapes, strict=True)
        made = [area.properties | shape for area, shape in both]
        schema = pa.schema([(name, pa.string()) for name in self.COLUMNS])
        return pa.Table.from_pylist(made, schema)

    def write(self, rows: pa.Table) -> bytes:
        """The publisher's file: a FeatureCollection."""
        features = ",\n".join(self._feature(row) for row in rows.to_pylist())
        text = f'{{"type":"FeatureCollection","features":[{features}]}}\n'
        return text.encode()

    def _shape(self, ring: list[Point]) -> str:
        polygon = [ring]
        kind = "MultiPolygon" if self.is_multiple else "Polygon"
        coordinates = [polygon] if self.is_multiple else polygon
        return json.dumps({"type": kind, "coordinates": coordinates})

    def _feature(self, row: dict[str, str | None]) -> str:
        geometry = row.pop("geometry")
        properties = {
            name: json.loads(text) if text and name in self.numbers else text
            for name, text in row.items()
        }
        told = json.dumps(properties)
        return f'{{"type":"Feature","properties":{told},"geometry":{geometry}}}'


def san_francisco() -> list[Area]:
    """The neighborhoods in the rows, each around the center of its parts."""
    parts = draw.vocabulary("san_francisco_areas")
    points: dict[str, list[Point]] = {}
    for k, name in enumerate(parts["neighborhood"]):
        point = (float(parts["longitude"][k]), float(parts["latitude"][k]))
        points.setdefault(name, []).append(point)
    stamps = {
        "data_as_of": "2024-01-05T09:12:00.000",
        "data_loaded_at": "2024-01-05T17:00:00.000",
    }
    return [Area({"nhood": name} | stamps, middle(p)) for name, p in points.items()]


def middle(points: list[Point]) -> Point:
    longitudes, latitudes = zip(*points, strict=True)
    return sum(longitudes) / len(points), sum(latitudes) / len(points)


def chicago() -> list[Area]:
    """The community areas, in a ring around the center of a district with them."""
    districts = draw.vocabulary("chicago_districts")
    points: dict[str, Point] = {}
    for k, listed in enumerate(districts["community_areas"]):
        numbers = listed.split()
        for n, number in enumerate(numbers):
            angle = 2 * pi * n / len(numbers) + k
            longitude = float(districts["longitude"][k]) + ASIDE * cos(angle)
            latitude = float(districts["latitude"][k]) + ASIDE * sin(angle)
            points.setdefault(number, (longitude, latitude))
    areas = draw.vocabulary("chicago_areas")
    named = zip(areas["area_numbe"], areas["community"], strict=True)
    zeros = dict.fromkeys(["area", "comarea", "comarea_id", "perimeter"], "0")
    return [
        Area(
            {"area_numbe": number, "area_num_1": number, "community": name}
            | zeros
            | {"shape_area": f"{number}000000.25", "shape_len": f"{number}000.5"},
            points[number],
        )
        for number, name in named
    ]


def memphis() -> list[Area]:
    """The precincts as the layer spells them, which differs from the rows."""
    precincts = draw.vocabulary("memphis_precincts")
    return [
        Area(
            {
                "OBJECTID": str(k + 1),
                "precinct": name.title().replace("Mt ", "Mt. "),
                "GlobalID": f"00000000-0000-4000-8000-00000000000{k}",
                "Shape__Area": f"{k + 1}00000000.5",
                "Shape__Length": f"{k + 1}0000.25",
            },
            (float(precincts["longitude"][k]), float(precincts["latitude"][k])),
        )
        for k, name in enumerate(precincts["precinct"])
    ]


def cambridge() -> list[Area]:
    """The neighborhoods, which the rows of the police log do not name."""
    areas = draw.vocabulary("cambridge_neighborhoods")
    return [
        Area(
            {
                "Webpage": f"https://example.org/neighborhoods/{number}",
                "N_HOOD": number,
                "NAME": areas["name"][k],
                "GlobalID": f"{{00000000-0000-4000-8000-0000000001{k:02}}}",
            },
            (float(areas["longitude"][k]), float(areas["latitude"][k])),
        )
        for k, number in enumerate(areas["number"])
    ]


SAN_FRANCISCO = Boundaries(san_francisco, "nhood", is_multiple=True)
CHICAGO = Boundaries(chicago, "area_numbe", is_multiple=True)
MEMPHIS = Boundaries(
    memphis, "precinct", numbers=["OBJECTID", "Shape__Area", "Shape__Length"]
)
CAMBRIDGE = Boundaries(cambridge, "NAME")
