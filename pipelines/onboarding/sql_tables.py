"""Ask the portals that answer SQL about a table: CKAN's DataStore, and Carto."""

from abc import abstractmethod
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pipelines.errors import PortalError, Retryable
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
from pipelines.portals.ckan_json import Result
from pipelines.sql import quote

SAMPLE_ROWS = 1_000
MOST_VALUES = 1_000

KINDS: dict[str, Kind] = {
    "timestamp": "date",
    "date": "date",
    "timestamptz": "instant",
    "numeric": "number",
    "number": "number",
    "float8": "number",
    "int": "number",
    "int4": "number",
    "int8": "number",
    "text": "text",
    "string": "text",
    "geometry": "other",
}


class SqlTable(Table):
    """A table that is asked by SQL of PostgreSQL."""

    def __init__(self, address: Address, line: Line):
        self.address, self.line = address, line
        self.texts: set[str] = set()

    @property
    @abstractmethod
    def name(self) -> str:
        """The table's name in SQL."""

    @abstractmethod
    def select(self, sql: str, what: str) -> list[dict[str, Any]]:
        """The rows of a statement."""

    def sample(self) -> list[Row]:
        return self._rows("*", f"LIMIT {SAMPLE_ROWS}", "a sample of rows")

    def newest(self, column: str, until: datetime) -> list[Row]:
        rest = (
            f"WHERE {quote(column)} <= '{until:%Y-%m-%d %H:%M:%S}' "
            f"ORDER BY {quote(column)} DESC LIMIT {SAMPLE_ROWS}"
        )
        return self._rows("*", rest, "its newest rows")

    def figures(self, keys: list[str], dates: list[str]) -> Figures:
        names = list(dict.fromkeys([*keys, *dates]))
        parts = ["count(*) AS n"]
        parts += [f"count({quote(n)}) AS filled_{i}" for i, n in enumerate(names)]
        parts += [
            f"count(DISTINCT {quote(n)}) AS different_{i}" for i, n in enumerate(keys)
        ]
        for number, name in enumerate(dates):
            parts.append(f"min({quote(name)}) AS least_{number}")
            parts.append(f"max({quote(name)}) AS most_{number}")
        rows = self._rows(", ".join(parts), "", "counts of its rows and values")
        return figures_of(rows[0] if rows else {}, keys, dates)

    def months(self, column: str) -> Months | None:
        month = f"substr(CAST({quote(column)} AS text), 1, 7)"
        rows = self._rows(
            f"{month} AS month, count(*) AS n", f"GROUP BY {month}", "its rows by month"
        )
        read = [(moment_of(f"{row['month']}-01"), whole(row["n"])) for row in rows]
        return {moment.date(): n for moment, n in read if moment}

    def values(self, column: str) -> dict[str, int] | None:
        name = quote(column)
        rest = f"GROUP BY {name} ORDER BY n DESC LIMIT {MOST_VALUES}"
        rows = self._rows(
            f"{name} AS value, count(*) AS n", rest, f"the values of {column}"
        )
        return {r["value"] or "": whole(r["n"]) for r in rows if r.get("value")}

    def _rows(self, columns: str, rest: str, what: str) -> list[Row]:
        sql = f"SELECT {columns} FROM {quote(self.name)} {rest}".rstrip()
        return [
            {name: text_of(value) for name, value in row.items()}
            for row in self.select(sql, what)
        ]


class Field(msgspec.Struct):
    """A column of a CKAN table."""

    id: str
    type: str = "text"
    info: Any = None


class Fields(msgspec.Struct):
    """The result of `datastore_search`."""

    fields: list[Field]


class Organization(msgspec.Struct):
    """Who publishes a package."""

    title: str | None = None


class Package(msgspec.Struct):
    """The result of `package_show`."""

    title: str | None = None
    notes: str | None = None
    license_title: str | None = None
    license_id: str | None = None
    author: str | None = None
    organization: Organization | None = None


class Resource(msgspec.Struct):
    """The result of `resource_show`."""

    name: str | None = None
    description: str | None = None
    package_id: str | None = None
    datastore_active: bool | None = None


class Records(msgspec.Struct):
    """The result of `datastore_search_sql`."""

    records: list[dict[str, Any]]


class CkanTable(SqlTable):
    """A resource in the DataStore of a CKAN portal."""

    @property
    def name(self) -> str:
        return self.address.id

    def describe(self) -> Description:
        here = {"id": self.address.id}
        shown = self._action("resource_show", here, Resource, "the resource")
        package = Package()
        if shown.package_id:
            package = self._action(
                "package_show", {"id": shown.package_id}, Package, "the package"
            )
        asked = {"resource_id": self.address.id, "limit": "0"}
        found = self._action("datastore_search", asked, Fields, "its description")
        fields = [field for field in found.fields if field.id != "_id"]
        if not fields:
            raise PortalError(f"{self.address.host} describes it without columns.")
        by = package.organization.title if package.organization else None
        texts = (package.notes, shown.description)
        return Description(
            columns=[
                Column(field.id, KINDS.get(field.type, "other"), label_of(field))
                for field in fields
            ],
            title=" ".join(filter(None, (package.title, shown.name))),
            text=" ".join(filter(None, texts)),
            license=package.license_title or package.license_id or "",
            attribution=by or package.author or "",
            row_number="_id",
            query_language=self._answers_sql(),
        )

    def _answers_sql(self) -> bool:
        try:
            self._rows("count(*) AS n", "", "whether it answers SQL")
        except Retryable:
            raise
        except PortalError:
            return False
        return True

    def select(self, sql: str, what: str) -> list[dict[str, Any]]:
        query = {"sql": sql}
        return list(self._action("datastore_search_sql", query, Records, what).records)

    def _action(self, action: str, query: dict[str, str], kind: Any, what: str) -> Any:
        parts = urlsplit(self.address.url)
        url = f"{parts.scheme}://{parts.netloc}/api/3/action/{action}"
        method: Any = "POST" if "sql" in query else "GET"

        return self.line.ask(url, query, Result[kind], what, method).result


def label_of(field: Field) -> str:
    """What the publisher calls a column beside its name."""
    info = field.info if isinstance(field.info, dict) else {}
    said: Iterable[Any] = (info.get("label"), info.get("notes"))
    return " ".join(str(text) for text in said if text)
