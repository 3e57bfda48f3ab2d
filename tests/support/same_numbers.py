"""Compare the tables of two warehouses cell by cell."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pipelines.transform.manifest import BUILT_AT
from pipelines.warehouse.engines.base import Engine

# What a warehouse calls a type, and what it is called here. Whole numbers are compared
# by value, whatever their width; decimals too, whatever their scale.
TYPES = {
    "duckdb": {
        "VARCHAR": "text",
        "BIGINT": "whole number",
        "INTEGER": "whole number",
        "HUGEINT": "whole number",  # a sum of whole numbers
        "DOUBLE": "float",
        "DECIMAL": "decimal",
        "BOOLEAN": "boolean",
        "DATE": "date",
        "TIMESTAMP": "local timestamp",
        "TIMESTAMP WITH TIME ZONE": "instant",
    },
    "postgres": {
        "text": "text",
        "character varying": "text",
        "bigint": "whole number",
        "integer": "whole number",
        "double precision": "float",
        "numeric": "decimal",
        "boolean": "boolean",
        "date": "date",
        "timestamp without time zone": "local timestamp",
        "timestamp with time zone": "instant",
    },
    "bigquery": {
        "STRING": "text",
        "INT64": "whole number",
        "FLOAT64": "float",
        "NUMERIC": "decimal",
        "BOOL": "boolean",
        "DATE": "date",
        "DATETIME": "local timestamp",
        "TIMESTAMP": "instant",
    },
}
# A sum or a count of whole numbers is numeric on PostgreSQL, a huge integer on DuckDB.
ALIKE = {("decimal", "whole number"), ("whole number", "decimal")}


@dataclass
class Table:
    """A table's columns with their types, in order, and its rows in any order."""

    columns: dict[str, str]
    rows: list[tuple[Any, ...]]


def differences(
    one: dict[str, Table], other: dict[str, Table], most: int = 5
) -> list[str]:
    """What differs, table, column, row and both values named; `most` a table."""
    found = [f"{name}: in one alone" for name in sorted(one.keys() ^ other.keys())]
    for name in sorted(one.keys() & other.keys()):
        found += table_differences(name, one[name], other[name])[:most]
    return found


def table_differences(name: str, one: Table, other: Table) -> list[str]:
    if list(one.columns) != list(other.columns):
        return [f"{name}: columns {list(one.columns)} and {list(other.columns)}"]
    found = [
        f"{name}.{column}: {kind} and {other.columns[column]}"
        for column, kind in one.columns.items()
        if kind != other.columns[column] and (kind, other.columns[column]) not in ALIKE
    ]
    if len(one.rows) != len(other.rows):
        found.append(f"{name}: {len(one.rows)} rows and {len(other.rows)}")
    rows = [sorted(map(normal_row, table.rows), key=sort_key) for table in (one, other)]
    for left, right in zip(*rows, strict=False):
        found += [
            f"{name}.{column}: {mine!r} and {theirs!r} in {left[:3]}"
            for column, mine, theirs in zip(one.columns, left, right, strict=True)
            if mine != theirs
        ]
    return found


def normal_row(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(map(normal, row))


def normal(value: Any) -> Any:
    """A value as it is compared: exactly, but for how a number is held."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC)
    return value


def sort_key(row: tuple[Any, ...]) -> list[tuple[str, str]]:
    """Nulls apart, numbers by their text: any order does, if it is the same."""
    return [(type(v).__name__ if v is None else "", as_text(v)) for v in row]


def as_text(value: Any) -> str:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{float(value):.12g}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def typed(dialect: str, columns: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Columns with the types' names here.

    Raises:
        KeyError: A type that is not in the list.
    """
    names = TYPES[dialect]
    return {name: names[kind.split("(")[0].strip()] for name, kind in columns}


def tables_of(warehouse: Any, schemas: list[str]) -> dict[str, Table]:
    """Every table and view of some schemas, named without the prefix.

    Without BUILT_AT, which is read from the clock of the machine.

    Args:
        warehouse: An open `Warehouse`.
        schemas: Without the prefix.
    """
    found = {}
    for name in schemas:
        schema = warehouse.engine.schema(name)
        for table, columns in column_types(warehouse.engine, schema).items():
            columns.pop(BUILT_AT, None)
            names = ", ".join(f'"{column}"' for column in columns)
            with warehouse.connect() as connection:
                statement = f'select {names} from "{schema}"."{table}"'
                rows = connection.execute(statement).fetchall()
            found[f"{name}.{table}"] = Table(columns, rows)
    return found


def column_types(engine: Engine, schema: str) -> dict[str, dict[str, str]]:
    """The columns of a schema's tables, but for dlt's own, with their types."""
    dialect = type(engine).__name__.removesuffix("Engine").lower()
    is_google = dialect == "bigquery"
    source = f"{schema}.INFORMATION_SCHEMA" if is_google else "information_schema"
    statement = (
        f"select table_name, column_name, data_type from {source}.COLUMNS "
        f"where table_schema = '{schema}' order by table_name, ordinal_position"
    )
    with engine.connect() as connection:
        run = connection.run if is_google else connection.execute
        rows = run(statement, {}).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        if not table.startswith("_dlt"):
            found.setdefault(table, []).append((column, kind))
    return {table: typed(dialect, columns) for table, columns in found.items()}
