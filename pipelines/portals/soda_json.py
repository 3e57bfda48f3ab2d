"""What SODA's answers in JSON look like."""

from datetime import datetime
from typing import Annotated

import msgspec


class Column(msgspec.Struct):
    """What is read of a column's description."""

    fieldName: str
    dataTypeName: str = ""


class View(msgspec.Struct):
    """What is read of a data set's description."""

    columns: list[Column] | None = None
    rowsUpdatedAt: Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800)] | None = None
    """Seconds since 1970, before the year 10000."""


# A count comes as text.
Number = (
    Annotated[str, msgspec.Meta(pattern="^[0-9]{1,15}$")]
    | Annotated[int, msgspec.Meta(ge=0)]
)


class Count(msgspec.Struct):
    """A row of a count."""

    n: Number


class MonthlyCount(msgspec.Struct):
    """A row of counts by month, and by a value."""

    month: datetime
    n: Number
    value: str | bool | int | float | None = None


def as_published(value: str | bool | float | None) -> str | None:
    """A JSON value as the CSV has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)
