"""Read a portal's whole answer, but no more of it than a run can bear."""

import io
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import requests
import urllib3

from pipelines.dataset import REJECT
from pipelines.errors import Retryable

T = TypeVar("T")

Reasons = pa.Array | pa.ChunkedArray

# Unpacked. A page of 20,000 rows has some 10 MB.
LARGEST_BYTES = 512 * 1024 * 1024
# At most so much is read, and unpacked, at once.
PACKED_BYTES, UNPACKED_BYTES = 256 * 1024, 8 * 1024 * 1024

# Stands for bytes that are no UTF-8: a code point that no text may hold.
UNREADABLE = "\ufdd0"


@dataclass(frozen=True)
class Answer:
    """A reply whose body was read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, kind: type[T] | Any = Any) -> T:
        """The body as JSON of a shape.

        Raises:
            Retryable: It is no JSON, or of another shape; tells where, not what.
        """
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.ValidationError as error:
            raise Retryable(f"the JSON is not what was asked for ({error})") from error
        except (ValueError, RecursionError) as error:
            raise Retryable("the JSON was cut short or broken") from error


class OddRowsError(Exception):
    """Rows of an answer are not as they must be; says how, after "sent".

    It may be a fault of the line, gone when asked again. Where it stays, the rows are
    set aside: a few of them must not stop a data set for ever.
    """


def check_utf8(body: bytes) -> None:
    """See that every byte of a body can be read.

    Raises:
        OddRowsError: One can't; `readable` marks them.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise OddRowsError("bytes that are no UTF-8") from error


def readable(body: bytes) -> bytes:
    """The body with a mark, `UNREADABLE`, for bytes that are no UTF-8.

    Every byte below 128 stays: no quote, comma or line break is lost.
    """
    escaped = body.decode(errors="surrogateescape")
    marks = dict.fromkeys(range(0xDC80, 0xDD00), UNREADABLE)
    return escaped.translate(marks).encode()


def set_aside(rows: pa.Table, reason: Reasons | None = None) -> pa.Table:
    """Give a reason, in `REJECT`, to rows that no warehouse could hold as they are.

    Those with unreadable bytes, which become U+FFFD, and those with the character NUL,
    which text in Postgres can't hold.

    Args:
        reason: Why a row is set aside anyway; null where it is not.
    """
    if reason is None:
        reason = pa.nulls(rows.num_rows, pa.string())
    for position, name in enumerate(rows.column_names):
        column = rows[name].combine_chunks()
        for sign, why in ((UNREADABLE, "not UTF-8"), ("\0", "NUL character")):
            holds = pc.fill_null(pc.match_substring(column, sign), False)
            reason = pc.if_else(holds, why, reason)
        column = pc.replace_substring(column, UNREADABLE, "\ufffd")
        rows = rows.set_column(position, name, column)
    return rows.append_column(REJECT, reason)


def read_answer(response: requests.Response, seconds: float) -> Answer:
    """Read a streamed reply to its end, unpack it and close it.

    Args:
        seconds: How long the whole body may take; a portal that sends a few bytes now
            and then never runs into the timeout of a single read.

    Raises:
        Retryable: Too large or too slow (`slow`: smaller pages may help), cut short, or
            packed wrongly.
        requests.RequestException, urllib3.exceptions.HTTPError: The connection broke.
    """
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    with closing(response):
        parts = received(response.raw, seconds)
        if packing in ("gzip", "x-gzip"):
            parts = unpacked(parts)
        elif packing != "identity":
            raise Retryable(f"the body is packed as {packing[:40]!r}, not with gzip")
        body = io.BytesIO()  # gives its bytes away without a copy
        for part in capped(parts, LARGEST_BYTES):
            body.write(part)
    return Answer(response.status_code, response.headers, body.getvalue())


def received(raw: urllib3.BaseHTTPResponse, seconds: float) -> Iterator[bytes]:
    """What comes, as it comes."""
    deadline = time.monotonic() + seconds
    while part := raw.read1(PACKED_BYTES, decode_content=False):
        yield part
        if time.monotonic() > deadline:
            raise Retryable(f"the body took over {seconds:g} s", slow=True)


def unpacked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip step by step: a small body may hold more than memory does.

    urllib3 takes a body that lacks its end, and so its checksum, for a whole one.
    """
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for part in parts:
            while part:
                if unpack.eof:  # a body may have several members
                    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
                yield unpack.decompress(part, UNPACKED_BYTES)
                part = unpack.unconsumed_tail or unpack.unused_data
        yield unpack.flush()
    except zlib.error as error:
        raise Retryable("the gzip body is broken") from error
    if not unpack.eof:
        raise Retryable("the gzip body was cut short")


def capped(parts: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Pass on what comes, up to `most` bytes in all."""
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise Retryable(f"the body has over {most:,} bytes", slow=True)
        yield part
