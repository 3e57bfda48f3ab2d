"""Diff before load: only what differs is written, all of it in the change log."""

import shutil
from datetime import UTC, date, datetime, timedelta

import pytest

import pipelines.sync.daily as runs
from pipelines.errors import IncompleteReadError, TooManyRemovalsError
from tests.support.memory_portal import (
    MemoryReader,
    new_run,
    new_warehouse,
    select,
    variant,
)

A = ("1", "2026-03-01T10:00:00.000", "Theft", None)
B = ("2", "2026-03-02T10:00:00.000", "Arson", "")
C = ("3", "2026-02-01T00:00:00.000", "Theft", "Open")

RAW = "raw_springfield.incidents"
CHANGES = "raw_springfield.incidents_changes"


@pytest.fixture(scope="module")
def prepared_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "home"
    new_warehouse(home)
    return home


@pytest.fixture
def warehouse(tmp_path, prepared_home):
    shutil.copytree(prepared_home, tmp_path / "home")
    return new_warehouse(tmp_path / "home")


def run_over(warehouse, reader, monkeypatch, day=date(2026, 3, 10), **options):
    monkeypatch.setattr(runs, "reader_for", lambda *_: reader)
    run = new_run(warehouse, day)
    failure = runs.daily(run, reader.dataset, window_only=True, **options)
    return run.run_id, failure


def logged(warehouse, run_id):
    return select(
        warehouse,
        f"select row_id, change, changed_fields from {CHANGES} "
        f"where run_id = '{run_id}' order by row_id",
    )


def test_a_first_run_loads_every_row_as_published(warehouse, monkeypatch):
    run_id, failure = run_over(warehouse, MemoryReader(rows=[A, B, C]), monkeypatch)
    assert failure is None
    columns = "id, reported, category, resolution"
    assert select(warehouse, f"select {columns} from {RAW} order by id") == [A, B, C]
    assert logged(warehouse, run_id) == [
        ("1", "added", None),
        ("2", "added", None),
        ("3", "added", None),
    ]


def test_loads_and_ledger_are_stamped_by_the_clock_that_is_handed_in(
    warehouse, monkeypatch
):
    """Loads never go back: the second comes just after the first."""
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    warehouse.clock = lambda: noon
    for rows in ([A], [A, B]):
        monkeypatch.setattr(runs, "reader_for", lambda *_, r=rows: MemoryReader(rows=r))
        run = new_run(warehouse)
        run.clock = warehouse.clock
        assert runs.daily(run, MemoryReader().dataset, window_only=True) is None
    loaded = select(warehouse, f"select id, loaded_at from {RAW} order by id")
    assert loaded == [("1", noon), ("2", noon + timedelta(microseconds=1))]
    line = "select distinct started_at, finished_at from ledger.runs"
    assert select(warehouse, line) == [(noon, noon)]


def test_an_unchanged_portal_writes_nothing(warehouse, monkeypatch):
    run_over(warehouse, MemoryReader(rows=[A, B, C]), monkeypatch)
    before = select(warehouse, f"select * from {RAW} order by row_id")
    run_id, _ = run_over(warehouse, MemoryReader(rows=[C, A, B]), monkeypatch)
    assert select(warehouse, f"select * from {RAW} order by row_id") == before
    assert logged(warehouse, run_id) == []


def test_a_run_writes_just_the_rows_that_differ_and_names_the_fields(
    warehouse, monkeypatch
):
    run_over(warehouse, MemoryReader(rows=[A, B, C]), monkeypatch)
    new = ("4", "2026-03-09T10:00:00.000", "Fraud", None)
    later = [(*A[:2], "Robbery", "Open"), B, C, new]
    run_id, _ = run_over(warehouse, MemoryReader(rows=later), monkeypatch)
    assert logged(warehouse, run_id) == [
        ("1", "changed", "category,resolution"),
        ("4", "added", None),
    ]
    written = f"select row_id from {RAW} where run_id = '{run_id}' order by row_id"
    assert select(warehouse, written) == [("1",), ("4",)]
    assert select(warehouse, f"select count(*), count(distinct row_id) from {RAW}") == [
        (4, 4)
    ]


def test_null_and_empty_text_differ(warehouse, monkeypatch):
    run_over(warehouse, MemoryReader(rows=[A, B]), monkeypatch)
    later = [(*A[:3], ""), (*B[:3], None)]
    run_id, _ = run_over(warehouse, MemoryReader(rows=later), monkeypatch)
    assert logged(warehouse, run_id) == [
        ("1", "changed", "resolution"),
        ("2", "changed", "resolution"),
    ]


def test_a_value_that_moves_to_the_next_column_is_a_change(warehouse, monkeypatch):
    run_over(warehouse, MemoryReader(rows=[(*A[:2], "x", "")]), monkeypatch)
    run_id, _ = run_over(warehouse, MemoryReader(rows=[(*A[:2], "", "x")]), monkeypatch)
    assert logged(warehouse, run_id) == [("1", "changed", "category,resolution")]


def test_stamps_of_the_publishers_load_are_no_change(tmp_path, monkeypatch):
    stamped = variant(unhashed=["resolution"])
    warehouse = new_warehouse(tmp_path / "home", stamped)
    run_over(warehouse, MemoryReader(stamped, [A]), monkeypatch)
    later = MemoryReader(stamped, [(*A[:3], "loaded again")])
    run_id, _ = run_over(warehouse, later, monkeypatch)
    assert logged(warehouse, run_id) == []


def test_a_vanished_row_is_erased_and_marked(warehouse, monkeypatch):
    run_over(warehouse, MemoryReader(rows=[A, B, C]), monkeypatch)
    run_id, failure = run_over(warehouse, MemoryReader(rows=[A, C]), monkeypatch)
    assert failure is None
    assert logged(warehouse, run_id) == [("2", "removed", None)]
    gone = f"select * exclude (run_id, loaded_at) from {RAW} where row_id = '2'"
    (row,) = select(warehouse, gone)
    key, removed_at = [value for value in row if value is not None]
    assert key == "2"
    assert isinstance(removed_at, datetime)
    assert select(
        warehouse, f"select count(*) from {RAW} where removed_at is null"
    ) == [(2,)]


def test_a_row_that_comes_back_is_restored(warehouse, monkeypatch):
    for rows in ([A, B], [A], [A, B]):
        run_id, _ = run_over(warehouse, MemoryReader(rows=rows), monkeypatch)
    assert logged(warehouse, run_id) == [("2", "restored", None)]
    assert select(
        warehouse, f"select category, removed_at from {RAW} where row_id = '2'"
    ) == [("Arson", None)]


def test_a_row_whose_date_left_the_window_is_changed_not_removed(
    warehouse, monkeypatch
):
    run_over(warehouse, MemoryReader(rows=[A, B]), monkeypatch)
    moved = [A, ("2", "2025-01-02T10:00:00.000", "Arson", "")]
    run_id, _ = run_over(warehouse, MemoryReader(rows=moved), monkeypatch)
    assert logged(warehouse, run_id) == [("2", "changed", "reported")]


def test_a_row_whose_date_entered_the_window_is_not_doubled(warehouse, monkeypatch):
    old = ("2", "2025-01-02T10:00:00.000", "Arson", "")
    run_over(warehouse, MemoryReader(rows=[old]), monkeypatch, day=date(2025, 1, 20))
    run_id, _ = run_over(warehouse, MemoryReader(rows=[A, B]), monkeypatch)
    assert logged(warehouse, run_id) == [
        ("1", "added", None),
        ("2", "changed", "reported"),
    ]
    assert select(warehouse, f"select count(*) from {RAW}") == [(2,)]


def test_rows_without_a_date_are_read_too(warehouse, monkeypatch):
    undated = ("9", None, "Theft", None)
    run_over(warehouse, MemoryReader(rows=[A, undated]), monkeypatch)
    run_id, _ = run_over(warehouse, MemoryReader(rows=[A]), monkeypatch)
    assert logged(warehouse, run_id) == [("9", "removed", None)]


def test_a_mass_disappearance_removes_nothing_and_fails(warehouse, monkeypatch):
    many = [
        (str(i), f"2026-03-01T00:{i % 60:02}:00.000", "x", None) for i in range(200)
    ]
    run_over(warehouse, MemoryReader(rows=many), monkeypatch)
    run_id, failure = run_over(warehouse, MemoryReader(rows=many[:100]), monkeypatch)
    assert isinstance(failure, TooManyRemovalsError)
    assert "springfield__incidents: data.springfield.example" in str(failure)
    assert "100 of 200" in str(failure)
    assert logged(warehouse, run_id) == []


def test_fifty_removals_pass_and_fifty_one_do_not(warehouse, monkeypatch):
    many = [
        (str(i), f"2026-03-01T00:{i % 60:02}:00.000", "x", None) for i in range(600)
    ]
    run_over(warehouse, MemoryReader(rows=many), monkeypatch)
    _, failure = run_over(warehouse, MemoryReader(rows=many[:549]), monkeypatch)
    assert isinstance(failure, TooManyRemovalsError)
    run_id, failure = run_over(warehouse, MemoryReader(rows=many[:550]), monkeypatch)
    assert failure is None
    assert len(logged(warehouse, run_id)) == 50


def test_a_count_that_rows_never_reach_stops_the_data_set(warehouse, monkeypatch):
    reader = MemoryReader(rows=[A, B])
    reader.counts_wrong_by = 1
    _, failure = run_over(warehouse, reader, monkeypatch)
    assert isinstance(failure, IncompleteReadError)
    assert "2 rows" in str(failure)
    assert "counts 3" in str(failure)
    assert select(warehouse, f"select count(*) from {RAW}") == [(0,)]


def test_while_the_portal_changes_nothing_is_taken_for_removed(warehouse, monkeypatch):
    run_over(warehouse, MemoryReader(rows=[A, B]), monkeypatch)
    reader = MemoryReader(rows=[A])
    versions = iter("123456789")
    reader.describe = lambda known: runs_published(reader, next(versions))
    run_id, failure = run_over(warehouse, reader, monkeypatch)
    assert failure is None
    assert logged(warehouse, run_id) == []
    outcome = f"select outcome from ledger.runs where run_id = '{run_id}'"
    assert select(warehouse, outcome) == [("moving",)]


def runs_published(reader, version):
    from pipelines.portals.reader import Published

    return Published(reader.dataset.columns, version)


def test_a_portal_that_reports_no_new_version_is_not_read_again(warehouse, monkeypatch):
    first, second = MemoryReader(rows=[A]), MemoryReader(rows=[A])
    first.version_now = second.version_now = "v1"
    run_over(warehouse, first, monkeypatch)
    run_id, _ = run_over(warehouse, second, monkeypatch)
    assert (first.reads, second.reads) == (["2026-02-01 on"], [])
    outcome = f"select outcome from ledger.runs where run_id = '{run_id}'"
    assert select(warehouse, outcome) == [("unchanged",)]


def test_a_backfill_of_old_months_does_not_stand_for_the_days_read(
    warehouse, monkeypatch
):
    rows = [A, ("0", "2026-01-05T00:00:00.000", "Theft", None)]
    old, new = MemoryReader(rows=rows), MemoryReader(rows=rows)
    old.version_now = new.version_now = "v1"
    monkeypatch.setattr(runs, "reader_for", lambda *_: old)
    month = date(2026, 1, 1)
    assert runs.backfill(new_run(warehouse), old.dataset, month, month, False) is None
    run_over(warehouse, new, monkeypatch)
    assert (old.reads, new.reads) == (["2026-01-01 to 2026-02-01"], ["2026-02-01 on"])


def test_months_read_whole_are_read_again_only_when_asked(warehouse, monkeypatch):
    reader = MemoryReader(rows=[A, C, ("0", "2026-01-05T00:00:00.000", "Theft", None)])
    monkeypatch.setattr(runs, "reader_for", lambda *_: reader)
    for again in (False, False, True):
        run = new_run(warehouse, date(2026, 4, 10))
        runs.backfill(run, reader.dataset, None, date(2026, 2, 1), again)
    both = ["2026-02-01 to 2026-03-01", "2026-01-01 to 2026-02-01"]
    assert reader.reads == both + both


def test_a_backfill_into_the_window_reads_it_though_its_first_month_is_over(
    warehouse, monkeypatch
):
    run_over(warehouse, MemoryReader(rows=[A, C]), monkeypatch)
    reader = MemoryReader(rows=[A, C])
    monkeypatch.setattr(runs, "reader_for", lambda *_: reader)
    january = ["2026-01-01 to 2026-02-01"]
    for first, last, before in (
        (None, date(2026, 3, 5), january),
        (date(2026, 3, 1), None, []),
    ):
        reader.reads.clear()
        assert (
            runs.backfill(new_run(warehouse), reader.dataset, first, last, False)
            is None
        )
        assert reader.reads == ["2026-02-01 on", *before]


def test_a_new_month_is_read_even_when_the_version_stands(warehouse, monkeypatch):
    for day, reads in ((date(2026, 3, 31), 1), (date(2026, 4, 1), 1)):
        reader = MemoryReader(rows=[A])
        reader.version_now = "v1"
        run_over(warehouse, reader, monkeypatch, day=day)
        assert len(reader.reads) == reads


def test_rows_without_a_key_are_set_aside_and_counted(warehouse, monkeypatch):
    many = [(str(i), "2026-03-01T00:00:00.000", "x", None) for i in range(200)]
    broken = (None, "2026-03-01T00:00:00.000", "x", None)
    run_id, failure = run_over(
        warehouse, MemoryReader(rows=[*many, broken]), monkeypatch
    )
    assert failure is None
    assert select(warehouse, f"select count(*) from {RAW}") == [(200,)]
    assert select(warehouse, f"select reason, run_id from {RAW}_rejects") == [
        ("no key", run_id)
    ]


def test_rows_set_aside_are_not_set_aside_again(warehouse, monkeypatch):
    many = [(str(i), "2026-03-01T00:00:00.000", "x", None) for i in range(200)]
    broken = (None, "2026-03-01T00:00:00.000", "x", None)
    for rows in ([*many, broken], [*many, broken, broken]):
        _, failure = run_over(warehouse, MemoryReader(rows=rows), monkeypatch)
        assert failure is None
    assert select(warehouse, f"select count(*) from {RAW}_rejects") == [(1,)]


def test_many_rows_without_a_key_stop_the_data_set(warehouse, monkeypatch):
    """More than ten, and more than one in a hundred."""
    broken = [(None, f"2026-03-{n:02d}T00:00:00.000", "x", None) for n in range(1, 12)]
    _, failure = run_over(warehouse, MemoryReader(rows=[A, *broken]), monkeypatch)
    assert "sent 11 of 12 rows of 2026-02-01 on without id" in str(failure)
    assert select(warehouse, f"select count(*) from {RAW}") == [(0,)]


@pytest.mark.parametrize("was_killed", [False, True])
def test_rows_of_an_older_version_get_their_month(warehouse, monkeypatch, was_killed):
    """Also where a kill came between the new column and what is written into it."""
    undated = ("4", None, "Theft", None)
    run_over(warehouse, MemoryReader(rows=[A, C, undated]), monkeypatch)
    with warehouse.connect() as connection:
        connection.execute(f"drop view {RAW}_versions")
        connection.execute(f"alter table {RAW} drop column window_month")
        # What dlt knows of the tables: it would take the column for made.
        connection.execute("delete from raw_springfield._dlt_version")
        if was_killed:
            connection.execute(f"alter table {RAW} add column window_month date")
    warehouse.close()
    shutil.rmtree(warehouse.home / "dlt")

    again = new_warehouse(warehouse.home)
    assert select(again, f"select id, window_month from {RAW}_versions order by 1") == [
        ("1", date(2026, 3, 1)),
        ("3", date(2026, 2, 1)),
        ("4", None),
    ]
