"""A machine without space, without rights, or whose files others hold or delete."""

import contextlib
import errno
import functools
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime

import pytest

from demo.generator import generate
from demo.portal.server import Portal, serve
from demo.stock import publish
from pipelines.ops.status import read_status
from pipelines.ops.status_words import is_fresh
from pipelines.transform import runner
from tests.support import live_portal as live
from tests.support import needs
from tests.support.killed_runs import Child, content, go_through

# Jobs that wait for a lock or start over.
pytestmark = pytest.mark.timeout(600)

CITY = "cambridge__incidents"
LOAD = ("daily", CITY, "--window-only", "--no-build", "--today", "2026-03-10")
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
    rows = generate(CITY, 50, date(2026, 2, 2), date(2026, 3, 9), seed=4)
    publish(portal, CITY, rows)
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
        holder.communicate()


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
    with held(home, 5):  # Longer than the command takes to begin.
        code, said = ran(home, url, *LOAD)
    assert code == 0, said
    path = home / "blotter.duckdb"
    waits = f"{path} is locked by another program; waiting up to 60 s for it."
    assert said.count(waits) == 1
    made_good(home, url, built)


def test_a_reader_that_stays_ends_the_run_with_1_after_the_wait(home, url, built):
    with held(home, 60):
        began = time.monotonic()
        prepare = functools.partial(waiting, 1)
        code, said = ran(home, url, *LOAD, prepare=prepare)
    assert 1 < time.monotonic() - began < 15
    assert code == 1
    in_one_sentence(said, f"{home / 'blotter.duckdb'} is locked by another program")
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
    invoke, readers = runner.invoke, []

    def with_reader(*arguments):
        if readers:
            return invoke(*arguments)
        readers.append(hold(home, 600))
        outcome = invoke(*arguments)
        threading.Timer(1, readers[0].kill).start()
        return outcome

    runner.invoke = with_reader


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
    made_good(home, url, built)


# No space left


def no_space_after(*names):
    """In a child: no space is left once it has gone through any of these steps."""

    def full(name):
        if name in names:
            raise OSError(errno.ENOSPC, "No space left on device")

    go_through(None, full)


@pytest.mark.parametrize(
    "step",
    [
        "Pipeline.extract",
        "Load.complete_jobs",
        "Months.finish",
    ],
)
def test_no_space_after_a_step_of_a_load_ends_with_1(home, url, built, step):
    prepare = functools.partial(no_space_after, step)
    code, said = ran(home, url, *LOAD, prepare=prepare)
    assert code == 1
    in_one_sentence(said, home, "No space left on device")
    made_good(home, url, built)


def test_no_space_for_the_status_ends_with_1(built, url, tmp_path):
    """The models are built, the old status stays."""
    home = live.copied(built, tmp_path / "home")
    before = (home / "status.json").read_bytes()
    prepare = functools.partial(no_space_after, "Path.write_text")
    code, said = ran(home, url, "build", prepare=prepare)
    assert code == 1
    in_one_sentence(said, f"{home / 'status.json'} can't be written: No space left")
    assert (home / "status.json").read_bytes() == before
    assert live.ledger(home, "dataset, outcome")[-1] == ("(models)", "dbt_ok")
    made_good(home, url, built)


def limited_to(size):
    """In a child: no file can grow beyond some bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [1_000, 10_000])
def test_a_file_that_cannot_grow_ends_a_load_with_1(home, url, built, size):
    """In DuckDB's log: at the ledger's first line, and amid dlt's load."""
    prepare = functools.partial(limited_to, size)
    code, said = ran(home, url, *LOAD, prepare=prepare)
    assert code == 1, said
    in_one_sentence(said, home)
    made_good(home, url, built)


def test_a_file_that_cannot_grow_ends_a_build_with_1(built, url, tmp_path):
    home = live.copied(built, tmp_path / "home")
    code, said = ran(home, url, "build", prepare=functools.partial(limited_to, 1 << 20))
    assert code == 1, said
    in_one_sentence(said, home)
    made_good(home, url, built, DAILY)


def mount(*arguments):
    """Mount something, where that is allowed."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode:
        needs.MOUNTS.skip()


@contextlib.contextmanager
def full_disk(folder, size):
    """A file system of some bytes in a folder."""
    folder.mkdir()
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("room", [8_192, 80_000])
def test_a_full_disk_ends_a_load_with_1(prepared, url, built, tmp_path, room):
    """In dlt's folder or in DuckDB; once there is room the next run completes."""
    disk, home = tmp_path / "disk", tmp_path / "home"
    with full_disk(disk, 64 << 20):
        # What it says is written elsewhere.
        home.symlink_to(live.copied(prepared, disk / "home"))
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
        (disk / "filler").write_bytes(b"x" * (free - room))
        code, said = ran(home, url, *LOAD)
        assert code == 1, said
        in_one_sentence(said, disk / "home")
        (disk / "filler").unlink()
        made_good(home, url, built)


# No right to write


@contextlib.contextmanager
def read_only(path):
    """A folder or a file that can't be written; root needs a mount for that."""
    if os.geteuid():
        mode = path.stat().st_mode
        path.chmod(mode & 0o555)
        yield
        path.chmod(mode)
        return
    mount("--bind", str(path), str(path))
    try:
        mount("-o", "remount,ro,bind", str(path))
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


@pytest.mark.parametrize("what", ["home", "blotter.duckdb", "dlt", "status.new"])
def test_what_cannot_be_written_ends_with_1(home, url, built, what):
    """The home, the warehouse, dlt's folder, or the status on its way."""
    (home / "status.new").touch()
    (home / "dlt").mkdir(exist_ok=True)
    path = home if what == "home" else home / what
    with read_only(path):
        code, said = ran(home, url, *LOAD)
    assert code == 1
    in_one_sentence(said, home)
    made_good(home, url, built)


# The clock, and files that went


def test_after_the_clock_was_moved_back_the_newest_run_is_still_known(
    home, url, built, tmp_path
):
    """A run of next week must not hide that today's failed, nor count as fresh."""
    assert ran(home, url, *LOAD)[0] == 0
    for column in ("started_at", "finished_at"):
        later = f"set {column} = {column} + interval 7 day"
        live.select(home, f"update ledger.runs {later}")
    code, said = ran(home, "http://127.0.0.1:9", *LOAD)
    assert code == 1, said
    status = read_status(home)
    assert not status["healthy"]
    by_name = {entry["dataset"]: entry for entry in status["datasets"]}
    assert by_name[CITY]["last_run"]["outcome"] == "failed"
    assert not is_fresh(status, "36h", datetime.now(UTC))
    made_good(home, url, built)
    assert read_status(home)["healthy"]


def test_what_was_deleted_beside_the_warehouse_is_not_missed(built, url, tmp_path):
    """The status comes back, and dlt's folder with the next load."""
    home = live.copied(built, tmp_path / "home")
    shutil.rmtree(home / "dlt")
    (home / "status.json").unlink()
    made_good(home, url, built)
    assert (home / "status.json").exists()
    table = "raw_cambridge.incidents"
    lost = f"select min(row_id) from {table}"
    live.select(home, f"delete from {table} where row_id = ({lost})")
    code, said = ran(home, url, "backfill", CITY, "--again", "--no-build")
    assert code == 0, said
    assert (home / "dlt").exists()


def test_a_home_that_moved_and_lost_dbts_folder_is_as_good_at_its_new_place(
    built, url, tmp_path
):
    """Nothing is written at the old one."""
    home = live.copied(built, tmp_path / "home")
    there = tmp_path / "elsewhere" / "home"
    there.parent.mkdir()
    home.rename(there)
    shutil.rmtree(there / "dbt")
    made_good(there, url, built, DAILY)
    assert not home.exists()


def test_a_garbled_status_is_written_anew(built, url, tmp_path):
    home = live.copied(built, tmp_path / "home")
    (home / "status.json").write_text("{")
    made_good(home, url, built)
    assert read_status(home)["datasets"]


# Stopped


def stop_after(*names):
    """In a child: it is asked to stop once it has gone through one of these steps."""

    def stop(name):
        if name in names:
            os.kill(os.getpid(), signal.SIGTERM)

    go_through(None, stop)


@pytest.mark.parametrize(
    "step",
    [
        "pipelines.warehouse.schema.prepare",
        "Ledger.open_run",
        "Months.finish",
        "Ledger.close_run",
        "Path.write_text",
    ],
)
def test_a_stop_after_a_step_closes_the_line_and_ends_with_1(home, url, built, step):
    code, said = ran(home, url, *LOAD, prepare=functools.partial(stop_after, step))
    assert code == 1, said
    assert said.endswith("\n" + STOPPED) or said == STOPPED, said
    assert "Traceback" not in said
    assert ("running",) not in live.ledger(home, "outcome")
    made_good(home, url, built)
