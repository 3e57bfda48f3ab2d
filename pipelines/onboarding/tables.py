"""What a portal says of a table, in one form for all platforms."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

Kind = Literal["date", "instant", "number", "text", "point", "other"]
"""`date` has no zone or is a layer's; an `instant` has one, and can't be a window."""

Row = dict[str, str | None]
"""A row as text; a layer's dates as ISO text of the clock that they are stored on."""


@dataclass(frozen=True)
class Column:
    """A published column."""

    name: str
    kind: Kind = "text"
    label: str = ""
    about: str = ""


@dataclass(frozen=True)
class Description:
    """What is published about a table, beside its rows."""

    columns: list[Column]
    title: str = ""
    text: str = ""
    license: str = ""
    attribution: str = ""
    disclaimer: str = ""
    part_of: str | None = None
    """The table of which this is a filtered view."""
    key: str | None = None
    """The column that the publisher calls the rows' identifier."""
    row_number: str | None = None
    """A column of the platform's own numbers, which a replaced table has new."""
    has_points: bool = False
    """Whether a layer has points beside its fields."""
    query_language: bool = True
    """False where rows can only be read as a file."""


@dataclass
class Figures:
    """Counts over all rows."""

    rows: int
    filled: dict[str, int] = field(default_factory=dict)
    """How many rows have a value, by column."""
    different: dict[str, int] = field(default_factory=dict)
    """How many different values there are, by column."""
    spans: dict[str, tuple[datetime | None, datetime | None]] = field(
        default_factory=dict
    )
    """Least and greatest date, by column; None if there is none in years 1 to 9999."""


Months = dict[date, int]
"""Rows by the first day of their month."""


class Table(ABC):
    """A published table that can be asked. Each method is one request, or few."""

    @abstractmethod
    def describe(self) -> Description:
        """Ask what is published."""

    @abstractmethod
    def sample(self) -> list[Row]:
        """Some rows, from anywhere."""

    @abstractmethod
    def figures(self, keys: list[str], dates: list[str]) -> Figures:
        """Count rows and values; `keys` also by different values, `dates` by span."""

    @abstractmethod
    def newest(self, column: str, until: datetime) -> list[Row]:
        """The newest rows by a date, without those after `until`."""

    @abstractmethod
    def months(self, column: str) -> Months | None:
        """Rows by month; None if the portal can't group."""

    @abstractmethod
    def values(self, column: str) -> dict[str, int] | None:
        """Rows by value, most first; None if the portal can't group."""

    def answers_for(
        self, column: str, moment: datetime, zone: ZoneInfo
    ) -> set[datetime] | None:
        """A layer's dates that come for one second, requested on a zone's clock."""
        return None
