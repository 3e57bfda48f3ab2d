"""Published files, CSV or workbook, as tables of text: read by their headers."""

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from pipelines.datasets.dataset import REJECT, FileDataset, WholeDataset
from pipelines.errors import Retryable
from pipelines.portals.rejects import UNREADABLE, readable, set_aside
from pipelines.portals.zips import check_packed, only_csv

# A row must not be longer than one.
BLOCK_BYTES = 16 * 1024 * 1024

# Above a header there may be so many lines of notes.
NOTE_LINES = 20

HEAD_BYTES = 1024 * 1024

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


def read_sheet(
    dataset: FileDataset, name: str, body: bytes, is_whole: bool = False
) -> Sheet:
    """Read one file: CSV, a workbook's first sheet, or the one CSV of a zip.

    Args:
        name: The file's own, with its ending.
        is_whole: It is known that all bytes came: the last line of a CSV need not end.

    Raises:
        Retryable: The file is cut short, broken, or of another kind.
    """
    ending = name.lower().rpartition(".")[2]
    if ending in ("zip", "xlsx"):
        check_packed(body)
    if ending == "xlsx":
        header, rows = read_workbook(dataset, body)
    elif ending == "zip":
        header, rows = read_csv(dataset, only_csv(body), is_whole=True)
    else:
        header, rows = read_csv(dataset, body, is_whole)
    header = [name for name in header if not name.startswith(UNNAMED)]
    if dataset.has_notes:
        rows = without_notes(rows)
    if dataset.file_column:
        header.append(dataset.file_column)
        names = pa.repeat(pa.scalar(name, pa.string()), rows.num_rows)
        rows = rows.append_column(dataset.file_column, names)
    rows = rows.rename_columns([name.lower() for name in rows.column_names])
    if REJECT in rows.column_names:
        return Sheet(header, set_aside(rows.drop_columns([REJECT]), rows[REJECT]))
    return Sheet(header, set_aside(rows) if has_unreadable(rows) else rows)


def read_csv(
    dataset: FileDataset, body: bytes, is_whole: bool
) -> tuple[list[str], pa.Table]:
    """Read the header and the declared columns of a CSV in the declared encoding.

    A row that has fewer or more cells than the header is set aside: a person has edited
    the file.

    Raises:
        Retryable: The last line does not end, or has too few cells, or a quote is left
            open: the file was cut short. Or most rows have not as many cells.
    """
    if dataset.encoding == "utf-8":
        body = readable(body).removeprefix(BOM)
    lines, header = header_of(dataset, csv_rows(body, dataset.encoding))
    if not has_columns(dataset, header):
        return header, pa.table({})  # another file; whether it is whole is no matter
    check_end(dataset, body, is_whole)
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
    if odd:
        check_odd(odd, rows.num_rows, body.decode(dataset.encoding))
        rows = with_odd(dataset, rows, odd)
    return header, rows


def check_end(dataset: FileDataset, body: bytes, is_whole: bool) -> None:
    """See that a CSV ends where a row does.

    Raises:
        Retryable: It does not.
    """
    # Arrow takes a last value that lacks its closing quote for a whole one.
    if body.count(b'"') % 2:
        raise Retryable("the CSV was cut short inside a quoted cell")
    if not (body.endswith(b"\n") or dataset.has_notes or is_whole):
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


def left_out(
    dataset: FileDataset, row: pyarrow.csv.InvalidRow, odd: list[pyarrow.csv.InvalidRow]
) -> str:
    """Remember a row that has not as many cells as the header, unless it is a note."""
    if not dataset.has_notes or row.actual_columns > 1:
        odd.append(row)
    return "skip"


def check_odd(odd: list[pyarrow.csv.InvalidRow], good: int, text: str) -> None:
    """See that rows with too few or too many cells tell of no cut or broken file.

    Raises:
        Retryable: One is the last row and has too few, or most rows are such.
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
    dataset: FileDataset, rows: pa.Table, odd: list[pyarrow.csv.InvalidRow]
) -> pa.Table:
    """Add rows that are set aside, with the reason.

    Which of their cells is which is not known, so none is kept. A key that can't be
    read may be any row's: none is taken for removed.
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


def read_workbook(dataset: FileDataset, body: bytes) -> tuple[list[str], pa.Table]:
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
    dataset: FileDataset, rows: Iterable[tuple[int, Sequence[str | None]]]
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


def has_columns(dataset: FileDataset, header: list[str]) -> bool:
    """Whether no declared column is missing."""
    return set(dataset.columns) - {dataset.file_column} <= set(header)


def named(dataset: WholeDataset, cells: Sequence[str | None]) -> list[str]:
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


def loaded(dataset: WholeDataset, header: list[str]) -> list[str]:
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
