"""What a feature layer's answers in JSON look like, but for its rows."""

from typing import Annotated

import msgspec

from pipelines.portals.layer_rows import OBJECT_ID


class Field(msgspec.Struct):
    """What is read of a field's description."""

    name: str
    type: str = "esriFieldTypeString"


# Epoch milliseconds before the year 10000.
Edited = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800_000)]


class Editing(msgspec.Struct):
    """When a layer was edited, in epoch milliseconds."""

    lastEditDate: Edited | None = None


class Layer(msgspec.Struct):
    """What is read of a layer's description."""

    fields: list[Field] | None = None
    objectIdField: str | None = None
    editingInfo: Editing | None = None

    @property
    def object_id(self) -> str:
        """The field that numbers the rows; empty where there is none."""
        typed = [f.name for f in self.fields or [] if f.type == OBJECT_ID]
        return self.objectIdField or next(iter(typed), "")


class Count(msgspec.Struct):
    """The answer to `returnCountOnly`."""

    count: Annotated[int, msgspec.Meta(ge=0)]
