"""Send queries to a Socrata portal, with the app token if there is one."""

import logging
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from sodapy import Socrata

from pipelines.datasets.dataset import SodaDataset
from pipelines.datasets.overrides import by_soda
from pipelines.portals.http.body import Answer
from pipelines.portals.http.request import RefusedError, get
from pipelines.portals.http.retry import ask
from pipelines.portals.http.told_errors import check_told, told_in
from pipelines.portals.reader import Reader
from pipelines.portals.soda_end import announced_end
from pipelines.portals.soda_errors import meaning
from pipelines.portals.soda_requests import Query, Request, request_for
from pipelines.settings import NOBODY, Identity, Patience

log = logging.getLogger(__name__)


class SodaReader(Reader):
    """A reader that asks by SODA, 2 or 3 as its data set says.

    The app token goes into a header, never into a URL. A portal answers a wrong token
    with 403; reading then continues without it, with a warning.

    Attributes:
        end_of_soda2: How a response by SODA 2 announced that API's end; None if none
            has.
    """

    dataset: SodaDataset
    end_of_soda2: str | None = None

    def __init__(
        self,
        dataset: SodaDataset,
        patience: Patience,
        identity: Identity = NOBODY,
    ):
        super().__init__(dataset, patience, identity)
        # Only for sodapy's session, which carries the token: `get` sends the requests.
        client = Socrata(urlsplit(dataset.url).netloc, identity.app_token)
        self.session: requests.Session = client.session
        self.session.headers["User-Agent"] = identity.user_agent

    def by_soda(self, version: int) -> Self:
        """A reader of the same table by SODA 2 or 3; a refused token stays dropped."""
        other = type(self)(by_soda(self.dataset, version), self.patience, self.identity)
        other.session.headers = self.session.headers.copy()
        return other

    def token_state(self) -> str | None:
        """What became of the app token; a refused one is not sent again."""
        if self.identity.app_token is None:
            return "none"
        is_kept = "X-App-Token" in self.session.headers
        return "accepted" if is_kept else "refused"

    def answer(self, query: Query, kind: Any, what: str, table: str = "") -> Any:
        """The rows that answer a query, as `kind`, which JSON is decoded into.

        Args:
            what: What is asked for, in an error's words.
            table: The address of another table than the data set's, on its portal.
        """
        return self._ask(self._request(query, "json", table), kind, what)

    def _request(self, query: Query, form: str, table: str = "") -> Request:
        return request_for(query, table or self.dataset.url, form, self.dataset.soda)

    def _ask(self, request: Request, kind: Any, what: str) -> Any:
        def send() -> Any:
            return self._get(request, "json").json(kind)

        return ask(send, self.dataset, self.patience, what)

    def _get(self, request: Request, expect: str) -> Answer:
        answer = self._answer(request, expect)
        check_told(self.dataset, told_in(answer.body))
        if "/resource/" in request.url:
            self.end_of_soda2 = announced_end(answer.headers) or self.end_of_soda2
        return answer

    def _answer(self, request: Request, expect: str) -> Answer:
        session, seconds = self.session, self.patience.timeout
        url, params, body = request.url, request.params, request.body
        try:
            return get(session, url, params, self.dataset, seconds, expect, body=body)
        except RefusedError as error:
            status = error.answer.status
            if status in (401, 403) and "X-App-Token" in session.headers:
                del session.headers["X-App-Token"]
                log.warning(
                    "%s: %s refused SOCRATA_APP_TOKEN (status %d); reading without it. "
                    "Check that it is the app token, not the secret token.",
                    self.dataset.name,
                    self.dataset.host,
                    status,
                )
                return self._get(request, expect)
            has_token = self.identity.app_token is not None
            raise meaning(error, self.dataset, has_token) from error
