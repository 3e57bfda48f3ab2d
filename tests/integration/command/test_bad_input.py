"""Bad input: one sentence, the right exit code, nothing written."""

import re
import subprocess
import sys
from datetime import date

import duckdb
import pytest

from demo.generator import generate
from demo.portal.server import Fault, Portal, serve
from demo.stock import publish
from pipelines.datasets.declarations import FOLDER, read_datasets
from pipelines.errors import ConfigError
from tests.support import live_portal as live

NAME = "cambridge__incidents"
ROWS = 60
LOAD = ("daily", NAME, "--window-only", "--no-build", "--today", "2026-03-10")
ROWS_PATH = "/resource/3gki-wyrb.csv"
COUNT_PATH = "/resource/3gki-wyrb.json"


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    rows = generate(NAME, ROWS, date(2026, 2, 2), date(2026, 3, 9), seed=3)
    published = publish(portal, NAME, rows)
    with serve(portal) as url:
        yield portal, published, url


@pytest.fixture
def portal(served):
    portal, _, _ = served
    portal.requests.clear()
    yield portal
    portal.heal()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, served):
    """A home with every declared table, and Cambridge's rows of a day before."""
    home = live.prepared(tmp_path_factory.mktemp("loaded") / "home")
    _, published, url = served
    with pytest.MonkeyPatch.context() as patch:
        assert live.command_here(patch, home, url, *LOAD) == 0
    published.append(published.rows().slice(0, 3))
    return home


@pytest.fixture
def home(loaded, tmp_path):
    return live.copied(loaded, tmp_path / "home")


@pytest.fixture
def blotter(monkeypatch, served, home, capsys):
    """Run the command in this process; return its exit code and standard error."""

    def run(*arguments, **environment):
        code = live.command_here(
            monkeypatch, home, served[2], *arguments, **environment
        )
        return code, capsys.readouterr().err

    return run


def said_in_one_sentence(err):
    """What is said after `blotter: `, in one line."""
    assert re.fullmatch(r"blotter: [^\n]+\n", err), err
    assert "Traceback" not in err
    return err


# Arguments and settings: exit code 2, before anything is opened

WRONG = {
    "unknown data set": (
        ("daily", "gotham__incidents"),
        {},
        "Unknown data set 'gotham__incidents'; there are: bls__county_unemployment, ca",
    ),
    "unknown data set of a backfill": (
        ("backfill", "gotham__incidents"),
        {},
        "Unknown data set 'gotham__incidents'",
    ),
    "unknown data set of changes": (
        ("changes", "--dataset", "gotham__incidents"),
        {},
        "Unknown data set 'gotham__incidents'",
    ),
    "from after to": (
        ("backfill", NAME, "--from", "2026-03-01", "--to", "2026-02-01"),
        {},
        "--from 2026-03-01 is later than --to 2026-02-01",
    ),
    "portal without a scheme": (
        LOAD,
        {"BLOTTER_PORTAL": "localhost:8765"},
        "BLOTTER_PORTAL is 'localhost:8765'",
    ),
    "portal with a broken address": (
        LOAD,
        {"BLOTTER_PORTAL": "http://[::1"},
        "BLOTTER_PORTAL is 'http://[::1'",
    ),
    "portal with a port in words": (
        LOAD,
        {"BLOTTER_PORTAL": "http://localhost:http"},
        "BLOTTER_PORTAL is 'http://localhost:http'",
    ),
    "timeout in words": (
        LOAD,
        {"BLOTTER_TIMEOUT": "soon"},
        "BLOTTER_TIMEOUT is 'soon'",
    ),
    "no timeout": (LOAD, {"BLOTTER_TIMEOUT": "0"}, "BLOTTER_TIMEOUT is '0'"),
    "endless timeout": (LOAD, {"BLOTTER_TIMEOUT": "inf"}, "BLOTTER_TIMEOUT is 'inf'"),
    "no number": (LOAD, {"BLOTTER_BACKOFF": "nan"}, "BLOTTER_BACKOFF is 'nan'"),
    "half a retry": (LOAD, {"BLOTTER_RETRIES": "1.5"}, "BLOTTER_RETRIES is '1.5'"),
    "retries below none": (LOAD, {"BLOTTER_RETRIES": "-1"}, "BLOTTER_RETRIES is '-1'"),
    "no portal": (LOAD, {"BLOTTER_PORTAL": "http://"}, "BLOTTER_PORTAL is 'http://'"),
    "a wait in words": (LOAD, {"BLOTTER_WAIT": "long"}, "BLOTTER_WAIT is 'long'"),
    "a wait below none": (
        ("build",),
        {"BLOTTER_WAIT": "-1"},
        "BLOTTER_WAIT is '-1'; it must be 0.0 to 86400",
    ),
    "other warehouse": (
        LOAD,
        {"BLOTTER_TARGET": "oracle"},
        "BLOTTER_TARGET is 'oracle'",
    ),
    "age of a status": (("status", "--max-age", "old"), {}, "'old' is not an age"),
}


@pytest.mark.parametrize(
    ("arguments", "environment", "said"), WRONG.values(), ids=WRONG.keys()
)
def test_wrong_arguments_and_settings_end_with_2(
    blotter, portal, home, arguments, environment, said
):
    before = files(home)
    code, err = blotter(*arguments, **environment)
    assert code == 2
    assert said in said_in_one_sentence(err)
    assert portal.requests == []
    assert files(home) == before


def files(home):
    """Every file below a home, with its bytes."""
    return {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("daily", "--today", "2026-13-01"),
        ("daily", "--today", "yesterday"),
        ("backfill", NAME, "--from", "2026-02-30"),
        ("changes", "--since", "1 March"),
    ],
)
def test_a_day_that_is_none_ends_with_2_and_says_how_to_write_one(
    blotter, home, arguments
):
    before = files(home)
    code, err = blotter(*arguments)
    assert code == 2
    assert f"'{arguments[-1]}' is not a date; use YYYY-MM-DD, e.g. 2026-10-31." in err
    assert files(home) == before


@pytest.mark.parametrize(
    "arguments", [("daly",), ("backfill",), ("daily", "--quick"), ("build", NAME)]
)
def test_wrong_usage_ends_with_2(blotter, home, arguments):
    before = files(home)
    code, err = blotter(*arguments)
    assert (code, "Traceback" in err) == (2, False)
    assert err.startswith("Usage: blotter")
    assert files(home) == before


def test_a_wrong_setting_makes_no_home(blotter, tmp_path):
    home = tmp_path / "never"
    code, err = blotter(*LOAD, BLOTTER_HOME=str(home), BLOTTER_TIMEOUT="soon")
    assert code == 2
    said_in_one_sentence(err)
    assert not home.exists()


# Declarations


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('api = "soda2"', "api = soda2", "line 3"),
        ('title = "', 'titel = "', "titel"),
        ('zone = "America/New_York"\n', "", "zone"),
        ("key_is_unique = false", 'key_is_unique = "no"', "key_is_unique"),
        ("backfill_from = 2018-01-01", "backfill_from = 2018", "backfill_from"),
    ],
)
def test_a_bad_declaration_ends_with_2_and_names_file_and_key(
    blotter, portal, home, tmp_path, monkeypatch, old, new, said
):
    folder = tmp_path / "datasets"
    folder.mkdir()
    for path in FOLDER.glob("*.toml"):
        (folder / path.name).write_text(path.read_text())
    good = (folder / f"{NAME}.toml").read_text()
    assert old in good
    (folder / f"{NAME}.toml").write_text(good.replace(old, new, 1))
    with pytest.raises(ConfigError, match=f"^{NAME}.toml can't be used.*{said}"):
        read_datasets(folder)
    monkeypatch.setattr(read_datasets, "__defaults__", (folder,))
    before = files(home)
    for arguments in (LOAD, ("list",)):
        code, err = blotter(*arguments)
        assert code == 2
        assert f"{NAME}.toml can't be used" in said_in_one_sentence(err)
    assert portal.requests == []
    assert files(home) == before


# The home and its warehouse


@pytest.mark.parametrize("below", ["file/home", "file"])
def test_a_home_that_cannot_be_written_ends_with_1(blotter, portal, tmp_path, below):
    (tmp_path / "file").write_text("no folder")
    code, err = blotter(*LOAD, BLOTTER_HOME=str(tmp_path / below))
    assert code == 1
    assert f"{tmp_path / below} can't be written" in said_in_one_sentence(err)
    assert portal.requests == []
    assert (tmp_path / "file").read_text() == "no folder"


@pytest.mark.parametrize("what", ["a folder", "a text", "half a database"])
def test_a_warehouse_that_is_none_ends_with_1_and_is_left_alone(
    blotter, portal, home, what
):
    path = home / "blotter.duckdb"
    good = path.read_bytes()
    path.unlink()
    if what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"no database\n" * 99 if what == "a text" else good[:6_000])
    before = files(home)
    for arguments in (LOAD, ("changes",)):
        code, err = blotter(*arguments)
        assert code == 1
        assert f"{path} can't be opened" in said_in_one_sentence(err)
    assert portal.requests == []
    after = files(home)
    after.pop(home / "lock", None)
    before.pop(home / "lock", None)
    assert after == before


HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_warehouse_held_by_another_program_ends_with_1(blotter, portal, home):
    path = home / "blotter.duckdb"
    before = path.read_bytes()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"
        for arguments in (LOAD, ("changes",)):
            code, err = blotter(*arguments, BLOTTER_WAIT="0")
            assert code == 1
            said = said_in_one_sentence(err)
            by = f"another program (PID {holder.pid}). Close it there"
            assert f"{path} is locked by {by}" in said
        # The status is a file of its own.
        assert blotter("status")[0] == 0
    finally:
        holder.communicate("")
    assert portal.requests == []
    assert path.read_bytes() == before


def test_a_database_of_other_things_is_kept_and_taken(blotter, home):
    """Somebody's own tables in the file stay."""
    with duckdb.connect(str(home / "blotter.duckdb")) as connection:
        connection.execute("create table mine as select 42 as n")
    assert blotter(*LOAD)[0] == 0
    assert live.select(home, "from mine") == [(42,)]


@pytest.mark.parametrize(
    ("arguments", "expected"), [(("status",), 1), (("changes",), 2)]
)
def test_a_home_without_a_run_says_to_run_one(blotter, tmp_path, arguments, expected):
    empty = tmp_path / "empty"
    code, err = blotter(*arguments, BLOTTER_HOME=str(empty))
    assert code == expected
    assert "Run `blotter daily`, or set BLOTTER_HOME." in said_in_one_sentence(err)
    assert not empty.exists()


def test_a_file_of_other_things_has_no_changes(blotter, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    with duckdb.connect(str(other / "blotter.duckdb")) as connection:
        connection.execute("create table mine as select 42 as n")
    code, err = blotter("changes", BLOTTER_HOME=str(other))
    assert code == 1
    assert str(other / "blotter.duckdb") in said_in_one_sentence(err)


@pytest.mark.parametrize("content", ["", "{", "no JSON"])
def test_a_status_that_cannot_be_read_ends_with_1(blotter, home, content):
    (home / "status.json").write_text(content)
    code, err = blotter("status")
    assert code == 1
    assert str(home / "status.json") in said_in_one_sentence(err)


# Portals

BROKEN = {
    "HTML for JSON": ([Fault("html", path=COUNT_PATH)], "text/html"),
    "HTML for CSV": ([Fault("html", path=ROWS_PATH)], "text/html"),
    "a CSV cut short": ([Fault("cut", size=300, path=ROWS_PATH)], "cut short"),
    "an error of its own": ([Fault("status", 500)], "status 500"),
}


@pytest.mark.parametrize(("faults", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_portal_ends_with_1_and_writes_nothing(
    blotter, portal, home, faults, said
):
    before = live.raw_tables(home)
    for fault in faults:
        fault.times = None
        portal.fail(fault)
    code, err = blotter(*LOAD)
    assert code == 1
    sentence = said_in_one_sentence(err)
    assert f"{NAME}: 127.0.0.1:" in sentence
    assert said in sentence
    assert live.raw_tables(home) == before
    assert live.ledger(home, "outcome")[-1] == ("failed",)


def test_a_portal_that_is_down_ends_with_1_and_writes_nothing(blotter, home):
    before = live.raw_tables(home)
    with serve(Portal()) as url:
        pass  # and nobody answers there any more
    code, err = blotter(*LOAD, BLOTTER_PORTAL=url)
    assert code == 1
    assert f"{NAME}: {url.removeprefix('http://')}" in said_in_one_sentence(err)
    assert "ConnectionError" in err
    assert live.raw_tables(home) == before


def test_a_portal_without_the_data_set_ends_with_1(blotter, home):
    before = live.raw_tables(home)
    with serve(Portal()) as url:
        code, err = blotter(*LOAD, BLOTTER_PORTAL=url)
    assert code == 1
    assert "no longer has it" in said_in_one_sentence(err)
    assert live.raw_tables(home) == before


def test_a_missing_declared_column_ends_with_1_and_writes_nothing(
    blotter, served, home
):
    _, published, _ = served
    before = live.raw_tables(home)
    published.rename_column("subtype", "sub_type")
    try:
        code, err = blotter(*LOAD)
    finally:
        published.rename_column("sub_type", "subtype")
    assert code == 1
    assert "no longer publishes subtype" in said_in_one_sentence(err)
    assert "nothing was written" in err
    assert live.raw_tables(home) == before


# The token


def test_the_token_is_in_a_header_and_nowhere_else(served, portal, home):
    """Refused at first, then by a portal that fails: what is logged of it?"""
    _, _, url = served
    marker = "marker4of5a6token"
    said = ""
    for fault in (None, Fault("bad_token"), Fault("status", 500, times=None)):
        portal.heal()
        if fault:
            portal.fail(fault)
        done = live.blotter(home, url, *LOAD, SOCRATA_APP_TOKEN=marker)
        assert done.returncode == int(fault is not None and fault.kind == "status")
        said += done.stdout + done.stderr
    carried = [r for r in portal.requests if r.headers.get("x-app-token") == marker]
    assert len(carried) > 5
    for request in portal.requests:
        assert marker not in f"{request.path} {request.query}"
        headers = {k: v for k, v in request.headers.items() if k != "x-app-token"}
        assert marker not in str(headers)
    assert "refused SOCRATA_APP_TOKEN" in said
    assert marker not in said
    for path, content in files(home).items():
        assert marker.encode() not in content, path
    assert marker not in str(live.select(home, "from ledger.runs"))
