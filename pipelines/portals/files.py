"""Read a data set from whole files: CSV, zipped CSV, workbooks, or GeoJSON."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import requests

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
from pipelines.portals.reader import Published, Read, Reader, Survey
from pipelines.portals.rejects import BOM
from pipelines.settings import NOBODY, Identity, Patience


class Mark(msgspec.Struct, omit_defaults=True):
    """What tells one content of a file from another."""

    etag: str | None = None
    modified: str | None = None
    digest: str | None = None
    """MD5 of the bytes, where the server gives nothing."""

    def unless(self) -> dict[str, str]:
        """Headers that ask for a file only if it is another."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in headers.items() if value}


Marks = dict[str, Mark]
"""By address; as JSON it is the data set's version."""


class FileReader(Reader):
    """Files that are read whole. A count proves nothing here: what came is all there
    is. Cut and broken files are refused; too many removals at once are too."""

    dataset: FileDataset | AreasDataset

    def __init__(
        self,
        dataset: FileDataset | AreasDataset,
        patience: Patience,
        identity: Identity = NOBODY,
    ):
        super().__init__(dataset, patience, identity)
        self.session = requests.Session()
        self.session.headers["User-Agent"] = identity.user_agent
        self.sheets: dict[str, Sheet] = {}
        self.missed: dict[str, PortalError] = {}
        """By address: why one of several files could not be read."""
        self.known: Marks = {}

    def describe(self, known: str | None) -> Published:
        """Ask for the files, those of the `known` version only if they changed.

        Where one changed all are read: the table is compared whole. The version tells
        of a file that is missed what is loaded of it.
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
        """Figures of the whole table; a file tells no updates of single rows."""
        dataset = self.dataset
        key = [rows[dataset.key[0].lower()] for rows in self._rows()]
        values = pa.chunked_array([part for column in key for part in column.chunks])
        is_single = len(dataset.key) == 1 and dataset.key_is_unique
        return Survey(
            rows=len(values),
            keyed=len(values) - values.null_count,
            different=pc.count_distinct(values).as_py() if is_single else None,
        )

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield every row, a file at a time."""
        yield from (rows for rows in self._rows() if rows.num_rows)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds one of these values.

        And every one whose can't be read: it may.
        """
        key, wanted = self.dataset.key[0].lower(), pa.array(key_values, pa.string())
        found = []
        for rows in self._rows():
            is_broken = pc.fill_null(pc.match_substring(rows[key], "\ufffd"), False)
            found.append(rows.filter(pc.or_(pc.is_in(rows[key], wanted), is_broken)))
        return pa.concat_tables(found, promote_options="default")

    def bound(self, day: date) -> str:
        """As ISO text; no window is ever cut out of a file."""
        return day.isoformat()

    @property
    def can_sweep(self) -> bool:
        """All is read anyway."""
        return False

    def missed_parts(self) -> dict[str, str]:
        """Files that could not be read, with the address and why."""
        label = f"{self.dataset.label} "
        files = zip(self.dataset.files, self.dataset.addresses, strict=False)
        return {
            path: f"({url}): {str(self.missed[url]).removeprefix(label)}"
            for path, url in files
            if url in self.missed
        }

    def is_new_part(self, path: str) -> bool:
        """Whether nothing was ever loaded of a file, as far as the version tells."""
        return f"{self.dataset.url}/{path}" not in self.known

    def within_reach(self, held: pa.Table) -> pa.Table:
        """Of rows that the warehouse holds those that are of no missed file.

        A missed file may be the edition that takes another's place: until it is there
        the former one stays, though it is not declared any more.
        """
        absent = [name_of(url) for url in self.missed if url not in self.sheets]
        if not absent:
            return held
        names = held[(self.dataset.file_column or "").lower()]
        is_absent = pc.is_in(names, pa.array(absent, pa.string()))
        return held.filter(pc.and_not(self.is_current(held), is_absent))

    def is_current(self, held: pa.Table) -> pa.Array:
        """Whether each row is of a file that is declared: an edition may be none more.

        Where no column tells of which file a row is, all are.
        """
        if not self.dataset.file_column:
            return super().is_current(held)
        declared = pa.array(map(name_of, self.dataset.addresses), pa.string())
        return pc.is_in(held[self.dataset.file_column.lower()], declared)

    def _rows(self) -> list[pa.Table]:
        """The rows of every file that can be read; read now if none had changed."""
        addresses = self.dataset.addresses
        self._marks([url for url in addresses if url not in self.sheets], {})
        return [self.sheets[url].rows for url in addresses if url in self.sheets]

    def _marks(self, addresses: list[str], known: Marks) -> Marks:
        """Read files unless they are still those that marks tell of.

        One of several that can't be read is missed, and not asked for again: it keeps
        the mark of what is loaded of it, if anything is.

        Raises:
            PortalError: The only file, or all of them, can't be read.
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
        """Those that a file has; of several each has all that are declared."""
        sheets = self.sheets.values()
        return list(dict.fromkeys(name for sheet in sheets for name in sheet.header))

    def _read(self, url: str, mark: Mark | None) -> Mark:
        """Read a file unless it is still the one that a mark tells of."""
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
            # With a length a transfer that breaks off is noticed as it does.
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
    """A file's own name."""
    return url.rsplit("/", 1)[1]


def check_is_file(dataset: Dataset, answer: Answer) -> None:
    """See that no page and no error came with the status of a file.

    Raises:
        Retryable, PortalError: One did; see `check_told`.
    """
    begin = answer.body[:64].removeprefix(BOM).lstrip().lower()
    is_page = "html" in answer.headers.get("Content-Type", "")
    if is_page or begin.startswith((b"<!doctype html", b"<html")):
        raise Retryable("a page of HTML came instead of the file")
    check_told(dataset, told_in(answer.body))


def with_advice(error: RefusedError, url: str, identity: Identity) -> PortalError:
    """What may help where a server turns a reader away.

    Some want an address to write to in `User-Agent`, others let browsers in only.
    """
    if error.answer.status != 403:
        return error
    if not identity.contact:
        return PortalError(
            f"{error} Some servers turn away who leaves no address: set "
            f"BLOTTER_CONTACT to yours. The file was {url}."
        )
    return PortalError(f"{error} Does {url} open in a browser? If not, it has moved.")


def check_header(dataset: Dataset, header: list[str]) -> None:
    """See that one of several files has every column.

    Raises:
        SchemaDriftError: One is missing; names it.
    """
    if gone := [name for name in dataset.columns if name not in header]:
        raise SchemaDriftError(
            f"{dataset.label} publishes no column {', '.join(gone)} any more; it may "
            f"be renamed. Correct {dataset.name}.toml."
        )


def moment_of(modified: str | None) -> datetime | None:
    """The instant of a `Last-Modified` header; None where there is none to read."""
    try:
        moment = parsedate_to_datetime(modified or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
