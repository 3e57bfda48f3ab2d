"""Ask a portal: one request, tried again where that can help."""

import email.utils
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import pyarrow as pa
import requests
import tenacity

from pipelines import __version__, stop
from pipelines.dataset import Dataset
from pipelines.errors import PortalError, PortalMovedError
from pipelines.settings import number_from_environment
from pipelines.windows import Window

CONNECT_SECONDS = 10
LONGEST_RETRY_AFTER = 300

# 202: still being computed. 408: the query took too long. Others: overload or edge.
RETRIED = {202, 408, 429, 500, 502, 503, 504}

T = TypeVar("T")


class Retryable(PortalError):
    """May go well the next time. `after`: seconds that the portal asks to wait."""

    def __init__(self, message: str, after: float | None = None, slow: bool = False):
        super().__init__(message)
        self.after = after
        self.slow = slow


@dataclass(frozen=True)
class Patience:
    """How long to wait for a portal and how often to ask it again."""

    timeout: float = 120.0
    retries: int = 5
    backoff: float = 60.0

    @classmethod
    def from_environment(cls) -> "Patience":
        """Read BLOTTER_TIMEOUT, BLOTTER_RETRIES and BLOTTER_BACKOFF."""
        return cls(
            timeout=number_from_environment(
                "BLOTTER_TIMEOUT", 120.0, float, least=0.001
            ),
            retries=number_from_environment("BLOTTER_RETRIES", 5, int, least=0),
            backoff=number_from_environment("BLOTTER_BACKOFF", 60.0, float, least=0.0),
        )


@dataclass
class Published:
    """What a portal says of a data set before any row is read."""

    columns: list[str]
    version: str | None
    """Changes when the rows change; None where the portal does not tell."""


@dataclass
class Read:
    """What a read met beside its rows."""

    is_stale: bool = False
    """The portal said that the copy which answered lags behind."""
    is_moving: bool = False
    """Rows came or went during the read: what is missing may not be gone."""


class Reader(ABC):
    """A portal's API. Tables have the raw table's column names and hold only text."""

    def __init__(self, dataset: Dataset, patience: Patience):
        self.dataset = dataset
        self.patience = patience
        self.published: list[str] = []
        self.version: str | None = None

    def probe(self) -> Published:
        """Ask for columns and version; must come before any read of rows."""
        said = self.describe()
        self.published, self.version = said.columns, said.version
        return said

    @abstractmethod
    def describe(self) -> Published:
        """Ask for columns and version."""

    @abstractmethod
    def count(self, window: Window) -> int:
        """How many rows the portal counts in the window."""

    @abstractmethod
    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows, each once, as tables of at least one row."""

    @abstractmethod
    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds one of these values, any date."""

    @abstractmethod
    def bound(self, day: date) -> str | int:
        """The window column's value at a day's local midnight, as published."""

    def requested(self) -> list[str]:
        """Published names of the columns to ask for."""
        optional = self.dataset.optional_columns
        return [
            *self.dataset.columns,
            *(name for name in optional if name in self.published),
        ]


def quoted(text: str) -> str:
    """A text literal of the portal's SQL: single quotes, doubled inside."""
    return "'" + text.replace("'", "''") + "'"


def chunks(values: list[str], size: int = 100) -> Iterator[str]:
    """Lists of literals for `in (...)`, short enough for an address."""
    for start in range(0, len(values), size):
        yield ",".join(map(quoted, values[start : start + size]))


def ask(send: Callable[[], T], dataset: Dataset, patience: Patience, what: str) -> T:
    """Call `send` until it answers, waiting longer each time, with jitter.

    Raises:
        PortalError: It kept failing, or failed in a way that no retry mends; names the
            data set, the portal and `what` was asked.
    """
    jitter = tenacity.wait_random_exponential(multiplier=1, max=patience.backoff)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "after", None)
        # A portal may ask for a longer wait than our own longest, within reason.
        return jitter(state) if asked is None else min(asked, LONGEST_RETRY_AFTER)

    attempt = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Retryable),
        stop=tenacity.stop_after_attempt(patience.retries + 1),
        wait=wait,
        reraise=True,
    )
    try:
        return attempt(send)
    except Retryable as error:
        raise Retryable(
            f"{dataset.label} kept failing ({what}): {error}; "
            f"gave up after {patience.retries + 1} tries. Try again later.",
            slow=error.slow,
        ) from error


def get(
    session: requests.Session,
    url: str,
    params: Mapping[str, str],
    dataset: Dataset,
    patience: Patience,
    expect: str,
) -> requests.Response:
    """Send one request and read the whole answer.

    Args:
        expect: Part of the content type that the answer must have, such as `json`.

    Raises:
        Retryable: Timeout, broken connection or body, a status that may pass.
        PortalMovedError: Redirected, gone, or no such data set.
        PortalError: Refused.
    """
    stop.check()
    try:
        response = session.get(
            url,
            params=dict(params),
            timeout=(CONNECT_SECONDS, patience.timeout),
            allow_redirects=False,
        )
    except requests.Timeout as error:
        raise Retryable(f"no answer in time ({plain(error)})", slow=True) from error
    except requests.RequestException as error:
        raise Retryable(f"broken connection or body ({plain(error)})") from error
    check_status(response, dataset)
    kind = response.headers.get("Content-Type", "")
    if expect not in kind:
        raise Retryable(f"{kind or 'no content type'} came instead of {expect}")
    return response


def check_status(response: requests.Response, dataset: Dataset) -> None:
    """Raise what a status other than 200 means; see `get`."""
    status = response.status_code
    if status == 200:
        return
    said = f"status {status}{message_of(response)}"
    if status in RETRIED:
        after = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        raise Retryable(said, after=after, slow=status in (408, 500, 502, 503, 504))
    if 300 <= status < 400:
        there = response.headers.get("Location", "elsewhere")
        raise PortalMovedError(
            f"{dataset.label} redirects to {there}; the portal may have "
            f"moved. Check the address in {dataset.name}.toml."
        )
    if status in (404, 410):
        raise PortalMovedError(
            f"{dataset.label} does not have it any more ({said}); moved "
            f"or withdrawn? Check the address in {dataset.name}.toml."
        )
    raise RefusedError(f"{dataset.label} refused ({said}).", response)


class RefusedError(PortalError):
    """The portal understood and said no. Carries the answer, to be read further."""

    def __init__(self, message: str, response: requests.Response):
        super().__init__(message)
        self.response = response


def body_of(response: requests.Response) -> dict[str, Any]:
    """The JSON object of an error answer; empty where it is something else."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def message_of(response: requests.Response) -> str:
    """The portal's own words about a failure, and its id of the request."""
    message = body_of(response).get("message")
    request_id = response.headers.get("X-Socrata-RequestId")
    words = f", {str(message)[:200]!r}" if message else ""
    return words + (f", request {request_id}" if request_id else "")


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for; None when it can't be read."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - now).total_seconds())


def plain(error: Exception) -> str:
    """What broke, in a few words: no address, so no secret can be in it."""
    return type(error).__name__


def user_agent() -> str:
    """Names the project, and whom to write to when BLOTTER_CONTACT says so."""
    contact = os.environ.get("BLOTTER_CONTACT", "")
    return f"blotter/{__version__}" + (f" ({contact})" if contact else "")
