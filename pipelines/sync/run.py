"""One run over the data sets, and one data set's part of it."""

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
"""Told the data set, the months done and the months in all."""


@dataclass
class Run:
    """One run of the command."""

    warehouse: Warehouse
    command: str
    now: datetime
    """When it began: its clock was read once, in the command; UTC."""
    today: date | None = None
    """The day it is taken to be in every city, instead of `now`'s."""
    patience: Patience = field(default_factory=Patience)
    progress: Progress = lambda dataset, done, of: None
    identity: Identity = NOBODY
    clock: Clock = utc_now
    """For what is stamped while it goes on."""

    def __post_init__(self) -> None:
        self.run_id = f"{self.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"

    removal_limit: int | None = None
    """How many removals a data set may have in this run, instead of its own limit."""

    @property
    def latest_day(self) -> date | None:
        """What models take for today where a day was told: that, if it is no past one.

        Rows that were loaded before may be newer than a past day.
        """
        return max(self.today, self.now.date()) if self.today else None

    def day_in(self, dataset: Dataset) -> date:
        return self.today or local_day(self.now, dataset.tzinfo)


@dataclass(frozen=True)
class Counts:
    """Rows that were read, and what was done to those of the warehouse."""

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
        """How many rows of the warehouse became others."""
        return self.added + self.changed + self.removed + self.restored

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(operator.add, astuple(self), astuple(other)))


@dataclass
class DatasetRun:
    """One data set's part of a run: where rows come from and go, and what came of it.

    Functions that read, prove or write return what they did; who calls them adds it
    here, so that the ledger's line of a run that failed tells how far it got.
    """

    run: Run
    dataset: Dataset
    """With the limit of removals that holds in this run."""
    reader: Reader
    version: str | None = None
    """The portal's, as it was before any row was read."""
    counts: Counts = Counts()
    warnings: list[str] = field(default_factory=list)
    is_moving: bool = False
    """A read lacks rows that may not be gone."""
    swept_to: datetime | None = None
    """Up to when changes of rows older than the window are known; UTC."""
    unswept_at: datetime | None = None
    """When no sweep told what changed in older rows; UTC."""
    compared_at: datetime | None = None
    months_compared: int | None = None
    months_repaired: int | None = None

    @property
    def warehouse(self) -> Warehouse:
        return self.run.warehouse

    @property
    def today(self) -> date:
        """The day it is in the city."""
        return self.run.day_in(self.dataset)

    def warn(self, message: str) -> None:
        """Remember a warning for the status and say it in the log."""
        self.warnings.append(message)
        log.warning("%s", message)

    def figures(self) -> dict[str, Any]:
        """What the ledger's line tells of it, by the names of its columns."""
        return {
            **asdict(self.counts),
            "swept_to": self.swept_to,
            "unswept_at": self.unswept_at,
            "compared_at": self.compared_at,
            "months_compared": self.months_compared,
            "months_repaired": self.months_repaired,
            "warnings": "\n".join(self.warnings) or None,
        }
