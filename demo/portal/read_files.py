"""Read CSV and JSON files from any source as rows that a portal can publish."""

import gzip
import json
import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from demo.portal.values import plain_number, to_text

FLOATING = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}")
PAIR = re.compile(r"\((-?[\d.]+), *(-?[\d.]+)\)")
# The date formats of portals' own downloads, and of files made from them.
DATE_FORMATS = (
    "%Y/%m/%d %I:%M:%S %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d",
    "%m/%d/%Y",
)


def read_file(
    path: Path, types: dict[str, str] | None = None
) -> tuple[pa.Table, dict[str, str]]:
    """Read a file and return its rows and its columns' types.

    Column names become snake case. A column is text unless `types` gives another type
    for its new name, or all its values are calendar dates as SODA writes them, or JSON
    booleans or points. Given types restore what downloads change: dates in
    `DATE_FORMATS`, points as `(lat, lon)`, checkboxes as `True`, numbers as `37.0`.

    Args:
        path: `.csv` or `.json` (an array of objects), optionally followed by `.gz`. An
            empty CSV cell is null, an empty one in quotes is empty text.
        types: Metadata types by name, for some or all columns.

    Raises:
        ValueError: The file is neither, or a value does not match its given type.
    """
    found: dict[str, str] = {}
    data = path.read_bytes()
    name = path.name
    if name.endswith(".gz"):
        data, name = gzip.decompress(data), name.removesuffix(".gz")
    if name.endswith(".csv"):
        table = read_csv(data)
    elif name.endswith(".json"):
        table, found = read_json(data)
    else:
        raise ValueError(f"{path} is neither CSV nor JSON")
    table = table.rename_columns([snake_case(column) for column in table.column_names])
    columns = {}
    for position, column in enumerate(table.column_names):
        values = table[column].to_pylist()
        told = (types or {}).get(column)
        kind = told or found.get(column) or guess(values)
        columns[column] = kind
        if told:
            values = [mend(value, told) for value in values]
            table = table.set_column(position, column, pa.array(values, pa.string()))
    return table, columns


def snake_case(title: str) -> str:
    """Return a column title as a portal's field name: `Row ID` is `row_id`."""
    return re.sub(r"\W+", "_", title.strip()).lower()


def read_csv(data: bytes) -> pa.Table:
    """Read CSV with every column as text, as Latin-1 if it is not valid UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode("latin-1").encode()
    header = csv.open_csv(pa.BufferReader(data)).schema.names
    as_text = csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    lines = csv.ParseOptions(newlines_in_values=True)
    return csv.read_csv(
        pa.BufferReader(data), convert_options=as_text, parse_options=lines
    )


def read_json(data: bytes) -> tuple[pa.Table, dict[str, str]]:
    """Read an array of objects; return text and the types that JSON implies."""
    rows = json.loads(data)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("not an array of JSON objects")
    names = list(dict.fromkeys(name for row in rows for name in row))
    types = {}
    for name in names:
        values = [row[name] for row in rows if row.get(name) is not None]
        if values and all(isinstance(value, bool) for value in values):
            types[snake_case(name)] = "checkbox"
        elif values and all(is_point(value) for value in values):
            types[snake_case(name)] = "point"
    arrays = [
        pa.array([to_text(row.get(name)) for row in rows], pa.string())
        for name in names
    ]
    return pa.table(arrays, names=names), types


def is_point(value: object) -> bool:
    """Whether a JSON value is a GeoJSON point."""
    return isinstance(value, dict) and value.get("type") == "Point"


def guess(values: list[str | None]) -> str:
    """Return the only type that text values can have, or else text."""
    present = [value for value in values if value is not None]
    is_date = present and all(FLOATING.fullmatch(value) for value in present)
    return "calendar_date" if is_date else "text"


def mend(value: str | None, kind: str) -> str | None:
    """Return a file's value as the portal would write it.

    Raises:
        ValueError: The value is not of that type.
    """
    if value is None:
        return None
    if kind == "calendar_date":
        return read_date(value).isoformat(timespec="milliseconds")
    if kind == "checkbox":
        if value.lower() not in ("true", "false"):
            raise ValueError(f"{value!r} is not a checkbox")
        return value.lower()
    if kind == "number":
        return read_number(value)
    if kind == "point" and (pair := PAIR.fullmatch(value)):
        return f"POINT ({pair[2]} {pair[1]})"
    return value


def read_number(text: str) -> str:
    """Return a number in plain notation: `37.0` is 37."""
    try:
        return plain_number(Decimal(text))
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a number") from error


def read_date(text: str) -> datetime:
    """Read a wall-clock time in one of the formats that files use."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not a date")
