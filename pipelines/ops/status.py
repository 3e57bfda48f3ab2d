"""What each data set holds and how its last run went: `status.json`.

The file is written at the end of a run, so it can be read while the next run has the
warehouse open.
"""

import json
import os
import re
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.clock import iso
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import local_day
from pipelines.errors import WarehouseError, remedy
from pipelines.ops.rhythm import rhythm
from pipelines.sql import quote
from pipelines.warehouse.ledger import MODELS
from pipelines.warehouse.warehouse import Warehouse

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
    runs = ledger_rows(
        warehouse,
        "select run_id, command, min(started_at) as started_at, "
        "max(finished_at) as finished_at, "
        "count(case when outcome in ('loaded', 'unchanged', 'moving', 'dbt_ok') "
        "then 1 end) = count(*) as is_good "
        f"from {warehouse.ledger.runs} group by run_id, command "
        "order by max(number) desc nulls last, started_at desc",
    )
    models = ledger_rows(
        warehouse,
        f"select outcome, finished_at, error from {warehouse.ledger.runs} "
        "where dataset = $dataset "
        "order by number desc nulls last, started_at desc limit 1",
        {"dataset": MODELS},
    )
    # A build, or a run of one data set, must not hide that the daily run is failing.
    good = [run for run in runs if run["is_good"] and run["command"] == "daily"]
    return {
        "written_at": warehouse.clock(),
        "last_run": runs[0] if runs else None,
        "last_good_run": good[0]["finished_at"] if good else None,
        "healthy": bool(runs and runs[0]["is_good"]),
        "models": models[0] if models else None,
        "datasets": entries,
    }


def dataset_status(warehouse: Warehouse, dataset: Dataset) -> dict[str, Any]:
    """Rows held, newest row, last run, last good run and warnings of one data set."""
    column, zone = dataset.window_column, dataset.tzinfo
    newest = "cast(null as text)"
    if column:
        newest = warehouse.engine.in_byte_order(quote(column.lower()))
    (held,) = ledger_rows(
        warehouse,
        "select count(*) - count(removed_at) as row_count, "
        "count(removed_at) as removed_count, "
        f"max({newest}) as newest, max(loaded_at) as newest_load "
        f"from {warehouse.table(dataset)}",
    )
    runs = ledger_rows(
        warehouse,
        "select run_id, command, outcome, finished_at, added, changed, removed, "
        f"restored, rejected, error, warnings from {warehouse.ledger.runs} "
        "where dataset = $dataset "
        "order by number desc nulls last, started_at desc limit 1",
        {"dataset": dataset.name},
    )
    good = warehouse.ledger.last_good_run(dataset)
    return {
        "dataset": dataset.name,
        "title": dataset.title,
        "enabled": dataset.enabled,
        **held,
        "newest": wall_clock(held["newest"], zone),
        "last_run": runs[0] if runs else None,
        "last_good_run": good["finished_at"] if good else None,
        "zone": dataset.zone,
        "rhythm": asdict(
            rhythm(looks(warehouse, dataset), local_day(warehouse.clock(), zone))
        ),
    }


def looks(warehouse: Warehouse, dataset: Dataset) -> list[tuple[date, int]]:
    """The city's day of each daily run that looked, and how many new rows it found.

    Leaves out the first run and those that read months before their window: what they
    add is history. A failed run counts as having looked if it found something. A run
    that skipped reading did not look: it repeats the `swept_to` of the one that did.
    """
    runs = ledger_rows(
        warehouse,
        f"""
        with looked as (
            select *, outcome in ('loaded', 'unchanged', 'moving') as is_good
            from {warehouse.ledger.runs}
            where dataset = $dataset and window_start is not null
        )
        select finished_at, coalesce(added, 0) as added from looked
        where (is_good or added > 0)
            and finished_at > (select min(finished_at) from looked where is_good)
            and not exists (
                select 1 from looked as earlier
                where earlier.number < looked.number
                    and earlier.swept_to = looked.swept_to
            )
            and not exists (
                select 1 from {warehouse.ledger.months.table} as months
                where months.dataset = looked.dataset
                    and months.run_id = looked.run_id
                    and months.month < looked.window_start
            )
        """,
        {"dataset": dataset.name},
    )
    return [
        (local_day(run["finished_at"], dataset.tzinfo), run["added"]) for run in runs
    ]


def ledger_rows(
    warehouse: Warehouse, sql: str, values: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    with warehouse.connect() as connection:
        found = connection.execute(sql, values or {}).to_arrow_table()
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def wall_clock(published: str | None, zone: ZoneInfo) -> str | None:
    """The window column's newest value on the city's clock; ArcGIS has epoch ms."""
    # With more digits it is not a time that a clock could show.
    if published and re.fullmatch(r"[0-9]{1,13}", published):
        moment = datetime.fromtimestamp(int(published) / 1000, zone)
        return moment.replace(tzinfo=None).isoformat(timespec="seconds")
    return published


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
