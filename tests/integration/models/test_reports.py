"""Every report equals what pandas computes from the raw rows, by its own rules."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pandas as pd
import pytest

from demo.generator import generate
from pipelines.transform.runner import invoke
from tests.support.expected.pandas_incidents import (
    SEEDS,
    calendar,
    counts,
    covered_from,
    dense_ranks,
    incidents_of,
    two_decimals,
)
from tests.support.raw_tables import declared_columns, make_raw, remove, table_of

# Of fewer no share and no change is told.
SMALL = 20
FIRST_DAY, LAST_DAY = date(2023, 10, 15), date(2024, 2, 20)
ROWS = {
    "san_francisco__incidents": 4000,
    "chicago__incidents": 2500,
    "memphis__incidents": 1000,
    "cambridge__incidents": 300,
}
REMOVED_ROW_ID = "removed"
ODD_ROWS = {
    "san_francisco__incidents": [
        {"row_id": "no day", "incident_category": "Arson", "police_district": "Park"},
        {"row_id": REMOVED_ROW_ID, "incident_date": "2024-01-01T00:00:00.000"},
    ],
    # The only row before five months without one.
    "cambridge__incidents": [
        {"row_id": "early", "id": "1", "date_time": "2023-05-02T00:00:00.000"}
    ],
}


def made_up_rows(dataset):
    """Rows of a raw table: text, with a `row_id`, the odd ones last."""
    table = generate(dataset, ROWS[dataset], FIRST_DAY, LAST_DAY, seed=3).to_pandas()
    table = table.rename(columns=str.lower).astype(object).where(table.notna().values)
    if "row_id" not in table:
        table["row_id"] = table.get("id", pd.Series(range(len(table)))).astype(str)
    if dataset == "cambridge__incidents":  # its ids repeat
        table["row_id"] = [f"{n:04}" for n in range(len(table))]
    odd = pd.DataFrame(ODD_ROWS.get(dataset, []), dtype=object)
    table = pd.concat([table, odd])
    return table.reindex(columns=["row_id", *declared_columns(dataset)])


@pytest.fixture(scope="session")
def raw():
    """Data frames of made-up rows, by city."""
    return {dataset.split("__")[0]: made_up_rows(dataset) for dataset in ROWS}


@pytest.fixture(scope="session")
def marts(raw, tmp_path_factory):
    """A cursor to the reports that dbt made of the raw rows."""
    home = tmp_path_factory.mktemp("reports")
    warehouse = home / "blotter.duckdb"
    make_raw(warehouse, {})
    with duckdb.connect(str(warehouse)) as connection:
        for dataset in ROWS:
            rows = raw[dataset.split("__")[0]]
            connection.register("made_up", rows)
            connection.execute(
                f"insert into {table_of(dataset)} by name select columns(*)::text, "
                "timestamptz '2024-02-21 12:00:00+00' as loaded_at from made_up"
            )
            connection.execute(
                f"insert into {table_of(dataset)}_changes (row_id, change, changed_at) "
                f"select row_id, 'added', loaded_at from {table_of(dataset)}"
            )
    removed_at = datetime(2024, 2, 22, tzinfo=UTC)
    remove(warehouse, "san_francisco__incidents", [REMOVED_ROW_ID], removed_at)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BLOTTER_HOME", str(home))
        outcome = invoke(home, ["build", "--exclude-resource-type", "unit_test"])
    assert outcome.success
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("use marts")
        yield connection


@pytest.fixture(scope="session")
def incidents(raw):
    """All rows but the removed one, as pandas reads them."""
    rows = incidents_of(raw)
    return rows[rows.row_id != REMOVED_ROW_ID]


def answer(marts, query, keys):
    """`{key: values}` of a query whose first `keys` columns are the key."""
    rows = marts.execute(query).fetchall()
    found = {row[:keys]: row[keys:] for row in rows}
    assert len(found) == len(rows) > 0
    return found


def test_every_day_of_the_calendar_has_its_incidents_or_zero(marts, incidents):
    found = answer(
        marts,
        "select city, date_day, row_count, incident_count, violent_incident_count, "
        "is_covered from rpt_incidents_by_calendar_day",
        keys=2,
    )
    expected = {}
    for city, rows in incidents.groupby("city"):
        by_day = counts(rows, "day")
        violent = counts(rows[rows.violent], "day")
        for day in calendar(rows):
            expected[city, day] = (
                *by_day.get(day, (0, 0)),
                violent.get(day, (0, 0))[1],
                day >= covered_from(rows),
            )
    assert found == expected
    assert (0, 0, 0, True) in found.values()
    assert any(not covered for *_, covered in found.values())


def test_categories_are_counted_by_month_and_by_day(marts, incidents):
    found = answer(
        marts,
        "select city, month_start, incident_category, row_count, incident_count "
        "from rpt_incidents_by_month_and_category",
        keys=3,
    )
    assert found == counts(incidents, "city", "month", "category")
    found = answer(
        marts,
        "select city, occurred_date, incident_category, row_count, incident_count "
        "from rpt_incidents_by_day_and_category",
        keys=3,
    )
    assert found == counts(incidents, "city", "day", "category")


def test_hours_are_counted_by_month_and_over_all_days(marts, incidents):
    found = answer(
        marts,
        "select city, month_start, hour_of_day, row_count, incident_count "
        "from rpt_incidents_by_time_of_day",
        keys=3,
    )
    assert found == counts(incidents, "city", "month", "hour")
    found = answer(
        marts,
        "select city, hour_of_day, row_count, incident_count "
        "from rpt_incidents_by_hour",
        keys=2,
    )
    by_hour = counts(incidents, "city", "hour")
    cities = incidents.city.unique()
    expected = {(city, hour): (0, 0) for city in cities for hour in range(24)}
    assert found == expected | by_hour


def test_growth_is_between_whole_months_that_follow_one_another(marts, incidents):
    found = answer(
        marts,
        "select city, month_start, is_partial, incident_count, growth_pct "
        "from rpt_incident_growth_by_month",
        keys=2,
    )
    expected = {}
    for city, rows in incidents.groupby("city"):
        whole = {day for day in calendar(rows) if day >= covered_from(rows)}
        by_month = counts(rows, "month")
        before = None
        for month in pd.period_range(
            *rows.month.dropna().agg(["min", "max"]), freq="M"
        ):
            start, end = month.start_time.date(), month.end_time.date()
            number = by_month.get(start, (0, 0))[1]
            partial = start not in whole or end not in whole
            growth = None
            if before and before >= SMALL and not partial:
                growth = two_decimals(Decimal(100 * int(number - before)) / int(before))
            expected[city, start] = (partial, number, growth)
            before = None if partial else number
    assert found == expected
    assert found["cambridge", date(2023, 7, 1)] == (False, 0, None)
    assert found["cambridge", date(2023, 10, 1)][2] is None  # after zero
    assert found["chicago", date(2023, 11, 1)][2] is None  # after a partial month


def test_holiday_means_count_every_covered_day_but_the_last(marts, incidents):
    found = answer(
        marts,
        "select city, day_group, holiday_name, is_observed_holiday, day_count, "
        "rows_per_day, incidents_per_day, difference_pct from rpt_incidents_by_holiday",
        keys=4,
    )
    seed = pd.read_csv(SEEDS / "holidays.csv").sort_values("kind", ascending=False)
    expected = {}
    for city, rows in incidents.groupby("city"):
        own = seed[seed.city == city]
        days_off = {
            date.fromisoformat(day): (name, kind == "observed")
            for day, name, kind in own[["holiday_date", "holiday_name", "kind"]].values
        }
        groups = {}
        for day in calendar(rows)[:-1]:
            if day < covered_from(rows):
                continue
            names = [("other_days", None, None)]
            if day in days_off:
                names = [("all_holidays", None, None), ("one_holiday", *days_off[day])]
            for name in names:
                groups.setdefault(name, []).append(day)
        by_day = counts(rows, "day")
        means = {}
        for name, days in groups.items():
            totals = [
                sum(int(by_day.get(day, (0, 0))[n]) for day in days) for n in (0, 1)
            ]
            means[name] = [len(days), *(Decimal(total) / len(days) for total in totals)]
        others = means["other_days", None, None][2]
        for name, (days, per_day, incidents_per_day) in means.items():
            more = two_decimals(100 * incidents_per_day / others - 100)
            told = name[0] != "other_days" and days * others >= SMALL
            expected[city, *name] = (
                days,
                two_decimals(per_day),
                two_decimals(incidents_per_day),
                more if told else None,
            )
    assert found == expected
    # Veterans Day and its day off, Thanksgiving and the day after it, Christmas, New
    # Year, Martin Luther King Jr. Day and Presidents' Day.
    assert found["san_francisco", "all_holidays", None, None][0] == 8


def test_arrests_are_ranked_among_all_districts_of_a_city(marts, incidents):
    found = answer(
        marts,
        "select city, police_district, row_count, incident_count, arrest_count, "
        "arrest_pct, arrest_count_rank, arrest_pct_rank, incident_count_rank "
        "from rpt_arrests_by_police_district",
        keys=2,
    )
    seed = pd.read_csv(SEEDS / "police_districts.csv", dtype=str)
    expected = {}
    for city in incidents.city.unique():
        rows = incidents[incidents.city == city]
        listed = seed[seed.city == city].set_index("police_district")
        number = counts(rows, "district")
        arrests = counts(rows[rows.arrested & rows.counted], "district")
        number = dict.fromkeys(listed.index, (0, 0)) | number
        arrests = {k: int(arrests.get(k, (0, 0))[1]) for k in number}
        if rows.arrest.isna().all():
            arrests = dict.fromkeys(number)
        share = {
            k: Decimal(arrests[k]) / int(n)
            if n >= SMALL and arrests[k] is not None
            else None
            for k, (_, n) in number.items()
        }
        outside = {"Unknown", *listed.index[listed.is_patrol_district == "false"]}
        ranks = [
            dense_ranks({k: v for k, v in values.items() if k not in outside})
            for values in (arrests, share, {k: n for k, (_, n) in number.items()})
        ]
        for k, v in number.items():
            pct = None if share[k] is None else two_decimals(100 * share[k])
            expected[city, k] = (*v, arrests[k], pct, *(rank.get(k) for rank in ranks))
    assert found == expected
    assert found["memphis", "RAINES"][2:4] == (None, None)
    assert found["chicago", "031"][4] is None


def test_council_districts_show_their_top_two_categories(marts, incidents):
    found = answer(
        marts,
        "select city, council_district, row_count, incident_count, top_category, "
        "second_category, incident_count_rank, member_name "
        "from rpt_incidents_by_council_district",
        keys=2,
    )
    terms = pd.read_csv(SEEDS / "council_districts.csv", dtype=str)
    present = terms[terms.valid_to.isna()]
    present = {(c, d): n for c, d, n in present.iloc[:, :3].itertuples(index=False)}
    number = dict.fromkeys(zip(terms.city, terms.council_district, strict=True), (0, 0))
    number |= counts(incidents, "city", "council")
    ranks = {}
    for city in {city for city, _ in number}:
        own = {k: n for k, (_, n) in number.items() if k[0] == city}
        ranks |= dense_ranks({k: n for k, n in own.items() if k[1] != "Unknown"})
    counted = incidents[incidents.counted & incidents.category.notna()]
    by_category = counts(counted, "city", "council", "category")
    expected = {}
    for key, figures in number.items():
        named = [(-n, k[2]) for k, (_, n) in by_category.items() if k[:2] == key]
        first, second = ([name for _, name in sorted(named)] + [None, None])[:2]
        expected[key] = (*figures, first, second, ranks.get(key), present.get(key))
    assert found == expected


def test_violent_incidents_are_counted_by_beat_and_place(marts, incidents):
    for kind in ("beat", "place"):
        found = answer(
            marts,
            "select city, place_name, violent_row_count, violent_incident_count "
            f"from rpt_violent_incidents_by_place where place_kind = '{kind}'",
            keys=2,
        )
        violent = counts(incidents[incidents.violent], "city", kind)
        assert found == {
            place: (rows, number)
            if number >= 3 or place[1] == "Unknown"
            else (None, None)
            for place, (rows, number) in violent.items()
        }
        assert (None, None) in found.values()


def test_the_heat_map_has_every_weekday_of_every_neighborhood(marts, incidents):
    found = answer(
        marts,
        "select city, neighborhood, day_of_week_name, row_count, incident_count "
        "from rpt_incidents_by_neighborhood_and_weekday",
        keys=3,
    )
    dated = incidents[incidents.day.notna()]
    weekday = [day.strftime("%A") for day in dated.day]
    counted = counts(dated.assign(weekday=weekday), "city", "neighborhood", "weekday")
    everywhere = {key[:2] for key in counted}
    names = set(weekday)
    expected = {(*place, name): (0, 0) for place in everywhere for name in names}
    assert found == expected | counted
    assert len(found) == 7 * len(everywhere)


def test_changes_are_counted_by_day_and_kind(marts, raw):
    found = answer(
        marts,
        "select city, changed_date, change, change_count "
        "from rpt_incident_changes_by_day",
        keys=3,
    )
    first_day = date(2024, 2, 21)
    expected = {(city, first_day, "added"): (len(rows),) for city, rows in raw.items()}
    # Midnight in UTC is the evening before in San Francisco.
    assert found == expected | {("san_francisco", first_day, "removed"): (1,)}
