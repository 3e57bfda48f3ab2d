"""The models have the cities that are chosen, and combine what each publishes."""

import json
from datetime import UTC, datetime

import pytest

from tests.support import scratch_warehouse
from tests.support.raw_tables import make_raw
from tests.support.scratch_warehouse import Warehouse

MARCH_2 = datetime(2024, 3, 2, 12, tzinfo=UTC)

# Two cities of four, one of them without its boundaries.
TWO = [
    "san_francisco__incidents",
    "chicago__incidents",
    "chicago__recent_incidents",
    "chicago__neighborhood_boundaries",
]

UNIONS = [
    "int_incidents_unioned",
    "int_incident_versions_unioned",
    "int_incident_changes_unioned",
    "int_areas_unioned",
]
CITY_DIMENSIONS = ["dim_cities", "dim_police_districts"]

FRANCISCO_ROWS = [
    {"row_id": "1", "incident_number": "A", "incident_category": "Arson"},
    {"row_id": "2", "incident_category": "Burglary"},
]
CHICAGO_ROWS = [{"row_id": "1", "case_number": "JH1", "primary_type": "ARSON"}]
AREA = {"geometry": '{"type":"Polygon","coordinates":[[1]]}'}


def told(chosen: list[str]) -> list[str]:
    return ["--vars", json.dumps({"chosen": chosen})]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse of two cities, with the tables of all four."""
    home = tmp_path_factory.mktemp("home")
    warehouse = Warehouse(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_HOME", str(home))
        patch.setenv("BLOTTER_TARGET", "duckdb")
        patch.setattr(scratch_warehouse, "vars_for", lambda names: told(TWO))
        rows = {
            "san_francisco__incidents": FRANCISCO_ROWS,
            "chicago__incidents": CHICAGO_ROWS,
            "memphis__incidents": [{"row_id": "1", "ucr_category": "ARSON"}],
            "chicago__neighborhood_boundaries": [
                {"row_id": "76", "area_numbe": "76", "community": "OHARE", **AREA},
                {"row_id": "77", "area_numbe": "77", "community": "EDGEWATER"},
            ],
            "memphis__district_boundaries": [{"row_id": "1", "precinct": "C", **AREA}],
        }
        make_raw(warehouse.path, rows)
        later = {"incident_category": "Robbery", "loaded_at": MARCH_2}
        changed = {**FRANCISCO_ROWS[1], **later}
        make_raw(warehouse.path, {"san_francisco__incidents": [changed]})
        asked = [*(f"+{union}" for union in UNIONS), "+dim_areas", *CITY_DIMENSIONS]
        statuses = warehouse.dbt("seed")
        statuses |= warehouse.dbt("run", "--select", *asked)
        assert set(statuses.values()) == {"success"}, statuses
    return warehouse


def test_a_city_that_is_not_chosen_has_no_model(two: Warehouse) -> None:
    found = two.query(
        "select table_name from information_schema.tables"
        " where table_schema = 'staging' order by 1"
    )
    assert [name for (name,) in found] == [
        "base_chicago__incidents",
        "base_san_francisco__incidents",
        "stg_chicago__incident_changes",
        "stg_chicago__incidents",
        "stg_chicago__neighborhood_boundaries",
        "stg_san_francisco__incident_changes",
        "stg_san_francisco__incidents",
    ]
    assert two.query("select city from marts.dim_cities order by 1") == [
        ("chicago",),
        ("san_francisco",),
    ]
    assert two.query("select distinct city from marts.dim_police_districts") == [
        ("chicago",),
        ("san_francisco",),
    ]


def test_rows_without_a_number_are_incidents_of_their_own(two: Warehouse) -> None:
    found = two.query(
        "select incident_id, counting_id from intermediate.int_incidents_unioned"
        " order by 1"
    )
    assert found == [
        ("chicago:1", "1"),
        ("san_francisco:1", "A"),
        ("san_francisco:2", "2"),
    ]


def test_former_versions_stay_beside_the_present_ones(two: Warehouse) -> None:
    found = two.query(
        "select incident_id, incident_category, replaced_at"
        " from intermediate.int_incident_versions_unioned order by 1, 2"
    )
    assert found == [
        ("chicago:1", "ARSON", None),
        ("san_francisco:1", "Arson", None),
        ("san_francisco:2", "Burglary", MARCH_2),
        ("san_francisco:2", "Robbery", None),
    ]


def test_the_logs_of_all_cities_are_one(two: Warehouse) -> None:
    found = two.query(
        "select incident_id, change, changed_fields"
        " from intermediate.int_incident_changes_unioned order by 1, 2"
    )
    assert found == [
        ("chicago:1", "added", None),
        ("san_francisco:1", "added", None),
        ("san_francisco:2", "added", None),
        ("san_francisco:2", "changed", "incident_category"),
    ]


def test_areas_are_named_as_incidents_are_and_have_a_shape(two: Warehouse) -> None:
    found = two.query(
        "select row_id, city, area_kind, area_name, polygons"
        " from intermediate.int_areas_unioned"
    )
    assert found == [("76", "chicago", "neighborhood", "O'Hare", "[[1]]")]


def test_cities_without_boundaries_have_no_areas(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(tmp_path)
    monkeypatch.setenv("BLOTTER_HOME", str(tmp_path))
    chosen = told(["memphis__incidents"])
    monkeypatch.setattr(scratch_warehouse, "vars_for", lambda names: chosen)
    make_raw(warehouse.path, {"memphis__incidents": [{"row_id": "1"}]})
    warehouse.dbt("seed")
    statuses = warehouse.dbt("run", "--select", "int_areas_unioned", "dim_areas")
    assert set(statuses.values()) == {"success"}, statuses
    assert warehouse.query("select count(*) from marts.dim_areas") == [(0,)]
