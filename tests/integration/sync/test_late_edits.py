"""Edits of rows older than the window: the sweep, the comparison of months."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pyarrow as pa
import pytest

from demo.portal.server import Fault, Portal, serve
from pipelines.errors import ConfigError
from pipelines.sync import daily as runs
from pipelines.sync.compare import months_apart
from pipelines.sync.run import Run
from tests.support import live_portal as live
from tests.support.live_portal import SHELBYVILLE, SPRINGFIELD

JSON = "/resource/abcd-1234.json"
CSV = "/resource/abcd-1234.csv"
JANUARY = [
    {
        "id": f"old {n:02d}",
        "reported": f"2026-01-{n:02d}T10:00:00.000",
        "category": "Theft",
        "district": "01",
    }
    for n in range(1, 31)
]
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class Clock:
    """The portal's and the runs' one clock."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def pass_days(self, days):
        self.now += timedelta(days=days)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def portal(clock):
    return Portal(clock=clock)


@pytest.fixture
def url(portal):
    with serve(portal) as address:
        yield address


@pytest.fixture
def springfield(url):
    """The declaration; of this small table a quarter is all that is swept.

    No month is read again just because its last look is old.
    """
    return msgspec.structs.replace(
        SPRINGFIELD.at_portal(url), sweep_limit_rows=0, reread_months=0
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "home"
    with live.opened(home, SPRINGFIELD, SHELBYVILLE):
        return home


@pytest.fixture
def published(portal, clock):
    """30 rows of January and 40 of the window, all published in February."""
    clock.pass_days(-20)
    published = live.springfield(portal, [*JANUARY, *live.soda_rows(40)])
    clock.pass_days(20)
    return published


def daily(home, dataset, clock, work=runs.daily, **options):
    """Run `daily`, or other work, at the clock's time; nothing fails."""
    with live.opened(home, dataset) as warehouse:
        run = Run(warehouse, "daily", clock.now, patience=live.IMPATIENT)
        assert work(run, dataset, **options) is None


def newest_line(home):
    """What the newest run says of itself."""
    columns = "outcome, swept, months_compared, months_repaired"
    return live.ledger(home, columns)[-1]


def edits(home, dataset):
    """The entries of the change log that are not of rows added."""
    return [entry for entry in live.log_of(home, dataset) if entry[1] != "added"]


def asked(portal, what):
    """The queries that hold a text."""
    return [r.query for r in portal.requests if what in str(r.query)]


# The sweep


def test_an_edit_of_a_row_older_than_the_window_is_found(
    published, springfield, home, clock
):
    daily(home, springfield, clock)
    clock.pass_days(1)
    published.upsert([{"id": "old 03", "category": "Arson"}])
    daily(home, springfield, clock)
    assert newest_line(home) == ("loaded", 1, None, None)
    assert edits(home, springfield) == [("old 03", "changed", "category")]
    assert live.held(home, springfield) == live.shown(published, springfield)


def test_an_edit_of_a_row_three_years_old_is_found_without_reading_the_years(
    portal, url, tmp_path, clock
):
    dataset = msgspec.structs.replace(
        SPRINGFIELD.at_portal(url), backfill_from=date(2023, 2, 1)
    )
    old = {**JANUARY[0], "id": "old", "reported": "2023-02-28T23:59:59.999"}
    published = live.springfield(portal, [old, *JANUARY, *live.soda_rows(9)])
    daily(tmp_path, dataset, clock)
    clock.pass_days(1)
    published.upsert([{"id": "old", "category": "Arson"}])
    portal.requests.clear()
    daily(tmp_path, dataset, clock)
    assert edits(tmp_path, dataset) == [("old", "changed", "category")]
    assert live.held(tmp_path, dataset) == live.shown(published, dataset)
    assert len(portal.requests) < 12


def test_a_row_that_comes_late_with_an_old_date_is_found(
    published, springfield, home, clock
):
    daily(home, springfield, clock)
    clock.pass_days(1)
    published.upsert([{**JANUARY[0], "id": "late"}])
    daily(home, springfield, clock)
    assert ("late", "added", None) in live.log_of(home, springfield)
    assert live.held(home, springfield) == live.shown(published, springfield)


def test_a_sweep_reaches_back_two_days_before_the_last_one(
    portal, published, springfield, home, clock
):
    daily(home, springfield, clock)
    clock.pass_days(1)
    published.upsert([{"id": "00001", "category": "Fraud"}])
    portal.requests.clear()
    daily(home, springfield, clock)
    (query,) = asked(portal, ":updated_at >")
    assert query["$select"] == "count(*) as n"
    assert query["$where"] == (
        "reported >= '2026-01-01T00:00:00.000' "
        "AND reported < '2026-02-01T00:00:00.000' "
        "AND :updated_at > '2026-03-08T12:00:00.000'"
    )


def test_days_that_failed_or_moved_do_not_advance_the_mark(
    portal, published, springfield, home, clock
):
    daily(home, springfield, clock)
    for fault in (Fault("status", 500, path=CSV), Fault("out_of_date")):
        fault.times = None
        clock.pass_days(3)
        published.upsert([{"id": "00001", "category": str(clock.now)}])
        portal.fail(fault)
        live.daily(home, springfield, now=clock.now, whole=True)
        portal.heal()
    outcomes = [outcome for (outcome,) in live.ledger(home, "outcome")]
    assert outcomes == ["loaded", "failed", "moving"]
    clock.pass_days(1)
    published.upsert([{"id": "00002", "category": "Fraud"}])
    portal.requests.clear()
    daily(home, springfield, clock)
    assert ":updated_at > '2026-03-08T12:00:00.000'" in str(portal.requests)


def test_a_publishers_own_change_date_is_asked_for_by_the_citys_clock(
    portal, url, tmp_path, clock
):
    """Noon of 10 March in UTC is seven in the morning in Chicago."""
    types = {**live.SPRINGFIELD_TYPES, "updated_on": "calendar_date"}
    rows = [{**row, "updated_on": "2026-02-01T00:00:00.000"} for row in JANUARY]
    clock.pass_days(-20)
    published = portal.add_soda("abcd-1234", rows, types, "id")
    clock.pass_days(20)
    dataset = msgspec.structs.replace(
        SPRINGFIELD.at_portal(url),
        columns=list(types),
        change_column="updated_on",
    )
    daily(tmp_path / "home", dataset, clock)
    clock.pass_days(1)
    published.upsert(
        [{"id": "old 09", "district": "07", "updated_on": "2026-03-10T22:00:00.000"}]
    )
    portal.requests.clear()
    daily(tmp_path / "home", dataset, clock)
    assert "AND updated_on > '2026-03-08T07:00:00.000'" in str(portal.requests)
    assert edits(tmp_path / "home", dataset) == [
        ("old 09", "changed", "district,updated_on")
    ]


def test_a_layer_is_swept_by_a_date_of_its_publishers(portal, url, tmp_path, clock):
    """Epoch milliseconds; without such a column a layer is not swept."""
    types = {**live.SHELBYVILLE_TYPES, "Edited": "date"}
    path = SHELBYVILLE.url.removeprefix("https://maps.shelbyville.example")
    old = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
    row = {"Crime_ID": "a", "Occurred": old, "Category": "Theft", "Edited": old}
    others = [{**row, "Crime_ID": f"b{n}"} for n in range(9)]
    layer = portal.add_layer(path, [row, *others], types)
    columns = [name for name in types if name != "ObjectId"]
    dataset = msgspec.structs.replace(
        SHELBYVILLE.at_portal(url), columns=columns, change_column="Edited"
    )
    daily(tmp_path / "home", dataset, clock)
    clock.pass_days(1)
    edited = int(clock.now.timestamp() * 1000)
    layer.replace([{**row, "Category": "Arson", "Edited": edited}, *others])
    daily(tmp_path / "home", dataset, clock)
    assert newest_line(tmp_path / "home")[:2] == ("loaded", 1)
    assert edits(tmp_path / "home", dataset) == [("a", "changed", "category,edited")]


def test_a_replaced_table_is_not_swept_and_changes_no_row(
    portal, published, springfield, home, clock, caplog
):
    """All `:id` and `:updated_at` are new; 30 of 70 rows are more than a quarter."""
    daily(home, springfield, clock)
    before = live.raw_tables(home)
    clock.pass_days(1)
    published.replace([*JANUARY, *live.soda_rows(40)])
    portal.requests.clear()
    with caplog.at_level("INFO"):
        daily(home, springfield, clock)
    assert newest_line(home)[:2] == ("loaded", 0)
    assert live.raw_tables(home) == before
    assert [r for r in portal.requests if ":updated_at" in str(r.query)] == [
        r for r in portal.requests if r.query.get("$select") == "count(*) as n"
    ][1:]
    counted = "30 rows of 2026-01-01 to 2026-02-01 changed since 2026-03-08"
    assert f"{counted}, and 70 are held" in caplog.text


@pytest.mark.parametrize(
    ("limit_rows", "changed", "swept"),
    [(0, 17, 17), (0, 18, 0), (18, 18, 18), (18, 19, 0)],
)
def test_a_sweep_of_more_than_a_quarter_of_the_table_is_skipped(
    published, springfield, home, clock, limit_rows, changed, swept
):
    """A quarter of 70 rows is 17.5; a sweep of few rows is never skipped."""
    limited = msgspec.structs.replace(springfield, sweep_limit_rows=limit_rows)
    daily(home, limited, clock)
    clock.pass_days(1)
    published.upsert([{**row, "category": "Fraud"} for row in JANUARY[:changed]])
    daily(home, limited, clock)
    assert newest_line(home)[1] == swept


@pytest.mark.parametrize("how", ["window only", "not declared"])
def test_the_window_works_alone(portal, published, springfield, home, clock, how):
    alone = msgspec.structs.replace(springfield, sweeps=False, compare_days=0)
    dataset = alone if how == "not declared" else springfield
    daily(home, dataset, clock)
    clock.pass_days(30)
    new = {**live.soda_rows(1, first=900)[0], "reported": "2026-04-01T00:00:00.000"}
    published.upsert([{"id": "old 03", "category": "Arson"}, new])
    portal.requests.clear()
    daily(home, dataset, clock, window_only=how == "window only")
    assert ("00900", "added", None) in live.log_of(home, dataset)
    assert edits(home, dataset) == []
    assert ":updated_at" not in str(portal.requests)
    assert "date_trunc_ym" not in str(portal.requests)


def test_what_a_window_alone_left_out_is_swept_by_the_next_full_run(
    published, springfield, home, clock
):
    daily(home, springfield, clock)
    clock.pass_days(1)
    published.upsert([{"id": "old 03", "category": "Arson"}])
    daily(home, springfield, clock, window_only=True)
    assert edits(home, springfield) == []
    clock.pass_days(5)
    published.upsert([{"id": "00001", "district": "77"}])
    daily(home, springfield, clock)
    assert ("old 03", "changed", "category") in edits(home, springfield)


def test_a_clock_that_ran_ahead_once_hides_no_edit(published, springfield, home, clock):
    daily(home, springfield, clock)
    with live.opened(home, springfield) as warehouse:
        ahead = Run(warehouse, "daily", clock.now + timedelta(days=20))
        assert runs.daily(ahead, springfield) is None
    clock.pass_days(4)
    published.upsert([{"id": "old 03", "category": "Arson"}])
    daily(home, springfield, clock)
    assert edits(home, springfield) == [("old 03", "changed", "category")]


# The comparison of months


def replaced(published, *, without=(), edited=None):
    """Replace the table: a sweep can't tell what differs in it."""
    rows = [row | (edited or {}).get(row["id"], {}) for row in JANUARY]
    kept = [row for row in rows if row["id"] not in without]
    published.replace([*kept, *live.soda_rows(40)])


def test_once_a_week_months_that_differ_are_read_again(
    portal, published, springfield, home, clock
):
    daily(home, springfield, clock)
    for day in range(1, 8):
        clock.pass_days(1)
        replaced(published, without=["old 03", "old 04"])
        portal.requests.clear()
        daily(home, springfield, clock)
        compared = (1, 1) if day == 7 else (None, None)
        assert newest_line(home)[2:] == compared, f"day {day}"
        assert bool(asked(portal, "date_trunc_ym")) == (day == 7)
    assert edits(home, springfield) == [
        ("old 03", "removed", None),
        ("old 04", "removed", None),
    ]
    assert live.held(home, springfield) == live.shown(published, springfield)


def test_only_the_months_that_differ_are_read(portal, url, tmp_path, clock):
    dataset = msgspec.structs.replace(
        SPRINGFIELD.at_portal(url),
        backfill_from=date(2025, 10, 1),
        sweep_limit_rows=0,
        reread_months=0,
    )
    rows = [
        {"id": f"{month} {n}", "reported": f"{month}-0{n}T10:00:00.000"}
        for month in ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02")
        for n in range(1, 8)
    ]
    published = live.springfield(portal, rows)
    daily(tmp_path, dataset, clock)
    clock.pass_days(8)
    late = {"id": "late", "reported": "2025-11-20T10:00:00.000"}
    published.replace([*(r for r in rows if r["id"] != "2025-12 3"), late])
    portal.requests.clear()
    daily(tmp_path, dataset, clock)
    assert newest_line(tmp_path) == ("loaded", 0, 4, 2)
    read = {r.query["$where"][:60] for r in portal.requests if r.path == CSV}
    months = {where.split("'")[1][:7] for where in read if where[0] != "("}
    # 2026-02 is the window's; what vanished from 2025-12 was asked for by its key.
    assert months - {"2025-12 3"} == {"2025-11", "2025-12"}
    assert live.held(tmp_path, dataset) == live.shown(published, dataset)


def test_an_edit_in_a_replaced_table_is_found_by_the_values_of_a_column(
    published, springfield, home, clock
):
    """The number of rows stays; in `compare_by` one category has one row less."""
    by_category = msgspec.structs.replace(springfield, compare_by=["category"])
    for dataset, found in ((springfield, []), (by_category, ["old 07"])):
        daily(home, dataset, clock)
        clock.pass_days(8)
        replaced(published, edited={"old 07": {"category": "Arson"}})
        daily(home, dataset, clock)
        assert [row_id for row_id, *_ in edits(home, dataset)] == found


def test_repeats_and_rows_without_a_key_make_no_month_differ(
    portal, url, tmp_path, clock
):
    """The portal counts them, the warehouse does not hold them."""
    dataset = msgspec.structs.replace(
        SPRINGFIELD.at_portal(url), compare_by=["category"]
    )
    rows = [*JANUARY, JANUARY[0], {**JANUARY[1], "id": None}, *live.soda_rows(40)]
    published = portal.add_soda("abcd-1234", rows, live.SPRINGFIELD_TYPES)
    daily(tmp_path, dataset, clock)
    assert live.ledger(tmp_path, "repeats, rejected") == [(1, 1)]
    clock.pass_days(8)
    published.replace(rows)
    daily(tmp_path, dataset, clock)
    assert newest_line(tmp_path)[2:] == (1, 0)


def test_a_layers_months_are_counted_one_by_one(portal, url, tmp_path, clock):
    dataset = SHELBYVILLE.at_portal(url)
    old = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
    rows = [
        {"Crime_ID": f"a{n}", "Occurred": old, "Category": "Theft"} for n in range(9)
    ]
    layer = live.shelbyville(portal, rows)
    daily(tmp_path, dataset, clock)
    clock.pass_days(8)
    layer.replace(rows[1:])
    daily(tmp_path, dataset, clock)
    assert newest_line(tmp_path) == ("loaded", 0, 1, 1)
    assert edits(tmp_path, dataset) == [("a0", "removed", None)]


def test_reconcile_compares_at_once_though_nothing_changed(
    portal, published, springfield, home, clock
):
    """By hand, the day after somebody had deleted a row from the warehouse."""
    daily(home, springfield, clock)
    live.select(home, "delete from raw_springfield.incidents where row_id = 'old 12'")
    daily(home, springfield, clock)
    assert newest_line(home) == ("unchanged", 0, None, None)
    daily(home, springfield, clock, runs.reconcile)
    assert newest_line(home) == ("loaded", 0, 1, 1)
    assert live.held(home, springfield) == live.shown(published, springfield)


def test_a_comparison_that_fails_stays_due(portal, published, springfield, home, clock):
    daily(home, springfield, clock)
    clock.pass_days(8)
    replaced(published, without=["old 03"])
    portal.fail(Fault("status", 500, path=JSON, query="date_trunc_ym", times=None))
    failure = live.daily(home, springfield, now=clock.now, whole=True)
    assert "kept failing (the counts by month)" in str(failure)
    portal.heal()
    daily(home, springfield, clock)
    assert newest_line(home)[2:] == (1, 1)


@pytest.mark.parametrize(
    "body",
    ["{}", '["x"]', '[{"month": "soon", "n": "1"}]', '[{"month": "2026-01-01"}]'],
)
def test_counts_that_are_none_fail_in_one_sentence(
    portal, published, springfield, home, clock, body
):
    daily(home, springfield, clock)
    portal.fail(
        Fault("status", 200, body=body, path=JSON, query="date_trunc_ym", times=None)
    )
    with live.opened(home, springfield) as warehouse:
        run = Run(warehouse, "reconcile", clock.now, patience=live.IMPATIENT)
        failure = runs.reconcile(run, springfield)
    assert str(failure).startswith("springfield__incidents: 127.0.0.1")
    assert "counts by month" in str(failure)


def counts(*rows):
    """month, value, row_count."""
    months, values, numbers = zip(*rows, strict=True)
    return pa.table(
        {
            "month": pa.array(months, pa.date32()),
            "value": pa.array(values, pa.string()),
            "row_count": pa.array(numbers, pa.int64()),
        }
    )


def test_months_apart_are_those_whose_counts_differ_beyond_the_surplus():
    jan, feb, mar, apr = (date(2026, n, 1) for n in range(1, 5))
    theirs = counts(
        (jan, "Theft", 5), (feb, "Theft", 5), (mar, None, 3), (apr, "Theft", 2)
    )
    ours = counts(
        (jan, "Theft", 5), (feb, "Arson", 5), (mar, None, 2), (apr, "Arson", 1)
    )
    surplus = {jan: 0, feb: 0, mar: 1, apr: 1}
    assert months_apart(theirs, ours, surplus) == {feb}
    assert months_apart(theirs, ours, {}) == {feb, mar, apr}
    assert months_apart(theirs, counts((jan, "Theft", 5)), surplus) == {feb, mar, apr}


def test_a_layer_cannot_be_compared_by_a_column(tmp_path):
    with pytest.raises(ConfigError, match="compare_by"):
        runs.reader_for(SHELBYVILLE, live.IMPATIENT).monthly_counts([], "Category")


# What a quiet day costs


@pytest.mark.parametrize("place", ["springfield", "shelbyville"])
def test_a_day_without_changes_asks_once_and_writes_no_row(
    portal, url, home, clock, place
):
    """Until the version was believed for a week."""
    make, dataset, rows = {
        "springfield": (live.springfield, SPRINGFIELD, [*JANUARY, *live.soda_rows(9)]),
        "shelbyville": (live.shelbyville, SHELBYVILLE, live.layer_rows(20)),
    }[place]
    make(portal, rows)
    dataset = dataset.at_portal(url)
    daily(home, dataset, clock)
    before = live.raw_tables(home)
    for days in (1, 5):
        clock.pass_days(days)
        portal.requests.clear()
        daily(home, dataset, clock)
        assert len(portal.requests) == 1
        assert newest_line(home) == ("unchanged", 0, None, None)
        assert live.raw_tables(home) == before


def test_what_a_window_alone_left_out_is_swept_though_the_portal_stands_still(
    published, springfield, home, clock
):
    """The last good run knows the portal's version, but read no older row."""
    daily(home, springfield, clock)
    clock.pass_days(1)
    published.upsert([{"id": "old 03", "category": "Arson"}])
    daily(home, springfield, clock, window_only=True)
    clock.pass_days(1)
    daily(home, springfield, clock)
    assert newest_line(home)[:2] == ("loaded", 1)
    assert edits(home, springfield) == [("old 03", "changed", "category")]


@pytest.mark.parametrize("edited", ["1", "2"])
def test_a_sweep_of_one_of_two_rows_with_a_key_keeps_the_other(
    portal, url, tmp_path, clock, edited
):
    """What tells them apart is an ordinal among all rows of the key, swept or not."""
    types = {**live.SPRINGFIELD_TYPES, "number": "text"}
    one = {**JANUARY[0], "district": "01", "number": "1"}
    rows = [one, {**one, "district": "02", "number": "2"}]
    others = [{**row, "number": row["id"]} for row in JANUARY[1:]]
    clock.pass_days(-20)
    published = portal.add_soda("abcd-1234", [*rows, *others], types, "number")
    clock.pass_days(20)
    dataset = msgspec.structs.replace(
        SPRINGFIELD.at_portal(url),
        key=["id", "category"],
        key_is_unique=False,
        left_out=["number"],
    )
    daily(tmp_path, dataset, clock)
    clock.pass_days(1)
    published.upsert([{"number": edited, "district": "99"}])
    daily(tmp_path, dataset, clock)
    held = sorted(live.held(tmp_path, dataset))
    assert held == sorted(live.shown(published, dataset))
