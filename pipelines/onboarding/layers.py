"""Ask an ArcGIS server about a layer."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.errors import PortalError, Retryable
from pipelines.onboarding.addresses import Address
from pipelines.onboarding.asking import Line
from pipelines.onboarding.layer_shapes import Counted, Feature, Item, Layer, Page
from pipelines.onboarding.tables import (
    Column,
    Description,
    Figures,
    Kind,
    Months,
    Row,
    Table,
)
from pipelines.onboarding.times import moment_of, of_epoch
from pipelines.portals.layer_query import AS_DEGREES, literal
from pipelines.portals.layer_rows import DATE, GEOMETRY, NUMBERS, OBJECT_ID, POINT

SAMPLE_ROWS = 1_000

# Each is counted by a request of its own.
MOST_KEYS = 3

ITEMS = "https://www.arcgis.com/sharing/rest/content/items"

KINDS: dict[str, Kind] = {
    DATE: "date",
    "esriFieldTypeBigInteger": "number",
    "esriFieldTypeString": "text",
    **{f"esriFieldType{name}": "number" for name in NUMBERS},
}


class LayerTable(Table):
    """A layer, or a table without geometry."""

    def __init__(self, address: Address, line: Line, item: Item | None = None):
        self.address, self.line, self.item = address, line, item
        self.object_id = ""
        self.dates: list[str] = []
        self.has_points = False

    def describe(self) -> Description:
        url, host = self.address.url, self.address.host
        layer: Layer = self.line.ask(url, {"f": "json"}, Layer, "its description")
        if not layer.fields:
            raise PortalError(
                f"{host} describes {url} as a {layer.type or 'layer'} without fields: "
                "give the address of a layer with rows."
            )
        typed = [f.name for f in layer.fields if f.type == OBJECT_ID]
        self.object_id = layer.objectIdField or next(iter(typed), "")
        if not self.object_id:
            raise PortalError(
                f"{host} names no object id of {url}: without one its rows can't be "
                "read page by page."
            )
        self.has_points = layer.geometryType == POINT
        self.dates = [f.name for f in layer.fields if f.type == DATE]
        item = self.item or self._item(layer.serviceItemId) or Item()
        texts = (layer.description, item.snippet, item.description)
        return Description(
            columns=[
                Column(f.name, KINDS.get(f.type, "other"), f.alias or "")
                for f in layer.fields
                if f.name != self.object_id and f.type != "esriFieldTypeGeometry"
            ],
            title=item.title or layer.name,
            text=" ".join(filter(None, texts)),
            license=item.licenseInfo or "",
            attribution=item.accessInformation or layer.copyrightText or "",
            row_number=self.object_id,
            has_points=self.has_points,
        )

    def _item(self, name: str | None) -> Item | None:
        """The item of a hosted layer, which alone has the license."""
        if not name:
            return None
        try:
            item: Item = self.line.ask(
                f"{ITEMS}/{name}", {"f": "json"}, Item, "the item"
            )
        except PortalError:
            return None  # It is not public; the license then counts as blank.
        return item

    def sample(self) -> list[Row]:
        return self._rows({"where": "1=1"}, "a sample of rows")

    def newest(self, column: str, until: datetime) -> list[Row]:
        limit = literal(until.replace(tzinfo=UTC), ZoneInfo("UTC"))
        query = {"where": f"{column} <= {limit}", "orderByFields": f"{column} DESC"}
        return self._rows(query, "its newest rows")

    def figures(self, keys: list[str], dates: list[str]) -> Figures:
        names = list(dict.fromkeys([*keys, *dates]))
        asked = [("count", self.object_id, "n")]
        asked += [("count", name, f"filled_{i}") for i, name in enumerate(names)]
        for number, name in enumerate(dates):
            asked.append(("min", name, f"least_{number}"))
            asked.append(("max", name, f"most_{number}"))
        one = {k.lower(): v for k, v in self._statistics(asked)[0].items()}
        return Figures(
            rows=int(one.get("n") or 0),
            filled={n: int(one.get(f"filled_{i}") or 0) for i, n in enumerate(names)},
            different={name: self._different(name) for name in keys[:MOST_KEYS]},
            spans={
                name: (
                    moment_of(of_epoch(one.get(f"least_{i}"))),
                    moment_of(of_epoch(one.get(f"most_{i}"))),
                )
                for i, name in enumerate(dates)
            },
        )

    def months(self, column: str) -> Months | None:
        groups = f"EXTRACT(YEAR FROM {column}),EXTRACT(MONTH FROM {column})"
        try:
            rows = self._statistics([("count", self.object_id, "n")], groups)
        except Retryable:
            raise
        except PortalError:
            return None  # Not every server groups by an expression.
        months: Months = {}
        for row in rows:
            numbers = [v for v in row.values() if isinstance(v, int | float)]
            if len(numbers) == 3 and 1 <= numbers[0] <= 9999 and 1 <= numbers[1] <= 12:
                months[date(int(numbers[0]), int(numbers[1]), 1)] = int(numbers[2])
        return months

    def values(self, column: str) -> dict[str, int] | None:
        try:
            rows = self._statistics([("count", self.object_id, "n")], column)
        except Retryable:
            raise
        except PortalError:
            return None
        counts = {}
        for row in rows:
            number = next((v for k, v in row.items() if k.lower() == "n"), 0)
            text = next((v for k, v in row.items() if k.lower() == column.lower()), "")
            if text not in (None, ""):
                counts[str(text)] = int(number or 0)
        return dict(sorted(counts.items(), key=lambda pair: -pair[1]))

    def answers_for(
        self, column: str, moment: datetime, zone: ZoneInfo
    ) -> set[datetime] | None:
        instant = moment.replace(tzinfo=UTC)
        first, after = (
            literal(each, zone) for each in (instant, instant + timedelta(seconds=1))
        )
        query = {"where": f"{column} >= {first} AND {column} < {after}"}
        rows = self._rows(query | {"outFields": column}, "rows of one second")
        read = (moment_of(row.get(column)) for row in rows)
        return {found.replace(microsecond=0) for found in read if found}

    def _different(self, name: str) -> int:
        query = {
            "where": f"{name} IS NOT NULL",
            "outFields": name,
            "returnDistinctValues": "true",
            "returnCountOnly": "true",
            "returnGeometry": "false",
        }
        return int(self._query(query, Counted, f"the values of {name}").count)

    def _statistics(
        self, asked: list[tuple[str, str, str]], groups: str = ""
    ) -> list[dict[str, Any]]:
        statistics = [
            {
                "statisticType": kind,
                "onStatisticField": name,
                "outStatisticFieldName": out,
            }
            for kind, name, out in asked
        ]
        query = {"where": "1=1", "outStatistics": json.dumps(statistics)}
        if groups:
            query["groupByFieldsForStatistics"] = groups
        page: Page = self._query(query, Page, "counts of its rows and values")
        return [feature.attributes for feature in page.features] or [{}]

    def _rows(self, query: dict[str, str], what: str) -> list[Row]:
        asked = {
            "outFields": "*",
            "resultRecordCount": str(SAMPLE_ROWS),
            "returnGeometry": "false",
            **query,
        }
        if self.has_points:
            asked |= AS_DEGREES
        page: Page = self._query(asked, Page, what)
        return [self._row(feature) for feature in page.features]

    def _row(self, feature: Feature) -> Row:
        row: Row = {}
        for name, value in feature.attributes.items():
            is_date = name in self.dates
            row[name] = of_epoch(value) if is_date else None
            if not is_date and value is not None:
                row[name] = str(value)
        if self.has_points and isinstance(feature.geometry, dict):
            for column, axis in GEOMETRY.items():
                value = feature.geometry.get(axis)
                row[column] = str(value) if isinstance(value, int | float) else None
        return row

    def _query(self, query: dict[str, str], kind: Any, what: str) -> Any:
        url = f"{self.address.url}/query"
        return self.line.ask(url, {**query, "f": "json"}, kind, what)
