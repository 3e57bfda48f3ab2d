"""Rows that no warehouse could hold as they are: found, and set aside."""

from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import REJECT

Reasons: TypeAlias = pa.Array | pa.ChunkedArray

# Stands for bytes that are no UTF-8: a code point that no text may hold.
UNREADABLE = "\ufdd0"

BOM = b"\xef\xbb\xbf"


class OddRowsError(Exception):
    """Rows of an answer are not as they must be; says how, after "sent".

    It may be a fault of the line, gone when asked again. Where it stays, the rows are
    set aside: a few of them must not stop a data set for ever.
    """


def check_utf8(body: bytes) -> None:
    """See that every byte of a body can be read.

    Raises:
        OddRowsError: One can't; `readable` marks them.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise OddRowsError("bytes that are no UTF-8") from error


def readable(body: bytes) -> bytes:
    """The body with a mark, `UNREADABLE`, for bytes that are no UTF-8.

    Every byte below 128 stays: no quote, comma or line break is lost.
    """
    escaped = body.decode(errors="surrogateescape")
    marks = dict.fromkeys(range(0xDC80, 0xDD00), UNREADABLE)
    return escaped.translate(marks).encode()


def set_aside(rows: pa.Table, reason: Reasons | None = None) -> pa.Table:
    """Give a reason, in `REJECT`, to rows that no warehouse could hold as they are.

    Those with unreadable bytes, which become U+FFFD, and those with the character NUL,
    which text in Postgres can't hold.

    Args:
        reason: Why a row is set aside anyway; null where it is not.
    """
    if reason is None:
        reason = pa.nulls(rows.num_rows, pa.string())
    for position, name in enumerate(rows.column_names):
        column = rows[name].combine_chunks()
        for sign, why in ((UNREADABLE, "not UTF-8"), ("\0", "NUL character")):
            holds = pc.fill_null(pc.match_substring(column, sign), False)
            reason = pc.if_else(holds, why, reason)
        column = pc.replace_substring(column, UNREADABLE, "\ufffd")
        rows = rows.set_column(position, name, column)
    return rows.append_column(REJECT, reason)
