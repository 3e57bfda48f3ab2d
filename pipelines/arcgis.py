"""Read a data set from an ArcGIS feature layer."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import requests

from pipelines.dataset import Dataset
from pipelines.errors import PortalError, SchemaDriftError
from pipelines.portal import (
    Patience,
    Published,
    Read,
    Reader,
    Retryable,
    Survey,
    ask,
    chunks,
    get,
    user_agent,
)
from pipelines.windows import Window, utc_midnight

log = logging.getLogger(__name__)


class ArcgisReader(Reader):
    """One layer. Dates are epoch milliseconds in UTC; errors come inside a 200."""

    def __init__(self, dataset: Dataset, patience: Patience):
        super().__init__(dataset, patience)
        self.session = requests.Session()
        self.session.headers["User-Agent"] = user_agent()
        self.object_id = "ObjectId"

    def describe(self) -> Published:
        """Ask for fields and version."""
        layer = self._ask(self.dataset.url, {}, "its description")
        if not isinstance(layer.get("fields"), list):
            raise PortalError(
                f"{self.dataset.label} describes it "
                "without fields; is the address a feature layer's?"
            )
        self.object_id = layer.get("objectIdField") or self.object_id
        version = (layer.get("editingInfo") or {}).get("lastEditDate")
        names = [field["name"] for field in layer["fields"]]
        columns = [name for name in names if name != self.object_id]
        updated = datetime.fromtimestamp(version / 1000, UTC) if version else None
        return Published(columns, str(version) if version else None, updated)

    def count(self, window: Window) -> int:
        """How many rows the portal counts in the window."""
        return self._count(self._where(window), f"the count of {window}")

    def survey(self, window: Window) -> Survey:
        """Ask for figures of a window, in two requests; a layer tells no updates."""
        keyed = f"({self._where(window)}) AND {self.dataset.key[0]} IS NOT NULL"
        return Survey(
            rows=self.count(window),
            keyed=self._count(keyed, f"rows of {window} that have a key"),
        )

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows in the order of the object id, each once.

        The end is an empty page; a layer caps pages at its own `maxRecordCount`.
        """
        last = -1
        while True:
            where = f"({self._where(window)}) AND {self.object_id} > {last}"
            rows = self._rows(where, f"rows of {window}")
            if not rows:
                return
            last = rows[-1][self.object_id]
            yield self._as_raw(rows)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds one of these values, any date."""
        rows: list[dict[str, Any]] = []
        for chunk in chunks(key_values):
            keyed = f"{self.dataset.key[0]} IN ({chunk})"
            last = -1
            while page := self._rows(
                f"{keyed} AND {self.object_id} > {last}",
                "rows that it no longer showed",
            ):
                rows += page
                last = page[-1][self.object_id]
        return self._as_raw(rows)

    def bound(self, day: date) -> int:
        """A day's local midnight in epoch milliseconds."""
        return int(utc_midnight(day, self.dataset.tzinfo).timestamp() * 1000)

    def _count(self, where: str, what: str) -> int:
        query = {"where": where, "returnCountOnly": "true"}
        return int(self._query(query, "count", what))

    def _where(self, window: Window) -> str:
        column = self.dataset.window_column
        where = f"{column} >= {self._timestamp(window.start)}"
        if window.end:
            where += f" AND {column} < {self._timestamp(window.end)}"
        return f"({where}) OR {column} IS NULL" if window.undated else where

    def _timestamp(self, day: date) -> str:
        return f"TIMESTAMP '{utc_midnight(day, self.dataset.tzinfo):%Y-%m-%d %H:%M:%S}'"

    def _as_raw(self, rows: list[dict[str, Any]]) -> pa.Table:
        return pa.table(
            {
                name.lower(): pa.array(
                    [as_text(row[name]) for row in rows], pa.string()
                )
                for name in self.requested()
            }
        )

    def _rows(self, where: str, what: str) -> list[dict[str, Any]]:
        query = {
            "where": where,
            "outFields": ",".join([*self.requested(), self.object_id]),
            "orderByFields": self.object_id,
            "resultRecordCount": str(self.dataset.page_rows),
            "returnGeometry": "false",
        }
        features = self._query(query, "features", what)
        return [feature["attributes"] for feature in features]

    def _query(self, query: dict[str, str], part: str, what: str) -> Any:
        answer = self._ask(f"{self.dataset.url}/query", query, what)
        if part not in answer:
            raise PortalError(f"{self.dataset.label} sent no {part} ({what}).")
        return answer[part]

    def _ask(self, url: str, query: dict[str, str], what: str) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            query_json = {**query, "f": "json"}
            response = get(
                self.session, url, query_json, self.dataset, self.patience, "json"
            )
            try:
                answer = response.json()
            except requests.JSONDecodeError as error:
                raise Retryable("the JSON was cut short or broken") from error
            if not isinstance(answer, dict):
                raise Retryable("the JSON is none of a feature layer")
            self._check(answer)
            return answer

        return ask(send, self.dataset, self.patience, what)

    def _check(self, answer: dict[str, Any]) -> None:
        error = answer.get("error")
        if not error:
            return
        said = " ".join(
            [str(error.get("message", "")), *map(str, error.get("details", []))]
        )
        if error.get("code") in (429, 500, 502, 503, 504):
            raise Retryable(f"error {error['code']} inside the answer", slow=True)
        gone = [name for name in self.requested() if name in said]
        if gone and "field" in said.lower():
            raise SchemaDriftError(
                f"{self.dataset.label} has no column {gone[0]} any "
                f"more. Correct {self.dataset.name}.toml; nothing was written."
            )
        raise PortalError(f"{self.dataset.label} refused: {said[:200]}.")


def as_text(value: Any) -> str | None:
    """A JSON value as raw text; numbers in their shortest form."""
    return value if value is None or isinstance(value, str) else str(value)
