"""Pages of rows as SODA writes them in CSV."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pipelines.datasets.columns import REJECT
from pipelines.datasets.windows import Window
from pipelines.errors import Retryable
from pipelines.portals.page_checks import check_dates
from pipelines.portals.rejects import OddRowsError, check_utf8

# A date as SODA writes it; a time may follow.
ISO_DATE = r"^\d{4}-\d\d-\d\d(?:T|$)"


def check_page(page: pa.Table, limit: int) -> None:
    """See that a page has rows of the portal's, each once, and no more than asked.

    Raises:
        Retryable: It has not.
    """
    ids = page[":id"]
    if ids.null_count or pc.count_distinct(ids).as_py() < page.num_rows:
        raise Retryable("the page repeats rows")
    if page.num_rows > limit:
        raise Retryable(f"the page has more than {limit} rows")


def good_rows(page: pa.Table) -> pa.Table:
    """The rows that were not set aside."""
    if REJECT not in page.column_names:
        return page
    return page.filter(pc.is_null(page[REJECT]))


def parse_csv(body: bytes, columns: list[str]) -> pa.Table:
    """Parse a SODA CSV answer; every column text.

    Null is nothing between the commas, empty text is two quotes: they stay apart.

    Raises:
        Retryable: The body is cut or has other columns than were asked for.
        OddRowsError: It has bytes that can't be read.
    """
    # Arrow takes a last value that lacks its closing quote for a whole one.
    # So it does a value with a quote inside for one that lacks its opening quote.
    if not body.endswith(b"\n") or body.count(b'"') % 2:
        raise Retryable("the CSV was cut short")
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            # One block: a row must not be longer than one.
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, block_size=len(body) + 1
            ),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.string() for name in columns},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        names = table.column_names
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        check_utf8(body)
        raise Retryable("the CSV was cut short or broken") from error
    if names != columns:
        # Not which: where the header is lost, these are values.
        raise Retryable("the CSV has other columns than were asked for")
    return table


def without_day(page: pa.Table, column: str) -> pa.ChunkedArray:
    """Why a row is set aside whose date is none; null where it is one, or null."""
    is_day = pc.match_substring_regex(page[column], ISO_DATE)
    return pc.if_else(pc.invert(is_day), f"{column} is no date", None)


def check_days(dates: pa.ChunkedArray, window: Window) -> None:
    """See that dates are some, and of the window that was asked for.

    Raises:
        OddRowsError: One is no date.
        Retryable: One is of another day; see `check_dates`.
    """
    if pc.all(pc.match_substring_regex(dates, ISO_DATE)).as_py() is False:
        raise OddRowsError("rows with an invalid date")
    days = pc.utf8_slice_codeunits(dates, 0, 10)
    check_dates(days, str(window.start), window.end and str(window.end), window)
