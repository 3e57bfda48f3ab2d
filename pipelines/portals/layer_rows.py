"""Rows of an ArcGIS layer's page: values of the kinds that the layer describes.

A page is read in one go, typed. Where a value is of another kind than its column, or no
JSON at all (NaN), it is read once more, value by value, and the row is set aside.
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
    """What the values of a column are."""

    type: Any
    word: str


ObjectId = Annotated[int, msgspec.Meta(ge=0)]

# What is no number is published as one of these words.
Number = int | float | Literal["NaN", "Infinity", "-Infinity"] | None

# Whole milliseconds, of which JSON holds 53 bits exactly.
Moment = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | None

OBJECT_ID, DATE = "esriFieldTypeOID", "esriFieldTypeDate"

TEXT = Kind(str | None, "text")

NUMBERS = ("SmallInteger", "Integer", "Single", "Double")

# The JSON types of https://developers.arcgis.com/web-map-specification/objects/field/
# All others are text, the newer kinds of dates too.
KINDS = {
    DATE: Kind(Moment, "date"),
    OBJECT_ID: Kind(ObjectId, "object id"),
    "esriFieldTypeBigInteger": Kind(int | str | None, "number"),
    **{f"esriFieldType{name}": Kind(Number, "number") for name in NUMBERS},
}

SURROGATES = dict.fromkeys(range(0xD800, 0xE000), UNREADABLE)

Columns = dict[str, Kind]
"""What a page is asked for, by name; the object id comes last."""


Values = tuple[Any, ...]
"""A row, in the order of the columns."""


class Feature(msgspec.Struct):
    """A row whose values may be anything."""

    attributes: dict[str, Any]


class Page(msgspec.Struct):
    """A page of them."""

    features: list[Feature]


def typed_rows(answer: Answer, columns: Columns) -> list[Values]:
    """The rows of a page, every value of its column's kind.

    Raises:
        OddRowsError: A value is of another kind, or written as no JSON is.
        Retryable: The page is cut or broken.
    """
    names = {f"value_{number}": name for number, name in enumerate(columns)}
    kinds = [kind.type for kind in columns.values()]
    fields = list(zip(names, kinds, strict=True))
    attributes = msgspec.defstruct("Attributes", fields, rename=names)
    feature = msgspec.defstruct("Feature", [("attributes", attributes)])
    kind = GenericAlias(list, feature)
    page: Any = msgspec.defstruct("Page", [("features", kind)])
    try:
        features = msgspec.json.decode(answer.body, type=page).features
    except (ValueError, RecursionError) as error:
        any_json(answer)
        raise OddRowsError("values of another kind than it describes") from error
    return [msgspec.structs.astuple(feature.attributes) for feature in features]


def any_rows(
    answer: Answer, columns: Columns, window_column: str
) -> tuple[list[Values], list[str | None]]:
    """The rows of a page whatever their values are, and why a row must be set aside.

    A date that is none is left out where windows go by it: it lies in none.

    Raises:
        Retryable: The page is cut or broken, or a row lacks a column or its object id.
    """
    try:
        features = msgspec.convert(any_json(answer), Page).features
        given = [[f.attributes[name] for name in columns] for f in features]
        for values in given:
            msgspec.convert(values[-1], ObjectId)
    except (msgspec.ValidationError, KeyError) as error:
        raise Retryable("the JSON is not what was asked for") from error
    odd = [odd_columns(values, columns) for values in given]
    rows = [
        tuple(
            None if name == window_column and name in found else value
            for name, value in zip(columns, values, strict=True)
        )
        for values, found in zip(given, odd, strict=True)
    ]
    return rows, [reason_of(found, columns) for found in odd]


def any_json(answer: Answer) -> Any:
    """A body as JSON, with NaN and Infinity, which JSON has no word for."""
    try:
        return json.loads(answer.body, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise Retryable("the JSON was cut short or broken") from error


def odd_columns(values: list[Any], columns: Columns) -> list[str]:
    """The columns whose value is of another kind."""
    return [
        name
        for value, (name, kind) in zip(values, columns.items(), strict=True)
        if not is_of(value, kind)
    ]


def is_of(value: Any, kind: Kind) -> bool:
    """Whether a value is of a kind."""
    try:
        msgspec.convert(value, kind.type)
    except msgspec.ValidationError:
        return False
    return True


def reason_of(odd: list[str], columns: Columns) -> str | None:
    """Why a row is set aside, without its values."""
    return ", ".join(f"{name} is no {columns[name].word}" for name in odd) or None


def as_text(value: Any) -> str | None:
    """A JSON value as raw text; numbers in their shortest form."""
    if value is None:
        return None
    if isinstance(value, str):
        return value if value.isascii() else value.translate(SURROGATES)
    if isinstance(value, bool | list | dict):
        return json.dumps(value)
    return str(value)
