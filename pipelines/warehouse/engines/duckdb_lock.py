"""Wait for another program to release the lock on the warehouse's file.

While a program writes to a DuckDB file, no other program can open it.
"""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import tenacity

from pipelines import signals
from pipelines.errors import HeldError, WarehouseError, first_line

log = logging.getLogger(__name__)

# Seconds between two attempts: a person's query is over in moments.
PAUSE = 0.2

HOLDER = re.compile(r"held in .*?\(PID (\d+)\)")

T = TypeVar("T")


def when_free(work: Callable[[], T], path: Path, seconds: float) -> T:
    """Do work that opens the file; retry for `seconds` while it is locked.

    Raises:
        HeldError: It is still locked; raised by `work`.
        StoppedError: The run was asked to stop while it waited.
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


def opened(
    path: Path, read_only: bool = False, storage: str | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file; others can open it too if all of them only read.

    Args:
        storage: The version of the format of a new file; it keeps that.

    Raises:
        HeldError: Another program has it open.
        WarehouseError: It can't be opened.
    """
    try:
        if storage:
            config: dict[str, Any] = {"storage_compatibility_version": storage}
            return duckdb.connect(str(path), config=config)
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise why_closed(path, error) from error


def why_closed(path: Path, error: Exception) -> WarehouseError:
    """Explain in one sentence why a DuckDB file does not open."""
    said = str(error)
    if not is_held(said):
        return WarehouseError(f"{path} can't be opened: {first_line(error)}.")
    holder = HOLDER.search(said)
    by = f" (PID {holder[1]})" if holder else ""
    return HeldError(
        f"{path} is locked by another program{by}. Close it there, then try again."
    )


def is_held(said: str) -> bool:
    """Whether DuckDB's message means that another program has the file open."""
    return "Could not set lock on file" in said
