"""The models, built by dbt from hand-made raw tables in a scratch DuckDB."""

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.raw_tables import make_raw, remove
from tests.support.scratch_warehouse import ROOT, Warehouse

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
SF = "san_francisco__incidents"
MODELS = ["staging", "intermediate", "fct_*", "bridge_*", "resource_type:model,dim_*"]
MODELS += ["report_inputs"]
MARKER = "Jane Roe"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder for the module: dbt parses the project once."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_HOME", str(folder))
        patch.setenv("BLOTTER_TARGET", "duckdb")
        yield folder


@pytest.fixture(scope="module")
def seeded(home: Path) -> Path:
    """A warehouse file with empty raw tables, the seeds, and every model of ours."""
    warehouse = Warehouse(home)
    make_raw(warehouse.path, {})
    statuses = warehouse.dbt("seed") | warehouse.dbt("run", "--select", *MODELS)
    assert set(statuses.values()) == {"success"}, statuses
    return shutil.move(warehouse.path, home / "seeded.duckdb")


@pytest.fixture
def warehouse(home: Path, seeded: Path) -> Warehouse:
    warehouse = Warehouse(home)
    shutil.copy(seeded, warehouse.path)
    return warehouse


def report(row_id: str, incident: str, day: datetime = NOON, **fields: str) -> dict:
    """A San Francisco row as published, written by the pipeline on `day`."""
    return {
        "row_id": row_id,
        "incident_number": incident,
        "incident_datetime": "2023-01-07T22:00:00.000",
        "report_datetime": "2023-01-08T09:00:00.000",
        "report_type_code": "II",
        "incident_category": "Robbery",
        "supervisor_district": "4",
        "loaded_at": day,
        **fields,
    }


def test_corrections_and_removals_move_which_row_counts(warehouse: Warehouse) -> None:
    second, third = NOON + timedelta(days=1), NOON + timedelta(days=2)
    first_day = [
        report("9", "A"),
        report("10", "A"),
        report("20", "B"),
        report("21", "B"),
        report("30", "C", report_type_code="IS"),
        report("31", "C"),
        report("40", "D"),
        report("50", "E"),
        report("51", "E"),
    ]
    make_raw(warehouse.path, {SF: first_day})
    warehouse.build()
    assert warehouse.counted() == {"9", "20", "31", "40", "50"}

    second_day = [
        report("20", "D", second),
        report("31", "C", second, report_type_code="IS"),
        report("49", "E", second),
    ]
    make_raw(warehouse.path, {SF: second_day})
    remove(warehouse.path, SF, ["9"], second)
    warehouse.build()
    assert warehouse.counted() == {"10", "21", "20", "49"}
    assert warehouse.difference_to_full_refresh() == []

    third_day = [report("9", "A", third), report("31", "C", third)]
    make_raw(warehouse.path, {SF: third_day})
    remove(warehouse.path, SF, ["20", "49", "51"], third)
    warehouse.build()
    assert warehouse.counted() == {"9", "21", "31", "40", "50"}
    assert warehouse.difference_to_full_refresh() == []
    assert warehouse.query("select count(*) from marts.fct_incidents") == [(7,)]


def test_after_a_good_build_the_tests_of_a_fact_read_what_the_next_one_wrote(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [
        "unique_and_not_null_fct_incidents_incident_id",
        "assert_each_incident_counts_once",
    ]
    make_raw(warehouse.path, {SF: [report("1", "A"), report("2", "B")]})
    warehouse.build()
    make_raw(warehouse.path, {SF: [report("3", "C", NOON + timedelta(days=1))]})
    warehouse.build()
    copy = "insert into marts.fct_incidents select * {} from marts.fct_incidents"

    def outcomes(told: str) -> set[str]:
        monkeypatch.setenv("BLOTTER_TESTS", told)
        return set(warehouse.dbt("test", "--select", *checks).values())

    assert outcomes("built") == {"pass"}
    # What an earlier build wrote was tested, and only builds write.
    warehouse.change(copy.format("") + " where row_id = '1'")
    assert outcomes("built") == {"pass"}
    assert outcomes("") == {"fail"}
    # A new row is compared with all of them.
    newest = "replace ((select max(built_at) from marts.fct_incidents) as built_at)"
    warehouse.change(copy.format(newest) + " where row_id = '1' limit 1")
    assert outcomes("built") == {"fail"}


def test_any_sequence_of_changes_ends_like_a_rebuild(warehouse: Warehouse) -> None:
    dice = random.Random(7)
    make_raw(warehouse.path, {SF: [report(str(n), str(n // 3)) for n in range(120)]})
    warehouse.build()
    for day in (NOON + timedelta(days=n) for n in range(1, 4)):
        numbers = [str(n) for n in dice.sample(range(150), 30)]
        rows = [
            report(
                number,
                str(dice.randrange(45)),
                day,
                report_type_code=dice.choice(["II", "IS"]),
                supervisor_district=dice.choice(["3", "4", "99"]),
            )
            for number in numbers[:20]
        ]
        make_raw(warehouse.path, {SF: rows})
        remove(warehouse.path, SF, numbers[20:], day)
        warehouse.build()
        assert warehouse.difference_to_full_refresh() == []


def test_a_late_load_of_one_city_is_not_hidden_by_another(warehouse: Warehouse) -> None:
    """A load interrupted yesterday and finished today is older than others' rows."""
    crime = {"date": "2024-02-01T10:00:00.000", "primary_type": "THEFT"}
    first = {"row_id": "1", "loaded_at": NOON, **crime}
    make_raw(
        warehouse.path,
        {"chicago__incidents": [first], SF: [report("9", "A", NOON + timedelta(1))]},
    )
    warehouse.build()
    late = {"row_id": "2", "loaded_at": NOON + timedelta(hours=1), **crime}
    make_raw(warehouse.path, {"chicago__incidents": [late]})
    warehouse.build()
    assert warehouse.query(
        "select incident_id from marts.fct_incidents order by 1"
    ) == [
        ("chicago:1",),
        ("chicago:2",),
        ("san_francisco:9",),
    ]


def test_a_build_without_new_rows_leaves_the_fact_as_it_is(
    warehouse: Warehouse,
) -> None:
    make_raw(warehouse.path, {SF: [report("9", "A"), report("10", "A")]})
    warehouse.build()
    # A value that a rebuilt row would lose.
    warehouse.change("update marts.fct_incidents set place = 'untouched'")
    warehouse.build()
    assert warehouse.query("select place from marts.fct_incidents") == [
        ("untouched",),
        ("untouched",),
    ]


def test_supervisors_of_the_day_come_from_the_seed(warehouse: Warehouse) -> None:
    last, first = "2023-01-07T23:59:59.000", "2023-01-08T00:00:00.000"
    rows = [
        report("1", "A", incident_datetime=last),
        report("2", "B", incident_datetime=first),
    ]
    make_raw(warehouse.path, {SF: rows})
    warehouse.build()
    sql = "select row_id, supervisor_name from marts.fct_incidents order by row_id"
    assert warehouse.query(sql) == [("1", "Gordon Mar"), ("2", "Joel Engardio")]


# Moved in 2022: place, its district before and since, who held each seat in April.
MOVED = {
    "Tenderloin": ("6", "5", "Matt Haney", "Dean Preston"),
    "Seacliff": ("1", "2", "Connie Chan", "Catherine Stefani"),
    "Inner Sunset": ("5", "7", "Dean Preston", "Myrna Melgar"),
}


def test_a_supervisor_is_by_the_district_lines_of_the_day(warehouse: Warehouse) -> None:
    rows, expected = [], []
    for place, (before, since, former, present) in MOVED.items():
        days = {"2022-04-27T23:59:00.000": former, "2022-04-28T00:00:00.000": present}
        for day, member in days.items():
            row = report(
                f"{place} {day[:10]}",
                day,
                incident_datetime=day,
                supervisor_district=since,
                supervisor_district_2012=before,
            )
            of_day = before if member == former else since
            rows.append(row)
            expected.append((row["row_id"], of_day, since, member))
    untold = report("z", "z", incident_datetime="2022-04-27T10:00:00.000")
    make_raw(warehouse.path, {SF: [*rows, untold]})
    warehouse.build()
    sql = (
        "select row_id, council_district, present_council_district, supervisor_name"
        " from marts.fct_incidents order by row_id"
    )
    assert warehouse.query(sql) == [*sorted(expected), ("z", None, "4", None)]


def test_a_removed_row_leaves_no_trace_in_the_marts(warehouse: Warehouse) -> None:
    make_raw(warehouse.path, {SF: [report("1", "A", intersection=MARKER)]})
    warehouse.build()
    assert MARKER in str(warehouse.query("from marts.fct_incidents"))
    remove(warehouse.path, SF, ["1"], NOON + timedelta(days=1))
    warehouse.build()
    assert warehouse.query("from marts.fct_incidents") == []


def test_the_calendar_grows_with_the_incidents(warehouse: Warehouse) -> None:
    january = report("1", "A", incident_datetime="2024-01-01T10:00:00.000")
    make_raw(warehouse.path, {SF: [january]})
    warehouse.build()
    months = (
        "select month_start::text, count(*), bool_and(is_complete_month)"
        " from marts.dim_dates group by all order by 1"
    )
    assert warehouse.query(months) == [("2024-01-01", 1, False)]
    march = report(
        "2", "B", NOON + timedelta(1), incident_datetime="2024-03-30T10:00:00.000"
    )
    make_raw(warehouse.path, {SF: [march]})
    warehouse.build()
    assert warehouse.query(months) == [
        ("2024-01-01", 31, True),
        ("2024-02-01", 29, True),
        ("2024-03-01", 30, False),
    ]
    last = report(
        "3", "C", NOON + timedelta(2), incident_datetime="2024-03-31T10:00:00.000"
    )
    make_raw(warehouse.path, {SF: [last]})
    warehouse.build()
    assert warehouse.query(months)[-1] == ("2024-03-01", 31, True)


def test_a_row_lost_or_doubled_on_the_way_fails_the_build(
    warehouse: Warehouse,
) -> None:
    make_raw(warehouse.path, {SF: [report("1", "A"), report("2", "B")]})
    warehouse.build()
    check = ("test", "--select", "assert_rows_are_conserved")
    assert warehouse.dbt(*check) == {"assert_rows_are_conserved": "pass"}
    warehouse.change("delete from marts.fct_incidents where row_id = '2'")
    assert warehouse.dbt(*check) == {"assert_rows_are_conserved": "fail"}


@pytest.mark.parametrize(
    ("unreadable", "status"), [(0, "pass"), (1, "warn"), (20, "warn"), (21, "fail")]
)
def test_unreadable_times_warn_and_fail_above_one_percent(
    warehouse: Warehouse, unreadable: int, status: str
) -> None:
    rows = [report(str(n), str(n)) for n in range(2_000)]
    for row in rows[:unreadable]:
        row["report_datetime"] = "yesterday"
    make_raw(warehouse.path, {SF: rows})
    warehouse.build()
    statuses = warehouse.dbt("test", "--select", "assert_published_values_parse")
    assert statuses == {"assert_published_values_parse": status}


def test_a_small_citys_unreadable_values_are_not_lost_in_a_large_citys(
    warehouse: Warehouse,
) -> None:
    crimes = [{"row_id": str(n), "date": "2024-02-01T10:00:00.000"} for n in range(50)]
    for crime in crimes[:11]:
        crime["latitude"] = "north"
    rows = [report(str(n), str(n)) for n in range(2_000)]
    make_raw(warehouse.path, {SF: rows, "chicago__incidents": crimes})
    warehouse.build()
    check = "assert_published_values_parse"
    assert warehouse.dbt("test", "--select", check) == {check: "fail"}
    read = "select latitude, has_unparsed_values from marts.fct_incidents where "
    assert warehouse.query(f"{read} incident_id = 'chicago:0'") == [(None, True)]


def test_one_odd_value_of_few_rows_only_warns(warehouse: Warehouse) -> None:
    make_raw(
        warehouse.path,
        {
            SF: [
                report("1", "A", incident_datetime="2099-01-01T00:00:00.000"),
                report("2", "B", latitude="37.7", longitude="east"),
                report("3", "C", incident_category=""),
            ]
        },
    )
    warehouse.build()
    checks = ["assert_published_values_parse", "assert_incidents_have_day_and_category"]
    statuses = warehouse.dbt("test", "--select", *checks)
    assert statuses == dict(zip(checks, ["warn", "pass"], strict=True))


def test_slips_of_dates_and_places_are_counted_in_warnings(
    warehouse: Warehouse,
) -> None:
    """The calendar stays as it is without them; the rows and their times are kept."""
    crime = {"date": "2024-02-01T10:00:00.000", "latitude": "41.9"}
    crimes = [{"row_id": str(n), **crime, "longitude": "-87.6"} for n in range(4)]
    crimes[0]["date"] = "0202-02-01T10:00:00.000"
    crimes[1] |= {"latitude": "36.619446395", "longitude": "-91.686565684"}
    rows = [report("1", "A"), report("2", "B"), report("3", "C")]
    rows[0]["incident_datetime"] = "2099-11-15T00:00:00.000"
    rows[1]["report_datetime"] = "1900-01-01T00:00:00.000"
    make_raw(warehouse.path, {SF: rows, "chicago__incidents": crimes})
    warehouse.build()
    for what, count in {"dates": 3, "places": 1}.items():
        check = f"assert_incident_{what}_are_plausible"
        assert warehouse.dbt("test", "--select", check) == {check: "warn"}
        flag = f"select count(*) from marts.fct_incidents where has_implausible_{what}"
        assert warehouse.query(flag.removesuffix("s")) == [(count,)]
    days = "select city, count(*) from marts.dim_dates group by 1 order by 1"
    assert warehouse.query(days) == [("chicago", 1), ("san_francisco", 1)]
    kept = (
        "select occurred_at_local::text, occurred_date from marts.fct_incidents "
        "where incident_id in ('chicago:0', 'san_francisco:1') order by 1"
    )
    assert warehouse.query(kept) == [
        ("0202-02-01 10:00:00", None),
        ("2099-11-15 00:00:00", None),
    ]


def test_a_day_that_lay_ahead_is_one_when_it_has_come(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row of its city need change for that."""
    monkeypatch.setenv("BLOTTER_TODAY", "2024-03-01")
    ahead = {"report_datetime": "2024-03-10T09:00:00.000"}
    rows = [
        report("1", "A", **ahead, incident_datetime="2024-03-09T22:00:00.000"),
        report("2", "B", incident_datetime="0202-03-09T22:00:00.000"),
    ]
    make_raw(warehouse.path, {SF: rows})
    warehouse.build()
    days = (
        "select row_id, occurred_date::text, report_date::text, hour_of_day, "
        "has_implausible_date from marts.fct_incidents order by 1"
    )
    slip = ("2", None, "2023-01-08", None, True)
    assert warehouse.query(days) == [("1", None, None, None, True), slip]
    monkeypatch.setenv("BLOTTER_TODAY", "2024-03-09")
    warehouse.build()
    come = ("1", "2024-03-09", "2024-03-10", 22, False)
    assert warehouse.query(days) == [come, slip]
    assert warehouse.difference_to_full_refresh() == []


def test_codes_outside_the_seeds_warn(warehouse: Warehouse) -> None:
    rows = [
        report("1", "A", police_district="Central"),
        report("2", "B", police_district="Atlantis"),
        report("3", "C", incident_category="Stamp Collecting"),
        report("4", "D", supervisor_district="99"),
    ]
    make_raw(warehouse.path, {SF: rows})
    warehouse.build()
    name = "assert_codes_are_in_the_seeds"
    assert warehouse.dbt("test", "--select", name) == {name: "warn"}
    sql = (ROOT / "tests" / "dbt" / f"{name}.sql").read_text()
    assert "severity='warn'" in sql
    assert warehouse.query("select count(*) from marts.fct_incidents") == [(4,)]


def test_a_doubled_key_in_any_seed_fails_the_build(warehouse: Warehouse) -> None:
    """A join with it would double rows."""
    caught_by = {
        "cities": "unique_cities_city",
        "council_districts": "assert_council_terms_follow_one_another",
        "holiday_renamings": "unique_together_holiday_renamings_city__former_name",
        "holidays": "assert_holidays_have_one_row_a_day",
        "nibrs_offenses": "unique_nibrs_offenses_nibrs_code",
        "neighborhoods": "unique_neighborhoods_city_neighborhood_code",
        "offense_categories": "unique_offense_categories_city_offense_code",
        "police_districts": "unique_police_districts_city_police_district",
        "population_years": "unique_together_population_years_edition__year_code",
        "publishers": "unique_publishers_dataset",
        "race_groups": "unique_race_groups_race_group",
        "shooting_codes": "unique_shooting_codes_field_code",
        "unemployment_years": "unique_unemployment_years_year",
        "us_states": "unique_us_states_state_id",
    }
    assert set(caught_by) == {path.stem for path in (ROOT / "seeds").glob("*.csv")}
    for seed in caught_by:
        warehouse.change(f"insert into seeds.{seed} from seeds.{seed} limit 1")
    statuses = warehouse.dbt("test", "--select", "resource_type:seed")
    assert {statuses[test] for test in caught_by.values()} == {"fail"}, statuses


def test_the_unit_tests_of_incidents_and_counties_pass(warehouse: Warehouse) -> None:
    """Those of the reports of shootings: test_shooting_reports.py."""
    others = ("rpt_shootings_*", "int_shootings_by_state_race_and_year")
    statuses = warehouse.dbt("test", "--select", "test_type:unit", "--exclude", *others)
    assert set(statuses.values()) == {"pass"}, statuses
    assert len(statuses) >= 80, len(statuses)


def test_freshness_is_the_age_of_the_last_good_run(warehouse: Warehouse) -> None:
    """Warned of after two days, an error after seven; a failed run is no good run."""
    warehouse.change(
        "insert into ledger.runs by name from (values"
        " ('chicago__incidents', now(), 'unchanged'),"
        " ('memphis__incidents', now() - interval 3 day, 'moving'),"
        " ('memphis__incidents', now(), 'failed'),"
        " ('cambridge__incidents', now() - interval 8 day, 'loaded'),"
        " ('san_francisco__incidents', now() - interval 47 hour, 'loaded'),"
        " ('washington_post__shootings', now() - interval 3 day, 'loaded'),"
        " ('washington_post__agencies', now(), 'unchanged'),"
        " ('census__county_population', now() - interval 8 day, 'loaded'),"
        " ('bls__county_unemployment', now(), 'loaded'),"
        " ('simplemaps__cities', now() - interval 47 hour, 'unchanged'),"
        " ('san_francisco__neighborhood_boundaries', now(), 'unchanged'),"
        " ('chicago__neighborhood_boundaries', now(), 'loaded'),"
        " ('memphis__district_boundaries', now() - interval 3 day, 'unchanged'),"
        " ('cambridge__neighborhood_boundaries', now() - interval 8 day, 'loaded')"
        ") as runs (dataset, finished_at, outcome)"
    )
    assert warehouse.dbt("source", "freshness") == {
        "chicago.incidents": "pass",
        "memphis.incidents": "warn",
        "cambridge.incidents": "error",
        "san_francisco.incidents": "pass",
        "washington_post.shootings": "warn",
        "washington_post.agencies": "pass",
        "census.county_population": "error",
        "bls.county_unemployment": "pass",
        "simplemaps.cities": "pass",
        "san_francisco.neighborhood_boundaries": "pass",
        "chicago.neighborhood_boundaries": "pass",
        "memphis.district_boundaries": "warn",
        "cambridge.neighborhood_boundaries": "error",
    }
