"""The interface of modules, or objects, that make up rows."""

from datetime import date
from typing import Protocol

import pyarrow as pa
from numpy.random import Generator


class Publisher(Protocol):
    """Makes the rows of a data set as of a given day."""

    COLUMNS: dict[str, str]
    """Types of the columns in the publisher's words, by name."""
    KEY: list[str]
    """The columns that identify a row."""

    def make(self, rng: Generator, rows: int, first: date, last: date) -> pa.Table:
        """Make `rows` rows, or all that exist, dated `first` to `last`."""


class DailyPublisher(Publisher, Protocol):
    """Adds rows every day and corrects some."""

    def make_day(self, rng: Generator, rows: int, day: date) -> pa.Table:
        """Make the rows first shown on `day`."""

    def corrected(self, rng: Generator, rows: pa.Table) -> pa.Table:
        """Make a new version of each row."""


class FilePublisher(Publisher, Protocol):
    """Publishes whole files, whose size is fixed."""

    ROWS: int

    def write(self, rows: pa.Table) -> bytes:
        """Write rows as one file."""
