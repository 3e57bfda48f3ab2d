"""Real rows of four cities, from files through the command line to the reports.

What is expected is computed with pandas from the files and the seeds (real_facts.py),
never from the warehouse, or written out.
"""

from collections import Counter
from dataclasses import dataclass

import duckdb
import pandas as pd
import pytest

from demo.portal.server import Portal, serve
from demo.stock import publish
from tests.support import live_portal as live
from tests.support.expected import real_facts, real_rows

ROWS = {
    "san_francisco__incidents": 7_962 + 500,
    "chicago__incidents": 1_000,
    "chicago__recent_incidents": 6_201,
    "memphis__incidents": 1_506,
    "cambridge__incidents": 20,
}
# Cells without a value, by raw column; columns that a file lacks have none at all.
NULLS = {
    "san_francisco__incidents": {
        "cad_number": 1_829 + 239,
        "filed_online": 6_234 + 269,
        **dict.fromkeys(["intersection", "cnn", "analysis_neighborhood"], 389 + 48),
        **dict.fromkeys(["supervisor_district", "latitude", "longitude"], 389 + 48),
        **dict.fromkeys(["supervisor_district_2012", "data_as_of"], 8_462),
        "data_loaded_at": 8_462,
    },
    "chicago__incidents": {
        "location_description": 8,
        **dict.fromkeys(["x_coordinate", "y_coordinate", "latitude", "longitude"], 1),
    },
    "chicago__recent_incidents": {
        "_location_description": 16,
        **dict.fromkeys(["beat", "ward", "x_coordinate", "y_coordinate"], 6_201),
        **dict.fromkeys(["latitude", "longitude"], 6_201),
    },
    "memphis__incidents": {
        **dict.fromkeys(["nibrs_group", "nibrs_offense_group", "city"], 1_506),
        **dict.fromkeys(["street_address", "precinct", "ward"], 1_506),
        "ucr_incident_code": 1_506,
    },
    "cambridge__incidents": {"subtype": 5},
}
# Columns that no program had changed before they were saved.
UNTOUCHED = {
    "san_francisco__incidents": [
        *("incident_id", "incident_number", "incident_code", "cad_number", "cnn"),
        *("incident_time", "incident_year", "incident_day_of_week", "filed_online"),
        *("report_type_code", "intersection", "latitude", "longitude"),
    ],
    "chicago__incidents": [
        *("id", "case_number", "date", "iucr", "fbi_code", "year", "updated_on"),
        *("location_description", "latitude", "longitude"),
    ],
    "chicago__recent_incidents": ["case_", "_iucr", "fbi_cd", "block"],
    "memphis__incidents": ["crime_id", "latitude", "longitude"],
    "cambridge__incidents": ["id", "date_time", "subtype", "location", "last_updated"],
}
CODES_WITH_LEADING_ZERO = {
    "raw_san_francisco.incidents": {"incident_code": 4_807},
    "staging.stg_san_francisco__incidents": {"published_offense_code": 4_807},
    "raw_chicago.incidents": {"iucr": 596, "fbi_code": 613, "beat": 506},
    "staging.stg_chicago__incidents": {
        "published_offense_code": 596,
        "offense_code": 613,
    },
    "raw_chicago.recent_incidents": {"_iucr": 4_281, "fbi_cd": 4_327},
    "staging.stg_chicago__recent_incidents": {
        "published_offense_code": 4_281,
        "offense_code": 4_327,
    },
}
SUMMER_IN_MEMPHIS = "occurred_date between '2019-03-10' and '2019-08-31'"


def raw_table(dataset: str) -> str:
    return "raw_{}.{}".format(*dataset.split("__"))


@dataclass
class Warehouse:
    connection: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()

    def cells(self, relation: str, columns: list[str]) -> dict[str, list]:
        """Columns of a relation by name, in the order of its first column."""
        wanted = ", ".join(f'"{name}"' for name in columns)
        rows = self.rows(f"select {wanted} from {relation} order by 1")
        return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """A warehouse after five commands, the last of which built the models."""
    real_rows.need_data()
    home = tmp_path_factory.mktemp("real") / "home"
    portal = Portal()
    table = publish(portal, "san_francisco__incidents", real_rows.san_francisco_2018())
    publish(portal, "chicago__incidents", real_rows.chicago())
    publish(portal, "chicago__recent_incidents", real_rows.chicago_recent())
    publish(portal, "cambridge__incidents", real_rows.cambridge())
    publish(portal, "memphis__incidents", real_rows.memphis())
    one, others = "san_francisco__incidents", ["chicago__incidents"]
    others += ["chicago__recent_incidents", "cambridge__incidents"]
    with serve(portal) as url, pytest.MonkeyPatch.context() as patch:

        def blotter(*arguments: str) -> None:
            code = live.command_here(patch, home, url, *arguments, BLOTTER_RETRIES="0")
            assert code == 0, arguments

        blotter("daily", one, "--today", "2018-12-31", "--no-build")
        table.upsert(real_rows.san_francisco_2019())
        blotter("daily", one, "--today", "2019-11-13", "--no-build")
        # A nightly reload: all ids of the portal's own are new, no row is.
        table.replace(table.rows())
        again = ("--from", "2018-12-01", "--again", "--today", "2019-11-13")
        blotter("backfill", one, *again, "--no-build")
        blotter("daily", *others, "--today", "2026-06-10", "--no-build")
        months = ("--from", "2019-01-01", "--to", "2019-08-31")
        blotter("backfill", "memphis__incidents", *months, "--today", "2020-01-15")
    with duckdb.connect(str(home / "blotter.duckdb")) as connection:
        yield Warehouse(connection)


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    real_rows.need_data()
    return real_facts.facts()


def python_values(column: pd.Series) -> list:
    """Values as DuckDB's client gives them: None where there is none."""
    return [None if pd.isna(value) else value for value in column.tolist()]


def assert_same_cells(
    warehouse: Warehouse, relation: str, expected: pd.DataFrame, key: str
) -> None:
    """Each row of a relation has the expected value in every expected column."""
    expected = expected.sort_values(key)
    names = [key, *expected.columns.drop(key)]
    found = warehouse.cells(relation, names)
    keys = python_values(expected[key])
    assert found[key] == keys
    for name in names:
        pairs = zip(keys, found[name], python_values(expected[name]), strict=True)
        wrong = [(k, is_, must) for k, is_, must in pairs if is_ != must]
        assert not wrong, f"{name} of {len(wrong)} rows, as {wrong[0]}: found, expected"


def test_each_command_wrote_the_new_rows_and_no_other(warehouse):
    lines = warehouse.rows(
        "select split_part(command, ' ', 1), dataset, outcome, rows_read, added, "
        "changed + removed + restored + rejected + repeats from ledger.runs "
        "order by started_at"
    )
    assert lines == [
        ("daily", "san_francisco__incidents", "loaded", 7962, 7962, 0),
        ("daily", "san_francisco__incidents", "loaded", 8462, 500, 0),
        ("backfill", "san_francisco__incidents", "loaded", 8462, 0, 0),
        ("daily", "cambridge__incidents", "loaded", 20, 20, 0),
        ("daily", "chicago__incidents", "loaded", 1000, 1000, 0),
        ("daily", "chicago__recent_incidents", "loaded", 6201, 6201, 0),
        ("backfill", "memphis__incidents", "loaded", 1506, 1506, 0),
        ("backfill", "(models)", "dbt_ok", None, None, None),
    ]


@pytest.mark.parametrize("dataset", ROWS)
def test_every_row_of_a_file_is_a_raw_row_a_staged_row_and_a_fact(warehouse, dataset):
    assert len(real_facts.file_rows(dataset)) == ROWS[dataset]
    raw, city = raw_table(dataset), dataset.split("__")[0]
    relations = [raw, f"{raw}_changes", f"staging.stg_{dataset}"]
    if dataset != "chicago__recent_incidents":
        relations += [f"(from marts.fct_incidents where city = '{city}')"]
    for relation in relations:
        counts = warehouse.rows(
            f"select count(*), count(distinct row_id) from {relation}"
        )
        assert counts == [(ROWS[dataset], ROWS[dataset])], relation


@pytest.mark.parametrize("dataset", ROWS)
def test_raw_columns_are_null_where_the_file_has_no_value(warehouse, dataset):
    table = raw_table(dataset)
    columns = [name for name, *_ in warehouse.rows(f"describe {table}")]
    nulls = ", ".join(f'count(*) - count("{name}")' for name in columns)
    [found] = warehouse.rows(f"select {nulls} from {table}")
    some = {name: n for name, n in zip(columns, found, strict=True) if n}
    assert some == NULLS[dataset] | {"removed_at": ROWS[dataset]}


@pytest.mark.parametrize("dataset", ROWS)
def test_raw_cells_are_the_text_of_the_file(warehouse, dataset):
    file = real_facts.file_rows(dataset)
    key = "row_id" if dataset == "san_francisco__incidents" else UNTOUCHED[dataset][0]
    names = list(dict.fromkeys([key, *UNTOUCHED[dataset]]))
    if "filed_online" in names:
        file["filed_online"] = file.filed_online.map({"true": "true", True: "true"})
    assert_same_cells(warehouse, raw_table(dataset), file[names], key)


@pytest.mark.parametrize("relation", CODES_WITH_LEADING_ZERO)
def test_codes_keep_their_leading_zeros(warehouse, relation):
    for name, number in CODES_WITH_LEADING_ZERO[relation].items():
        found = warehouse.rows(
            f"select count(*) from {relation} where {name} like '0%'"
        )
        assert found == [(number,)], name


def test_every_fact_says_what_its_row_in_the_file_says(warehouse, facts):
    # Keys of Memphis and Cambridge end in a digest; the numbers in front are unique.
    relation = """(
        select *, city || ':' || case
            when city in ('memphis', 'cambridge') then incident_number else row_id
        end as key
        from marts.fct_incidents
    )"""
    assert_same_cells(warehouse, relation, facts.drop(columns="row_id"), "key")


def test_recent_rows_of_chicago_are_staged_as_the_file_says(warehouse):
    relation = "staging.stg_chicago__recent_incidents"
    expected = real_facts.recent_facts()
    assert_same_cells(warehouse, relation, expected, "incident_number")


def test_no_fact_has_a_value_that_could_not_be_read(warehouse):
    unread = "select count(*) from marts.fct_incidents where has_unparsed_values"
    assert warehouse.rows(unread) == [(0,)]


def test_hours_are_those_of_the_wall_clock_in_winter_and_in_summer(warehouse, facts):
    found = warehouse.rows(
        f"select city, city = 'memphis' and {SUMMER_IN_MEMPHIS}, hour_of_day, count(*) "
        "from marts.fct_incidents group by all"
    )
    # The clock went forward on March 10, before the first robbery of the day.
    summer = facts.city.eq("memphis") & facts.occurred_at_local.ge("2019-03-10")
    expected = Counter(zip(facts.city, summer, facts.hour_of_day, strict=True))
    assert {tuple(group): number for *group, number in found} == expected
    evening = warehouse.rows(
        "select count(*) from marts.fct_incidents "
        "where city = 'memphis' and time_of_day = 'evening'"
    )
    assert evening == [(630,)]


def test_every_offense_has_a_group_unless_the_value_is_missing(warehouse):
    without = warehouse.rows(
        "select city, count(*), count(offense_code) from marts.fct_incidents "
        "where offense_group is null group by city"
    )
    assert without == [("cambridge", 5, 0)]


def test_an_incident_counts_once_and_a_supplement_never(warehouse):
    counted = warehouse.rows(
        "select city, count(*) from marts.fct_incidents where is_counted "
        "group by city order by city"
    )
    assert counted == [
        ("cambridge", 20),
        ("chicago", 1_000),
        ("memphis", 1_506),
        ("san_francisco", 6_065),
    ]


@pytest.mark.parametrize(
    ("relation", "month", "numbers"),
    [
        ("fct_incidents", "occurred_date", "count(*), count(*) filter (is_counted)"),
        (
            "rpt_incidents_by_month_and_category",
            "month_start",
            "sum(row_count)::int, sum(incident_count)::int",
        ),
    ],
)
def test_monthly_totals_by_category_are_those_of_the_files(
    warehouse, facts, relation, month, numbers
):
    found = warehouse.rows(
        f"select city, strftime({month}, '%Y-%m'), incident_category, {numbers} "
        f"from marts.{relation} group by all"
    )
    month = facts.occurred_at_local.dt.strftime("%Y-%m").rename("month")
    groups = facts.groupby(["city", month, "incident_category"]).is_counted
    expected = [(*group, len(one), one.sum()) for group, one in groups]
    assert len(expected) == 90
    assert sorted(found) == expected
    december = ("san_francisco", "2018-12", "Larceny Theft")
    assert [row[3] for row in found if row[:3] == december] == [2_496]


def test_holiday_means_are_those_of_the_files(warehouse, facts):
    found = warehouse.rows(
        "select city, day_group, holiday_name, is_observed_holiday, day_count, "
        "row_count, incident_count, rows_per_day, incidents_per_day "
        "from marts.rpt_incidents_by_holiday"
    )
    expected = real_facts.holiday_means(facts)
    assert {row[:4]: row[4:7] for row in found} == expected
    assert len(found) == len(expected)
    for row in found:
        days, rows, incidents = expected[row[:4]]
        assert float(row[7]) == pytest.approx(rows / days, abs=0.005), row
        assert float(row[8]) == pytest.approx(incidents / days, abs=0.005), row


@pytest.mark.parametrize(
    ("city", "group", "rows_per_day"),
    [
        ("memphis", "all_holidays", "5.71"),
        ("memphis", "other_days", "6.21"),
        ("chicago", "all_holidays", "717.00"),
    ],
)
def test_a_mean_is_the_number_known_beforehand(warehouse, city, group, rows_per_day):
    found = warehouse.rows(
        "select rows_per_day from marts.rpt_incidents_by_holiday "
        f"where city = '{city}' and day_group = '{group}'"
    )
    assert [str(mean) for (mean,) in found] == [rows_per_day]
