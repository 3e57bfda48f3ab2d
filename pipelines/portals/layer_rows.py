"""Parse the rows of an ArcGIS layer's page, checking values against field types.

A page is decoded typed, in one go. If a value has another type than its field or is not
valid JSON (NaN), the page is decoded again value by value, and the row is set aside.
"""

import json
from dataclasses import dataclass
from types import GenericAlias
from typing import Annotated, Any, Literal

import msgspec

from pipelines.errors import Retryable
from pipelines.portals.http.body import Answer
from pipelines.portals.rejects import UNREADABLE, OddRowsError


@dataclass(frozen=True)
class Kind:
    """The type of a column's values."""

    type: Any
    word: str
    """What a reject's reason says that a value is not."""


ObjectId = Annotated[int, msgspec.Meta(ge=0)]

# Number fields spell values that are not finite as one of these words.
Number = int | float | Literal["NaN", "Infinity", "-Infinity"] | None

# Whole milliseconds, of which JSON holds 53 bits exactly.
Moment = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | None

OBJECT_ID, DATE = "esriFieldTypeOID", "esriFieldTypeDate"

STRING = "esriFieldTypeString"

TEXT = Kind(str | None, "text")

NUMBER = Kind(Number, "a number")

NUMBERS = ("SmallInteger", "Integer", "Single", "Double")

# The JSON types of https://developers.arcgis.com/web-map-specification/objects/field/
# All others are text, including the newer types of dates.
KINDS = {
    DATE: Kind(Moment, "a date"),
    OBJECT_ID: Kind(ObjectId, "an object id"),
    "esriFieldTypeBigInteger": Kind(int | str | None, "a number"),
    **{f"esriFieldType{name}": NUMBER for name in NUMBERS},
}

POINT = "esriGeometryPoint"

# Columns of the place of a row's point, in degrees; a layer has it beside its fields.
GEOMETRY = {"geometry_x": "x", "geometry_y": "y"}

SURROGATES = dict.fromkeys(range(0xD800, 0xE000), UNREADABLE)

NOT_ASKED_FOR = "the JSON is not what was asked for"

Columns = dict[str, Kind]
"""The requested columns by name; the object id comes last."""


Values = tuple[Any, ...]
"""A row, in the order of the columns."""


class Point(msgspec.Struct):
    """Where a row is; a row without a place has no point, or one that is not finite."""

    x: Number = None
    y: Number = None


class Feature(msgspec.Struct):
    """A row whose values may be of any type."""

    attributes: dict[str, Any]
    geometry: Any = None

    @property
    def values(self) -> dict[str, Any]:
        """By column."""
        point = self.geometry if isinstance(self.geometry, dict) else {}
        return self.attributes | {
            column: point.get(axis) for column, axis in GEOMETRY.items()
        }


class Page(msgspec.Struct):
    """A page of such rows."""

    features: list[Feature]


def typed_rows(answer: Answer, columns: Columns) -> list[Values]:
    """The rows of a page, every value of its column's type.

    Raises:
        OddRowsError: A value has another type, or is not valid JSON.
        Retryable: The page is truncated or broken.
    """
    fields = [name for name in columns if name not in GEOMETRY]
    names = {f"value_{number}": name for number, name in enumerate(fields)}
    kinds = [columns[name].type for name in fields]
    attributes = msgspec.defstruct(
        "Attributes", list(zip(names, kinds, strict=True)), rename=names
    )
    feature = msgspec.defstruct(
        "Feature", [("attributes", attributes), ("geometry", Point | None, None)]
    )
    kind = GenericAlias(list, feature)
    page: Any = msgspec.defstruct("Page", [("features", kind)])
    try:
        features = msgspec.json.decode(answer.body, type=page).features
    except (ValueError, RecursionError) as error:
        any_json(answer)
        raise OddRowsError("values of other types than it declares") from error
    rows = [msgspec.structs.astuple(feature.attributes) for feature in features]
    if len(fields) == len(columns):
        return rows
    points = [feature.geometry or Point() for feature in features]
    return [
        with_point(row, point, fields, columns)
        for row, point in zip(rows, points, strict=True)
    ]


def with_point(
    row: Values, point: Point, fields: list[str], columns: Columns
) -> Values:
    """A row's values and its place, in the order of the columns."""
    values = dict(zip(fields, row, strict=True))
    values |= {column: getattr(point, axis) for column, axis in GEOMETRY.items()}
    return tuple(values[name] for name in columns)


def any_rows(
    answer: Answer, columns: Columns, window_column: str
) -> tuple[list[Values], list[str | None]]:
    """The rows of a page whatever their values, and why a row must be set aside.

    An invalid date in the window column becomes null: the row lies in no window.

    Raises:
        Retryable: The page is truncated or broken, or a row lacks a column or its id.
    """
    features = any_page(answer).features
    try:
        given = [[f.values[name] for name in columns] for f in features]
        for values in given:
            msgspec.convert(values[-1], ObjectId)
    except (msgspec.ValidationError, KeyError) as error:
        raise Retryable(NOT_ASKED_FOR) from error
    odd = [odd_columns(values, columns) for values in given]
    rows = [
        tuple(
            None if name == window_column and name in found else value
            for name, value in zip(columns, values, strict=True)
        )
        for values, found in zip(given, odd, strict=True)
    ]
    return rows, [reason_of(found, columns) for found in odd]


def any_page(answer: Answer) -> Page:
    """A page of rows whatever their values.

    Raises:
        Retryable: The page is truncated or broken, or has no rows.
    """
    try:
        return msgspec.convert(any_json(answer), Page)
    except msgspec.ValidationError as error:
        raise Retryable(NOT_ASKED_FOR) from error


def any_json(answer: Answer) -> Any:
    """A body as JSON, accepting NaN and Infinity, which are not valid JSON."""
    try:
        return json.loads(answer.body, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Retryable("the JSON was cut short or broken") from error


def odd_columns(values: list[Any], columns: Columns) -> list[str]:
    """The columns whose value has another type."""
    return [
        name
        for value, (name, kind) in zip(values, columns.items(), strict=True)
        if not is_of(value, kind)
    ]


def is_of(value: Any, kind: Kind) -> bool:
    """Whether a value has the type of a column."""
    try:
        msgspec.convert(value, kind.type)
    except msgspec.ValidationError:
        return False
    return True


def reason_of(odd: list[str], columns: Columns) -> str | None:
    """Why a row is set aside, without its values."""
    return ", ".join(f"{name} is not {columns[name].word}" for name in odd) or None


def as_text(value: Any) -> str | None:
    """A JSON value as raw text, with numbers in their shortest form."""
    if value is None:
        return None
    if isinstance(value, str):
        return value if value.isascii() else value.translate(SURROGATES)
    if isinstance(value, bool | list | dict):
        return json.dumps(value)
    return str(value)
