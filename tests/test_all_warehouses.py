"""The same rows over three days give the same tables on every warehouse."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.publish import parquet
from pipelines.warehouse.warehouse import Warehouse
from tests import golden_days, golden_digests, golden_tables
from tests.files_below import files_below
from tests.same_numbers import Table, differences

# Three days on a warehouse, the emulator among them.
pytestmark = pytest.mark.timeout(1200)

WAREHOUSES = ("duckdb", "postgres", "bigquery")


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
        for name in WAREHOUSES:
            home = tmp_path_factory.getbasetemp() / "homes" / name
            places = {"BLOTTER_TARGET": name, **settings[name]}
            found[name][day] = golden_tables.run_day(
                url, home, day, places, tests=name == "postgres"
            )
            if day == golden_days.DAYS[-1]:
                with pytest.MonkeyPatch.context() as patch:
                    for setting, value in places.items():
                        patch.setenv(setting, value)
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


@pytest.mark.parametrize("other", WAREHOUSES[1:])
@pytest.mark.parametrize("day", golden_days.DAYS, ids=str)
def test_every_table_is_the_same_cell_by_cell(held, other, day):
    assert differences(held["duckdb"][day], held[other][day]) == []


@pytest.mark.parametrize("name", WAREHOUSES)
def test_every_table_has_the_digest_that_is_kept(held, name):
    told = golden_digests.differing(held[name])
    assert told == [], f"if this is meant: {golden_digests.REWRITE}"


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
