"""What is known to go wrong between an open-data portal and a warehouse, 1 to 24.

Every test goes through a portal over HTTP; its docstring begins with the number of the
failure; promises.toml lists those elsewhere that belong to it, and those of 25.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pytest
from requests.adapters import HTTPAdapter

from demo.generator import generate
from demo.portal.server import Fault, Portal, serve
from demo.rows.cambridge import MARKER, TAIL_MARKER
from demo.stock import publish
from pipelines.datasets.declarations import read_datasets
from pipelines.datasets.overrides import by_soda
from pipelines.datasets.windows import Window, daily_window, local_day
from pipelines.errors import (
    IncompleteReadError,
    PortalError,
    PortalMovedError,
    SchemaDriftError,
    TooManyRemovalsError,
)
from pipelines.portals.registry import reader_for
from pipelines.settings import Patience
from pipelines.sync.window import read_window
from tests.support import live_portal as live
from tests.support.live_portal import IMPATIENT, SHELBYVILLE, SPRINGFIELD
from tools.measured import cost_of

CSV = "/resource/abcd-1234.csv"
JSON = "/resource/abcd-1234.json"
VIEW = "/api/views/abcd-1234.json"
CSV_3 = "/api/v3/views/abcd-1234/query.csv"
JSON_3 = "/api/v3/views/abcd-1234/query.json"
OPEN = Window(date(2026, 2, 1), undated=True)


@pytest.fixture
def url(portal):
    with serve(portal) as address:
        yield address


@pytest.fixture
def springfield(url):
    """The declaration, with pages of 100 rows."""
    return msgspec.structs.replace(SPRINGFIELD.at_portal(url), page_rows=100)


def rows_read(dataset, patience=IMPATIENT, window=OPEN):
    """Read a window, without a warehouse: its rows in the order of the first column."""
    reader = reader_for(dataset, patience)
    reader.probe()
    pages = read_window(reader, window).pages
    rows = [tuple(row.values()) for page in pages for row in page.to_pylist()]
    return sorted(rows, key=lambda row: str(row[0]))


def asked(portal, ending):
    """The queries sent to addresses with an ending, in their order."""
    return [r.query for r in portal.requests if r.path.endswith(ending)]


# 1 to 6: paging and what a portal does meanwhile


def test_rows_that_come_shuffled_are_all_there_once(portal, springfield, home):
    """1: 2,500 rows in 25 pages; without an order the portal shuffles each page."""
    published = live.springfield(portal, live.soda_rows(2_500))
    assert live.daily(home, springfield) is None
    assert live.held(home, springfield) == live.shown(published, springfield)
    counts = "select count(*), count(distinct row_id) from raw_springfield.incidents"
    assert live.select(home, counts) == [(2_500, 2_500)]


def test_more_rows_come_than_a_portal_sends_unasked(portal, url):
    """2: a portal sends 1,000 rows where no limit is asked for."""
    live.springfield(portal, live.soda_rows(1_001))
    assert len(rows_read(SPRINGFIELD.at_portal(url))) == 1_001
    assert {query["$limit"] for query in asked(portal, ".csv")} == {"20000"}


@pytest.mark.parametrize("place", ["springfield", "shelbyville"])
def test_a_portal_that_sends_less_than_asked_is_read_to_its_end(portal, url, place):
    """3: 500 rows, 100 asked for at a time, 50 sent."""
    make, dataset, rows = {
        "springfield": (live.springfield, SPRINGFIELD, live.soda_rows(500)),
        "shelbyville": (live.shelbyville, SHELBYVILLE, live.layer_rows(500)),
    }[place]
    make(portal, rows)
    portal.fail(Fault("cap", rows=50, times=None))
    small_pages = msgspec.structs.replace(dataset.at_portal(url), page_rows=100)
    read = rows_read(small_pages)
    assert [row[0] for row in read] == [f"{number:05d}" for number in range(500)]


@pytest.mark.parametrize("act", ["insert", "delete", "change", "replace", "both"])
def test_a_portal_that_changes_between_pages_loses_and_doubles_nothing(
    portal, springfield, home, act
):
    """4: what the read lacks is not taken for removed, and the next run is exact."""
    published = live.springfield(portal, live.soda_rows(300))
    assert live.daily(home, springfield) is None
    new = live.soda_rows(20, first=300)
    acts = {
        "insert": [lambda: published.upsert(new)],
        "delete": [lambda: published.delete([f"{n:05d}" for n in range(0, 300, 20)])],
        "change": [lambda: published.upsert([{"id": "00299", "category": "Arson"}])],
        "replace": [lambda: published.replace(live.soda_rows(290))],
    }
    acts["both"] = [*acts["insert"], *acts["delete"]]
    published.upsert([{"id": "00000", "category": "Fraud"}])
    portal.fail(Fault("hook", hook=lambda: [do() for do in acts[act]], path=CSV))
    portal.faults[-1].after = 2
    assert live.daily(home, springfield) is None
    assert live.ledger(home)[-1] == ("moving", None)
    changes = live.log_of(home, springfield)
    assert [change for _, change, _ in changes if change == "removed"] == []
    assert live.daily(home, springfield) is None
    assert live.held(home, springfield) == live.shown(published, springfield)
    found = live.log_of(home, springfield)
    added = [row_id for row_id, change, _ in found if change == "added"]
    assert len(added) == len(set(added))


def test_a_nightly_reload_of_the_whole_table_doubles_nothing(portal, springfield, home):
    """5: `replace` gives every row a new `:id` and a new `:updated_at`."""
    published = live.springfield(portal, live.soda_rows(250))
    live.daily(home, springfield)
    before = live.raw_tables(home)
    published.replace(live.soda_rows(250))
    assert live.daily(home, springfield) is None
    assert live.ledger(home, "outcome, rows_read, added, changed")[-1] == (
        "loaded",
        250,
        0,
        0,
    )
    assert live.raw_tables(home) == before


def test_a_nightly_reload_does_not_make_a_run_read_history_again(
    portal, springfield, home
):
    """6: only the two months of the window are asked for; of this small table too."""
    springfield = msgspec.structs.replace(springfield, sweep_limit_rows=0)
    old = [{"id": f"old {n}", "reported": f"2026-01-{n:02d}"} for n in range(1, 31)]
    published = live.springfield(portal, [*old, *live.soda_rows(30)])
    live.daily(home, springfield, whole=True)
    assert len(live.held(home, springfield)) == 60
    published.replace([*old, *live.soda_rows(31)])
    portal.requests.clear()
    assert live.daily(home, springfield, whole=True) is None
    assert live.ledger(home, "rows_read, added")[-1] == (31, 1)
    conditions = {query["$where"] for query in asked(portal, ".csv")}
    assert all("reported >= '2026-02-01T00:00:00.000'" in c for c in conditions)


# 7 to 9: rows that vanish


def test_sealed_rows_leave_a_tombstone_without_values(portal, springfield, home):
    """7: in raw tables; that marts exclude them, see the build below."""
    published = live.springfield(portal, live.soda_rows(100))
    live.daily(home, springfield)
    published.seal(["00007", "00008", "00042"])
    assert live.daily(home, springfield) is None
    assert live.select(
        home,
        "select row_id, id, reported, category, district, removed_at is not null "
        "from raw_springfield.incidents where removed_at is not null order by row_id",
    ) == [
        ("00007", None, None, None, None, True),
        ("00008", None, None, None, None, True),
        ("00042", None, None, None, None, True),
    ]
    assert live.held(home, springfield) == live.shown(published, springfield)


@pytest.mark.parametrize("left", [0, 100])
def test_a_portal_that_shows_nothing_or_half_removes_nothing(
    portal, springfield, home, left
):
    """8: by the count it agrees with itself, so only the guard can tell."""
    published = live.springfield(portal, live.soda_rows(200))
    live.daily(home, springfield)
    before = live.raw_tables(home)
    published.replace(live.soda_rows(left))
    failure = live.daily(home, springfield)
    assert isinstance(failure, TooManyRemovalsError)
    assert f"{200 - left} of 200" in str(failure)
    assert failure.exit_code == 1
    assert live.raw_tables(home) == before
    assert live.ledger(home)[-1] == ("failed", str(failure))


def test_an_answer_without_rows_where_the_count_has_some_removes_nothing(
    portal, springfield, home
):
    """8: an empty 200."""
    live.springfield(portal, live.soda_rows(20))
    live.daily(home, springfield)
    before = live.raw_tables(home)
    live_version = portal.datasets["abcd-1234"]
    live_version.upsert(live.soda_rows(1))
    head = '"id","reported","category","district",":id"\n'
    csv = {"Content-Type": "text/csv; charset=UTF-8"}
    portal.fail(Fault("status", 200, csv, head, path=CSV, times=None))
    failure = live.daily(home, springfield)
    assert isinstance(failure, IncompleteReadError)
    assert live.raw_tables(home) == before


@pytest.mark.parametrize(("moving_window", "removed"), [(True, 0), (False, 10)])
def test_rows_that_aged_out_of_a_one_year_table_are_no_removal(
    portal, springfield, home, moving_window, removed
):
    """9: as the declaration says; in a table that keeps its rows they are removals."""
    declared = msgspec.structs.replace(springfield, moving_window=moving_window)
    old = [{"id": f"old {n}", "reported": f"2026-01-{n:02d}"} for n in range(1, 11)]
    published = live.springfield(portal, [*old, *live.soda_rows(10)])
    live.backfill(home, declared)
    published.delete([row["id"] for row in old])
    assert live.backfill(home, declared, again=True) is None
    gone = "select count(removed_at) from raw_springfield.incidents"
    assert live.select(home, gone) == [(removed,)]


# 10 to 13, and 22: answers that are broken, late, not there yet, or many


def test_a_csv_that_ends_early_is_read_on_wherever_it_ends(portal, url):
    """10: the answer ends in good form, with a status of 200."""
    published = live.springfield(portal, live.soda_rows(12))
    dataset = SPRINGFIELD.at_portal(url)
    expected = live.shown(published, dataset)
    whole = rows_read(dataset, window=OPEN)
    assert whole == expected
    for size in range(0, 900, 11):
        portal.fail(Fault("cut", size=size, path=CSV))
        assert rows_read(dataset) == expected, f"cut after {size} bytes"
        portal.heal()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("cut", size=9, path=JSON),
        Fault("cut", size=0, path=JSON),
        Fault("html", path=JSON),
        Fault("html", path=CSV),
        Fault("html", path=VIEW),
    ],
    ids=lambda fault: f"{fault.kind} {fault.size} {fault.path}",
)
def test_broken_json_and_pages_of_html_are_asked_for_again(portal, url, fault):
    """11: and a portal that sends nothing else fails in one sentence."""
    live.springfield(portal, live.soda_rows(10))
    dataset = SPRINGFIELD.at_portal(url)
    portal.fail(like(fault, times=1))
    assert len(rows_read(dataset)) == 10
    portal.heal()
    portal.fail(like(fault, times=None))
    with pytest.raises(PortalError, match=r"springfield__incidents: 127.* 3 tries"):
        rows_read(dataset)


def like(fault, **changes):
    """A fresh fault of the same kind: a fault counts what it has struck."""
    names = ("kind", "status", "headers", "body", "path", "size", "seconds", "rows")
    return Fault(**{name: getattr(fault, name) for name in names} | changes)


@pytest.mark.parametrize("path", [VIEW, JSON, CSV])
def test_an_answer_still_being_computed_is_waited_for(portal, url, path):
    """12: 202 without a body, twice."""
    live.springfield(portal, live.soda_rows(10))
    portal.fail(Fault("processing", path=path, times=2))
    assert len(rows_read(SPRINGFIELD.at_portal(url))) == 10
    assert [r.status for r in portal.requests if r.path == path][:3] == [202, 202, 200]


def test_a_first_byte_after_fifteen_seconds_is_waited_for(portal, url, monkeypatch):
    """13: sodapy gives up after ten."""
    live.springfield(portal, live.soda_rows(10))
    portal.fail(Fault("slow", seconds=0.2, path=CSV))
    given, send = [], HTTPAdapter.send

    def noting(self, request, **options):
        given.append(options["timeout"])
        return send(self, request, **options)

    monkeypatch.setattr(HTTPAdapter, "send", noting)
    assert len(rows_read(SPRINGFIELD.at_portal(url), Patience())) == 10
    assert {*map(seconds_for_the_first_byte, given)} == {120}
    assert len(asked(portal, ".csv")) == 2  # the rows, and the empty page


def seconds_for_the_first_byte(timeout):
    """What `requests` makes of a time-out: one, or one to connect and one to read."""
    return timeout[1] if isinstance(timeout, tuple) else timeout


HISTORY = "san_francisco__incidents"
# The command, with batches of 20,000 rows.
IN_SMALL_BATCHES = """
from pipelines.cli import main
from pipelines.sync import months
months.BATCH_ROWS = 20_000
main()
"""


def test_memory_does_not_grow_with_a_citys_history(tmp_path):
    """22: the peak of the process that reads and loads; a batch more would be seen.

    A hundred thousand rows held at once take 140 MB more than a fifth of them. What
    a million take: `make bench`.
    """
    peaks = [
        peak_of_a_first_load(tmp_path / str(rows), rows) for rows in (20_000, 100_000)
    ]
    assert peaks[1] < peaks[0] + 100, peaks


def peak_of_a_first_load(home, rows):
    """In MB."""
    portal = Portal()
    made = generate(HISTORY, rows, date(2018, 1, 1), date(2026, 11, 20), seed=1)
    publish(portal, HISTORY, made)
    with serve(portal) as url:
        cost = cost_of(
            *("-c", IN_SMALL_BATCHES, "daily", HISTORY, "--no-build"),
            *("--today", "2026-11-21"),
            **live.settings(home, url, BLOTTER_TIMEOUT="60"),
        )
    count = "select count(*), count(distinct row_id) from raw_san_francisco.incidents"
    ((read, repeats),) = live.ledger(home, "rows_read, repeats")
    assert (read, live.select(home, count)) == (rows, [(rows - repeats,) * 2])
    return cost.memory


# 14 and 15: a portal that refuses


@pytest.mark.parametrize("path", ["/api/views/*", "/resource/*"])
def test_a_refused_token_is_left_out_and_said(
    portal, springfield, home, path, monkeypatch, caplog
):
    """14: read without it; the warning does not repeat it."""
    published = live.springfield(portal, live.soda_rows(10))
    portal.fail(Fault("bad_token", path=path, times=None))
    monkeypatch.setenv("SOCRATA_APP_TOKEN", "marker-of-a-token")
    with caplog.at_level(logging.WARNING):
        assert live.daily(home, springfield) is None
    assert live.held(home, springfield) == live.shown(published, springfield)
    assert [r.status for r in portal.requests].count(403) == 1
    assert "x-app-token" in portal.requests[0].headers
    assert "x-app-token" not in portal.requests[-1].headers
    assert "refused SOCRATA_APP_TOKEN (status 403); reading without it" in caplog.text
    assert "marker-of-a-token" not in caplog.text


def test_a_renamed_column_stops_the_data_set_by_its_name(portal, springfield, home):
    """15: nothing is asked again, no row is asked for, nothing is written."""
    published = live.springfield(portal, live.soda_rows(10))
    live.daily(home, springfield)
    before = live.raw_tables(home)
    published.rename_column("district", "police_district")
    portal.requests.clear()
    failure = live.daily(home, springfield)
    assert isinstance(failure, SchemaDriftError)
    assert "springfield__incidents: 127.0.0.1" in str(failure)
    assert "no longer publishes district" in str(failure)
    assert [r.path for r in portal.requests] == [VIEW]
    assert live.raw_tables(home) == before


@pytest.mark.parametrize("path", [JSON, CSV])
def test_a_column_renamed_after_the_first_look_stops_it_too(
    portal, springfield, home, path
):
    """15: the portal answers 400, which no retry mends."""
    published = live.springfield(portal, live.soda_rows(10))
    live.daily(home, springfield)
    before = live.raw_tables(home)
    published.upsert([{"id": "00000", "category": "Fraud"}])
    old = "reported" if path == JSON else "district"
    portal.fail(
        Fault("hook", hook=lambda: published.rename_column(old, "new_name"), path=path)
    )
    portal.requests.clear()
    failure = live.daily(home, springfield)
    assert isinstance(failure, SchemaDriftError)
    assert f"column {old}" in str(failure)
    assert [r.status for r in portal.requests if r.path == path] == [400]
    assert live.raw_tables(home) == before


def test_a_column_that_is_declared_later_is_added_and_filled(portal, springfield, home):
    """15: a new column is reported, and the report says to declare it."""
    published = live.springfield(portal, live.soda_rows(3))
    live.daily(home, springfield)
    published.add_column("unit", "text")
    published.upsert([{"id": "00001", "unit": "12"}])
    assert live.daily(home, springfield) is None
    ((warning,),) = live.select(
        home, "select warnings from ledger.runs where warnings is not null"
    )
    assert "publishes new columns that are not loaded: unit. Add them" in warning
    wider = msgspec.structs.replace(springfield, columns=[*springfield.columns, "unit"])
    assert live.daily(home, wider) is None
    assert live.held(home, wider) == live.shown(published, wider)
    found = [row for row in live.log_of(home, wider) if row[1] != "added"]
    assert found == [("00001", "changed", "unit")]


# 16 to 19: times and types

MIDNIGHTS = [
    # Half past eleven in San Francisco on the last of October; November elsewhere.
    ("2026-11-01T06:30", "America/Los_Angeles", date(2026, 9, 1)),
    ("2026-11-01T06:30", "America/Chicago", date(2026, 10, 1)),
    ("2026-11-01T06:30", "America/New_York", date(2026, 10, 1)),
    # The hour after the clocks went forward in San Francisco.
    ("2026-03-08T10:30", "America/Los_Angeles", date(2026, 2, 1)),
    ("2026-03-08T10:30", "America/Chicago", date(2026, 2, 1)),
    ("2026-03-08T10:30", "America/New_York", date(2026, 2, 1)),
]
# Midnight in Chicago, in UTC: five hours later in summer, six in winter.
CHICAGO_MIDNIGHTS = [
    ("2026-11-01T04:59", datetime(2026, 9, 1, 5, tzinfo=UTC)),
    ("2026-11-01T06:30", datetime(2026, 10, 1, 5, tzinfo=UTC)),
    ("2026-03-08T10:30", datetime(2026, 2, 1, 6, tzinfo=UTC)),
    ("2026-12-01T05:59", datetime(2026, 10, 1, 5, tzinfo=UTC)),
    ("2026-12-01T06:00", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    ("2026-04-01T05:00", datetime(2026, 3, 1, 6, tzinfo=UTC)),
]


@pytest.mark.parametrize(("clock", "zone", "opens"), MIDNIGHTS)
def test_the_window_opens_at_a_citys_own_midnight(
    portal, springfield, home, clock, zone, opens
):
    """16: a portal writes the city's wall clock, without a zone."""
    before = date.fromordinal(opens.toordinal() - 1)
    live.springfield(
        portal,
        [
            {"id": "last before", "reported": f"{before}T23:59:59.999"},
            {"id": "midnight", "reported": f"{opens}T00:00:00.000"},
            {"id": "next day", "reported": f"{opens}T23:59:59.999"},
        ],
    )
    declared = msgspec.structs.replace(springfield, zone=zone)
    now = datetime.fromisoformat(f"{clock}+00:00")
    assert live.daily(home, declared, now=now) is None
    found = [row[0] for row in live.held(home, declared)]
    assert found == ["midnight", "next day"]
    literals = "".join(query["$where"] for query in asked(portal, ".csv"))
    assert "Z'" not in literals


@pytest.mark.parametrize(("clock", "midnight"), CHICAGO_MIDNIGHTS)
def test_a_layers_window_opens_at_that_midnight_in_utc(portal, url, clock, midnight):
    """16: a layer's dates are instants."""
    opens = int(midnight.timestamp()) * 1000
    live.shelbyville(
        portal,
        [
            {"Crime_ID": "last before", "Occurred": opens - 1},
            {"Crime_ID": "midnight", "Occurred": opens},
        ],
    )
    now = datetime.fromisoformat(f"{clock}+00:00")
    window = daily_window(local_day(now, SHELBYVILLE.tzinfo))
    read = rows_read(SHELBYVILLE.at_portal(url), window=window)
    assert [row[0] for row in read] == ["midnight"]


def test_the_first_minute_of_the_window_is_read(portal, url):
    """17: a condition such as `> '...-01T00:01:00'` loses it."""
    times = ("00:00:00.000", "00:00:00.001", "00:00:30.000", "00:01:00.000")
    rows = [
        {"id": str(n), "reported": f"2026-02-01T{at}"} for n, at in enumerate(times)
    ]
    live.springfield(portal, rows)
    assert [row[0] for row in rows_read(SPRINGFIELD.at_portal(url))] == list("0123")


def test_a_column_that_is_empty_at_first_keeps_its_type(portal, springfield, home):
    """18: missing in the first 5,000 rows, in the order of reading, then `0123`."""
    rows = [row | {"district": None} for row in live.soda_rows(5_400)]
    published = live.springfield(portal, rows)
    order = published.rows(system=True).sort_by(":id")["id"].to_pylist()
    late = sorted(order[5_000:])
    published.upsert([{"id": key, "district": "0123"} for key in late])
    large_pages = msgspec.structs.replace(springfield, page_rows=1_000)
    assert live.daily(home, large_pages) is None
    assert live.select(
        home,
        "select data_type from information_schema.columns "
        "where table_schema = 'raw_springfield' and table_name = 'incidents' "
        "and column_name = 'district'",
    ) == [("VARCHAR",)]
    filled = "select id, district from raw_springfield.incidents where district <> ''"
    assert live.select(home, f"{filled} order by id") == [(k, "0123") for k in late]
    assert live.held(home, springfield) == live.shown(published, springfield)


def test_a_layers_field_that_is_empty_at_first_keeps_its_values(portal, url):
    """18: missing in the first 2,000 rows, two whole pages of a layer."""
    rows = [row | {"Category": None} for row in live.layer_rows(2_000)]
    live.shelbyville(portal, rows + live.layer_rows(5, first=2_000))
    read = rows_read(SHELBYVILLE.at_portal(url))
    assert [row[2] for row in read] == [None] * 2_000 + ["Theft"] * 5


def test_codes_keep_their_leading_zeros_and_numbers_their_digits(
    portal, springfield, home
):
    """19: text by contract; nothing is inferred."""
    codes = ["05151", "007", "1e5", "1.50", "NaN", "null", "NA", "true", " 7 ", "", "-"]
    rows = [
        row | {"district": c} for row, c in zip(live.soda_rows(11), codes, strict=1)
    ]
    live.springfield(portal, rows)
    live.daily(home, springfield)
    assert [row[3] for row in live.held(home, springfield)] == codes


def test_a_column_of_another_type_stays_text_and_its_changes_are_logged(
    portal, springfield, home
):
    """19: the portal makes numbers of its codes; nothing here takes another type."""
    published = live.springfield(portal, live.soda_rows(3))
    live.daily(home, springfield)
    published.drop_column("district")
    published.add_column("district", "number")
    codes = {"00000": "0", "00001": "1.50", "00002": "2"}
    published.upsert([{"id": key, "district": code} for key, code in codes.items()])
    assert live.daily(home, springfield) is None
    assert [row[3] for row in live.held(home, springfield)] == ["0", "1.50", "2"]
    changes = [entry for entry in live.log_of(home, springfield) if entry[1] != "added"]
    assert changes == [(f"0000{n}", "changed", "district") for n in range(3)]
    columns = (
        "select column_name, data_type from information_schema.columns where "
        "table_schema = 'raw_springfield' and table_name = 'incidents' "
        "and column_name like '%district%'"
    )
    assert live.select(home, columns) == [("district", "VARCHAR")]


# 21: a portal that moved


def test_a_portal_that_moved_is_named_with_where_it_points(portal, springfield, home):
    """21: not followed to another host, not asked again."""
    live.springfield(portal, live.soda_rows(10))
    live.daily(home, springfield)
    before = live.raw_tables(home)
    portal.move("https://elsewhere.example/")
    portal.requests.clear()
    failure = live.daily(home, springfield)
    assert isinstance(failure, PortalMovedError)
    assert "springfield__incidents: 127.0.0.1" in str(failure)
    assert "redirects to https://elsewhere.example/resource/abcd-1234:" in str(failure)
    assert len(portal.requests) == 1
    assert live.raw_tables(home) == before


# 23: whatever goes wrong, nothing is reported as loaded that is not

ALWAYS = {
    "429": Fault("status", 429),
    "429 come back soon": Fault("status", 429, {"Retry-After": "0"}),
    "429 come back never": Fault("status", 429, {"Retry-After": "soon"}),
    "408": Fault("status", 408),
    "500": Fault("status", 500),
    "502 of the edge": Fault("status", 502),
    "503": Fault("status", 503),
    "504": Fault("status", 504),
    "202": Fault("processing"),
    "page of HTML": Fault("html"),
    "first byte too late": Fault("slow", seconds=0.8),
    "no end of the body": Fault("stall", size=10, seconds=0.8),
    "reset before the answer": Fault("reset"),
    "reset in the answer": Fault("reset", size=20),
    "spoilt gzip": Fault("bad_gzip"),
    "less than announced": Fault("wrong_length"),
    "cut at once": Fault("cut", size=0),
    "cut": Fault("cut", size=9),
}
# What no retry mends; asked once, or once more without the token.
REFUSALS = {
    "400": Fault("status", 400),
    "401": Fault("status", 401),
    "403": Fault("status", 403, body="Forbidden"),
    "404": Fault("status", 404),
    "406": Fault("status", 406),
    "410": Fault("status", 410),
    "moved": Fault("redirect", location="https://elsewhere.example"),
    "other JSON": Fault("status", 200, body='["maintenance"]'),
    "an object of other JSON": Fault("status", 200, body='{"status": "maintenance"}'),
}
ONCE = Patience(timeout=0.1, retries=0)
THRICE = Patience(timeout=0.2, retries=2, backoff=0.01)


@pytest.fixture(scope="module")
def two_cities(tmp_path_factory):
    """A portal with both cities, and a home that holds what they showed."""
    portal = Portal()
    springfield = live.springfield(portal, live.soda_rows(60))
    published = {
        "soda2": springfield,
        "soda3": springfield,
        "arcgis": live.shelbyville(portal, live.layer_rows(60)),
    }
    home = tmp_path_factory.mktemp("two") / "home"
    with serve(portal) as url:
        declared = [SPRINGFIELD.at_portal(url), SHELBYVILLE.at_portal(url)]
        # Not larger than the smallest page that a slow portal is asked for.
        declared = [msgspec.structs.replace(d, page_rows=500) for d in declared]
        for dataset in declared:
            assert live.daily(home, dataset) is None
        declared.append(by_soda(declared[0], 3))
        yield portal, published, home, {d.__struct_config__.tag: d for d in declared}


@pytest.fixture
def cities(two_cities):
    portal, *others = two_cities
    portal.heal()
    yield portal, *others
    portal.heal()


# Description, count and rows: each may be what goes wrong.
REQUESTS = {
    "soda2": [{"path": VIEW}, {"path": JSON}, {"path": CSV}],
    "soda3": [{"path": VIEW}, {"path": JSON_3}, {"path": CSV_3}],
    "arcgis": [
        {"path": "*/FeatureServer/0"},
        {"path": "*/query", "query": "returnCountOnly"},
        {"path": "*/query", "query": "orderByFields"},
    ],
}
STAYING = {**ALWAYS, **REFUSALS}


@pytest.mark.parametrize("api", REQUESTS)
@pytest.mark.parametrize("fault", STAYING.values(), ids=STAYING.keys())
def test_a_read_with_a_fault_that_stays_fails_in_one_sentence(cities, fault, api):
    """23: in whichever request it strikes."""
    portal, _, _, declared = cities
    for request in REQUESTS[api]:
        portal.heal()
        portal.fail(like(fault, times=None, **request))
        with pytest.raises(PortalError) as caught:
            rows_read(declared[api], ONCE)
        said = str(caught.value)
        assert said.startswith(f"{declared[api].name}: 127.0.0.1:"), request
        assert "\n" not in said


@pytest.mark.parametrize("fault", STAYING.values(), ids=STAYING.keys())
def test_a_run_with_a_fault_that_stays_writes_nothing_and_says_so(cities, fault):
    """23: it strikes the rows; all before them went well."""
    portal, published, home, declared = cities
    published["soda2"].upsert([{"id": "00000", "category": str(STAYING)}])
    before, months = live.raw_tables(home), live.select(home, "from ledger.months")
    portal.fail(like(fault, path=CSV, times=None))
    failure = live.daily(home, declared["soda2"], patience=ONCE)
    assert isinstance(failure, PortalError)
    assert failure.exit_code == 1
    assert live.ledger(home)[-1] == ("failed", str(failure))
    assert live.raw_tables(home) == before
    assert live.select(home, "from ledger.months") == months


# No run may fail for these, nor for what only happens once.
HARMLESS = {
    "smaller pages": Fault("cap", rows=7),
    "no types": Fault("no_types"),
    "late": Fault("slow", seconds=0.05),
}


@pytest.mark.parametrize("name", [*ALWAYS, *HARMLESS, "rows twice"])
@pytest.mark.parametrize("api", REQUESTS)
def test_a_fault_that_passes_costs_no_row(cities, name, api):
    """23: in each of the requests, one after the other."""
    portal, published, _, declared = cities
    faults = {**ALWAYS, **HARMLESS, "rows twice": Fault("duplicates")}
    times = None if name in HARMLESS else 1
    expected = live.shown(published[api], declared[api])
    for request in REQUESTS[api]:
        portal.heal()
        portal.fail(like(faults[name], times=times, **request))
        read = [tuple(map(text, row)) for row in rows_read(declared[api], THRICE)]
        assert read == expected, request


def text(value):
    """A published value as text; a raw table holds nothing else."""
    return None if value is None else str(value)


def test_rows_of_a_copy_that_lags_are_loaded_and_none_is_removed(cities):
    """23: the portal says so in a header."""
    portal, published, home, declared = cities
    published["soda2"].upsert(live.soda_rows(1, first=500))
    published["soda2"].delete(["00059"])
    portal.fail(Fault("out_of_date", times=None))
    assert live.daily(home, declared["soda2"]) is None
    assert live.ledger(home)[-1] == ("moving", None)
    found = [row[0] for row in live.held(home, declared["soda2"])]
    assert ("00500" in found, "00059" in found) == (True, True)
    portal.heal()
    assert live.daily(home, declared["soda2"]) is None
    soda = declared["soda2"]
    assert live.held(home, soda) == live.shown(published["soda2"], soda)


# 7, 20 and 24: what the models make of it, in one build

SEALED = 3
DISTRICTS = {
    "san_francisco": "police_district",
    "chicago": "district",
    "memphis": "Precinct",
    "cambridge": None,
}


@dataclass
class Built:
    """What a run left: the home, what the portal showed before it, what was said."""

    home: Path
    rows: dict[str, pa.Table]
    sealed: list[str]
    portal: Portal
    said: str
    strays: list[Path]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Four cities, every 20th row without a district, three rows sealed; built."""
    home = tmp_path_factory.mktemp("built") / "home"
    portal, first, last = Portal(), date(2026, 2, 2), date(2026, 3, 9)
    published = {}
    for city, district in DISTRICTS.items():
        made = generate(f"{city}__incidents", 400, first, last, seed=7)
        if district:
            kept = [None if n % 20 == 0 else v for n, v in enumerate(made[district])]
            place = made.column_names.index(district)
            made = made.set_column(place, district, [[v and v.as_py() for v in kept]])
        published[city] = publish(portal, f"{city}__incidents", made)
    with serve(portal) as url:
        for city in DISTRICTS:
            dataset = read_datasets()[f"{city}__incidents"].at_portal(url)
            assert live.daily(home, dataset) is None
        sealed = published["san_francisco"].rows()["row_id"].to_pylist()[-SEALED:]
        published["san_francisco"].seal(sealed)
        names = [f"{city}__incidents" for city in DISTRICTS]
        arguments = ("daily", *names, "--window-only", "--today", "2026-03-10")
        user = tmp_path_factory.mktemp("user")
        more = {"HOME": str(user), **dict([live.NO_DATA_TESTS])}
        done = live.blotter(home, url, *arguments, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {city: table.rows() for city, table in published.items()}
    strays = list(user.rglob("*"))
    return Built(home, rows, sealed, portal, done.stdout + done.stderr, strays)


def test_rows_without_a_district_stay_in_the_marts(built):
    """20: counts are equal from the raw tables to the reports."""
    home, rows = built.home, built.rows
    for city, district in DISTRICTS.items():
        raw = f"select count(*) from raw_{city}.incidents where removed_at is null"
        ((held,),) = live.select(home, raw)
        facts = f"from marts.fct_incidents where city = '{city}'"
        assert live.select(home, f"select count(*) {facts}") == [(held,)]
        summed = "select sum(row_count) from marts.{} where city = '{}'"
        for report in (
            "rpt_arrests_by_police_district",
            "rpt_incidents_by_month_and_category",
            "rpt_incidents_by_calendar_day",
        ):
            found = live.select(home, summed.format(report, city))
            assert found == [(held,)], (report, city)
        if district in ("police_district", "district"):
            key = "row_id" if city == "san_francisco" else "id"
            keys = {row[key] for row in rows[city].to_pylist() if row[district] is None}
            assert len(keys) >= 15
            unknown = f"select row_id {facts} and police_district is null"
            assert {row_id for (row_id,) in live.select(home, unknown)} == keys


def test_sealed_rows_are_in_no_mart(built):
    """7: nor do staging and raw tables show anything of them."""
    home, rows, sealed = built.home, built.rows, built.sealed
    shown = set(rows["san_francisco"]["row_id"].to_pylist())
    facts = "select row_id from marts.fct_incidents where city = 'san_francisco'"
    staged = "select row_id from staging.stg_san_francisco__incidents"
    for present in (facts, staged):
        found = {row_id for (row_id,) in live.select(home, present)}
        assert found == shown - set(sealed)
    gone = (
        "select row_id, incident_number, incident_description "
        "from staging.base_san_francisco__incidents where removed_at is not null"
    )
    assert sorted(live.select(home, gone)) == [(key, None, None) for key in sealed]


def test_the_names_of_people_are_nowhere(built):
    """24: the narrative is not even asked for; what is in `location` is cut off."""
    home, portal = built.home, built.portal
    texts = built.rows["cambridge"]["description"].to_pylist()
    assert sum(MARKER in (text or "") for text in texts) > 20
    assert not [r for r in portal.requests if "description" in asked_columns(r)]
    tails = built.rows["cambridge"]["location"].to_pylist()
    assert sum(TAIL_MARKER in (text or "") for text in tails) >= 3
    everything = {str(p): p.read_bytes() for p in home.rglob("*") if p.is_file()}
    everything["output"] = built.said.encode()
    # A database file may be packed: its tables are read as well.
    everything |= {name: str(rows).encode() for name, rows in tables(home).items()}
    assert {"raw_cambridge.incidents", "marts.fct_incidents"} <= set(everything)
    for name, content in everything.items():
        assert MARKER.encode() not in content, name
        assert TAIL_MARKER.encode() not in content, name


def test_a_run_leaves_nothing_in_the_users_own_folder(built):
    """Where dlt and dbt keep the ids that they report usage with."""
    assert built.strays == []
    assert (built.home / "status.json").exists()


def asked_columns(request):
    """The columns that a request to Cambridge's table names."""
    is_cambridge = "3gki-wyrb" in request.path
    return request.query.get("$select", "").split(",") if is_cambridge else []


def tables(home):
    """Every row of every table and view of a warehouse."""
    with duckdb.connect(str(home / "blotter.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema not in ('information_schema', 'pg_catalog')"
        ).fetchall()
        return {n: connection.execute(f"from {n}").fetchall() for (n,) in names}
