"""The lake copy: raw rows as Parquet files, one folder per data set and month.

`<lake>/<data set>/month=2024-03/rows.parquet` has the current rows of a month, by the
window column; rows without a date (whole files, empty dates) are in Hive's partition
for null. Only months that changed are written: a removed row disappears when its
month's file is replaced.
"""

import json
import logging
import os
from datetime import date
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from pipelines.datasets.dataset import Dataset
from pipelines.errors import WarehouseError, first_line, remedy
from pipelines.sql import quote
from pipelines.warehouse.tables import version_columns
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

# Rows in memory at a time.
PAGE = 50_000

NO_MONTH = "__HIVE_DEFAULT_PARTITION__"

Months = dict[str, list[Any]]
"""Number of rows and newest load by month; every change of a month changes either."""


def copy_to_lake(warehouse: Warehouse, dataset: Dataset, place: str) -> int:
    """Write the months of a data set that differ from what was last written.

    Args:
        place: A folder, or `gs://bucket/folder`.

    Returns:
        How many months were written or deleted.

    Raises:
        WarehouseError: A file can't be written; the next run tries again.
    """
    try:
        account = warehouse.settings.impersonate
        files, root = file_system(place, account)
        folder = f"{root}/{dataset.name}"
        was, now = read_manifest(files, folder), months_held(warehouse, dataset)
        changed = [month for month in now if now[month] != was.get(month)]
        gone = [month for month in was if month not in now]
        for month in changed:
            write_month(warehouse, dataset, files, f"{folder}/month={month}", month)
        for month in gone:
            if files.exists(f"{folder}/month={month}"):
                files.rm(f"{folder}/month={month}", recursive=True)
        if changed or gone:
            write_manifest(files, folder, now)
    except OSError as error:
        raise WarehouseError(
            f"{dataset.name}: the lake copy in {place} can't be written "
            f"({first_line(error)}); what was loaded is safe. Check BLOTTER_LAKE. "
            f"{remedy(error)}"
        ) from error
    return len(changed) + len(gone)


def file_system(place: str, account: str | None = None) -> tuple[Any, str]:
    """The fsspec file system of a place, and the path within it."""
    import fsspec

    if place.startswith("gs://"):
        from pipelines.warehouse.engines.bigquery_access import gcsfs_arguments

        # Cached listings would still show files that were deleted in the meantime.
        arguments = {"use_listings_cache": False, **gcsfs_arguments(account)}
        files, path = fsspec.core.url_to_fs(place, **arguments)
    else:
        files, path = fsspec.core.url_to_fs(os.path.abspath(place))
    return files, path


def months_held(warehouse: Warehouse, dataset: Dataset) -> Months:
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select window_month, count(*), max(loaded_at) "
            f"from {warehouse.table(dataset)} where removed_at is null "
            "group by window_month"
        ).fetchall()
    return {
        month.isoformat()[:7] if month else NO_MONTH: [count, newest.isoformat()]
        for month, count, newest in rows
    }


def read_manifest(files: Any, folder: str) -> Months:
    """What was last written; empty if that is unknown."""
    try:
        held: Months = json.loads(files.cat_file(f"{folder}/manifest.json"))
        return held
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def write_manifest(files: Any, folder: str, months: Months) -> None:
    with files.transaction, files.open(f"{folder}/manifest.json", "w") as file:
        json.dump(dict(sorted(months.items())), file, indent=1)


def write_month(
    warehouse: Warehouse, dataset: Dataset, files: Any, folder: str, month: str
) -> None:
    """Replace one month's file atomically: readers see the old or the new one."""
    files.makedirs(folder, exist_ok=True)
    columns = [*version_columns(dataset), "row_hash", "run_id", "loaded_at"]
    with files.transaction, files.open(f"{folder}/rows.parquet", "wb") as file:
        page = read_page(warehouse, dataset, columns, month, "")
        with parquet.ParquetWriter(file, page.schema, compression="zstd") as writer:
            while page.num_rows:
                writer.write_table(page)
                last = page["row_id"][-1].as_py()
                page = read_page(warehouse, dataset, columns, month, last)


def read_page(
    warehouse: Warehouse, dataset: Dataset, columns: list[str], month: str, after: str
) -> pa.Table:
    """The next rows of a month, by keyset pagination."""
    among = "window_month is null"
    if month != NO_MONTH:
        among = f"window_month = date '{date.fromisoformat(f'{month}-01')}'"
    key = warehouse.engine.in_byte_order("row_id")
    with warehouse.connect() as connection:
        return connection.execute(
            f"select {', '.join(map(quote, columns))} from {warehouse.table(dataset)} "
            f"where removed_at is null and {among} and {key} > $after "
            f"order by {key} limit {PAGE}",
            {"after": after},
        ).to_arrow_table()
