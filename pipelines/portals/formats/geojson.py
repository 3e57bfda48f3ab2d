"""Parse a GeoJSON FeatureCollection of areas into a table of text, one row per feature.

https://www.rfc-editor.org/rfc/rfc7946
"""

from dataclasses import dataclass
from decimal import Decimal
from operator import le
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import AreasDataset, Box, Dataset
from pipelines.errors import PortalError, Retryable
from pipelines.portals.formats.headers import Sheet, loaded, named
from pipelines.portals.rejects import BOM, readable, set_aside

# The column with an area's shape; the other columns are its properties.
GEOMETRY = "geometry"

# The prefix of Socrata's own fields.
SYSTEM = ":"

# A number with more zeros than this keeps its exponent, as published.
MOST_ZEROS = 40

Position = Annotated[list[float], msgspec.Meta(min_length=2)]

Ring = Annotated[list[Position], msgspec.Meta(min_length=4)]

Polygon = Annotated[list[Ring], msgspec.Meta(min_length=1)]

SHAPES: dict[str, Any] = {
    "Polygon": Polygon,
    "MultiPolygon": Annotated[list[Polygon], msgspec.Meta(min_length=1)],
}

SHAPELESS, OUTSIDE = "no area in degrees", "outside of the city's box"

DOUBTS = {
    SHAPELESS: "have no shape, or none in degrees",
    OUTSIDE: "lie outside of the city's `box` (are latitude and longitude swapped?)",
}


@dataclass(frozen=True)
class Shape:
    """An area, as compact GeoJSON."""

    text: str
    bounds: Box
    """Of all its points."""


class Feature(msgspec.Struct):
    """An area, with its shape as it was sent."""

    properties: dict[str, Any] | None
    geometry: msgspec.Raw


class Geometry(msgspec.Struct):
    """A shape, with its numbers as they were sent."""

    type: str
    coordinates: msgspec.Raw


class Collection(msgspec.Struct):
    """The part of a response that is read."""

    type: str = ""
    features: list[Feature] = []
    exceededTransferLimit: bool = False
    properties: dict[str, Any] | None = None

    @property
    def is_cut(self) -> bool:
        """Whether ArcGIS has more features than it sent; the flag's place varies."""
        told = (self.properties or {}).get("exceededTransferLimit")
        return self.exceededTransferLimit or bool(told)


DECODER = msgspec.json.Decoder(Collection, float_hook=Decimal)


def read_features(dataset: AreasDataset, name: str, body: bytes) -> Sheet:
    """Read the declared properties of every feature, and its shape.

    Properties are matched like the headers of other files. A shape is compact GeoJSON
    with only its type and coordinates, whose numbers are as published. A feature is set
    aside if it has no shape, if its shape is not an area in degrees, or if it lies
    outside of the declared box.

    Args:
        name: The file's name, not used here.

    Raises:
        Retryable: The file is truncated, broken, empty or of another type.
        PortalError: Most features would be set aside.
    """
    features = features_of(readable(body).removeprefix(BOM))
    each = [feature.properties or {} for feature in features]
    published = [
        key
        for key in dict.fromkeys(key for row in each for key in row)
        if not key.startswith(SYSTEM) and key.lower() != GEOMETRY
    ]
    names = dict(zip(named(dataset, published), published, strict=True))
    header = [*names, GEOMETRY]
    shapes = [shape_of(feature.geometry) for feature in features]
    reasons = [reason_of(shape, dataset.box) for shape in shapes]
    check_reasons(dataset, reasons)
    columns: dict[str, list[str | None]] = {
        raw_name(column): [as_text(row.get(names[column])) for row in each]
        for column in loaded(dataset, header)
        if column != GEOMETRY
    }
    columns[GEOMETRY] = [shape.text if shape else None for shape in shapes]
    rows = pa.table({name: pa.array(v, pa.string()) for name, v in columns.items()})
    return Sheet(header, set_aside(rows, pa.array(reasons, pa.string())))


def features_of(body: bytes) -> list[Feature]:
    """The features of a complete FeatureCollection.

    Raises:
        Retryable: It is something else, incomplete or empty.
    """
    try:
        answer = DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise Retryable(f"the JSON is not a FeatureCollection ({error})") from error
    except (ValueError, RecursionError) as error:
        raise Retryable("the JSON was cut short or broken") from error
    if answer.type != "FeatureCollection":
        raise Retryable("the JSON is not a FeatureCollection")
    if answer.is_cut:
        raise Retryable("the portal sent only some areas (exceededTransferLimit)")
    if not answer.features:
        raise Retryable("the file has no areas")
    return answer.features


def reason_of(shape: Shape | None, box: Box | None) -> str | None:
    """Why a feature is set aside; None if it is not."""
    if shape is None:
        return SHAPELESS
    west, south, east, north = box or shape.bounds
    least, lowest, most, highest = shape.bounds
    inside = west <= least and south <= lowest and most <= east and highest <= north
    return None if inside else OUTSIDE


def check_reasons(dataset: Dataset, reasons: list[str | None]) -> None:
    """Check that most features are areas in the city.

    Raises:
        PortalError: They are not. Only the box can reveal latitude and longitude that
            are swapped: every number may still be a valid degree.
    """
    for reason, doubt in DOUBTS.items():
        if 2 * reasons.count(reason) > len(reasons):
            raise PortalError(
                f"{dataset.label} sent {reasons.count(reason)} of {len(reasons)} areas "
                f"that {doubt}; nothing was written, and the last good areas stay."
            )


def shape_of(raw: msgspec.Raw) -> Shape | None:
    """A shape as it is loaded; None if it is not an area in degrees."""
    try:
        geometry = msgspec.json.decode(raw, type=Geometry)
        coordinates = bytes(geometry.coordinates)
        shape = msgspec.json.decode(coordinates, type=SHAPES[geometry.type])
    except (msgspec.ValidationError, KeyError):
        return None
    polygons = [shape] if geometry.type == "Polygon" else shape
    positions = [p for polygon in polygons for ring in polygon for p in ring]
    x, y = [p[0] for p in positions], [p[1] for p in positions]
    bounds = (min(x), min(y), max(x), max(y))
    if not all(map(le, (-180, -90, *bounds[2:]), (*bounds[:2], 180, 90))):
        return None
    # Only numbers, commas and brackets: whitespace is never part of a value.
    compact = b"".join(coordinates.split()).decode()
    text = f'{{"type":"{geometry.type}","coordinates":{compact}}}'
    return Shape(text, bounds)


def as_text(value: Any) -> str | None:
    """A property as raw text: numbers in plain notation, lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal) and abs(value.adjusted()) <= MOST_ZEROS:
        return format(value, "f")
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return msgspec.json.encode(value).decode()
