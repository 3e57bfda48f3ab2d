"""Give BigQuery's client the interface of DuckDB's connection."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from google.cloud import bigquery

from pipelines.warehouse.engines.base import translated

if TYPE_CHECKING:
    from pipelines.warehouse.engines.bigquery import BigqueryEngine

# Rows up to this many bytes are sent along with a statement; BigQuery accepts 10 MB.
SENT_ALONG = 1_000_000

TYPES = {
    pa.string(): "STRING",
    pa.int64(): "INT64",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
}

TYPE_OF = {str: "STRING", int: "INT64", float: "FLOAT64", bool: "BOOL"}
TYPE_OF |= {datetime: "TIMESTAMP", date: "DATE"}


class Job:
    """A finished query."""

    def __init__(self, rows: Any):
        self.rows = rows

    def fetchall(self) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.rows]

    def to_arrow_table(self) -> pa.Table:
        return self.rows.to_arrow(create_bqstorage_client=False)


class Session:
    """BigQuery's client with the interface of DuckDB's connection."""

    def __init__(self, engine: "BigqueryEngine"):
        self._engine = engine
        self._sent: dict[str, pa.Table] = {}
        self.uploaded: dict[str, str] = {}

    def execute(self, sql: str, values: Mapping[str, Any] | None = None) -> Job:
        job = None
        for statement in translated(sql, "bigquery"):
            job = self.run(statement, values or {})
        assert job is not None
        return job

    def run(self, statement: str, values: Mapping[str, Any]) -> Job:
        """Run a statement in BigQuery's own dialect."""
        parameters: list[Any] = [
            bigquery.ScalarQueryParameter(name, TYPE_OF[type(value)], value)
            for name, value in values.items()
        ]
        for name, rows in self._sent.items():
            columns = ", ".join(f"sent.`{column}`" for column in rows.column_names)
            place = f"(select {columns} from unnest(@{name}) as sent)"
            statement, found = reads(statement, name, place)
            parameters += [as_parameter(name, rows)] if found else []
        for name, place in self.uploaded.items():
            statement, _ = reads(statement, name, f"`{place}`")
        return Job(self._engine.query(statement, parameters))

    def register(self, name: str, rows: pa.Table) -> None:
        self._sent.pop(name, None)
        if rows.nbytes <= SENT_ALONG:
            self._sent[name] = rows
        else:
            self.uploaded[name] = self._engine.upload(name, rows)


def reads(statement: str, name: str, place: str) -> tuple[str, bool]:
    """Replace a table in a statement by another; also whether it is read at all."""
    said, number = re.subn(rf"\b(FROM|JOIN) {name}\b", rf"\1 {place}", statement)
    return said, bool(number)


def as_parameter(name: str, rows: pa.Table) -> Any:
    """Rows as a query parameter: an array of structs."""
    types = {field.name: TYPES[field.type] for field in rows.schema}
    structs = [
        bigquery.StructQueryParameter(
            None, *(bigquery.ScalarQueryParameter(n, types[n], row[n]) for n in types)
        )
        for row in rows.to_pylist()
    ]
    kind = bigquery.StructQueryParameterType(
        *(bigquery.ScalarQueryParameterType(t, name=n) for n, t in types.items())
    )
    return bigquery.ArrayQueryParameter(name, kind, structs)
