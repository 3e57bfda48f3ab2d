"""The shapes of a CKAN portal's JSON, and its errors."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from pipelines.errors import PortalError
from pipelines.portals.http.request import RefusedError, body_of
from pipelines.portals.sql_reader import gone_column

if TYPE_CHECKING:
    from pipelines.datasets.dataset import CkanDataset

T = TypeVar("T")

# PostgreSQL's types that compare with a day of ISO text. A text must look like it.
DATE_TYPES = ("timestamp", "date", "text")


class Field(msgspec.Struct):
    """A column of a table."""

    id: str
    type: str = "text"


class Table(msgspec.Struct):
    """The result of `datastore_search`, but for its rows."""

    fields: list[Field]


class Resource(msgspec.Struct):
    """The result of `resource_show`: when the resource changed, in UTC."""

    last_modified: str | None = None
    metadata_modified: str | None = None

    @property
    def changed_at(self) -> datetime | None:
        """The later of its dates: only one moves if rows are upserted."""
        dates = [moment_of(d) for d in (self.last_modified, self.metadata_modified)]
        return max(filter(None, dates), default=None)


class Found(msgspec.Struct):
    """The result of `datastore_search_sql`."""

    records: list[dict[str, Any]]


class Result(msgspec.Struct, Generic[T]):
    """What every action answers with."""

    result: T


def moment_of(text: str | None) -> datetime | None:
    """An instant as CKAN writes it, without a zone; None if it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def meaning(error: RefusedError, dataset: "CkanDataset") -> PortalError:
    """The error that a refusal means, if its body gives more than the status."""
    told = body_of(error.answer).get("error")
    words = " ".join(map(str, texts_in(told)))[:300]
    if gone := gone_column(words, dataset):
        return gone
    return PortalError(f"{error} It says {words!r}.") if words else error


def texts_in(told: Any) -> list[str]:
    """The texts of an error, which may be a list of texts by name, or a text."""
    if isinstance(told, dict):
        told = [text for name, text in told.items() if name not in ("info", "__type")]
    if isinstance(told, list):
        return [text for each in told for text in texts_in(each)]
    return [told] if isinstance(told, str) else []


def without_sql(dataset: "CkanDataset") -> PortalError:
    """What to do about a portal that answers no SQL."""
    return PortalError(
        f"{dataset.label} answers no SQL (`datastore_search_sql`), by which windows "
        f"are read. Read it as a whole file instead: in {dataset.name}.toml, "
        f'`api = "file"` and `format = "csv"`, with '
        f"`url` ending in /datastore/dump/{dataset.resource}."
    )
