"""Ask a Metabase server, and say in one sentence what it refused."""

from typing import Any

import requests
import tenacity

from pipelines.errors import BlotterError
from pipelines.redaction import redacted

SECONDS = 60  # that one answer may take


class MetabaseError(BlotterError):
    """Metabase can't be reached, or refused what it was asked."""


class NotUpError(MetabaseError):
    """It does not answer yet; it may, later."""


class RefusedError(MetabaseError):
    """It answered, and refused."""

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


class Server:
    """A Metabase server, and the session of who signed in."""

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request; the answer's JSON.

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
        """Wait until it answers that it is well.

        Raises:
            NotUpError: It did not, for so long.
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
            RefusedError: It has an administrator, and this is none; or it does not take
                the password for a new one.
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
                f"Metabase at {self.url} takes METABASE_ADMIN_EMAIL and "
                "METABASE_ADMIN_PASSWORD for nobody's; set those of its administrator.",
                error.status,
            ) from error


def setup_body(token: str, email: str, password: str) -> dict[str, Any]:
    """What a new server is told; it can be told once."""
    user = {"first_name": "Blotter", "last_name": "Administrator"}
    return {
        "token": token,
        "user": {**user, "email": email, "password": password},
        "prefs": {"site_name": "Blotter"},
    }


def reason(answer: requests.Response) -> str:
    """Why it refused, on one line.

    Metabase says it as text, or as JSON with `message`, or with `errors` by field; its
    `specific-errors`, which repeat the values that it was sent, stay out.
    """
    try:
        said = answer.json()
    except requests.JSONDecodeError:
        return one_line(answer.text) or "it does not say why"
    if isinstance(said, dict):
        errors = said.get("errors")
        fields = errors.items() if isinstance(errors, dict) else []
        parts = [f"{field}: {why}" for field, why in fields]
        return one_line("; ".join(parts) or str(said.get("message") or "no reason"))
    return one_line(str(said))


def one_line(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")
