"""Ask a portal: one request, tried again where that can help."""

import email.utils
import logging
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import requests
import tenacity
import urllib3

from pipelines import __version__, stop
from pipelines.answer import Answer, NotUtf8Error, read_answer
from pipelines.dataset import Dataset
from pipelines.errors import (
    ConfigError,
    IncompleteReadError,
    PortalError,
    PortalMovedError,
    Retryable,
)
from pipelines.windows import Window

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10
LONGEST_RETRY_AFTER = 300
# How many times the timeout, which is that of a silence, a whole body may take.
BODY_TIMEOUTS = 5

# 202: still being computed. 408: the query took too long. Others: overload or edge.
RETRIED = {202, 408, 429, 500, 502, 503, 504}

T = TypeVar("T")
Number = TypeVar("Number", int, float)


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
            timeout=_number("BLOTTER_TIMEOUT", 120.0, float, least=0.001),
            retries=_number("BLOTTER_RETRIES", 5, int, least=0),
            backoff=_number("BLOTTER_BACKOFF", 60.0, float, least=0.0),
        )


def _number(
    name: str, default: Number, kind: Callable[[str], Number], least: Number
) -> Number:
    text = os.environ.get(name, "")
    try:
        number = kind(text) if text else default
    except ValueError:
        raise ConfigError(f"{name} is {text!r}; it must be a number.") from None
    # A day at most: and not a number (nan) is neither.
    if not least <= number <= 86_400:
        raise ConfigError(f"{name} is {text!r}; it must be {least} to 86400.")
    return number


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
    ids: list[pa.ChunkedArray] = field(default_factory=list)
    """The portal's own ids of the rows, a page each, where order proves nothing."""

    def repeats(self) -> int:
        """How many rows came more than once, by the portal's own ids."""
        ids = pa.chunked_array(
            [c for page in self.ids for c in page.chunks], pa.string()
        )
        return len(ids) - pc.count_distinct(ids).as_py()


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


def check_dates(dates: pa.ChunkedArray, start: Any, end: Any, window: Window) -> None:
    """See that rows are of the window that was asked for.

    Args:
        dates: The window column, as what `start` and `end` are.
        end: None leaves the end open.

    Raises:
        Retryable: A row is of another day, or has no date where dated ones were asked.
    """
    if dates.null_count and not window.undated:
        raise Retryable(f"rows without a date came for {window}")
    inside = pc.greater_equal(dates, start)
    if end is not None:
        inside = pc.and_(inside, pc.less(dates, end))
    if pc.all(inside).as_py() is False:
        raise Retryable(f"rows of other days came for {window}")


def check_number(dataset: Dataset, what: str, received: int, expected: int) -> None:
    """See that as many rows came as are counted.

    Raises:
        IncompleteReadError: Fewer or more did.
    """
    if received != expected:
        raise IncompleteReadError(
            f"{dataset.label} sent {received:,} {what} but counts {expected:,}; "
            "try again later."
        )


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


def ask_for_rows(
    send: Callable[[bool], T], dataset: Dataset, patience: Patience, what: str
) -> T:
    """Like `ask`; `send` is told whether to take bytes that are no UTF-8.

    At first it is not to: they may be a fault of the line, gone when asked again. Where
    they stay, a few bad rows must not stop a data set for ever.
    """
    try:
        return ask(lambda: send(False), dataset, patience, what)
    except NotUtf8Error:
        log.warning("%s sent bytes that are no UTF-8 (%s).", dataset.label, what)
        return ask(lambda: send(True), dataset, patience, what)


def get(
    session: requests.Session,
    url: str,
    params: Mapping[str, str],
    dataset: Dataset,
    patience: Patience,
    expect: str,
) -> Answer:
    """Send one request, to the data set's own host alone, and read the whole answer.

    Args:
        expect: Part of the content type that the answer must have, such as `json`.

    Raises:
        Retryable: Timeout, broken connection or body, a status that may pass.
        PortalMovedError: Redirected, gone, or no such data set.
        PortalError: Refused, or another host than the declared one.
    """
    stop.check()
    check_host(url, dataset)
    try:
        answer = read_answer(
            send_once(session, url, params, patience),
            BODY_TIMEOUTS * patience.timeout,
        )
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise Retryable(f"no answer in time ({plain(error)})", slow=True) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Retryable(f"broken connection or body ({plain(error)})") from error
    check_status(answer, dataset)
    kind = answer.headers.get("Content-Type", "")
    if expect not in kind:
        raise Retryable(f"{kind[:80] or 'no content type'} came instead of {expect}")
    return answer


def send_once(
    session: requests.Session, url: str, params: Mapping[str, str], patience: Patience
) -> requests.Response:
    """Send one request; the body is yet to be read.

    The session's adapter is asked, not the session: that one follows redirects or,
    told not to, reads the whole body of one all the same.
    """
    headers = {"Accept-Encoding": "gzip"}
    request = session.prepare_request(
        requests.Request("GET", url, headers=headers, params=dict(params))
    )
    address = request.url or url
    settings = session.merge_environment_settings(address, {}, True, None, None)
    return session.get_adapter(address).send(
        request, timeout=(CONNECT_SECONDS, patience.timeout), **settings
    )


def check_host(url: str, dataset: Dataset) -> None:
    """Refuse to send anything anywhere but to the address that is declared."""
    if urlsplit(url)[:2] != urlsplit(dataset.url)[:2]:
        raise PortalError(
            f"{dataset.label} is the only host that this data set is read from; "
            f"{urlsplit(url).hostname} was not asked."
        )


def check_status(answer: Answer, dataset: Dataset) -> None:
    """Raise what a status other than 200 means; see `get`."""
    status = answer.status
    if status == 200:
        return
    said = f"status {status}{message_of(answer)}"
    if status in RETRIED:
        after = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
        raise Retryable(said, after=after, slow=status in (408, 500, 502, 503, 504))
    if 300 <= status < 400:
        there = answer.headers.get("Location", "elsewhere")[:200]
        raise PortalMovedError(
            f"{dataset.label} redirects to {there}; the portal may have "
            f"moved. Check the address in {dataset.name}.toml."
        )
    if status in (404, 410):
        raise PortalMovedError(
            f"{dataset.label} does not have it any more ({said}); moved "
            f"or withdrawn? Check the address in {dataset.name}.toml."
        )
    raise RefusedError(f"{dataset.label} refused ({said}).", answer)


class RefusedError(PortalError):
    """The portal understood and said no. Carries the answer, to be read further."""

    def __init__(self, message: str, answer: Answer):
        super().__init__(message)
        self.answer = answer


def body_of(answer: Answer) -> dict[str, Any]:
    """The JSON object of an error answer; empty where it is something else."""
    try:
        body = answer.json()
    except Retryable:
        return {}
    return body if isinstance(body, dict) else {}


def message_of(answer: Answer) -> str:
    """The portal's own words about a failure, and its id of the request."""
    message = body_of(answer).get("message")
    request_id = answer.headers.get("X-Socrata-RequestId")
    words = f", {str(message)[:200]!r}" if message else ""
    return words + (f", request {request_id[:40]}" if request_id else "")


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for; None when it can't be read."""
    if value is None:
        return None
    if re.fullmatch("[0-9]+", value.strip()):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000": UTC, from nowhere in particular
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def plain(error: Exception) -> str:
    """What broke, in a few words: no address, so no secret can be in it."""
    return type(error).__name__


def user_agent() -> str:
    """Names the project, and whom to write to when BLOTTER_CONTACT says so."""
    contact = os.environ.get("BLOTTER_CONTACT", "")
    return f"blotter/{__version__}" + (f" ({contact})" if contact else "")
