"""Put together what the parts of a data set have said."""

from collections.abc import Iterable

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.portals.reader import Survey

NO_COUNTS = pa.table(
    {
        "month": pa.array([], pa.date32()),
        "value": pa.array([], pa.string()),
        "row_count": pa.array([], pa.int64()),
    }
)

Marks = dict[str, str | None]
"""Versions of parts by their `identity`; as JSON it is the data set's version."""


def marks_of(version: str | None, first: str) -> Marks:
    """The versions of parts in a data set's.

    Args:
        first: The identity of its first part, whose version it is if the data set was a
            single table then.
    """
    if not version:
        return {}
    if not version.startswith("{"):
        return {first: version}
    return msgspec.json.decode(version, type=Marks)


def as_version(marks: Marks, order: Iterable[str]) -> str:
    """Versions of parts as the data set's, in the order of parts."""
    known = {identity: marks[identity] for identity in order if identity in marks}
    return msgspec.json.encode(known).decode()


def text_before(text: str, ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ids with a text before each."""
    return pc.binary_join_element_wise(text, ids.cast(pa.string()), " ")


def may_lie(
    dates: pa.ChunkedArray, first: str | int | None, after: str | int | None
) -> pa.ChunkedArray:
    """Whether dates lie between two bounds; those that are missing or no dates may.

    Args:
        dates: As published, as text.
        first, after: Of the type of the portal's dates; None leaves that side open.
    """
    if isinstance(first, int) or isinstance(after, int):
        is_number = pc.match_substring_regex(dates, "^-?[0-9]{1,18}$")
        dates = pc.if_else(is_number, dates, None).cast(pa.int64())
    lies = pc.or_kleene(pc.is_null(dates), True)
    if first is not None:
        lies = pc.and_kleene(lies, pc.greater_equal(dates, first))
    if after is not None:
        lies = pc.and_kleene(lies, pc.less(dates, after))
    return pc.fill_null(lies, True)


def surveyed(figures: list[Survey]) -> Survey:
    """The figures of several tables as one's.

    A row that stands in two counts twice. `first_update` and `last_update` are the same
    if they are so in each table: the publisher replaces whole tables.
    """
    if not figures:
        return Survey(0)
    keyed, different = (
        None if None in values else sum(filter(None, values))
        for values in zip(*((f.keyed, f.different) for f in figures), strict=True)
    )
    found = [f for f in figures if f.first_update and f.last_update]
    first, last = (
        [f.first_update for f in found if f.first_update],
        [f.last_update for f in found if f.last_update],
    )
    is_replaced = first == last
    return Survey(
        rows=sum(f.rows for f in figures),
        keyed=keyed,
        different=different,
        first_update=(max if is_replaced else min)(first, default=None),
        last_update=max(last, default=None),
    )
