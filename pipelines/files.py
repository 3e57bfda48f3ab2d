"""Read a data set from whole files: CSV, zipped CSV, workbooks, or GeoJSON."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import requests

from pipelines.answer import Answer
from pipelines.dataset import Dataset
from pipelines.errors import Retryable
from pipelines.geojson import read_features
from pipelines.portal import (
    Patience,
    Published,
    Read,
    Reader,
    Survey,
    ask,
    user_agent,
)
from pipelines.request import get
from pipelines.sheets import Sheet, read_sheet
from pipelines.windows import Window


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

    def __init__(self, dataset: Dataset, patience: Patience):
        super().__init__(dataset, patience)
        self.session = requests.Session()
        self.session.headers["User-Agent"] = user_agent()
        self.sheets: dict[str, Sheet] = {}

    def describe(self) -> Published:
        """Ask for the files, those known by `version` only if they changed.

        Where one changed all are read: the table is compared whole.
        """
        known = self._known_marks()
        marks = {url: self._read(url, known.get(url)) for url in self.dataset.addresses}
        if marks != known:
            missing = [url for url in marks if url not in self.sheets]
            marks |= {url: self._read(url, None) for url in missing}
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
        """Every row whose first key column holds one of these values."""
        key, wanted = self.dataset.key[0].lower(), pa.array(key_values, pa.string())
        found = [rows.filter(pc.is_in(rows[key], wanted)) for rows in self._rows()]
        return pa.concat_tables(found, promote_options="default")

    def bound(self, day: date) -> str:
        """As ISO text; no window is ever cut out of a file."""
        return day.isoformat()

    @property
    def can_sweep(self) -> bool:
        """All is read anyway."""
        return False

    def _known_marks(self) -> Marks:
        return msgspec.json.decode(self.version, type=Marks) if self.version else {}

    def _rows(self) -> list[pa.Table]:
        """Every file's rows; read now if none had changed."""
        for url in self.dataset.addresses:
            if url not in self.sheets:
                self._read(url, None)
        return [self.sheets[url].rows for url in self.dataset.addresses]

    def _columns(self) -> list[str]:
        """Those that every file has; any that one has beyond what is declared."""
        headers = [sheet.header for sheet in self.sheets.values()]
        every = dict.fromkeys(name for header in headers for name in header)
        needed = set(self.dataset.columns)
        return [
            name
            for name in every
            if name not in needed or all(name in header for header in headers)
        ]

    def _read(self, url: str, mark: Mark | None) -> Mark:
        """Read a file unless it is still the one that a mark tells of."""
        unless = mark.unless() if mark else {}

        def send() -> Mark:
            dataset, timeout = self.dataset, self.patience.timeout
            answer = get(self.session, url, dataset.query, dataset, timeout, "", unless)
            if mark and answer.status == 304:
                return mark
            return self._parse(url, answer)

        name = url.rsplit("/", 1)[1]
        return ask(send, self.dataset, self.patience, name)

    def _parse(self, url: str, answer: Answer) -> Mark:
        if "html" in answer.headers.get("Content-Type", ""):
            raise Retryable("a page of HTML came instead of the file")
        name = url.rsplit("/", 1)[1]
        read = read_features if self.dataset.api == "geojson" else read_sheet
        self.sheets[url] = read(self.dataset, name, answer.body)
        found = Mark(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        if not found.unless():
            found.digest = hashlib.md5(answer.body).hexdigest()
        return found


def moment_of(modified: str | None) -> datetime | None:
    """The instant of a `Last-Modified` header; None where there is none to read."""
    try:
        moment = parsedate_to_datetime(modified or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
