"""Read a data set from the DataStore of a CKAN portal."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pyarrow as pa

from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import CkanDataset
from pipelines.datasets.windows import Window
from pipelines.errors import PortalMovedError, Retryable
from pipelines.portals.ckan_json import (
    DATE_TYPES,
    Records,
    Resource,
    Result,
    Table,
    meaning,
    without_sql,
)
from pipelines.portals.dates import check_date_types, check_days, without_day
from pipelines.portals.http.body import Answer
from pipelines.portals.http.request import RefusedError, get
from pipelines.portals.http.retry import ask
from pipelines.portals.layer_rows import NOT_ASKED_FOR, any_json, as_text
from pipelines.portals.page_checks import (
    ask_for_rows,
    check_ids,
    chunks,
    counted,
    pages_after,
)
from pipelines.portals.reader import HttpReader, Published, Read, Survey
from pipelines.portals.rejects import (
    check_utf8,
    good_rows,
    readable,
    set_aside,
)
from pipelines.sql import quote

# The number of a row in its table, which CKAN adds; a table that is replaced numbers
# its rows from 1 again.
ID = "_id"

# A date as ISO text; a time may follow.
ISO_DATE = r"^\d{4}-\d\d-\d\d(?:[T ]|$)"


class CkanReader(HttpReader):
    """Read one resource by SQL.

    Dates have no zone: they are taken for the city's clock, even if a text claims UTC
    (Boston's have ended in `+00` since 2023, on local times).
    """

    dataset: CkanDataset

    def describe(self, known: str | None) -> Published:
        """Ask for columns and for the date of the last change, in two requests."""
        resource, what = self.dataset.resource, "its description"
        fields = {"resource_id": resource, "limit": "0"}
        table = self._ask("datastore_search", fields, Table, what)
        types = {field.id: field.type for field in table.fields}
        check_date_types(self.dataset, types, DATE_TYPES, "'timestamp'")
        shown = self._ask("resource_show", {"id": resource}, Resource, what)
        columns = [name for name in types if name != ID]
        changed_at = shown.changed_at
        version = changed_at.isoformat() if changed_at else None
        return Published(columns, version, changed_at)

    def count(self, window: Window) -> int:
        """How many rows the portal counts in the window."""
        return self._count(self._where(window), f"the count of {window}")

    def survey(self, window: Window) -> Survey:
        """Ask for figures of a window in one request; rows have no update times."""
        key = quote(self.dataset.key[0])
        figures = {"rows": "count(*)", "keyed": f"count({key})"}
        if self.dataset.key_is_unique and len(self.dataset.key) == 1:
            figures["different"] = f"count(distinct {key})"
        (found,) = self._select(
            [f"{sql} AS {name}" for name, sql in figures.items()],
            f"WHERE {self._where(window)}",
            f"figures of {window}",
        )
        return msgspec.convert(found, Survey, strict=False)

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows by keyset pagination on `_id`, each once."""
        where, what = self._where(window), f"rows of {window}"
        yield from pages_after(partial(self._rows, where, what, window=window), 0)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds one of these values, on any date."""
        tables, what = [self._as_raw([])], "rows by their keys"
        for chunk in chunks(key_values):
            keyed = f"{quote(self.dataset.key[0])} IN ({chunk})"
            where = self.dataset.among_read(keyed)
            expected = self._count(where, f"the count of {what}")
            pages = pages_after(partial(self._rows, where, what), 0)
            tables += counted(self.dataset, what, pages, expected)
        return pa.concat_tables(tables, promote_options="default")

    def bound(self, day: date) -> str:
        """A day, which sorts before all times of it."""
        return day.isoformat()

    @property
    def can_sweep(self) -> bool:
        """Only if the publisher has a change column."""
        return self.dataset.change_column is not None

    def _where(self, window: Window) -> str:
        column = quote(self.dataset.window_column)
        where = f"{column} >= '{self.bound(window.start)}'"
        if window.end:
            where += f" AND {column} < '{self.bound(window.end)}'"
        if window.changed_since and self.dataset.change_column:
            at = window.changed_since.astimezone(self.dataset.tzinfo)
            where += f" AND {quote(self.dataset.change_column)} > '{at:%F %T}'"
        if window.undated:
            where = f"({where}) OR {column} IS NULL"
        return self.dataset.among_read(where)

    def _rows(
        self, where: str, what: str, last: int, window: Window | None = None
    ) -> tuple[pa.Table, int]:
        """One page of the rows after an id, and the last id of the page."""
        columns, named = [*self.requested(), ID], self.dataset.window_column
        limit, dates = self.dataset.page_rows, raw_name(named)
        rest = (
            f"WHERE ({where}) AND {quote(ID)} > {last} ORDER BY {quote(ID)} "
            f"LIMIT {limit}"
        )
        query = {"sql": self._sql([quote(name) for name in columns], rest)}

        def send(is_lenient: bool) -> tuple[pa.Table, int]:
            answer = self._get("datastore_search_sql", query)
            if not is_lenient:
                check_utf8(answer.body)
            records = records_of(answer, columns)
            ids = [record[ID] for record in records]
            check_ids([last, *ids], limit)
            rows = self._as_raw(records)
            if is_lenient or b"\\u0000" in answer.body:
                reason = None
                if is_lenient:
                    reason = without_day(rows[dates], named, ISO_DATE)
                rows = set_aside(rows, reason)
            if window:
                check_days(good_rows(rows)[dates], window, ISO_DATE)
            return rows, ids[-1] if ids else last

        return ask_for_rows(send, self.dataset, self.patience, what)

    def _as_raw(self, records: list[dict[str, Any]]) -> pa.Table:
        return pa.table(
            {
                raw_name(name): pa.array(
                    [as_text(record[name]) for record in records], pa.string()
                )
                for name in self.requested()
            }
        )

    def _count(self, where: str, what: str) -> int:
        (found,) = self._select(["count(*) AS n"], f"WHERE {where}", what)
        return int(found["n"])

    def _select(self, columns: list[str], rest: str, what: str) -> list[dict[str, Any]]:
        query = {"sql": self._sql(columns, rest)}
        found: Records = self._ask("datastore_search_sql", query, Records, what)
        return found.records

    def _sql(self, columns: list[str], rest: str) -> str:
        table = quote(self.dataset.resource)
        return f"SELECT {', '.join(columns)} FROM {table} {rest}"

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


def records_of(answer: Answer, columns: list[str]) -> list[dict[str, Any]]:
    """The rows of a page, with whatever values.

    Raises:
        Retryable: The page is truncated or broken, or a row lacks a column or its id.
    """
    try:
        readable_answer = Answer(answer.status, answer.headers, readable(answer.body))
        found = msgspec.convert(any_json(readable_answer), Result[Records])
    except msgspec.ValidationError as error:
        raise Retryable(NOT_ASKED_FOR) from error
    records = found.result.records
    for record in records:
        if not (set(columns) <= set(record) and type(record[ID]) is int):
            raise Retryable(NOT_ASKED_FOR)
    return records
