"""Answer as the DataStore of a CKAN portal does.

https://docs.ckan.org/en/2.11/maintaining/datastore.html#the-datastore-api
"""

import json
import re
from datetime import date, datetime
from typing import Any

import duckdb

from demo.portal.exchange import Asked, Reply
from demo.portal.postgres import PostgresTable, in_postgres_words
from demo.portal.store import Dataset, Store
from demo.portal.values import Rows

ACTION = re.compile(r"/api/(?:3/)?action/(\w+)")

FROM = re.compile(r'\bfrom "([0-9a-f-]{36})"', re.IGNORECASE)


class Resource(PostgresTable):
    """A table of a DataStore, under the id of its resource.

    Rows are numbered (`_id`) in the order in which they came. A portal may offer no
    SQL: then `answers_sql` is False.
    """

    row_number = "_id"

    def __init__(
        self,
        store: Store,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
        *,
        answers_sql: bool = True,
    ):
        self.answers_sql = answers_sql
        super().__init__(store, name, rows, columns, key)

    def fields(self) -> list[dict[str, str]]:
        """Return the description of the columns, `_id` first."""
        described = [{"id": name, "type": kind} for name, kind in self.columns.items()]
        return [{"id": "_id", "type": "int"}, *described]


def action_reply(resources: dict[str, Dataset], asked: Asked) -> Reply:
    """Answer for an action, whose parameters come in the address or as a form."""
    match = ACTION.fullmatch(asked.path)
    action, form = match[1] if match else "", asked.form
    if action == "datastore_search_sql":
        return sql_reply(resources, form.get("sql", ""))
    name = form.get("resource_id") or form.get("id", "")
    resource = resources.get(name)
    if not isinstance(resource, Resource):
        return failed(404, "Not Found Error", message=f"Resource {name} was not found.")
    if action == "resource_show":
        changed = resource.rows_updated_at.replace(tzinfo=None).isoformat()
        return done(
            {"id": name, "last_modified": changed, "metadata_modified": changed}
        )
    if action == "datastore_search" and form.get("limit") == "0":
        return done(
            {"fields": resource.fields(), "records": [], "total": resource.count}
        )
    return failed(400, "Bad Request", message=f"Action name not known: {action}")


def sql_reply(resources: dict[str, Dataset], sql: str) -> Reply:
    """Answer for a single `select` from one resource."""
    found = FROM.search(sql)
    resource = resources.get(found[1] if found else "")
    if not isinstance(resource, Resource) or not resource.answers_sql:
        message = "Action name not known: datastore_search_sql"
        return failed(400, "Bad Request", message=message)
    if not sql.lower().startswith("select ") or ";" in sql:
        return failed(
            409, "Validation Error", query=["Query is not a single statement."]
        )
    try:
        rows = resource.select(sql)
    except duckdb.Error as error:
        return failed(409, "Validation Error", query=[in_ckan_words(str(error))])
    fields = [field for field in resource.fields() if field["id"] in rows.column_names]
    return done({"sql": sql, "records": rows.to_pylist(), "fields": fields})


def in_ckan_words(said: str) -> str:
    """DuckDB's message about a column that is not there, as CKAN has it."""
    words = in_postgres_words(said)
    return f"(UndefinedColumn) {words}" if "does not exist" in words else words


def done(result: dict[str, Any]) -> Reply:
    """Return the answer of an action that succeeded."""
    return reply(200, {"success": True, "result": result})


def failed(status: int, kind: str, **told: Any) -> Reply:
    """Return an error as CKAN sends it."""
    return reply(status, {"success": False, "error": {"__type": kind, **told}})


def reply(status: int, body: dict[str, Any]) -> Reply:
    headers = {"Content-Type": "application/json;charset=utf-8"}
    return Reply(status, json.dumps(body, default=as_json).encode(), headers)


def as_json(value: date | datetime) -> str:
    """A value that JSON has no type for, as CKAN writes it."""
    return value.isoformat()
