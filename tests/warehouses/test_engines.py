"""Every warehouse loads, changes, removes and takes back the same rows."""

from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pytest
from google.cloud import bigquery

import pipelines.sync.daily as runs
from pipelines.datasets.columns import REJECT
from pipelines.datasets.windows import months as months_from
from pipelines.ops.changes import changes_since, removals_since
from pipelines.warehouse import lookups, writes
from pipelines.warehouse.differences import Differences
from tests.support.memory_portal import (
    PLACE,
    MemoryReader,
    new_run,
    new_warehouse,
    select,
    variant,
)

COLUMNS = ["row_id", "id", "reported", "category", "resolution"]

QUOTES = ("1", "2026-03-01T10:00:00.000", 'O\'Brien "x" \\ %s ? $a, @b', None)
EMPTY = ("2", "2026-03-02T10:00:00.000", "", "a\nb\r\n\tc")
LONG = ("3", "2026-02-01T00:00:00.000", "ü" * 70_000, "1e-7")
UNDATED = ("4", None, "É日本🚓", " blank ")
OLD = ("5", "2025-11-05T00:00:00.000", "Theft", "Open")


@pytest.fixture
def warehouse(tmp_path, target):
    warehouse = new_warehouse(tmp_path / "home")
    yield warehouse
    warehouse.close()


def run_over(warehouse, monkeypatch, *rows, day=date(2026, 3, 10), window_only=True):
    reader = MemoryReader(PLACE, list(rows))
    monkeypatch.setattr(runs, "reader_for", lambda *_: reader)
    run = new_run(warehouse, day)
    assert runs.daily(run, PLACE, window_only=window_only) is None
    return run.run_id


def held(warehouse):
    columns = ", ".join(f'"{name}"' for name in [*COLUMNS, "window_month"])
    rows = select(
        warehouse,
        f"select {columns} from {warehouse.table(PLACE)} where removed_at is null",
    )
    return sorted(rows)


def with_key(*rows):
    months = {row: row[1] and date.fromisoformat(row[1][:8] + "01") for row in rows}
    return [(row[0], *row, months[row]) for row in rows]


def test_rows_arrive_as_published(warehouse, monkeypatch):
    run_over(warehouse, monkeypatch, QUOTES, EMPTY, LONG, UNDATED)
    assert held(warehouse) == with_key(QUOTES, EMPTY, LONG, UNDATED)


def test_changes_removals_and_restorations_are_written_and_logged(
    warehouse, monkeypatch
):
    run_over(warehouse, monkeypatch, QUOTES, EMPTY, LONG)
    moved = (EMPTY[0], "2026-02-27T10:00:00.000", None, EMPTY[3])
    new = ("9", "2026-03-09T10:00:00.000", "Arson", None)
    second = run_over(warehouse, monkeypatch, moved, LONG, new)
    assert held(warehouse) == with_key(moved, LONG, new)
    assert sorted(
        select(
            warehouse,
            "select row_id, change, changed_fields from "
            f"{warehouse.table(PLACE)}_changes where run_id = '{second}'",
        )
    ) == [
        ("1", "removed", None),
        ("2", "changed", "reported,category"),
        ("9", "added", None),
    ]
    former = f"select row_id, reported, category from {warehouse.table(PLACE)}_former"
    assert select(warehouse, former) == [EMPTY[:3]]
    removed = f"select * from {warehouse.table(PLACE)} where row_id = '1'"
    with warehouse.connect() as connection:
        (row,) = connection.execute(removed).to_arrow_table().to_pylist()
    assert row["removed_at"] == row["loaded_at"]
    assert not any(row[name] for name in [*COLUMNS[1:], "window_month", "row_hash"])

    run_over(warehouse, monkeypatch, QUOTES, moved, LONG, new)
    assert held(warehouse) == with_key(QUOTES, moved, LONG, new)
    (day,) = changes_since(warehouse, PLACE, datetime.now(UTC).date())
    assert {k: day[k] for k in ("added", "changed", "removed", "restored")} == {
        "added": 4,
        "changed": 1,
        "removed": 1,
        "restored": 1,
    }
    assert day["changed_fields"] == {"category": 1, "reported": 1}
    (removal,) = removals_since(warehouse, PLACE, None)
    assert removal["row_id"] == "1"
    assert removal["added_at"] <= removal["removed_at"] <= removal["restored_at"]


def test_a_removed_row_loses_its_former_versions(warehouse, monkeypatch):
    run_over(warehouse, monkeypatch, QUOTES, EMPTY)
    run_over(warehouse, monkeypatch, (*QUOTES[:3], "Closed"), EMPTY)
    run_over(warehouse, monkeypatch, EMPTY)
    assert select(warehouse, f"select * from {warehouse.table(PLACE)}_former") == []


def test_rows_without_a_key_are_set_aside_once_and_forgotten(warehouse, monkeypatch):
    lost = (None, "2026-03-03T00:00:00.000", "it's", None)
    counted = f'select count(*), min("row") from {warehouse.table(PLACE)}_rejects'
    run_over(warehouse, monkeypatch, QUOTES, lost)
    run_over(warehouse, monkeypatch, QUOTES, lost, EMPTY)
    ((number, row),) = select(warehouse, counted)
    assert number == 1
    assert "it's" in row
    run_over(warehouse, monkeypatch, QUOTES, EMPTY)
    assert select(warehouse, counted) == [(0, None)]


def test_history_is_read_once_and_its_months_are_counted(warehouse, monkeypatch):
    monkeypatch.setattr("tests.support.memory_portal.PLACE", PLACE)
    run_over(warehouse, monkeypatch, QUOTES, OLD, window_only=False)
    ledger = warehouse.ledger
    assert ledger.months.finished(PLACE) == {date(2026, 1, 1), date(2026, 2, 1)}
    old = variant(backfill_from=date(2025, 11, 1))
    reader = MemoryReader(old, [QUOTES, OLD])
    monkeypatch.setattr(runs, "reader_for", lambda *_: reader)
    assert runs.daily(new_run(warehouse, date(2026, 3, 11)), old) is None
    assert held(warehouse) == with_key(QUOTES, OLD)
    months = [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert ledger.months.finished(old) == set(months)
    windows = list(months_from(old.backfill_from, date(2026, 1, 1)))
    counts = lookups.monthly_counts(
        warehouse, reader.dataset, reader.bound, windows, "category"
    ).to_pylist()
    assert counts == [{"month": months[0], "value": "Theft", "row_count": 1}]
    ledger.months.finish(old, {months[0]: 3}, "r", datetime.now(UTC))
    assert ledger.months.surplus(old)[months[0]] == 3


def test_a_row_dated_before_the_history_is_corrected_and_withdrawn(
    warehouse, monkeypatch
):
    """By its key; meanwhile January, which no sweep tells of, is read again."""
    moved = (LONG[0], "1900-01-01T00:00:00.000", *LONG[2:])
    corrected = (*moved[:3], "Closed")
    for number, row in enumerate([LONG, moved, corrected], start=1):
        day = date(2026, 3, number)
        run_over(warehouse, monkeypatch, QUOTES, row, day=day, window_only=False)
        assert [found[1:5] for found in held(warehouse)] == [QUOTES, row]
    months = warehouse.ledger.months.table
    looks = f"select month, finished_at from {months} order by month"
    assert [(month, at.day) for month, at in select(warehouse, looks)] == [
        (date(2026, 1, 1), 3),
        (date(2026, 2, 1), 1),
    ]
    day = date(2026, 3, 4)
    run_over(warehouse, monkeypatch, QUOTES, day=day, window_only=False)
    assert held(warehouse) == with_key(QUOTES)
    assert warehouse.ledger.read_on(PLACE) == day
    assert warehouse.ledger.compared_on(PLACE) == date(2026, 3, 1)


class TextReader(MemoryReader):
    """Its dates are text of a pattern, month first."""

    def inside(self, window):
        def is_inside(text):
            if not text or len(text) != 10:
                return window.undated
            day = datetime.strptime(text, "%m/%d/%Y").date()
            return day >= window.start and (not window.end or day < window.end)

        table = self.table()
        return table.filter(pa.array(map(is_inside, table["reported"].to_pylist())))

    def bound(self, day):
        return day.isoformat()


def test_dates_that_are_text_of_a_pattern_are_filed_and_counted(warehouse, monkeypatch):
    city = variant(window_format="%m/%d/%Y")
    december, february, march = (
        (number, f"{month}/15/{year}", "Theft", None)
        for number, month, year in (
            ("1", 12, 2025),
            ("2", "02", 2026),
            ("3", "03", 2026),
        )
    )
    unknown, gone = ("4", "unknown", "Theft", None), ("5", "02/01/2026", None, None)
    rows = [december, february, march, unknown, gone]
    for day, there in ((10, rows), (11, rows[:-1]), (12, [*rows[:3], gone])):
        reader = TextReader(city, there)
        monkeypatch.setattr(runs, "reader_for", lambda *_, it=reader: it)
        run = new_run(warehouse, date(2026, 3, day))
        assert runs.daily(run, city) is None
        months = {n: date(2026, m, 1) for n, m in (("2", 2), ("3", 3), ("5", 2))}
        assert held(warehouse) == sorted(
            (row[0], *row, months.get(row[0])) for row in there if row != december
        )
    windows = list(months_from(date(2025, 12, 1), date(2026, 4, 1)))
    counts = lookups.monthly_counts(warehouse, city, reader.bound, windows).to_pylist()
    assert sorted((each["month"].month, each["row_count"]) for each in counts) == [
        *((2, 2), (3, 1))
    ]


def test_bigquery_alone_merges_from_a_table_beside_and_empties_it(
    warehouse, monkeypatch, target
):
    run_over(warehouse, monkeypatch, QUOTES)
    run_over(warehouse, monkeypatch, (*QUOTES[:3], "Closed"))
    schema = warehouse.engine.schema(PLACE.schema)
    incoming = [n for _, n in warehouse.engine.columns([schema]) if "_inc" in n]
    rows = [select(warehouse, f"select * from {schema}.{n}") for n in incoming]
    assert rows == {"bigquery": [[]]}.get(target, [])


def test_a_torn_load_is_taken_back(warehouse, monkeypatch):
    run_over(warehouse, monkeypatch, QUOTES, EMPTY)
    written = Differences(
        rows=pa.table({n: pa.array([], pa.string()) for n in [*COLUMNS, "row_hash"]}),
        changes=pa.table(
            {
                "row_id": ["1"],
                "change": ["changed"],
                "changed_fields": pa.array([None], pa.string()),
            }
        ),
        former=pa.table({n: pa.array(["1"], pa.string()) for n in COLUMNS}),
    )

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(warehouse.loader, "merge", killed)
    rejects = pa.table({n: pa.array([], pa.string()) for n in [*COLUMNS[1:], REJECT]})
    with pytest.raises(KeyboardInterrupt):
        writes.write(warehouse, PLACE, written, rejects, "torn")
    writes.take_back(warehouse, PLACE)
    torn = [
        select(
            warehouse,
            f"select * from {warehouse.table(PLACE)}_{name} where run_id = 'torn'",
        )
        for name in ("changes", "former")
    ]
    assert torn == [[], []]
    assert held(warehouse) == with_key(QUOTES, EMPTY)


def test_a_batch_too_big_to_send_along_is_looked_up(warehouse, monkeypatch):
    monkeypatch.setattr("pipelines.warehouse.engines.bigquery_session.SENT_ALONG", 10)
    run_over(warehouse, monkeypatch, QUOTES, EMPTY, LONG)
    run_over(warehouse, monkeypatch, EMPTY, LONG)
    assert held(warehouse) == with_key(EMPTY, LONG)


def test_the_ledger_knows_what_ran(warehouse, monkeypatch, target):
    run_id = run_over(warehouse, monkeypatch, QUOTES)
    last = warehouse.ledger.last_good_run(PLACE)
    assert (last["run_id"], last["added"], last["outcome"]) == (run_id, 1, "loaded")
    assert (last["bytes_billed"] is not None) == (target == "bigquery")
    assert warehouse.ledger.changed_since(0) == {PLACE.name}


def test_datasets_keep_what_was_deleted_for_the_least_time(
    tmp_path, bigquery_settings, monkeypatch
):
    """As they are asked for: the emulator knows nothing of time travel."""
    asked, create = {}, bigquery.Client.create_dataset

    def noted(self, dataset, **options):
        asked[dataset.dataset_id] = dataset.to_api_repr().get("maxTimeTravelHours")
        return create(self, dataset, **options)

    monkeypatch.setattr(bigquery.Client, "create_dataset", noted)
    for name, value in bigquery_settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BLOTTER_TARGET", "bigquery")
    monkeypatch.setenv("BLOTTER_PREFIX", "travel_")
    new_warehouse(tmp_path / "home").close()
    names = ("raw_springfield", "ledger", "seeds", "staging", "intermediate", "marts")
    made = {name: asked[f"travel_{name}"] for name in names}
    assert made == dict.fromkeys(names, 48)


def test_a_duckdb_file_stays_readable_for_clients_of_version_1_4(tmp_path):
    """One that an earlier version made keeps the format that it has."""
    for name, options, kept in (
        ("new", None, "v1.4.0+"),
        ("old", {"storage_compatibility_version": "v1.0.0"}, "v1.0.0+"),
    ):
        (tmp_path / name).mkdir()
        if options:
            path = tmp_path / name / "blotter.duckdb"
            duckdb.connect(str(path), config=options).close()
        warehouse = new_warehouse(tmp_path / name)
        version = "select tags['storage_version'] from duckdb_databases() where path"
        assert select(warehouse, f"{version} like '%blotter.duckdb'") == [(kept,)]
        warehouse.close()
