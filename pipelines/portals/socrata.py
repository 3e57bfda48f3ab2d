"""Read a data set from a Socrata portal, by SODA 2 or SODA 3."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
import pyarrow as pa

from pipelines.datasets.columns import REJECT, raw_name
from pipelines.datasets.windows import Window
from pipelines.errors import PortalError, Retryable
from pipelines.portals.dates import (
    IsoDates,
    PatternDates,
    WindowDates,
    check_date_types,
    check_pattern,
)
from pipelines.portals.page_checks import (
    ask_for_rows,
    check_number,
    chunks,
    quoted,
)
from pipelines.portals.reader import Published, Read, Survey
from pipelines.portals.rejects import good_rows, readable, set_aside
from pipelines.portals.soda_csv import ISO_DATE, check_page, parse_csv
from pipelines.portals.soda_json import (
    DATE_TYPES,
    TEXT_TYPES,
    Count,
    MonthlyCount,
    View,
    as_published,
)
from pipelines.portals.soda_reader import SodaReader
from pipelines.portals.soda_requests import ROW_IDS, Query, description_of

log = logging.getLogger(__name__)

SMALLEST_PAGE = 500

MOST_OF_KEYS = 50_000

# The most rows that every portal returns at once (SODA 2.0).
MOST_GROUPS = 50_000


class SocrataReader(SodaReader):
    """Read one data set of a Socrata portal, by the version of SODA that it names."""

    def describe(self, known: str | None) -> Published:
        """Ask for columns and version."""
        request = description_of(self.dataset.url)
        view = self._ask(request, View, "its description")
        if view.columns is None:
            raise PortalError(
                f"{self.dataset.label} describes it "
                "without columns; is the address that of a data set?"
            )
        types = {column.fieldName: column.dataTypeName for column in view.columns}
        check_date_types(self.dataset, types, DATE_TYPES, "'calendar_date'", TEXT_TYPES)
        names = [column.fieldName for column in view.columns]
        # Computed regions are feature ids of the portal's own maps.
        published = [name for name in names if not name.startswith(":@")]
        version = view.rowsUpdatedAt
        updated = datetime.fromtimestamp(version, UTC) if version else None
        return Published(published, str(version) if version else None, updated)

    def count(self, window: Window) -> int:
        """How many rows the portal counts in the window."""
        return self._count(self._where(window), f"the count of {window}")

    def survey(self, window: Window) -> Survey:
        """Ask for figures of a window in one request."""
        key = self.dataset.key[0]
        figures = {
            "rows": "count(*)",
            "keyed": f"count({key})",
            "first_update": "min(:updated_at)",
            "last_update": "max(:updated_at)",
        }
        if self.dataset.key_is_unique and len(self.dataset.key) == 1:
            figures["different"] = f"count(distinct {key})"
        query = Query(
            ", ".join(f"{sql} as {name}" for name, sql in figures.items()),
            self._where(window),
        )
        what = f"figures of {window}"
        rows = self.answer(query, list[dict[str, str | int | None]], what)
        try:
            return msgspec.convert(rows[0], Survey, strict=False)
        except (LookupError, msgspec.ValidationError) as error:
            raise PortalError(
                f"{self.dataset.label} sent an unexpected response for {what}."
            ) from error

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows by keyset pagination on `:id`, each once.

        Pages follow the portal's own `:id`, not an offset: rows inserted or deleted
        during the read would shift an offset (https://dev.socrata.com/docs/paging). An
        empty page ends the read: a portal may cap pages below the requested size.
        """
        last, size = "", self.dataset.page_rows
        while True:
            where = self._where(window) + (f" AND :id > {quoted(last)}" if last else "")
            try:
                page = self._rows(where, size, read, f"rows of {window}", window)
            except Retryable as error:
                if not error.slow or size <= SMALLEST_PAGE:
                    raise
                size = max(size // 2, SMALLEST_PAGE)
                log.warning("%s Asking for pages of %d rows.", error, size)
                continue
            if not page.num_rows:
                return
            if page.column(":id")[-1].as_py() == last:
                raise PortalError(f"{self.dataset.label} repeats the same page.")
            last = page.column(":id")[-1].as_py()
            read.ids.append(page.column(":id"))
            yield self._as_raw(page)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds one of these values, on any date."""
        none = pa.array([], pa.string())
        tables = [pa.table(dict.fromkeys(self._raw_names(), none))]
        for chunk in chunks(key_values):
            where = self.dataset.among_read(f"{self.dataset.key[0]} in({chunk})")
            what = "rows by their keys"
            expected = self._count(where, f"the count of {what}")
            rows = self._rows(where, MOST_OF_KEYS, Read(), what)
            check_number(self.dataset, what, rows.num_rows, expected)
            tables.append(self._as_raw(rows))
        return pa.concat_tables(tables, promote_options="default")

    @property
    def dates(self) -> WindowDates:
        """How the window column is requested and checked."""
        pattern = self.dataset.window_pattern
        return PatternDates(pattern) if pattern else IsoDates(ISO_DATE, midnight)

    def bound(self, day: date) -> str:
        """A day's local midnight as the portal writes it, without a zone."""
        return self.dates.bound(day) if self.dataset.window_format else midnight(day)

    def check_clock(self) -> str | None:
        """Prove `window_format`, if it is declared, by two counts."""
        if self.dataset.window_format:
            return check_pattern(self.dataset, self.dataset.window_column, self._count)
        return None

    @property
    def can_sweep(self) -> bool:
        """Always: every row has `:updated_at`."""
        return True

    def monthly_counts(
        self, windows: list[Window], column: str | None = None
    ) -> pa.Table:
        """Count rows by window, each of which must be a whole month, in one query.

        Dates that are text take a query for each.
        """
        if self.dataset.window_format:
            return super().monthly_counts(windows, column)
        dates = self.dataset.window_column
        values = f", {column} as value" if column else ""
        query = Query(
            f"date_trunc_ym({dates}) as month{values}, count(*) as n",
            self._where(Window(windows[-1].start, windows[0].end)),
            group=f"month{', value' if column else ''}",
            order="month",
            limit=MOST_GROUPS,
        )
        what = f"the counts by month{f' and {column}' if column else ''}"
        rows = self.answer(query, list[MonthlyCount], what)
        if len(rows) >= MOST_GROUPS:
            raise PortalError(
                f"{self.dataset.label} sent too long a list ({what}); `compare_by` in "
                f"{self.dataset.name}.toml must name a column with few values."
            )
        return pa.table(
            {
                "month": pa.array([row.month.date() for row in rows], pa.date32()),
                "value": pa.array([as_published(r.value) for r in rows], pa.string()),
                "row_count": pa.array([int(row.n) for row in rows], pa.int64()),
            }
        )

    def _where(self, window: Window) -> str:
        changed = window.changed_since and self._changed_since(window.changed_since)
        where = self.dates.condition(self.dataset.window_column, window, changed or "")
        return self.dataset.among_read(f"({where})" if window.undated else where)

    def _changed_since(self, moment: datetime) -> str:
        """`:updated_at` is an instant in UTC; a publisher's own column has no zone."""
        column = self.dataset.change_column
        zone = self.dataset.tzinfo if column else UTC
        at = moment.astimezone(zone)
        return f"{column or ':updated_at'} > '{at:%Y-%m-%dT%H:%M:%S.000}'"

    def _raw_names(self) -> list[str]:
        return [raw_name(name) for name in self.requested()]

    def _as_raw(self, page: pa.Table) -> pa.Table:
        reasons = [name for name in page.column_names if name == REJECT]
        names = [*self._raw_names(), *reasons]
        return page.select([*self.requested(), *reasons]).rename_columns(names)

    def _rows(
        self,
        where: str,
        limit: int,
        read: Read,
        what: str,
        window: Window | None = None,
    ) -> pa.Table:
        """One page: the requested columns and `:id`, checked against the request."""
        columns, dates = self.requested(), self.dataset.window_column
        row_id, name = ROW_IDS[self.dataset.soda]
        query = Query(",".join([*columns, row_id]), where, order=":id", limit=limit)
        request = self._request(query, "csv")

        def send(is_lenient: bool) -> pa.Table:
            answer = self._get(request, "csv")
            body = readable(answer.body) if is_lenient else answer.body
            table = parse_csv(body, [*columns, name]).rename_columns([*columns, ":id"])
            if is_lenient or b"\0" in body:
                reason = None
                if is_lenient:
                    reason = self.dates.why_odd(table[dates], dates)
                table = set_aside(table, reason)
            check_page(table, limit)
            if window:
                self.dates.check(good_rows(table)[dates], window)
            stale = answer.headers.get("X-SODA2-Data-Out-Of-Date", "")
            read.is_stale |= stale.lower() == "true"
            return table

        return ask_for_rows(send, self.dataset, self.patience, what)

    def _count(self, where: str, what: str) -> int:
        one = Annotated[list[Count], msgspec.Meta(min_length=1, max_length=1)]
        return int(self.answer(Query("count(*) as n", where), one, what)[0].n)


def midnight(day: date) -> str:
    """A day's start as SODA writes it."""
    return f"{day}T00:00:00.000"
