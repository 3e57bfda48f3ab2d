"""Read a data set from a table of a Carto account, by its SQL API."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pipelines.datasets.dataset import CartoDataset
from pipelines.datasets.windows import utc_midnight
from pipelines.portals.carto_json import (
    DATE_TYPES,
    GEOMETRY,
    TEXT_TYPES,
    Found,
    changed_at,
    meaning,
)
from pipelines.portals.dates import IsoDates, check_date_types
from pipelines.portals.http.body import Answer
from pipelines.portals.http.request import RefusedError, get
from pipelines.portals.http.retry import ask
from pipelines.portals.layer_clock import check_times
from pipelines.portals.reader import Published
from pipelines.portals.sql_reader import Records, SqlReader
from pipelines.sql import quote

# Every table has it: the place of a row.
PLACE = "the_geom"

# A date as an answer shows it.
UTC_TEXT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:?00)$"

# Columns of a row's point, in degrees, as a layer's are called.
POINTS = {"geometry_x": "ST_X", "geometry_y": "ST_Y"}


class CartoReader(SqlReader):
    """Read one table by SQL.

    Answers show every date as ISO text in UTC, those without a zone too. Statements
    are posted: the answer to a GET may come from a cache.
    """

    dataset: CartoDataset

    # Every table has it; one that is replaced numbers its rows differently.
    row_number = "cartodb_id"

    def describe(self, known: str | None) -> Published:
        """Ask for columns, with their types, and for the date of the last change."""
        sql, what = self._sql(["*"], "LIMIT 0"), "its description"

        def send() -> tuple[Found, Answer]:
            answer = self._send(sql)
            return answer.json(Found).whole(), answer

        found, answer = ask(send, self.dataset, self.patience, what)
        types = {name: field.kind for name, field in found.fields.items()}
        check_date_types(self.dataset, types, DATE_TYPES, "'timestamptz'", TEXT_TYPES)
        columns = [name for name, kind in types.items() if kind != GEOMETRY]
        if types.get(PLACE) == GEOMETRY:
            columns += self.dataset.point_columns
        if self.row_number not in self.dataset.columns:
            columns.remove(self.row_number)
        changed = changed_at(answer)
        return Published(columns, changed.isoformat() if changed else None, changed)

    @property
    def _iso_dates(self) -> IsoDates:
        def opens(day: date) -> str:
            return f"{utc_midnight(day, self.dataset.clock):%FT%T}"

        return IsoDates(UTC_TEXT, lambda day: f"{opens(day)}Z", opens)

    def _changed_literal(self, moment: datetime) -> str:
        return f"{self.dataset.as_published(moment):%FT%TZ}"

    def check_clock(self) -> str | None:
        """Prove `times` by the newest rows, in one request; or `window_format`."""
        if self.dataset.window_format:
            return super().check_clock()
        column, limit = quote(self.dataset.window_column), self.dataset.page_rows
        dated = self.dataset.among_read(f"{column} IS NOT NULL")
        rest = f"WHERE {dated} ORDER BY {quote(self.row_number)} DESC LIMIT {limit}"
        rows = self._select([column], rest, "its newest dates")
        texts = [str(row[self.dataset.window_column])[:19] for row in rows]
        moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]
        return check_times(self.dataset, [int(each.timestamp()) for each in moments])

    def _column(self, name: str) -> str:
        if name in self.dataset.point_columns:
            return f"{POINTS[name]}({quote(PLACE)}) AS {quote(name)}"
        return quote(name)

    @property
    def _table(self) -> str:
        return self.dataset.table

    def _records(self, body: Any) -> Records:
        return msgspec.convert(body, Found).whole().rows

    def _send(self, sql: str) -> Answer:
        address, timeout = urlsplit(self.dataset.url), self.patience.timeout
        account = address.path.rpartition("/tables/")[0]
        url = f"{address.scheme}://{address.netloc}{account}/api/v2/sql"
        try:
            return get(
                *(self.session, url, {"q": sql}, self.dataset, timeout, "json"),
                method="POST",
            )
        except RefusedError as error:
            raise meaning(error, self.dataset) from error
