"""The same rows over three days give the same tables on every warehouse."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.datasets.declarations import read_datasets
from pipelines.ops.changes import changes_since, removals_since
from pipelines.publish import parquet
from pipelines.warehouse.warehouse import Warehouse
from tests import golden_days
from tests.files_below import files_below
from tests.same_numbers import Table, differences, tables_of

WAREHOUSES = ("duckdb", "postgres", "bigquery")
# Of the ledger, what hangs on a clock or on who bills.
UNLIKE = {"seconds", "started_at", "finished_at", "bytes_billed", "portal_version"}


# The data's tests look at what is compared here; the emulator takes its time for each.
NO_TESTS = ("--exclude-resource-type", "test")
# Reports are made of the facts alone: they are compared on the last day.
NO_REPORTS = ("--exclude", "path:models/marts/reports", *NO_TESTS)


@pytest.fixture(scope="module")
def days(tmp_path_factory, postgres_settings, bigquery_settings):
    """What each warehouse holds after each day, and the files it gives at the end."""
    settings = {
        "duckdb": {},
        "postgres": {"BLOTTER_PREFIX": "golden_", **postgres_settings},
        "bigquery": {"BLOTTER_PREFIX": "golden_", **bigquery_settings},
    }
    found: dict[str, dict[date, dict[str, Table]]] = {name: {} for name in WAREHOUSES}
    files: dict[str, dict[str, str]] = {}

    def run(url: str, day: date) -> None:
        last = day == golden_days.DAYS[-1]
        for name in WAREHOUSES:
            home = tmp_path_factory.getbasetemp() / "homes" / name
            home.mkdir(parents=True, exist_ok=True)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("BLOTTER_TARGET", name)
                for setting, value in settings[name].items():
                    patch.setenv(setting, value)
                left_out = NO_TESTS if last else NO_REPORTS
                if last and name == "postgres":
                    left_out = ()
                failure = golden_days.run_day(
                    url, home, day, *left_out, everything=last
                )
                assert failure is None, (name, day)
                found[name][day] = everything(home, last)
                if last:
                    files[name] = published(home, patch)

    golden_days.three_days(run)
    return found, files


@pytest.fixture(scope="module")
def held(days):
    return days[0]


def published(home: Path, patch: pytest.MonkeyPatch) -> dict[str, str]:
    """Digests of the files of a publication, by path."""
    # So that facts and some reports are large, and read some rows at a time.
    patch.setattr(parquet, "LARGE", 100)
    for engine in ("duckdb", "postgres"):
        patch.setattr(f"pipelines.warehouse.engines.{engine}.BATCH", 50)
    warehouse = Warehouse(home)
    folder = home / "files" / "data"
    folder.mkdir(parents=True)
    parquet.write_data(warehouse, folder)
    warehouse.close()
    return files_below(folder)


def everything(home: Path, with_raw: bool) -> dict[str, Table]:
    """Marts, ledger, what the commands print of changes; and raw tables, and seeds."""
    warehouse = Warehouse(home)
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
            held[name] = selected(table, [c for c in table.columns if c not in UNLIKE])
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


@pytest.mark.parametrize("other", WAREHOUSES[1:])
@pytest.mark.parametrize("day", golden_days.DAYS, ids=str)
def test_every_table_is_the_same_cell_by_cell(held, other, day):
    assert differences(held["duckdb"][day], held[other][day]) == []


@pytest.mark.parametrize("other", WAREHOUSES[1:])
def test_every_warehouse_gives_the_same_bytes(days, other):
    _, files = days
    once, again = dict(files["duckdb"]), dict(files[other])
    # DuckDB's own file is not the same; see `duckdb_file`.
    del once["marts.duckdb"], again["marts.duckdb"]
    assert once == again
    assert "fct_incidents/city=cambridge/year=2025/rows.parquet" in once
    assert len(once) > 40


def test_the_days_hold_every_kind_of_change(held):
    last = held["duckdb"][golden_days.DAYS[-1]]
    kinds = {"added", "changed", "removed", "restored"}
    for city in ("san_francisco", "chicago", "memphis", "cambridge"):
        log = last[f"raw_{city}.incidents_changes"]
        assert set(column(log, "change")) == kinds
    log = last["raw_washington_post.shootings_changes"]
    assert set(column(log, "change")) == kinds


def column(table: Table, name: str) -> list:
    place = list(table.columns).index(name)
    return [row[place] for row in table.rows]
