"""The warehouse: its engine, its loader and its ledger.

`schema` creates its tables, `lookups` reads rows and `writes` writes them.
"""

from datetime import UTC, datetime, timedelta

from pipelines.clock import Clock, utc_now
from pipelines.datasets.dataset import Dataset
from pipelines.errors import ConfigError
from pipelines.settings import Settings
from pipelines.warehouse.engines import engine_for
from pipelines.warehouse.ledger import Ledger
from pipelines.warehouse.loader import Loader


class Warehouse:
    """The raw tables and the ledger, and dlt's working folder in a home.

    Args:
        settings: Which warehouse, and where.
        read_only: Open DuckDB's file so that others can read it too.
        clock: Provides the timestamps of loads.
    """

    def __init__(
        self, settings: Settings, read_only: bool = False, clock: Clock = utc_now
    ):
        self.settings, self.home = settings, settings.home
        self.engine = engine_for(settings, read_only)
        self.connect, self.table = self.engine.connect, self.engine.table
        self.clock = clock
        # The newest load's timestamp; the next one must be later.
        self.last_instant = datetime.min.replace(tzinfo=UTC)
        self.loader = Loader(self.home, self.engine)
        self.ledger = Ledger(self.engine)

    def must_exist(self) -> None:
        """Refuse to read a warehouse that no run has created yet.

        Raises:
            ConfigError: There is no warehouse.
        """
        if not self.engine.exists():
            raise ConfigError(
                f"There is no warehouse in {self.home} yet. Run `blotter daily`, or "
                "set BLOTTER_HOME."
            )

    def examine(self, datasets: list[Dataset]) -> int:
        """Count the rows that are not removed, without writing anything.

        Raises:
            ConfigError, WarehouseError: It can't be opened or reached.
        """
        schemas = self.schemas_of(datasets)
        self.engine.check(schemas)
        made = self.engine.columns(schemas)
        counts = [
            f"select count(*) as n from {self.table(d)} where removed_at is null"
            for d in datasets
            if (self.engine.schema(d.schema), d.entity) in made
        ]
        if not counts:
            return 0
        with self.connect() as connection:
            found = connection.execute(" union all ".join(counts)).fetchall()
        return sum(n for (n,) in found)

    def schemas_of(self, datasets: list[Dataset]) -> list[str]:
        """The schemas of the raw tables."""
        return sorted({self.engine.schema(dataset.schema) for dataset in datasets})

    def close(self) -> None:
        """Close the connection: dbt opens its own."""
        self.engine.close()

    def next_instant(self) -> datetime:
        """Now, or just after the newest load if the clock was set back.

        Incremental models select what was loaded after their newest row, so the
        timestamps of loads must only increase.
        """
        later = self.last_instant + timedelta(microseconds=1)
        self.last_instant = max(self.clock(), later)
        return self.last_instant
