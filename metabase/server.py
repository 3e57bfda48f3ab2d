"""Send requests to a Metabase server; report a refusal in one sentence."""

from typing import Any

import requests
import tenacity

from pipelines.errors import BlotterError
from pipelines.redaction import redacted

SECONDS = 60  # for one answer


class MetabaseError(BlotterError):
    """Metabase can't be reached, or refused what it was asked."""


class NotUpError(MetabaseError):
    """It does not answer yet, but may later."""


class RefusedError(MetabaseError):
    """It answered, and refused."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


class Server:
    """A Metabase server, and the session of the signed-in account."""

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request, and return the answer's JSON.

        Raises:
            NotUpError: No connection, or it is starting.
            RefusedError: A status other than 2xx.
        """
        try:
            answer = self.session.request(
                method,
                self.url + path,
                json=body,
                timeout=SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise NotUpError(
                f"Metabase at {self.url} does not answer ({type(error).__name__})."
            ) from error
        if answer.status_code == 503:
            raise NotUpError(f"Metabase at {self.url} is starting.")
        if not 200 <= answer.status_code < 300:
            raise RefusedError(
                f"Metabase at {self.url} refused {method} {path} "
                f"({answer.status_code}): {redacted(reason(answer))}.",
                answer.status_code,
            )
        try:
            return answer.json() if answer.content else None
        except requests.JSONDecodeError as error:
            raise MetabaseError(
                f"What answers at {self.url} is not Metabase; see METABASE_URL."
            ) from error

    def wait(self, seconds: float, between: float = 2) -> None:
        """Wait until it reports that it is healthy.

        Raises:
            NotUpError: It did not within that time.
        """
        patient = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(NotUpError),
            stop=tenacity.stop_after_delay(seconds),
            wait=tenacity.wait_fixed(between),
            reraise=True,
        )
        patient(self.ask, "GET", "/api/health")

    def sign_in(self, email: str, password: str) -> bool:
        """Sign in; a new server gets its administrator first.

        Returns:
            Whether it was new.

        Raises:
            RefusedError: It has another administrator; or it does not accept the
            password for a new one.
        """
        properties = self.ask("GET", "/api/session/properties")
        token = properties.get("setup-token")
        is_new = bool(token) and not properties.get("has-user-setup")
        if is_new:
            answer = self.ask("POST", "/api/setup", setup_body(token, email, password))
        else:
            answer = self.known(email, password)
        self.session.headers["X-Metabase-Session"] = answer["id"]
        return is_new

    def known(self, email: str, password: str) -> Any:
        try:
            return self.ask(
                "POST", "/api/session", {"username": email, "password": password}
            )
        except RefusedError as error:
            if error.status != 401:
                raise
            raise RefusedError(
                f"Metabase at {self.url} does not accept METABASE_ADMIN_EMAIL and "
                "METABASE_ADMIN_PASSWORD; set those of its administrator.",
                error.status,
            ) from error


def setup_body(token: str, email: str, password: str) -> dict[str, Any]:
    """The setup of a new server, which accepts it only once."""
    user = {"first_name": "Blotter", "last_name": "Administrator"}
    return {
        "token": token,
        "user": {**user, "email": email, "password": password},
        "prefs": {"site_name": "Blotter"},
    }


def reason(answer: requests.Response) -> str:
    """The reason it refused, on one line.

    Metabase gives it as text, as JSON with `message`, or as `errors` by field. Its
    `specific-errors` are left out, because they repeat the values that it was sent.
    """
    try:
        said = answer.json()
    except requests.JSONDecodeError:
        return one_line(answer.text) or "it gives no reason"
    if isinstance(said, dict):
        errors = said.get("errors")
        fields = errors.items() if isinstance(errors, dict) else []
        parts = [f"{field}: {why}" for field, why in fields]
        return one_line("; ".join(parts) or str(said.get("message") or "no reason"))
    return one_line(str(said))


def one_line(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")
