"""The same rows over three days give the same tables on every warehouse."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.changes import changes_since, removals_since
from pipelines.dataset import read_datasets
from pipelines.load import Warehouse
from tests import golden_days
from tests.same_numbers import Table, differences, tables_of

WAREHOUSES = ("duckdb", "postgres", "bigquery")
# Of the ledger, what hangs on a clock or on who bills.
UNLIKE = {"seconds", "started_at", "finished_at", "bytes_billed", "portal_version"}


@pytest.fixture(scope="module")
def held(tmp_path_factory, postgres_settings, bigquery_settings):
    """What each warehouse holds after each day, by warehouse and day."""
    settings = {
        "duckdb": {},
        "postgres": postgres_settings,
        "bigquery": bigquery_settings,
    }
    found: dict[str, dict[date, dict[str, Table]]] = {name: {} for name in WAREHOUSES}

    def run(url: str, day: date) -> None:
        for name in WAREHOUSES:
            home = tmp_path_factory.getbasetemp() / "homes" / name
            home.mkdir(parents=True, exist_ok=True)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("BLOTTER_TARGET", name)
                patch.setenv("BLOTTER_PREFIX", "golden_")
                for setting, value in settings[name].items():
                    patch.setenv(setting, value)
                # The emulator takes half a second for each of 164 tests of the data,
                # which look at what is compared here.
                data_tests = name != "bigquery"
                failure = golden_days.run_day(url, home, day, data_tests)
                assert failure is None, (name, day)
                found[name][day] = everything(home, day == golden_days.DAYS[-1])

    golden_days.three_days(run)
    return found


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
