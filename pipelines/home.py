"""A home: the one folder of this machine that holds all a run keeps."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from pipelines.errors import (
    RunUnderWayError,
    unwritable,
)


@contextmanager
def lock(home: Path) -> Iterator[None]:
    """Hold a home for one run at a time.

    Raises:
        RunUnderWayError: Another run holds it. The lock of a killed run is free.
        WarehouseError: The home can't be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home / "lock", blocking=False):
            yield
    except filelock.Timeout as error:
        raise RunUnderWayError(f"Another run is under way in {home}.") from error
    except OSError as error:
        raise unwritable(home, error) from error
