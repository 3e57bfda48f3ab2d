"""The day of a data set is written as a whole, or not at all."""

from datetime import UTC, datetime, timedelta

import pytest

from demo.portal.server import Fault, Portal
from pipelines.errors import PortalError, TooManyRemovalsError
from tests.support import live_portal as live

JSON, CSV = "/resource/abcd-1234.json", "/resource/abcd-1234.csv"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
JANUARY = [
    {
        "id": f"old {n:02d}",
        "reported": f"2026-01-{n:02d}T10:00:00.000",
        "category": "Theft",
    }
    for n in range(1, 31)
]


class Clock:
    """The portal's and the runs' one clock: late in February at first."""

    now = NOON - timedelta(days=14)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def portal(clock):
    return Portal(clock=clock)


@pytest.fixture
def published(portal, springfield, home, clock):
    """30 rows of January and 60 of the window, loaded on 10 March."""
    published = live.springfield(portal, [*JANUARY, *live.soda_rows(60)])
    clock.now = NOON
    assert day(home, springfield, clock) is None
    clock.now += timedelta(days=1)
    portal.requests.clear()
    return published


def day(home, dataset, clock):
    return live.daily(home, dataset, now=clock.now, whole=True)


def respell(published, rows):
    """Publish rows under another key, as a table whose ids became numbers has them."""
    published.delete([row["id"] for row in rows])
    published.upsert([{**row, "id": f"{row['id']}.0"} for row in rows])


@pytest.mark.parametrize("ending", [".0", " "])
@pytest.mark.parametrize("old", [[], JANUARY], ids=["window", "window and history"])
def test_a_table_whose_keys_are_all_respelled_is_not_loaded_beside_itself(
    published, springfield, home, clock, ending, old
):
    """Not 60 rows twice: yesterday's, and one sentence on what to do."""
    before = live.raw_tables(home)
    rows = [*old, *live.soda_rows(60)]
    published.replace([{**row, "id": row["id"] + ending} for row in rows])
    failure = day(home, springfield, clock)
    assert isinstance(failure, TooManyRemovalsError)
    assert "shows 60 of 60 rows of 2026-02-01 on under other keys" in str(failure)
    assert "Check whether its key is spelled differently" in str(failure)
    assert live.raw_tables(home) == before


def test_respelled_rows_that_a_sweep_adds_take_the_place_of_the_old_ones(
    portal, published, springfield, home, clock
):
    """The sweep sees two new rows, not which two are gone; the month's count does."""
    respell(published, JANUARY[:2])
    assert day(home, springfield, clock) is None
    assert live.held(home, springfield) == live.shown(published, springfield)
    entries = [e for e in live.log_of(home, springfield) if e[0].startswith("old 0")]
    assert [entry for entry in entries if "01" in entry[0] or "02" in entry[0]] == [
        ("old 01", "added", None),
        ("old 01", "removed", None),
        ("old 01.0", "added", None),
        ("old 02", "added", None),
        ("old 02", "removed", None),
        ("old 02.0", "added", None),
    ]


def test_a_month_of_respelled_rows_is_refused_with_the_whole_day(
    published, springfield, home, clock
):
    before = live.raw_tables(home)
    respell(published, JANUARY)
    published.upsert(live.soda_rows(1, first=500))
    failure = day(home, springfield, clock)
    assert isinstance(failure, TooManyRemovalsError)
    assert "30 of 30 rows of 2026-01-01 to 2026-02-01" in str(failure)
    assert live.raw_tables(home) == before


def test_rows_that_come_late_and_are_new_cost_one_count_of_their_month(
    portal, published, springfield, home, clock
):
    published.upsert([{**JANUARY[0], "id": "late"}, {**JANUARY[1], "category": "x"}])
    assert day(home, springfield, clock) is None
    assert live.held(home, springfield) == live.shown(published, springfield)
    read = [r.query["$where"] for r in portal.requests if r.path == CSV]
    assert not [
        where
        for where in read
        if where.startswith("reported >= '2026-01-01") and ":updated_at" not in where
    ]
    assert [r for r in portal.requests if "date_trunc_ym" in str(r.query)] != []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", 500, path=JSON, query=":updated_at", times=None),
        Fault("status", 500, path=CSV, query=":updated_at", times=None),
        Fault("status", 500, path=JSON, query="date_trunc_ym", times=None),
    ],
    ids=["count of the sweep", "sweep", "comparison"],
)
def test_what_fails_after_the_window_was_read_leaves_yesterdays_rows(
    portal, published, springfield, home, clock, fault
):
    """A week later, with news in the window and a late edit."""
    before = live.raw_tables(home)
    clock.now += timedelta(days=7)
    published.upsert([{"id": "old 03", "category": "Arson"}])
    published.upsert(live.soda_rows(1, first=500))
    portal.fail(fault)
    assert isinstance(day(home, springfield, clock), PortalError)
    assert live.raw_tables(home) == before
    assert live.ledger(home, "outcome, added")[-1] == ("failed", 0)
    portal.heal()
    assert day(home, springfield, clock) is None
    assert live.held(home, springfield) == live.shown(published, springfield)


def test_a_row_that_window_and_sweep_tell_of_is_logged_once(
    published, springfield, home, clock
):
    """It left the window for January: asked for by its key, and swept."""
    moved = {"id": "00007", "reported": "2026-01-09T08:00:00.000"}
    published.upsert([moved])
    assert day(home, springfield, clock) is None
    entries = [e for e in live.log_of(home, springfield) if e[0] == "00007"]
    assert entries == [("00007", "added", None), ("00007", "changed", "reported")]
    assert live.held(home, springfield) == live.shown(published, springfield)


def test_respelled_rows_of_a_month_that_moves_wait_for_the_next_day(
    portal, published, springfield, home, clock
):
    """A month whose rows come and go while it is read takes none back."""
    before = live.held(home, springfield)
    respell(published, JANUARY[:2])
    late = [{**JANUARY[5], "id": "late"}]
    january = "reported >= '2026-01-01T00:00:00.000' AND reported < '2026-02"
    portal.fail(  # after the sweep's page and the empty one that ends it
        Fault("hook", hook=lambda: published.upsert(late), path=CSV, query=january)
    ).after = 2
    assert day(home, springfield, clock) is None
    assert live.ledger(home, "outcome")[-1] == ("moving",)
    assert live.held(home, springfield) == before
    clock.now += timedelta(days=1)
    assert day(home, springfield, clock) is None
    assert live.held(home, springfield) == live.shown(published, springfield)
