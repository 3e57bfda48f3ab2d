"""Run the project's dbt models in a scratch DuckDB."""

import shutil
from pathlib import Path

import duckdb

from pipelines.transform.manifest import BUILT_AT
from pipelines.transform.runner import vars_for
from tests.support import parsed_once

ROOT = Path(__file__).parents[2]


class Warehouse:
    """A scratch DuckDB and the dbt commands that build the models in it."""

    def __init__(self, home: Path, datasets: tuple[str, ...] = ()) -> None:
        self.home, self.datasets = home, datasets
        self.path = home / "blotter.duckdb"

    def dbt(self, *arguments: str) -> dict[str, str]:
        """Run a dbt command; return the status of each node by name."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        parsed_once.share_parsing()
        folders = ["--project-dir", ROOT, "--profiles-dir", ROOT]
        folders += ["--target-path", self.home / "target"]
        folders += ["--log-path", self.home / "logs", "--no-write-json"]
        folders += vars_for(self.datasets)
        outcome = dbtRunner().invoke([*arguments, "--quiet", *map(str, folders)])
        DuckDBConnectionManager.close_all_connections()  # it stays open otherwise
        assert outcome.exception is None, outcome.exception
        return {
            getattr(result.node, "search_name", result.node.name): str(result.status)
            for result in outcome.result
        }

    def build(self, *arguments: str) -> dict[str, str]:
        """Build what the raw rows change; every model must succeed."""
        statuses = self.dbt("run", "--select", "fct_incidents", "dim_dates", *arguments)
        assert set(statuses.values()) == {"success"}, statuses
        return statuses

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(sql)

    def counted(self) -> set[str]:
        """The San Francisco rows that count as their incident."""
        sql = (
            "select row_id from marts.fct_incidents"
            " where is_counted and city = 'san_francisco'"
        )
        return {row_id for (row_id,) in self.query(sql)}

    def difference_to_full_refresh(self, fact: str = "fct_incidents") -> list[tuple]:
        """Rows of a fact as it stands that a rebuild lacks, and the reverse.

        Without BUILT_AT: a rebuild writes every row again.
        """
        kept = self.home / "kept.duckdb"
        shutil.copy(self.path, kept)
        self.build(fact, "--full-refresh")
        with duckdb.connect(str(self.path), read_only=True) as connection:
            connection.execute(f"attach '{kept}' as kept (read_only)")
            before, after = (
                f"(select * exclude ({BUILT_AT}) from {schema}.{fact})"
                for schema in ("kept.marts", "marts")
            )
            rows = connection.execute(
                f"({before} except all {after}) union all ({after} except all {before})"
            ).fetchall()
        shutil.move(kept, self.path)
        return rows
