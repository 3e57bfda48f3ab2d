"""The site among the files of a publication."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from pipelines.publish.described import Table, parts_in
from pipelines.publish.edition import DATA, Edition, digest_of
from pipelines.publish.scratch import scratch
from pipelines.site import summaries
from pipelines.site.pages import Moments, Shown, Site
from pipelines.site.summaries import IncidentFile

# DuckDB's limit while the site is written.
MEMORY = "200MB"

# What the record of a publication calls the files of its site.
PAGES = "(site)"


def write_site(
    edition: Edition,
    tables: list[Table],
    shown: Shown,
    status: dict[str, Any],
    moments: Moments,
    kept: Path,
) -> None:
    """Have the site in a publication; write its pages only if anything on them changed.

    Args:
        status: What the status page shows.
        moments: When each data set was last read successfully.
        kept: Where the counts of unchanged files are kept.
    """
    with opened(tables, edition.folder) as db:
        incidents = incident_files(edition, tables)
        write, written = noting(edition)
        site = Site(db, write, shown, incidents)
        digests = [
            edition.data(path).sha256 for table in tables for path in table.paths
        ]
        made_of = digest_of([asdict(shown), digests])
        last = edition.last_facts.get(PAGES, {"made_of": None, "files": []})
        if last["made_of"] == made_of and edition.keep_all(last["files"]):
            written = last["files"]
        else:
            (categories,) = (t for t in tables if t.name == "dim_offense_categories")
            digest = edition.data(categories.paths[0]).sha256
            summaries.count_files(db, incidents, digest, kept)
            site.build()
        edition.facts[PAGES] = {"made_of": made_of, "files": written.copy()}
        site.write_status(status, moments)


def noting(edition: Edition) -> tuple[Callable[..., object], list[str]]:
    """`edition.file`, and a list of the files that it was called for."""
    written: list[str] = []

    def write(path: str, *others: Any) -> object:
        written.append(path)
        return edition.file(path, *others)

    return write, written


def incident_files(edition: Edition, tables: list[Table]) -> list[IncidentFile]:
    """The files of `fct_incidents`."""
    (incidents,) = (table for table in tables if table.name == "fct_incidents")
    found = []
    for path in incidents.paths:
        name = f"{DATA}/{path}"
        parts, digest = parts_in(name), edition.entries[name].sha256
        year = int(parts["year"]) if parts.get("year", "").isdigit() else None
        found.append(
            IncidentFile(edition.folder / name, digest, parts.get("city"), year)
        )
    return found


@contextmanager
def opened(tables: list[Table], folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that has every published table under its name."""
    with scratch(folder, MEMORY) as db:
        # Each query would read again what a file says of itself.
        db.execute("set parquet_metadata_cache = true")
        for table in tables:
            db.execute(f"create view {table.name} as from {table.read(folder / DATA)}")
        yield db
