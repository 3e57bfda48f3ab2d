"""Answer as a Socrata portal does by SODA 2: rows in a format, and metadata.

https://dev.socrata.com/docs/endpoints
"""

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from email.utils import format_datetime, parsedate_to_datetime

import duckdb
import pyarrow as pa
from pyarrow import csv

from demo.portal.exchange import Asked, Reply, pretty, problem
from demo.portal.soql.expression import SoqlError
from demo.portal.soql.query import Query, as_statement, first_and_last, parse, to_sql
from demo.portal.sql import quote, text_literal
from demo.portal.store import Dataset, Store
from demo.portal.values import Rows, to_json

CONTENT_TYPES = {
    "json": "application/json;charset=utf-8",
    "csv": "text/csv; charset=UTF-8",
    "geojson": "application/vnd.geo+json;charset=utf-8",
}
LEGACY_LIMIT = 50_000
HEADER_LIMIT = 5_000
FIRST_COLUMN_ID = 500_000_000
AS_VALID = csv.WriteOptions(include_header=False, quoting_style="all_valid")


class SodaDataset(Dataset):
    """A data set on a Socrata portal.

    Args:
        store: The portal's database.
        name: Its id, such as `wg3w-h783`.
        rows: What it publishes.
        columns: Metadata types by field name.
        key: The row identifier, if the publisher set one.
        title: Its name in the metadata.
        is_legacy: Answer as SODA 2.0: text compares without regard to case.
        metadata: Additional metadata, which overrides what the portal makes up.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
        *,
        title: str = "",
        is_legacy: bool = False,
        metadata: dict[str, object] | None = None,
    ):
        super().__init__(store, name, rows, columns, key)
        self.title, self.is_legacy = title or name, is_legacy
        self.extra_metadata = metadata or {}
        self.created_at = self.rows_updated_at

    def metadata(self) -> dict[str, object]:
        """Return the description that `/api/views/{id}.json` serves."""
        columns = [
            {
                "id": FIRST_COLUMN_ID + position,
                "name": name.replace("_", " ").title(),
                "dataTypeName": kind,
                "fieldName": name,
                "position": position,
                "renderTypeName": kind,
            }
            for position, (name, kind) in enumerate(self.columns.items(), 1)
        ]
        details: dict[str, object] = {
            "custom_fields": {"Publishing Details": {"Update Frequency": "Daily"}}
        }
        updated = int(self.rows_updated_at.timestamp())
        known = {
            "id": self.name,
            "name": self.title,
            "assetType": "dataset",
            "createdAt": int(self.created_at.timestamp()),
            "newBackend": not self.is_legacy,
            "publicationDate": int(self.created_at.timestamp()),
            "publicationStage": "published",
            "rowsUpdatedAt": updated,
            "viewLastModified": updated,
            "viewType": "tabular",
            "columns": columns,
            "metadata": details,
        }
        if self.key:
            key_id = FIRST_COLUMN_ID + 1 + list(self.columns).index(self.key)
            known["rowIdentifierColumnId"] = details["rowIdentifier"] = key_id
        return {**known, **self.extra_metadata}


def metadata_reply(dataset: SodaDataset) -> Reply:
    """Return the answer of `/api/views/{id}.json`."""
    content_type = "application/json; charset=utf-8"
    headers = {"Content-Type": content_type, "Vary": "Accept-Encoding"}
    return Reply(200, pretty(dataset.metadata()), headers)


def rows_reply(dataset: SodaDataset, asked: Asked, form: str, salt: int) -> Reply:
    """Answer a query for rows, which is in the URL.

    Args:
        dataset: The requested data set.
        asked: The request.
        form: `csv`, `json` or `geojson`.
        salt: Shuffles rows if the query specifies no order.
    """
    parameters = asked.query
    if parameters.get("$$exclude_system_fields") == "false" and dataset.is_legacy:
        parameters = {"$select": ":*,*", **parameters}

    def parsed() -> Query:
        query = parse(parameters, dataset, ignore_case=dataset.is_legacy)
        if dataset.is_legacy and (query.limit or 0) > LEGACY_LIMIT:
            message = f"length must be <= {LEGACY_LIMIT}"
            raise SoqlError("query.compiler.malformed", message)
        return query

    return answer(dataset, asked, form, salt, parsed, as_statement(parameters))


def answer(
    dataset: SodaDataset,
    asked: Asked,
    form: str,
    salt: int,
    parsed: Callable[[], Query],
    statement: str,
) -> Reply:
    """Run a query and write its rows; a 400 says what is wrong with it.

    Args:
        parsed: Returns the query, or raises SoqlError.
        statement: The query as text.
    """
    headers = version_headers(dataset, asked)
    if is_known(dataset, asked, headers):
        return Reply(304, b"", headers)
    try:
        query = parsed()
        if asked.row_cap:
            query.limit = min(query.limit or asked.row_cap, asked.row_cap)
        table = read(query, dataset, salt)
    except SoqlError as error:
        return refusal(error, dataset, statement)
    if asked.repeats_rows:
        table = pa.concat_tables([table, table.slice(0, 1)])
    kinds = {name: e.type for name, e in query.outputs.items()}
    headers |= {"Content-Type": CONTENT_TYPES[form]}
    headers |= {} if asked.hides_types else type_headers(kinds)
    return Reply(200, RENDER[form](table, kinds), headers)


def read(query: Query, dataset: Dataset, salt: int) -> pa.Table:
    """Run a query; the columns of the answer are named by its outputs."""
    span = None
    if query.follows_id and not query.is_grouped:
        found = dataset.store.run(first_and_last(query, dataset)).to_pylist()[0]
        span = found["first"] or 0, found["last"] or 0
    sql = to_sql(query, dataset, salt, span)
    try:
        table = dataset.store.run(sql)
    except duckdb.BinderException as error:
        ungrouped = re.search(r'column "(.+?)" must appear in the GROUP BY', str(error))
        if not ungrouped:
            raise
        code, name = "query.soql.column-not-in-group-bys", ungrouped[1]
        message = f"Column not in group bys: {name}"
        raise SoqlError(code, message, column=name) from error
    return table.rename_columns(list(query.outputs))


def render_csv(table: pa.Table, kinds: dict[str, str]) -> bytes:
    """Write every value in quotes, null as nothing, rows ending in a line feed."""
    header = ",".join('"' + name.replace('"', '""') + '"' for name in kinds)
    sink = io.BytesIO()
    sink.write(header.encode() + b"\n")
    csv.write_csv(table, sink, AS_VALID)
    return sink.getvalue()


def render_json(table: pa.Table, kinds: dict[str, str]) -> bytes:
    """Write one object per line; keys with null values are left out."""
    body = "\n,".join(compact(row) for row in objects(table, kinds))
    return f"[{body}]\n".encode()


def render_geojson(table: pa.Table, kinds: dict[str, str]) -> bytes:
    """Write features; the first point is the geometry, nulls are kept."""
    place = next((name for name, kind in kinds.items() if kind == "point"), None)
    features = []
    for row in objects(table, kinds):
        properties = {name: row.get(name) for name in kinds if name != place}
        geometry = row.get(place) if place else None
        features.append(
            {"type": "Feature", "geometry": geometry, "properties": properties}
        )
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    collection = {"type": "FeatureCollection", "features": features, "crs": crs}
    return compact(collection).encode() + b"\n"


RENDER = {"csv": render_csv, "json": render_json, "geojson": render_geojson}


def objects(table: pa.Table, kinds: dict[str, str]) -> list[dict[str, object]]:
    """Return the rows as JSON objects without nulls."""
    columns = [
        [None if text is None else to_json(text, kind) for text in column.to_pylist()]
        for column, kind in zip(table.columns, kinds.values(), strict=True)
    ]
    rows = zip(*columns, strict=True)
    return [
        {n: v for n, v in zip(kinds, row, strict=True) if v is not None} for row in rows
    ]


def compact(value: object) -> str:
    """Return JSON without whitespace."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def version_headers(dataset: SodaDataset, asked: Asked) -> dict[str, str]:
    """Return the headers that identify the version of the data."""
    accepted = [value for name, value in asked.headers.items() if name[:6] == "accept"]
    what = [asked.query_string, *filter(None, [asked.body]), accepted]
    asked_for = hashlib.md5(repr(what).encode())
    version = f"hotel.{dataset.name}_{dataset.version}"
    tags = [base64.urlsafe_b64encode(version.encode()).decode(), asked_for.hexdigest()]
    moment = format_datetime(dataset.rows_updated_at, usegmt=True)
    headers = {
        "ETag": '"' + "---gzip".join(tags) + '--gzip--gzip"',
        "Last-Modified": moment,
        "Vary": "Accept-Encoding",
        "Age": "0",
        "X-SODA2-Data-Out-Of-Date": str(asked.is_outdated).lower(),
        "X-SODA2-Truth-Last-Modified": moment,
        "X-SODA2-Secondary-Last-Modified": moment,
    }
    return headers | ({"X-SODA2-Legacy-Types": "true"} if dataset.is_legacy else {})


def is_known(dataset: SodaDataset, asked: Asked, headers: dict[str, str]) -> bool:
    """Whether the reader already has this answer."""
    if "if-none-match" in asked.headers:
        return headers["ETag"] in asked.headers["if-none-match"]
    if since := asked.headers.get("if-modified-since"):
        return parsedate_to_datetime(since) >= dataset.rows_updated_at
    return False


def type_headers(kinds: dict[str, str]) -> dict[str, str]:
    """Return the deprecated headers that name the columns and their types."""
    renamed = {"calendar_date": "floating_timestamp"}
    names, types = (
        compact(list(kinds)),
        compact([renamed.get(kind, kind) for kind in kinds.values()]),
    )
    if len(names) + len(types) > HEADER_LIMIT:
        return {"X-SODA2-Warning": "X-SODA2-Fields and X-SODA2-Types are too long"}
    return {"X-SODA2-Fields": names, "X-SODA2-Types": types}


def row_reply(dataset: SodaDataset, row: str, form: str) -> Reply:
    """Answer for one row, by row identifier or `:id`: an object, not an array."""
    column = dataset.key if dataset.key and not row.startswith("row-") else ":id"
    names = ", ".join(map(quote, dataset.columns))
    table = dataset.store.run(
        f"select {names} from {dataset.table} "
        f"where {quote(column)} = {text_literal(row)}"
    )
    if not table.num_rows:
        return problem(404, "soda.row.not-found", "Row not found", id=row)
    body = RENDER[form](table, dataset.columns)
    if form == "json":
        body = body[1:].replace(b"]\n", b"\n")
    return Reply(200, body, {"Content-Type": CONTENT_TYPES[form]})


def refusal(error: SoqlError, dataset: Dataset, statement: str) -> Reply:
    """Return the 400 for a query; its body names what is wrong."""
    line = json.dumps(statement, ensure_ascii=False)
    body = {
        "message": f"Query coordinator error: {error.code}; {error.message}; "
        f"position: Map(row -> 1, line -> {line})",
        "errorCode": error.code,
        "data": {**error.data, "dataset": f"foxtrot.{dataset.name}"},
    }
    headers = {"Content-Type": CONTENT_TYPES["json"], "X-Error-Code": error.code}
    return Reply(400, compact(body).encode() + b"\n", headers)
