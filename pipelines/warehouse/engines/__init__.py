"""The supported warehouses: DuckDB, PostgreSQL and BigQuery."""

from pipelines.settings import Settings
from pipelines.warehouse.engines.base import Engine


def engine_for(settings: Settings, read_only: bool = False) -> Engine:
    """The engine of the warehouse that the settings name.

    Args:
        read_only: Open DuckDB's file so that others can read it too, and don't wait for
            a program that writes to it.
    """
    if settings.target == "postgres":
        from pipelines.warehouse.engines.postgres import PostgresEngine

        return PostgresEngine(settings)
    if settings.target == "bigquery":
        from pipelines.warehouse.engines.bigquery import BigqueryEngine

        return BigqueryEngine(settings)
    from pipelines.warehouse.engines.duckdb import DuckdbEngine

    return DuckdbEngine(settings, read_only)
