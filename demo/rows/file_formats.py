"""Write tables in the file formats that publishers use."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

import pyarrow as pa

Cell = str | float | None

# A fixed date, so that the same rows give the same file, byte for byte.
MADE_AT = (1980, 1, 1, 0, 0, 0)

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def csv_file(
    rows: pa.Table, *, quotes_all: bool = False, encoding: str = "utf-8"
) -> bytes:
    """Write text columns as CSV; null is an empty cell."""
    written = io.StringIO()
    writer = csv.writer(
        written,
        quoting=csv.QUOTE_ALL if quotes_all else csv.QUOTE_MINIMAL,
        lineterminator="\n",
    )
    writer.writerow(rows.column_names)
    columns = [column.to_pylist() for column in rows.columns]
    writer.writerows(zip(*columns, strict=True))
    return written.getvalue().encode(encoding)


def zip_file(members: dict[str, bytes]) -> bytes:
    """Pack files, given by name, into a zip."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            member = zipfile.ZipInfo(name, MADE_AT)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return written.getvalue()


def workbook(sheet: str, rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write one sheet as .xlsx, with text and number cells, and no cell for None.

    This is the minimum that ECMA-376 requires of a workbook.
    """
    lines = "".join(
        f'<row r="{number}">{"".join(_cells(number, row))}</row>'
        for number, row in enumerate(rows, 1)
        if row
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{_TYPE}.worksheet+xml"/></Types>',
        "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}">'
        f"<sheetData>{lines}</sheetData></worksheet>",
    }
    return zip_file({name: (_XML + text).encode() for name, text in parts.items()})


def _relation(kind: str, target: str) -> str:
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/{kind}" Target="{target}"/></Relationships>'
    )


def _cells(number: int, row: Sequence[Cell]) -> list[str]:
    """The non-empty cells of a row, in columns A to Z."""
    cells = []
    for position, value in enumerate(row):
        name = f"{chr(ord('A') + position)}{number}"
        if isinstance(value, str):
            text = f'<is><t xml:space="preserve">{escape(value)}</t></is>'
            cells.append(f'<c r="{name}" t="inlineStr">{text}</c>')
        elif value is not None:
            cells.append(f'<c r="{name}"><v>{value}</v></c>')
    return cells
