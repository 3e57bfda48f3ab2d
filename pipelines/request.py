"""Send one request to a portal, and say what its answer means."""

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from pipelines import stop
from pipelines.answer import Answer, read_answer
from pipelines.dataset import Dataset
from pipelines.errors import PortalError, PortalMovedError, Retryable

CONNECT_SECONDS = 10
# How many times the timeout, which is that of a silence, a whole body may take.
BODY_TIMEOUTS = 5

# 202: still being computed. 408: the query took too long. Others: overload or edge.
RETRIED = {202, 408, 429, 500, 502, 503, 504}


def get(
    session: requests.Session,
    url: str,
    params: Mapping[str, str],
    dataset: Dataset,
    timeout: float,
    expect: str,
    unless: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request, to the data set's own host alone, and read the whole answer.

    Args:
        timeout: Seconds that the portal may stay silent.
        expect: Part of the content type that the answer must have, such as `json`.
        unless: Headers that ask for the body only if it changed; where it did not, the
            answer's status is 304.

    Raises:
        Retryable: Timeout, broken connection or body, a status that may pass.
        PortalMovedError: Redirected, gone, or no such data set.
        PortalError: Refused, or another host than the declared one.
    """
    stop.check()
    check_host(url, dataset)
    try:
        answer = read_answer(
            send_once(session, url, params, timeout, unless or {}),
            BODY_TIMEOUTS * timeout,
        )
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise Retryable(f"no answer in time ({plain(error)})", slow=True) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Retryable(f"broken connection or body ({plain(error)})") from error
    if unless and answer.status == 304:
        return answer
    check_status(answer, dataset)
    kind = answer.headers.get("Content-Type", "")
    if expect not in kind:
        came = f"{kind[:80] or 'no content type'} came instead of {expect}"
        raise Retryable(came + message_of(answer))
    return answer


def send_once(
    session: requests.Session,
    url: str,
    params: Mapping[str, str],
    timeout: float,
    more: Mapping[str, str],
) -> requests.Response:
    """Send one request; the body is yet to be read.

    The session's adapter is asked, not the session: that one follows redirects or,
    told not to, reads the whole body of one all the same.
    """
    headers = {"Accept-Encoding": "gzip", **more}
    request = session.prepare_request(
        requests.Request("GET", url, headers=headers, params=dict(params))
    )
    address = request.url or url
    settings = session.merge_environment_settings(address, {}, True, None, None)
    return session.get_adapter(address).send(
        request, timeout=(CONNECT_SECONDS, timeout), **settings
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
