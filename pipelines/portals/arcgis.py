"""Read a data set from an ArcGIS feature layer."""

import dataclasses
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import DOTTED, raw_name
from pipelines.datasets.dataset import ArcgisDataset
from pipelines.datasets.windows import Window, utc_midnight
from pipelines.errors import PortalError, SchemaDriftError
from pipelines.portals.dates import PatternDates, check_date_types, check_pattern
from pipelines.portals.http.body import Answer
from pipelines.portals.http.request import get
from pipelines.portals.http.retry import ask
from pipelines.portals.http.told_errors import (
    MAY_PASS,
    NOT_THERE,
    Told,
    absent,
    check_told,
    told_in,
)
from pipelines.portals.layer_clock import (
    check_times,
    choose,
    is_plausible,
    misread,
    with_other_literals,
)
from pipelines.portals.layer_json import Count, Layer
from pipelines.portals.layer_query import condition, literal, page_query
from pipelines.portals.layer_rows import (
    DATE,
    KINDS,
    NUMBER,
    OBJECT_ID,
    POINT,
    STRING,
    TEXT,
    Columns,
    Kind,
    Page,
    Values,
    any_page,
    any_rows,
    as_text,
    typed_rows,
)
from pipelines.portals.page_checks import (
    ask_for_rows,
    check_dates,
    check_ids,
    chunks,
    counted,
    pages_after,
)
from pipelines.portals.reader import HttpReader, Published, Read, Survey
from pipelines.portals.rejects import (
    Reasons,
    check_utf8,
    readable,
    set_aside,
)
from pipelines.settings import NOBODY, Identity, Patience

log = logging.getLogger(__name__)


class ArcgisReader(HttpReader):
    """Read one layer. Dates are epoch milliseconds, UTC; errors have status 200."""

    dataset: ArcgisDataset

    def __init__(
        self,
        dataset: ArcgisDataset,
        patience: Patience,
        identity: Identity = NOBODY,
    ):
        super().__init__(dataset, patience, identity)
        self.object_id = ""
        self.kinds: dict[str, Kind] = {}

    def describe(self, known: str | None) -> Published:
        """Ask for fields and version."""
        layer = self._ask(self.dataset.url, {}, Layer, "its description")
        if layer.fields is None:
            raise PortalError(
                f"{self.dataset.label} describes it "
                "without fields; is the address that of a feature layer?"
            )
        types = {field.name: field.type for field in layer.fields}
        check_date_types(self.dataset, types, (DATE,), DATE, (STRING,))
        self.object_id = layer.object_id
        if not DOTTED.fullmatch(self.object_id):
            raise PortalError(
                f"{self.dataset.label} names no usable object id: neither as "
                f"`objectIdField` nor by a field of type {OBJECT_ID}. Without one its "
                "rows can't be read page by page; is the address that of a feature "
                "layer?"
            )
        self.kinds = {name: KINDS.get(kind, TEXT) for name, kind in types.items()}
        if layer.geometryType == POINT:
            self.kinds |= dict.fromkeys(self.dataset.point_columns, NUMBER)
        version = layer.editingInfo and layer.editingInfo.lastEditDate
        columns = [name for name in self.kinds if name != self.object_id]
        updated = datetime.fromtimestamp(version / 1000, UTC) if version else None
        return Published(columns, str(version) if version else None, updated)

    def count(self, window: Window) -> int:
        """How many rows the portal counts in the window."""
        return self._count(condition(self.dataset, window), f"the count of {window}")

    def survey(self, window: Window) -> Survey:
        """Ask for figures of a window in two requests; a layer has no update times."""
        keyed = (
            f"({condition(self.dataset, window)}) AND {self.dataset.key[0]} IS NOT NULL"
        )
        return Survey(
            rows=self.count(window),
            keyed=self._count(keyed, f"rows of {window} that have a key"),
        )

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows by keyset pagination on the object id, each once."""
        where, what = condition(self.dataset, window), f"rows of {window}"
        yield from pages_after(partial(self._rows, where, what, window=window), -1)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds one of these values, on any date."""
        tables = [self._as_raw([])]
        for chunk in chunks(key_values):
            keyed = self.dataset.among_read(f"{self.dataset.key[0]} IN ({chunk})")
            what = "rows by their keys"
            expected = self._count(keyed, f"the count of {what}")
            pages = pages_after(partial(self._rows, keyed, what), -1)
            tables += counted(self.dataset, what, pages, expected)
        return pa.concat_tables(tables, promote_options="default")

    def bound(self, day: date) -> str | int:
        """A day's midnight on the city's clock, in epoch milliseconds as published.

        Of dates that are text, the day.
        """
        if self.dataset.window_format:
            return day.isoformat()
        return int(utc_midnight(day, self.dataset.clock).timestamp() * 1000)

    def check_clock(self) -> str:
        """Prove `times` and `literals` with two requests; see `layer_clock`.

        Or `window_format`, by two counts.
        """
        if self.dataset.window_format:
            return check_pattern(self.dataset, self.dataset.window_column, self._count)
        dated = self.dataset.among_read(f"{self.dataset.window_column} IS NOT NULL")
        newest = f"{self.object_id} DESC"
        moments = self._moments(dated, newest, "its newest dates")
        asked = choose(moments)
        if asked is None:
            return "too few dates to tell its clock"
        if self._sent_for(asked, self.dataset.literal_clock) == {asked}:
            return check_times(self.dataset, moments)
        # A row may also have gone in between: then neither reading finds it.
        other = with_other_literals(self.dataset)
        if self._sent_for(asked, other.literal_clock) == {asked}:
            raise misread(self.dataset, asked)
        return "its rows changed while it was asked for its clock"

    def _sent_for(self, moment: int, zone: ZoneInfo) -> set[int]:
        """The dates that come for one second, requested on a zone's clock."""
        column = self.dataset.window_column
        first, after = (
            literal(datetime.fromtimestamp(each, UTC), zone)
            for each in (moment, moment + 1)
        )
        where = self.dataset.among_read(f"{column} >= {first} AND {column} < {after}")
        return set(self._moments(where, self.object_id, "rows of one second"))

    def _moments(self, where: str, order: str, what: str) -> list[int]:
        """The window column's values in a page of rows, in whole seconds since 1970."""
        query = page_query(self.dataset, where, [self.dataset.window_column], order)

        def send() -> Page:
            return any_page(self._get(f"{self.dataset.url}/query", query, True))

        page = ask(send, self.dataset, self.patience, what)
        values = [next(iter(row.attributes.values()), None) for row in page.features]
        return [value // 1000 for value in values if is_plausible(value)]

    @property
    def can_sweep(self) -> bool:
        """Only if the publisher has a change column."""
        return self.dataset.change_column is not None

    def _as_raw(self, rows: list[Values]) -> pa.Table:
        names = [raw_name(name) for name in self.requested()]
        values = list(zip(*rows, strict=True)) or [()] * (len(names) + 1)
        return pa.table(
            {
                name: pa.array([as_text(value) for value in column], pa.string())
                for name, column in zip(names, values[:-1], strict=True)
            }
        )

    def _rows(
        self, where: str, what: str, last: int, window: Window | None = None
    ) -> tuple[pa.Table, int]:
        """One page of the rows after an object id, and the last id of the page."""
        asked = [*self.requested(), self.object_id]
        where = f"({where}) AND {self.object_id} > {last}"
        query = page_query(self.dataset, where, asked, self.object_id)
        columns = {name: self.kinds.get(name, TEXT) for name in asked}
        columns[self.object_id] = KINDS[OBJECT_ID]

        def send(is_lenient: bool) -> tuple[pa.Table, int]:
            answer = self._get(f"{self.dataset.url}/query", query, is_lenient)
            if is_lenient:
                rows, reasons = self._any_rows(answer, columns)
            else:
                rows, reasons = typed_rows(answer, columns), None
            self._check_page(rows, reasons, last, window)
            table = self._as_raw(rows)
            if is_lenient or b"\\u0000" in answer.body:
                table = set_aside(table, reasons)
            return table, rows[-1][-1] if rows else last

        return ask_for_rows(send, self.dataset, self.patience, what)

    def _count(self, where: str, what: str) -> int:
        query = {"where": where, "returnCountOnly": "true"}
        found: Count = self._ask(f"{self.dataset.url}/query", query, Count, what)
        return found.count

    def _any_rows(
        self, answer: Answer, columns: Columns
    ) -> tuple[list[Values], Reasons]:
        column, pattern = self.dataset.window_column, self.dataset.window_pattern
        rows, found = any_rows(answer, columns, column)
        reasons = pa.array(found, pa.string())
        if pattern:
            position = list(columns).index(column)
            dates = pa.array([row[position] for row in rows], pa.string())
            odd = PatternDates(pattern).why_odd(dates, column)
            reasons = pc.coalesce(reasons, odd)
        return rows, reasons

    def _check_page(
        self,
        rows: list[Values],
        reasons: Reasons | None,
        last: int,
        window: Window | None,
    ) -> None:
        """Check that a page has what was requested.

        Raises:
            Retryable: Rows are repeated, too many, or outside of the window.
        """
        check_ids([last, *(row[-1] for row in rows)], self.dataset.page_rows)
        if window:
            position = self.requested().index(self.dataset.window_column)
            pattern = self.dataset.window_pattern
            kind = pa.string() if pattern else pa.int64()
            array = pa.array([row[position] for row in rows], kind)
            good = array if reasons is None else array.filter(pc.is_null(reasons))
            dates = pa.chunked_array([good])
            if pattern:
                PatternDates(pattern).check(dates, window)
                return
            end = window.end and self.bound(window.end)
            check_dates(dates, self.bound(window.start), end, window)

    def _ask(self, url: str, query: dict[str, str], kind: Any, what: str) -> Any:
        def send() -> Any:
            return self._get(url, query, is_lenient=True).json(kind)

        return ask(send, self.dataset, self.patience, what)

    def _get(self, url: str, query: dict[str, str], is_lenient: bool) -> Answer:
        as_json = {**query, "f": "json"}
        answer = get(
            self.session, url, as_json, self.dataset, self.patience.timeout, "json"
        )
        if is_lenient:
            answer = dataclasses.replace(answer, body=readable(answer.body))
        check_utf8(answer.body)
        told = told_in(answer.body)
        if told and not query and told.code in NOT_THERE:
            raise absent(self.dataset, told)
        self._check_told(told)
        return answer

    def _check_told(self, told: Told | None) -> None:
        """Raise the error inside a response; it may be that a column is gone."""
        words = told.words if told and told.code not in MAY_PASS else ""
        gone = [name for name in self.requested() if name in words]
        if gone and "field" in words.lower():
            raise SchemaDriftError(
                f"{self.dataset.label} no longer has a column {gone[0]}. "
                f"Correct {self.dataset.name}.toml; nothing was written."
            )
        check_told(self.dataset, told)
