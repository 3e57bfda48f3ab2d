"""Read a portal's whole answer, but no more of it than a run can bear."""

import io
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import requests
import urllib3

from pipelines.errors import Retryable

T = TypeVar("T")

# Unpacked. A page of 20,000 rows has some 10 MB.
LARGEST_BYTES = 512 * 1024 * 1024

# At most so much is read, and unpacked, at once.
PACKED_BYTES, UNPACKED_BYTES = 256 * 1024, 8 * 1024 * 1024


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
