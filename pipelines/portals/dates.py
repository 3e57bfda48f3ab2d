"""Dates by which rows are requested: are they such, valid, and those requested?"""

from collections.abc import Callable, Container, Mapping
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.windows import Window
from pipelines.errors import SchemaDriftError
from pipelines.portals.page_checks import check_dates
from pipelines.portals.rejects import OddRowsError

if TYPE_CHECKING:
    from pipelines.datasets.dataset import TableDataset


def check_date_types(
    dataset: "TableDataset",
    types: Mapping[str, str],
    good: Container[str],
    usual: str,
) -> None:
    """Check that rows can be requested by date.

    Args:
        types: Those of the published columns, in the portal's words.
        good: The types that compare with a date.
        usual: What a message calls the usual one.

    Raises:
        SchemaDriftError: A column that requests filter by is not a date.
    """
    for column in filter(None, (dataset.window_column, dataset.change_column)):
        if column in types and types[column] not in good:
            raise SchemaDriftError(
                f"{dataset.label} publishes {column} as {types[column][:60]!r}, not as "
                f"{usual}: its rows can't be requested by it. Name another column in "
                f"{dataset.name}.toml; nothing was written."
            )


def without_day(dates: pa.ChunkedArray, column: str, shape: str) -> pa.ChunkedArray:
    """Why a row with an invalid date is set aside; null for valid and null dates.

    Args:
        shape: Pattern of a date as ISO text.
    """
    is_day = pc.match_substring_regex(dates, shape)
    return pc.if_else(pc.invert(is_day), f"{column} is not a date", None)


def check_days(
    dates: pa.ChunkedArray,
    window: Window,
    shape: str,
    bound: Callable[[date], str] = date.isoformat,
) -> None:
    """Check that dates are valid and lie in the window that was requested.

    Args:
        shape: Pattern of a date as ISO text.
        bound: How the dates of a day begin at its start; always equally long.

    Raises:
        OddRowsError: A date is invalid.
        Retryable: A date lies outside of the window; see `check_dates`.
    """
    if pc.all(pc.match_substring_regex(dates, shape)).as_py() is False:
        raise OddRowsError("rows with an invalid date")
    start, end = bound(window.start), window.end and bound(window.end)
    days = pc.utf8_slice_codeunits(dates, 0, len(start))
    check_dates(days, start, end, window)
