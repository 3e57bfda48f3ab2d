"""Real shootings, agencies, cities and counties through the models.

What is expected is computed with pandas from the files (pandas_shootings.py),
never from the warehouse, or written out.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.support.expected import pandas_shootings, real_shootings
from tests.support.expected.real_rows import need_data
from tests.support.raw_tables import make_raw, remove
from tests.support.scratch_warehouse import Warehouse

# After the last shooting of the file, so that none is in the future.
READ_AT = datetime(2024, 4, 10, 12, tzinfo=UTC)
SHOOTINGS = "washington_post__shootings"
MODELS = ["+fct_shootings", "+fct_shooting_changes", "+dim_agencies"]
MODELS += ["+dim_counties", "+dim_county_years", "+bridge_shooting_races"]
MODELS += ["stg_washington_post__shootings_v1", "stg_*_boundaries"]
OF_THE_NEWSPAPER = {
    *("fct_shootings", "fct_shooting_changes", "dim_agencies"),
    *("bridge_shooting_agencies", "bridge_shooting_races"),
}
CHECKS = [
    "assert_agencies_are_known",
    "assert_every_agency_of_a_shooting_is_kept",
    "assert_no_shooting_is_published_twice",
    "assert_population_is_the_sum_of_its_parts",
    "assert_removed_shootings_hold_no_values",
    "assert_shooting_codes_are_in_the_seeds",
    "assert_shooting_dates_are_valid",
    "assert_shootings_lie_in_their_state",
    "assert_whole_files_are_conserved",
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One folder for the module: dbt parses the project once."""
    need_data()
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_HOME", str(folder))
        patch.setenv("BLOTTER_TARGET", "duckdb")
        yield folder


@pytest.fixture(scope="module")
def built(home: Path) -> Path:
    """A warehouse file with the real rows and every model of them.

    Under its own name, by which its views call it.
    """
    warehouse = Warehouse(home)
    rows = real_shootings.all_rows()
    for row in rows[SHOOTINGS]:
        row["loaded_at"] = READ_AT
    make_raw(warehouse.path, rows)
    statuses = warehouse.dbt("seed") | warehouse.dbt("run", "--select", *MODELS)
    assert set(statuses.values()) == {"success"}, statuses
    (home / "built").mkdir()
    return shutil.move(warehouse.path, home / "built")


@pytest.fixture
def warehouse(home: Path, built: Path) -> Warehouse:
    """The models as built, for a test to change."""
    warehouse = Warehouse(home)
    shutil.copy(built, warehouse.path)
    return warehouse


@pytest.fixture(scope="module")
def models(built: Path) -> Warehouse:
    """The models as built, to be read only."""
    return Warehouse(Path(built).parent)


@pytest.fixture(scope="module")
def published(home: Path) -> pd.DataFrame:
    return real_shootings.read(real_shootings.SHOOTINGS)


def by_id(models: Warehouse, *columns: str) -> dict[str, tuple]:
    """Columns of the fact by shooting."""
    wanted = ", ".join(columns)
    rows = models.query(f"select shooting_id, {wanted} from marts.fct_shootings")
    return {row[0]: row[1:] for row in rows}


# The fact


def test_every_shooting_is_in_the_fact_with_its_published_values(models, published):
    columns = ["shooting_date::text", "name", "age::text", "gender", "race"]
    columns += ["race_source", "armed_with", "threat_type", "flee_status", "city"]
    columns += ["county", "state_id", "location_precision"]
    fact = by_id(models, *columns)

    assert len(published) == 9_518
    fields = ["date", "name", "age", "gender", "race", "race_source", "armed_with"]
    fields += ["threat_type", "flee_status", "city", "county", "state"]
    fields += ["location_precision"]
    # A few names and places were published with blanks around.
    expected = {
        row["id"]: tuple(row[name].strip() if row[name] else None for name in fields)
        for row in published.to_dict("records")
    }
    # By id: the rows name persons.
    assert {key for key in expected if fact.get(key) != expected[key]} == set()
    assert set(fact) == set(expected)


def test_truth_values_and_coordinates_are_as_published(models, published):
    fact = by_id(
        *(models, "is_mental_illness_related", "has_body_camera", "latitude"),
        *("longitude", "has_unparsed_values", "shooting_year", "day_of_year"),
    )

    unparsed = 0
    for row in published.itertuples():
        mental, camera, latitude, longitude, is_unparsed, year, day = fact[row.id]
        assert (str(mental), str(camera)) == (
            row.was_mental_illness_related,
            row.body_camera,
        )
        assert latitude == (float(row.latitude) if row.latitude else None)
        # One longitude was published without its decimal point.
        if row.longitude and abs(float(row.longitude)) > 180:
            assert (longitude, is_unparsed) == (None, True)
            unparsed += 1
        else:
            assert longitude == (float(row.longitude) if row.longitude else None)
            assert not is_unparsed
        timetuple = date.fromisoformat(row.date).timetuple()
        assert (year, day) == (timetuple.tm_year, timetuple.tm_yday)
    assert unparsed == 1


def test_what_is_not_recorded_is_told_from_a_no(models):
    def counted(label):
        return dict(
            models.query(
                f"select {label}, count(*) from marts.fct_shootings group by 1"
            )
        )

    # Counts of the file's own codes and empty cells.
    assert counted("flee_status_label") == {
        "not fleeing": 5_113,
        "fleeing by car": 1_504,
        "not recorded": 1_304,
        "fleeing on foot": 1_246,
        "fleeing in another way": 351,
    }
    assert counted("gender_label") == {
        "male": 9_073,
        "female": 418,
        "not recorded": 26,
        "non-binary": 1,
    }
    assert counted("mental_illness_label") == {"no": 7_616, "yes": 1_902}
    assert counted("body_camera_label") == {"no": 7_917, "yes": 1_601}
    assert counted("threat_type_label")["not recorded"] == 68
    armed = counted("armed_with_label")
    assert armed["unarmed"] == 541
    assert armed["not recorded"] == 212
    assert armed["not known whether armed"] == 397
    assert armed["armed, weapon not known"] == 143
    assert armed["gun and vehicle"] == 38
    assert armed["vehicle and knife and other weapon"] == 1


def test_every_row_carries_license_and_attribution(models):
    assert models.query(
        "select distinct source_licence, source_attribution from marts.fct_shootings"
    ) == [
        (
            "Attribution-NonCommercial-ShareAlike 4.0 International (CC BY-NC-SA 4.0)",
            "The Washington Post, Fatal Force database",
        )
    ]


def test_marts_of_the_newspapers_rows_name_their_license_in_a_comment(models):
    comments = dict(
        models.query(
            "select table_name, comment from duckdb_tables()"
            " where schema_name = 'marts'"
        )
    )
    licensed = {
        name
        for name, comment in comments.items()
        if "The Washington Post" in comment and "CC BY-NC-SA 4.0" in comment
    }

    assert licensed == OF_THE_NEWSPAPER


# Agencies and races


def test_all_612_shootings_of_several_agencies_keep_every_one(models, published):
    expected = {
        (row.id, agency, position)
        for row in published.itertuples()
        for position, agency in enumerate(row.agency_ids.split(";"), start=1)
    }
    bridge = models.query("from marts.bridge_shooting_agencies")

    assert len(bridge) == len(expected) == 10_259
    assert set(bridge) == expected
    several = "select count(*) from marts.fct_shootings where agency_count > 1"
    assert models.query(several) == [(612,)]


def test_races_are_kept_apart_and_grouped_once(models, published):
    expected = {
        (row.id, race, position)
        for row in published.itertuples()
        if row.race
        for position, race in enumerate(row.race.split(";"), start=1)
    }
    bridge = models.query(
        "select shooting_id, race_code, position from marts.bridge_shooting_races"
    )
    groups = by_id(models, "race_group")

    assert len(bridge) == len(expected) == 8_415
    assert set(bridge) == expected
    for row in published.itertuples():
        assert groups[row.id] == (pandas_shootings.race_group(row.race),)
    assert Counter(group for (group,) in groups.values()) == {
        "white": 4_288,
        "black": 2_239,
        # 1,548 of H alone, two of B;H, one of N;H and of W;H
        "hispanic": 1_552,
        "unknown": 1_111,
        "asian": 167,
        "native_american": 128,
        "other": 30,
        "two_or_more": 3,
    }


# Counties


@pytest.fixture(scope="module")
def matched(published: pd.DataFrame) -> pd.DataFrame:
    """Counties by the rule as pandas has it."""
    unemployment = pd.DataFrame(real_shootings.unemployment_2016())
    cities = pd.DataFrame(real_shootings.cities())
    states = dict(zip(cities.county_fips.str[:2], cities.state_id, strict=True))
    names = pandas_shootings.county_names(unemployment, cities)
    return pandas_shootings.match_counties(
        published,
        pandas_shootings.Counties(names, states),
        pandas_shootings.cities_by_name(cities),
    )


def test_counties_are_matched_as_an_independent_reading_of_the_rule_does(
    models, matched
):
    expected = {
        row[0]: tuple(row[1:])
        for row in matched.astype(object).where(matched.notna(), None).itertuples()
    }

    assert by_id(models, *matched.columns) == expected


def test_how_many_counties_are_found_in_which_way(models):
    counts = models.query(
        "select county_match, count(*) from marts.fct_shootings group by 1"
    )
    by_city = "select count(county_fips_by_city) from marts.fct_shootings"

    # As the independent reading counts them, too.
    assert dict(counts) == {
        "city_and_county": 4_070,
        "city": 4_151,
        "county": 689,
        "city_is_county": 305,
        "none": 303,
    }
    assert models.query(by_city) == [(8_402,)]


def test_new_york_is_in_the_county_that_the_publisher_names(models):
    found = models.query(
        "select distinct county, county_fips from marts.fct_shootings"
        " where city = 'New York' and county is not null order by 1"
    )

    assert found == [
        ("Bronx", "36005"),
        ("Kings", "36047"),
        ("New York", "36061"),
        ("Queens", "36081"),
    ]


def test_every_county_of_the_files_is_known_with_its_state(models):
    cities = pd.DataFrame(real_shootings.cities())
    labor = pd.DataFrame(real_shootings.unemployment_2016())
    expected = pandas_shootings.county_names(labor, cities)
    california = pd.DataFrame(real_shootings.population_of_california())
    counties = models.query("select county_fips, county_name from marts.dim_counties")

    # San Francisco is "County/city" to the bureau, Oglala Lakota's new code is in both.
    codes = "06" + california.county.str.zfill(3)
    expected |= dict(zip(codes, california.ctyname, strict=True))
    assert len(counties) == 3_230
    assert dict(counties) == expected


def test_population_of_california_is_the_files(models):
    rows = pd.DataFrame(real_shootings.population_of_california())
    sums = rows.filter(regex="_male|_female|tot_pop").astype(int).sum()
    groups = models.query(
        "select race_group, sex, sum(population)::int"
        " from marts.dim_county_population group by all"
    )

    assert len(groups) == 14
    for group, sex, population in groups:
        prefix = {
            "white": "nhwa",
            "black": "nhba",
            "asian": "nhaa",
            "native_american": "nhia",
            "pacific_islander": "nhna",
            "two_or_more": "nhtom",
            "hispanic": "h",
        }[group]
        assert population == sums[f"{prefix}_{sex}"]
    assert sum(population for *_, population in groups) == sums.tot_pop == 39_512_223
    # The file has Hispanics of each race, too, which are not loaded but reckoned.
    file = real_shootings.read(real_shootings.POPULATION).set_index("COUNTY")
    races = {"white": "WA", "black": "BA", "asian": "AA", "native_american": "IA"}
    races |= {"pacific_islander": "NA", "two_or_more": "TOM"}
    assert {
        row[:5]: row[5]
        for row in models.query(
            "select county_fips, year, sex, race, is_hispanic, population"
            " from marts.dim_county_population"
        )
    } == {
        (f"06{county:0>3}", 2019, sex, race, is_hispanic): int(
            file.loc[county, f"{origin}{column}_{sex.upper()}"]
        )
        for county in file.index
        for sex in ("male", "female")
        for race, column in races.items()
        for is_hispanic, origin in ((True, "H"), (False, "NH"))
    }
    los_angeles = "county_fips = '06037' and year = 2019"
    assert models.query(
        f"select population from marts.dim_county_years where {los_angeles}"
    ) == [(10_039_107,)]


def test_unemployment_of_2016_is_the_files(models):
    rows = pd.DataFrame(real_shootings.unemployment_2016())
    numbers = ["labor_force", "unemployed", "unemployment_rate"]
    for name in numbers:
        rows[name] = rows[name].str.replace(",", "").str.strip().astype(float)
    expected = {
        row.state_fips + row.county_fips: tuple(getattr(row, name) for name in numbers)
        for row in rows.itertuples()
    }
    labor = models.query(
        f"select county_fips, {', '.join(numbers)} from marts.dim_county_years"
        " where year = 2016"
    )

    assert len(expected) == 3_219
    assert {row[0]: row[1:] for row in labor} == expected


def test_the_first_edition_has_the_same_columns_and_all_of_its_rows(models):
    columns = (
        "select column_name from duckdb_columns() where schema_name = 'staging'"
        " and table_name = 'stg_washington_post__shootings{}' order by column_index"
    )
    rows = "select count(*), count(shooting_date), count(latitude)"

    assert models.query(columns.format("_v1")) == models.query(columns.format(""))
    assert models.query(f"{rows} from staging.stg_washington_post__shootings_v1") == [
        (8_002, 8_002, 8_002 - 840)
    ]


# Changes of the newspaper


def test_a_removed_shooting_leaves_no_trace_until_it_is_restored(warehouse):
    refresh = ("run", "--select", "fct_shootings+", "fct_shooting_changes", "bridge_*")
    first, second, third = (READ_AT + timedelta(days=day) for day in (1, 2, 3))
    kept = {"date": "2024-04-01", "agency_ids": "1;2", "race": "B", "state": "CA"}
    row = {"row_id": "made-up", "id": "made-up", "name": "Jane Roe", **kept}
    make_raw(warehouse.path, {SHOOTINGS: [{**row, "loaded_at": first}]})
    make_raw(warehouse.path, {SHOOTINGS: [{**row, "age": "41", "loaded_at": second}]})
    warehouse.dbt(*refresh)
    one = "where shooting_id = 'made-up'"
    log = "select change, changed_fields from marts.fct_shooting_changes"
    log = f"{log} {one} order by changed_at"

    assert warehouse.query(f"select age from marts.fct_shootings {one}") == [(41,)]
    assert warehouse.query(log) == [("added", None), ("changed", "age")]

    remove(warehouse.path, SHOOTINGS, ["made-up"], third)
    warehouse.dbt(*refresh)
    for model in OF_THE_NEWSPAPER - {"dim_agencies", "fct_shooting_changes"}:
        assert warehouse.query(f"from marts.{model} {one}") == []
    assert warehouse.query(log) == [
        *(("added", None), ("changed", None), ("removed", None)),
    ]

    back = {**row, "loaded_at": third + timedelta(days=1)}
    make_raw(warehouse.path, {SHOOTINGS: [back]})
    warehouse.dbt(*refresh)
    assert warehouse.query(f"select age from marts.fct_shootings {one}") == [(None,)]
    assert warehouse.query(log)[-1] == ("restored", None)
    assert warehouse.query(
        f"select count(*) from marts.bridge_shooting_agencies {one}"
    ) == [(2,)]
    statuses = warehouse.dbt("test", "--select", "assert_whole_files_are_conserved")
    assert set(statuses.values()) == {"pass"}


# Checks of the data


def test_the_real_files_pass_every_check_but_for_known_slips(warehouse):
    statuses = warehouse.dbt(
        "test",
        *("--select", *MODELS, *CHECKS, "--exclude-resource-type", "unit_test"),
        "--indirect-selection=buildable",
    )

    assert set(CHECKS) <= set(statuses)
    assert {name for name, status in statuses.items() if status != "pass"} == {
        "assert_no_shooting_is_published_twice",
        "assert_shootings_lie_in_their_state",
    }


BROKEN = {
    "assert_agencies_are_known": (
        "delete from marts.dim_agencies where agency_id in ('38', '80', '105')",
        "fail",
    ),
    "assert_every_agency_of_a_shooting_is_kept": (
        "delete from marts.bridge_shooting_agencies where shooting_id = '3'",
        "fail",
    ),
    "assert_no_shooting_is_published_twice": (
        "insert into raw_washington_post.shootings by name select * replace"
        " ('twin' as row_id) from raw_washington_post.shootings where row_id = '5'",
        "warn",
    ),
    "assert_population_is_the_sum_of_its_parts": (
        "update staging.base_census__county_population set nhba_male = nhba_female",
        "fail",
    ),
    "assert_removed_shootings_hold_no_values": (
        "insert into marts.fct_shooting_changes by name select * replace"
        " ('removed' as change, changed_at + interval 1 day as changed_at)"
        " from marts.fct_shooting_changes where shooting_id = '3'",
        "fail",
    ),
    "assert_shooting_codes_are_in_the_seeds": (
        "update raw_washington_post.shootings set armed_with = 'gun;laser'"
        " where row_id = '4'",
        "warn",
    ),
    "assert_shooting_dates_are_valid": (
        "update marts.fct_shootings set shooting_date = null where shooting_id = '9'",
        "warn",
    ),
    "assert_whole_files_are_conserved": (
        "delete from marts.fct_shootings where shooting_id = '11'",
        "fail",
    ),
    "relationships_fct_shootings_county_fips__county_fips__ref_dim_counties_": (
        "delete from marts.dim_counties where county_fips = '06037'",
        "fail",
    ),
    "unique_and_not_null_fct_shootings_shooting_id": (
        "insert into marts.fct_shootings from marts.fct_shootings limit 1",
        "fail",
    ),
}


def test_each_check_finds_what_it_is_for(warehouse):
    for sql, _ in BROKEN.values():
        warehouse.change(sql)

    statuses = warehouse.dbt("test", "--select", *BROKEN)

    assert statuses == {name: status for name, (_, status) in BROKEN.items()}


def test_groups_of_age_must_add_up_too(warehouse):
    check = "assert_population_is_the_sum_of_its_parts"
    ages = (
        "insert into staging.base_census__county_population select * replace"
        " (row_id || '-{age}' as row_id, {age} as age_group, false as is_total_age,"
        " {persons} as tot_pop) from staging.base_census__county_population"
        " where county_fips = '06003' and is_total_age"
    )

    # Alpine County has 1,129 residents.
    warehouse.change(ages.format(age=1, persons=1_000))
    assert warehouse.dbt("test", "--select", check) == {check: "fail"}
    warehouse.change(ages.format(age=18, persons=129))
    assert warehouse.dbt("test", "--select", check) == {check: "pass"}


def test_many_dates_out_of_range_fail(warehouse):
    warehouse.change(
        "update marts.fct_shootings set shooting_date = null where shooting_id in"
        " (select shooting_id from marts.fct_shootings limit 11)"
    )
    check = "assert_shooting_dates_are_valid"
    assert warehouse.dbt("test", "--select", check) == {check: "fail"}
