"""A DuckDB in memory, for what a publication casts, sorts and counts."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


@contextmanager
def scratch(folder: Path, memory: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open one that spills what does not fit in memory.

    Args:
        folder: Where to spill.
        memory: Its limit, such as `150MB`.
    """
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".spill") as spill,
        duckdb.connect() as db,
    ):
        db.execute(f"set memory_limit = '{memory}'")
        db.execute(f"set temp_directory = '{spill}'")
        # With one thread, rows are always written in the same order.
        db.execute("set threads = 1")
        db.execute("set timezone = 'UTC'")
        db.execute("set enable_progress_bar = false")
        yield db
