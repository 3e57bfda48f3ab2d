"""What each data set holds and how its last run went: `status.json`.

The file is written at the end of a run, so it can be read while the next run has the
warehouse open.
"""

import json
import os
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.clock import iso
from pipelines.datasets.dataset import Dataset, SpatialDataset
from pipelines.datasets.windows import local_day
from pipelines.errors import WarehouseError, remedy
from pipelines.ops.rhythm import rhythm
from pipelines.warehouse.history import MODELS
from pipelines.warehouse.lookups import dated_by
from pipelines.warehouse.warehouse import Warehouse

# What is told of the ledger's rows.
OF_MODELS = ("outcome", "finished_at", "error")
OF_DATASET = (
    *("run_id", "command", "outcome", "finished_at"),
    *("added", "changed", "removed", "restored", "rejected", "error", "warnings"),
)

# A valid instant in UTC; a fraction of a second may follow.
UTC_TEXT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

# How far apart two correct clocks may be.
SLACK = timedelta(minutes=5)


def write_status(warehouse: Warehouse, datasets: list[Dataset]) -> None:
    """Write `status.json`, by a rename, from the ledger and the raw tables.

    Raises:
        WarehouseError: It can't be written, e.g. because the disk is full.
    """
    path = warehouse.home / "status.json"
    fresh = path.with_suffix(".new")
    try:
        fresh.write_text(as_json(status_content(warehouse, datasets)))
        os.replace(fresh, path)
    except OSError as error:
        raise WarehouseError(
            f"{path} can't be written: {error.strerror}; what the run loaded is safe. "
            f"{remedy(error)}"
        ) from error


def as_json(content: dict[str, Any]) -> str:
    """A status as it is kept; instants are ISO 8601 in UTC."""
    return json.dumps(content, indent=2, default=iso) + "\n"


def status_content(warehouse: Warehouse, datasets: list[Dataset]) -> dict[str, Any]:
    """The state of all data sets and runs, from the ledger and the raw tables."""
    entries = [dataset_status(warehouse, dataset) for dataset in datasets]
    runs = warehouse.ledger.whole_runs()
    models = warehouse.ledger.last_line(MODELS)
    # A build, or a run of one data set, must not hide that the daily run is failing.
    good = [run for run in runs if run["is_good"] and run["command"] == "daily"]
    return {
        "written_at": warehouse.clock(),
        "last_run": runs[0] if runs else None,
        "last_good_run": good[0]["finished_at"] if good else None,
        "healthy": bool(runs and runs[0]["is_good"]),
        "models": shown(models, OF_MODELS),
        "datasets": entries,
    }


def dataset_status(warehouse: Warehouse, dataset: Dataset) -> dict[str, Any]:
    """Rows held, newest row, last run, last good run and warnings of one data set."""
    zone, newest = dataset.tzinfo, "cast(null as text)"
    if dataset.window_column:
        newest = warehouse.engine.in_byte_order(dated_by(dataset))
    with warehouse.connect() as connection:
        found = connection.execute(
            "select count(*) - count(removed_at) as row_count, "
            "count(removed_at) as removed_count, "
            f"max({newest}) as newest, max(loaded_at) as newest_load "
            f"from {warehouse.table(dataset)}"
        ).to_arrow_table()
    (held,) = found.to_pylist()
    good = warehouse.ledger.last_good_run(dataset)
    return {
        "dataset": dataset.name,
        "title": dataset.title,
        "enabled": dataset.enabled,
        **held,
        "newest": wall_clock(held["newest"], dataset),
        "last_run": shown(warehouse.ledger.last_line(dataset.name), OF_DATASET),
        "last_good_run": good["finished_at"] if good else None,
        "zone": dataset.zone,
        "rhythm": asdict(
            rhythm(warehouse.ledger.looks(dataset), local_day(warehouse.clock(), zone))
        ),
    }


def shown(line: dict[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    """What a status has of a row of the ledger."""
    return {name: line[name] for name in names} if line else None


def wall_clock(published: str | None, dataset: Dataset) -> str | None:
    """The window column's newest value on the city's clock.

    ArcGIS has milliseconds since 1970, Carto ISO text in UTC.
    """
    if not published:
        return published
    # With more digits it is not a time that a clock could show.
    if re.fullmatch(r"[0-9]{1,13}", published):
        moment = datetime.fromtimestamp(int(published) / 1000, UTC)
    elif isinstance(dataset, SpatialDataset) and UTC_TEXT.match(published):
        moment = datetime.fromisoformat(published[:19]).replace(tzinfo=UTC)
    else:
        return published
    shown = moment.astimezone(dataset.clock).replace(tzinfo=None)
    return shown.isoformat(timespec="seconds")


def read_status(home: Path) -> dict[str, Any]:
    """The status that was written last.

    Raises:
        WarehouseError: No run has ended in this home yet, or the file is broken.
    """
    path = home / "status.json"
    try:
        status: dict[str, Any] = json.loads(path.read_text())
        return status
    except json.JSONDecodeError as error:
        raise WarehouseError(
            f"{path} can't be read: {error}. The next run will rewrite it."
        ) from None
    except FileNotFoundError:
        raise WarehouseError(
            f"No run has ended in {home} yet. Run `blotter daily`, or set BLOTTER_HOME."
        ) from None
