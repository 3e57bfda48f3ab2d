"""Wait for another program to let go of the warehouse's file.

DuckDB lets one program at a time have a file open that anybody writes.
"""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb
import tenacity

from pipelines import signals
from pipelines.errors import HeldError, WarehouseError, first_line

log = logging.getLogger(__name__)

# Between two tries: a person's query is over in moments.
PAUSE = 0.2

HOLDER = re.compile(r"held in .*?\(PID (\d+)\)")

T = TypeVar("T")


def when_free(work: Callable[[], T], path: Path, seconds: float) -> T:
    """Do what opens the file; again, for so long, while another program has it open.

    Raises:
        HeldError: It still has; from `work`.
        StoppedError: A stop was asked for meanwhile.
    """

    def before_sleep(state: tenacity.RetryCallState) -> None:
        signals.check()
        if state.attempt_number == 1:
            log.warning(
                "%s is locked by another program; waiting up to %g s for it.",
                path,
                seconds,
            )

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(HeldError),
        wait=tenacity.wait_fixed(PAUSE),
        stop=tenacity.stop_after_delay(seconds),
        before_sleep=before_sleep,
        reraise=True,
    )(work)


def opened(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file; others may read it meanwhile only if all do no more.

    Raises:
        HeldError: Another program has it open.
        WarehouseError: It can't be opened.
    """
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise why_closed(path, error) from error


def why_closed(path: Path, error: Exception) -> WarehouseError:
    """One sentence for a DuckDB file that does not open."""
    said = str(error)
    if not is_held(said):
        return WarehouseError(f"{path} can't be opened: {first_line(error)}.")
    holder = HOLDER.search(said)
    by = f" (PID {holder[1]})" if holder else ""
    return HeldError(
        f"{path} is locked by another program{by}. Close it there, then try again."
    )


def is_held(said: str) -> bool:
    """Whether DuckDB says that another program has the file open."""
    return "Could not set lock on file" in said
