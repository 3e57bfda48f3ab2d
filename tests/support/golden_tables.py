"""What a warehouse comes to on the golden days, as it is compared."""

import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from pipelines.datasets.declarations import read_datasets
from pipelines.ops.changes import changes_since, removals_since
from pipelines.publish import parts, publication
from pipelines.publish.edition import Edition
from pipelines.transform.manifest import marts, read_manifest
from pipelines.warehouse.history import MODELS
from pipelines.warehouse.warehouse import Warehouse
from tests.support import golden_days
from tests.support.files_below import files_below
from tests.support.live_portal import NO_REPORTS
from tests.support.same_numbers import Table, tables_of
from tests.support.set_up import settings_in

Held = dict[str, Table]
"""Tables by schema (without prefix) and name, and what commands print of changes."""

# Columns of the ledger that are left out: the rest of a line is the same in every run.
VARYING = {
    "seconds": "measured by the clock of the machine",
    "started_at": "read from the clock of the machine",
    "finished_at": "read from the clock of the machine",
    "bytes_billed": "BigQuery alone bills",
    "portal_version": "made-up portals count their versions from when they start",
}
# The data's tests look at what is compared here; the emulator takes its time for each.
NO_TESTS = ("--exclude-resource-type", "test")
# Reports are compared on the last day.
FACTS = (*NO_REPORTS, *NO_TESTS)

# So that what is published is read a few rows at a time: rows, and bytes.
BATCHES = {"duckdb": 50, "postgres": 20_000}


@dataclass
class Golden:
    """What the three days came to on a warehouse."""

    days: dict[date, Held] = field(default_factory=dict)
    """After each day."""
    files: dict[str, str] = field(default_factory=dict)
    """Digests of the files of a publication in the end, by path."""

    @property
    def last(self) -> Held:
        return self.days[golden_days.DAYS[-1]]


def run_days(home: Path, settings: dict[str, str], *, tests: bool = False) -> Golden:
    """Run the golden days on a warehouse.

    On the last day all is built anew, and raw tables and seeds are told, too.

    Args:
        settings: Environment variables that name the warehouse.
        tests: Run the data's tests on the last day.
    """
    found = Golden()

    def run(url: str, day: date) -> None:
        is_last = day == golden_days.DAYS[-1]
        left_out = () if is_last and tests else NO_TESTS if is_last else FACTS
        failure = golden_days.run_day(url, home, day, *left_out, everything=is_last)
        assert failure is None, (day, failure)
        found.days[day] = everything(home, with_raw=is_last)

    home.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        for setting, value in settings.items():
            patch.setenv(setting, value)
        golden_days.three_days(run)
        found.files = published(home)
    return found


def published(home: Path) -> dict[str, str]:
    """Digests of the files of a publication, by path."""
    target = os.environ["BLOTTER_TARGET"]
    folder = home / "files"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        # So that facts and some reports are large.
        patch.setattr(parts, "LARGE", 100)
        patch.setattr(parts, "PART", 400)
        if target in BATCHES:
            engine = f"pipelines.warehouse.engines.{target}"
            patch.setattr(f"{engine}.BATCH", BATCHES[target])
        warehouse, models = Warehouse(settings_in(home)), marts(read_manifest(home))
        edition = Edition(folder)
        publication.write_data(warehouse, models, edition, publication.unknown)
        warehouse.close()
    files = files_below(folder / "data")
    # DuckDB's own file is never the same; see `publish/database.py`.
    del files["marts.duckdb"]
    return files


def everything(home: Path, with_raw: bool) -> Held:
    """Marts, ledger, what the commands print of changes; and raw tables, and seeds."""
    warehouse = Warehouse(settings_in(home))
    datasets = list(read_datasets().values())
    raw = sorted({f"raw_{dataset.source}" for dataset in datasets})
    others = ["seeds", *raw] if with_raw else []
    held = tables_of(warehouse, ["marts", "ledger", *others])
    for name in [name for name in held if name.endswith("_incoming")]:
        assert held.pop(name).rows == []
    for name, table in held.items():
        if name.startswith("raw_"):
            held[name] = selected(table, sorted(table.columns))
        if name.startswith("ledger."):
            kept = [column for column in table.columns if column not in VARYING]
            held[name] = selected(table, kept)
    held["ledger.runs"] = without_models_print(held["ledger.runs"])
    for name, find in {"changes": changes_since, "removals": removals_since}.items():
        rows = [
            (str(row),)
            for dataset in datasets
            for row in find(warehouse, dataset, golden_days.DAYS[0])
        ]
        held[f"blotter {name}"] = Table({"row": "text"}, rows)
    warehouse.close()
    return held


def selected(table: Table, columns: list[str]) -> Table:
    places = [list(table.columns).index(column) for column in columns]
    rows = [tuple(row[place] for place in places) for row in table.rows]
    return Table({column: table.columns[column] for column in columns}, rows)


def without_models_print(runs: Table) -> Table:
    """The fingerprint of the models changes with every word of a model's file."""
    dataset, declaration = map(list(runs.columns).index, ("dataset", "declaration"))
    rows = [
        tuple(
            None if place == declaration and row[dataset] == MODELS else cell
            for place, cell in enumerate(row)
        )
        for row in runs.rows
    ]
    return Table(runs.columns, rows)
