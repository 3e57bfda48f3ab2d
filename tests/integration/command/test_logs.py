"""Log lines as text or as JSON, and never a secret in them or anywhere else."""

import json
import logging
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from demo.generator import generate
from demo.portal.server import Fault, Portal, serve
from demo.stock import publish
from pipelines import logs, redaction
from pipelines.cli import BlotterError
from pipelines.cli import cli as command
from tests.integration.command.test_alerts import listening
from tests.support import live_portal as live
from tests.support.live_portal import ROOT

NAME = "cambridge__incidents"
LOAD = ("daily", NAME, "--window-only", "--no-build", "--today", "2026-03-10")
MARKER = "Marker/Secret+7"
SPELLINGS = ("Marker/Secret+7", "Marker%2FSecret%2B7", "Marker%2FSecret", "Secret+7")
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    rows = generate(NAME, 30, date(2026, 2, 2), date(2026, 3, 9), seed=2)
    publish(portal, NAME, rows)
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    yield served[0]
    served[0].heal()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return live.prepared(tmp_path_factory.mktemp("made") / "home")


@pytest.fixture
def home(made, tmp_path):
    return live.copied(made, tmp_path / "home")


def record(message, *values, **more):
    made = {"msg": message, "args": values, "levelname": "INFO", "levelno": 20, **more}
    return logging.makeLogRecord({"name": "pipelines.sync.daily", **made})


def fault(words):
    try:
        raise ValueError(words)
    except ValueError:
        return sys.exc_info()


# As JSON


def test_every_line_of_a_run_is_a_json_object_the_last_one_too(served, portal, home):
    portal.fail(Fault("status", 500, path="*3gki-wyrb*", times=None))
    done = live.blotter(home, served[1], *LOAD, BLOTTER_LOG="json")
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 2
    ((run_id,),) = live.ledger(home, "run_id")
    for line in lines:
        assert (line["run_id"], line["dataset"]) == (run_id, NAME)
        assert re.fullmatch(INSTANT, line["ts"])
        assert (
            abs((datetime.now(UTC) - datetime.fromisoformat(line["ts"])).seconds) < 60
        )
    assert [line["level"] for line in lines] == ["ERROR", "INFO"]
    assert lines[1]["message"] == f"{NAME}: failed: 0 rows read"
    (last,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert last["level"] == "ERROR"
    assert last["message"].startswith("1 of 1 parts failed. ")


def test_a_traceback_stays_inside_its_object():
    text = logs.Json().format(record("no\nluck", exc_info=fault('a "value"\nmore')))
    assert "\n" not in text
    line = json.loads(text)
    assert line["message"] == "no\nluck"
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    assert line["traceback"].endswith('ValueError: a "value"\nmore')


def test_run_and_data_set_are_told_in_their_block_only():
    with logs.about(run_id="r"):
        with logs.about(dataset="d"):
            inner = json.loads(logs.Json().format(record("x")))
        outer = json.loads(logs.Json().format(record("x")))
    after = json.loads(logs.Json().format(record("x")))
    assert (inner["run_id"], inner["dataset"]) == ("r", "d")
    assert (outer["run_id"], "dataset" in outer) == ("r", False)
    assert set(after) == {"ts", "level", "message", "logger"}


FAULT = """
import sys
from pipelines import logs
logs.set_up({kind!r})
raise ZeroDivisionError("about {secret}")
"""


@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_fault_that_nothing_caught_is_told_in_the_same_form(kind):
    done = subprocess.run(
        [sys.executable, "-c", FAULT.format(kind=kind, secret=MARKER)],
        cwd=ROOT,
        env={**os.environ, "SOCRATA_APP_TOKEN": MARKER},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    told = done.stderr
    if kind == "json":
        told = json.loads(told)["traceback"]
    assert "ZeroDivisionError: about ***" in told
    assert MARKER not in done.stderr


def test_another_form_is_refused(served, home):
    done = live.blotter(home, served[1], *LOAD, BLOTTER_LOG="xml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "blotter: BLOTTER_LOG is 'xml'; it must be text or json.\n"


DLT = """
from pipelines import logs
logs.set_up("json")
from pathlib import Path
from pipelines.warehouse.dlt_settings import configure_dlt
configure_dlt(Path({home!r}))
import dlt
dlt.pipeline("x", destination="duckdb", pipelines_dir={home!r})
from dlt.common import logger
logger.critical("dlt says {secret}")
"""


def test_dlt_says_what_it_says_in_the_same_form(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", DLT.format(home=str(tmp_path), secret=MARKER)],
        cwd=ROOT,
        env={**os.environ, "X_PASSWORD": MARKER},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (line["level"], line["message"]) == ("CRITICAL", "dlt says ***")
    assert done.stderr == ""


# Secrets


@pytest.mark.parametrize(
    "name",
    ["SOCRATA_APP_TOKEN", "PGPASSWORD", "X_SECRET", "API_KEY", "destination__token"],
)
def test_the_value_of_a_secret_setting_is_never_shown(monkeypatch, name):
    monkeypatch.setenv(name, MARKER)
    for text in (MARKER, "Marker/Secret%2B7", "Marker%2FSecret%2B7"):
        assert redaction.redacted(f"a {text} b") == "a *** b"


def test_a_secret_is_known_as_json_and_python_write_it(monkeypatch):
    monkeypatch.setenv("X_PASSWORD", 'pass"w\\ord\n')
    shown = [json.dumps({"a": 'pass"w\\ord\n'}), repr('pass"w\\ord\n')]
    assert list(map(redaction.redacted, shown)) == ['{"a": "***"}', "'***'"]


def test_of_a_secret_address_the_part_behind_the_host_is_secret_too(monkeypatch):
    """requests names host and path apart when a connection fails."""
    monkeypatch.setenv("BLOTTER_WEBHOOK", "https://hooks.example/T0/B0secret?key=abcd")
    said = "host='hooks.example', port=443: with url: /T0/B0secret?key=abcd (Caused"
    assert redaction.redacted(said) == (
        "host='hooks.example', port=443: with url: *** (Caused"
    )
    assert redaction.redacted("to /T0/B0secret/start") == "to ***/start"


def test_an_address_without_a_path_hides_no_slash(monkeypatch):
    monkeypatch.setenv("BLOTTER_HEARTBEAT", "https://ping.example/")
    assert redaction.redacted("a/b https://ping.example") == "a/b https://ping.example"


def test_the_password_in_an_address_is_never_shown(monkeypatch):
    said = "at postgresql://me:p@ss@db.example:5432/x, and https://u:v@h/?a=b@c"
    assert redaction.redacted(said) == (
        "at postgresql://me:***@db.example:5432/x, and https://u:***@h/?a=b@c"
    )
    monkeypatch.setenv("BLOTTER_PORTAL", "http://me:hidden7@portal.example")
    assert redaction.redacted("x: me:hidden7@portal.example refused") == (
        "x: me:***@portal.example refused"
    )


def test_a_value_too_short_to_be_a_secret_garbles_nothing(monkeypatch):
    monkeypatch.setenv("X_KEY", "a")
    monkeypatch.setenv("Y_KEY", "")
    assert redaction.redacted("banana") == "banana"


def test_the_longer_of_two_secrets_is_hidden_whole(monkeypatch):
    monkeypatch.setenv("X_KEY", "abcd")
    monkeypatch.setenv("Y_KEY", "abcdefgh")
    assert redaction.redacted("abcdefgh") == "***"


def test_secrets_are_worked_out_again_only_when_the_environment_changes(monkeypatch):
    monkeypatch.setenv("X_KEY", "abcdefgh")
    assert redaction.redacted("abcdefgh") == "***"
    worked_out = redaction.secrets_of.cache_info().misses
    for _ in range(5):
        assert redaction.redacted("abcdefgh ijklmnop") == "*** ijklmnop"
    assert redaction.secrets_of.cache_info().misses == worked_out
    monkeypatch.setenv("X_KEY", "ijklmnop")
    assert redaction.redacted("abcdefgh ijklmnop") == "abcdefgh ***"
    assert redaction.secrets_of.cache_info().misses == worked_out + 1


@pytest.mark.parametrize("kind", [logs.Text, logs.Json])
def test_messages_values_and_tracebacks_are_without_secrets(monkeypatch, kind):
    monkeypatch.setenv("SOCRATA_APP_TOKEN", MARKER)
    made = record("token %s", MARKER, exc_info=fault(f"with {MARKER}"))
    text = kind().format(made)
    assert "token ***" in text
    assert "ValueError: with ***" in text
    assert MARKER not in text


def test_what_a_command_fails_with_is_without_secrets(
    monkeypatch, served, home, capsys
):
    @command.command("whisper")
    def whisper():
        raise BlotterError(f"The token is {MARKER}.")

    monkeypatch.setenv("SOCRATA_APP_TOKEN", MARKER)
    try:
        assert live.command_here(monkeypatch, home, served[1], "whisper") == 1
    finally:
        del command.commands["whisper"]
    assert capsys.readouterr().err == "blotter: The token is ***.\n"


def leaky(portal):
    """A portal that repeats the token it was sent in every refusal."""
    sent = f"your token {MARKER} or Marker%2FSecret%2B7 is bad"
    body = json.dumps({"error": True, "message": sent})
    json_type = {"Content-Type": "application/json"}
    portal.fail(
        Fault("status", 400, headers=json_type, body=body, path="*.csv", times=None)
    )


def test_a_secret_is_nowhere_after_runs_that_went_well_and_wrong(served, portal, home):
    """In no output, no file of the home, no alert; dlt's pickles and traces too."""
    with listening() as listener:
        secret = {
            "SOCRATA_APP_TOKEN": MARKER,
            "BLOTTER_WEBHOOK": f"{listener.url}/{MARKER}",
            "BLOTTER_HEARTBEAT": f"{listener.url}/ping/{MARKER}",
            "DESTINATION__POSTGRES__CREDENTIALS": f"postgresql://me:{MARKER}@db/x",
        }
        leaky(portal)
        wrong = live.blotter(home, served[1], *LOAD, **secret)
        portal.heal()
        good = live.blotter(home, served[1], *LOAD, **secret)
        told = live.blotter(home, served[1], "status", **secret)
        checked = live.blotter(home, served[1], "doctor", NAME, **secret)
        assert [wrong.returncode, good.returncode] == [1, 0]
        assert "'your token *** or *** is bad'" in wrong.stderr
        assert "token *** or ***" in live.ledger(home, "error")[0][0]
        # The token did go to the portal, and alerts to their address.
        assert portal.requests[-1].headers["x-app-token"] == MARKER
        assert [path for _, path, _ in listener.heard] == [f"/{MARKER}", f"/{MARKER}"]
        said = [json.dumps(body) for _, _, body in listener.heard]
    for done in (wrong, good, told, checked):
        said += [done.stdout, done.stderr]
    for spelling in SPELLINGS:
        assert spelling not in "".join(said)
        for path in home.rglob("*"):
            if path.is_file():
                assert spelling.encode() not in path.read_bytes(), path
    assert list((home / "dlt").rglob("*.pickle"))
