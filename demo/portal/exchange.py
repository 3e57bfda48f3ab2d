"""A portal's requests and responses."""

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass
class Asked:
    """A request; `query` holds the last value of every parameter.

    Header names are in lower case. A fault may cap or repeat the rows of the response,
    mark it as out of date or leave out the headers with types.
    """

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes = b""
    row_cap: int | None = None
    repeats_rows: bool = False
    is_outdated: bool = False
    hides_types: bool = False

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the URL, decoded."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def posted(self) -> dict[str, Any] | None:
        """The object that is posted as JSON; None if something else is, or nothing."""
        if not self.headers.get("content-type", "").startswith("application/json"):
            return None
        try:
            body = json.loads(self.body)
        except ValueError:
            return None
        return body if isinstance(body, dict) else None

    @property
    def form(self) -> dict[str, str]:
        """The parameters of the URL and of what is posted, a form or JSON."""
        if self.posted is not None:
            return {**self.query, **{n: as_word(v) for n, v in self.posted.items()}}
        if not self.headers.get("content-type", "").startswith(
            "application/x-www-form-urlencoded"
        ):
            return self.query
        sent = parse_qsl(self.body.decode(), keep_blank_values=True)
        return {**self.query, **dict(sent)}

    @property
    def token(self) -> str | None:
        """The app token, from the header or the URL."""
        return self.headers.get("x-app-token") or self.query.get("$$app_token")


def as_word(value: Any) -> str:
    """Return text as it is, and another value as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass
class Record:
    """A request as the portal records it; header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    status: int = 0
    seconds: float = 0.0


@dataclass
class Reply:
    """A response before it is compressed and sent."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def compress(self, level: int) -> None:
        """Compress the body with gzip."""
        self.body = gzip.compress(self.body, level, mtime=0)
        if "Content-Length" in self.headers:
            self.headers["Content-Length"] = str(len(self.body))
        self.headers["Content-Encoding"] = "gzip"


def pretty(value: Any) -> bytes:
    """Return JSON as Socrata formats metadata and errors: indented, with ` : `."""
    text = json.dumps(value, indent=2, separators=(",", " : "), ensure_ascii=False)
    return text.encode() + b"\n"


def problem(status: int, code: str, message: str, **data: str) -> Reply:
    """Return an error in the shape that most of Socrata's errors have."""
    body = {"code": code, "error": True, "message": message}
    if data:
        body["data"] = data
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "private, no-cache, must-revalidate",
    }
    return Reply(status, pretty(body), headers)


def arcgis_reply(body: dict[str, object]) -> Reply:
    """Return an answer as ArcGIS sends it: always with status 200."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(200, json.dumps(body, separators=(",", ":")).encode(), headers)


def arcgis_problem(code: int, message: str, detail: str = "") -> Reply:
    """Return an error as ArcGIS sends it, inside a 200."""
    details = [detail] if detail else []
    error = {"code": code, "message": message, "details": details}
    return arcgis_reply({"error": error})


def common_headers(seed: int, number: int) -> dict[str, str]:
    """Return the headers of every reply; `number` counts the portal's requests."""
    return {
        "Access-Control-Allow-Origin": "*",
        "Age": "0",
        "Server": "nginx",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
        "X-Socrata-Region": "local",
        "X-Socrata-RequestId": hashlib.md5(f"{seed} {number}".encode()).hexdigest(),
    }
