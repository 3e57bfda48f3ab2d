"""A made-up city whose incidents are published as several tables, by any API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from demo.portal.faults import Fault
from demo.portal.server import Portal
from demo.portal.store import Dataset as Published
from pipelines.datasets.dataset import (
    ArcgisDataset,
    CkanDataset,
    Dataset,
    SodaDataset,
)
from pipelines.datasets.parts import Part
from tests.support import live_portal as live

HOST = "https://data.northhaven.example"
LAYERS = "/arcgis/rest/services"


@dataclass(frozen=True)
class Incident:
    """A row, as any of the portals has it."""

    id: str
    day: date
    category: str = "Theft"


@dataclass(frozen=True)
class Api:
    """How one kind of portal publishes incidents as tables with a name of 4 digits."""

    kind: type[Any]
    path: str
    """With `{name}` for the table's name."""
    types: dict[str, str]

    @property
    def sign(self) -> str:
        """What stands before a table's name in requests for it alone."""
        return self.path.partition("{name}")[0].rpartition("/")[2][-8:]

    def url(self, name: str) -> str:
        return HOST + self.path.replace("{name}", name)

    def place(self, portal: str, name: str) -> str:
        """A table's address as messages have it."""
        return self.url(name).replace(HOST, portal.removeprefix("http://"))

    def dataset(self, parts: Sequence[Part], **more: Any) -> Any:
        given = {"key": ["id"], "columns": list(COLUMNS), **more}
        if "url" not in given:
            given |= {"url": parts[0].url, "formerly": parts[0].formerly}
        return self.kind(
            name="northhaven__incidents",
            title="North Haven",
            zone="America/New_York",
            backfill_from=date(2026, 11, 1),
            window_column="reported",
            parts=list(parts),
            **given,
        )

    def publish(
        self,
        portal: Portal,
        name: str,
        incidents: Sequence[Incident],
        called: dict[str, str] | None = None,
    ) -> Published:
        """Publish a table; `called`: its own names of columns."""
        names = called or {}
        types = {names.get(column, column): t for column, t in self.types.items()}
        path, rows = self.path.replace("{name}", name), self.rows(incidents, names)
        if self.kind is SodaDataset:
            return portal.add_soda(path.rpartition("/")[2], rows, types)
        if self.kind is ArcgisDataset:
            return portal.add_layer(path, rows, {"ObjectId": "oid", **types})
        return portal.add_ckan(path.rpartition("/")[2], rows, types)

    def rows(
        self, incidents: Sequence[Incident], names: dict[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Incidents, all of noon, as rows of a table."""
        called = {column: (names or {}).get(column, column) for column in COLUMNS}
        return [
            {
                called["id"]: incident.id,
                called["reported"]: self.noon(incident.day),
                called["category"]: incident.category,
            }
            for incident in incidents
        ]

    def noon(self, day: date) -> Any:
        moment = datetime.combine(day, time(12), UTC)
        if self.kind is ArcgisDataset:
            return int(moment.timestamp()) * 1000
        return f"{moment:%FT%T}" + (".000" if self.kind is SodaDataset else "")

    def down(self, name: str, **more: Any) -> Fault:
        """A fault of one table: no answer but the status 500."""
        which = {"path": f"*{self.sign}{name}*"}
        if self.kind is CkanDataset:
            which = {"query": self.sign + name}
        return Fault("status", **{"status": 500, "times": None, **which, **more})

    def asked(self, portal: Portal, name: str) -> list[str]:
        """What was asked of one table, other than for its description."""
        found = [
            f"{record.path} {sorted(record.query.items())}"
            for record in portal.requests
            if "where" in str(record.query).lower()
        ]
        return [said for said in found if self.sign + name in said]


COLUMNS = ("id", "reported", "category")
SODA = Api(
    SodaDataset,
    "/resource/crim-{name}",
    {"id": "text", "reported": "calendar_date", "category": "text"},
)
LAYER = Api(
    ArcgisDataset,
    LAYERS + "/Crime_Data_{name}/FeatureServer/0",
    {"id": "string", "reported": "date", "category": "string"},
)
CKAN = Api(
    CkanDataset,
    "/dataset/crime/resource/0123abcd-89ab-cdef-0123-56781234{name}",
    {"id": "text", "reported": "timestamp", "category": "text"},
)


def shown(api: Api, *tables: Sequence[Incident]) -> list[tuple]:
    """What is held of incidents, in the order of their ids."""
    incidents = sorted((i for each in tables for i in each), key=lambda i: i.id)
    return [(i.id, str(api.noon(i.day)), i.category) for i in incidents]


def held(home: Path, dataset: Dataset) -> list[tuple]:
    return live.held(home, dataset)


def warnings(home: Path) -> str:
    """Those of the last run."""
    (last,) = live.ledger(home, "warnings")[-1]
    return last or ""


def finished(home: Path) -> dict[str, str]:
    """The run that read each month last in full, by its first day."""
    found = live.select(
        home, "select month::text, run_id from ledger.months order by finished_at"
    )
    return dict(found)
