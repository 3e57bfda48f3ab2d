"""Real rows of all five publishers give the same tables on PostgreSQL as in DuckDB."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from demo.portal.server import Portal, serve
from demo.stock import publish
from pipelines.datasets.declarations import read_datasets
from pipelines.sync.run import Run
from pipelines.transform.runner import invoke
from pipelines.warehouse.warehouse import Warehouse
from tests.real_rows import test_real_shootings as shootings
from tests.support import live_portal as live
from tests.support.expected import real_rows
from tests.support.expected import real_shootings as real
from tests.support.same_numbers import differences, tables_of
from tests.support.set_up import settings_in

# The rows are loaded into two warehouses, and the models built.
pytestmark = pytest.mark.timeout(900)

DECLARED = read_datasets()
FIRST_INSTANT = datetime(2026, 6, 10, 12, tzinfo=UTC)
# Rows of the facts, as the tests of the real rows know them from the files.
SHOOTINGS, WITHDRAWN = 9_518, 8

zipped_cities = shootings.zipped_cities


def load_incidents(home, portal: Portal, url: str) -> None:
    """Four cities' files, San Francisco's in two steps."""

    def daily(name: str, day: date) -> None:
        failure = live.daily(home, DECLARED[name].at_portal(url), day, whole=True)
        assert failure is None

    city = "san_francisco__incidents"
    table = publish(portal, city, real_rows.san_francisco_2018())
    daily(city, date(2018, 12, 31))
    table.upsert(real_rows.san_francisco_2019())
    daily(city, date(2019, 11, 13))
    others = {
        "chicago__incidents": real_rows.chicago(),
        "chicago__recent_incidents": real_rows.chicago_recent(),
        "cambridge__incidents": real_rows.cambridge(),
    }
    for name, rows in others.items():
        publish(portal, name, rows)
        daily(name, date(2026, 6, 10))
    publish(portal, "memphis__incidents", real_rows.memphis())
    memphis = DECLARED["memphis__incidents"].at_portal(url)
    first, last = date(2019, 1, 1), date(2019, 8, 31)
    assert live.backfill(home, memphis, first=first, last=last) is None


def load_shootings(home, portal: Portal, url: str, cities: bytes) -> None:
    """The newspaper's files of 2023, then of 2024, and what they are joined with."""
    unemployment = shootings.UNEMPLOYMENT
    counties = [f"us_demographics/{name}" for name in unemployment.files]
    files = [
        (unemployment, [shootings.bytes_of(name) for name in counties]),
        (shootings.POPULATION, [shootings.population_file()]),
        (DECLARED["simplemaps__cities"], [cities]),
        (DECLARED["washington_post__agencies"], [shootings.bytes_of(real.AGENCIES)]),
        (shootings.SHOOTINGS, [shootings.bytes_of(real.SHOOTINGS_2023)]),
        (shootings.SHOOTINGS, [shootings.bytes_of(real.SHOOTINGS)]),
    ]
    for day, (dataset, parts) in enumerate(files):
        shootings.publish(portal, dataset, *parts)
        failure, _ = shootings.load(home, dataset, url, live.TODAY + timedelta(day))
        assert failure is None


def name_by_day(run: Run) -> None:
    run.run_id = f"{run.now:%Y%m%d}"


@pytest.fixture(scope="module")
def tables(tmp_path_factory, postgres_settings, zipped_cities):
    """Marts of both warehouses, after the same loads at the same instants."""
    real_rows.need_data()
    found = {}
    for target, settings in {"duckdb": {}, "postgres": postgres_settings}.items():
        home = tmp_path_factory.mktemp(target) / "home"
        instants = (FIRST_INSTANT + timedelta(0, n) for n in itertools.count())
        portal = Portal()
        with pytest.MonkeyPatch.context() as patch, serve(portal) as url:
            patch.setenv("BLOTTER_TARGET", target)
            patch.setenv("BLOTTER_PREFIX", "real_")
            for name, value in settings.items():
                patch.setenv(name, value)
            patch.setattr(Run, "__post_init__", name_by_day)
            patch.setattr(Warehouse, "next_instant", lambda self, i=instants: next(i))
            live.prepared(home)
            load_incidents(home, portal, url)
            load_shootings(home, portal, url, zipped_cities)
            # Those of the data take half of DuckDB's time; they pass on it elsewhere.
            left_out = ["unit_test"] if target == "postgres" else ["unit_test", "test"]
            outcome = invoke(home, ["build", "--exclude-resource-type", *left_out])
            bad = [n.node.name for n in outcome.result if n.status in ("error", "fail")]
            assert bad == []
            warehouse = Warehouse(settings_in(home))
            found[target] = tables_of(warehouse, ["marts"])
            warehouse.close()
    return found


def test_every_mart_is_the_same_cell_by_cell(tables):
    assert differences(tables["duckdb"], tables["postgres"]) == []


@pytest.mark.parametrize("target", ["duckdb", "postgres"])
def test_the_facts_hold_all_of_the_files(tables, target):
    found = {name: len(table.rows) for name, table in tables[target].items()}
    assert found["marts.fct_shootings"] == SHOOTINGS
    assert found["marts.fct_incidents"] == 8_462 + 1_000 + 20 + 1_506
    assert found["marts.fct_incident_changes"] >= found["marts.fct_incidents"]
    assert found["marts.dim_counties"] > 3_000
