"""No page gives a percentage or a rate of fewer than twenty."""

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.site import city_figures, figures, wording
from pipelines.site.period import Days

ROOT = Path(__file__).parents[2]


@pytest.fixture
def db():
    with duckdb.connect() as db:
        yield db


def shooting_years(db, *counts: int, population: int | None = 1_000_000) -> None:
    """A state with so many shootings in 2015 and later years."""
    db.execute(
        "create table rpt_shootings_by_state_and_year as select 'VT' as state_id, "
        "'Vermont' as state_name, year, shooting_count, "
        "$population::bigint as population, false as is_partial_year "
        "from (select unnest($years) as year, unnest($counts) as shooting_count)",
        {
            "population": population,
            "years": [2015 + n for n in range(len(counts))],
            "counts": list(counts),
        },
    )


@pytest.mark.parametrize(
    ("counts", "rate"), [((8,), None), ((9, 10), None), ((10, 10), 10.0), ((20,), 20.0)]
)
def test_a_state_of_few_shootings_has_no_rate(db, counts, rate):
    shooting_years(db, *counts)
    (state,) = figures.shootings_by_state(db)
    assert (state["shootings"], state["rate"]) == (sum(counts), rate)


def test_a_state_without_a_population_has_no_rate(db):
    shooting_years(db, 50, population=None)
    (state,) = figures.shootings_by_state(db)
    assert (state["shootings"], state["rate"]) == (50, None)


def test_a_group_of_few_shootings_has_no_rate(db):
    """Three persons of 93,000 were drawn as a bar of 32.26 per million."""
    db.execute(
        "create table rpt_shootings_by_race_and_year as select 2024 as year, "
        "race_group, race_group as race_group_label, shooting_count, "
        "rate_per_million, false as is_partial_year from (values "
        "('all', 62, 5.0), ('white', 20, 2.5), ('black', 19, 7.5), "
        "('native', 3, 32.26), ('pacific', null, null), ('unknown', 20, null)) as t("
        "race_group, shooting_count, rate_per_million)"
    )
    rows = figures.shootings_by_race(db)
    assert {row["label"]: (row["rate"], row["is_small"]) for row in rows} == {
        **{"white": (2.5, False), "black": (None, True), "native": (None, True)},
        **{"pacific": (None, False), "unknown": (None, False)},
    }
    assert {(row["of_year"], row["unknown"]) for row in rows} == {(62, 20)}


def test_a_holiday_beside_days_of_few_incidents_is_not_compared(db):
    """In one year there were enough, in another not: that year does not count."""
    db.execute(
        "create table rpt_incidents_on_holidays as select 'here' as city, "
        "holiday_name, holiday_name as holiday_series, "
        "false as is_observed_holiday, incident_count, "
        "usual_incident_count, difference_pct from (values "
        "('New Year', 30, 20.0, 50.0), ('New Year', 40, 19.5, 105.1), "
        "('Labor Day', 1, 19.9, -95.0)) as t(holiday_name, incident_count, "
        "usual_incident_count, difference_pct)"
    )
    (found,) = city_figures.holidays(db, "here")
    names = ("holiday", "mean", "least", "most", "n")
    assert [found[name] for name in names] == ["New Year", 50.0, 50.0, 50.0, 1]


@pytest.mark.parametrize(("a_month", "cities"), [(1, set()), (2, {"Here"})])
def test_a_city_whose_first_year_has_few_incidents_has_no_index(db, a_month, cities):
    db.execute(
        "create table dim_cities as select 'here' as city, 'Here' as city_name; "
        "create table rpt_freshness_by_city as select 'here' as city, "
        "date '2024-01-01' as first_day, date '2025-12-31' as complete_through; "
        "create table rpt_incident_growth_by_month as select 'here' as city, "
        f"unnest(generate_series(date '2024-01-01', date '2025-12-01', "
        f"interval 1 month))::date as month_start, {a_month} as incident_count, "
        "false as is_partial"
    )
    assert {row["city"] for row in figures.indexed(db)} == cities


def test_tiles_count_their_days_and_say_what_is_not_covered():
    counted = Days(
        date(2026, 1, 1),
        date(2026, 3, 1),
        {
            date(2026, 3, 1): {
                **{"incidents": 19, "violent": 3, "property": 16},
                **{"arrests": 3, "known": 19},
            },
            date(2026, 2, 1): {
                **{"incidents": 40, "violent": 3, "property": 20},
                **{"arrests": 10, "known": 40},
            },
        },
    )
    none = dict.fromkeys(("incidents", "violent", "property", "arrests", "known"), 0)
    assert counted.tiles() == {
        "now": counted.counts[date(2026, 3, 1)] | {"is_covered": True},
        "before": counted.counts[date(2026, 2, 1)] | {"is_covered": True},
        "year_ago": none | {"is_covered": False},
        "so_far": {
            **{"incidents": 59, "violent": 6, "property": 36},
            **{"arrests": 13, "known": 59, "is_covered": True},
        },
        "last_year": none | {"is_covered": False},
        "days": 28,
        "year": 2026,
    }


def test_a_share_of_nothing_known_is_a_dash():
    assert wording.share(None, 50) == "–"


def test_tables_pages_and_script_call_the_same_number_small():
    script = (ROOT / "site" / "script" / "wording.js").read_text()
    macro = (ROOT / "macros" / "figures.sql").read_text()
    assert re.findall(r"SMALL = (\d+)", script) == [str(wording.SMALL)] == ["20"]
    assert "{{ count }} < 20" in macro
