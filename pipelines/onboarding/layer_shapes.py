"""The shapes of an ArcGIS server's JSON, as far as a survey reads it."""

from typing import Annotated, Any

import msgspec


class Published(msgspec.Struct):
    """A field's description."""

    name: str
    type: str = "esriFieldTypeString"
    alias: str | None = None


class Part(msgspec.Struct):
    """A layer or table in the list of a service."""

    id: int
    name: str = ""
    type: str | None = None
    subLayerIds: list[int] | None = None


class Service(msgspec.Struct):
    """What a service has."""

    layers: list[Part] = []
    tables: list[Part] = []


class Layer(msgspec.Struct):
    """A layer's description."""

    name: str = ""
    type: str = ""
    description: str | None = None
    copyrightText: str | None = None
    fields: list[Published] | None = None
    objectIdField: str | None = None
    geometryType: str | None = None
    serviceItemId: str | None = None


class Item(msgspec.Struct):
    """An item's description."""

    title: str | None = None
    url: str | None = None
    type: str | None = None
    snippet: str | None = None
    description: str | None = None
    licenseInfo: str | None = None
    accessInformation: str | None = None


class Feature(msgspec.Struct):
    """A row."""

    attributes: dict[str, Any]
    geometry: Any = None


class Page(msgspec.Struct):
    """Rows, or groups of them."""

    features: list[Feature]


class Counted(msgspec.Struct):
    """The answer to a count."""

    count: Annotated[int, msgspec.Meta(ge=0)]
