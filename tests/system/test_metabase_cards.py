"""Every question of the Metabase dashboards, asked of real marts, against plain counts.

The marts are made of made-up rows by the pipelines and dbt, on DuckDB and PostgreSQL;
on PostgreSQL the questions are asked by the role that compose.postgres.yaml makes.
"""

import re
from calendar import monthrange
from collections import Counter, namedtuple
from datetime import date, timedelta
from pathlib import Path

import msgspec
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from demo.generator import generate
from demo.portal.server import Portal, serve
from demo.stock import publish, stock_files
from metabase.files import read_dashboards, tags
from metabase.payloads import in_schema
from pipelines.datasets.dataset import TableDataset
from pipelines.datasets.declarations import read_datasets
from pipelines.transform.runner import invoke
from tests.support import live_portal as live
from tests.support.same_numbers import normal_row

ROOT = Path(__file__).parents[2]
FIRST, LAST = date(2025, 10, 15), date(2026, 3, 9)
ROWS = {
    "san_francisco__incidents": 1300,
    "chicago__incidents": 900,
    "memphis__incidents": 500,
    "cambridge__incidents": 300,
}
CITIES = [name.split("__")[0] for name in ROWS]
PREFIX = "bi_"
METABASE_PASSWORD = "m3tabase"

DASHBOARDS = {one.name: one for one in read_dashboards()}
CARDS = {card.name: card for one in DASHBOARDS.values() for card in one.cards}

Incident = namedtuple(
    "Incident",
    "city occurred_date incident_category hour_of_day is_counted offense_group "
    "neighborhood council_district supervisor_name day_of_week_iso",
)
Shooting = namedtuple(
    "Shooting", "shooting_year shooting_date state_id county_fips is_mental"
)


def load(home: Path) -> None:
    """What the publishers have, by the pipelines, and the marts of it, by dbt."""
    portal = Portal()
    declared = read_datasets()
    for name, count in ROWS.items():
        publish(portal, name, generate(name, count, FIRST, LAST, seed=5))
    files = stock_files(portal, LAST, seed=5)
    census = files["census__county_population"]
    few = pc.less(census.rows()["STATE"], pa.scalar("07"))
    census.replace(census.rows().filter(few))
    live.prepared(home)
    with serve(portal) as url:
        for name in [*ROWS, *(name for name in files if declared[name].enabled)]:
            dataset = declared[name].at_portal(url)
            if isinstance(dataset, TableDataset):
                dataset = msgspec.structs.replace(dataset, backfill_from=FIRST)
            failure = live.daily(home, dataset, LAST + timedelta(days=1), whole=True)
            assert failure is None, failure
    outcome = invoke(home, ["seed"])
    assert outcome.success
    selected = [
        "--select",
        "+exposure:*",
        "+fct_shootings",
        "+bridge_shooting_agencies",
    ]
    outcome = invoke(home, ["run", *selected])
    assert outcome.success, [n for n in outcome.result if str(n.status) == "error"]


def make_the_reader(settings: dict[str, str]) -> None:
    """Run what compose.postgres.yaml runs in a new database, but for what is there."""
    file = yaml.safe_load((ROOT / "compose.postgres.yaml").read_text())
    statements = file["configs"]["roles"]["content"]
    statements = statements[statements.index("create role metabase") :]
    statements = statements.replace("\\connect blotter", "")
    statements = statements.replace("${BLOTTER_PREFIX:-}", PREFIX)
    statements = re.sub(r"\$\{METABASE_PGPASSWORD.*?\}", METABASE_PASSWORD, statements)
    admin = psycopg2.connect(
        host=settings["PGHOST"],
        port=settings["PGPORT"],
        user="admin",
        dbname=settings["PGDATABASE"],
    )
    with admin, admin.cursor() as cursor:
        cursor.execute(statements)
    admin.close()


class Marts:
    """The marts of one warehouse."""

    def __init__(self, home: Path, target: str, settings: dict[str, str]):
        self.home, self.target, self.settings = home, target, settings

    def select(self, sql: str) -> list[tuple]:
        """Rows of a query, asked by Metabase's own role where there is one."""
        sql = in_schema(sql, f"{PREFIX}marts")
        if self.target == "duckdb":
            return [normal_row(row) for row in live.select(self.home, sql)]
        with self.reader() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall()
        return [normal_row(row) for row in rows]

    def reader(self):
        return psycopg2.connect(
            host=self.settings["PGHOST"],
            port=self.settings["PGPORT"],
            user="metabase",
            password=METABASE_PASSWORD,
            dbname=self.settings["PGDATABASE"],
        )

    def incidents(self, **values) -> list[Incident]:
        """Counted incidents of the filters' values; what has no readable day is out."""
        sql = f"select {', '.join(Incident._fields)} from marts.fct_incidents"
        rows = [Incident(*row) for row in self.select(sql)]
        names = {"neighborhood": "neighborhood", "category": "incident_category"}
        return [
            row
            for row in rows
            if row.is_counted
            and row.city == values["city"]
            and row.occurred_date
            and values.get("from", date.min) <= row.occurred_date
            and row.occurred_date <= values.get("until", date.max)
            and all(
                (getattr(row, column) or "Unknown") == values[slug]
                for slug, column in names.items()
                if slug in values
            )
        ]

    def span(self, city: str) -> tuple[date, date]:
        """First and last day of a city's rows, counted or not."""
        ((first, last),) = self.select(
            "select min(occurred_date), max(occurred_date) from marts.fct_incidents "
            f"where city = '{city}'"
        )
        return first, last

    def shootings(self, **values) -> list[Shooting]:
        sql = (
            "select shooting_year, shooting_date, coalesce(state_id, 'Unknown'), "
            "county_fips, is_mental_illness_related from marts.fct_shootings"
        )
        rows = [Shooting(*row) for row in self.select(sql)]
        state = values.get("state")
        return [r for r in rows if r.shooting_date and state in (None, r.state_id)]


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def marts(request, tmp_path_factory):
    home = tmp_path_factory.mktemp(request.param) / "home"
    settings = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_TARGET", request.param)
        patch.setenv("BLOTTER_PREFIX", PREFIX)
        if request.param == "postgres":
            settings = request.getfixturevalue("postgres_settings")
            make_the_reader(settings)
        for name, value in settings.items():
            patch.setenv(name, value)
        load(home)
        yield Marts(home, request.param, settings)


on_postgres = pytest.mark.parametrize("marts", ["postgres"], indirect=True)


def filled(sql: str, values: dict[str, object]) -> str:
    """A statement as Metabase sends it; `[[...]]` only with a value for its slug."""

    def optional(found: re.Match) -> str:
        return found[1] if set(tags(found[1])) <= values.keys() else ""

    def literal(found: re.Match) -> str:
        value = values[found[1]]
        return f"date '{value}'" if isinstance(value, date) else f"'{value}'"

    sql = re.sub(r"\[\[(.*?)\]\]", optional, sql, flags=re.S)
    return re.sub(r"\{\{(\w+)\}\}", literal, sql)


def answer(marts: Marts, name: str, **values) -> list[tuple]:
    return marts.select(filled(CARDS[name].sql, values))


def counts(values) -> list[tuple]:
    """Distinct values with how often they come."""
    return sorted(Counter(values).items(), key=str)


def last_thirty_days(marts: Marts, city: str) -> list[date]:
    _, newest = marts.span(city)
    return [newest - timedelta(days=number) for number in range(30, 0, -1)]


def whole_months(marts: Marts, **values) -> list[tuple]:
    """Months that the data and the dates cover; before the first report they don't."""
    first, last = marts.span(values["city"])
    ((reported,),) = marts.select(
        "select min(report_date) from marts.fct_incidents "
        f"where city = '{values['city']}'"
    )
    first = max(first, reported or first)
    first = max(first, values.get("from", first))
    last = min(last, values.get("until", last))
    months = Counter(row.occurred_date.replace(day=1) for row in by_city(marts, values))
    return [
        (month, count)
        for month, count in sorted(months.items())
        if first <= month
        and month.replace(day=monthrange(month.year, month.month)[1]) <= last
    ]


def by_city(marts: Marts, values) -> list[Incident]:
    return marts.incidents(city=values["city"])


def hours(rows) -> list[tuple]:
    found = Counter(row.hour_of_day for row in rows)
    return [(hour, found[hour]) for hour in range(24)]


def recent(marts, values) -> list[Incident]:
    days = last_thirty_days(marts, values["city"])
    return [row for row in by_city(marts, values) if row.occurred_date in days]


def by_day(marts, **values):
    found = Counter(row.occurred_date for row in by_city(marts, values))
    return [(day, found[day]) for day in last_thirty_days(marts, values["city"])]


def of_publisher(marts, **values):
    return marts.select(
        "select publisher, attribution, licence, disclaimer, url "
        f"from marts.dim_publishers where dataset = '{values['city']}__incidents'"
    )


def by_type_with_shares(marts, **values):
    rows = marts.incidents(**values)
    found = Counter(row.incident_category or "Unknown" for row in rows)
    whole = len(rows) if len(rows) >= 20 else None
    return [(n, count, whole and 100 * count / whole) for n, count in found.items()]


def by_weekday(marts, **values):
    rows = marts.incidents(**values)
    names = {row.neighborhood or "Unknown" for row in rows}
    found = Counter((r.neighborhood or "Unknown", r.day_of_week_iso) for r in rows)
    table = [(name, *(found[name, day] for day in range(1, 8))) for name in names]
    return [(*row, sum(row[1:])) for row in table]


EXPECTED = {
    "Incidents by day, past 30 days": by_day,
    "Incidents by type, past 30 days": lambda marts, **v: counts(
        row.incident_category or "Unknown" for row in recent(marts, v)
    ),
    "Incidents by hour of day, past 30 days": lambda marts, **v: hours(
        recent(marts, v)
    ),
    "Newest day of the city's data": lambda marts, **v: [
        (
            marts.span(v["city"])[1],
            last_thirty_days(marts, v["city"])[0],
            last_thirty_days(marts, v["city"])[-1],
        )
    ],
    "Incidents by month": whole_months,
    "Incidents by type": lambda marts, **v: counts(
        row.incident_category or "Unknown" for row in by_city(marts, v)
    ),
    "Incidents by hour of day": lambda marts, **v: hours(by_city(marts, v)),
    "Publisher of the trends": of_publisher,
    "Total of reported incidents": lambda marts, **v: [(len(marts.incidents(**v)),)],
    "Days that are counted": lambda marts, **v: [
        (
            max(marts.span(v["city"])[0], v.get("from", date.min)),
            min(marts.span(v["city"])[1], v.get("until", date.max)),
        )
    ],
    "Reported incidents by month": whole_months,
    "Reported incidents by category": lambda marts, **v: counts(
        row.offense_group or "Unknown" for row in marts.incidents(**v)
    ),
    "Reported incidents by crime type": by_type_with_shares,
    "Publisher of the reported incidents": of_publisher,
    "Incidents by year": lambda marts, **v: counts(
        row.occurred_date.year for row in marts.incidents(**v)
    ),
    "Incidents by category": lambda marts, **v: counts(
        row.incident_category or "Unknown" for row in marts.incidents(**v)
    ),
    "Incidents by supervisor": lambda marts, **v: [
        (*key, count)
        for key, count in counts(
            (row.council_district or "Unknown", row.supervisor_name)
            for row in marts.incidents(**v)
        )
    ],
    "Incidents by neighborhood and day of the week": by_weekday,
    "Publisher of the neighborhoods' incidents": of_publisher,
}


def same(found: list[tuple], expected: list[tuple]) -> bool:
    """The same rows in any order; shares to the decimal that is shown."""
    rows = [sorted(one, key=lambda row: str(row[:2])) for one in (found, expected)]
    return len(found) == len(expected) and all(
        left == right
        or (
            left[:-1] == right[:-1]
            and float(left[-1]) == pytest.approx(float(right[-1]), abs=0.0501)
        )
        for left, right in zip(*rows, strict=True)
    )


SOME_DAYS = {"from": date(2025, 12, 20), "until": date(2026, 2, 28)}


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("days", [{}, SOME_DAYS], ids=["all_days", "some_days"])
def test_each_question_counts_incidents(marts, name, city, days):
    taken = {slug: day for slug, day in days.items() if slug in tags(CARDS[name].sql)}
    values = {"city": city, **taken}
    found = answer(marts, name, **values)
    assert found
    assert same(found, EXPECTED[name](marts, **values))
    if CARDS[name].display in ("line", "bar"):
        assert found == sorted(found)


@pytest.mark.parametrize(
    "name", [card.name for card in DASHBOARDS["Neighborhoods and supervisors"].cards]
)
def test_neighborhood_and_category_narrow_the_counts(marts, name):
    (place, _), *_ = Counter(
        row.neighborhood for row in marts.incidents(city="san_francisco")
    ).most_common()
    (kind, _), *_ = Counter(
        row.incident_category
        for row in marts.incidents(city="san_francisco", neighborhood=place)
    ).most_common()
    values = {"city": "san_francisco", "neighborhood": place, "category": kind}
    found = answer(marts, name, **values)
    assert found
    assert same(found, EXPECTED[name](marts, **values))


def by_state(marts, **values):
    return counts(row.state_id for row in marts.shootings(**values))


@pytest.mark.parametrize("values", [{}, {"state": "CA"}], ids=["all", "one_state"])
def test_the_shootings_are_counted_by_person(marts, values):
    rows = marts.shootings(**values)
    assert len(rows) > 50
    assert answer(marts, "Persons shot and killed", **values) == [(len(rows),)]
    years = answer(marts, "Persons shot and killed by year", **values)
    assert [(int(year[:4]), n) for year, n in years if n] == counts(
        row.shooting_year for row in rows
    )
    # The newspaper has come to the end of its last year.
    assert not [year for year, _ in years if "partial" in year]
    places = answer(marts, "Persons shot and killed by state", **values)
    assert [row for row in places if row[1]] == [
        row for row in by_state(marts, **values) if row[0] != "Unknown"
    ]
    counties = answer(
        marts, "Shootings with signs of mental illness by county", **values
    )
    assert sum(row[2] for row in counties) == len(rows)
    assert sum(row[3] for row in counties) == sum(bool(r.is_mental) for r in rows)


def test_no_rate_of_few_shootings_is_shown(marts):
    whole = Counter(
        (r.state_id, r.shooting_year)
        for r in marts.shootings()
        if r.state_id != "Unknown" and r.shooting_year < 2026
    )
    rows = answer(marts, "Shootings, rate and unemployment by state and year")
    assert sum(row[2] for row in rows) == sum(whole.values())
    assert all(row[3] is None for row in rows if row[2] < 20)
    rows = answer(marts, "Shootings per million residents by race")
    assert all(row[2] >= 20 and row[3] > 0 for row in rows)


def test_no_share_of_few_incidents_is_shown(marts):
    day, _ = marts.span("cambridge")
    values = {"city": "cambridge", "from": day, "until": day}
    rows = answer(marts, "Reported incidents by crime type", **values)
    assert 0 < sum(row[1] for row in rows) < 20
    assert {row[2] for row in rows} == {None}


def test_shootings_of_a_year_add_up_day_by_day(marts):
    rows = answer(marts, "Persons shot and killed since 1 January")
    highest = {}
    for _, year, persons in rows:
        highest[int(year)] = max(persons, highest.get(int(year), 0))
    years = counts(row.shooting_year for row in marts.shootings())
    assert [row for row in sorted(highest.items()) if row[1]] == years


def test_each_agency_has_its_shootings(marts):
    bridge = marts.select("select agency_id from marts.bridge_shooting_agencies")
    found = answer(marts, "Shootings by agency")
    assert sum(row[3] for row in found) == len(bridge)
    assert answer(marts, "Publishers of the shootings")


def test_filters_offer_what_the_data_have(marts):
    choices = {
        one.choices.name: one.choices.sql
        for dashboard in DASHBOARDS.values()
        for one in dashboard.filters
        if one.choices
    }
    found = {name: marts.select(sql) for name, sql in choices.items()}
    assert sorted(city for (city,) in found.pop("Cities")) == sorted(CITIES)
    assert all(len(set(rows)) == len(rows) > 3 for rows in found.values())


@on_postgres
@pytest.mark.parametrize("name", CARDS)
def test_the_server_takes_the_filters_as_typed_parameters(marts, name):
    """As Metabase sends them: not written into the statement, as above."""
    filters = {f.slug: f for one in DASHBOARDS.values() for f in one.filters}
    sql = CARDS[name].sql.replace("[[", "").replace("]]", "")
    slugs = tags(sql)
    for number, slug in enumerate(slugs, 1):
        sql = sql.replace(f"{{{{{slug}}}}}", f"${number}")
    kinds = ", ".join(filters[slug].type for slug in slugs)
    given = ["x" if filters[slug].type == "text" else LAST for slug in slugs]
    called = f"({', '.join(['%s'] * len(given))})" if given else ""
    connection = marts.reader()
    with connection, connection.cursor() as cursor:
        statement = in_schema(sql, f"{PREFIX}marts")
        cursor.execute(f"prepare q{f' ({kinds})' if kinds else ''} as {statement}")
        cursor.execute(f"execute q{called}", given or None)
    connection.close()


@on_postgres
def test_metabase_may_read_the_marts_and_nothing_else(marts):
    refused = [
        f"select * from {PREFIX}staging.stg_chicago__incidents",
        f"select * from {PREFIX}raw_chicago.incidents",
        f"delete from {PREFIX}marts.fct_incidents",
        f"create table {PREFIX}marts.mine (a int)",
        "create schema mine",
    ]
    for statement in refused:
        connection = marts.reader()
        with connection.cursor() as cursor, pytest.raises(psycopg2.Error) as error:
            cursor.execute(statement)
        connection.close()
        assert isinstance(
            error.value,
            psycopg2.errors.InsufficientPrivilege
            | psycopg2.errors.ReadOnlySqlTransaction,
        )


def test_every_question_is_tested():
    shootings = {card.name for card in DASHBOARDS["Fatal police shootings"].cards}
    assert set(EXPECTED) | shootings == set(CARDS)
