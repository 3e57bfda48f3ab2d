"""A first load writes whole row groups, and a month is complete with its last row."""

from datetime import date

import pytest

import pipelines.sync.daily as runs
from pipelines.errors import PortalError, WarehouseError
from pipelines.sync import months, row_groups
from pipelines.warehouse import writes
from tests.support.memory_portal import (
    MemoryReader,
    new_run,
    new_warehouse,
    select,
    variant,
)

# Rows of each month from the newest on: 5 are of the open window.
MONTHS = {"2026-02": 5, "2026-01": 4, "2025-12": 3, "2025-11": 6, "2025-10": 2}
HISTORY = variant(backfill_from=date(2025, 10, 1))


def rows_of(month, number, first=1):
    return [
        (f"{month} {n}", f"{month}-{n:02}T10:00:00.000", "Theft", None)
        for n in range(first, first + number)
    ]


ROWS = [row for month, number in MONTHS.items() for row in rows_of(month, number)]


@pytest.fixture
def warehouse(tmp_path, monkeypatch):
    """Row groups of four rows, batches of at least four."""
    monkeypatch.setattr(row_groups, "ROW_GROUP", 4)
    monkeypatch.setattr(months, "BATCH_ROWS", 4)
    return new_warehouse(tmp_path / "home")


@pytest.fixture
def written(warehouse, monkeypatch):
    """Of each write: its rows, then the months finished before it."""
    found, write = [], writes.write

    def noting(warehouse, dataset, differences, *rest):
        found.append((differences.rows.num_rows, finished(warehouse)))
        write(warehouse, dataset, differences, *rest)

    monkeypatch.setattr(writes, "write", noting)
    return found


def finished(warehouse):
    rows = select(warehouse, "select month from ledger.months order by month desc")
    return [f"{month:%Y-%m}" for (month,) in rows]


def daily(warehouse, monkeypatch, reader):
    monkeypatch.setattr(runs, "reader_for", lambda *_: reader)
    return runs.daily(new_run(warehouse), reader.dataset)


def held(warehouse):
    columns = "id, reported, category, resolution"
    return select(warehouse, f"select {columns} from raw_springfield.incidents")


def logged(warehouse):
    changes = "raw_springfield.incidents_changes"
    return select(warehouse, f"select row_id, change from {changes}")


def test_what_is_beyond_whole_row_groups_waits_with_its_months(
    warehouse, written, monkeypatch
):
    """The open window never waits; what is left in the end is written."""
    assert daily(warehouse, monkeypatch, MemoryReader(HISTORY, ROWS)) is None
    assert written == [
        (5, []),  # the window, by itself
        (4, ["2026-02"]),  # January
        # December is too small for a load, November with it has one row too many.
        (8, ["2026-02", "2026-01"]),
        (3, ["2026-02", "2026-01", "2025-12"]),
    ]
    assert finished(warehouse) == list(MONTHS)
    assert sorted(held(warehouse)) == sorted(ROWS)
    assert sorted(logged(warehouse)) == sorted((row[0], "added") for row in ROWS)


class Failing(MemoryReader):
    """Refuses the month of October."""

    def pages(self, window, read):
        if window.start == date(2025, 10, 1):
            raise PortalError("refused")
        return super().pages(window, read)


def test_what_waits_is_written_if_the_next_batch_cannot_be_read(
    warehouse, written, monkeypatch
):
    """Else a month would stay without its last rows for as long as that goes on."""
    failure = daily(warehouse, monkeypatch, Failing(HISTORY, ROWS))
    assert isinstance(failure, PortalError)
    assert [rows for rows, _ in written] == [5, 4, 8, 1]
    assert finished(warehouse) == ["2026-02", "2026-01", "2025-12", "2025-11"]
    assert sorted(held(warehouse)) == sorted(ROWS[:-2])
    reader = MemoryReader(HISTORY, ROWS)
    assert daily(warehouse, monkeypatch, reader) is None
    assert "2025-11-01 to 2025-12-01" not in reader.reads
    assert sorted(held(warehouse)) == sorted(ROWS)


def test_a_load_that_fails_is_not_written_a_second_time(warehouse, monkeypatch):
    """Neither are the rows that waited for it: nobody knows what was written."""
    loads, load = [], warehouse.loader.load

    def failing(dataset, tables, how):
        loads.append(tables["incidents"].num_rows)
        load(dataset, tables, how)
        if len(loads) == 4:
            raise WarehouseError("after all was written")

    monkeypatch.setattr(warehouse.loader, "load", failing)
    failure = daily(warehouse, monkeypatch, MemoryReader(HISTORY, ROWS))
    assert isinstance(failure, WarehouseError)
    assert loads == [5, 4, 8, 3]
    assert finished(warehouse) == ["2026-02", "2026-01", "2025-12"]
    monkeypatch.undo()
    reader = MemoryReader(HISTORY, ROWS)
    assert daily(warehouse, monkeypatch, reader) is None
    assert "2025-11-01 to 2025-12-01" in reader.reads
    assert "2025-12-01 to 2026-01-01" not in reader.reads
    assert sorted(held(warehouse)) == sorted(ROWS)
    assert sorted(logged(warehouse)) == sorted((row[0], "added") for row in ROWS)


def test_a_row_that_moved_on_while_it_waited_is_held_once(
    warehouse, written, monkeypatch
):
    """It is then shown by the next month too: the last read wins."""
    again = (ROWS[-3][0], "2025-10-20T10:00:00.000", "Arson", None)
    assert ROWS[-3][0] == "2025-11 6"
    reader = MemoryReader(HISTORY, [*ROWS, again])
    assert daily(warehouse, monkeypatch, reader) is None
    assert sorted(held(warehouse)) == sorted([*ROWS[:-3], *ROWS[-2:], again])
    assert sorted(logged(warehouse)) == sorted((row[0], "added") for row in ROWS)


def test_a_month_with_repeats_is_short_of_as_many_rows_as_were_left_out(
    warehouse, written, monkeypatch
):
    """However its rows were divided."""
    twice = rows_of("2025-11", 2, first=5)
    reader = MemoryReader(HISTORY, [*ROWS, *twice])
    assert daily(warehouse, monkeypatch, reader) is None
    months_held = select(
        warehouse, "select month, surplus from ledger.months order by month desc"
    )
    assert [surplus for _, surplus in months_held] == [0, 0, 0, 2, 0]
    assert sorted(held(warehouse)) == sorted(ROWS)
    (repeats,) = select(warehouse, "select repeats from ledger.runs")
    assert repeats == (2,)


def test_rows_without_a_date_keep_every_month_of_their_batch_waiting(
    warehouse, written, monkeypatch
):
    undated = [(f"undated {n}", None, "Theft", None) for n in range(3)]
    dataset = variant(backfill_from=date(2025, 12, 1))
    rows = [*rows_of("2026-02", 5), *rows_of("2026-01", 2), *rows_of("2025-12", 3)]
    reader = MemoryReader(dataset, [*rows, *undated])
    assert daily(warehouse, monkeypatch, reader) is None
    assert sorted(held(warehouse), key=str) == sorted([*rows, *undated], key=str)
    assert finished(warehouse) == ["2026-02", "2026-01", "2025-12"]


def test_a_load_that_changes_rows_is_not_divided(warehouse, written, monkeypatch):
    assert daily(warehouse, monkeypatch, MemoryReader(HISTORY, ROWS)) is None
    changed = [(*row[:2], "Arson", None) for row in ROWS]
    written.clear()
    monkeypatch.setattr(runs, "reader_for", lambda *_: MemoryReader(HISTORY, changed))
    run = new_run(warehouse)
    assert (
        runs.backfill(run, HISTORY, date(2025, 10, 1), date(2026, 1, 31), True) is None
    )
    assert [rows for rows, _ in written] == [4, 9, 2]
