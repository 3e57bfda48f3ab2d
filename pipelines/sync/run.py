"""The state of a run, and of one data set within it."""

import logging
import operator
import secrets
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, field
from datetime import date, datetime
from typing import Any

from pipelines.clock import Clock, utc_now
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import local_day
from pipelines.portals.reader import Reader
from pipelines.settings import NOBODY, Identity, Patience
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

Progress = Callable[[Dataset, int, int], None]
"""Called with the data set, the months done and the months in total."""


@dataclass
class Run:
    """One run of the command."""

    warehouse: Warehouse
    command: str
    now: datetime
    """When the run began, in UTC; the clock is read once, in the command."""
    today: date | None = None
    """Today's date in every city, overriding that of `now`."""
    patience: Patience = field(default_factory=Patience)
    progress: Progress = lambda dataset, done, of: None
    identity: Identity = NOBODY
    clock: Clock = utc_now
    """For timestamps taken during the run."""

    def __post_init__(self) -> None:
        self.run_id = f"{self.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"

    removal_limit: int | None = None
    """How many removals a data set may have in this run, overriding its own limit."""

    is_rekeyed: bool = False
    """The operator says that the publisher reissued the keys."""

    @property
    def latest_day(self) -> date | None:
        """The day that models use as today, if one was given: never one in the past.

        Rows that are already loaded may be newer than a past day.
        """
        return max(self.today, self.now.date()) if self.today else None

    def day_in(self, dataset: Dataset) -> date:
        return self.today or local_day(self.now, dataset.tzinfo)


@dataclass(frozen=True)
class Counts:
    """How many rows were read, and what happened to the warehouse's rows."""

    portal_rows: int = 0
    rows_read: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    restored: int = 0
    rejected: int = 0
    repeats: int = 0
    swept: int = 0

    @property
    def changes(self) -> int:
        """How many rows of the warehouse changed in any way."""
        return self.added + self.changed + self.removed + self.restored

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(operator.add, astuple(self), astuple(other)))


@dataclass
class DatasetRun:
    """One data set's part of a run: source, target and results so far.

    Functions that read, verify or write return what they did, and their callers add it
    here, so that the ledger row of a failed run shows how far it got.
    """

    run: Run
    dataset: Dataset
    """With the limit on removals that applies in this run."""
    reader: Reader
    version: str | None = None
    """The portal's version from before any row was read."""
    counts: Counts = Counts()
    warnings: list[str] = field(default_factory=list)
    is_moving: bool = False
    """A read is missing rows that may still exist."""
    swept_to: datetime | None = None
    """Up to when changes of rows older than the window are known; UTC."""
    unswept_at: datetime | None = None
    """When changes in older rows could not be swept; UTC."""
    compared_at: datetime | None = None
    months_compared: int | None = None
    months_repaired: int | None = None

    @property
    def warehouse(self) -> Warehouse:
        return self.run.warehouse

    @property
    def today(self) -> date:
        """Today's date in the city."""
        return self.run.day_in(self.dataset)

    def warn(self, message: str) -> None:
        """Log a warning and keep it for the status."""
        self.warnings.append(message)
        log.warning("%s", message)

    def figures(self) -> dict[str, Any]:
        """The values for the ledger row, by column name."""
        return {
            **asdict(self.counts),
            "swept_to": self.swept_to,
            "unswept_at": self.unswept_at,
            "compared_at": self.compared_at,
            "months_compared": self.months_compared,
            "months_repaired": self.months_repaired,
            "warnings": "\n".join(self.warnings) or None,
        }
