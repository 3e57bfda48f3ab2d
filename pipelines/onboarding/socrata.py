"""Ask a Socrata portal about a table."""

from datetime import datetime
from typing import Any

import msgspec

from pipelines.errors import PortalError
from pipelines.onboarding.addresses import Address
from pipelines.onboarding.answers import figures_of, text_of, whole
from pipelines.onboarding.asking import Line
from pipelines.onboarding.tables import (
    Column,
    Description,
    Figures,
    Kind,
    Months,
    Row,
    Table,
)
from pipelines.onboarding.times import moment_of

SAMPLE_ROWS = 1_000
MOST_VALUES = 1_000
MOST_MONTHS = 5_000

KINDS: dict[str, Kind] = {
    "calendar_date": "date",
    "floating_timestamp": "date",
    "fixed_timestamp": "instant",
    "number": "number",
    "money": "number",
    "double": "number",
    "text": "text",
    "": "text",
    "point": "point",
    "location": "point",
}


class License(msgspec.Struct):
    """A license, as far as it is named."""

    name: str | None = None
    termsLink: str | None = None


class Published(msgspec.Struct):
    """A column's description."""

    fieldName: str
    id: int | None = None
    name: str | None = None
    dataTypeName: str = ""
    description: str | None = None


class View(msgspec.Struct):
    """A table's description; `assetType` of a map, chart or story is another."""

    name: str | None = None
    description: str | None = None
    attribution: str | None = None
    license: License | None = None
    licenseId: str | None = None
    rowIdentifierColumnId: int | None = None
    columns: list[Published] | None = None
    assetType: str | None = None
    viewType: str | None = None
    metadata: Any = None
    modifyingViewUid: str | None = None


class SocrataTable(Table):
    """A table of a Socrata portal."""

    def __init__(self, address: Address, line: Line):
        self.address, self.line = address, line
        if line.token:
            line.session.headers["X-App-Token"] = line.token

    def describe(self) -> Description:
        root = self.address.url.partition("/resource/")[0]
        url = f"{root}/api/views/{self.address.id}.json"
        view: View = self.line.ask(url, {}, View, "its description")
        kind = view.assetType or "dataset"
        published = [c for c in view.columns or [] if not c.fieldName.startswith(":")]
        if not published or kind in ("map", "chart", "story", "href", "file", "blob"):
            raise PortalError(
                f"{self.address.host} describes {self.address.id} as a {kind} without "
                "columns: give the address of the table that it is made of."
                if not published
                else f"{self.address.host} describes {self.address.id} as a {kind}: "
                "give the address of the table that it is made of."
            )
        ids = {c.id: c.fieldName for c in published if c.id is not None}
        license = view.license.name if view.license else None
        return Description(
            columns=[
                Column(
                    column.fieldName,
                    KINDS.get(column.dataTypeName, "other"),
                    column.name or "",
                    column.description or "",
                )
                for column in published
            ],
            title=view.name or "",
            text=view.description or "",
            license=license or view.licenseId or "",
            attribution=view.attribution or "",
            part_of=(view.modifyingViewUid or "another") if kind == "filter" else None,
            key=ids.get(view.rowIdentifierColumnId or -1),
        )

    def sample(self) -> list[Row]:
        return self._rows({"$limit": str(SAMPLE_ROWS)}, "a sample of rows")

    def newest(self, column: str, until: datetime) -> list[Row]:
        query = {
            "$where": f"{column} <= '{until:%Y-%m-%dT%H:%M:%S}'",
            "$order": f"{column} DESC",
            "$limit": str(SAMPLE_ROWS),
        }
        return self._rows(query, "its newest rows")

    def figures(self, keys: list[str], dates: list[str]) -> Figures:
        select = {"n": "count(*)"}
        for number, name in enumerate(dict.fromkeys([*keys, *dates])):
            select[f"filled_{number}"] = f"count({name})"
        for number, name in enumerate(keys):
            select[f"different_{number}"] = f"count(distinct {name})"
        for number, name in enumerate(dates):
            select[f"least_{number}"] = f"min({name})"
            select[f"most_{number}"] = f"max({name})"
        said = ", ".join(f"{sql} as {name}" for name, sql in select.items())
        found = self._select({"$select": said}, "counts of its rows and values")
        return figures_of(found[0] if found else {}, keys, dates)

    def months(self, column: str) -> Months | None:
        query = {
            "$select": f"date_trunc_ym({column}) as month, count(*) as n",
            "$group": "month",
            "$order": "month",
            "$limit": str(MOST_MONTHS),
        }
        rows = self._select(query, "its rows by month")
        read = [(moment_of(row.get("month")), whole(row.get("n"))) for row in rows]
        return {moment.date(): n for moment, n in read if moment}

    def values(self, column: str) -> dict[str, int] | None:
        query = {
            "$select": f"{column} as value, count(*) as n",
            "$group": column,
            "$order": "n DESC",
            "$limit": str(MOST_VALUES),
        }
        rows = self._select(query, f"the values of {column}")
        return {r["value"] or "": whole(r["n"]) for r in rows if r.get("value")}

    def _rows(self, query: dict[str, str], what: str) -> list[Row]:
        return self._select(query, what)

    def _select(self, query: dict[str, str], what: str) -> list[Row]:
        url = f"{self.address.url}.json"
        rows = self.line.ask(url, query, list[dict[str, Any]], what)
        return [{name: text_of(value) for name, value in row.items()} for row in rows]
