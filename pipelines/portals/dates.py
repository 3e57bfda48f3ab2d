"""Dates by which rows are requested: are they such, valid, and those requested?"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.date_pattern import DatePattern
from pipelines.datasets.date_values import days_of, odd_values
from pipelines.datasets.windows import Window
from pipelines.errors import SchemaDriftError
from pipelines.portals.page_checks import check_dates
from pipelines.portals.rejects import OddRowsError

if TYPE_CHECKING:
    from pipelines.datasets.dataset import TableDataset


class WindowDates(ABC):
    """How a window column's texts are requested and checked."""

    @abstractmethod
    def bound(self, day: date) -> str:
        """A day's start, as the warehouse compares it; see `Reader.bound`."""

    @abstractmethod
    def between(self, column: str, start: date, end: date | None) -> str:
        """A condition on rows of days from `start` to `end`, in the portal's SQL."""

    @abstractmethod
    def missing(self, column: str) -> str:
        """A condition on rows that have no date."""

    @abstractmethod
    def odd(self, dates: pa.ChunkedArray) -> pa.ChunkedArray:
        """Which values are invalid; null for null."""

    @abstractmethod
    def check_inside(self, dates: pa.ChunkedArray, window: Window) -> None:
        """Check that valid dates lie in a window.

        Raises:
            Retryable: One lies outside of it; see `check_dates`.
        """

    def condition(self, column: str, window: Window, changed: str = "") -> str:
        """A condition on a window's rows.

        Args:
            changed: A condition on when they changed.
        """
        where = self.between(column, window.start, window.end)
        where += f" AND {changed}" if changed else ""
        return f"({where}) OR {self.missing(column)}" if window.undated else where

    def why_odd(self, dates: pa.ChunkedArray, column: str) -> pa.ChunkedArray:
        """Why a row is set aside; null for those with valid dates or none."""
        return pc.if_else(self.odd(dates), f"{column} is not a date", None)

    def check(self, dates: pa.ChunkedArray, window: Window) -> None:
        """Check that dates are valid and lie in the window that was requested.

        Raises:
            OddRowsError: A date is invalid.
            Retryable: A date lies outside of the window; see `check_dates`.
        """
        if pc.any(self.odd(dates)).as_py():
            raise OddRowsError("rows with an invalid date")
        self.check_inside(dates, window)


@dataclass(frozen=True)
class IsoDates(WindowDates):
    """Dates that are sent as ISO text, and requested by it."""

    shape: str
    """Regular expression of a date; a time may follow."""
    literal: Callable[[date], str]
    """A day's start, as a request names it."""
    opens: Callable[[date], str] = date.isoformat
    """How the values of a day begin at its start; always equally long."""

    def bound(self, day: date) -> str:
        """A day's start as the portal writes it, or its beginning."""
        return self.opens(day)

    def between(self, column: str, start: date, end: date | None) -> str:
        """Both bounds as literals."""
        where = f"{column} >= '{self.literal(start)}'"
        return where + (f" AND {column} < '{self.literal(end)}'" if end else "")

    def missing(self, column: str) -> str:
        """A null."""
        return f"{column} IS NULL"

    def odd(self, dates: pa.ChunkedArray) -> pa.ChunkedArray:
        """Those of another shape."""
        return pc.invert(pc.match_substring_regex(dates, self.shape))

    def check_inside(self, dates: pa.ChunkedArray, window: Window) -> None:
        """As text."""
        start, end = self.opens(window.start), window.end and self.opens(window.end)
        check_dates(pc.utf8_slice_codeunits(dates, 0, len(start)), start, end, window)


@dataclass(frozen=True)
class PatternDates(WindowDates):
    """Dates that are text of a declared pattern."""

    pattern: DatePattern

    def bound(self, day: date) -> str:
        """The day as ISO text, which the warehouse makes of the column, too."""
        return day.isoformat()

    def between(self, column: str, start: date, end: date | None) -> str:
        """By the order of texts, or by lists of them."""
        return self.pattern.between(column, start, end)

    def missing(self, column: str) -> str:
        """A null, or a text that does not look like the pattern."""
        return self.pattern.missing(column)

    def odd(self, dates: pa.ChunkedArray) -> pa.ChunkedArray:
        """Those that look like the pattern, but are not days."""
        return odd_values(dates, self.pattern)

    def check_inside(self, dates: pa.ChunkedArray, window: Window) -> None:
        """As days; those that do not look like the pattern count as null."""
        days = days_of(dates, self.pattern)
        check_dates(days, str(window.start), window.end and str(window.end), window)


def check_date_types(
    dataset: "TableDataset",
    types: Mapping[str, str],
    good: Container[str],
    usual: str,
    text: Container[str] = ("text",),
) -> None:
    """Check that rows can be requested by date.

    Args:
        types: Those of the published columns, in the portal's words.
        good: The types that compare with a date.
        usual: What a message calls the usual one.
        text: The types of text, which a column with a declared pattern has.

    Raises:
        SchemaDriftError: A column that requests filter by is not a date.
    """
    dates, texts = (good, usual), (text, "text, as `window_format` says")
    windows = texts if dataset.window_format else dates
    asked = {dataset.window_column: windows}
    if dataset.change_column:
        asked[dataset.change_column] = dates
    for column, (kinds, words) in asked.items():
        if column in types and types[column] not in kinds:
            raise SchemaDriftError(
                f"{dataset.label} publishes {column} as {types[column][:60]!r}, not as "
                f"{words}: its rows can't be requested by it. Name another column in "
                f"{dataset.name}.toml; nothing was written."
            )


def check_pattern(
    dataset: "TableDataset", column: str, count: Callable[[str, str], int]
) -> str:
    """Prove by two counts that most of the window column's texts are of the pattern.

    Args:
        column: The window column, as a request names it.
        count: Counts the rows that meet a condition; also given what is counted.

    Raises:
        SchemaDriftError: They are of another one.
    """
    assert dataset.window_pattern
    shape = f"{column} LIKE '{dataset.window_pattern.shape}'"
    dated = dataset.among_read(f"{column} IS NOT NULL")
    number = count(dated, "the count of its dates")
    fit = count(dataset.among_read(shape), "the count of dates of `window_format`")
    said = f"{fit:,} of {number:,} dates look like {dataset.window_format!r}"
    if fit * 2 < number:
        raise SchemaDriftError(
            f"{dataset.label} publishes {dataset.window_column} in another pattern: "
            f"only {said}. Correct `window_format` in {dataset.name}.toml; nothing was "
            "written."
        )
    return said
