"""Make a portal misbehave on demand, as real ones do."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from threading import Lock

from starlette.types import Receive, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from demo.portal.exchange import Asked, Reply, arcgis_problem, problem

KINDS = {
    "status": "reply with `status`, `headers` and `body`",
    "processing": "202 without a body: ask again",
    "html": "200 with an HTML page in place of data",
    "redirect": "302 to `location` plus the path",
    "moved_host": "301 to `location` plus the path; 403 to a query with `$select`",
    "needs_token": "403 to any request without an app token; error 499 for a layer",
    "bad_token": "403 to any request that carries an app token",
    "hook": "call `hook` before the request is answered",
    "slow": "wait `seconds` before the first byte",
    "stall": "wait `seconds` after `size` bytes of the body",
    "reset": "reset the connection after `size` bytes of the body; 0: no reply at all",
    "cut": "end the answer cleanly after `size` bytes of the uncompressed body",
    "edit": "send what `edit` makes of the uncompressed body",
    "bad_gzip": "corrupt the compressed body",
    "wrong_length": "announce more bytes than are sent",
    "cap": "answer at most `rows` rows, whatever is requested",
    "duplicates": "repeat the first row at the end of the answer",
    "out_of_date": "X-SODA2-Data-Out-Of-Date: true",
    "announce": "answer, with `headers` beside the portal's own",
    "no_types": "leave out X-SODA2-Fields and X-SODA2-Types",
}
REPLACING = (
    *("status", "processing", "html", "redirect", "moved_host", "needs_token"),
    "bad_token",
)
SENDING = ("slow", "stall", "reset", "wrong_length")
MOMENT = 0.05  # seconds for what was sent to leave
HTML = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body>{0}</body></html>\n"
REASONS = {
    429: ("too-many-requests", "Too many requests"),
    408: ("request-timeout", "Request timed out"),
    500: ("internal-error", "Internal error"),
    503: ("service-unavailable", "Service unavailable"),
    504: ("service-unavailable", "Gateway timeout"),
}


@dataclass
class Fault:
    """Something that goes wrong in certain requests.

    A request matches if its path matches the pattern `path` (`/resource/*.csv`; None
    matches all) and its decoded query contains `query`. Of the matching requests the
    first `after` pass and the next `times` fail (None: all until `Portal.heal`).

    A `body` of None means the one that a Socrata portal sends with the status: JSON, or
    HTML for a 502.
    """

    kind: str
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | str | None = None
    path: str | None = None
    query: str = ""
    times: int | None = 1
    after: int = 0
    seconds: float = 0.0
    size: int = 0
    rows: int = 0
    location: str = ""
    hook: Callable[[], object] = lambda: None
    edit: Callable[[bytes], bytes] = bytes
    seen: int = 0

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist."""
        if self.kind not in KINDS:
            raise ValueError(
                f"no such fault: {self.kind}; there are {', '.join(KINDS)}"
            )
        self._lock = Lock()

    def strikes(self, path: str, query: str) -> bool:
        """Count a request; return whether it is one of those that fail."""
        fits = self.path is None or self.path == path or fnmatch(path, self.path)
        if not fits or self.query not in query:
            return False
        with self._lock:
            self.seen += 1
            number = self.seen - self.after
        return number >= 1 and (self.times is None or number <= self.times)


def prepare(faults: list[Fault], asked: Asked) -> Reply | None:
    """Apply faults before the request is answered; a reply replaces the answer."""
    for fault in faults:
        if fault.kind == "hook":
            fault.hook()
        elif fault.kind == "cap":
            asked.row_cap = fault.rows
        elif fault.kind == "duplicates":
            asked.repeats_rows = True
        elif fault.kind == "out_of_date":
            asked.is_outdated = True
        elif fault.kind == "no_types":
            asked.hides_types = True
    replies = [replacement(fault, asked) for fault in faults if fault.kind in REPLACING]
    return next(filter(None, replies), None)


def replacement(fault: Fault, asked: Asked) -> Reply | None:
    """Return what a portal sends instead of an answer."""
    if fault.kind == "processing":
        return Reply(202, b"", dict(fault.headers))
    if fault.kind == "html":
        return page(200, "Down for maintenance", fault)
    if fault.kind == "redirect":
        return moved(fault.location, asked)
    if fault.kind == "moved_host":
        return left(fault.location, asked)
    if fault.kind == "needs_token":
        return None if asked.token is not None else closed(asked)
    if fault.kind == "bad_token":
        return refused_token() if asked.token is not None else None
    if fault.body is None and fault.status == 502:
        return page(502, "Bad Gateway", fault)
    code, message = REASONS.get(fault.status, (f"status-{fault.status}", "Failed"))
    reply = problem(fault.status, code, message)
    if fault.body is not None:
        given = fault.body
        reply.body = given if isinstance(given, bytes) else given.encode()
    reply.headers |= fault.headers
    return reply


def page(status: int, title: str, fault: Fault) -> Reply:
    """Return an HTML page, as a portal's gateway sends it."""
    headers = {"Content-Type": "text/html; charset=utf-8", **fault.headers}
    given = fault.body if fault.body is not None else HTML.format(title)
    return Reply(status, given if isinstance(given, bytes) else given.encode(), headers)


def moved(location: str, asked: Asked, status: int = 302) -> Reply:
    """Return a redirect to the same path on another host."""
    target = location.rstrip("/") + asked.path
    target += f"?{asked.query_string}" if asked.query_string else ""
    return Reply(status, b"", {"Location": target})


def left(location: str, asked: Asked) -> Reply:
    """Return what San Francisco's old host has answered since September 2026."""
    if "$select" in asked.query:
        return problem(403, "permission_denied", "Forbidden")
    return moved(location, asked, 301)


def closed(asked: Asked) -> Reply:
    """Return the answer to a request without a token if one is required."""
    if "/FeatureServer" in asked.path:
        return arcgis_problem(499, "Token Required")
    message = "This request must be authenticated or have an application token"
    return problem(403, "authentication_required", message)


def refused_token() -> Reply:
    """Return the answer to a request with a wrong app token."""
    return problem(403, "permission_denied", "Invalid app_token specified")


class Delivery:
    """Sends a reply by ASGI in chunks, and fails as faults demand."""

    CHUNK = 256 * 1024

    def __init__(self, reply: Reply, faults: list[Fault], *, is_head: bool = False):
        self.reply, self.is_head = reply, is_head
        self.body = b"" if is_head else reply.body
        self.faults = {fault.kind: fault for fault in faults if fault.kind in SENDING}

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Send the reply."""
        if slow := self.faults.get("slow"):
            await pause(slow.seconds, receive)
        reset = self.faults.get("reset")
        if reset and not reset.size:
            await drop_connection(send, is_reset=True)
            return
        await self._send_start(send)
        body = self.body
        if halt := self.faults.get("stall") or reset:
            await send_part(send, body[: halt.size])
            await pause(halt.seconds or MOMENT, receive)
            body = body[halt.size :]
        if reset:
            await drop_connection(send, is_reset=True)
            return
        for start in range(0, len(body), self.CHUNK):
            await send_part(send, body[start : start + self.CHUNK])
        if "wrong_length" in self.faults:
            await drop_connection(send, is_reset=False)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_start(self, send: Send) -> None:
        headers = dict(self.reply.headers)
        if "wrong_length" in self.faults:
            headers["Content-Length"] = str(len(self.body) + 1_000)
        elif self.reply.status != 304 and (self.is_head or not self.body):
            headers["Content-Length"] = str(len(self.reply.body))
        pairs = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in headers.items()
        ]
        status = self.reply.status
        await send({"type": "http.response.start", "status": status, "headers": pairs})


async def send_part(send: Send, part: bytes) -> None:
    """Send a part of a body; more follows."""
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def pause(seconds: float, receive: Receive) -> None:
    """Wait some seconds, or until the reader has gone."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                continue


async def drop_connection(send: Send, *, is_reset: bool) -> None:
    """Close the connection, with a reset or after what was sent has left.

    ASGI has no way to do this; `send` belongs to uvicorn's request, which has the
    transport. Closing a socket that does not linger sends RST.

    Raises:
        TypeError: The portal is served by another server.
    """
    request = getattr(send, "__self__", None)
    if not isinstance(request, RequestResponseCycle):
        raise TypeError(f"no connection to drop below {send!r}")
    transport = request.transport
    if is_reset:
        linger = struct.pack("ii", 1, 0)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()
    await asyncio.sleep(MOMENT)
