"""Read and decompress a portal's response, within limits on size and time."""

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

# Decompressed. A page of 20,000 rows has some 10 MB.
LARGEST_BYTES = 512 * 1024 * 1024

# The most to read, and to decompress, at once.
PACKED_BYTES, UNPACKED_BYTES = 256 * 1024, 8 * 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """A response whose body was read completely."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, kind: type[T] | Any = Any) -> T:
        """The body as JSON of the given type.

        Raises:
            Retryable: It is not JSON, or has another shape; says where, not what.
        """
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.ValidationError as error:
            raise Retryable(f"the JSON is not what was asked for ({error})") from error
        except (ValueError, RecursionError) as error:
            raise Retryable("the JSON was cut short or broken") from error


def read_answer(response: requests.Response, seconds: float) -> Answer:
    """Read a streamed response completely, decompress it and close it.

    Args:
        seconds: How long the whole body may take; a portal that trickles a few bytes
            now and then never hits the timeout of a single read.

    Raises:
        Retryable: Too large or too slow (`slow`: smaller pages may help), truncated, or
            wrongly compressed.
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
    """Yield the raw bytes as they arrive."""
    deadline = time.monotonic() + seconds
    while part := raw.read1(PACKED_BYTES, decode_content=False):
        yield part
        if time.monotonic() > deadline:
            raise Retryable(f"the body took over {seconds:g} s", slow=True)


def unpacked(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress gzip step by step: a small body may expand beyond what memory holds.

    Not left to urllib3, which accepts a body without its end and so its checksum.
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
    """Pass parts on, up to `most` bytes in total."""
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise Retryable(f"the body has over {most:,} bytes", slow=True)
        yield part
