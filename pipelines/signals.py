"""Stop a run when it is asked to (SIGTERM)."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pipelines.errors import StoppedError

asked = threading.Event()
"""Set once a stop was asked for: what was under way may have hidden the exception, so
that every request and every load asks again."""


def on_signal(signum: int, frame: Any) -> None:
    """Interrupt what is under way; a second signal must not disturb the tidying up."""
    if not asked.is_set():
        asked.set()
        check()


def check() -> None:
    """Go no further if a stop was asked for.

    Raises:
        StoppedError: It was.
    """
    if asked.is_set():
        raise StoppedError("Stopped by SIGTERM; the next run carries on.")


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn whatever a stop broke (a query, a load) into the one sentence about it."""
    try:
        yield
    except Exception:
        check()
        raise


@contextmanager
def as_keyboard_interrupt() -> Iterator[None]:
    """For dbt: it waits for its threads after a Ctrl-C, and after nothing else.

    Raises:
        StoppedError: A stop was asked for meanwhile.
    """

    def interrupt(signum: int, frame: Any) -> None:
        if not asked.is_set():
            asked.set()
            raise KeyboardInterrupt

    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        check()
        raise
    finally:
        signal.signal(signal.SIGTERM, former)
    check()


def say_unraisable(unraisable: Any) -> None:
    """Keep quiet where Python dropped the exception, in a callback of its own."""
    if not isinstance(unraisable.exc_value, StoppedError):
        sys.__unraisablehook__(unraisable)
