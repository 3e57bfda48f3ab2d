"""Read a table by PostgreSQL's SQL, page by page, whatever the API that takes it."""

from abc import abstractmethod
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import Any, ClassVar

import msgspec
import pyarrow as pa

from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import CartoDataset, CkanDataset
from pipelines.datasets.windows import Window
from pipelines.errors import Retryable, SchemaDriftError
from pipelines.portals.dates import (
    IsoDates,
    PatternDates,
    WindowDates,
    check_pattern,
)
from pipelines.portals.http.body import Answer
from pipelines.portals.http.retry import ask
from pipelines.portals.layer_rows import NOT_ASKED_FOR, any_json, as_text
from pipelines.portals.page_checks import (
    ask_for_rows,
    check_ids,
    chunks,
    counted,
    pages_after,
)
from pipelines.portals.reader import HttpReader, Read, Survey
from pipelines.portals.rejects import check_utf8, good_rows, readable, set_aside
from pipelines.sql import quote

Records = list[dict[str, Any]]
"""Rows by column, with whatever values."""


class SqlReader(HttpReader):
    """Read one table. Each kind of portal says how it takes a statement."""

    dataset: CkanDataset | CartoDataset

    row_number: ClassVar[str]
    """The column that numbers the rows, by which pages follow each other."""

    @property
    @abstractmethod
    def _iso_dates(self) -> IsoDates:
        """How dates are requested and sent if they have no declared pattern."""

    @abstractmethod
    def _send(self, sql: str) -> Answer:
        """Send one statement and return the answer, whatever it holds."""

    @abstractmethod
    def _records(self, body: Any) -> Records:
        """The rows of an answer's JSON.

        Raises:
            msgspec.ValidationError: It has another shape.
        """

    @property
    @abstractmethod
    def _table(self) -> str:
        """The table's name."""

    @property
    def dates(self) -> WindowDates:
        """How the window column is requested and checked."""
        pattern = self.dataset.window_pattern
        return PatternDates(pattern) if pattern else self._iso_dates

    def bound(self, day: date) -> str:
        """How the window column's values of a day begin at its start."""
        return self.dates.bound(day)

    @abstractmethod
    def _changed_literal(self, moment: datetime) -> str:
        """An instant as a request compares it with the change column."""

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
            [f"{sql} AS {quote(name)}" for name, sql in figures.items()],
            f"WHERE {self._where(window)}",
            f"figures of {window}",
        )
        return msgspec.convert(found, Survey, strict=False)

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows by keyset pagination on their number, each once."""
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

    @property
    def can_sweep(self) -> bool:
        """Only if the publisher has a change column."""
        return self.dataset.change_column is not None

    def check_clock(self) -> str | None:
        """Prove `window_format`, if it is declared, by two counts."""
        column = quote(self.dataset.window_column)
        if self.dataset.window_format:
            return check_pattern(self.dataset, column, self._count)
        return None

    def _where(self, window: Window) -> str:
        changed = ""
        if window.changed_since and self.dataset.change_column:
            at = self._changed_literal(window.changed_since)
            changed = f"{quote(self.dataset.change_column)} > '{at}'"
        column = quote(self.dataset.window_column)
        return self.dataset.among_read(self.dates.condition(column, window, changed))

    def _column(self, name: str) -> str:
        """SQL for a column, by its name."""
        return quote(name)

    def _rows(
        self, where: str, what: str, last: int, window: Window | None = None
    ) -> tuple[pa.Table, int]:
        """One page of the rows after a number, and the last number of the page."""
        number, limit = quote(self.row_number), self.dataset.page_rows
        sql = self._sql(
            [*map(self._column, self.requested()), number],
            f"WHERE ({where}) AND {number} > {last} ORDER BY {number} LIMIT {limit}",
        )

        def send(is_lenient: bool) -> tuple[pa.Table, int]:
            answer = self._send(sql)
            if not is_lenient:
                check_utf8(answer.body)
            records = self._numbered(answer)
            numbers = [record[self.row_number] for record in records]
            check_ids([last, *numbers], limit)
            has_nul = b"\\u0000" in answer.body
            rows = self._checked(self._as_raw(records), window, is_lenient, has_nul)
            return rows, numbers[-1] if numbers else last

        return ask_for_rows(send, self.dataset, self.patience, what)

    def _checked(
        self, rows: pa.Table, window: Window | None, is_lenient: bool, has_nul: bool
    ) -> pa.Table:
        """A page's rows, those that can't be stored set aside; see `WindowDates`."""
        named = self.dataset.window_column
        dates = raw_name(named)
        if is_lenient:
            rows = set_aside(rows, self.dates.why_odd(rows[dates], named))
        elif has_nul:
            rows = set_aside(rows)
        if window:
            self.dates.check(good_rows(rows)[dates], window)
        return rows

    def _numbered(self, answer: Answer) -> Records:
        """The rows of a page, each with its number.

        Raises:
            Retryable: The page is truncated or broken, or a row lacks a column or its
                number.
        """
        body = readable(answer.body)
        try:
            found = self._records(any_json(Answer(answer.status, answer.headers, body)))
        except msgspec.ValidationError as error:
            raise Retryable(NOT_ASKED_FOR) from error
        columns = {*self.requested(), self.row_number}
        for record in found:
            if not columns <= set(record) or type(record[self.row_number]) is not int:
                raise Retryable(NOT_ASKED_FOR)
        return found

    def _as_raw(self, records: Records) -> pa.Table:
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

    def _select(self, columns: list[str], rest: str, what: str) -> Records:
        def send() -> Records:
            try:
                return self._records(self._send(self._sql(columns, rest)).json())
            except msgspec.ValidationError as error:
                raise Retryable(NOT_ASKED_FOR) from error

        return ask(send, self.dataset, self.patience, what)

    def _sql(self, columns: list[str], rest: str) -> str:
        return f"SELECT {', '.join(columns)} FROM {quote(self._table)} {rest}"


def gone_column(
    words: str, dataset: CkanDataset | CartoDataset
) -> SchemaDriftError | None:
    """The error for a column that is not there, if PostgreSQL's words are of one."""
    if not ("column" in words and "does not exist" in words):
        return None
    return SchemaDriftError(
        f"{dataset.label} no longer has a column: {words!r}. Correct "
        f"{dataset.name}.toml; nothing was written."
    )
