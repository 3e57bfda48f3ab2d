"""The publication: whole or not at all, the same bytes for the same marts."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest
import requests

from demo.generator import generate
from demo.portal.server import Portal, serve
from demo.stock import publish as publish_rows
from pipelines.publish import publication
from pipelines.publish.database import DATABASE
from pipelines.site import pages
from tests.support import live_portal as live

CITIES = {"cambridge__incidents": 60, "san_francisco__incidents": 300}
BEGIN = [
    *("daily", *CITIES, "--window-only", "--today", "2026-03-09"),
]


@pytest.fixture(scope="module")
def url():
    portal = Portal()
    for name, rows in CITIES.items():
        made = generate(name, rows, date(2026, 2, 2), date(2026, 3, 8), 3)
        publish_rows(portal, name, made)
    with serve(portal) as url:
        yield url


@pytest.fixture(scope="module")
def first(tmp_path_factory, url):
    """A home after a good day with a publication."""
    home = tmp_path_factory.mktemp("published") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_SITE", "on")
        patch.setenv(*live.NO_DATA_TESTS)
        assert live.command_here(patch, home, url, *BEGIN) == 0
    return home


@pytest.fixture
def home(first, tmp_path, monkeypatch):
    monkeypatch.setenv("BLOTTER_SITE", "on")
    return live.copied(first, tmp_path / "home")


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(monkeypatch, home, url, *arguments):
    return live.command_here(monkeypatch, home, url, *arguments)


def test_a_good_day_ends_with_a_publication(first):
    published = first / "published"
    assert published.is_symlink()
    assert (published / "index.html").exists()
    assert (published / "datapackage.json").exists()
    status = json.loads((published / "status.json").read_text())
    assert status["healthy"] is True
    assert len(list((first / "publications").iterdir())) == 1


def test_the_same_marts_give_the_same_bytes(home, url, monkeypatch):
    before = digests(home / "published")
    was = (home / "published").resolve()
    assert command(monkeypatch, home, url, "site") == 0
    assert (home / "published").resolve() != was
    assert digests(home / "published") == before


def test_a_home_that_has_the_warehouse_alone_publishes_the_same(home, url, monkeypatch):
    """As a container's own, lost after each run, on a day on which nothing is built."""
    before = digests(home / "published")
    for lost in ("state", "dbt", "publications"):
        shutil.rmtree(home / lost)
    (home / "published").unlink()
    assert command(monkeypatch, home, url, "site") == 0
    after = digests(home / "published")
    assert set(after) == set(before)
    # What was known of the last build's tests is lost; a database is never made alike.
    other = {"method.html", "datapackage.json", f"data/{DATABASE}"}
    assert {name for name in after if after[name] != before[name]} <= other


def test_other_marts_give_another_database_file(home, url, monkeypatch):
    before = digests(home / "published")
    with duckdb.connect(home / "blotter.duckdb") as db:
        db.execute("delete from marts.fct_incidents where city = 'cambridge'")
    assert command(monkeypatch, home, url, "site") == 0
    after = digests(home / "published")
    assert after[f"data/{DATABASE}"] != before[f"data/{DATABASE}"]
    with duckdb.connect(home / "published" / "data" / DATABASE, read_only=True) as db:
        rows = db.execute("select distinct city from fct_incidents")
        assert rows.fetchall() == [("san_francisco",)]


def test_two_publications_are_kept_and_what_a_kill_left_is_not(home, url, monkeypatch):
    unfinished = home / "publications" / ".20260101T000000Z-dead"
    unfinished.mkdir()
    (unfinished / "index.html").write_text("half")
    for _ in range(2):
        before = (home / "published").resolve()
        assert command(monkeypatch, home, url, "site") == 0
    kept = {path.name for path in (home / "publications").iterdir()}
    assert kept == {before.name, (home / "published").resolve().name}


def test_a_build_that_fails_leaves_the_publication_as_it_was(home, url, monkeypatch):
    before, was = digests(home / "published"), (home / "published").resolve()
    with duckdb.connect(home / "blotter.duckdb") as db:
        # Two rows of one key: a test of severity error fails.
        db.execute(
            "insert into raw_cambridge.incidents select * from raw_cambridge.incidents"
        )
    assert command(monkeypatch, home, url, "build", "--full-refresh") == 1
    assert command(monkeypatch, home, url, "site") == 1
    assert (home / "published").resolve() == was
    assert digests(home / "published") == before
    assert [path.name for path in (home / "publications").iterdir()] == [was.name]


def test_a_fault_while_publishing_fails_the_day_and_leaves_what_was(
    home, url, monkeypatch, caplog
):
    before = digests(home / "published")
    monkeypatch.setattr(pages.Site, "write_status", lambda *given: 1 / 0)
    assert command(monkeypatch, home, url, *BEGIN) == 1
    assert "publication: this is a bug in Blotter: ZeroDivisionError" in caplog.text
    assert digests(home / "published") == before
    monkeypatch.undo()
    monkeypatch.setenv("BLOTTER_SITE", "on")
    assert command(monkeypatch, home, url, *BEGIN) == 0
    assert len(list((home / "publications").iterdir())) == 2


def test_a_full_disk_is_one_sentence(home, url, monkeypatch, capsys):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publication, "write", full)
    assert command(monkeypatch, home, url, "site") == 1
    said = capsys.readouterr().err
    assert "No space left on device; the last good publication stays." in said


def test_publishing_killed_at_any_moment_leaves_what_was_or_what_is_new(
    home, url, tmp_path
):
    """Readers see one whole publication; the next one ends as if nothing had been."""
    before = digests(home / "published")
    environment = os.environ | live.settings(home, url, BLOTTER_SITE="on")
    arguments = [sys.executable, "-m", "pipelines", "site"]
    begin = time.monotonic()
    subprocess.run(arguments, env=environment, check=True, capture_output=True)
    takes = time.monotonic() - begin
    seen = set()
    for share in (0.3, 0.5, 0.7, 0.9, 0.97):
        with subprocess.Popen(arguments, env=environment) as process:
            time.sleep(share * takes)
            process.send_signal(signal.SIGKILL)
            process.wait()
        seen.add(process.returncode)
        assert digests(home / "published") == before
    assert -signal.SIGKILL in seen
    subprocess.run(arguments, env=environment, check=True, capture_output=True)
    assert digests(home / "published") == before
    assert len(list((home / "publications").iterdir())) == 2
    assert not (home / "published.new").is_symlink()


def test_the_link_is_swapped_in_one_step(home, monkeypatch):
    """A kill between the new folder and its link leaves the old one in place."""
    old = (home / "published").resolve()
    new = home / "publications" / "new"
    new.mkdir()
    monkeypatch.setattr(os, "replace", lambda *paths: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publication.swap(home, new)
    assert (home / "published").resolve() == old
    monkeypatch.undo()
    publication.swap(home, new)
    assert (home / "published").resolve() == new


def test_the_published_status_quotes_no_row():
    status = {
        "written_at": "now",
        "last_run": {"run_id": "1"},
        "last_good_run": None,
        "healthy": False,
        "models": {"outcome": "dbt_failed", "error": "no column 'Jane Doe'"},
        "datasets": [
            {
                "dataset": "a__b",
                "last_run": {"error": "bad value 'Jane Doe' in row", "warnings": None},
            },
            {"dataset": "a__c", "last_run": {"error": None, "warnings": "odd 'Doe'"}},
            {"dataset": "a__d", "last_run": None},
        ],
    }
    assert publication.public(status) == {
        "last_run": {"run_id": "1"},
        "last_good_run": None,
        "healthy": False,
        "models": {"outcome": "dbt_failed", "error": "no column '...'"},
        "datasets": [
            {
                "dataset": "a__b",
                "last_run": {"error": "bad value '...' in row", "warnings": None},
            },
            {"dataset": "a__c", "last_run": {"error": None, "warnings": "odd '...'"}},
            {"dataset": "a__d", "last_run": None},
        ],
    }


def test_a_day_without_the_site_publishes_nothing(first, url, tmp_path, monkeypatch):
    home = live.copied(first, tmp_path / "home")
    was = (home / "published").resolve()
    monkeypatch.setenv("BLOTTER_SITE", "off")
    assert command(monkeypatch, home, url, *BEGIN) == 0
    assert (home / "published").resolve() == was


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BLOTTER_SITE", "yes", "BLOTTER_SITE is 'yes'; it must be on or off."),
        ("BLOTTER_SITE_URL", "example.org", "it must be an address like"),
        ("BLOTTER_SITE_URL", "https://x.org/?a=1", "it must be an address like"),
        ("BLOTTER_SITE_CONTACT", "https://x.org", "it must be an email address"),
        ("BLOTTER_LAKE", "s3://bucket/lake", "BLOTTER_LAKE begins with s3://; it must"),
    ],
)
def test_a_wrong_setting_is_told_before_anything_is_made(
    tmp_path, url, monkeypatch, capsys, name, value, said
):
    monkeypatch.setenv(name, value)
    home = tmp_path / "home"
    assert live.command_here(monkeypatch, home, url, *BEGIN) == 2
    assert said in capsys.readouterr().err
    assert not (home / "blotter.duckdb").exists()


@contextmanager
def serving(home, url):
    """The command's own server; its address, its arguments and its environment."""
    environment = os.environ | live.settings(home, url)
    arguments = [sys.executable, "-u", "-m", "pipelines", "site", "--serve", "--port"]
    with subprocess.Popen(
        [*arguments, "0"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            said = process.stdout.readline()
            yield said.split(" is at ")[1].split()[0], arguments, environment
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def test_the_site_is_served_on_this_machine_alone(home, url):
    with serving(home, url) as (address, arguments, environment):
        assert address.startswith("http://127.0.0.1:")
        assert "San Francisco" in requests.get(address, timeout=5).text
        outside = requests.get(f"{address}%2e%2e/blotter.duckdb", timeout=5)
        assert outside.status_code == 404
        taken = subprocess.run(
            [*arguments, address.rsplit(":", 1)[1].strip("/")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert taken.returncode == 2
        assert "choose another with --port" in taken.stderr


def test_nothing_is_published_before_anything_was_built(tmp_path, url, monkeypatch):
    home = tmp_path / "home"
    assert live.command_here(monkeypatch, home, url, "site") == 2
