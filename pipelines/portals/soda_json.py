"""The shapes of SODA's JSON responses."""

from datetime import datetime
from typing import Annotated

import msgspec

# Types whose values are the city's wall clock. A `fixed_timestamp` is an instant, and
# other types can't be compared with a date.
DATE_TYPES = ("calendar_date", "floating_timestamp", "text", "")

TEXT_TYPES = ("text", "")


class Column(msgspec.Struct):
    """The part of a column's description that is read."""

    fieldName: str
    dataTypeName: str = ""


class View(msgspec.Struct):
    """The part of a data set's description that is read."""

    columns: list[Column] | None = None
    rowsUpdatedAt: Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800)] | None = None
    """Seconds since 1970, before the year 10000."""


# SODA sends counts as text.
Number = (
    Annotated[str, msgspec.Meta(pattern="^[0-9]{1,15}$")]
    | Annotated[int, msgspec.Meta(ge=0)]
)


class Count(msgspec.Struct):
    """The row that a count returns."""

    n: Number


class MonthlyCount(msgspec.Struct):
    """A row of counts by month, and by value if requested."""

    month: datetime
    n: Number
    value: str | bool | int | float | None = None


def as_published(value: str | bool | float | None) -> str | None:
    """A JSON value as it is written in the CSV."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)
