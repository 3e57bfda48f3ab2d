"""Publish the marts as files and as a site: `published/`, replaced as a whole.

    data/               every mart and report, as Parquet, CSV and a DuckDB file
    datapackage.json    what the files are, for programs that load them
    dcat-us.json        the same, for harvesters such as data.gov's
    status.json         how the runs went
    *.html              the site

    publications/<run id>/  one publication; until it is finished its name has a dot
    published               a link to the newest

The link is replaced in one step, so readers see either the old publication or the new
one, and a run that is killed leaves the old one. The previous publication is kept for
readers who are still loading it.
"""

import json
import logging
import os
import shutil
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb

from pipelines.datasets.declarations import read_datasets
from pipelines.errors import ModelsError, WarehouseError, first_line, remedy
from pipelines.ops.status import as_json, status_content
from pipelines.publish.data_package import data_package
from pipelines.publish.database import DATABASE, write_database
from pipelines.publish.dcat import Host, catalogue, read_cities
from pipelines.publish.described import (
    Json,
    Moments,
    Table,
    describe,
    dictionary,
    file_at,
)
from pipelines.publish.parquet import explained, write_tables
from pipelines.redaction import without_values
from pipelines.site.pages import Context, Site
from pipelines.transform import runner
from pipelines.transform.manifest import marts, read_manifest
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

LINK = "published"

FOLDER = "publications"

KEPT = 2

UNFINISHED = "."

# DuckDB's limit. Sorting takes somewhat more; the process stays under 1 GB.
MEMORY = "150MB"


def publish(warehouse: Warehouse, run_id: str) -> Path:
    """Write the current marts as a publication, and make it the newest.

    Args:
        run_id: The name of the publication.

    Raises:
        ModelsError: The last build failed, so the marts may mix two days.
        WarehouseError: The home can't be written.
    """
    if not warehouse.ledger.models_are_good():
        raise ModelsError(
            "The last build of the models failed, so nothing was published; the last "
            "good publication stays. Run `blotter build` and see what it reports."
        )
    runner.describe(warehouse)
    folder = warehouse.home / FOLDER / run_id
    unfinished = folder.with_name(UNFINISHED + run_id)
    try:
        clear(warehouse.home)
        unfinished.mkdir(parents=True)
        write(warehouse, unfinished)
        unfinished.rename(folder)
        swap(warehouse.home, folder)
        clear(warehouse.home)
    except OSError as error:
        raise WarehouseError(
            f"{folder} can't be written: {first_line(error)}; the last good "
            f"publication stays. {remedy(error)}"
        ) from error
    return folder


def write(warehouse: Warehouse, folder: Path) -> None:
    """Write a whole publication into an empty folder."""
    datasets = list(read_datasets().values())
    status = public(status_content(warehouse, datasets))
    moments = {
        entry["dataset"]: entry["last_good_run"].astimezone(UTC)
        for entry in status["datasets"]
        if entry["last_good_run"]
    }
    (folder / "data").mkdir()
    data = folder / "data"
    tables = write_data(warehouse, data)
    write_descriptions(warehouse, tables, folder, moments)
    (folder / "status.json").write_text(as_json(status))
    context = Context(moments, status, **for_pages(warehouse.home, folder))
    with closing(opened(tables, data)) as db:
        Site(db, folder, context).build()


def write_data(warehouse: Warehouse, folder: Path) -> list[Table]:
    """Write every mart and report into an empty folder, and the database of them.

    Raises:
        WarehouseError: The folder can't be written, or the warehouse not read.
    """
    models = marts(read_manifest(warehouse.home))
    before = warehouse.home / LINK / folder.name
    tables = write_tables(warehouse, models, folder, MEMORY)
    with explained(folder):
        write_database(tables, folder, before, MEMORY)
    return tables


def write_descriptions(
    warehouse: Warehouse, tables: list[Table], folder: Path, moments: Moments
) -> None:
    """Describe what `write_data` wrote to a folder's `data/`.

    Args:
        moments: When each data set was last read successfully.
    """
    found = describe(tables, folder, moments)
    database = file_at(folder, f"data/{DATABASE}")
    write_json(folder / "datapackage.json", data_package(found, database))
    cities, settings = read_cities(warehouse), warehouse.settings
    host = Host(settings.site_url or "", settings.site_contact)
    write_json(folder / "dcat-us.json", catalogue(found, cities, folder, host))


def write_json(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def public(status: dict[str, Any]) -> dict[str, Any]:
    """The part of a status that is published.

    The time of writing is left out, so that the same data gives the same bytes.
    """
    return {
        "last_run": status["last_run"],
        "last_good_run": status["last_good_run"],
        "healthy": status["healthy"],
        "models": without_quotes(status["models"]),
        "datasets": [
            {**entry, "last_run": without_quotes(entry["last_run"])}
            for entry in status["datasets"]
        ],
    }


def without_quotes(run: dict[str, Any] | None) -> dict[str, Any] | None:
    """A run, without secrets and quoted values, which may come from a row."""
    if run is None:
        return None
    sentences = {
        name: without_values(run[name])
        for name in ("error", "warnings")
        if run.get(name) is not None
    }
    return {**run, **sentences}


def opened(tables: list[Table], data: Path) -> duckdb.DuckDBPyConnection:
    """A connection that has every published table under its name."""
    db = duckdb.connect()
    db.execute("set memory_limit = '400MB'")
    db.execute("set timezone = 'UTC'")
    for table in tables:
        db.execute(f"create view {table.name} as from {table.read(data)}")
    return db


def for_pages(home: Path, folder: Path) -> dict[str, Any]:
    """What the pages show about the tables, their tests and the files."""
    return {
        "dictionary": dictionary(read_manifest(home)),
        "tests": test_results(home),
        "downloads": [
            {"path": str(path.relative_to(folder)), "size": size(path)}
            for path in sorted(
                [*folder.glob("*.json"), *(folder / "data").rglob("*.*")]
            )
            if path.is_file()
        ],
    }


def test_results(home: Path) -> dict[str, Any] | None:
    """The results of the last build's tests; None if dbt left none."""
    path = home / "dbt" / "target" / "run_results.json"
    if not path.exists():
        return None
    results = [
        result
        for result in json.loads(path.read_text())["results"]
        if result["unique_id"].startswith("test.")
    ]
    warned = [
        [result["unique_id"].split(".")[2], " ".join((result["message"] or "").split())]
        for result in results
        if result["status"] == "warn"
    ]
    return {
        "passed": sum(result["status"] == "pass" for result in results),
        "warned": sorted(warned),
    }


def size(path: Path) -> str:
    """A file's size in words."""
    count = path.stat().st_size
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, count // 1000):,} kB"


def swap(home: Path, folder: Path) -> None:
    """Make a publication the newest, in one step."""
    fresh = home / f"{LINK}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.relative_to(home))
    os.replace(fresh, home / LINK)


def clear(home: Path) -> None:
    """Delete all but the newest publications, and what a killed run left unfinished."""
    (home / FOLDER).mkdir(exist_ok=True)
    current = (home / LINK).resolve()
    finished = []
    for path in sorted((home / FOLDER).iterdir()):
        if path.name.startswith(UNFINISHED):
            shutil.rmtree(path)
        elif path != current:
            finished.append(path)
    for path in finished[: len(finished) - KEPT + 1]:
        shutil.rmtree(path)
