"""Answer as the SQL API of a Carto account does.

https://carto.com/developers/sql-api/guides/making-calls
"""

import json
import re
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any

import duckdb

from demo.portal.exchange import Asked, Reply
from demo.portal.postgres import PostgresTable, in_postgres_words
from demo.portal.store import Dataset, Store
from demo.portal.values import Rows

PATH = "/api/v2/sql"

FROM = re.compile(r'\bfrom "(\w+)"', re.IGNORECASE)

# The types of an answer's values, by PostgreSQL's.
JSON_TYPES = {
    "text": "string",
    "timestamp": "date",
    "timestamptz": "date",
    "date": "date",
    "numeric": "number",
    "float8": "number",
    "int4": "number",
    "bool": "boolean",
}

# PostGIS's functions, of points that are text.
POSTGIS = """
create or replace macro st_x(p) as
    try_cast(regexp_extract(p, '\\((\\S+) ', 1) as double);
create or replace macro st_y(p) as
    try_cast(regexp_extract(p, ' (\\S+)\\)', 1) as double);
"""


class Table(PostgresTable):
    """A table of an account; points are text such as `POINT (-75.16 39.95)`.

    A server may not know when its tables change (`knows_changes`), and may not name
    PostgreSQL's types (`names_types`).
    """

    row_number = "cartodb_id"

    def __init__(
        self,
        store: Store,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
        *,
        knows_changes: bool = True,
        names_types: bool = True,
    ):
        self.knows_changes, self.names_types = knows_changes, names_types
        store.run(POSTGIS)
        super().__init__(store, name, rows, columns, key)

    def field(self, name: str) -> dict[str, Any]:
        """Return the description of a column of an answer."""
        kind = self.columns.get(name, "int4")
        if kind == "geometry":
            return {"type": "geometry", "wkbtype": "Unknown", "dims": 2, "srid": 4326}
        return {"type": JSON_TYPES[kind]} | (
            {"pgtype": kind} if self.names_types else {}
        )


def sql_reply(tables: dict[str, Dataset], asked: Asked, now: datetime) -> Reply:
    """Answer for a single `select` from one table, which comes as the parameter `q`."""
    sql = asked.form.get("q", "")
    if not sql:
        return failed("You must indicate a sql query")
    name = found[1] if (found := FROM.search(sql)) else ""
    table = tables.get(name)
    if not isinstance(table, Table):
        return failed(f'relation "{name}" does not exist')
    if ";" in sql or not sql.lower().startswith("select "):
        return failed("permission denied for relation " + name, status=403)
    try:
        rows = table.select(sql)
    except duckdb.Error as error:
        return failed(in_postgres_words(str(error)))
    body = {
        "rows": rows.to_pylist(),
        "time": 0.006,
        "fields": {column: table.field(column) for column in rows.column_names},
        "total_rows": rows.num_rows,
    }
    answer, now = reply(200, body), now.astimezone(UTC)
    changed = table.rows_updated_at if table.knows_changes else now
    answer.headers["Date"] = format_datetime(now, usegmt=True)
    answer.headers["Last-Modified"] = format_datetime(changed, usegmt=True)
    return answer


def failed(message: str, status: int = 400) -> Reply:
    """Return an error as Carto sends it."""
    return reply(status, {"error": [message]})


def reply(status: int, body: dict[str, Any]) -> Reply:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(status, json.dumps(body, default=as_json).encode(), headers)


def as_json(value: date | datetime) -> str:
    """A date as Carto writes it: in UTC, whether it has a zone or not."""
    if not isinstance(value, datetime):
        return f"{value}T00:00:00Z"
    return f"{value.astimezone(UTC) if value.tzinfo else value:%FT%TZ}"
