"""The reports of shootings: by hand, by pandas on made-up rows and on the real ones."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.support import made_up_shootings
from tests.support.expected import pandas_shooting_reports as by_pandas
from tests.support.expected import real_shootings
from tests.support.expected.pandas_shootings import race_group
from tests.support.expected.real_rows import DATA, need_data
from tests.support.made_up_shootings import Drawn, drawn, make_models
from tests.support.raw_tables import make_raw
from tests.support.scratch_warehouse import Warehouse

COLUMNS = {
    "rpt_shootings_by_state_and_year": (
        ["state_id", "year"],
        "is_partial_year, shooting_count, population, rate_per_million, "
        "is_small_number, unemployment_rate, mental_illness_count, mental_illness_pct, "
        "body_camera_count, race_unknown_count",
    ),
    "rpt_shootings_by_county": (
        ["state_id", "county_fips", "year"],
        "is_partial_year, shooting_count, population, rate_per_million, "
        "is_small_number, unemployment_rate, mental_illness_count, mental_illness_pct, "
        "matched_by_city_and_county_count, matched_by_county_count, "
        "matched_by_city_count, matched_by_city_is_county_count",
    ),
    "rpt_shootings_by_race_and_year": (
        ["year", "race_group"],
        "is_partial_year, shooting_count, shooting_pct, population, rate_per_million, "
        "is_small_number, race_unknown_pct",
    ),
    "rpt_shootings_by_state_race_and_year": (
        ["state_id", "year", "race_group"],
        "is_partial_year, shooting_count, shooting_pct, population, rate_per_million, "
        "is_small_number, race_unknown_pct",
    ),
    "rpt_shootings_by_agency": (
        ["agency_id"],
        "shooting_count, published_shooting_count, first_shooting_date, "
        "last_shooting_date, mental_illness_count, mental_illness_pct",
    ),
    "rpt_shootings_cumulative_by_day": (
        ["date_day"],
        "year, day_of_year, is_partial_year, shooting_count, cumulative_shooting_count",
    ),
}
# What two of the reports are made of.
BY_RACE = "int_shootings_by_state_race_and_year"
MODELS = ["--resource-type", "seed", "--resource-type", "model"]
CHECKS = (
    "assert_reports_conserve_shootings",
    "assert_shooting_report_figures_are_in_range",
    "assert_shootings_lie_within_coverage",
)


def answer(warehouse: Warehouse, report: str) -> dict:
    """Figures of a report by its key."""
    keys, figures = COLUMNS[report]
    rows = warehouse.query(f"select {', '.join(keys)}, {figures} from marts.{report}")
    found = {row[: len(keys)]: row[len(keys) :] for row in rows}
    assert len(found) == len(rows) > 0
    if len(keys) == 1:
        return {key: figures for (key,), figures in found.items()}
    return found


def assert_same(found: dict, expected: dict) -> None:
    """Equal, and if not, tell the first keys that differ."""
    differing = [key for key in expected if found.get(key) != expected[key]]
    told = [(key, found.get(key), expected[key]) for key in differing[:3]]
    assert not differing, f"{len(differing)} differ, (key, found, expected): {told}"
    assert found.keys() == expected.keys()


def warehouse_in(home: Path, patch: pytest.MonkeyPatch) -> Warehouse:
    patch.setenv("BLOTTER_HOME", str(home))
    patch.setenv("BLOTTER_TARGET", "duckdb")
    return Warehouse(home)


def build(warehouse: Warehouse, *select: str) -> None:
    statuses = warehouse.dbt("build", *MODELS, "--select", *select)
    assert {*statuses.values()} <= {"success"}, statuses


# --- a state small enough to reckon by hand


@pytest.fixture(scope="module")
def small_state(tmp_path_factory) -> Iterator[Warehouse]:
    with pytest.MonkeyPatch.context() as patch:
        warehouse = warehouse_in(tmp_path_factory.mktemp("small"), patch)
        make_raw(warehouse.path, made_up_shootings.small_state())
        build(warehouse, "+rpt_shootings_*")
        yield warehouse


def test_a_small_state_has_counts_and_residents_and_no_rate_of_five(small_state):
    found = answer(small_state, "rpt_shootings_by_state_and_year")
    # Residents: 2 x (150,000 + 20,000 + 25,000) + 2 x (50,000 + 5,000) = 500,000.
    # 12,500 of 250,000 are 5 %; neither 10 per million nor 40 % of five are told.
    assert found["VT", 2019] == (
        *(False, 5, 500_000, None, True, Decimal("5.0"), 2, None, 1, 1),
    )
    assert found["VT", 2020] == (True, 1, None, None, True, None, 0, None, 0, 0)
    assert found["ME", 2019] == (False, 0, None, None, True, None, 0, None, 0, 0)
    assert len(found) == 51 * 2


def test_residents_by_race_are_those_of_the_same_group(small_state):
    found = answer(small_state, "rpt_shootings_by_state_race_and_year")
    figures = {race: found["VT", 2019, race][1:5] for race in by_pandas.RACES}
    assert figures == {
        "white": (2, None, 400_000, None),
        "black": (1, None, 40_000, None),
        "hispanic": (1, None, 50_000, None),  # published as B;H
        "asian": (0, None, 10_000, None),
        "unknown": (1, None, None, None),
        "other": (0, None, None, None),
        "native_american": (0, None, 0, None),
        "two_or_more": (0, None, 0, None),
        "pacific_islander": (None, None, 0, None),
    }
    assert found["VT", 2019, "all"] == (False, 5, None, 500_000, None, True, None)
    of_all_states = answer(small_state, "rpt_shootings_by_race_and_year")
    assert of_all_states[2019, "black"] == found["VT", 2019, "black"]


def test_a_shooting_without_a_county_is_kept_beside_the_counties(small_state):
    found = answer(small_state, "rpt_shootings_by_county")
    four, nine = Decimal("4.0"), Decimal("9.0")
    assert found == {
        # 8,000 of 200,000 without work
        ("VT", "50001", 2019): (
            *(False, 3, 390_000, None, True, four),
            *(1, None, 1, 0, 1, 1),
        ),
        # 4,500 of 50,000
        ("VT", "50003", 2019): (
            *(False, 1, 110_000, None, True, nine),
            *(0, None, 0, 1, 0, 0),
        ),
        ("VT", None, 2019): (False, 1, None, None, True, None, 1, None, 0, 0, 0, 0),
        ("VT", "50001", 2020): (True, 1, None, None, True, None, 0, None, 1, 0, 0, 0),
    }


def test_both_agencies_of_a_shooting_count_it(small_state):
    first, march, last = date(2019, 1, 5), date(2019, 12, 1), date(2020, 1, 2)
    assert answer(small_state, "rpt_shootings_by_agency") == {
        "1": (4, 5, first, last, 2, None),
        "2": (3, 2, first, march, 1, None),
        "3": (0, 0, None, None, 0, None),
    }


def test_the_count_of_a_year_grows_day_by_day(small_state):
    found = answer(small_state, "rpt_shootings_cumulative_by_day")
    assert len(found) == 365 + 2
    assert found[date(2019, 1, 4)] == (2019, 4, False, 0, 0)
    assert found[date(2019, 1, 5)] == (2019, 5, False, 1, 1)
    assert found[date(2019, 3, 10)] == (2019, 31 + 28 + 10, False, 2, 3)
    assert found[date(2019, 12, 31)] == (2019, 365, False, 0, 5)
    assert found[date(2020, 1, 1)] == (2020, 1, True, 0, 0)
    assert found[date(2020, 1, 2)] == (2020, 2, True, 1, 1)


def test_the_unit_tests_of_the_reports_pass(small_state):
    statuses = small_state.dbt(
        *("test", "--select", "test_type:unit,rpt_shootings_*"),
        *("test_type:unit,int_shooting_days", f"test_type:unit,{BY_RACE}"),
    )
    assert {*statuses.values()} == {"pass"}, statuses
    assert len(statuses) == 11


# --- many made-up rows, with every gap


@pytest.fixture(scope="module")
def facts() -> Drawn:
    return drawn()


@pytest.fixture(scope="module")
def made_up(facts, tmp_path_factory) -> Iterator[Warehouse]:
    with pytest.MonkeyPatch.context() as patch:
        warehouse = warehouse_in(tmp_path_factory.mktemp("made_up"), patch)
        make_models(warehouse.path, facts)
        seeds = ("us_states", "race_groups", "+dim_publishers")
        build(warehouse, *seeds, "int_shooting_days", BY_RACE, *COLUMNS)
        yield warehouse


def test_reports_of_made_up_rows_equal_pandas(made_up, facts):
    expected = {
        "rpt_shootings_by_state_and_year": by_pandas.by_state_and_year(
            facts.shootings, facts.residents, facts.workers
        ),
        "rpt_shootings_by_county": by_pandas.by_county(
            facts.shootings, facts.residents, facts.workers
        ),
        "rpt_shootings_by_race_and_year": by_pandas.by_race(
            facts.shootings, facts.residents
        ),
        "rpt_shootings_by_state_race_and_year": by_pandas.by_state_and_race(
            facts.shootings, facts.residents
        ),
        "rpt_shootings_by_agency": by_pandas.by_agency(
            facts.shootings, facts.agencies_of, facts.published
        ),
        "rpt_shootings_cumulative_by_day": by_pandas.by_day(facts.shootings),
    }
    assert expected.keys() == COLUMNS.keys()
    for report, figures in expected.items():
        assert_same(answer(made_up, report), figures)


def test_the_made_up_rows_reach_every_rule(made_up):
    states = answer(made_up, "rpt_shootings_by_state_and_year")
    assert {key[0] for key in states} >= {"PR", "ZZ", "Unknown"}
    assert states["VT", 2019][1] == 0  # a year without a shooting
    assert {figures[4] for figures in states.values()} == {True, False}
    races = answer(made_up, "rpt_shootings_by_race_and_year")
    known = {year for year, race in races if races[year, "all"][4] is not None}
    assert known == {2018}  # 2020 lacks Rhode Island's residents, 2021 Vermont's
    agencies = answer(made_up, "rpt_shootings_by_agency").values()
    assert any(figures[0] == 0 for figures in agencies)
    assert any(figures[1] is None for figures in agencies)


@pytest.mark.parametrize(
    ("check", "damage"),
    [
        *(
            (0, f"update {report} set shooting_count = shooting_count + 1 {rows}")
            for report, rows in [
                ("rpt_shootings_by_state_and_year", "where state_year_id = 'ME:2018'"),
                ("rpt_shootings_by_county", "where county_year_id = '50001:2018'"),
                ("rpt_shootings_by_race_and_year", "where year_race_id = '2018:all'"),
                ("rpt_shootings_by_race_and_year", "where year_race_id = '2018:white'"),
                ("rpt_shootings_by_agency", "where agency_id = '7'"),
                ("rpt_shootings_cumulative_by_day", "where day_of_year = 300"),
            ]
        ),
        (0, "delete from rpt_shootings_by_state_race_and_year where year = 2018"),
        (0, "delete from rpt_shootings_cumulative_by_day"),
        (1, "update rpt_shootings_by_state_and_year set mental_illness_pct = 101"),
        (1, "update rpt_shootings_by_state_and_year set rate_per_million = null"),
        (1, "update rpt_shootings_by_county set matched_by_city_count = 0"),
        (1, "update rpt_shootings_by_race_and_year set is_small_number = true"),
        (1, "update rpt_shootings_by_state_race_and_year set race_unknown_pct = 7"),
        (1, "update rpt_shootings_by_agency set last_shooting_date = '2000-01-01'"),
        (1, "update rpt_shootings_cumulative_by_day set cumulative_shooting_count = 0"),
        (2, "update fct_shootings set shooting_date = '2025-01-01'"),
        (2, "update fct_shootings set shooting_date = '2014-12-31'"),
    ],
)
def test_a_wrong_figure_fails_a_check(made_up, checks, check, damage):
    with duckdb.connect(str(made_up.path)) as connection:
        connection.execute("use marts").begin()
        connection.execute(damage)
        assert connection.execute(checks[check]).fetchall()
        connection.rollback()
        assert not connection.execute(checks[check]).fetchall()


@pytest.fixture(scope="module")
def checks(made_up) -> list[str]:
    """The checks' SQL, which dbt runs after every build."""
    assert {*made_up.dbt("test", "--select", *CHECKS).values()} == {"pass"}
    compiled = made_up.home / "target" / "compiled" / "blotter" / "tests" / "dbt"
    return [(compiled / f"{name}.sql").read_text() for name in CHECKS]


# --- the real rows


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Iterator[Warehouse]:
    need_data()
    rows = real_shootings.all_rows()
    rows["bls__county_unemployment"] += unemployment_2019().to_dict("records")
    with pytest.MonkeyPatch.context() as patch:
        warehouse = warehouse_in(tmp_path_factory.mktemp("real"), patch)
        make_raw(warehouse.path, rows)
        build(warehouse, "+rpt_shootings_*")
        assert {*warehouse.dbt("test", "--select", *CHECKS).values()} == {"pass"}
        yield warehouse


def unemployment_2019() -> pd.DataFrame:
    """All counties of a cleaned copy, as raw rows; the file's name tells the year."""
    path = DATA / "us_demographics" / "laucnty19.xlsx"
    rows = pd.read_excel(path, dtype=str, engine="calamine")
    rows = rows.rename(columns={"name": "county"}).assign(file_name=path.name)
    return rows.assign(row_id=rows.state_fips + rows.county_fips)


@pytest.fixture(scope="module")
def published(real) -> pd.DataFrame:
    """The file's shootings; the county as matched, which test_shootings.py checks."""
    rows = real_shootings.read(real_shootings.SHOOTINGS)
    matched = real.query(
        "select shooting_id, county_fips, county_match from marts.fct_shootings"
    )
    matched = {key: values for key, *values in matched}
    assert matched.keys() == {*rows.id}
    return pd.DataFrame(
        {
            "shooting_id": rows.id,
            "day": [date.fromisoformat(day) for day in rows.date],
            "state": rows.state,
            "county": [matched[key][0] for key in rows.id],
            "match": [matched[key][1] for key in rows.id],
            "race": rows.race.map(race_group),
            "mental": rows.was_mental_illness_related == "True",
            "camera": rows.body_camera == "True",
        }
    )


@pytest.fixture(scope="module")
def residents() -> pd.DataFrame:
    """California's on 1 July 2019 by county and group, from the cut census file."""
    need_data()
    columns = {
        **{"NHWA": "white", "NHBA": "black", "NHAA": "asian", "H": "hispanic"},
        **{"NHIA": "native_american", "NHNA": "pacific_islander"},
        "NHTOM": "two_or_more",
    }
    file = real_shootings.read(real_shootings.POPULATION)
    parts = [
        pd.DataFrame(
            {
                "county": "06" + file.COUNTY.str.zfill(3),
                **{"state": "CA", "year": 2019, "race": race},
                "population": file[f"{column}_{sex}"].astype(int),
            }
        )
        for column, race in columns.items()
        for sex in ("MALE", "FEMALE")
    ]
    return pd.concat(parts)


@pytest.fixture(scope="module")
def workers() -> pd.DataFrame:
    """All counties in 2016, whose numbers have commas and blanks, and in 2019."""
    need_data()
    file = real_shootings.read(real_shootings.UNEMPLOYMENT)
    file.columns = file.columns.str.strip()
    copy = unemployment_2019()
    numbers = [
        file[name].str.replace(",", "").str.strip().replace("N.A.", None)
        for name in ("Labor Force", "Unemployed")
    ]
    of_2016 = pd.DataFrame(
        {
            "county": file["State FIPS Code"] + file["County FIPS Code"],
            "state": file["County Name/State Abbreviation"].str[-2:],
            **{"year": 2016, "labor_force": numbers[0], "unemployed": numbers[1]},
        }
    )
    of_2019 = pd.DataFrame(
        {
            "county": copy.state_fips + copy.county_fips,
            "state": copy.county.str[-2:],
            **{"year": 2019, "labor_force": copy.labor_force},
            "unemployed": copy.unemployed,
        }
    )
    rows = pd.concat([of_2016, of_2019], ignore_index=True)
    rows.loc[rows.county == "11001", "state"] = "DC"  # is named without its state
    numbers = rows[["labor_force", "unemployed"]].apply(pd.to_numeric)
    return rows.assign(**numbers)


def test_california_2019_by_race_is_this_arithmetic(real, published, residents):
    own = by_pandas.dated(published).query("state == 'CA' and year == 2019")
    assert Counter(own.race) == {
        **{"hispanic": 46, "white": 34, "black": 24, "asian": 9},
        **{"native_american": 2, "unknown": 20},
    }
    assert residents.groupby("race").population.sum().to_dict() == {
        **{"hispanic": 15_574_880, "white": 14_423_748, "black": 2_221_363},
        **{"asian": 5_869_038, "native_american": 162_336},
        **{"two_or_more": 1_114_409, "pacific_islander": 146_449},
    }
    found = answer(real, "rpt_shootings_by_state_race_and_year")
    rates = {race: found["CA", 2019, race][4] for race in by_pandas.RACES}
    assert rates == {
        "hispanic": Decimal("2.95"),  # 46 / 15.574880 million = 2.9535
        "white": Decimal("2.36"),  # 34 / 14.423748 million = 2.3572
        "black": Decimal("10.80"),  # 24 / 2.221363 million = 10.8042
        # 9, 2 and 0 shootings, too few for a rate
        **dict.fromkeys(["asian", "native_american", "two_or_more"]),
        **dict.fromkeys(["other", "unknown", "pacific_islander"]),
    }
    shares = {race: found["CA", 2019, race][2] for race in ("white", "black", "asian")}
    assert shares == {
        "white": Decimal("25.19"),  # 34 / 135
        "black": Decimal("17.78"),  # 24 / 135
        "asian": Decimal("6.67"),  # 9 / 135
    }
    # 135 / 39.512223 million = 3.4167; the race of 20 / 135 is not published.
    everyone = (100, 39_512_223, Decimal("3.42"), False, Decimal("14.81"))
    assert found["CA", 2019, "all"] == (False, 135, *everyone)
    small = {race for race in rates if found["CA", 2019, race][5]}
    assert small == {"asian", "native_american", "two_or_more", "other"}
    # No other state's residents are known here: the country has no rates.
    of_all_states = answer(real, "rpt_shootings_by_race_and_year")
    assert {figures[3] for figures in of_all_states.values()} == {None}


def test_real_states_and_counties_equal_pandas(real, published, residents, workers):
    found = answer(real, "rpt_shootings_by_state_and_year")
    frames = (published, residents, workers)
    assert_same(found, by_pandas.by_state_and_year(*frames))
    assert len(found) == 51 * 10
    assert found["CA", 2019][:5] == (False, 135, 39_512_223, Decimal("3.42"), False)
    assert [year for state, year in found if found[state, year][0]] == [2024] * 51
    found = answer(real, "rpt_shootings_by_county")
    assert_same(found, by_pandas.by_county(*frames))
    assert sum(figures[1] for figures in found.values()) == 9_518


def test_real_races_equal_pandas(real, published, residents):
    found = answer(real, "rpt_shootings_by_race_and_year")
    assert_same(found, by_pandas.by_race(published, residents))
    unknown = sum(found[year, "unknown"][1] for year in range(2015, 2025))
    assert unknown == 1_111
    found = answer(real, "rpt_shootings_by_state_race_and_year")
    assert_same(found, by_pandas.by_state_and_race(published, residents))


def test_real_agencies_and_days_equal_pandas(real, published):
    shootings = real_shootings.read(real_shootings.SHOOTINGS)
    agencies_of = {
        key: [*dict.fromkeys(ids.split(";"))]
        for key, ids in zip(shootings.id, shootings.agency_ids, strict=True)
    }
    listed = real_shootings.read(real_shootings.AGENCIES)
    listed = dict(zip(listed.id, listed.total_shootings.astype(int), strict=True))
    found = answer(real, "rpt_shootings_by_agency")
    assert_same(found, by_pandas.by_agency(published, agencies_of, listed))
    assert sum(figures[0] for figures in found.values()) > 9_518 + 612
    found = answer(real, "rpt_shootings_cumulative_by_day")
    assert_same(found, by_pandas.by_day(published))
    assert found[date(2024, 4, 4)][:3] == (2024, 95, True)
    assert len(found) == 365 * 9 + 2 + 95  # 2016 and 2020 are leap years
