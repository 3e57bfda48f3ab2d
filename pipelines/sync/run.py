"""One run over the data sets, and what it did to each of them."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import local_day
from pipelines.settings import Patience
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


@dataclass
class Tally:
    """What a run did to one data set, in rows."""

    portal_rows: int = 0
    rows_read: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    restored: int = 0
    rejected: int = 0
    repeats: int = 0
    swept: int = 0
    swept_to: datetime | None = None
    """Up to when changes of rows older than the window are known; UTC."""
    unswept_at: datetime | None = None
    """When no sweep told what changed in older rows; UTC."""
    compared_at: datetime | None = None
    months_compared: int | None = None
    months_repaired: int | None = None
    is_moving: bool = False
    is_rest: bool = False
    """Nothing was asked for: the last look is too new."""
    warnings: list[str] = field(default_factory=list)

    def warn(self, message: str) -> None:
        """Remember a warning for the status and say it in the log."""
        self.warnings.append(message)
        log.warning("%s", message)


Progress = Callable[[Dataset, int, int], None]
"""Told the data set, the months done and the months in all."""


@dataclass
class Run:
    """One run of the command: its clock was read once, in the command."""

    warehouse: Warehouse
    command: str
    now: datetime
    """An instant in UTC."""
    today: date | None = None
    """The day it is taken to be in every city, instead of `now`'s."""
    patience: Patience = field(default_factory=Patience)
    progress: Progress = lambda dataset, done, of: None

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
