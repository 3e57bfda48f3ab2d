"""Read a data set from the DataStore of a CKAN portal."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pipelines.datasets.dataset import CkanDataset
from pipelines.errors import PortalMovedError
from pipelines.portals.ckan_json import (
    DATE_TYPES,
    Found,
    Resource,
    Result,
    Table,
    meaning,
    without_sql,
)
from pipelines.portals.dates import IsoDates, check_date_types
from pipelines.portals.http.body import Answer
from pipelines.portals.http.request import RefusedError, get
from pipelines.portals.http.retry import ask
from pipelines.portals.reader import Published
from pipelines.portals.sql_reader import Records, SqlReader


class CkanReader(SqlReader):
    """Read one resource by SQL.

    Dates have no zone: they are taken for the city's clock, even if a text claims UTC
    (Boston's have ended in `+00` since 2023, on local times).
    """

    dataset: CkanDataset

    # CKAN adds it; a table that is replaced numbers its rows from 1 again.
    row_number = "_id"

    def describe(self, known: str | None) -> Published:
        """Ask for columns and for the date of the last change, in two requests."""
        resource, what = self.dataset.resource, "its description"
        fields = {"resource_id": resource, "limit": "0"}
        table = self._ask("datastore_search", fields, Table, what)
        types = {field.id: field.type for field in table.fields}
        check_date_types(self.dataset, types, DATE_TYPES, "'timestamp'")
        shown = self._ask("resource_show", {"id": resource}, Resource, what)
        columns = [name for name in types if name != self.row_number]
        changed_at = shown.changed_at
        version = changed_at.isoformat() if changed_at else None
        return Published(columns, version, changed_at)

    @property
    def _iso_dates(self) -> IsoDates:
        # A day sorts before all times of it.
        return IsoDates(r"^\d{4}-\d\d-\d\d(?:[T ]|$)", date.isoformat)

    def _changed_literal(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.dataset.tzinfo):%F %T}"

    @property
    def _table(self) -> str:
        return self.dataset.resource

    def _records(self, body: Any) -> Records:
        return msgspec.convert(body, Result[Found]).result.records

    def _send(self, sql: str) -> Answer:
        return self._get("datastore_search_sql", {"sql": sql})

    def _ask(self, action: str, query: dict[str, str], kind: Any, what: str) -> Any:
        def send() -> Any:
            return self._get(action, query).json(Result[kind]).result

        return ask(send, self.dataset, self.patience, what)

    def _get(self, action: str, query: dict[str, str]) -> Answer:
        address, timeout = urlsplit(self.dataset.url), self.patience.timeout
        url = f"{address.scheme}://{address.netloc}/api/3/action/{action}"
        by_sql = "sql" in query
        try:
            return get(
                *(self.session, url, query, self.dataset, timeout, "json"),
                method="POST" if by_sql else "GET",
            )
        except RefusedError as error:
            if by_sql and error.answer.status == 400:
                raise without_sql(self.dataset) from error
            raise meaning(error, self.dataset) from error
        except PortalMovedError as error:
            if by_sql:
                raise without_sql(self.dataset) from error
            raise
