"""The shapes of a feature layer's JSON responses, except for its rows."""

from typing import Annotated

import msgspec

from pipelines.portals.layer_rows import OBJECT_ID


class Field(msgspec.Struct):
    """The part of a field's description that is read."""

    name: str
    type: str = "esriFieldTypeString"


# Epoch milliseconds before the year 10000.
Edited = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800_000)]


class Editing(msgspec.Struct):
    """When a layer was edited, in epoch milliseconds."""

    lastEditDate: Edited | None = None


class Layer(msgspec.Struct):
    """The part of a layer's description that is read."""

    fields: list[Field] | None = None
    objectIdField: str | None = None
    editingInfo: Editing | None = None
    geometryType: str | None = None

    @property
    def object_id(self) -> str:
        """The field that numbers the rows; empty if there is none."""
        typed = [f.name for f in self.fields or [] if f.type == OBJECT_ID]
        return self.objectIdField or next(iter(typed), "")


class Count(msgspec.Struct):
    """The response to `returnCountOnly`."""

    count: Annotated[int, msgspec.Meta(ge=0)]
