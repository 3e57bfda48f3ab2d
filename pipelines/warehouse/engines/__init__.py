"""The kinds of warehouse; a setting names one."""

import os
from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.warehouse.engines.base import Engine


def engine_for(home: Path, wait: float, read_only: bool) -> Engine:
    """The warehouse that the settings name.

    Args:
        wait: Seconds to wait for another program to let go of DuckDB's file.
        read_only: Open that file so that others may read it, too.

    Raises:
        ConfigError: There is none of that name, or a setting that it needs is missing.
    """
    target = os.environ.get("BLOTTER_TARGET") or "duckdb"
    if target == "duckdb":
        from pipelines.warehouse.engines.duckdb import DuckdbEngine

        return DuckdbEngine(home / "blotter.duckdb", wait, read_only)
    if target == "postgres":
        from pipelines.warehouse.engines.postgres import PostgresEngine

        return PostgresEngine.from_environment()
    if target == "bigquery":
        from pipelines.warehouse.engines.bigquery import BigqueryEngine

        return BigqueryEngine.from_environment()
    raise ConfigError(
        f"BLOTTER_TARGET is {target!r}; it must be duckdb, postgres or bigquery."
    )
