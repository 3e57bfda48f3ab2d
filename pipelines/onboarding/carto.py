"""Ask a Carto account about a table, by its SQL API."""

from typing import Any

import msgspec

from pipelines.onboarding.sql_tables import KINDS, SqlTable
from pipelines.onboarding.tables import Column, Description, Kind, Row
from pipelines.sql import quote


def kind_of(field: dict[str, Any]) -> Kind:
    """A column's kind; all dates of Carto are instants, by which rows are found."""
    name = str(field.get("pgtype") or field.get("type"))
    kind = KINDS.get(name, "text")
    return "date" if kind == "instant" else kind


class CartoTable(SqlTable):
    """A table of Carto, asked by its SQL API. Its dates are shown in UTC."""

    has_points = False

    @property
    def name(self) -> str:
        return self.address.id

    def describe(self) -> Description:
        sql = f"SELECT * FROM {quote(self.name)} LIMIT 0"
        found = self._sql(sql, CartoFields, "its description")
        self.has_points = found.fields.get("the_geom", {}).get("type") == "geometry"
        return Description(
            columns=[
                Column(name, kind_of(field))
                for name, field in found.fields.items()
                if name != "cartodb_id" and field.get("type") != "geometry"
            ],
            title=self.name.replace("_", " "),
            row_number="cartodb_id",
            has_points=self.has_points,
        )

    def _rows(self, columns: str, rest: str, what: str) -> list[Row]:
        if columns == "*" and self.has_points:
            columns = (
                '*, ST_X("the_geom") AS geometry_x, ST_Y("the_geom") AS geometry_y'
            )
        return super()._rows(columns, rest, what)

    def select(self, sql: str, what: str) -> list[dict[str, Any]]:
        return list(self._sql(sql, CartoRows, what).rows)

    def _sql(self, sql: str, kind: Any, what: str) -> Any:
        url = self.address.url.partition("/tables/")[0] + "/api/v2/sql"
        return self.line.ask(url, {"q": sql}, kind, what, "POST")


class CartoFields(msgspec.Struct):
    """The columns of an answer of Carto."""

    fields: dict[str, dict[str, Any]]


class CartoRows(msgspec.Struct):
    """The rows of an answer of Carto."""

    rows: list[dict[str, Any]]
