"""Parse CSV files, some of them edited by hand, into tables of text."""

import csv
import io
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv

from pipelines.datasets.columns import REJECT
from pipelines.errors import Retryable
from pipelines.portals.formats.headers import NOTE_LINES, has_columns, header_of, loaded
from pipelines.portals.rejects import BOM, readable

if TYPE_CHECKING:
    from pipelines.datasets.dataset import FileDataset

# A row must not be longer than a block.
BLOCK_BYTES = 16 * 1024 * 1024

HEAD_BYTES = 1024 * 1024


def read_csv(
    dataset: "FileDataset", body: bytes, is_whole: bool
) -> tuple[list[str], pa.Table]:
    """Read the header and the declared columns of a CSV in the declared encoding.

    A row that has fewer or more cells than the header is set aside: a person has edited
    the file.

    Raises:
        Retryable: The file is truncated: its last line does not end or lacks cells, or
            a quote is left open. Or most rows have fewer or more cells.
    """
    if dataset.encoding == "utf-8":
        body = readable(body).removeprefix(BOM)
    lines, header = header_of(dataset, csv_rows(dataset, body))
    if not has_columns(dataset, header):
        return header, pa.table({})  # another file, so it need not be complete
    check_end(dataset, body, is_whole)
    rows, odd = below_header(dataset, body, lines, header)
    if odd:
        check_odd(odd, rows.num_rows, body.decode(dataset.encoding))
        rows = with_odd(dataset, rows, odd)
    return header, rows


def below_header(
    dataset: "FileDataset", body: bytes, lines: int, header: list[str]
) -> tuple[pa.Table, list[pyarrow.csv.InvalidRow]]:
    """The rows after `lines` lines, and those with fewer or more cells than the header.

    Raises:
        Retryable: The body is not valid CSV.
    """
    odd: list[pyarrow.csv.InvalidRow] = []
    try:
        rows = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False,
                encoding=dataset.encoding,
                block_size=BLOCK_BYTES,
                skip_rows=lines,
                column_names=header,
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=dataset.delimiter,
                newlines_in_values=True,
                invalid_row_handler=lambda row: left_out(dataset, row, odd),
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=loaded(dataset, header),
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise Retryable("the CSV was cut short or broken") from error
    return rows, odd


def check_end(dataset: "FileDataset", body: bytes, is_whole: bool) -> None:
    """Check that a CSV ends with a complete row.

    Raises:
        Retryable: It does not.
    """
    # Arrow accepts a last value without its closing quote.
    if body.count(b'"') % 2:
        raise Retryable("the CSV was cut short inside a quoted cell")
    if not (body.endswith(b"\n") or dataset.has_notes or is_whole):
        raise Retryable("the CSV was cut short: its last line does not end")


def csv_rows(dataset: "FileDataset", body: bytes) -> Iterator[tuple[int, list[str]]]:
    """The first rows, each with the line number on which it ends."""
    head = body[:HEAD_BYTES].decode(dataset.encoding, errors="replace")
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=dataset.delimiter)
    try:
        for row in itertools.islice(reader, NOTE_LINES):
            yield reader.line_num, row
    except csv.Error as error:
        raise Retryable("the CSV has no header") from error


def left_out(
    dataset: "FileDataset",
    row: pyarrow.csv.InvalidRow,
    odd: list[pyarrow.csv.InvalidRow],
) -> str:
    """Collect a row with fewer or more cells than the header, unless it is a note."""
    if not dataset.has_notes or row.actual_columns > 1:
        odd.append(row)
    return "skip"


def check_odd(odd: list[pyarrow.csv.InvalidRow], good: int, text: str) -> None:
    """Check that rows with too few or too many cells don't mean a broken file.

    Raises:
        Retryable: The last row has too few, or most rows are odd.
    """
    last = odd[-1]
    is_last = text.rstrip("\r\n").endswith(("\n" + last.text, "\r" + last.text))
    if is_last and last.actual_columns < last.expected_columns:
        raise Retryable("the CSV was cut short or broken: its last row lacks cells")
    if len(odd) >= good:
        raise Retryable(
            f"the CSV was cut short or broken: {len(odd):,} of {good + len(odd):,} "
            "rows have more or fewer cells than the header"
        )


def with_odd(
    dataset: "FileDataset", rows: pa.Table, odd: list[pyarrow.csv.InvalidRow]
) -> pa.Table:
    """Add the rows that are set aside, with the reason.

    Which cell belongs to which column is unknown, so none is kept. Their keys can't be
    read and may be any row's, so no row is treated as removed.
    """
    nothing = dict.fromkeys(rows.column_names)
    nothing |= {name: "\ufffd" for name in dataset.key if name in nothing}
    reasons = [
        f"row {row.number} has {row.actual_columns} cells, not {row.expected_columns}"
        for row in odd
    ]
    added = pa.Table.from_pylist([nothing] * len(odd), rows.schema)
    added = added.append_column(REJECT, pa.array(reasons, pa.string()))
    return pa.concat_tables([rows, added], promote_options="default")
