"""Areas of a city for its map, simplified."""

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import shapely

from pipelines.site.figures import Db, Row, ask
from pipelines.site.packed import WITHHELD

# Of the packed dimensions those that can have boundaries, by the kind of area.
KINDS = {"neighborhood": "neighborhood", "police_district": "district"}

# In degrees, some 30 m: less than a pixel of the map of a city.
TOLERANCE = 0.0003

GRID = 0.0001


@dataclass(frozen=True)
class Areas:
    """The areas of one kind that have a boundary."""

    kind: str
    dimension: str
    features: list[Row]
    without: list[str]
    """Areas of incidents that have none."""

    def for_script(self) -> Row:
        """As the page's script takes them."""
        return {
            "kind": self.kind.replace("_", " "),
            "dimension": self.dimension,
            "features": self.features,
            "without": self.without,
        }


def areas_of(db: Db, city: str, labels: dict[str, list[str]]) -> Areas | None:
    """The kind of area with most boundaries that incidents name; None without any."""
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
        # An area whose shape is none counts as one without a boundary.
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
    """GeoJSON features with their neighbors' borders kept common, on a plane.

    A degree of longitude is as long as one of latitude in the middle of the city. Maps
    on a sphere would take a ring that simplifying has turned for all the rest of it.
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
    """The polygons of some shapes; mending one may leave lines and points of it."""
    parts = shapely.get_parts(shapely.unary_union(shapely.make_valid(shapes)))
    is_polygon = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    return shapely.multipolygons(parts[is_polygon])
