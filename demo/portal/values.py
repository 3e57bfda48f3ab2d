"""Turn values into the text that the portal stores, and back into JSON.

Stored text is what a portal's CSV shows: `true`, `2024-02-15T07:09:00.000`,
`POINT (-122.42 37.77)`, numbers in plain notation; null is a missing value.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa

Row = Mapping[str, object]
Rows: TypeAlias = pa.Table | Sequence[Row]
"""Rows as a caller passes them: a table of text, or JSON-like values by column."""

POINT = re.compile(r"POINT ?\((\S+) (\S+)\)")
LOCATION = re.compile(r"(?:(.*)\n)?\((\S+), (\S+)\)", re.DOTALL)
LINK = re.compile(r"(?:(.*) )?\((\S+)\)", re.DOTALL)


def to_text(value: object) -> str | None:
    """Return a JSON-like value as stored text, and None as None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return plain_number(value)
    if isinstance(value, dict):
        return object_to_text(value)
    raise ValueError(f"no portal publishes a {type(value).__name__}: {value!r}")


def plain_number(value: int | float | Decimal) -> str:
    """Return a number without an exponent or a trailing `.0`."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def object_to_text(value: Mapping[str, Any]) -> str:
    """Return a point, location or link as a portal's CSV shows it."""
    if "coordinates" in value:
        longitude, latitude = value["coordinates"]
        return f"POINT ({plain_number(longitude)} {plain_number(latitude)})"
    if "latitude" in value:
        place = f"({value['latitude']}, {value['longitude']})"
        address = json.loads(value.get("human_address") or "{}")
        town = " ".join(filter(None, [address.get("state"), address.get("zip")]))
        town = ", ".join(filter(None, [address.get("city"), town]))
        return "\n".join(filter(None, [address.get("address"), town, place]))
    if "url" in value:
        link: str = value["url"]
        return f"{value['description']} ({link})" if "description" in value else link
    raise ValueError(f"neither a point, a location nor a link: {value!r}")


def to_json(text: str, kind: str) -> Any:
    """Return stored text as the value in a SODA JSON response.

    Numbers stay text, as in SODA. `kind` is a metadata type such as `checkbox`.
    """
    if kind == "checkbox":
        return text == "true"
    if kind == "point" and (match := POINT.fullmatch(text)):
        return {
            "type": "Point",
            "coordinates": [float(part) for part in match.groups()],
        }
    if kind == "location" and (match := LOCATION.fullmatch(text)):
        return location_to_json(*match.groups())
    if kind == "url":
        match = LINK.fullmatch(text)
        if not match:
            return {"url": text}
        described = {"description": match[1]} if match[1] else {}
        return {"url": match[2], **described}
    return text


def location_to_json(
    lines: str | None, latitude: str, longitude: str
) -> dict[str, str]:
    """Return a location; its numbers are text, its address is JSON inside text."""
    street, _, town = (lines or "").rpartition("\n")
    city, _, rest = town.partition(", ")
    state, _, code = rest.partition(" ")
    address = {"address": street, "city": city, "state": state, "zip": code}
    return {
        "latitude": latitude,
        "longitude": longitude,
        "human_address": json.dumps(address),
    }


def to_table(rows: Rows, columns: list[str]) -> pa.Table:
    """Return rows as a table of text columns, in the order of `columns`.

    Columns that no row has are left out, so that an upsert does not touch them.

    Raises:
        ValueError: A row has a field that is not one of `columns`.
    """
    given = (
        rows.column_names
        if isinstance(rows, pa.Table)
        else {k for r in rows for k in r}
    )
    if unknown := sorted(set(given) - set(columns)):
        raise ValueError(f"the data set has no column {', '.join(unknown)}")
    present = [name for name in columns if name in given]
    if isinstance(rows, pa.Table):
        arrays = [rows[name].cast(pa.string()) for name in present]
    else:
        arrays = [
            pa.array([to_text(row.get(name)) for row in rows], pa.string())
            for name in present
        ]
    return pa.table(arrays, names=present)
