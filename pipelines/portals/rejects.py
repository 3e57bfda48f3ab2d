"""Set aside rows that no warehouse could store as they are."""

from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import REJECT

Reasons: TypeAlias = pa.Array | pa.ChunkedArray

# Replaces bytes that are not UTF-8: a code point that text must not contain.
UNREADABLE = "\ufdd0"

BOM = b"\xef\xbb\xbf"


class OddRowsError(Exception):
    """Some rows of a response are malformed; the message follows the word "sent".

    It may be a transmission error that a retry fixes. If it persists, the rows are set
    aside: a few of them must not block a data set forever.
    """


def check_utf8(body: bytes) -> None:
    """Check that a body is valid UTF-8.

    Raises:
        OddRowsError: It is not; `readable` marks the invalid bytes.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise OddRowsError("bytes that are not UTF-8") from error


def readable(body: bytes) -> bytes:
    """The body with bytes that are not UTF-8 replaced by `UNREADABLE`.

    Every byte below 128 is kept: no quote, comma or line break is lost.
    """
    escaped = body.decode(errors="surrogateescape")
    marks = dict.fromkeys(range(0xDC80, 0xDD00), UNREADABLE)
    return escaped.translate(marks).encode()


def set_aside(rows: pa.Table, reason: Reasons | None = None) -> pa.Table:
    """Add the column `REJECT`: why a row can't be stored as it is, or null.

    Such rows have unreadable bytes, which become U+FFFD, or the character NUL, which
    Postgres can't store as text.

    Args:
        reason: Why a row is already set aside; null if it is not.
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


def good_rows(rows: pa.Table) -> pa.Table:
    """The rows that were not set aside."""
    if REJECT not in rows.column_names:
        return rows
    return rows.filter(pc.is_null(rows[REJECT]))
