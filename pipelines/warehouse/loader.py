"""Load Arrow tables with dlt: one pipeline per data set, with the same name."""

import gc
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines import signals
from pipelines.datasets.dataset import Dataset
from pipelines.errors import WarehouseError, root_cause
from pipelines.warehouse.dlt_settings import configure_dlt
from pipelines.warehouse.engines.base import Engine
from pipelines.warehouse.tables import hints, incoming_name

log = logging.getLogger(__name__)

UPSERT = {"disposition": "merge", "strategy": "upsert"}

# A garbage collection walks every object in the process: for a few rows it took longer
# than loading them.
COLLECT_AFTER = 16 * 1024**2  # bytes

# Where dlt keeps packages that are not loaded yet, in a pipeline's folder.
PENDING = ("normalize/extracted", "load/normalized")


class Loader:
    """The dlt pipelines of a home, with `dlt/` in it as their working folder."""

    def __init__(self, home: Path, engine: Engine):
        self.home = home
        self.engine = engine
        self._pipelines: dict[str, Any] = {}
        self._loaded_bytes = 0

    def load(self, dataset: Dataset, tables: dict[str, pa.Table], how: Any) -> None:
        """Load tables, by name, in one dlt package."""
        signals.check()
        pipeline = self.pipeline(dataset)
        from dlt.pipeline.exceptions import PipelineStepFailed

        resources = self._resources(tables, how)
        is_empty = not any(rows.num_rows for rows in tables.values())
        kind = self.engine.empty_format if is_empty else "parquet"
        failures: tuple[type[Exception], ...] = (
            PipelineStepFailed,
            *self.engine.failures,
        )
        try:
            pipeline.run(resources, loader_file_format=kind)
        except failures as error:
            raise WarehouseError(
                f"{dataset.name}: {self.engine.place} could not be written: "
                f"{root_cause(error)}."
            ) from error
        finally:
            # dlt's resources are reference cycles, which would keep rows in memory.
            self._loaded_bytes += sum(rows.nbytes for rows in tables.values())
            del resources, tables
            if self._loaded_bytes > COLLECT_AFTER:
                gc.collect()
                self._loaded_bytes = 0
                # What is left are modules above all: they need not be walked again.
                if not gc.get_freeze_count():
                    gc.freeze()

    def _resources(self, tables: dict[str, pa.Table], how: Any) -> list[Any]:
        import dlt

        return [
            dlt.resource(
                [rows],
                name=name,
                write_disposition=how,
                columns=hints(rows),
            ).apply_hints(
                primary_key="row_id" if how is UPSERT else None,
                additional_table_hints=self.engine.table_hints(name, rows.column_names),
            )
            for name, rows in tables.items()
        ]

    def merge(self, dataset: Dataset, rows: pa.Table) -> None:
        """Merge rows into a data set's table by `row_id`."""
        if not self.engine.merges_itself:
            self.load(dataset, {dataset.entity: rows}, UPSERT)
            return
        incoming = incoming_name(dataset)
        self.load(dataset, {incoming: rows}, "replace")
        self.engine.merge(
            self.engine.table(dataset),
            f"{self.engine.schema(dataset.schema)}.{incoming}",
            rows.column_names,
        )

    def abort(self, dataset: Dataset) -> None:
        """Drop dlt's pending packages: it would load them instead of a new one."""
        if not self._may_be_pending(dataset):
            return
        pipeline = self.pipeline(dataset)
        if pipeline.has_pending_data:
            log.warning("%s: dropping a load that a killed run left.", dataset.name)
            pipeline.abort_packages()

    def _may_be_pending(self, dataset: Dataset) -> bool:
        """Whether dlt keeps packages. To ask dlt itself is to import it first."""
        folder = self.home / "dlt" / dataset.name
        return any(any(folder.glob(f"{place}/*")) for place in PENDING)

    def pipeline(self, dataset: Dataset) -> Any:
        """The data set's dlt pipeline."""
        configure_dlt(self.home)
        import dlt

        if dataset.name not in self._pipelines:
            self._pipelines[dataset.name] = dlt.pipeline(
                dataset.name,
                destination=self.engine.destination(),
                dataset_name=self.engine.schema(dataset.schema),
                pipelines_dir=str(self.home / "dlt"),
                **self.engine.pipeline_options(),
            )
        return self._pipelines[dataset.name]
