"""How often a publisher brings new rows, and how the status tells it."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.datasets.declarations import read_datasets
from pipelines.ops.rhythm import in_words, rhythm
from pipelines.ops.status import write_status
from pipelines.ops.status_words import in_words as status_in_words
from tests.support import live_portal as live

FRANCISCO = "san_francisco__incidents"


def looks(first, *rows):
    """One look a day from a day of 2026 on; None: no run that day."""
    begin = date.fromisoformat(f"2026-{first}")
    days = ((begin + timedelta(n), found) for n, found in enumerate(rows))
    return [(day, found) for day, found in days if found is not None]


def seen(first, *rows, today=None):
    found = looks(first, *rows)
    return rhythm(found, today or found[-1][0])


def said(first, *rows, today=None):
    last = looks(first, *rows)[-1][0]
    return in_words(seen(first, *rows), today or last)


# As San Francisco's table did in 2026: new rows every day, none from 27 June to 1 July,
# then 1,012 at once.
JUNE = (190, 210, 180, 205, 195, 200)  # 21 to 26 June
STOOD_STILL = (0, 0, 0, 0, 0)  # 27 June to 1 July


def test_a_feed_that_stands_still_for_the_first_time_is_said_to_be_late():
    found = seen("06-21", *JUNE, *STOOD_STILL)
    assert found.last_new_day == date(2026, 6, 26)
    assert (found.usual_gap_days, found.longest_gap_days) == (1, 1)
    assert (found.gap_days, found.is_late) == (5, True)
    assert said("06-21", *JUNE, *STOOD_STILL) == (
        "new rows usually every day, at most 1 day apart; "
        "last 5 days ago (longer than ever before): 200 (usually 195)"
    )


def test_a_thousand_rows_after_a_standstill_are_shown_as_unusually_many():
    found = seen("06-21", *JUNE, *STOOD_STILL, 1012)
    assert (found.last_new_day, found.last_new_rows) == (date(2026, 7, 2), 1012)
    # The median of 180, 190, 195, 200, 205 and 210 is 197.5, rounded to even.
    assert (found.usual_new_rows, found.unusual) == (198, "many")
    assert (found.usual_gap_days, found.longest_gap_days) == (1, 6)
    assert (found.gap_days, found.is_late) == (0, False)
    assert said("06-21", *JUNE, *STOOD_STILL, 1012) == (
        "new rows usually every day, at most 6 days apart; "
        "last today (usual): 1,012, unusually many (usually 198)"
    )


def test_a_standstill_no_longer_than_one_before_is_usual():
    found = seen("06-21", *JUNE, *STOOD_STILL, 1012, 0, 0, 0, 0, 0, 0)
    assert (found.gap_days, found.is_late) == (6, False)
    longer = seen("06-21", *JUNE, *STOOD_STILL, 1012, 0, 0, 0, 0, 0, 0, 0)
    assert (longer.gap_days, longer.is_late) == (7, True)


def test_a_day_with_a_third_of_the_usual_rows_is_not_yet_unusual():
    assert seen("06-21", 90, 90, 90, 90, 90, 30).unusual is None
    assert seen("06-21", 90, 90, 90, 90, 90, 29).unusual == "few"
    assert seen("06-21", 90, 90, 90, 90, 90, 270).unusual is None
    assert seen("06-21", 90, 90, 90, 90, 90, 271).unusual == "many"
    assert seen("06-21", 90, 90, 90, 90, 271).unusual is None  # four days tell little


def test_days_without_a_run_are_not_taken_for_a_standstill():
    found = seen("06-01", 10, 10, None, None, None, None, 10, 0, 10)
    assert (found.usual_gap_days, found.longest_gap_days) == (2, 2)  # 1 and 2: 1.5
    none = seen("06-01", 10, None, 10, None, 10)
    assert (none.usual_gap_days, none.is_late) == (None, False)
    words = said("06-01", 10, None, 10, None, 10)
    assert words == "new rows last came today: 10 (usually 10)"


def test_that_blotter_has_not_run_makes_no_feed_late():
    """The age grows, but no run saw that nothing came."""
    assert said("06-21", *JUNE, today=date(2026, 7, 6)) == (
        "new rows usually every day, at most 1 day apart; "
        "last 10 days ago (usual): 200 (usually 195)"
    )


def test_several_runs_of_one_day_are_one_look():
    day = date(2026, 6, 2)
    found = rhythm([(day, 5), (day, 0), (day, 7), (date(2026, 6, 1), 3)], day)
    assert (found.last_new_rows, found.usual_new_rows) == (12, 3)
    assert (found.usual_gap_days, found.gap_days) == (1, 0)


def test_only_the_last_sixty_days_count():
    rows = [1000, *[0] * 29, 10, *[10] * 30]
    assert seen("05-01", *rows, today=date(2026, 6, 30)).longest_gap_days == 30
    assert seen("05-01", *rows, today=date(2026, 7, 1)).longest_gap_days == 1


def test_a_data_set_that_brought_nothing_says_so():
    assert seen("06-01", 0, 0).last_new_day is None
    assert said("06-01", 0, 0) == (
        "no new rows in the last 60 days, apart from first loads"
    )


# In the status, from the ledger


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return live.prepared(tmp_path_factory.mktemp("ledger") / "home")


def line_of_run(run, days_ago, added, outcome="loaded", command="daily", window=True):
    """SQL for a line of the ledger; at noon of San Francisco."""
    moment = datetime.now(UTC).replace(hour=20) - timedelta(days_ago)
    start = "null" if not window else f"date '{moment:%Y-%m-01}'"
    return (
        "insert into ledger.runs (run_id, command, dataset, started_at, finished_at, "
        f"added, outcome, window_start) values ('{run}', '{command}', '{FRANCISCO}', "
        f"'{moment}', '{moment}', {added}, '{outcome}', {start})"
    )


def status_after(home, *statements):
    for statement in statements:
        live.select(home, statement)
    declared = list(read_datasets().values())
    with live.opened(home, *declared) as warehouse:
        write_status(warehouse, declared)
    status = json.loads((home / "status.json").read_text())
    (entry,) = (e for e in status["datasets"] if e["dataset"] == FRANCISCO)
    return status, entry["rhythm"]


def test_the_status_counts_days_of_daily_runs_without_history(empty, tmp_path):
    home = live.copied(empty, tmp_path / "home")
    old = "insert into ledger.months values ('san_francisco__incidents', "
    status, found = status_after(
        home,
        line_of_run("stopped", 12, 40_000, "failed"),
        line_of_run("first", 11, 900_000),
        line_of_run("a", 10, 300),
        line_of_run("b", 9, 310),
        # Filled months anew, for the declaration had changed.
        line_of_run("refilled", 8, 500_000),
        old + "date '2019-05-01', 'x', 'refilled', now(), 0)",
        line_of_run("by hand", 8, 70_000, command="backfill x", window=False),
        line_of_run("broken", 7, 0, "failed"),
        line_of_run("c", 7, 320),
        # The month that the window closes is no history.
        old + "(select window_start from ledger.runs where run_id = 'c'), 'x', 'c', "
        "now(), 0)",
        line_of_run("d", 6, 0, "unchanged"),
        line_of_run("e", 5, 900),
        line_of_run("f", 4, 0, "unchanged"),
        line_of_run("g", 3, 0, "moving"),
        line_of_run("down", 2, 0, "failed"),
    )
    today = datetime.now(UTC).replace(hour=20).date()
    assert found == {
        "last_new_day": f"{today - timedelta(5)}",
        "last_new_rows": 900,
        "usual_new_rows": 310,
        "usual_gap_days": 2,  # 1 and 2 days; on the day of `refilled` no run counts
        "longest_gap_days": 2,
        "gap_days": 2,
        "is_late": False,
        "unusual": None,
    }
    words = status_in_words(status, datetime.now(UTC).replace(hour=21))
    assert (
        "\n  new rows usually every 2 days, at most 2 days apart; "
        "last 5 days ago (usual): 900 (usually 310)\n"
    ) in words
    later = status_in_words(status, datetime.now(UTC).replace(hour=21) + timedelta(3))
    assert "last 8 days ago" in later
