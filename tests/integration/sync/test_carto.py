"""A table of a Carto account is followed like any other."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from demo.portal.faults import Fault
from demo.portal.server import Portal
from pipelines.datasets.checks import problems
from pipelines.datasets.dataset import CartoDataset
from pipelines.datasets.windows import Window
from pipelines.errors import PortalError, PortalMovedError, SchemaDriftError
from pipelines.ops.portal_survey import data_set_findings
from pipelines.ops.status import dataset_status
from pipelines.portals.registry import reader_for
from tests.support import live_portal as live
from tests.support.live_portal import IMPATIENT
from tests.unit.test_layer_clock import clocks

ZONE = ZoneInfo("America/New_York")
FRANKLIN = CartoDataset(
    name="franklin__incidents",
    title="Franklin",
    url="https://franklin.example/tables/incidents_part1_part2",
    zone="America/New_York",
    backfill_from=date(2026, 1, 1),
    window_column="dispatch_date_time",
    key=["objectid"],
    columns=[
        *("objectid", "dispatch_date_time", "text_general_code"),
        *("geometry_x", "geometry_y"),
    ],
    left_out=["changed_at"],
    page_rows=7,
)
TABLE = FRANKLIN.table
TYPES = {
    "the_geom": "geometry",
    "the_geom_webmercator": "geometry",
    "objectid": "int4",
    "dispatch_date_time": "timestamptz",
    "text_general_code": "text",
    "changed_at": "timestamptz",
}
SQL = "/api/v2/sql"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def portal():
    """Its clock goes on by a minute whenever it is read."""
    minutes = itertools.count()
    return Portal(clock=lambda: NOON + timedelta(minutes=next(minutes)))


@pytest.fixture
def franklin(url):
    return FRANKLIN.at_portal(url)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def rows_of(count: int, first: int = 0) -> list[dict]:
    """Rows nine hours apart, from midnight of 20 February in the city on, numbered."""
    begin = datetime(2026, 2, 20, 5, tzinfo=UTC)
    return [
        {
            "the_geom": None if number % 5 == 0 else f"POINT (-75.{number:02d} 39.9)",
            "the_geom_webmercator": "0101",
            "objectid": str(1000 + number),
            "dispatch_date_time": f"{begin + timedelta(hours=9 * number):%F %T}+00",
            "text_general_code": "Thefts" if number % 3 else None,
            "changed_at": f"{begin + timedelta(hours=9 * number):%F %T}+00",
        }
        for number in range(first, first + count)
    ]


def held(home, where: str = "true") -> list[tuple]:
    return live.select(
        home,
        "select objectid, dispatch_date_time, text_general_code, geometry_x, "
        "geometry_y from raw_franklin.incidents where removed_at is null "
        f"and {where} order by 1",
    )


def shown(rows: list[dict]) -> list[tuple]:
    """What is held of rows: as published, but for how the API writes dates."""
    return [
        (
            row["objectid"],
            row["dispatch_date_time"].replace(" ", "T").replace("+00", "Z"),
            row["text_general_code"],
            *(
                (None, None)
                if row["the_geom"] is None
                # A number in its shortest form.
                else (str(float(row["the_geom"][7:13])), "39.9")
            ),
        )
        for row in sorted(rows, key=lambda row: row["objectid"])
    ]


def test_days_are_followed(portal, franklin, home):
    rows = rows_of(40)
    table = portal.add_carto(TABLE, rows, TYPES, "objectid")
    assert live.daily(home, franklin, whole=True) is None
    assert held(home) == shown(rows)

    rows[30] |= {"text_general_code": "Fraud", "the_geom": "POINT (-75.99 39.9)"}
    table.upsert([rows[30]])
    table.delete([rows[31]["objectid"]])
    del rows[31]
    rows += rows_of(3, first=40)
    table.append(rows[-3:])
    assert live.daily(home, franklin, date(2026, 3, 11)) is None
    assert held(home) == shown(rows)
    log = live.log_of(home, franklin)
    assert [entry for entry in log if entry[1] != "added"] == [
        ("1030", "changed", "text_general_code,geometry_x,geometry_y"),
        ("1031", "removed", None),
    ]
    assert len(log) == 40 + 3 + 2
    # Nothing has changed since: the table is described, and no row is read again.
    portal.requests.clear()
    assert live.daily(home, franklin, date(2026, 3, 12)) is None
    assert [record.query["q"] for record in portal.requests] == [
        f'SELECT * FROM "{TABLE}" LIMIT 0'
    ]


def test_a_table_that_is_replaced_doubles_nothing(portal, franklin, home):
    rows = rows_of(40)
    table = portal.add_carto(TABLE, rows, TYPES, "objectid")
    assert live.daily(home, franklin, whole=True) is None
    table.replace(rows[::-1])
    assert live.daily(home, franklin, date(2026, 3, 11), whole=True) is None
    assert held(home) == shown(rows)
    assert {change for _, change, _ in live.log_of(home, franklin)} == {"added"}


def test_a_row_of_the_citys_evening_is_filed_under_its_own_month(
    portal, franklin, home
):
    """In UTC it is dated in the next one."""
    moments = {
        "1": ("2026-02-01 04:59:59+00", "2026-01-01"),
        "2": ("2026-02-01 05:00:00+00", "2026-02-01"),
        "3": ("2026-03-01 04:59:59+00", "2026-02-01"),
        "4": ("2026-03-01 05:00:00+00", "2026-03-01"),
        # The clocks were changed on 8 March.
        "5": ("2026-04-01 03:59:59+00", "2026-03-01"),
        "6": ("2026-04-01 04:00:00+00", "2026-04-01"),
        "7": (None, None),
    }
    row = rows_of(1)[0]
    portal.add_carto(
        TABLE,
        [
            {**row, "objectid": key, "dispatch_date_time": at}
            for key, (at, _) in moments.items()
        ],
        TYPES,
        "objectid",
    )
    assert live.daily(home, franklin, whole=True) is None
    months = live.select(
        home, "select objectid, window_month::text from raw_franklin.incidents"
    )
    assert dict(months) == {key: month for key, (_, month) in moments.items()}
    reader = reader_for(franklin, IMPATIENT)
    counted = [
        reader.count(Window(date(2026, month, 1), date(2026, month + 1, 1)))
        for month in (1, 2, 3, 4)
    ]
    assert counted == [1, 2, 2, 1]
    with live.opened(home, franklin) as warehouse:
        # 04:00 UTC on 1 April.
        assert dataset_status(warehouse, franklin)["newest"] == "2026-04-01T00:00:00"


@pytest.mark.parametrize("names_types", [True, False])
@pytest.mark.parametrize(
    ("kind", "times"),
    [("timestamptz", "utc"), ("timestamp", "local"), ("date", "day")],
)
def test_dates_on_any_clock_come_to_the_citys_months(
    portal, franklin, home, kind, times, names_types
):
    # Over the change of the clocks on 8 March 2026, and over the month's end.
    there = sorted(clocks(date(2026, 2, 24), days=14, a_day=40))
    row = rows_of(1)[0]
    rows = [
        {
            **row,
            "objectid": str(number),
            "dispatch_date_time": {
                "utc": f"{clock.replace(tzinfo=ZONE).astimezone(UTC):%F %T}+00",
                "local": f"{clock:%F %T}",
                "day": f"{clock:%F}",
            }[times],
            "text_general_code": f"{clock:%Y-%m}-01",
        }
        for number, clock in enumerate(there)
    ]
    types = TYPES | {"dispatch_date_time": kind}
    portal.add_carto(TABLE, rows, types, "objectid", names_types=names_types)
    rest = {"utc", "local", "day"} - {times}
    for wrong in sorted(rest):
        city = msgspec.structs.replace(franklin, times=wrong, page_rows=500)
        failure = live.daily(home, city)
        assert isinstance(failure, SchemaDriftError)
        assert f'Put `times = "{times}"` into franklin__incidents.toml' in str(failure)
    city = msgspec.structs.replace(franklin, times=times, page_rows=500)
    assert live.daily(home, city, whole=True) is None
    assert live.select(
        home,
        "select count(*) from raw_franklin.incidents "
        "where window_month::text = text_general_code",
    ) == [(14 * 40,)]
    reader = reader_for(city, IMPATIENT)
    reader.probe()
    said = reader.check_clock()
    assert said is not None
    assert said.startswith("`times` is right")


def test_late_edits_are_swept_by_the_publishers_date(portal, franklin, home):
    rows = rows_of(40)
    for row in rows:
        row["dispatch_date_time"] = "2026-01-15 12:00:00+00"
        row["changed_at"] = "2026-01-16 12:00:00+00"
    table = portal.add_carto(TABLE, rows, TYPES, "objectid")
    city = msgspec.structs.replace(
        franklin,
        columns=[*franklin.columns, "changed_at"],
        left_out=[],
        change_column="changed_at",
        reread_months=0,
    )
    assert live.daily(home, city, whole=True) is None
    rows[3] |= {"text_general_code": "Arson", "changed_at": "2026-03-10 23:30:00+00"}
    table.upsert([rows[3]])
    portal.requests.clear()
    assert live.daily(home, city, date(2026, 3, 12), whole=True) is None
    assert held(home) == shown(rows)
    asked = {r.query["q"] for r in portal.requests if "changed_at" in r.query["q"]}
    # Two days before the run before.
    assert any("\"changed_at\" > '2026-03-08T12:00:00Z'" in sql for sql in asked)


def test_only_rows_that_meet_the_condition_are_held(portal, franklin, home):
    portal.add_carto(TABLE, rows_of(40), TYPES, "objectid")
    city = msgspec.structs.replace(franklin, where="text_general_code is not null")
    assert live.daily(home, city, whole=True) is None
    assert held(home) == shown([row for row in rows_of(40) if row["text_general_code"]])


def test_the_rows_number_may_be_the_key(portal, franklin, home):
    portal.add_carto(TABLE, rows_of(9), TYPES)
    city = msgspec.structs.replace(
        franklin, key=["cartodb_id"], columns=[*franklin.columns, "cartodb_id"]
    )
    assert live.daily(home, city) is None
    ids = live.select(home, "select cartodb_id, row_id from raw_franklin.incidents")
    assert len(set(ids)) == 9
    assert all(number == row_id for number, row_id in ids)


def test_a_server_that_knows_no_change_is_read_each_time(portal, franklin, home):
    """It says that each table has changed just now."""
    rows = rows_of(40)
    table = portal.add_carto(TABLE, rows, TYPES, "objectid", knows_changes=False)
    assert live.daily(home, franklin, whole=True) is None
    table.delete([rows[35]["objectid"]])
    assert live.daily(home, franklin, date(2026, 3, 11)) is None
    assert held(home) == shown(rows[:35] + rows[36:])


def test_dates_of_another_type_are_refused(portal, franklin, home):
    portal.add_carto(TABLE, rows_of(3), TYPES | {"dispatch_date_time": "text"})
    failure = live.daily(home, franklin)
    assert isinstance(failure, SchemaDriftError)
    said = "publishes dispatch_date_time as 'text', not as 'timestamptz'"
    assert said in str(failure)


def test_points_of_a_table_without_places_are_refused(portal, franklin, home):
    portal.add_carto(TABLE, rows_of(3), TYPES | {"the_geom": "text"})
    failure = live.daily(home, franklin)
    assert isinstance(failure, SchemaDriftError)
    assert "no longer publishes geometry_x, geometry_y" in str(failure)


def test_a_column_that_is_gone_is_named(portal, franklin, home):
    table = portal.add_carto(TABLE, rows_of(3), TYPES)
    table.rename_column("text_general_code", "code")
    assert "no longer publishes text_general_code" in str(live.daily(home, franklin))

    # It goes between description and rows.
    table.rename_column("code", "text_general_code")
    renames = itertools.count()
    portal.fail(
        Fault(
            "hook",
            path=SQL,
            query="count(*)",
            times=None,
            hook=lambda: (
                next(renames) or table.rename_column("text_general_code", "code")
            ),
        )
    )
    failure = live.daily(home, franklin)
    assert isinstance(failure, SchemaDriftError)
    assert 'column "text_general_code" does not exist' in str(failure)


def test_a_table_that_is_gone_is_told(portal, franklin, home):
    failure = live.daily(home, franklin)
    assert isinstance(failure, PortalMovedError)
    assert f"no longer has the table {TABLE}" in str(failure)
    # And an account that is gone.
    portal.fail(Fault("status", status=404, path=SQL, times=None))
    assert "no longer has it (status 404" in str(live.daily(home, franklin))


def test_a_table_that_is_private_is_told(portal, franklin, home):
    body = '{"error":["permission denied for relation incidents_part1_part2"]}'
    headers = {"Content-Type": "application/json"}
    portal.fail(
        Fault("status", status=403, path=SQL, body=body, headers=headers, times=None)
    )
    failure = live.daily(home, franklin)
    assert isinstance(failure, PortalError)
    assert "It says 'permission denied for relation incidents_part1_part2'" in str(
        failure
    )


SLOW = "canceling statement due to statement timeout"
LIMIT = "You are over platform's limits: SQL query timeout error."


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("cut", path=SQL, size=60, times=None), "cut short or broken"),
        (Fault("status", path=SQL, status=503, times=None), "status 503"),
        (Fault("html", path=SQL, times=None), "came instead of json"),
        (Fault("status", path=SQL, status=429, times=None), LIMIT),
        (Fault("status", path=SQL, status=400, times=None), SLOW),
        (
            Fault(
                "edit",
                path=SQL,
                edit=lambda body: body[:-1] + f', "error": ["{SLOW}"]}}'.encode(),
                times=None,
            ),
            f"an error came after some rows, '{SLOW}'",
        ),
    ],
)
def test_answers_that_are_broken_are_asked_for_again(
    portal, franklin, home, fault, said
):
    portal.add_carto(TABLE, rows_of(9), TYPES)
    if fault.kind == "status" and fault.status < 500:
        fault.body = msgspec.json.encode({"error": [said]})
        fault.headers = {"Content-Type": "application/json"}
    portal.fail(fault)
    assert said in str(live.daily(home, franklin))
    portal.heal()
    fault.times = 1
    portal.fail(fault)
    assert live.daily(home, franklin) is None
    assert len(held(home)) == 9


def test_a_page_that_repeats_rows_is_asked_for_again(portal, franklin, home):
    portal.add_carto(TABLE, rows_of(9), TYPES)

    def with_a_row_twice(body: bytes) -> bytes:
        answer = msgspec.json.decode(body)
        answer["rows"] += [r for r in answer["rows"][-1:] if "objectid" in r]
        return msgspec.json.encode(answer)

    portal.fail(Fault("edit", path=SQL, edit=with_a_row_twice, times=None))
    city = msgspec.structs.replace(franklin, page_rows=50)
    assert "the page repeats rows" in str(live.daily(home, city))


def test_a_page_that_lacks_rows_is_not_loaded(portal, franklin, home):
    """The portal counts more of them."""
    portal.add_carto(TABLE, rows_of(9), TYPES)

    def without(body: bytes) -> bytes:
        answer = msgspec.json.decode(body)
        answer["rows"] = [r for r in answer["rows"] if r.get("objectid") != 1004]
        return msgspec.json.encode(answer)

    portal.fail(Fault("edit", path=SQL, edit=without, times=None))
    failure = live.daily(home, franklin)
    assert "sent 8 rows" in str(failure)
    assert "counts 9" in str(failure)


def test_no_sql_is_in_an_address(portal, franklin, home):
    """An answer to GET may come from a cache."""
    portal.add_carto(TABLE, rows_of(9), TYPES)
    assert live.daily(home, franklin) is None
    assert {(r.method, r.path) for r in portal.requests} == {("POST", SQL)}


def test_the_doctor_counts_keys(portal, franklin):
    portal.add_carto(TABLE, [*rows_of(20), *rows_of(1)], TYPES)
    reader = reader_for(franklin, IMPATIENT)
    findings = list(data_set_findings(reader, franklin, NOON))
    assert findings[-2].message.startswith("objectid is not unique: 21 rows of")
    assert findings[-2].level == "fail"


def test_an_address_names_a_table():
    for url in (
        "https://franklin.example/incidents",
        "https://franklin.example/tables/Incidents; drop",
        "https://franklin.example/tables/a/b",
    ):
        wrong = msgspec.structs.replace(FRANKLIN, url=url)
        assert any("the path of `url` must be like" in p for p in problems(wrong))
    assert list(problems(FRANKLIN)) == []
    account = "https://org.example/u/franklin/tables/incidents"
    assert list(problems(msgspec.structs.replace(FRANKLIN, url=account))) == []


def test_a_fingerprint_has_the_clock_only_if_it_is_not_utc():
    local = msgspec.structs.replace(FRANKLIN, times="local")
    assert FRANKLIN._how_it_is_read() == []
    assert local.fingerprint != FRANKLIN.fingerprint
