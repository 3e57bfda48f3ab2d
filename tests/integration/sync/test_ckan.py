"""A table of a CKAN portal is followed like any other."""

import itertools
from datetime import date, datetime, timedelta

import msgspec
import pytest

from demo.portal.faults import Fault
from pipelines.datasets.checks import problems
from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import CkanDataset
from pipelines.errors import PortalError, SchemaDriftError
from pipelines.ops.portal_survey import data_set_findings
from pipelines.portals.registry import reader_for
from tests.support import live_portal as live
from tests.support.live_portal import IMPATIENT

ID = "0123abcd-89ab-cdef-0123-456789abcdef"
OGDENVILLE = CkanDataset(
    name="ogdenville__incidents",
    title="Ogdenville",
    url=f"https://data.ogdenville.example/dataset/incidents/resource/{ID}",
    zone="America/Chicago",
    backfill_from=date(2026, 1, 1),
    window_column="OCCURRED ON",
    key=["INC NUMBER"],
    columns=["INC NUMBER", "OCCURRED ON", "UCR Category", "100 BLOCK"],
    left_out=["Officer's name"],
    page_rows=7,
)
TYPES = {
    "INC NUMBER": "text",
    "OCCURRED ON": "timestamp",
    "UCR Category": "text",
    "100 BLOCK": "numeric",
    "Officer's name": "text",
}
SQL = "/api/3/action/datastore_search_sql"


@pytest.fixture
def ogdenville(url):
    return OGDENVILLE.at_portal(url)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def rows_of(count: int, first: int = 0, zone: str = "") -> list[dict]:
    """Rows some nine hours apart, from 20 February on, numbered."""
    begin = datetime(2026, 2, 20, 0, 30)
    return [
        {
            "INC NUMBER": f"{number:04d}",
            "OCCURRED ON": f"{begin + timedelta(hours=9 * number):%F %T}{zone}",
            "UCR Category": "Theft" if number % 3 else None,
            "100 BLOCK": str(number * 100),
            "Officer's name": "Wiggum",
        }
        for number in range(first, first + count)
    ]


def held(home, dataset) -> list[tuple]:
    names = ", ".join(f'"{name}"' for name in dataset.loaded_columns)
    return live.select(
        home,
        f"select {names} from raw_ogdenville.incidents where removed_at is null "
        "order by 1",
    )


def shown(rows: list[dict]) -> list[tuple]:
    """What is held of rows: as published, but for how the API writes dates."""
    return [
        (
            row["INC NUMBER"],
            row["OCCURRED ON"].replace(" ", "T"),
            row["UCR Category"],
            str(float(row["100 BLOCK"])),
        )
        for row in sorted(rows, key=lambda row: row["INC NUMBER"])
    ]


def test_days_are_followed(portal, ogdenville, home):
    rows = rows_of(40)
    table = portal.add_ckan(ID, rows, TYPES, "INC NUMBER")
    assert live.daily(home, ogdenville, whole=True) is None
    assert held(home, ogdenville) == shown(rows)
    assert ogdenville.loaded_columns == [
        *("inc_number", "occurred_on", "ucr_category", "_100_block")
    ]

    rows[30] |= {"UCR Category": "Robbery"}
    table.upsert([rows[30]])
    table.delete([rows[31]["INC NUMBER"]])
    del rows[31]
    rows += rows_of(3, first=40)
    table.append(rows[-3:])
    assert live.daily(home, ogdenville, date(2026, 3, 11)) is None
    assert held(home, ogdenville) == shown(rows)
    log = live.log_of(home, ogdenville)
    assert [entry for entry in log if entry[1] != "added"] == [
        ("0030", "changed", "ucr_category"),
        ("0031", "removed", None),
    ]
    assert len(log) == 40 + 3 + 2
    # Nothing has changed since: the rows are not read again.
    portal.requests.clear()
    assert live.daily(home, ogdenville, date(2026, 3, 12)) is None
    assert {record.path.rpartition("/")[2] for record in portal.requests} == {
        *("datastore_search", "resource_show")
    }


def test_a_table_that_is_replaced_doubles_nothing(portal, ogdenville, home):
    rows = rows_of(40)
    table = portal.add_ckan(ID, rows, TYPES, "INC NUMBER")
    assert live.daily(home, ogdenville, whole=True) is None
    table.replace(rows[::-1])
    assert live.daily(home, ogdenville, date(2026, 3, 11), whole=True) is None
    assert held(home, ogdenville) == shown(rows)
    assert {change for _, change, _ in live.log_of(home, ogdenville)} == {"added"}


def test_dates_that_are_text_are_the_citys_clock(portal, ogdenville, home):
    """Even if they claim to be UTC."""
    rows = rows_of(40, zone="+00")
    portal.add_ckan(ID, rows, TYPES | {"OCCURRED ON": "text"}, "INC NUMBER")
    assert live.daily(home, ogdenville, whole=True) is None
    months = live.select(
        home,
        "select window_month::text, count(*) from raw_ogdenville.incidents "
        "group by 1 order by 1",
    )
    before = sum(row["OCCURRED ON"] < "2026-03-01" for row in rows)
    assert months == [("2026-02-01", before), ("2026-03-01", 40 - before)]


def test_a_date_that_is_none_is_set_aside(portal, ogdenville, home):
    rows = rows_of(40)
    rows[39]["OCCURRED ON"] = "9999 or so"
    portal.add_ckan(ID, rows, TYPES | {"OCCURRED ON": "text"}, "INC NUMBER")
    assert live.daily(home, ogdenville, whole=True) is None
    assert len(held(home, ogdenville)) == 39
    rejects = "select reason from raw_ogdenville.incidents_rejects"
    assert live.select(home, rejects) == [("OCCURRED ON is not a date",)]


def test_dates_of_another_type_are_refused(portal, ogdenville, home):
    portal.add_ckan(ID, rows_of(3), TYPES | {"OCCURRED ON": "numeric"})
    failure = live.daily(home, ogdenville)
    assert isinstance(failure, SchemaDriftError)
    assert "publishes OCCURRED ON as 'numeric', not as 'timestamp'" in str(failure)


def test_a_column_that_is_gone_is_named(portal, ogdenville, home):
    table = portal.add_ckan(ID, rows_of(3), TYPES)
    table.rename_column("UCR Category", "NIBRS")
    failure = live.daily(home, ogdenville)
    assert "no longer publishes UCR Category" in str(failure)

    # It goes between description and rows.
    table.rename_column("NIBRS", "UCR Category")
    renames = itertools.count()
    portal.fail(
        Fault(
            "hook",
            path=SQL,
            times=None,
            hook=lambda: next(renames) or table.rename_column("100 BLOCK", "BLOCK"),
        )
    )
    failure = live.daily(home, ogdenville)
    assert isinstance(failure, SchemaDriftError)
    assert 'column "100 BLOCK" does not exist' in str(failure)


def test_a_portal_without_sql_is_to_be_read_as_a_file(portal, ogdenville, home):
    portal.add_ckan(ID, rows_of(3), TYPES, answers_sql=False)
    failure = live.daily(home, ogdenville)
    assert isinstance(failure, PortalError)
    assert f"ending in /datastore/dump/{ID}." in str(failure)
    # Toronto's answers 404.
    portal.fail(Fault("status", status=404, path=SQL, times=None))
    assert f"/datastore/dump/{ID}." in str(live.daily(home, ogdenville))


def test_a_resource_that_is_gone_is_told(portal, ogdenville, home):
    failure = live.daily(home, ogdenville)
    assert "no longer has it (status 404" in str(failure)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("cut", path=SQL, size=60, times=None), "cut short or broken"),
        (Fault("status", path=SQL, status=503, times=None), "status 503"),
        (Fault("html", path=SQL, times=None), "came instead of json"),
    ],
)
def test_answers_that_are_broken_are_asked_for_again(
    portal, ogdenville, home, fault, said
):
    portal.add_ckan(ID, rows_of(9), TYPES)
    portal.fail(fault)
    assert said in str(live.daily(home, ogdenville))
    portal.heal()
    fault.times = 1
    portal.fail(fault)
    assert live.daily(home, ogdenville) is None
    assert len(held(home, ogdenville)) == 9


def test_no_sql_is_in_an_address(portal, ogdenville, home):
    """Firewalls refuse it."""
    portal.add_ckan(ID, rows_of(9), TYPES)
    assert live.daily(home, ogdenville) is None
    assert {r.method for r in portal.requests if r.path == SQL} == {"POST"}


def test_the_doctor_counts_keys(portal, ogdenville):
    portal.add_ckan(ID, [*rows_of(20), *rows_of(1)], TYPES)
    reader = reader_for(ogdenville, IMPATIENT)
    now = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
    findings = list(data_set_findings(reader, ogdenville, now))
    assert findings[-2].message.startswith("INC NUMBER is not unique: 21 rows of")
    assert findings[-2].level == "fail"


def test_names_are_turned_into_names_of_columns():
    assert [
        raw_name(name)
        for name in (
            "INC NUMBER",
            "a.b (internal)",
            "100 BLOCK",
            "Already_fine",
            "x%20y",
        )
    ] == ["inc_number", "a_b_internal_", "_100_block", "already_fine", "x_20y"]
    twice = msgspec.structs.replace(
        OGDENVILLE, columns=[*OGDENVILLE.columns, "inc-number"]
    )
    assert "column 'inc_number' is declared twice" in list(problems(twice))
    quoted = msgspec.structs.replace(
        OGDENVILLE, columns=[*OGDENVILLE.columns, 'a"; drop']
    )
    assert any("it must have no quotes" in said for said in problems(quoted))


def test_an_address_names_a_resource():
    for url in (
        "https://data.ogdenville.example/dataset/incidents",
        f"https://data.ogdenville.example/resource/{ID[:-1]}",
    ):
        wrong = msgspec.structs.replace(OGDENVILLE, url=url)
        assert any("the path of `url` must be like" in p for p in problems(wrong))
    assert list(problems(OGDENVILLE)) == []
