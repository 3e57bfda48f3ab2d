"""Odd values in a few rows: the run goes on, and no calendar, page or map has them."""

import json
import re
from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pytest

from demo.generator import generate
from demo.portal.server import Portal, serve
from demo.stock import publish
from tests.support import live_portal as live

CHICAGO, SAN_FRANCISCO = "chicago__incidents", "san_francisco__incidents"
TODAY = date(2026, 11, 20)
FIRST = date(2026, 10, 1)
SENTENCE = "A sentence where the district's name should be, " * 3
# One row each, from the first on.
ODD = {
    CHICAGO: [
        {"date": "2098-11-15T10:00:00.000"},
        {"date": "2099-01-01T00:00:00.000"},
        {"latitude": "36.619446395", "longitude": "-91.686565684"},
        {"latitude": "0", "longitude": "0"},
        {"latitude": "-87.62", "longitude": "41.88"},
        {"latitude": "NaN", "longitude": "inf"},
        {"latitude": "1e400", "longitude": "-1e400"},
    ],
    SAN_FRANCISCO: [
        {"incident_datetime": "0202-11-02T10:00:00.000"},
        {"incident_datetime": "1900-01-01T10:00:00.000"},
        {"incident_datetime": "99999-01-01T10:00:00.000"},
        {"incident_datetime": "-infinity"},
        {"incident_datetime": "10000-01-01T00:00:00.000"},
        {"latitude": "-Infinity", "longitude": "nan"},
        {"intersection": "A\0B"},
        {"police_district": SENTENCE},
        {"police_district": "CENTRAL"},
    ],
}


def with_odd(rows: pa.Table, odd: list[dict[str, str]]) -> pa.Table:
    """The table with the values of `odd` in its first rows."""
    changed = rows.to_pylist()
    for row, values in zip(changed, odd, strict=False):
        row.update(values)
    return pa.Table.from_pylist(changed, rows.schema)


@pytest.fixture(scope="module")
def publishers():
    portal = Portal()
    for name, odd in ODD.items():
        made = generate(name, 3_000, FIRST, TODAY, seed=5)
        publish(portal, name, with_odd(made, odd))
    with serve(portal) as url:
        yield url


@pytest.fixture(scope="module")
def said(tmp_path_factory, publishers):
    """A home after one run of both cities with its publication, and the log."""
    home = tmp_path_factory.mktemp("odd") / "home"
    arguments = ("daily", *ODD, "--window-only", "--today", str(TODAY))
    run = live.blotter(home, publishers, *arguments, BLOTTER_SITE="on")
    assert run.returncode == 0, run.stderr
    return home, run.stdout


@pytest.fixture(scope="module")
def home(said):
    return said[0]


@pytest.fixture(scope="module")
def marts(home):
    with duckdb.connect(str(home / "blotter.duckdb"), read_only=True) as db:
        yield db.cursor()


def test_every_row_is_kept_but_the_one_that_no_warehouse_can_hold(marts):
    counts = "select city, count(*) from marts.fct_incidents group by 1 order by 1"
    assert marts.sql(counts).fetchall() == [
        ("chicago", 3_000),
        ("san_francisco", 2_999),
    ]
    rejects = "select reason from raw_san_francisco.incidents_rejects"
    assert marts.sql(rejects).fetchall() == [("NUL character",)]


def test_the_run_warns_with_their_number(said):
    warned = re.findall(r"WARNING models: (\w+): Got (\d+) results?,", said[1])
    assert dict(warned) == {
        "assert_codes_are_in_the_seeds": "2",
        "assert_incident_dates_are_plausible": "4",
        "assert_incident_places_are_plausible": "3",
        "assert_published_values_parse": "1",
    }


def test_dates_that_cannot_be_meant_stay_in_the_row_and_shape_no_calendar(marts):
    flagged = """
        select city, occurred_at_local::text, occurred_date, hour_of_day
        from marts.fct_incidents where has_implausible_date order by 2
    """
    assert marts.sql(flagged).fetchall() == [
        ("san_francisco", "0202-11-02 10:00:00", None, None),
        ("san_francisco", "1900-01-01 10:00:00", None, None),
        ("chicago", "2098-11-15 10:00:00", None, None),
        ("chicago", "2099-01-01 00:00:00", None, None),
    ]
    spans = """
        select city, min(year(date_day)), max(date_day)
        from marts.dim_dates group by 1 order by 1
    """
    # Chicago withholds its last week.
    assert marts.sql(spans).fetchall() == [
        ("chicago", 2026, TODAY - timedelta(days=7)),
        ("san_francisco", 2026, TODAY),
    ]


def test_the_newest_day_has_passed_and_the_first_page_ends_a_week_before(marts, home):
    freshness = """
        select city, newest_day, complete_through
        from marts.rpt_freshness_by_city order by 1
    """
    assert marts.sql(freshness).fetchall() == [
        ("chicago", date(2026, 11, 13), date(2026, 11, 6)),
        ("san_francisco", date(2026, 11, 20), date(2026, 11, 13)),
    ]
    published = home / "published"
    periods = {
        "chicago": "October 10 to November 6, 2026",
        "san_francisco": "October 17 to November 13, 2026",
    }
    for city, period in periods.items():
        page = (published / city / "index.html").read_text()
        assert period in page
        (packed,) = (published / city / "packed").iterdir()
        assert packed.name.startswith("2026-")


def test_a_sentence_for_a_district_and_one_in_capitals_have_a_page_each(home):
    folder = home / "published" / "san_francisco" / "districts"
    fixed = [
        json.loads(text.split('id="city">')[1].split("</script>")[0])["fixed"][
            "district"
        ]
        for text in (path.read_text() for path in folder.iterdir())
    ]
    assert {"Central", "CENTRAL", SENTENCE.strip()} <= set(fixed)
    assert len({path.name.casefold() for path in folder.iterdir()}) == len(set(fixed))


def test_no_place_outside_of_its_city_is_published(marts, home):
    placed = """
        select city, min(latitude) > 37, max(latitude) < 43, count(geometry) = count(*)
        from read_parquet(?) where latitude is not null or longitude is not null
        group by 1 order by 1
    """
    file = str(home / "published" / "data" / "fct_incidents.parquet")
    assert marts.execute(placed, [file]).fetchall() == [
        ("chicago", True, True, True),
        ("san_francisco", True, True, True),
    ]
    flags = """
        select
            count(*) filter (has_implausible_place),
            count(*) filter (has_unparsed_values and longitude is null)
        from marts.fct_incidents
        where latitude is null and coordinates is null
    """
    assert marts.sql(flags).fetchall() == [(3, 3)]
