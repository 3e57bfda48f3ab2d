"""Which rows the check for persons that are published twice tells."""

from pathlib import Path

import duckdb
import jinja2
import pytest

CHECK = Path(__file__).parents[1] / "dbt" / "assert_no_shooting_is_published_twice.sql"
ROW = {
    **{"shooting_id": "1", "shooting_date": "2020-05-01", "name": "Jane Roe"},
    **{"age": 30, "gender": "female", "race": None, "race_source": None},
    **{"armed_with": "gun", "threat_type": None, "flee_status": None},
    **{"is_mental_illness_related": False, "has_body_camera": None, "city": "Elm"},
    **{"county": None, "state_id": "VT", "latitude": 44.5, "longitude": -72.5},
    **{"location_precision": None, "agency_ids": "5"},
}


def pairs(*others: dict) -> list[tuple]:
    """What the check tells of a row and of others that differ in some fields."""
    sql = jinja2.Template(CHECK.read_text()).render(
        config=lambda severity: "", ref=lambda model: "shootings"
    )
    with duckdb.connect() as connection:
        types = {"age": "int", "latitude": "double", "longitude": "double"}
        columns = ", ".join(f"{name} {types.get(name, 'text')}" for name in ROW)
        connection.execute(f"create table shootings ({columns})")
        for other in [{}, *others]:
            marks = ", ".join(f"${name}" for name in ROW)
            connection.execute(f"insert into shootings values ({marks})", ROW | other)
        return sorted(connection.execute(sql).fetchall())


@pytest.mark.parametrize(
    "spelt",
    [
        {},
        {"city": "Elm City"},
        {"name": "JANE ROE", "agency_ids": "5;6"},
        {"age": None, "latitude": 44.6, "armed_with": "gun;knife"},
    ],
)
def test_one_name_and_day_under_two_ids_is_a_pair_whatever_else_differs(spelt):
    assert pairs({"shooting_id": "2", **spelt}) == [("1", "2")]


@pytest.mark.parametrize(
    "other",
    [
        {"shooting_date": "2020-05-02"},
        {"name": "Joan Roe"},
        {"name": None},
    ],
)
def test_another_name_or_day_is_no_pair(other):
    assert pairs({"shooting_id": "2", **other}) == []


def test_persons_without_a_name_are_pairs_where_nothing_differs():
    nameless = {"name": None, "shooting_date": "2020-07-01"}
    assert pairs(
        {"shooting_id": "2", **nameless},
        {"shooting_id": "3", **nameless},
        {"shooting_id": "4", **nameless, "city": "Fir"},
    ) == [("2", "3")]


def test_no_name_is_told():
    assert all(len(pair) == 2 for pair in pairs({"shooting_id": "2"}))
