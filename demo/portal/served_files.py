"""Files that a portal serves: tables as CSV, and any file as it is."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TypedDict, Unpack

import pyarrow as pa
import pyarrow.compute as pc

from demo.portal.exchange import Asked, Reply
from demo.portal.store import Dataset, Store
from demo.portal.values import Rows


@dataclass(frozen=True)
class Written:
    """A file as it was written for a version of its table."""

    version: int
    body: bytes
    changed_at: datetime


class FileTable(Dataset):
    """Rows that are rewritten to one or several files whenever they change.

    Args:
        write: Turns a file's rows into bytes.
        file_column: The column that names each row's file and is not written to it;
            None if there is a single file.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        rows: Rows,
        columns: dict[str, str],
        key: str | None = None,
        *,
        write: Callable[[pa.Table], bytes],
        file_column: str | None = None,
    ):
        super().__init__(store, name, rows, columns, key)
        self.write, self.file_column = write, file_column
        self._written: dict[str, Written] = {}

    def contents(self, file_name: str) -> tuple[bytes, datetime]:
        """Return a file's bytes and when they last changed.

        A change of the table that leaves a file's bytes unchanged does not count.
        """
        with self.store.lock:
            last = self._written.get(file_name)
            if last is None or last.version != self.version:
                body = self.write(self._rows_of(file_name))
                if last is not None and last.body == body:
                    last = replace(last, version=self.version)
                else:
                    last = Written(self.version, body, self.rows_updated_at)
                self._written[file_name] = last
            return last.body, last.changed_at

    def _rows_of(self, file_name: str) -> pa.Table:
        rows = self.rows()
        if self.file_column is None:
            return rows
        inside = pc.equal(rows[self.file_column], file_name)
        return rows.filter(inside).drop_columns(self.file_column)


Contents = Callable[[], tuple[bytes, datetime]]

CONTENT_TYPES = {
    "csv": "text/csv",
    "geojson": "application/vnd.geo+json; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


class FileOptions(TypedDict, total=False):
    """The options of `PlainFile`."""

    content_type: str
    has_etag: bool
    has_last_modified: bool
    has_length: bool


@dataclass
class PlainFile:
    """The file that is published at one path.

    `contents` returns the bytes and when they were last changed (with a zone). Either
    validator, ETag or date, can be left out, as some servers do. `has_length`: send a
    Content-Length, like servers that send a file from disk.
    """

    contents: Contents
    content_type: str = "application/octet-stream"
    has_etag: bool = True
    has_last_modified: bool = True
    has_length: bool = False

    @property
    def body(self) -> bytes:
        """The current bytes."""
        return self.contents()[0]

    def reply(self, asked: Asked) -> Reply:
        """Answer with the file, or with a 304 if the reader's copy is the same."""
        body, changed_at = self.contents()
        changed_at = changed_at.astimezone(UTC).replace(microsecond=0)
        headers = {"Cache-Control": "max-age=300"}
        if self.has_etag:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()}"'
        if self.has_last_modified:
            headers["Last-Modified"] = format_datetime(changed_at, usegmt=True)
        if self._is_held(asked, headers.get("ETag"), changed_at):
            return Reply(304, b"", headers)
        if self.has_length:
            headers["Content-Length"] = str(len(body))
        return Reply(200, body, headers | {"Content-Type": self.content_type})

    def _is_held(self, asked: Asked, etag: str | None, changed_at: datetime) -> bool:
        """Whether the reader already has these bytes; an ETag takes precedence.

        See https://www.rfc-editor.org/rfc/rfc9110#section-13.
        """
        if asked.method not in ("GET", "HEAD"):
            return False
        if given := asked.headers.get("if-none-match"):
            held = {tag.strip().removeprefix("W/") for tag in given.split(",")}
            return etag in held or "*" in held
        since = http_date(asked.headers.get("if-modified-since", ""))
        return self.has_last_modified and since is not None and changed_at <= since


def file_at(path: str, contents: Contents, **options: Unpack[FileOptions]) -> PlainFile:
    """Return a file whose content type defaults to that of its path's extension."""
    ending = path.rpartition(".")[2].lower()
    if ending in CONTENT_TYPES:
        options.setdefault("content_type", CONTENT_TYPES[ending])
    return PlainFile(contents, **options)


def http_date(text: str) -> datetime | None:
    """Parse the date of a header; None if it is invalid, as if it were missing."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
