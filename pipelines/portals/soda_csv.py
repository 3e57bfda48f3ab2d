"""Parse and check the pages of rows that SODA sends as CSV."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pipelines.errors import Retryable
from pipelines.portals.rejects import check_utf8

# A date as SODA writes it; a time may follow.
ISO_DATE = r"^\d{4}-\d\d-\d\d(?:T|$)"


def check_page(page: pa.Table, limit: int) -> None:
    """Check that a page has each row once and no more rows than requested.

    Raises:
        Retryable: It repeats rows, or has too many.
    """
    ids = page[":id"]
    if ids.null_count or pc.count_distinct(ids).as_py() < page.num_rows:
        raise Retryable("the page repeats rows")
    if page.num_rows > limit:
        raise Retryable(f"the page has more than {limit} rows")


def parse_csv(body: bytes, columns: list[str]) -> pa.Table:
    """Parse a CSV response from SODA, with every column as text.

    Null is an empty cell and empty text is two quotes, so the two stay distinct.

    Raises:
        Retryable: The body is truncated or has other columns than were requested.
        OddRowsError: It has bytes that are not UTF-8.
    """
    # Arrow accepts a last value without its closing quote, and a value with a quote
    # inside but no opening quote.
    if not body.endswith(b"\n") or body.count(b'"') % 2:
        raise Retryable("the CSV was cut short")
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            # A single block: a row must not be longer than a block.
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
        # Without their names: if the header is lost, these are values.
        raise Retryable("the CSV has other columns than were asked for")
    return table
