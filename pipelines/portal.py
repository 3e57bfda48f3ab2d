"""A portal: what a reader promises, and asking again where that can help."""

import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import tenacity

from pipelines import __version__
from pipelines.answer import OddRowsError
from pipelines.dataset import Dataset
from pipelines.errors import ConfigError, IncompleteReadError, Retryable
from pipelines.settings import number_from_environment
from pipelines.windows import Window

log = logging.getLogger(__name__)

LONGEST_RETRY_AFTER = 300

T = TypeVar("T")


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
            timeout=number_from_environment(
                "BLOTTER_TIMEOUT", 120.0, float, least=0.001
            ),
            retries=number_from_environment("BLOTTER_RETRIES", 5, int, least=0),
            backoff=number_from_environment("BLOTTER_BACKOFF", 60.0, float, least=0.0),
        )


@dataclass
class Published:
    """What a portal says of a data set before any row is read."""

    columns: list[str]
    version: str | None
    """Changes when the rows change; None where the portal does not tell."""
    updated_at: datetime | None = None
    """The instant, in UTC, of the last change of rows, where the portal tells."""


@dataclass
class Survey:
    """Figures of a window that tell whether a declaration fits what is published."""

    rows: int
    keyed: int | None = None
    """Rows with a value in the first key column; None where that can't be counted."""
    different: int | None = None
    """Different values there, where that column alone is declared a unique key."""
    first_update: str | None = None
    last_update: str | None = None
    """When the portal wrote the rows, in its own spelling; the same instant for all
    where the publisher replaces the whole table."""


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

    @property
    @abstractmethod
    def can_sweep(self) -> bool:
        """Whether the portal can tell which rows changed since a moment."""

    def monthly_counts(
        self, windows: list[Window], column: str | None = None
    ) -> pa.Table:
        """Rows by window and, where the API can, by the values of a column.

        Columns: month (the window's first day), value, row_count; as those of
        `Warehouse.monthly_counts`.
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
        """Parts that could not be read, by the path that is declared; and why."""
        return {}

    def is_new_part(self, path: str) -> bool:
        """Whether nothing was ever loaded of a part."""
        return False

    def within_reach(self, held: pa.Table) -> pa.Table:
        """Of rows that the warehouse holds those that a whole read would show."""
        return held

    def is_current(self, held: pa.Table) -> pa.Array:
        """Of rows that the warehouse holds, whether each is of a declared part."""
        return pa.repeat(pa.scalar(True), held.num_rows)

    def survey(self, window: Window) -> Survey:
        """Ask for figures of a window, as far as the API gives any."""
        return Survey(self.count(window))

    def token_state(self) -> str | None:
        """How the portal took the app token: `accepted`, `refused`, or `none` is set.

        None where the API knows no token. Only told after a request.
        """
        return None

    def requested(self) -> list[str]:
        """Published names of the columns to ask for."""
        optional = self.dataset.dispensable_columns
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
    """Like `ask`; `send` is told whether to set odd rows aside (`OddRowsError`).

    At first it is not to.
    """
    try:
        return ask(lambda: send(False), dataset, patience, what)
    except OddRowsError as error:
        log.warning("%s sent %s (%s).", dataset.label, error, what)
        return ask(lambda: send(True), dataset, patience, what)


def user_agent() -> str:
    """Names the project, and whom to write to when BLOTTER_CONTACT says so."""
    contact = os.environ.get("BLOTTER_CONTACT", "")
    return f"blotter/{__version__}" + (f" ({contact})" if contact else "")
