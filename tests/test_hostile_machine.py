"""A machine without space, without rights, or whose files others hold or delete."""

import contextlib
import functools
import os
import subprocess
import sys
import threading
import time
from datetime import date

import pytest

from demo.generator import generate
from demo.portal import Portal, serve
from demo.stock import publish
from pipelines import build
from tests import live_portal as live
from tests.killed_runs import Child, content

CITIES = ("cambridge__incidents", "memphis__incidents")
LOAD = ("daily", *CITIES, "--window-only", "--no-build", "--today", "2026-03-10")
DAILY = tuple(word for word in LOAD if word != "--no-build")
STOPPED = "blotter: Stopped by SIGTERM; the next run carries on.\n"

HOLD = """
import sys, time, duckdb
held = duckdb.connect(sys.argv[1], read_only=True)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def url():
    portal = Portal()
    for city in CITIES:
        rows = generate(city, 50, date(2026, 2, 2), date(2026, 3, 9), seed=4)
        publish(portal, city, rows)
    with serve(portal) as address:
        yield address


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A home with the empty tables of every data set."""
    return live.prepared(tmp_path_factory.mktemp("prepared") / "home")


@pytest.fixture(scope="module")
def built(prepared, url, tmp_path_factory):
    """A home with rows and models, by a run that nothing disturbed."""
    home = live.copied(prepared, tmp_path_factory.mktemp("built") / "home")
    assert ran(home, url, *DAILY)[0] == 0
    return home


@pytest.fixture
def home(prepared, tmp_path):
    return live.copied(prepared, tmp_path / "home")


def ran(home, url, *arguments, prepare=None):
    """The command run to its end: exit code and output."""
    child = Child(home, url, *arguments, prepare=prepare)
    return child.ended(), child.said.read_text()


def in_one_sentence(said, *words):
    """The last line says what failed; no traceback above it."""
    assert "Traceback" not in said, said
    last = said.splitlines()[-1]
    assert last.startswith("blotter: "), said
    for word in words:
        assert str(word) in last, last


def made_good(home, url, built, arguments=LOAD):
    """The next run completes, and ends as one that nothing disturbed."""
    code, said = ran(home, url, *arguments)
    assert code == 0, said
    schemas = ("raw_",) if "--no-build" in arguments else ("raw_", "marts")
    found, expected = content(home), content(built)
    for table in expected:
        if table.startswith(schemas):
            assert found.get(table, []) == expected[table], table
    assert ("running",) not in live.ledger(home, "outcome")


# Another program holds the file


@contextlib.contextmanager
def held(home, seconds):
    """Another program reads the home's file for some seconds."""
    holder = hold(home, seconds)
    try:
        yield holder
    finally:
        holder.kill()
        holder.wait()


def hold(home, seconds):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home / "blotter.duckdb"), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    return holder


def waiting(seconds):
    """In a child: how long it waits for the file."""
    os.environ["BLOTTER_WAIT"] = str(seconds)


def test_a_run_waits_for_a_reader_and_goes_on(home, url, built):
    with held(home, 1.5):
        code, said = ran(home, url, *LOAD)
    assert code == 0, said
    path = home / "blotter.duckdb"
    waits = f"{path} is open in another program; waiting up to 60 s for it."
    assert said.count(waits) == 1
    made_good(home, url, built)


def test_a_reader_that_stays_ends_the_run_with_1_after_the_wait(home, url, built):
    with held(home, 60):
        began = time.monotonic()
        prepare = functools.partial(waiting, 1)
        code, said = ran(home, url, *LOAD, prepare=prepare)
    assert 1 < time.monotonic() - began < 15
    assert code == 1
    in_one_sentence(said, f"{home / 'blotter.duckdb'} is open in another program")
    made_good(home, url, built)


def test_without_a_wait_a_held_file_ends_the_run_at_once(home, url):
    with held(home, 60):
        code, said = ran(home, url, *LOAD, prepare=functools.partial(waiting, 0))
    assert code == 1
    assert "waiting" not in said


def test_a_stop_ends_the_wait_at_once(home, url):
    with held(home, 60):
        child = Child(home, url, *LOAD)
        wait_for_words(child, "waiting up to 60 s")
        began = time.monotonic()
        child.process.terminate()
        assert child.ended() == 1
    assert time.monotonic() - began < 5
    assert child.said.read_text().endswith("\n" + STOPPED)


def wait_for_words(child, words):
    deadline = time.monotonic() + 60
    while words not in child.said.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def hold_while_dbt_starts(home):
    """In a child: a reader comes after the last look and before dbt opens the file.

    It goes a second after dbt gave up.
    """
    invoke, readers = build.invoke, []

    def with_reader(*arguments):
        if readers:
            return invoke(*arguments)
        readers.append(hold(home, 600))
        outcome = invoke(*arguments)
        threading.Timer(1, readers[0].kill).start()
        return outcome

    build.invoke = with_reader


def test_a_reader_that_comes_before_dbt_is_waited_for(home, url, built):
    prepare = functools.partial(hold_while_dbt_starts, home)
    code, said = ran(home, url, *DAILY, prepare=prepare)
    assert code == 0, said
    assert said.count("waiting up to 60 s for it") == 1
    assert content(home) == content(built)
    lines = live.ledger(home, "dataset, outcome")
    assert lines[-1] == ("(models)", "dbt_ok")


# Torn loads


def test_a_row_of_a_torn_load_is_in_no_mart(built, url, tmp_path):
    """Rows that were written without their entries: the next run may not find them.

    A build by hand, before it, must not publish them.
    """
    home = live.copied(built, tmp_path / "home")
    later = "(select max(changed_at) + interval 1 minute from {}_changes)"
    table = "raw_cambridge.incidents"
    live.select(
        home,
        f"insert into {table} select * replace (row_id || '-torn' as row_id, "
        f"{later.format(table)} as loaded_at) from {table} limit 3",
    )
    code, said = ran(home, url, "build")
    assert code == 0, said
    marts = "select count(*) from marts.fct_incidents where row_id like '%-torn'"
    assert live.select(home, marts) == [(0,)]
    made_good(home, url, built, DAILY)
