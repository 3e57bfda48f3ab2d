"""What a module of made-up rows has, or an object in place of one."""

from datetime import date
from typing import Protocol

import pyarrow as pa
from numpy.random import Generator


class Publisher(Protocol):
    """Makes a data set's rows as they are on some day."""

    COLUMNS: dict[str, str]
    """Types of the columns in the publisher's words, by name."""
    KEY: list[str]
    """The columns that tell a row from all others."""

    def make(self, rng: Generator, rows: int, first: date, last: date) -> pa.Table:
        """Make `rows` rows, or all that there are, dated `first` to `last`."""


class DailyPublisher(Publisher, Protocol):
    """Adds rows every day, and corrects some."""

    def make_day(self, rng: Generator, rows: int, day: date) -> pa.Table:
        """Make the rows first shown on `day`."""

    def corrected(self, rng: Generator, rows: pa.Table) -> pa.Table:
        """Make a new version of each row."""


class FilePublisher(Publisher, Protocol):
    """Publishes whole files, each of a size of its own."""

    ROWS: int

    def write(self, rows: pa.Table) -> bytes:
        """Make one file of its rows."""
