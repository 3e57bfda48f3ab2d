"""Read a data set from a Socrata portal (SODA 2)."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import requests
from msgspec import ValidationError, convert
from sodapy import Socrata

from pipelines.dataset import Dataset
from pipelines.errors import PortalError, SchemaDriftError
from pipelines.portal import (
    Patience,
    Published,
    Read,
    Reader,
    RefusedError,
    Retryable,
    Survey,
    ask,
    body_of,
    chunks,
    get,
    message_of,
    quoted,
    user_agent,
)
from pipelines.windows import Window

log = logging.getLogger(__name__)

SMALLEST_PAGE = 500


class SocrataReader(Reader):
    """One data set of a Socrata portal.

    The app token of SOCRATA_APP_TOKEN goes into a header, never into an address. A
    portal answers 403 to a wrong one; reading then goes on without it, and says so.
    """

    def __init__(self, dataset: Dataset, patience: Patience):
        super().__init__(dataset, patience)
        token = os.environ.get("SOCRATA_APP_TOKEN") or None
        self.has_token = token is not None
        address = urlsplit(dataset.url)
        self.client = Socrata(address.netloc, token, timeout=patience.timeout)
        self.client.uri_prefix = f"{address.scheme}://"
        self.client.session.headers["User-Agent"] = user_agent()

    def describe(self) -> Published:
        """Ask for columns and version."""
        address = urlsplit(self.dataset.url)
        view = address.path.rsplit("/", 1)[-1]
        url = f"{address.scheme}://{address.netloc}/api/views/{view}.json"
        metadata = self._ask(url, {}, "json", "its description").json()
        if not isinstance(metadata, dict) or not isinstance(
            metadata.get("columns"), list
        ):
            raise PortalError(
                f"{self.dataset.label} describes it "
                "without columns; is the address a data set's?"
            )
        names = [column["fieldName"] for column in metadata["columns"]]
        version = metadata.get("rowsUpdatedAt")
        # Computed regions are feature ids of the portal's own maps.
        published = [name for name in names if not name.startswith(":@")]
        updated = datetime.fromtimestamp(int(version), UTC) if version else None
        return Published(published, str(version) if version else None, updated)

    def count(self, window: Window) -> int:
        """How many rows the portal counts in the window."""
        query = {"$select": "count(*) as n", "$where": self._where(window)}
        url = f"{self.dataset.url}.json"
        answer = self._ask(url, query, "json", f"the count of {window}").json()
        try:
            return int(answer[0]["n"])
        except (LookupError, TypeError, ValueError) as error:
            raise PortalError(
                f"{self.dataset.label} sent no number for the count of {window}."
            ) from error

    def survey(self, window: Window) -> Survey:
        """Ask for figures of a window, in one request."""
        key = self.dataset.key[0]
        figures = {
            "rows": "count(*)",
            "keyed": f"count({key})",
            "first_update": "min(:updated_at)",
            "last_update": "max(:updated_at)",
        }
        if self.dataset.key_is_unique and len(self.dataset.key) == 1:
            figures["different"] = f"count(distinct {key})"
        query = {
            "$select": ", ".join(f"{sql} as {name}" for name, sql in figures.items()),
            "$where": self._where(window),
        }
        url, what = f"{self.dataset.url}.json", f"figures of {window}"
        answer = self._ask(url, query, "json", what).json()
        try:
            return convert(answer[0], Survey, strict=False)
        except (LookupError, TypeError, ValidationError) as error:
            raise PortalError(
                f"{self.dataset.label} sent something else for {what}."
            ) from error

    def token_state(self) -> str | None:
        """How the portal took the app token; a refused one is not sent again."""
        if not self.has_token:
            return "none"
        is_kept = "X-App-Token" in self.client.session.headers
        return "accepted" if is_kept else "refused"

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows in the order of `:id`, each once.

        Pages follow the portal's own `:id`, not an offset: rows inserted or deleted
        meanwhile would shift an offset (https://dev.socrata.com/docs/paging). The end
        is an empty page: a portal may cap pages below the size asked for.
        """
        last, size = "", self.dataset.page_rows
        while True:
            where = self._where(window) + (f" AND :id > {quoted(last)}" if last else "")
            try:
                page = self._rows(where, size, read, f"rows of {window}")
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
            yield self._as_raw(page)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds one of these values, any date."""
        tables = [pa.table({n: pa.array([], pa.string()) for n in self._raw_names()})]
        for chunk in chunks(key_values):
            where = f"{self.dataset.key[0]} in({chunk})"
            rows = self._rows(where, 50_000, Read(), "rows that it no longer showed")
            tables.append(self._as_raw(rows))
        return pa.concat_tables(tables)

    def bound(self, day: date) -> str:
        """A day's local midnight, as the portal writes it: no zone."""
        return f"{day}T00:00:00.000"

    def _where(self, window: Window) -> str:
        column = self.dataset.window_column
        where = f"{column} >= '{self.bound(window.start)}'"
        if window.end:
            where += f" AND {column} < '{self.bound(window.end)}'"
        return f"({where} OR {column} IS NULL)" if window.undated else where

    def _raw_names(self) -> list[str]:
        return [name.lower() for name in self.requested()]

    def _as_raw(self, page: pa.Table) -> pa.Table:
        return page.select(self.requested()).rename_columns(self._raw_names())

    def _rows(self, where: str, limit: int, read: Read, what: str) -> pa.Table:
        query = {
            "$select": ",".join([*self.requested(), ":id"]),
            "$where": where,
            "$order": ":id",
            "$limit": str(limit),
        }

        def send() -> pa.Table:
            response = self._get(f"{self.dataset.url}.csv", query, "csv")
            table = parse_csv(response.content, [*self.requested(), ":id"])
            if pc.count_distinct(table[":id"]).as_py() < table.num_rows:
                raise Retryable("the page repeats rows")
            stale = response.headers.get("X-SODA2-Data-Out-Of-Date", "")
            read.is_stale |= stale.lower() == "true"
            return table

        return ask(send, self.dataset, self.patience, what)

    def _ask(
        self, url: str, query: dict[str, str], expect: str, what: str
    ) -> requests.Response:
        def send() -> requests.Response:
            response = self._get(url, query, expect)
            try:
                response.json()
            except requests.JSONDecodeError as error:
                raise Retryable("the JSON was cut short or broken") from error
            return response

        return ask(send, self.dataset, self.patience, what)

    def _get(self, url: str, query: dict[str, str], expect: str) -> requests.Response:
        session = self.client.session
        try:
            return get(session, url, query, self.dataset, self.patience, expect)
        except RefusedError as error:
            status = error.response.status_code
            if status in (401, 403) and session.headers.pop("X-App-Token", None):
                log.warning(
                    "%s: %s refused SOCRATA_APP_TOKEN (status %d); reading without it. "
                    "Is it the app token, not the secret one?",
                    self.dataset.name,
                    self.dataset.host,
                    status,
                )
                return get(session, url, query, self.dataset, self.patience, expect)
            raise self._drift_or(error) from error

    def _drift_or(self, error: RefusedError) -> PortalError:
        body = body_of(error.response)
        code = body.get("errorCode") or body.get("code") or ""
        if "no-such-column" not in str(code):
            return error
        column = (body.get("data") or {}).get("column") or message_of(error.response)
        return SchemaDriftError(
            f"{self.dataset.label} has no column {column} any "
            f"more. Correct {self.dataset.name}.toml; nothing was written."
        )


def parse_csv(body: bytes, columns: list[str]) -> pa.Table:
    """Parse a SODA CSV answer; every column text.

    Null is nothing between the commas, empty text is two quotes: they stay apart.

    Raises:
        Retryable: The body is cut or has other columns than were asked for.
    """
    # Arrow takes a last value that lacks its closing quote for a whole one.
    if not body.endswith(b"\n"):
        raise Retryable("the CSV was cut short")
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            read_options=pyarrow.csv.ReadOptions(use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.string() for name in columns},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise Retryable("the CSV was cut short or broken") from error
    if table.column_names != columns:
        raise Retryable(f"the CSV has columns {', '.join(table.column_names)[:200]}")
    return table
