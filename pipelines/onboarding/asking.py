"""Send a survey's requests: with a reader's retries, limits and typed errors."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests

from pipelines.datasets.addresses import moved
from pipelines.datasets.dataset import FileDataset
from pipelines.errors import BlotterError, PortalError, PortalMovedError, Retryable
from pipelines.portals.http.body import Answer
from pipelines.portals.http.request import get
from pipelines.portals.http.retry import ask
from pipelines.portals.http.told_errors import check_told, told_in
from pipelines.portals.rejects import readable
from pipelines.settings import Identity, Patience

T = TypeVar("T")

NAME = "new city"


class Line:
    """The line to a portal: counts the requests that go over it."""

    def __init__(self, portal: str | None, patience: Patience, identity: Identity):
        self.portal, self.patience = portal, patience
        self.requests = 0
        self.session = requests.Session()
        self.session.headers["User-Agent"] = identity.user_agent
        self.token = identity.app_token

    def ask(
        self,
        url: str,
        query: Mapping[str, str],
        kind: Any,
        what: str,
        method: Literal["GET", "POST"] = "GET",
    ) -> Any:
        """Ask for JSON of a shape.

        Raises:
            PortalError: The portal refused, kept failing or sent something else; one
                sentence that names the host.
        """

        def read(answer: Answer) -> Any:
            check_told(there, told_in(answer.body))
            return answer.json(kind)

        there = self._stand_in(url)
        return self._send(there, query, what, "json", read, method)

    def fetch(self, url: str, query: Mapping[str, str], what: str) -> Answer:
        """Ask for a file."""
        there = self._stand_in(url)
        answer: Answer = self._send(there, query, what, "", lambda answer: answer)
        return answer

    def _stand_in(self, url: str) -> FileDataset:
        """What the modules for HTTP take for a declared data set."""
        url = moved(url, self.portal) if self.portal else url
        return FileDataset(
            name=NAME, title="", url=url, zone="UTC", key=["?"], columns=["?"]
        )

    def _send(
        self,
        there: FileDataset,
        query: Mapping[str, str],
        what: str,
        expect: str,
        read: Any,
        method: Literal["GET", "POST"] = "GET",
    ) -> Any:
        def send() -> Any:
            self.requests += 1
            answer = get(
                self.session,
                there.url,
                query,
                there,
                self.patience.timeout,
                expect,
                method=method,
            )
            body = readable(answer.body) if expect else answer.body
            return read(Answer(answer.status, answer.headers, body))

        try:
            return ask(send, there, self.patience, what)
        except BlotterError as error:
            raise in_one_sentence(error, urlsplit(there.url).netloc) from error


def in_one_sentence(error: BlotterError, host: str) -> PortalError:
    """An error of a reader, without the declaration that there is not yet."""
    said = str(error).removeprefix(f"{NAME}: ")
    if isinstance(error, PortalMovedError):
        where = error.address and urlsplit(error.address).netloc
        if where and where != host:
            return PortalMovedError(
                f"{host} redirects to {where}: add the table's address there.",
                error.address,
            )
    for ending in (
        f" Check the address in {NAME}.toml.",
        f" Ask the publisher, or set `enabled = false` in {NAME}.toml.",
    ):
        said = said.replace(ending, " Check the address in a browser.")
    if "text/html" in said:
        said = (
            f"{host} sent a web page instead of data: open the address in a browser; "
            "it may ask for a login, or be another site's."
        )
    kind = Retryable if isinstance(error, Retryable) else PortalError
    return kind(said)


def converted(value: Any, kind: type[T] | Any, host: str, what: str) -> T:
    """A value in a shape, or one sentence.

    Raises:
        PortalError: It has another.
    """
    try:
        shaped: T = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise PortalError(f"{host} sent an unexpected response for {what}.") from error
    return shaped
