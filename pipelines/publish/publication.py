"""Publish the marts as files and as a site: `published/`, replaced as a whole.

    data/               every mart and report, as Parquet, CSV and a DuckDB file
    datapackage.json    what the files are, for programs that load them
    dcat-us.json        the same, for harvesters such as data.gov's
    status.json         how the runs went
    *.html              the site

    publications/<run id>/  one publication; until it is finished its name has a dot
    published               a link to the newest

What did not change since the last publication is linked from it; see `edition`. Only
what tells when portals were read is written each time.

The link is replaced in one step, so readers see either the old publication or the new
one, and a run that is killed leaves the old one. The previous publication is kept for
readers who are still loading it.
"""

import json
import logging
import os
import shutil
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.datasets.choice import choose
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
from pipelines.publish.edition import DATA, Edition
from pipelines.publish.site_files import write_site
from pipelines.publish.tables import StateOf, explained, write_tables
from pipelines.redaction import without_values
from pipelines.site.pages import Shown
from pipelines.transform import runner
from pipelines.transform.manifest import Model, marts, read_manifest
from pipelines.transform.plan import states
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

LINK = "published"

FOLDER = "publications"

KEPT = 2

UNFINISHED = "."

# In the home: what the last publication is made of, and what its pages count.
RECORD = Path("state", "publication.json")
SUMMARIES = Path("state", "summaries.parquet")

# DuckDB's limit. Sorting takes somewhat more; the process stays under 1 GB.
MEMORY = "150MB"


def publish(
    warehouse: Warehouse, run_id: str, knows_builds: bool = True, whole: bool = False
) -> Path:
    """Publish the current marts, and make that the newest publication.

    Args:
        run_id: The name of the publication.
        knows_builds: The ledger has every build, so that a table is read only if it was
            built since the last publication.
        whole: Write everything, whatever the last publication has.

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
    home = warehouse.home
    folder = home / FOLDER / run_id
    unfinished = folder.with_name(UNFINISHED + run_id)
    try:
        clear(home)
        unfinished.mkdir(parents=True)
        edition = Edition(unfinished, None if whole else home / RECORD)
        write(warehouse, edition, knows_builds)
        changed, files = len(edition.changed()), len(edition.entries)
        log.info("publication: %d of %d files changed", changed, files)
        unfinished.rename(folder)
        edition.finish(home / RECORD, folder)
        swap(home, folder)
        clear(home)
    except OSError as error:
        raise WarehouseError(
            f"{folder} can't be written: {first_line(error)}; the last good "
            f"publication stays. {remedy(error)}"
        ) from error
    return folder


def write(warehouse: Warehouse, edition: Edition, knows_builds: bool) -> None:
    """Write a whole publication into an empty folder."""
    home = warehouse.home
    manifest = read_manifest(home)
    chosen = choose(read_datasets(), warehouse.settings.datasets)
    datasets = list(chosen.values())
    status = public(status_content(warehouse, datasets))
    moments = {
        entry["dataset"]: entry["last_good_run"].astimezone(UTC)
        for entry in status["datasets"]
        if entry["last_good_run"]
    }
    state_of = states(warehouse) if knows_builds else unknown
    tables = write_data(warehouse, marts(manifest), edition, state_of)
    write_descriptions(warehouse, tables, edition, moments)
    edition.file("status.json", None, lambda path: path.write_text(as_json(status)))
    shown = Shown(
        read=sorted(moments),
        tests=test_results(home),
        dictionary=dictionary(manifest),
        downloads=downloads(edition),
    )
    write_site(edition, tables, shown, status, moments, home / SUMMARIES)


def unknown(model: Model) -> None:
    """What a model was built from, if builds are not known."""


def write_data(
    warehouse: Warehouse, models: list[Model], edition: Edition, state_of: StateOf
) -> list[Table]:
    """Have every mart and report in a publication, and the database of them.

    Raises:
        WarehouseError: The folder can't be written, or the warehouse not read.
    """
    tables = write_tables(warehouse, models, edition, MEMORY, state_of)
    with explained(edition.folder):
        write_database(tables, edition, MEMORY)
    return tables


def write_descriptions(
    warehouse: Warehouse, tables: list[Table], edition: Edition, moments: Moments
) -> None:
    """Describe what `write_data` wrote.

    Args:
        moments: When each data set was last read successfully.
    """
    found = describe(tables, edition, moments)
    cities, settings = read_cities(tables, edition.folder), warehouse.settings
    host = Host(settings.site_url or "", settings.site_contact)
    contents = {
        "datapackage.json": data_package(found, file_at(edition, DATABASE)),
        "dcat-us.json": catalogue(found, cities, host),
    }
    for name, content in contents.items():
        edition.file(name, None, partial(write_json, content))


def write_json(content: Json, path: Path) -> None:
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


def downloads(edition: Edition) -> list[Json]:
    """Every data file with its size in words; those of a large table below its name."""
    by_table: dict[str, dict[str, int]] = {}
    for path, entry in sorted(edition.entries.items()):
        if path.startswith(f"{DATA}/"):
            table = "/".join(path.split("/")[:2])
            by_table.setdefault(table, {})[path] = entry.size
    return [
        {
            "path": table,
            "size": size(sum(files.values())),
            "files": [] if table in files else list(files),
        }
        for table, files in by_table.items()
    ]


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


def size(count: int) -> str:
    """A file's size in words."""
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
