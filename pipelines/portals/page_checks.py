"""Request pages of rows and check them, whatever the API."""

import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.windows import Window
from pipelines.errors import IncompleteReadError, Retryable
from pipelines.portals.http.retry import ask
from pipelines.portals.rejects import OddRowsError
from pipelines.settings import Patience

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset

T = TypeVar("T")

log = logging.getLogger(__name__)


def ask_for_rows(
    send: Callable[[bool], T], dataset: "Dataset", patience: Patience, what: str
) -> T:
    """Like `ask`, but if rows are malformed (`OddRowsError`), ask again leniently.

    The argument of `send` is whether to set such rows aside; False at first.
    """
    try:
        return ask(lambda: send(False), dataset, patience, what)
    except OddRowsError as error:
        log.warning("%s sent %s (%s).", dataset.label, error, what)
        return ask(lambda: send(True), dataset, patience, what)


def pages_after(
    page_after: Callable[[int], tuple[pa.Table, int]], last: int
) -> Iterator[pa.Table]:
    """Yield the pages of a keyset, up to an empty one: a portal may cap a page's size.

    Args:
        page_after: Reads the rows after an id; returns them and the last one's id.
        last: The id to begin after.
    """
    while True:
        rows, last = page_after(last)
        if not rows.num_rows:
            return
        yield rows


def check_ids(ids: list[int], limit: int) -> None:
    """Check that a page has each row once and no more rows than requested.

    Args:
        ids: The id that the page begins after, and those of its rows.

    Raises:
        Retryable: It repeats rows, or has too many.
    """
    if len(ids) - 1 > limit:
        raise Retryable(f"the page has more than {limit} rows")
    if any(this <= before for before, this in pairwise(ids)):
        raise Retryable("the page repeats rows")


def check_dates(dates: pa.ChunkedArray, start: Any, end: Any, window: Window) -> None:
    """Check that rows lie in the window that was requested.

    Args:
        dates: The window column, in the type of `start` and `end`.
        end: None leaves the end open.

    Raises:
        Retryable: A row lies outside, or has no date though dated ones were requested.
    """
    if dates.null_count and not window.undated:
        raise Retryable(f"some rows for {window} have no date")
    inside = pc.greater_equal(dates, start)
    if end is not None:
        inside = pc.and_(inside, pc.less(dates, end))
    if pc.all(inside).as_py() is False:
        raise Retryable(f"some rows for {window} have a date outside it")


def check_number(dataset: "Dataset", what: str, received: int, expected: int) -> None:
    """Check that the number of rows received matches the portal's count.

    Raises:
        IncompleteReadError: It does not.
    """
    if received != expected:
        raise IncompleteReadError(
            f"{dataset.label} sent {received:,} {what} but counts {expected:,}; "
            "try again later."
        )


def counted(
    dataset: "Dataset", what: str, pages: Iterable[pa.Table], expected: int
) -> list[pa.Table]:
    """All pages, if together they have as many rows as the portal counts.

    Raises:
        IncompleteReadError: They don't.
    """
    read = list(pages)
    check_number(dataset, what, sum(rows.num_rows for rows in read), expected)
    return read


def quoted(text: str) -> str:
    """A text literal in the portal's SQL: single quotes, doubled inside."""
    return "'" + text.replace("'", "''") + "'"


def chunks(values: list[str], size: int = 100) -> Iterator[str]:
    """Lists of literals for `in (...)`, short enough for a URL."""
    for start in range(0, len(values), size):
        yield ",".join(map(quoted, values[start : start + size]))
