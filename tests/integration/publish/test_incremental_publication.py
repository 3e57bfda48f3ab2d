"""A publication that writes what changed is what one written from nothing is."""

import gzip
import hashlib
import json
import random
import shutil
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from demo import generator
from demo.portal.server import Portal, serve
from demo.portal.store import Dataset as Published
from demo.stock import publish as publish_rows
from pipelines import jobs
from pipelines.publish import parts, publication
from pipelines.publish.database import DATABASE
from pipelines.publish.edition import Edition
from pipelines.transform import plan
from pipelines.warehouse.warehouse import Warehouse
from tests.support import live_portal as live
from tests.support.set_up import settings_in

pytestmark = pytest.mark.timeout(600)

FIRST = date(2026, 3, 1)
ROWS = {"san_francisco__incidents": 400, "cambridge__incidents": 150}
# So that facts are divided by city, year, month and day.
FEW = 60
# What tells the size or the digest of DuckDB's file, which is never the same twice.
OTHERS = {f"data/{DATABASE}", "datapackage.json", "method.html"}


class Town:
    """Two cities on a portal, and a home that follows them from day to day."""

    def __init__(self, portal: Portal, url: str, home: Path, seed: int):
        self.portal, self.url, self.home = portal, url, home
        self.random, self.day = random.Random(seed), FIRST
        self.published: dict[str, Published] = {}
        self.sealed: dict[str, pa.Table] = {}
        self.open("san_francisco__incidents")

    def open(self, name: str) -> None:
        """A city begins to publish."""
        yesterday = self.day - timedelta(1)
        rows = generator.generate(name, ROWS[name], date(2025, 11, 1), yesterday, 3)
        self.published[name] = publish_rows(self.portal, name, rows)

    # What a day may bring to a city.

    def nothing(self, name: str) -> None:
        """The portal has nothing new."""

    def additions(self, name: str) -> None:
        new = generator.day_rows(name, self.day, 12, self.random.randrange(999))
        self.show(name, new, [])

    def corrections(self, name: str) -> None:
        table = self.published[name].rows()
        seed = self.random.randrange(999)
        self.show(name, generator.corrected(table, 9, seed), [])

    def removals(self, name: str) -> None:
        rows = self.published[name].rows()
        gone = generator.sample(rows, 6, self.random.randrange(999))
        self.sealed[name] = gone
        self.show(name, gone.slice(0, 0), gone)

    def restorations(self, name: str) -> None:
        if name in self.sealed:
            self.show(name, self.sealed.pop(name), [])

    def show(self, name: str, come: pa.Table, gone: pa.Table | list) -> None:
        """Have the portal show some rows and no longer others."""
        table = self.published[name]
        rows = generator.without(table.rows(), come)
        if isinstance(gone, pa.Table):
            rows = generator.without(rows, gone)
        table.replace(pa.concat_tables([rows, come]))


KINDS = [
    Town.nothing,
    Town.additions,
    Town.corrections,
    Town.removals,
    Town.restorations,
]


@pytest.fixture
def town(tmp_path, request):
    portal = Portal()
    with serve(portal) as url:
        yield Town(portal, url, tmp_path / "home", request.param)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(parts, "LARGE", FEW)
    monkeypatch.setattr(parts, "PART", FEW)
    monkeypatch.setenv("BLOTTER_SITE", "on")
    monkeypatch.setenv(*live.NO_DATA_TESTS)


def daily(monkeypatch, town: Town) -> None:
    arguments = ("daily", *town.published, "--window-only", "--today", str(town.day))
    assert live.command_here(monkeypatch, town.home, town.url, *arguments) == 0
    town.day += timedelta(1)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def times(folder: Path) -> dict[str, tuple[int, int]]:
    """What tells whether a file was written: its inode and time."""
    found = {p: p.stat() for p in sorted(folder.rglob("*")) if p.is_file()}
    return {
        str(p.relative_to(folder)): (stat.st_ino, stat.st_mtime_ns)
        for p, stat in found.items()
    }


def from_nothing(home: Path, to: Path) -> Path:
    """A publication of a home's marts that knows of no other."""
    others = ("publications", "published", "publication.json", "summaries")
    shutil.copytree(home, to, symlinks=True, ignore=shutil.ignore_patterns(*others))
    with closing(Warehouse(settings_in(to))) as warehouse:
        return publication.publish(warehouse, "whole")


def tables_in(database: Path) -> dict[str, list[tuple]]:
    with duckdb.connect(str(database), read_only=True) as db:
        names = [
            name
            for (name,) in db.sql("select table_name from duckdb_tables()").fetchall()
        ]
        return {name: db.sql(f"from {name} order by all").fetchall() for name in names}


def assert_as_from_nothing(home: Path, to: Path) -> None:
    """Compare what readers get, file by file."""
    published, whole = home / "published", from_nothing(home, to)
    found, expected = digests(published), digests(whole)
    assert set(found) == set(expected)
    assert {n for n in found if found[n] != expected[n]} <= OTHERS
    assert tables_in(published / "data" / DATABASE) == tables_in(
        whole / "data" / DATABASE
    )
    packages = [
        json.loads((f / "datapackage.json").read_text()) for f in (published, whole)
    ]
    for package in packages:
        assert package["resources"].pop()["name"] == DATABASE
    assert packages[0] == packages[1]
    for resource in packages[0]["resources"]:
        digest = found[resource["path"]]
        assert resource["hash"] == f"sha256:{digest}"


@pytest.mark.parametrize("town", [1, 2], indirect=True)
def test_a_history_of_days_is_as_if_written_from_nothing(town, tmp_path, monkeypatch):
    daily(monkeypatch, town)
    # Each kind of day once, in any order, and then days of several kinds.
    days = [[kind] for kind in town.random.sample(KINDS, len(KINDS))]
    days += [town.random.sample(KINDS, 3) for _ in range(2)]
    for number, kinds in enumerate(days):
        if number == 3:
            town.open("cambridge__incidents")
        if number == 5:
            # A model, macro or seed changed: all is built anew.
            for module in (jobs, plan):
                monkeypatch.setattr(
                    module, "fingerprint", lambda project, named: "another"
                )
        for kind in kinds:
            kind(town, town.random.choice(list(town.published)))
        daily(monkeypatch, town)
        assert_as_from_nothing(town.home, tmp_path / f"whole{number}")


@pytest.mark.parametrize("town", [3], indirect=True)
def test_a_quiet_day_publishes_its_status_alone(town, monkeypatch, caplog):
    caplog.set_level("INFO")
    daily(monkeypatch, town)
    before = times(town.home / "published")
    read = []
    monkeypatch.setattr(
        "pipelines.publish.source.Source.groups", lambda self: read.append(self.place)
    )
    daily(monkeypatch, town)
    after = times(town.home / "published")
    assert read == []
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    # The script tells minutes: it is new if one has passed between the days.
    assert changed - {"script/last_read.js"} == {
        *("status.html", "status.json", "datapackage.json", "dcat-us.json")
    }
    said = f"publication: {len(changed)} of {len(after)} files changed"
    assert said in caplog.text


@pytest.mark.parametrize("town", [4], indirect=True)
def test_a_day_writes_the_parts_of_facts_that_it_changed(town, monkeypatch):
    daily(monkeypatch, town)
    before = times(town.home / "published" / "data" / "fct_incidents")
    new = generator.day_rows("san_francisco__incidents", town.day, 1, 1)
    town.show("san_francisco__incidents", new, [])
    daily(monkeypatch, town)
    after = times(town.home / "published" / "data" / "fct_incidents")
    day = new["incident_datetime"][0].as_py()[:10]
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert len(changed) == 1
    assert changed < {
        f"city=san_francisco/year={day[:4]}/{part}.parquet"
        for part in ("rows", day[:7], day)
    }
    assert len(before) > 4


@pytest.mark.parametrize("town", [5], indirect=True)
def test_a_removed_row_is_in_no_file_that_readers_get(town, monkeypatch):
    """Bytes are searched, and the rows of what packs them."""
    marked = "Zxqvy Corner"
    rows = town.published["san_francisco__incidents"].rows()
    recent = generator.sample(rows.slice(rows.num_rows - 50), 1, 1)
    at = recent.column_names.index("intersection")
    shown = recent.set_column(at, "intersection", pa.array([marked]))
    town.show("san_francisco__incidents", shown, [])
    daily(monkeypatch, town)
    found = files_with(town.home / "published", marked)
    assert f"data/{DATABASE}" in found
    assert len(found) == 2
    town.show("san_francisco__incidents", shown.slice(0, 0), shown)
    daily(monkeypatch, town)
    assert files_with(town.home / "published", marked) == set()


def files_with(folder: Path, words: str) -> set[str]:
    """The files that hold some words, in their bytes or in their rows."""
    found = set()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += str(pq.ParquetFile(path).read().to_pylist()).encode()
        if path.suffix == ".duckdb":
            content += str(tables_in(path)).encode()
        if path.suffix == ".bin":
            content += gzip.decompress(content)
        if words.encode() in content:
            found.add(str(path.relative_to(folder)))
    return found


class Killed(BaseException):
    """The process ends here."""


# With what a publication ends.
STEPS = ["rename", "finish", "swap", "clear"]


@pytest.mark.parametrize("town", [6], indirect=True)
def test_killed_at_any_step_the_last_one_stands_and_the_next_is_whole(
    town, tmp_path, monkeypatch
):
    daily(monkeypatch, town)
    town.additions("san_francisco__incidents")
    town.corrections("san_francisco__incidents")
    town.removals("san_francisco__incidents")
    before, was = digests(town.home / "published"), (town.home / "published").resolve()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_SITE", "off")
        daily(patch, town)
    files = count_files(town.home, tmp_path)
    assert files > 80
    for step in [*range(0, files, files // 6), *STEPS]:
        home = live.copied(town.home, tmp_path / f"killed{step}")
        publish_until(home, step)
        if step != "clear":
            assert digests(home / "published") == before
            assert (home / "published").resolve().name == was.name
        with closing(Warehouse(settings_in(home))) as warehouse:
            publication.publish(warehouse, "next")
        assert_as_from_nothing(home, tmp_path / f"whole{step}")
        assert len(list((home / "publications").iterdir())) == 2


def count_files(home: Path, tmp_path: Path) -> int:
    """How many files a publication begins to write or to take over."""
    home, count = live.copied(home, tmp_path / "counted"), 0

    def place(self, path):
        nonlocal count
        count += 1
        return real(self, path)

    real = Edition._place
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Edition, "_place", place)
        with closing(Warehouse(settings_in(home))) as warehouse:
            publication.publish(warehouse, "counted")
    return count


def publish_until(home: Path, step: int | str) -> None:
    """Publish, and end at the step, as a kill does: nothing is tidied up."""
    count = 0

    def place(self, path):
        nonlocal count
        count += 1
        return killed() if count > step else real(self, path)

    def killed(*arguments):
        raise Killed

    def clear_once(home):
        clear(home)
        patch.setattr(publication, "clear", killed)

    real, clear = Edition._place, publication.clear
    kills = {
        "rename": (Path, "rename", killed),
        "finish": (Edition, "finish", killed),
        "swap": (publication, "swap", killed),
        "clear": (publication, "clear", clear_once),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*kills.get(step, (Edition, "_place", place)))
        with closing(Warehouse(settings_in(home))) as warehouse, pytest.raises(Killed):
            publication.publish(warehouse, "killed")
