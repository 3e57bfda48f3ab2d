"""Parse published files, CSV or workbook, into tables of text by their headers."""

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import REJECT, raw_name
from pipelines.errors import Retryable
from pipelines.portals.formats.csv_files import read_csv
from pipelines.portals.formats.headers import (
    NOTE_LINES,
    UNNAMED,
    Sheet,
    header_of,
    loaded,
)
from pipelines.portals.formats.zips import check_packed, only_csv
from pipelines.portals.rejects import UNREADABLE, set_aside

if TYPE_CHECKING:
    from pipelines.datasets.dataset import FileDataset


def read_sheet(
    dataset: "FileDataset", name: str, body: bytes, is_whole: bool = False
) -> Sheet:
    """Read one file: CSV, a workbook's first sheet, or the one CSV of a zip.

    Args:
        name: The file's name, with its extension.
        is_whole: All bytes are known to have arrived: a CSV's last line need not end.

    Raises:
        Retryable: The file is truncated, broken, or of another type.
    """
    ending = dataset.format or name.lower().rpartition(".")[2]
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
    rows = rows.rename_columns(
        [name if name == REJECT else raw_name(name) for name in rows.column_names]
    )
    if REJECT in rows.column_names:
        return Sheet(header, set_aside(rows.drop_columns([REJECT]), rows[REJECT]))
    return Sheet(header, set_aside(rows) if has_unreadable(rows) else rows)


def read_workbook(dataset: "FileDataset", body: bytes) -> tuple[list[str], pa.Table]:
    """Read the header and the declared columns of a workbook's first sheet.

    Raises:
        Retryable: It is broken, or not a workbook.
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


def without_notes(rows: pa.Table) -> pa.Table:
    """Drop empty rows and notes, which have a single cell."""
    if not rows.num_columns:
        return rows
    filled = [pc.is_valid(column).cast(pa.int32()) for column in rows.columns]
    number = filled[0]
    for column in filled[1:]:
        number = pc.add(number, column)
    return rows.filter(pc.greater(number, 1))


def has_unreadable(rows: pa.Table) -> bool:
    """Whether any cell has bytes that can't be read, or the character NUL."""
    return any(
        pc.any(pc.match_substring(column, sign)).as_py()
        for column in rows.columns
        for sign in (UNREADABLE, "\0")
    )
