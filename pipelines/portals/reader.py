"""The interface that the readers of all portals implement."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import requests

from pipelines.datasets.windows import Window
from pipelines.errors import ConfigError
from pipelines.settings import NOBODY, Identity, Patience

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass
class Published:
    """What a portal reports about a data set before any row is read."""

    columns: list[str]
    version: str | None
    """Changes when the rows change; None if the portal reports none."""
    updated_at: datetime | None = None
    """When rows last changed, in UTC, if the portal reports it."""
    warnings: list[str] = field(default_factory=list)
    """About columns, if it was compared with the declared ones already."""


@dataclass
class Survey:
    """Figures of a window that show whether a declaration matches what is published."""

    rows: int
    keyed: int | None = None
    """Rows with a value in the first key column; None where that can't be counted."""
    different: int | None = None
    """Distinct values in it, if that column alone is declared as a unique key."""
    first_update: str | None = None
    last_update: str | None = None
    """When the portal wrote the rows, in the portal's format; both are the same if the
    publisher replaces the whole table."""


@dataclass
class Read:
    """What a read found out, apart from the rows themselves."""

    is_stale: bool = False
    """The portal reported that it answered from an outdated copy."""
    is_moving: bool = False
    """Rows were added or removed during the read: missing rows may not be gone."""
    is_short: bool = False
    """A part failed during the read, and is left out of it."""
    ids: list[pa.ChunkedArray] = field(default_factory=list)
    """The portal's own row ids, one array per page, if order alone proves nothing."""

    def repeats(self) -> int:
        """How many rows were received more than once, by the portal's own ids."""
        ids = pa.chunked_array(
            [c for page in self.ids for c in page.chunks], pa.string()
        )
        different: int = pc.count_distinct(ids).as_py()
        return len(ids) - different


class Reader(ABC):
    """A portal's API. Tables have the raw table's column names and hold only text."""

    tells_versions = True
    """Whether an unchanged version is to be trusted."""

    def __init__(
        self, dataset: "Dataset", patience: Patience, identity: Identity = NOBODY
    ):
        self.dataset = dataset
        self.patience, self.identity = patience, identity
        self.published: list[str] = []

    def probe(self, known: str | None = None) -> Published:
        """Ask for columns and version; must be called before any rows are read.

        Args:
            known: The version that was read before, if any: files that have not changed
                since need not be sent again.
        """
        said = self.describe(known)
        self.published = said.columns
        return said

    @abstractmethod
    def describe(self, known: str | None) -> Published:
        """Ask for columns and version; `known` as in `probe`."""

    @abstractmethod
    def count(self, window: Window) -> int:
        """How many rows the portal counts in the window."""

    @abstractmethod
    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows, each once, in tables of at least one row."""

    @abstractmethod
    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row whose first key column holds one of these values, on any date."""

    @abstractmethod
    def bound(self, day: date) -> str | int:
        """The window column's value at a day's local midnight, as published."""

    def check_clock(self) -> str | None:
        """Prove on which clock dates are kept, or in which pattern if they are text.

        Returns:
            What was proved; None if there is no doubt.

        Raises:
            SchemaDriftError: On another clock, or in another pattern, than declared.
        """
        return None

    def check_new_clock(self, has_read: bool) -> None:
        """Prove the clock of what was never loaded; see `check_clock`.

        Args:
            has_read: The data set was, as it is declared.
        """
        if not has_read:
            self.check_clock()

    @property
    @abstractmethod
    def can_sweep(self) -> bool:
        """Whether the portal can list the rows that changed since a given time."""

    def monthly_counts(
        self, windows: list[Window], column: str | None = None
    ) -> pa.Table:
        """Count rows by window and, if the API can, by the values of a column.

        Columns: month (the window's first day), value, row_count; like the warehouse's
        `lookups.monthly_counts`.
        """
        if column:
            raise ConfigError(
                f"{self.dataset.name}.toml: `compare_by` needs a portal that can group."
            )
        return pa.table(
            {
                "month": pa.array([w.start for w in windows], pa.date32()),
                "value": pa.nulls(len(windows), pa.string()),
                "row_count": pa.array([self.count(w) for w in windows], pa.int64()),
            }
        )

    def missed_parts(self) -> dict[str, str]:
        """Why parts could not be read, by their declared path."""
        return {}

    def is_new_part(self, path: str) -> bool:
        """Whether nothing was ever loaded from a part."""
        return False

    def reaches(self, window: Window) -> bool:
        """Whether all was read that may have rows of a window."""
        return True

    def loaded_version(self, version: str | None) -> str | None:
        """The version of what is loaded, of the one that was published."""
        return version

    def within_reach(self, held: pa.Table) -> pa.Table:
        """The rows, of those the warehouse holds, that a complete read would show."""
        return held

    def is_current(self, held: pa.Table) -> pa.Array:
        """For each row that the warehouse holds, whether its part is declared."""
        return pa.repeat(pa.scalar(True), held.num_rows)

    def survey(self, window: Window) -> Survey:
        """Ask for figures of a window, as far as the API provides them."""
        return Survey(self.count(window))

    def token_state(self) -> str | None:
        """What became of the app token: `accepted`, `refused`, or `none` if unset.

        None if the API has no tokens. Only known after a request.
        """
        return None

    def requested(self) -> list[str]:
        """The published names of the columns to request."""
        optional = self.dataset.dispensable_columns
        return [
            *self.dataset.columns,
            *(name for name in optional if name in self.published),
        ]


class HttpReader(Reader):
    """A reader that asks by HTTP, under the operator's name."""

    def __init__(
        self, dataset: "Dataset", patience: Patience, identity: Identity = NOBODY
    ):
        super().__init__(dataset, patience, identity)
        self.session = requests.Session()
        self.session.headers["User-Agent"] = identity.user_agent
