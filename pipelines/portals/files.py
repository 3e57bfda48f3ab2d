"""Read a data set from whole files: CSV, zipped CSV, workbooks, or GeoJSON."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import AreasDataset, Dataset, FileDataset
from pipelines.datasets.windows import Window
from pipelines.errors import PortalError, Retryable, SchemaDriftError
from pipelines.portals.formats.geojson import read_features
from pipelines.portals.formats.headers import Sheet
from pipelines.portals.formats.spreadsheets import read_sheet
from pipelines.portals.http.body import Answer
from pipelines.portals.http.request import RefusedError, get
from pipelines.portals.http.retry import ask
from pipelines.portals.http.told_errors import check_told, told_in
from pipelines.portals.reader import HttpReader, Published, Read, Survey
from pipelines.portals.rejects import BOM
from pipelines.settings import NOBODY, Identity, Patience


class Mark(msgspec.Struct, omit_defaults=True):
    """Identifies one version of a file's content."""

    etag: str | None = None
    modified: str | None = None
    digest: str | None = None
    """MD5 of the bytes, if the server sends neither of the others."""

    def unless(self) -> dict[str, str]:
        """Headers that request a file only if it has changed."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value}


Marks = dict[str, Mark]
"""By address; as JSON it is the data set's version."""


class FileReader(HttpReader):
    """Read files, always whole. There is no separate count to check against, so
    truncated and broken files are refused, and so are too many removals at once."""

    dataset: FileDataset | AreasDataset

    def __init__(
        self,
        dataset: FileDataset | AreasDataset,
        patience: Patience,
        identity: Identity = NOBODY,
    ):
        super().__init__(dataset, patience, identity)
        self.sheets: dict[str, Sheet] = {}
        self.missed: dict[str, PortalError] = {}
        """By address: why one of several files could not be read."""
        self.known: Marks = {}

    def describe(self, known: str | None) -> Published:
        """Request the files, those of the `known` version only if they changed.

        If one changed, all are read, because the whole table is compared. For a missed
        file, the version keeps what was last loaded from it.
        """
        self.known = msgspec.json.decode(known, type=Marks) if known else {}
        marks = self._marks(self.dataset.addresses, self.known)
        if marks != self.known:
            missing = [url for url in marks if url not in self.sheets]
            marks |= self._marks(missing, {})
        moments = [moment_of(mark.modified) for mark in marks.values()]
        return Published(
            self._columns() or self.dataset.columns,
            msgspec.json.encode(marks).decode(),
            max(filter(None, moments), default=None),
        )

    def count(self, window: Window) -> int:
        """How many rows the files have."""
        return sum(rows.num_rows for rows in self._rows())

    def survey(self, window: Window) -> Survey:
        """Figures of the whole table; a file has no update times for single rows."""
        dataset = self.dataset
        key = [rows[raw_name(dataset.key[0])] for rows in self._rows()]
        values = pa.chunked_array([part for column in key for part in column.chunks])
        is_single = len(dataset.key) == 1 and dataset.key_is_unique
        return Survey(
            rows=len(values),
            keyed=len(values) - values.null_count,
            different=pc.count_distinct(values).as_py() if is_single else None,
        )

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield every row, one file at a time."""
        yield from (rows for rows in self._rows() if rows.num_rows)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds, or may hold, one of these values.

        It may if the value can't be read.
        """
        key, wanted = raw_name(self.dataset.key[0]), pa.array(key_values, pa.string())
        found = []
        for rows in self._rows():
            is_broken = pc.fill_null(pc.match_substring(rows[key], "\ufffd"), False)
            found.append(rows.filter(pc.or_(pc.is_in(rows[key], wanted), is_broken)))
        return pa.concat_tables(found, promote_options="default")

    def bound(self, day: date) -> str:
        """As ISO text; files are never read by window."""
        return day.isoformat()

    @property
    def can_sweep(self) -> bool:
        """False: everything is read anyway."""
        return False

    def missed_parts(self) -> dict[str, str]:
        """Why files could not be read, with their URL, by their declared path."""
        label = f"{self.dataset.label} "
        files = zip(self.dataset.files, self.dataset.addresses, strict=False)
        return {
            path: f"({url}): {str(self.missed[url]).removeprefix(label)}"
            for path, url in files
            if url in self.missed
        }

    def is_new_part(self, path: str) -> bool:
        """Whether nothing was ever loaded from a file, according to the version."""
        return f"{self.dataset.url}/{path}" not in self.known

    def within_reach(self, held: pa.Table) -> pa.Table:
        """The rows that the warehouse holds, except those from missed files.

        A missed file may be a new edition that replaces another: until it can be read,
        the former edition's rows stay, although it is no longer declared.
        """
        absent = [name_of(url) for url in self.missed if url not in self.sheets]
        if not absent:
            return held
        names = held[raw_name(self.dataset.file_column or "")]
        is_absent = pc.is_in(names, pa.array(absent, pa.string()))
        return held.filter(pc.and_not(self.is_current(held), is_absent))

    def is_current(self, held: pa.Table) -> pa.Array:
        """Whether each row is from a declared file; a former edition's rows are not.

        Without a column that names each row's file, all are.
        """
        if not self.dataset.file_column:
            return super().is_current(held)
        declared = pa.array(map(name_of, self.dataset.addresses), pa.string())
        return pc.is_in(held[raw_name(self.dataset.file_column)], declared)

    def _rows(self) -> list[pa.Table]:
        """The rows of every readable file, reading those that `describe` skipped."""
        addresses = self.dataset.addresses
        self._marks([url for url in addresses if url not in self.sheets], {})
        return [self.sheets[url].rows for url in addresses if url in self.sheets]

    def _marks(self, addresses: list[str], known: Marks) -> Marks:
        """Read the files that changed since their known marks; return all marks.

        If one of several can't be read, it counts as missed and is not requested again;
        it keeps the mark of what was loaded from it, if anything.

        Raises:
            PortalError: The only file, or every file, can't be read.
        """
        marks = {url: mark for url, mark in known.items() if url in addresses}
        for url in addresses:
            if url in self.missed:
                continue
            try:
                marks[url] = self._read(url, known.get(url))
            except PortalError as error:
                self.missed[url] = error
            if len(self.missed) == len(self.dataset.addresses):
                raise self.missed[url]
        return marks

    def _columns(self) -> list[str]:
        """The columns of the files; each of several has every declared column."""
        sheets = self.sheets.values()
        return list(dict.fromkeys(name for sheet in sheets for name in sheet.header))

    def _read(self, url: str, mark: Mark | None) -> Mark:
        """Read a file if it has changed since its mark."""
        unless = mark.unless() if mark else {}

        def send() -> Mark:
            dataset, timeout = self.dataset, self.patience.timeout
            try:
                answer = get(
                    self.session, url, dataset.query, dataset, timeout, "", unless
                )
            except RefusedError as error:
                raise with_advice(error, url, self.identity) from error
            if mark and answer.status == 304:
                return mark
            return self._parse(url, answer)

        return ask(send, self.dataset, self.patience, name_of(url))

    def _parse(self, url: str, answer: Answer) -> Mark:
        check_is_file(self.dataset, answer)
        if isinstance(self.dataset, AreasDataset):
            sheet = read_features(self.dataset, name_of(url), answer.body)
        else:
            # With a length, a transfer that breaks off raises an error.
            is_whole = "Content-Length" in answer.headers
            sheet = read_sheet(self.dataset, name_of(url), answer.body, is_whole)
        if len(self.dataset.addresses) > 1:
            check_header(self.dataset, sheet.header)
        self.sheets[url] = sheet
        found = Mark(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        if not found.unless():
            found.digest = hashlib.md5(answer.body).hexdigest()
        return found


def name_of(url: str) -> str:
    """A file's name, without its path."""
    return url.rsplit("/", 1)[1]


def check_is_file(dataset: Dataset, answer: Answer) -> None:
    """Check that a response is not an HTML page or an error with a status of 200.

    Raises:
        Retryable, PortalError: It is; see `check_told`.
    """
    begin = answer.body[:64].removeprefix(BOM).lstrip().lower()
    is_page = "html" in answer.headers.get("Content-Type", "")
    if is_page or begin.startswith((b"<!doctype html", b"<html")):
        raise Retryable("an HTML page came instead of the file")
    check_told(dataset, told_in(answer.body))


def with_advice(error: RefusedError, url: str, identity: Identity) -> PortalError:
    """Add advice to the error of a server that refuses a reader.

    Some servers want a contact address in `User-Agent`; others only allow browsers.
    """
    if error.answer.status != 403:
        return error
    if not identity.contact:
        return PortalError(
            f"{error} Some servers refuse programs that give no contact address: set "
            f"BLOTTER_CONTACT to yours. The file was {url}."
        )
    return PortalError(f"{error} Does {url} open in a browser? If not, it has moved.")


def check_header(dataset: Dataset, header: list[str]) -> None:
    """Check that one of several files has every declared column.

    Raises:
        SchemaDriftError: Columns are missing; names them.
    """
    if gone := [name for name in dataset.columns if name not in header]:
        raise SchemaDriftError(
            f"{dataset.label} no longer publishes {', '.join(gone)}; a column may have "
            f"been renamed. Correct {dataset.name}.toml."
        )


def moment_of(modified: str | None) -> datetime | None:
    """The instant of a `Last-Modified` header; None if it is missing or invalid."""
    try:
        moment = parsedate_to_datetime(modified or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
