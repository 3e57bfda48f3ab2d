"""The shapes of Carto's JSON, and its errors.

https://carto.com/developers/sql-api/guides/making-calls
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.errors import PortalError, PortalMovedError, Retryable
from pipelines.portals.http.body import Answer
from pipelines.portals.http.request import RefusedError, body_of
from pipelines.portals.sql_reader import gone_column

if TYPE_CHECKING:
    from pipelines.datasets.dataset import CartoDataset

# PostgreSQL's types of dates; a server that does not name them says "date" of each.
DATE_TYPES = ("timestamptz", "timestamp", "date")

TEXT_TYPES = ("text", "varchar", "string")

GEOMETRY = "geometry"

# What a message says if a statement took longer than the account allows.
TOO_SLOW = ("statement timeout", "query timeout", "over platform's limits")


class Field(msgspec.Struct):
    """A column of an answer."""

    type: str = ""
    pgtype: str = ""

    @property
    def kind(self) -> str:
        """PostgreSQL's type if the server names it, else that of its JSON."""
        return self.pgtype or self.type


class Found(msgspec.Struct):
    """What a statement gives, or how it ended."""

    rows: list[dict[str, Any]] = []
    fields: dict[str, Field] = {}
    error: list[Any] = []
    """If it failed after its first rows were on the way, with status 200."""

    def whole(self) -> "Found":
        """Itself, if it did not fail half-way.

        Raises:
            Retryable: It did.
        """
        if self.error:
            words = repr(str(self.error[0])[:200])
            raise Retryable(f"an error came after some rows, {words}", slow=True)
        return self


def changed_at(answer: Answer) -> datetime | None:
    """When the table changed, in UTC; None if the server does not know.

    It then says that the table changed just now.
    """
    changed, now = (http_date(answer, name) for name in ("Last-Modified", "Date"))
    if changed is None or now is None or (now - changed).total_seconds() < 2:
        return None
    return changed


def http_date(answer: Answer, name: str) -> datetime | None:
    """A header's instant; None if it is missing or none."""
    try:
        moment = parsedate_to_datetime(answer.headers.get(name, ""))
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def meaning(error: RefusedError, dataset: "CartoDataset") -> PortalError:
    """The error that a refusal means.

    Raises:
        Retryable: The statement took too long, this time.
    """
    told = body_of(error.answer).get("error")
    words = " ".join(map(str, told if isinstance(told, list) else [told or ""]))[:300]
    if any(sign in words for sign in TOO_SLOW):
        status = error.answer.status
        raise Retryable(f"status {status}, {words!r}", slow=True) from error
    if gone := gone_column(words, dataset):
        return gone
    if "relation" in words and "does not exist" in words:
        return PortalMovedError(
            f"{dataset.label} no longer has the table {dataset.table}: {words!r}. "
            f"Check the address in {dataset.name}.toml."
        )
    return PortalError(f"{error} It says {words!r}.") if words else error
