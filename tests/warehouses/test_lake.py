"""The lake copy: a file a month, written when the month changed, without what went."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

import pipelines.sync.daily as runs
from pipelines.errors import ConfigError, WarehouseError
from pipelines.settings import Settings
from pipelines.warehouse.lake import NO_MONTH, copy_to_lake, file_system
from tests.support import live_portal as live
from tests.support.memory_portal import PLACE, MemoryReader, new_run, new_warehouse

FEBRUARY = ("1", "2026-02-10T10:00:00.000", "Theft", "Ünique words of February")
MARCH = ("2", "2026-03-01T10:00:00.000", "Arson", None)
LATER = ("3", "2026-03-02T10:00:00.000", "", "Open")
UNDATED = ("4", None, "Theft", "Open")
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def warehouse(tmp_path):
    warehouse = new_warehouse(tmp_path / "home")
    yield warehouse
    warehouse.close()


@pytest.fixture
def load(warehouse, monkeypatch):
    def load(*rows):
        reader = MemoryReader(PLACE, list(rows))
        monkeypatch.setattr(runs, "reader_for", lambda *_: reader)
        run = new_run(warehouse, date(2026, 3, 10))
        assert runs.daily(run, PLACE, window_only=True) is None

    return load


def months(lake: Path) -> dict[str, int]:
    """The lake's files with the time of their writing."""
    return {
        path.parent.name: path.stat().st_mtime_ns for path in lake.rglob("*.parquet")
    }


def rows(lake: Path) -> list[tuple]:
    columns = "id, reported, category, resolution, month"
    return duckdb.sql(
        f"select {columns} from read_parquet('{lake}/*/*/*.parquet', "
        "hive_partitioning = true, hive_types_autocast = false) order by id"
    ).fetchall()


def test_each_month_is_a_file_that_readers_take_for_a_partition(
    warehouse, load, tmp_path
):
    load(FEBRUARY, MARCH, LATER, UNDATED)
    lake = tmp_path / "lake"
    assert copy_to_lake(warehouse, PLACE, str(lake)) == 3
    assert set(months(lake)) == {
        "month=2026-02",
        "month=2026-03",
        f"month={NO_MONTH}",
    }
    assert rows(lake) == [
        (*FEBRUARY, "2026-02"),
        (*MARCH, "2026-03"),
        (*LATER, "2026-03"),
        (*UNDATED, None),
    ]


def test_only_changed_months_are_written_anew(warehouse, load, tmp_path):
    load(FEBRUARY, MARCH, UNDATED)
    copy_to_lake(warehouse, PLACE, str(tmp_path))
    before = months(tmp_path)
    assert copy_to_lake(warehouse, PLACE, str(tmp_path)) == 0
    load(FEBRUARY, (*MARCH[:3], "Closed"), UNDATED)
    assert copy_to_lake(warehouse, PLACE, str(tmp_path)) == 1
    after = months(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"month=2026-03"}
    assert (*MARCH[:3], "Closed", "2026-03") in rows(tmp_path)


def test_nothing_of_a_removed_row_is_left(warehouse, load, tmp_path):
    load(FEBRUARY, MARCH, LATER)
    lake = tmp_path / "lake"
    copy_to_lake(warehouse, PLACE, str(lake))
    load(MARCH)
    assert copy_to_lake(warehouse, PLACE, str(lake)) == 2
    assert rows(lake) == [(*MARCH, "2026-03")]
    assert set(months(lake)) == {"month=2026-03"}
    files = [path.read_bytes() for path in lake.rglob("*") if path.is_file()]
    assert not any("2026-02" in str(path) for path in lake.rglob("*"))
    assert not any(b"nique words" in content for content in files)


def test_a_row_that_moves_to_another_month_is_in_that_one_alone(
    warehouse, load, tmp_path
):
    load(FEBRUARY, MARCH)
    copy_to_lake(warehouse, PLACE, str(tmp_path))
    moved = (FEBRUARY[0], "2026-03-05T00:00:00.000", *FEBRUARY[2:])
    load(moved, MARCH)
    assert copy_to_lake(warehouse, PLACE, str(tmp_path)) == 2
    assert rows(tmp_path) == [(*moved, "2026-03"), (*MARCH, "2026-03")]


def test_a_copy_that_was_cut_short_is_made_good(warehouse, load, tmp_path, monkeypatch):
    load(FEBRUARY, MARCH)

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.warehouse.lake.write_manifest", killed)
        with pytest.raises(KeyboardInterrupt):
            copy_to_lake(warehouse, PLACE, str(tmp_path / "lake"))
    copy_to_lake(warehouse, PLACE, str(tmp_path / "lake"))
    assert len(rows(tmp_path / "lake")) == 2


def test_a_month_of_many_pages_is_whole(warehouse, load, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.warehouse.lake.PAGE", 2)
    many = [(str(n), MARCH[1], "Theft", None) for n in range(1000, 1007)]
    load(*many)
    copy_to_lake(warehouse, PLACE, str(tmp_path))
    assert rows(tmp_path) == [(*row, "2026-03") for row in many]


def test_a_place_that_cannot_be_written_is_named(warehouse, load, tmp_path):
    load(MARCH)
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match="BLOTTER_LAKE") as caught:
        copy_to_lake(warehouse, PLACE, str(tmp_path / "file"))
    assert str(tmp_path / "file") in str(caught.value)


@pytest.mark.parametrize(
    "place",
    ["s3://bucket/lake", "S3://bucket", "az://x/y", "file:///lake", "gs:/b", "gs://"],
)
def test_an_address_of_a_kind_that_is_not_written_to_is_refused(monkeypatch, place):
    """A folder named `s3:` was made below the working folder."""
    monkeypatch.setenv("BLOTTER_LAKE", place)
    with pytest.raises(ConfigError, match="BLOTTER_LAKE begins with"):
        Settings.from_environment()
    monkeypatch.delenv("BLOTTER_LAKE")
    monkeypatch.setenv("BLOTTER_HOME", place)
    with pytest.raises(ConfigError, match="BLOTTER_HOME begins with"):
        Settings.from_environment()


@pytest.mark.parametrize("place", ["lake", "/srv/a:b/lake", "./s3:", "gs://my-lake/x"])
def test_a_folder_and_a_bucket_are_places_for_the_lake(monkeypatch, place):
    monkeypatch.setenv("BLOTTER_LAKE", place)
    assert Settings.from_environment().lake == place


def test_no_bucket_is_a_home(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    for words in (["daily"], ["doctor"], ["status"], ["site"]):
        assert live.command_here(monkeypatch, "gs://bucket/home", NOWHERE, *words) == 2
        said = capsys.readouterr().err
        assert said.startswith("blotter: BLOTTER_HOME begins with gs://; it must be")
        assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_holds_the_same_files(warehouse, load, bigquery_settings, monkeypatch):
    for name, value in bigquery_settings.items():
        monkeypatch.setenv(name, value)
    lake = f"{bigquery_settings['BLOTTER_BUCKET']}/lake"
    load(FEBRUARY, MARCH)
    copy_to_lake(warehouse, PLACE, lake)
    load(MARCH)
    copy_to_lake(warehouse, PLACE, lake)
    files, root = file_system(lake)
    found = [path.removeprefix(f"{root}/{PLACE.name}/") for path in files.find(root)]
    assert found == ["manifest.json", "month=2026-03/rows.parquet"]
