"""71 days of San Francisco's table, replayed from its real daily snapshots.

A snapshot shows the rows of the last 90 days that have coordinates. The replayed portal
keeps a row that has grown older than that, as the city does; only a row that vanishes
while it is younger was withdrawn. A second portal shows each snapshot as it is, so that
rows leave it by their age too.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pandas as pd
import pytest

import pipelines.sync.daily as runs
from demo.portal.server import Portal, serve
from demo.stock import publish
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.declarations import read_datasets
from pipelines.settings import Patience
from pipelines.warehouse.warehouse import Warehouse
from tests.support.expected.real_rows import Row, Snapshot, need_data, snapshots
from tests.support.memory_portal import new_warehouse, select

# 71 days are replayed.
pytestmark = pytest.mark.timeout(600)

RAW = "raw_san_francisco.incidents"

FEED_STOOD_STILL = [
    *(date(2026, 6, day) for day in (27, 28, 29, 30)),
    *(date(2026, 7, day) for day in (1, 4, 6, 31)),
    *(date(2026, 8, day) for day in (1, 2)),
]
# Up to the day on which 1,012 rows came after five without any.
DAYS_OF_A_MOVING_TABLE = 40
# On these of them the publisher sends every row again, each as it was.
RESENT = [date(2026, 6, 28), date(2026, 7, 4), date(2026, 8, 1)]

Changes = list[tuple[str, str]]
"""Pairs of row id and change, sorted."""


@dataclass
class Day:
    """What the files say of a day, and what a run did on it."""

    file: Snapshot
    new: set[str]
    withdrawn: set[str]
    aged: set[str]
    edited: set[str]
    returned: set[str]
    """Of the new ones, those withdrawn on a day before."""
    opens: str
    """The first day of the window."""
    logged: Changes = field(default_factory=list)
    written: Changes = field(default_factory=list)
    ledger: tuple = ()

    @property
    def day(self) -> date:
        return self.file.day


@dataclass
class Replay:
    first_seen: dict[str, str]
    """By row id: the day of the first file with it; the incident's, for the first."""
    days: list[Day]
    warehouse: Warehouse

    def expected(self, day: Day) -> Changes:
        changes = [(row_id, "added") for row_id in day.new - day.returned]
        changes += [(row_id, "restored") for row_id in day.returned]
        changes += [(row_id, "changed") for row_id in day.edited]
        changes += [(row_id, "removed") for row_id in day.withdrawn]
        return sorted(c for c in changes if self.first_seen[c[0]] >= day.opens)


@pytest.fixture(scope="module")
def replay(tmp_path_factory) -> Replay:
    need_data()
    portal = Portal()
    table = publish(portal, "san_francisco__incidents", [])
    home = tmp_path_factory.mktemp("days")
    warehouse = new_warehouse(home, *read_datasets().values())
    replay = Replay({}, [], warehouse)
    before: dict[str, Row] = {}
    gone: set[str] = set()
    with serve(portal) as url:
        dataset = read_datasets()["san_francisco__incidents"].at_portal(url)
        for file in snapshots():
            day = compare(before, file, gone)
            gone = (gone | day.withdrawn) - day.returned
            for row_id in sorted(day.new):
                incident_date = file.points[row_id]["date"]
                seen = str(day.day) if before else incident_date
                replay.first_seen.setdefault(row_id, seen)
            act(table, day, replay.first_seen)
            read(warehouse, dataset, day)
            replay.days.append(day)
            before = file.points
    return replay


def compare(before: dict[str, Row], file: Snapshot, gone: set[str]) -> Day:
    """Tell what a file has and lacks against the points of the one before it.

    Args:
        gone: Rows withdrawn on an earlier day.
    """
    oldest = file.oldest
    left = before.keys() - file.points.keys()
    withdrawn = {row_id for row_id in left if before[row_id]["date"] >= oldest}
    new = file.points.keys() - before.keys()
    both = file.points.keys() & before.keys()
    edited = {row_id for row_id in both if file.points[row_id] != before[row_id]}
    previous_month = pd.Period(file.day, "M") - 1
    opens = f"{previous_month.start_time:%Y-%m-%d}"
    aged = left - withdrawn
    return Day(file, new, withdrawn, aged, edited, new & gone, opens)


def act(table: object, day: Day, first_seen: dict[str, str]) -> None:
    """Change the portal's table as its publisher did on a day."""
    sent = day.file.points.keys() if day.day in RESENT else day.new | day.edited
    if sent:
        table.upsert([as_row(day.file.points[i], first_seen[i]) for i in sorted(sent)])
    if day.withdrawn:
        table.delete(day.withdrawn)


def as_row(point: Row, report_date: str) -> Row:
    return {
        "row_id": point["id"],
        "incident_category": point["category"],
        "incident_date": point["date"],
        "incident_datetime": point["date"],
        "report_datetime": report_date,
        "latitude": point["lat"],
        "longitude": point["lng"],
    }


def read(
    warehouse: Warehouse, dataset: Dataset, day: Day, *, window_only: bool = True
) -> None:
    """Run the daily command's part for the data set and note what it did."""
    noon = datetime(day.day.year, day.day.month, day.day.day, 12, tzinfo=UTC)
    run = runs.Run(warehouse, "daily", noon, day.day, Patience(retries=0))
    failure = runs.daily(run, dataset, window_only)
    assert failure is None, f"{day.day}: {failure}"
    by_run = f"where run_id = '{run.run_id}' order by row_id"
    day.logged = select(warehouse, f"select row_id, change from {RAW}_changes {by_run}")
    day.written = select(
        warehouse,
        "select row_id, case when removed_at is null then 'added' else 'removed' end "
        f"from {RAW} {by_run}",
    )
    [day.ledger] = select(
        warehouse,
        "select outcome, added, removed, changed + restored + rejected + repeats "
        f"from ledger.runs where run_id = '{run.run_id}'",
    )


def test_there_are_seventy_one_days_with_the_numbers_seen_in_the_files(replay):
    assert len(replay.days) == 71
    new = {str(day.day): len(day.new) for day in replay.days[1:]}
    assert sum(new.values()) == 17_713
    assert (new["2026-05-22"], new["2026-07-02"], new["2026-07-08"]) == (353, 1012, 799)
    still = [day.day for day in replay.days if not day.new]
    assert still == FEED_STOOD_STILL
    assert len(replay.first_seen) == 37_986
    kinds = ("edited", "withdrawn", "returned", "aged")
    numbers = [sum(len(getattr(day, kind)) for day in replay.days) for kind in kinds]
    assert numbers == [0, 30, 0, 17_166]


def test_the_change_log_of_each_day_is_the_difference_of_two_files(replay):
    for day in replay.days:
        assert day.logged == replay.expected(day), f"the change log of {day.day}"


def test_every_row_that_is_new_in_a_file_is_added_on_its_day(replay):
    for day in replay.days[1:]:
        added = {row_id for row_id, change in day.logged if change == "added"}
        assert added == day.new, f"the rows added on {day.day}"


def test_each_day_writes_the_rows_of_its_change_log_and_no_other(replay):
    for day in replay.days:
        assert day.written == day.logged, f"the rows written on {day.day}"
    [totals] = select(
        replay.warehouse,
        f"select count(*), count(distinct row_id), count(removed_at) from {RAW}",
    )
    held = {i for day in replay.days for i, _ in replay.expected(day)}
    assert totals == (len(held), len(held), 30)


def test_days_on_which_the_feed_stood_still_write_nothing(replay):
    still = [day for day in replay.days if day.day in FEED_STOOD_STILL]
    assert [day.written for day in still] == [[]] * 10
    # Rows sent again, or a window that moved with the month, had to be read to know it.
    read_again = {*RESENT, date(2026, 7, 1)}
    assert [day.ledger for day in still] == [
        ("loaded" if day.day in read_again else "unchanged", 0, 0, 0) for day in still
    ]


def test_the_ledger_counts_what_each_day_changed(replay):
    for day in replay.days:
        if day.day not in FEED_STOOD_STILL:
            changes = [change for _, change in replay.expected(day)]
            numbers = (changes.count("added"), changes.count("removed"), 0)
            assert day.ledger == ("loaded", *numbers), f"the ledger's line of {day.day}"


def test_rows_withdrawn_leave_their_key_and_nothing_else(replay):
    rows = select(
        replay.warehouse,
        "select row_id, incident_category, incident_date, report_datetime, latitude, "
        f"row_hash from {RAW} where removed_at is not null",
    )
    withdrawn = {row_id for day in replay.days for row_id in day.withdrawn}
    assert len(withdrawn) == 30
    assert {row[0] for row in rows} == withdrawn
    assert {row[1:] for row in rows} == {(None,) * 5}


def test_in_the_end_the_window_holds_the_last_file(replay):
    last = replay.days[-1]
    assert last.opens == "2026-07-01"
    rows = select(
        replay.warehouse,
        "select row_id, incident_category, incident_datetime, latitude, longitude "
        f"from {RAW} where removed_at is null "
        f"and left(report_datetime, 10) >= '{last.opens}' "
        # Older ones have left the files by their age.
        f"and left(incident_date, 10) >= '{last.file.oldest}'",
    )
    published = [
        (i, p["category"], f"{p['date']}T00:00:00.000", str(p["lat"]), str(p["lng"]))
        for i, p in last.file.points.items()
        if replay.first_seen[i] >= last.opens
    ]
    assert len(published) > 8_000
    assert sorted(rows) == sorted(published)


# A portal whose table is the last 90 days, and no more


@pytest.fixture(scope="module")
def snapshots_as_they_are(tmp_path_factory) -> Replay:
    """Read daily: the window by incident date, the rest by the sweep."""
    need_data()
    portal, replay = Portal(), Replay({}, [], None)
    table = publish(portal, "san_francisco__incidents", [])
    replay.warehouse = new_warehouse(
        tmp_path_factory.mktemp("snapshots"), *read_datasets().values()
    )
    before: dict[str, Row] = {}
    with serve(portal) as url:
        declared = read_datasets()["san_francisco__incidents"].at_portal(url)
        dataset = msgspec.structs.replace(
            declared,
            window_column="incident_date",
            moving_window=True,
            compare_days=0,
            backfill_from=date(2026, 2, 1),
        )
        for file in itertools.islice(snapshots(), DAYS_OF_A_MOVING_TABLE):
            day = compare(before, file, set())
            rows = [as_row(file.points[i], str(day.day)) for i in sorted(day.new)]
            # The first rows are older than what a sweep's overlap reaches back to.
            at = datetime.combine(file.day, time(9), UTC) - timedelta(9 * (not before))
            portal.store.clock = lambda at=at: at
            table.upsert(rows)
            if left := day.withdrawn | day.aged:
                table.delete(left)
            read(replay.warehouse, dataset, day, window_only=False)
            replay.days.append(day)
            before = file.points
    return replay


def test_rows_that_leave_a_moving_table_by_their_age_are_not_removed(
    snapshots_as_they_are,
):
    """Withdrawn is what vanished from the window; new rows of any age are added."""
    dates = {}
    for day in snapshots_as_they_are.days:
        dates |= {i: point["date"] for i, point in day.file.points.items()}
        changes = [(row_id, "added") for row_id in day.new]
        changes += [(i, "removed") for i in day.withdrawn if dates[i] >= day.opens]
        assert day.logged == sorted(changes), f"the change log of {day.day}"


def test_what_left_by_its_age_is_still_there(snapshots_as_they_are):
    aged = set().union(*(day.aged for day in snapshots_as_they_are.days))
    held = select(
        snapshots_as_they_are.warehouse,
        f"select row_id from {RAW} where removed_at is null",
    )
    assert len(aged) > 9_000
    assert aged <= {row_id for (row_id,) in held}
