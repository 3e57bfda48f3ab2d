"""Published files, CSV or workbook, as tables of text: read by their headers."""

import csv
import io
import itertools
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pipelines.answer import LARGEST_BYTES, UNREADABLE, readable, set_aside
from pipelines.dataset import Dataset
from pipelines.errors import Retryable

# A row must not be longer than one.
BLOCK_BYTES = 16 * 1024 * 1024
# Above a header there may be so many lines of notes.
NOTE_LINES = 20
HEAD_BYTES = 1024 * 1024

# What the unpacking of a damaged, or an encrypted, zip raises.
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)

BOM = b"\xef\xbb\xbf"
# Begins what stands for the name of a column that has none.
UNNAMED = ":column "


@dataclass(frozen=True)
class Sheet:
    """One file's rows."""

    header: list[str]
    """Its columns, by their declared names where they have one."""
    rows: pa.Table
    """Those to be loaded, by their names in the raw table; all text, nothing in a cell
    is null. With the reason, `REJECT`, where a row can't be loaded."""


def read_sheet(dataset: Dataset, name: str, body: bytes) -> Sheet:
    """Read one file: CSV, a workbook's first sheet, or the one CSV of a zip.

    Args:
        name: The file's own, with its ending.

    Raises:
        Retryable: The file is cut short, broken, or of another kind.
    """
    ending = name.lower().rpartition(".")[2]
    if ending in ("zip", "xlsx"):
        check_packed(body)
    if ending == "xlsx":
        header, rows = read_workbook(dataset, body)
    else:
        header, rows = read_csv(dataset, only_csv(body) if ending == "zip" else body)
    header = [name for name in header if not name.startswith(UNNAMED)]
    if dataset.has_notes:
        rows = without_notes(rows)
    if dataset.file_column:
        header.append(dataset.file_column)
        names = pa.repeat(pa.scalar(name, pa.string()), rows.num_rows)
        rows = rows.append_column(dataset.file_column, names)
    rows = rows.rename_columns([name.lower() for name in rows.column_names])
    return Sheet(header, set_aside(rows) if has_unreadable(rows) else rows)


def read_csv(dataset: Dataset, body: bytes) -> tuple[list[str], pa.Table]:
    """Read the header and the declared columns of a CSV in the declared encoding.

    Raises:
        Retryable: The last line does not end, a quote is left open, or a row has fewer
            or more cells than the header: the file was cut short.
    """
    if dataset.encoding == "utf-8":
        body = readable(body).removeprefix(BOM)
    lines, header = header_of(dataset, csv_rows(body, dataset.encoding))
    if not has_columns(dataset, header):
        return header, pa.table({})  # another file; whether it is whole is no matter
    check_end(dataset, body)
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
                newlines_in_values=True,
                invalid_row_handler=lambda row: note_or_error(dataset, row),
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
    return header, rows


def check_end(dataset: Dataset, body: bytes) -> None:
    """See that a CSV ends where a row does.

    Raises:
        Retryable: It does not.
    """
    # Arrow takes a last value that lacks its closing quote for a whole one.
    if body.count(b'"') % 2:
        raise Retryable("the CSV was cut short inside a quoted cell")
    if not body.endswith(b"\n") and not dataset.has_notes:
        raise Retryable("the CSV was cut short: its last line does not end")


def csv_rows(body: bytes, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """The first rows, each with the number of the line that it ends on."""
    reader = csv.reader(
        io.StringIO(body[:HEAD_BYTES].decode(encoding, errors="replace"), newline="")
    )
    try:
        for row in itertools.islice(reader, NOTE_LINES):
            yield reader.line_num, row
    except csv.Error as error:
        raise Retryable("the CSV has no header") from error


def note_or_error(dataset: Dataset, row: pyarrow.csv.InvalidRow) -> str:
    """What to do with a row that has not as many cells as the header."""
    return "skip" if dataset.has_notes and row.actual_columns == 1 else "error"


def read_workbook(dataset: Dataset, body: bytes) -> tuple[list[str], pa.Table]:
    """Read the header and the declared columns of a workbook's first sheet.

    Raises:
        Retryable: It is no workbook, or broken.
    """
    import pandas as pd
    from python_calamine import CalamineError

    try:
        sheet = pd.read_excel(
            io.BytesIO(body),
            header=None,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            engine="calamine",
        )
    except (CalamineError, ValueError) as error:
        raise Retryable("the workbook is broken") from error
    columns = [pa.array(sheet[n], pa.string(), from_pandas=True) for n in sheet]
    first = zip(*(column[:NOTE_LINES].to_pylist() for column in columns), strict=True)
    lines, header = header_of(dataset, enumerate(first, start=1))
    rows = pa.table([column[lines:] for column in columns], names=header)
    return header, rows.select(loaded(dataset, header))


def header_of(
    dataset: Dataset, rows: Iterable[tuple[int, Sequence[str | None]]]
) -> tuple[int, list[str]]:
    """Find the header: the first row, or below notes the first with every column.

    Args:
        rows: Each with the number of the line that it ends on.

    Returns:
        The number of its last line, and its names, declared ones where they are meant.

    Raises:
        Retryable: The file is empty.
    """
    found = [(line, named(dataset, cells)) for line, cells in rows]
    if not found:
        raise Retryable("the file is empty")
    for line, names in found if dataset.has_notes else []:
        if has_columns(dataset, names):
            return line, names
    return found[0]


def has_columns(dataset: Dataset, header: list[str]) -> bool:
    """Whether no declared column is missing."""
    return set(dataset.columns) - {dataset.file_column} <= set(header)


def named(dataset: Dataset, cells: Sequence[str | None]) -> list[str]:
    """The names of a header's cells: declared ones, else as they are published.

    A column without a header can't be read by its name: it is left out.
    """
    declared = [*dataset.columns, *dataset.dispensable_columns, *dataset.left_out]
    meant = {plain(name): name for name in declared}
    for name, others in dataset.also_called.items():
        meant |= {plain(other): name for other in others}
    names: list[str] = []
    seen: dict[str, int] = {}
    for position, cell in enumerate(cells, start=1):
        title = " ".join((cell or "").split()) or f"{UNNAMED}{position}"
        seen[plain(title)] = seen.get(plain(title), 0) + 1
        if seen[plain(title)] > 1:
            title += f" {seen[plain(title)]}"
        names.append(meant.get(plain(title), title))
    return names


def plain(title: str) -> str:
    """A header without what differs between copies: capitals, blanks, underscores."""
    return " ".join(title.replace("_", " ").split()).casefold()


def loaded(dataset: Dataset, header: list[str]) -> list[str]:
    """Those of a file's columns that are loaded."""
    return [n for n in (*dataset.columns, *dataset.dispensable_columns) if n in header]


def without_notes(rows: pa.Table) -> pa.Table:
    """Leave out empty rows, and notes: rows of one cell."""
    if not rows.num_columns:
        return rows
    filled = [pc.is_valid(column).cast(pa.int32()) for column in rows.columns]
    number = filled[0]
    for column in filled[1:]:
        number = pc.add(number, column)
    return rows.filter(pc.greater(number, 1))


def has_unreadable(rows: pa.Table) -> bool:
    """Whether a cell has bytes that can't be read, or the character NUL."""
    return any(
        pc.any(pc.match_substring(column, sign)).as_py()
        for column in rows.columns
        for sign in (UNREADABLE, "\0")
    )


def check_packed(body: bytes) -> None:
    """See that a zip, which a workbook is too, is whole and not too large unpacked.

    Raises:
        Retryable: It is not.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > LARGEST_BYTES:
                raise Retryable(f"the file has over {LARGEST_BYTES:,} bytes unpacked")
            if archive.testzip() is not None:
                raise Retryable("the file is broken")
    except BROKEN_ZIP as error:
        raise Retryable("the file is cut short, or is no zip or workbook") from error


def only_csv(body: bytes) -> bytes:
    """The one CSV file of a zip.

    Raises:
        Retryable: There is none, or several.
    """
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if len(names) != 1:
            raise Retryable(f"the zip holds {len(names)} CSV files, not one")
        return archive.read(names[0])
