"""Answer as an ArcGIS FeatureServer layer does.

https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/
"""

import math
import re
from datetime import datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

import pyarrow as pa

from demo.portal.exchange import Asked, Reply, arcgis_problem, arcgis_reply
from demo.portal.layer_statistics import different, statistics
from demo.portal.soql.expression import Expression, SoqlError, as_number, mismatch
from demo.portal.soql.parser import Parser
from demo.portal.soql.query import shuffled
from demo.portal.sql import quote
from demo.portal.store import Dataset, Store
from demo.portal.values import Rows, to_table

ESRI_TYPES = {
    "oid": "esriFieldTypeOID",
    "date": "esriFieldTypeDate",
    "string": "esriFieldTypeString",
    "double": "esriFieldTypeDouble",
    "integer": "esriFieldTypeInteger",
}
# Columns, in degrees, of a row's point, which is not among the fields.
POINT = {"x", "y"}
# Radius of the sphere of Web Mercator, in meters.
EARTH = 6_378_137.0
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?")


class LayerOptions(TypedDict, total=False):
    """What else `Layer` takes."""

    max_record_count: int
    literal_zone: str


class Layer(Dataset):
    """A layer; dates are epoch milliseconds, stored as text.

    Rows without an object id get the next one; `replace` renumbers all rows.
    `max_record_count` caps every page, whatever a reader asks for. A query's times are
    read on the clock of `literal_zone`. Columns of type `x` and `y` are the rows'
    points: meters of Web Mercator unless degrees (`outSR=4326`) are asked for.
    """

    key: str

    def __init__(
        self,
        store: Store,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        *,
        max_record_count: int = 1000,
        literal_zone: str = "UTC",
    ):
        if unknown := set(columns.values()) - set(ESRI_TYPES) - POINT:
            raise ValueError(f"{name}: no such field types: {sorted(unknown)}")
        key = next(field for field, kind in columns.items() if kind == "oid")
        self.max_record_count = max_record_count
        self.literal_zone = ZoneInfo(literal_zone)
        self.next_object_id = 1
        super().__init__(store, name, rows, columns, key)

    def replace(self, rows: Rows) -> None:
        """Replace all rows; object ids continue from the highest one."""
        table = to_table(rows, list(self.columns))
        super().replace(
            table.drop_columns([self.key]) if self.key in table.column_names else table
        )

    def _text(self, rows: Rows) -> pa.Table:
        table = super()._text(rows)
        given = [None] * table.num_rows
        if self.key in table.column_names:
            given = table[self.key].to_pylist()
            table = table.drop_columns([self.key])
        object_ids = [self._object_id(text) for text in given]
        return table.append_column(self.key, pa.array(object_ids, pa.string()))

    def _object_id(self, given: str | None) -> str:
        """Return the id given, or else the next one."""
        number = int(given or self.next_object_id)
        self.next_object_id = max(self.next_object_id, number + 1)
        return str(number)

    def fields(self, names: list[str] | None = None) -> list[dict[str, str]]:
        """Return the description of some fields, or of all."""
        return [
            {"name": name, "type": ESRI_TYPES[kind], "alias": name}
            for name, kind in self.columns.items()
            if kind not in POINT and (names is None or name in names)
        ]

    @property
    def point(self) -> list[str]:
        """The columns of its points, x first; empty for a table."""
        by_axis = {kind: name for name, kind in self.columns.items() if kind in POINT}
        return [by_axis[axis] for axis in sorted(by_axis)]

    def metadata(self) -> dict[str, object]:
        """Return the description that is served at the layer's own URL."""
        edited = int(self.rows_updated_at.timestamp() * 1000)
        return {
            "currentVersion": 11.5,
            "id": 0,
            "name": self.name.split("/")[-3],
            "type": "Feature Layer",
            **({"geometryType": "esriGeometryPoint"} if self.point else {}),
            "objectIdField": self.key,
            "maxRecordCount": self.max_record_count,
            "supportedQueryFormats": "JSON",
            "capabilities": "Query",
            "editingInfo": {"lastEditDate": edited, "dataLastEditDate": edited},
            "fields": self.fields(),
        }


def layer_reply(layer: Layer, asked: Asked, salt: int) -> Reply:
    """Answer for the layer itself or for its `/query`; errors have status 200."""
    parameters = {name.lower(): value for name, value in asked.form.items()}
    if not asked.path.endswith("/query"):
        return arcgis_reply(layer.metadata())
    try:
        return arcgis_reply(answer(layer, parameters, asked, salt))
    except SoqlError as error:
        message = "Cannot perform query. Invalid query parameters."
        return arcgis_problem(400, message, str(error))


def answer(
    layer: Layer, parameters: dict[str, str], asked: Asked, salt: int
) -> dict[str, object]:
    """Return the answer to a query in ArcGIS's format."""
    where = condition(layer, parameters.get("where", ""))
    if "outstatistics" in parameters:
        return statistics(layer, parameters, where)
    if parameters.get("returncountonly", "").lower() == "true":
        if parameters.get("returndistinctvalues", "").lower() == "true":
            return {"count": different(layer, parameters, where)}
        sql = f"select count(*) as count from {layer.table} where {where}"
        return {"count": layer.store.run(sql)["count"][0].as_py()}
    if parameters.get("returnidsonly", "").lower() == "true":
        sql = f"select {quote(layer.key)} from {layer.table} where {where}"
        ids = [int(number) for number in layer.store.run(sql)[0].to_pylist()]
        return {"objectIdFieldName": layer.key, "objectIds": ids}
    names = out_fields(layer, parameters.get("outfields", layer.key))
    limit = min(
        whole_number(parameters, "resultrecordcount", layer.max_record_count),
        layer.max_record_count,
        asked.row_cap or layer.max_record_count,
    )
    order = order_by(layer, parameters.get("orderbyfields", ""), salt)
    offset = whole_number(parameters, "resultoffset", 0)
    has_points = parameters.get("returngeometry", "true").lower() == "true"
    points = layer.point if has_points else []
    found = layer.store.run(
        f"select {', '.join(map(quote, [*names, *points]))} from {layer.table} "
        f"where {where} order by {order} limit {limit + 1} offset {offset}"
    )
    features: list[dict[str, object]] = [
        {"attributes": row_values(layer, row, names)}
        | ({"geometry": place(row, points, parameters)} if points else {})
        for row in found.slice(0, limit).to_pylist()
    ]
    features += features[:1] if asked.repeats_rows else []
    result: dict[str, object] = {
        "objectIdFieldName": layer.key,
        "fields": layer.fields(names),
        "features": features,
    }
    return result | ({"exceededTransferLimit": True} if found.num_rows > limit else {})


def row_values(
    layer: Layer, row: dict[str, str | None], names: list[str]
) -> dict[str, object]:
    """Return a row's values: numbers and dates as numbers, nulls as they are."""
    casts = {"oid": int, "date": int, "integer": int, "double": float, "string": str}
    return {
        name: None if (text := row[name]) is None else casts[layer.columns[name]](text)
        for name in names
    }


def place(
    row: dict[str, str | None], points: list[str], parameters: dict[str, str]
) -> dict[str, object] | None:
    """Return a row's point, or null: in degrees if asked for, else in meters."""
    degrees = [float(row[name] or "nan") for name in points]
    if any(map(math.isnan, degrees)):
        return None
    x, y = degrees
    if parameters.get("outsr") != "4326":
        x = math.radians(x) * EARTH
        y = math.log(math.tan(math.pi / 4 + math.radians(y) / 2)) * EARTH
    if digits := parameters.get("geometryprecision"):
        x, y = round(x, int(digits)), round(y, int(digits))
    return {"x": x, "y": y}


def out_fields(layer: Layer, wanted: str) -> list[str]:
    """Return the names of the requested fields, as the layer spells them."""
    if wanted.strip() == "*":
        return [name for name, kind in layer.columns.items() if kind not in POINT]
    return [field_name(layer, name) for name in wanted.split(",")]


def field_name(layer: Layer, name: str) -> str:
    """Return a field's name as the layer spells it; case does not matter."""
    fields = (name for name, kind in layer.columns.items() if kind not in POINT)
    spelt = {column.lower(): column for column in fields}
    if name.strip().lower() not in spelt:
        raise SoqlError("", f"'Invalid field: {name.strip()}' parameter is invalid")
    return spelt[name.strip().lower()]


def order_by(layer: Layer, wanted: str, salt: int) -> str:
    """Return SQL for `orderByFields`; without it the rows are shuffled."""
    terms = []
    for term in filter(None, wanted.split(",")):
        name, _, direction = term.strip().partition(" ")
        if direction.strip().lower() not in ("", "asc", "desc"):
            raise SoqlError("", "'orderByFields' parameter is invalid")
        name = field_name(layer, name)
        terms.append(f"{field(name, layer.columns[name]).sql} {direction}")
    return ", ".join(terms) or shuffled(salt)


def whole_number(parameters: dict[str, str], name: str, default: int) -> int:
    """Return a parameter as a number of rows."""
    text = parameters.get(name) or str(default)
    if not text.isdigit():
        raise SoqlError("", f"'{name}' parameter is invalid")
    return int(text)


def field(name: str, kind: str) -> Expression:
    """Return a field as an expression that compares by its type."""
    stored = quote(name)
    if kind == "string":
        return Expression(stored, "text", name, stored)
    if kind == "double":
        return Expression(as_number(stored), "number", name, stored)
    kind = "date" if kind == "date" else "number"
    return Expression(f"try_cast({stored} as bigint)", kind, name, stored)


class WhereParser(Parser):
    """ArcGIS's `where`: as SoQL's, with names in any case and dates as `TIMESTAMP`."""

    zone: ZoneInfo

    def _primary(self) -> Expression:
        if self.peek("timestamp", "date") and self.tokens[self.at + 1][0] == "text":
            self.at += 2
            return moment(self.tokens[self.at - 1][1][1:-1], self.zone)
        return super()._primary()


def moment(text: str, zone: ZoneInfo) -> Expression:
    """Return the literal `YYYY-MM-DD[ HH:MM:SS]` as epoch milliseconds."""
    if not TIMESTAMP.fullmatch(text):
        raise mismatch(f"{text!r} is not a timestamp")
    instant = datetime.fromisoformat(text).replace(tzinfo=zone)
    return Expression(str(int(instant.timestamp() * 1000)), "date")


def condition(layer: Layer, where: str) -> str:
    """Return the SQL of a `where`, which ArcGIS requires."""
    if not where.strip():
        raise SoqlError("", "'where' clause is required")
    fields = {
        name.lower(): field(name, kind)
        for name, kind in layer.columns.items()
        if kind not in POINT
    }
    parser = WhereParser(where, fields)
    parser.zone = layer.literal_zone
    translated = parser.expression().sql
    parser.done()
    return translated
