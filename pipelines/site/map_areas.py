"""A city's areas, simplified for its map."""

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import shapely

from pipelines.site.figures import Db, Row, ask
from pipelines.site.summaries import WITHHELD

# The packed dimension of each kind of area that can have boundaries.
KINDS = {"neighborhood": "neighborhood", "police_district": "district"}

# In degrees, about 30 m: less than a pixel on a city's map.
TOLERANCE = 0.0003

GRID = 0.0001


@dataclass(frozen=True)
class Areas:
    """The areas of one kind that have a boundary."""

    kind: str
    dimension: str
    features: list[Row]
    without: list[str]
    """Areas that incidents name, but that have no boundary."""

    def for_script(self) -> Row:
        """In the form that the page's script reads."""
        return {
            "kind": self.kind.replace("_", " "),
            "dimension": self.dimension,
            "features": self.features,
            "without": self.without,
        }


def areas_of(db: Db, city: str, labels: dict[str, list[str]]) -> Areas | None:
    """The kind of area with the most boundaries that incidents name, or None."""
    rows = ask(
        db,
        "select area_kind, area_name, geometry from dim_areas "
        "where city = $city and area_name is not null "
        "order by area_kind, area_name, geometry",
        city=city,
    )
    shapes: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        shape = shapely.from_geojson(row["geometry"], on_invalid="ignore")
        is_area = shapely.get_dimensions(shape) == 2 and not shapely.is_empty(shape)
        # An area whose shape is invalid counts as one without a boundary.
        if is_area and row["area_kind"] in KINDS:
            shapes[row["area_kind"]][row["area_name"]].append(shape)
    found = [
        (sum(name in labels[KINDS[kind]] for name in named), kind)
        for kind, named in shapes.items()
    ]
    matched, kind = max(found, default=(0, ""))
    if not matched:
        return None
    dimension, named = KINDS[kind], shapes[kind]
    return Areas(
        kind,
        dimension,
        features(named),
        sorted(set(labels[dimension]) - set(named) - {WITHHELD}),
    )


def features(named: dict[str, list[Any]]) -> list[Row]:
    """GeoJSON features on a plane; neighbors still share their simplified borders.

    A degree of longitude is made as long as one of latitude at the center of the city.
    On a sphere, a ring that simplifying has reversed would cover everything outside it.
    """
    names = sorted(named)
    whole = [one_area(named[name]) for name in names]
    simple = shapely.coverage_simplify(whole, TOLERANCE)
    _, south, _, north = shapely.total_bounds(simple)
    shrink = math.cos(math.radians((south + north) / 2))
    plane = shapely.transform(simple, lambda points: points * [shrink, 1])
    return [
        {
            "type": "Feature",
            "label": name,
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for name, shape in zip(names, shapely.set_precision(plane, GRID), strict=True)
    ]


def one_area(shapes: list[Any]) -> Any:
    """Merge shapes into polygons; drop lines and points that repairs leave behind."""
    parts = shapely.get_parts(shapely.unary_union(shapely.make_valid(shapes)))
    is_polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    return shapely.multipolygons(parts[is_polygon])
