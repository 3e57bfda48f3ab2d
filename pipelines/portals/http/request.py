"""Send one request to a portal, and turn failed responses into errors."""

import email.utils
import re
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import requests
import urllib3

from pipelines import signals
from pipelines.clock import utc_now
from pipelines.errors import (
    AbsentError,
    PortalError,
    PortalMovedError,
    Retryable,
)
from pipelines.portals.http.body import Answer, read_answer
from pipelines.portals.http.moves import new_address, shown, target

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset

CONNECT_SECONDS = 10

# A whole body may take this many timeouts; the timeout itself is for a silence.
BODY_TIMEOUTS = 5

# 202: still being computed. 408: the query took too long. Others: overload or gateway.
RETRIED = {202, 408, 429, 500, 502, 503, 504}

REFUSED = {401, 403}


def get(
    session: requests.Session,
    url: str,
    params: Mapping[str, str],
    dataset: "Dataset",
    timeout: float,
    expect: str,
    unless: Mapping[str, str] | None = None,
    method: Literal["GET", "POST"] = "GET",
    body: Mapping[str, Any] | None = None,
) -> Answer:
    """Send one request, only to the data set's own host, and read the whole response.

    A redirect is followed once, and only to the host that the data set declares.

    Args:
        timeout: Seconds that the portal may stay silent.
        expect: Part of the content type that the response must have, such as `json`.
        unless: Headers that request the body only if it changed; if it did not, the
            response's status is 304.
        method: POST sends `params` as a form: firewalls refuse SQL in an address.
        body: What to POST as JSON, without a form.

    Raises:
        Retryable: Timeout, broken connection or body, or a transient status.
        PortalMovedError: Redirected, gone, or no such data set.
        PortalError: Refused, or another host than the declared one.
    """
    signals.check()
    check_host(url, dataset)
    answer = whole_answer(session, url, params, timeout, unless or {}, method, body)
    if there := allowed_redirect(answer, dataset, url):
        answer = whole_answer(session, there, {}, timeout, unless or {})
    if unless and answer.status == 304:
        return answer
    # A refused token is dropped first, and the request is sent again.
    if answer.status in REFUSED and "X-App-Token" not in session.headers:
        moved = bare_redirect(session, url, params, dataset, timeout)
        # If JSON was to be posted, the bare URL is SODA 2's, whose end may redirect it.
        if moved and (body is None or moved.address):
            raise moved
    check_status(answer, dataset, url, params)
    kind = answer.headers.get("Content-Type", "")
    if expect not in kind:
        came = f"{kind[:80] or 'no content type'} came instead of {expect}"
        # SODA 3 answers a query that is too large with an error of status 200.
        is_error = "message" in body_of(answer)
        raise Retryable(came + message_of(answer), slow=is_error)
    return answer


def whole_answer(
    session: requests.Session,
    url: str,
    params: Mapping[str, str],
    timeout: float,
    more: Mapping[str, str],
    method: str = "GET",
    body: Mapping[str, Any] | None = None,
) -> Answer:
    """Send one request and read the whole response, whatever its status.

    Args:
        more: Additional headers.

    Raises:
        Retryable: No response in time, or a broken connection or body.
    """
    try:
        response = send_once(session, url, params, timeout, more, method, body)
        return read_answer(response, BODY_TIMEOUTS * timeout)
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise Retryable(f"no answer in time ({plain(error)})", slow=True) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Retryable(f"broken connection or body ({plain(error)})") from error


def send_once(
    session: requests.Session,
    url: str,
    params: Mapping[str, str],
    timeout: float,
    more: Mapping[str, str],
    method: str = "GET",
    body: Mapping[str, Any] | None = None,
) -> requests.Response:
    """Send one request, without reading the body.

    It goes through the session's adapter: the session itself follows redirects or, with
    `allow_redirects=False`, still reads a redirect's whole body.
    """
    headers = {"Accept-Encoding": "gzip", **more}
    asked = requests.Request(method, url, headers=headers)
    if body is not None:
        asked.method, asked.json = "POST", body
    elif method == "POST":
        asked.data = dict(params)
    else:
        asked.params = dict(params)
    request = session.prepare_request(asked)
    address = request.url or url
    settings = session.merge_environment_settings(address, {}, True, None, None)
    return session.get_adapter(address).send(
        request, timeout=(CONNECT_SECONDS, timeout), **settings
    )


def check_host(url: str, dataset: "Dataset") -> None:
    """Refuse to send anything to a host other than the declared one."""
    if urlsplit(url)[:2] != urlsplit(dataset.url)[:2]:
        raise PortalError(
            f"{dataset.label} is the only host that this data set is read from; "
            f"nothing was sent to {urlsplit(url).hostname}."
        )


def allowed_redirect(answer: Answer, dataset: "Dataset", url: str) -> str | None:
    """Where a response redirects to, if the data set may be read from there."""
    if not 300 <= answer.status < 400 or dataset.redirects_to is None:
        return None
    there = target(url, answer.headers.get("Location", ""))
    if there is None or there.scheme != urlsplit(url).scheme:
        return None
    return there.geturl() if there.hostname == dataset.redirects_to else None


def check_status(
    answer: Answer, dataset: "Dataset", url: str, params: Mapping[str, str]
) -> None:
    """Raise the error for a status other than 200; see `get`."""
    status = answer.status
    if status == 200:
        return
    said = f"status {status}{message_of(answer)}"
    if status in RETRIED:
        after = retry_after(answer.headers.get("Retry-After"), utc_now())
        raise Retryable(said, after=after, slow=status in (408, 500, 502, 503, 504))
    if 300 <= status < 400:
        raise moved_error(dataset, url, params, answer.headers.get("Location", ""))
    if status in (404, 410):
        raise AbsentError(
            f"{dataset.label} no longer has it ({said}); it may have been moved or "
            f"withdrawn. Check the address in {dataset.name}.toml."
        )
    advice = ""
    if status in REFUSED:
        advice = (
            " Open its address in a browser: is it still public? Some portals also "
            "refuse programs that give no contact address: set BLOTTER_CONTACT."
        )
    raise RefusedError(f"{dataset.label} refused ({said}).{advice}", answer)


def bare_redirect(
    session: requests.Session,
    url: str,
    params: Mapping[str, str],
    dataset: "Dataset",
    timeout: float,
) -> PortalMovedError | None:
    """The error for a refused request whose bare URL redirects; None if it does not.

    A portal that has moved may redirect a bare request but refuse one with a query
    (data.sfgov.org since September 2026: 403 to any request with `$select`).
    """
    bare = url if params or dataset.is_file else dataset.url
    if bare == url and not params:
        return None
    check_host(bare, dataset)
    try:
        with closing(send_once(session, bare, {}, timeout, {})) as response:
            status, location = response.status_code, response.headers.get("Location")
    except (requests.RequestException, urllib3.exceptions.HTTPError):
        return None  # The refusal is reported instead.
    if not (300 <= status < 400 and location):
        return None
    return moved_error(dataset, bare, {}, location)


def moved_error(
    dataset: "Dataset", url: str, params: Mapping[str, str], location: str
) -> PortalMovedError:
    """The error for a redirect."""
    address, there = new_address(dataset, url, params, location), shown(url, location)
    said = "the portal may have moved. Check the address in"
    if address and not dataset.files:  # One file's redirect says nothing of others.
        there = address
        said = f"it has moved; `blotter doctor {dataset.name}` says what to put into"
    return PortalMovedError(
        f"{dataset.label} redirects to {there}: {said} {dataset.name}.toml.", address
    )


class RefusedError(PortalError):
    """The portal refused the request. Carries the response, for its details."""

    def __init__(self, message: str, answer: Answer):
        super().__init__(message)
        self.answer = answer


def body_of(answer: Answer) -> dict[str, Any]:
    """The JSON object of an error response; empty if it is something else."""
    try:
        body: Any = answer.json()
    except Retryable:
        return {}
    return body if isinstance(body, dict) else {}


def message_of(answer: Answer) -> str:
    """The portal's own message about a failure, and its request id."""
    body = body_of(answer)
    message = body.get("message")
    if isinstance(body.get("error"), list):  # Carto's
        message = " ".join(map(str, body["error"]))
    request_id = answer.headers.get("X-Socrata-RequestId")
    words = f", {str(message)[:200]!r}" if message else ""
    return words + (f", request {request_id[:40]}" if request_id else "")


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for; None if it is invalid."""
    if value is None:
        return None
    if re.fullmatch("[0-9]+", value.strip()):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000": UTC, with no zone given
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def plain(error: Exception) -> str:
    """The name of an error, without its message: a URL in that may have a secret."""
    return type(error).__name__
