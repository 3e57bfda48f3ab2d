"""The models are built of what changed: no more than that, and no less."""

import json
from datetime import UTC, date, datetime

import duckdb
import pytest

from demo.generator import day_rows, generate
from demo.portal.server import Portal, serve
from demo.portal.store import Dataset
from demo.stock import publish
from pipelines import jobs
from pipelines.transform import plan, runner
from pipelines.transform.manifest import BUILT_AT, read_manifest, standing_views
from tests.support import live_portal as live

CITIES = ("cambridge__incidents", "memphis__incidents")
ROWS = {"cambridge__incidents": 60, "memphis__incidents": 40}


@pytest.fixture(scope="module", autouse=True)
def no_data_tests():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(*live.NO_DATA_TESTS)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A home with both cities loaded and everything built."""
    home = tmp_path_factory.mktemp("built") / "home"
    portal, _ = published_portal()
    with serve(portal) as url, pytest.MonkeyPatch.context() as patch:
        assert live.command_here(patch, home, url, *daily(9)) == 0
    return home


@pytest.fixture
def home(built, tmp_path):
    return live.copied(built, tmp_path / "home")


@pytest.fixture
def portal():
    return published_portal()


@pytest.fixture
def published(portal):
    return portal[1]


@pytest.fixture
def url(portal):
    with serve(portal[0]) as url:
        yield url


def published_portal() -> tuple[Portal, dict[str, Dataset]]:
    """A portal with both cities, the same each time until a test changes it."""
    portal = Portal(clock=lambda: datetime(2026, 3, 9, tzinfo=UTC))
    return portal, {
        name: publish(
            portal, name, generate(name, rows, date(2026, 2, 2), date(2026, 3, 8), 3)
        )
        for name, rows in ROWS.items()
    }


@pytest.fixture
def asked(monkeypatch):
    """The arguments of each call of dbt."""
    calls, invoke = [], runner.invoke

    def noted(home, arguments, *folder):
        calls.append(arguments)
        return invoke(home, arguments, *folder)

    monkeypatch.setattr(runner, "invoke", noted)
    return calls


def daily(day: int, *datasets: str) -> tuple[str, ...]:
    named = datasets or CITIES
    return ("daily", *named, "--window-only", "--today", f"2026-03-{day:02}")


def selected(arguments: list[str]) -> list[str]:
    assert "--full-refresh" not in arguments
    first, end = arguments.index("--select") + 1, arguments.index("--exclude")
    return arguments[first:end]


def test_a_day_without_changes_builds_nothing(home, url, monkeypatch, asked, caplog):
    caplog.set_level("INFO")
    assert live.command_here(monkeypatch, home, url, *daily(10)) == 0
    assert asked == []
    assert "models: up to date: no row changed since they were built" in caplog.text
    assert live.ledger(home)[-1] == ("dbt_ok", None)


def test_one_citys_change_builds_what_is_made_of_its_rows(
    home, url, published, monkeypatch, asked
):
    memphis = published["memphis__incidents"]
    memphis.append(day_rows("memphis__incidents", date(2026, 3, 9), 3, seed=4))

    assert live.command_here(monkeypatch, home, url, *daily(10)) == 0

    (arguments,) = asked
    assert selected(arguments) == ["source:memphis.incidents*+"]
    # Views stay as they are.
    assert last_built(home) == {
        "dim_dates",
        "fct_incident_changes",
        "fct_incidents",
        "int_city_freshness",
        "int_incident_days",
        "rpt_arrests_by_police_district",
        "rpt_freshness_by_city",
        "rpt_incident_changes_by_day",
        "rpt_incident_growth_by_month",
        "rpt_incidents_by_calendar_day",
        "rpt_incidents_by_council_district",
        "rpt_incidents_by_day_and_category",
        "rpt_incidents_by_holiday",
        "rpt_incidents_by_hour",
        "rpt_incidents_by_month_and_category",
        "rpt_incidents_by_neighborhood_and_weekday",
        "rpt_incidents_by_time_of_day",
        "rpt_incidents_on_holidays",
        "rpt_reclassifications_by_month",
        "rpt_violent_incidents_by_place",
    }
    daily_marts = marts(home)
    assert live.command_here(monkeypatch, home, url, "build", "--full-refresh") == 0
    assert marts(home) == daily_marts


def last_built(home) -> set[str]:
    """The models that the last build built."""
    results = json.loads((home / "dbt" / "target" / "run_results.json").read_text())
    ids = [result["unique_id"].split(".") for result in results["results"]]
    return {name for kind, _, name, *_ in ids if kind == "model"}


def test_a_day_runs_tests_that_also_read_a_view_that_stays(
    home, url, published, monkeypatch, asked
):
    memphis = published["memphis__incidents"]
    memphis.append(day_rows("memphis__incidents", date(2026, 3, 9), 3, seed=9))
    assert live.command_here(monkeypatch, home, url, *daily(10)) == 0
    monkeypatch.delenv(live.NO_DATA_TESTS[0])
    monkeypatch.setenv("BLOTTER_HOME", str(home))
    listed = runner.invoke(home, ["ls", *asked[0][1:]]).result
    names = {name.split(".")[-1] for name in listed}
    assert {"assert_rows_are_conserved", "assert_changes_are_conserved"} <= names
    assert "unique_and_not_null_fct_incidents_incident_id" in names
    assert "unique_and_not_null_stg_memphis__incidents_row_id" not in names
    assert not any("boundaries" in name for name in names)


def test_views_that_read_a_table_are_created_with_it_and_others_stay(home):
    views = standing_views(read_manifest(home))
    assert {"base_memphis__incidents", "int_incidents_unioned"} <= set(views)
    assert not {"int_county_population_dated", "stg_census__county_population"} & {
        *views
    }


def marts(home) -> dict[str, list[tuple]]:
    """Without when a build wrote a row: one in full writes every row again."""
    with duckdb.connect(str(home / "blotter.duckdb")) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables "
            "where table_schema = 'marts' order by 1"
        ).fetchall()
        return {
            name: connection.execute(
                f"select columns(c -> c <> '{BUILT_AT}') from marts.{name} order by all"
            ).fetchall()
            for (name,) in names
        }


def test_what_a_load_without_a_build_left_is_built_by_the_next(
    home, url, published, monkeypatch, asked
):
    cambridge = published["cambridge__incidents"]
    cambridge.append(day_rows("cambridge__incidents", date(2026, 3, 8), 2, seed=5))
    arguments = (*daily(10, "cambridge__incidents"), "--no-build")
    assert live.command_here(monkeypatch, home, url, *arguments) == 0
    assert asked == []
    memphis_only = daily(10, "memphis__incidents")
    assert live.command_here(monkeypatch, home, url, *memphis_only) == 0
    assert "source:cambridge.incidents*+" in selected(asked[0])


def test_after_a_failed_build_nothing_is_taken_for_built(
    home, url, published, monkeypatch, asked, caplog
):
    caplog.set_level("INFO")
    cambridge = published["cambridge__incidents"]
    cambridge.append(day_rows("cambridge__incidents", date(2026, 3, 9), 2, seed=6))
    noted = runner.invoke

    def failing(home, arguments, *folder):
        noted(home, arguments, *folder)
        raise runner.ModelsError("models: 1 failed, first fct_incidents: no.")

    monkeypatch.setattr(runner, "invoke", failing)
    assert live.command_here(monkeypatch, home, url, *daily(10)) == 1
    monkeypatch.setattr(runner, "invoke", noted)
    assert live.command_here(monkeypatch, home, url, *daily(11)) == 0
    assert asked[-1] == ["build", "--exclude-resource-type", "unit_test"]
    assert "models: the last build failed: building everything" in caplog.text


def test_a_project_that_did_not_change_is_not_described_again(
    home, url, published, monkeypatch
):
    target = home / "dbt" / "target"
    described = [home / "state" / "manifest.json", target / "manifest.json"]
    written = [path.stat().st_mtime_ns for path in described]
    results = (target / "run_results.json").read_text()
    memphis = published["memphis__incidents"]
    memphis.append(day_rows("memphis__incidents", date(2026, 3, 10), 2, seed=8))
    assert live.command_here(monkeypatch, home, url, *daily(12)) == 0
    assert [path.stat().st_mtime_ns for path in described] == written
    assert (target / "run_results.json").read_text() != results

    assert live.command_here(monkeypatch, home, url, "build", "--full-refresh") == 0
    assert all(
        path.stat().st_mtime_ns > before
        for path, before in zip(described, written, strict=True)
    )


def test_the_command_builds_everything(home, url, monkeypatch, asked):
    assert live.command_here(monkeypatch, home, url, "build") == 0
    assert asked == [["build", "--exclude-resource-type", "unit_test"]]


def test_another_project_is_built_in_full(home, url, monkeypatch, asked):
    for module in (plan, jobs):
        monkeypatch.setattr(module, "fingerprint", lambda project, named: "another")
    assert live.command_here(monkeypatch, home, url, *daily(10)) == 0
    assert asked[0][-1] == "--full-refresh"
    assert live.command_here(monkeypatch, home, url, *daily(11)) == 0
    assert len(asked) == 1
