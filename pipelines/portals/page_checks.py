"""Pages of rows: how one is asked for, and what it must be, of any API."""

import logging
from collections.abc import Callable, Iterator
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
    """Like `ask`; `send` is told whether to set odd rows aside (`OddRowsError`).

    At first it is not to.
    """
    try:
        return ask(lambda: send(False), dataset, patience, what)
    except OddRowsError as error:
        log.warning("%s sent %s (%s).", dataset.label, error, what)
        return ask(lambda: send(True), dataset, patience, what)


def check_dates(dates: pa.ChunkedArray, start: Any, end: Any, window: Window) -> None:
    """See that rows are of the window that was asked for.

    Args:
        dates: The window column, as what `start` and `end` are.
        end: None leaves the end open.

    Raises:
        Retryable: A row is of another day, or has no date where dated ones were asked.
    """
    if dates.null_count and not window.undated:
        raise Retryable(f"some rows for {window} have no date")
    inside = pc.greater_equal(dates, start)
    if end is not None:
        inside = pc.and_(inside, pc.less(dates, end))
    if pc.all(inside).as_py() is False:
        raise Retryable(f"some rows for {window} have a date outside it")


def check_number(dataset: "Dataset", what: str, received: int, expected: int) -> None:
    """See that as many rows came as are counted.

    Raises:
        IncompleteReadError: Fewer or more did.
    """
    if received != expected:
        raise IncompleteReadError(
            f"{dataset.label} sent {received:,} {what} but counts {expected:,}; "
            "try again later."
        )


def quoted(text: str) -> str:
    """A text literal of the portal's SQL: single quotes, doubled inside."""
    return "'" + text.replace("'", "''") + "'"


def chunks(values: list[str], size: int = 100) -> Iterator[str]:
    """Lists of literals for `in (...)`, short enough for an address."""
    for start in range(0, len(values), size):
        yield ",".join(map(quoted, values[start : start + size]))
