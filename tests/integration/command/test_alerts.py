"""What a webhook and a heartbeat hear of a run."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from demo.generator import generate
from demo.portal.server import Fault, Portal, serve
from demo.stock import publish
from pipelines import redaction, signals
from pipelines.errors import BlotterError, RunUnderWayError, StoppedError
from pipelines.ops import alerts
from tests.support import live_portal as live
from tests.support.set_up import settings_in

NAME = "cambridge__incidents"
LOAD = ("daily", NAME, "--window-only", "--no-build", "--today", "2026-03-10")
WHOLE = ("daily", "--window-only", "--no-build", "--today", "2026-03-10")
SECRET = "T0SECRET/B0SECRET"


class Listener:
    """Hears what is sent to it; answers with a status, and a place for a redirect."""

    def __init__(self):
        self.heard, self.statuses, self.location = [], [], None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(size)) if size else None
                outer.heard.append((self.command, self.path, body))
                status = outer.statuses.pop(0) if outer.statuses else 200
                self.send_response(status)
                if outer.location:
                    self.send_header("Location", outer.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *said):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def messages(self):
        return [body for _, _, body in self.heard if body]

    @property
    def paths(self):
        return [path for _, path, _ in self.heard]


@contextmanager
def listening():
    listener = Listener()
    try:
        yield listener
    finally:
        listener.server.shutdown()
        listener.server.server_close()


@pytest.fixture
def listener():
    with listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def served():
    portal = Portal(app_tokens={"righttoken"})
    rows = generate(NAME, 30, date(2026, 2, 2), date(2026, 3, 9), seed=2)
    publish(portal, NAME, rows)
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    yield served[0]
    served[0].heal()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, served):
    home = live.prepared(tmp_path_factory.mktemp("loaded") / "home")
    with pytest.MonkeyPatch.context() as patch:
        assert live.command_here(patch, home, served[1], *LOAD) == 0
    return home


@pytest.fixture
def home(loaded, tmp_path):
    return live.copied(loaded, tmp_path / "home")


@pytest.fixture
def blotter(monkeypatch, served, home, listener, capsys):
    """Run the command in this process, with a webhook; exit code and errors."""
    monkeypatch.setattr(alerts, "TIMEOUT_SECONDS", 0.5)

    def run(*arguments, **settings):
        here = {"BLOTTER_WEBHOOK": f"{listener.url}/services/{SECRET}", **settings}
        code = live.command_here(monkeypatch, home, served[1], *arguments, **here)
        return code, capsys.readouterr().err

    return run


def events(listener):
    return [message["event"] for message in listener.messages]


def test_a_good_run_tells_the_webhook_nothing(blotter, listener):
    assert blotter(*LOAD) == (0, "")
    assert listener.heard == []


def test_a_failure_is_told_with_what_failed_and_why(blotter, listener, portal):
    portal.fail(Fault("status", 500, path="*3gki-wyrb*", times=None))
    before = datetime.now(UTC).replace(microsecond=0)
    code, err = blotter(*LOAD)
    assert code == 1
    ((method, path, message),) = listener.heard
    assert (method, path) == ("POST", f"/services/{SECRET}")
    assert message["event"] == "failure"
    assert message["command"] == f"daily {NAME}"
    assert (message["outcome"], message["warnings"]) == ("failed", 0)
    ((part, why),) = [(one["dataset"], one["error"]) for one in message["failed"]]
    assert part == NAME
    assert "kept failing" in why
    assert "status 500" in why
    assert message["text"] == f"Blotter: daily {NAME} failed. {why}"
    started, ended = (
        datetime.fromisoformat(message[key]) for key in ("started_at", "finished_at")
    )
    assert before <= started <= ended <= datetime.now(UTC)
    assert started.utcoffset().total_seconds() == 0
    assert message["run_id"].startswith(f"{started:%Y%m%dT%H%M}")
    assert err.startswith("blotter: 1 of 1 parts failed.")


def test_each_failure_is_told_and_the_first_good_run_after_once(
    blotter, listener, portal
):
    portal.fail(Fault("status", 500, path="*3gki-wyrb*", times=None))
    blotter(*LOAD)
    blotter(*LOAD)
    portal.heal()
    blotter(*LOAD)
    blotter(*LOAD)
    assert events(listener) == ["failure", "failure", "recovery"]
    first, _, last = listener.messages
    assert last["text"] == (
        f"Blotter: daily {NAME} succeeded; it had been failing since run "
        f"{first['run_id']}."
    )
    assert (last["outcome"], last["failed"]) == ("ok", [])


def test_another_commands_good_run_is_no_recovery(blotter, listener, portal):
    portal.fail(Fault("status", 500, path="*3gki-wyrb*", times=None))
    blotter(*LOAD)
    portal.heal()
    blotter("backfill", NAME, "--from", "2026-02-01", "--no-build")
    assert events(listener) == ["failure"]


def test_a_wrong_configuration_is_told_before_anything_is_opened(blotter, listener):
    code, _ = blotter(*LOAD, BLOTTER_RETRIES="many")
    assert code == 2
    (message,) = listener.messages
    assert (message["event"], message["run_id"]) == ("failure", None)
    # What a sentence quotes may be a row's, and is left out.
    assert message["failed"] == [
        {"dataset": "(run)", "error": "BLOTTER_RETRIES is '...'; it must be a number."}
    ]


def test_a_warehouse_that_is_held_is_told_and_the_recovery_too(blotter, listener, home):
    program = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"{program}; input()", str(home / "blotter.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        holder.stdout.readline()
        code, _ = blotter(*LOAD, BLOTTER_WAIT="0.5")
        holder.communicate(b"\n")
    assert code == 1
    blotter(*LOAD)
    assert events(listener) == ["failure", "recovery"]
    assert "is locked by another program" in listener.messages[0]["text"]


def test_a_status_that_cant_be_written_is_one_more_failure(
    blotter, listener, portal, home
):
    (home / "status.new").mkdir()
    code, err = blotter(*LOAD)
    assert (code, err.count("\n")) == (1, 1)
    assert f"{home}/status.json can't be written: Is a directory" in err
    assert "status.json can't be written" in listener.messages[0]["text"]
    portal.fail(Fault("status", 500, path="*3gki-wyrb*", times=None))
    code, err = blotter(*LOAD)
    assert code == 1
    assert "status 500" in err
    assert "status.json can't be written" in err


def test_a_run_that_would_not_start_is_told_and_the_other_ones_end_is_its_own(
    listener, monkeypatch, tmp_path
):
    monkeypatch.setenv("BLOTTER_WEBHOOK", listener.url)
    monkeypatch.setenv("BLOTTER_HEARTBEAT", f"{listener.url}/ping")
    other = alerts.Alerts(settings_in(tmp_path), "daily")
    other.begin("other-run")
    with pytest.raises(RunUnderWayError), alerts.watch(settings_in(tmp_path), "daily"):
        raise RunUnderWayError("Another run is under way.")
    (message,) = listener.messages
    assert message["text"] == (
        "Blotter: daily did not start. Another run is under way."
    )
    assert message["outcome"] == "refused"
    assert other.reported_before().running == ("other-run", "daily")
    other.end()
    assert listener.paths == ["/ping/start", "/", "/ping"]


def test_a_killed_run_is_told_by_the_next(blotter, listener, monkeypatch, home):
    monkeypatch.setenv("BLOTTER_WEBHOOK", listener.url)
    killed = alerts.Alerts(settings_in(home), f"daily {NAME}")
    killed.begin("killed-run")
    assert blotter(*LOAD)[0] == 0
    (message,) = listener.messages
    assert message["event"] == "recovery"
    assert message["text"] == (
        f"Blotter: daily {NAME} succeeded; it had been failing since run killed-run. "
        f"Run killed-run (daily {NAME}) was killed."
    )


def test_a_warning_is_told_when_it_is_new(blotter, listener):
    wrong = {"SOCRATA_APP_TOKEN": "wrongtoken"}
    for settings in (wrong, wrong, {"SOCRATA_APP_TOKEN": ""}, wrong):
        assert blotter(*LOAD, **settings)[0] == 0
    assert events(listener) == ["warning", "warning"]
    message = listener.messages[0]
    assert message["warnings"] == 1
    assert "succeeded, with new warnings. cambridge__incidents: " in message["text"]
    assert "refused SOCRATA_APP_TOKEN" in message["text"]


def test_a_warning_is_not_new_because_its_number_is():
    told = alerts.Reported(warned={"daily": ["# rows of #-#-# have no key"]})
    now = datetime(2026, 2, 2, 12, tzinfo=UTC)
    report = alerts.Report("daily", now)
    report.warnings = ["12 rows of 2026-02-01 have no key"]
    assert alerts.message_of(report, told, now) is None
    report.warnings.append("12 rows of 2026-02-01 have no date")
    assert "no date" in alerts.message_of(report, told, now)["text"]
    assert "no key" not in alerts.message_of(report, told, now)["text"]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Conversion Error: Could not convert string 'DOE, JOHN' to INT32",
         "Conversion Error: Could not convert string '...' to INT32"),
        ('Duplicate key "id: 5 JOHN\'S" violates',
         'Duplicate key "..." violates'),
        ("this is a bug in Blotter: KeyError('DOE').",
         "this is a bug in Blotter: KeyError('...')."),
        ("the city's table lacks what its owner's page names",
         "the city's table lacks what its owner's page names"),
    ],
)  # fmt: skip
def test_what_a_sentence_quotes_is_left_out(sentence, told):
    assert redaction.without_values(sentence) == told


def test_a_fault_of_its_own_is_told_by_its_kind_alone(listener, monkeypatch, tmp_path):
    monkeypatch.setenv("BLOTTER_WEBHOOK", listener.url)
    with pytest.raises(ZeroDivisionError), alerts.watch(settings_in(tmp_path), "daily"):
        raise ZeroDivisionError("DOE, JOHN")
    (message,) = listener.messages
    assert message["failed"] == [
        {
            "dataset": "(run)",
            "error": "This is a bug in Blotter (ZeroDivisionError); see the log.",
        }
    ]
    assert "DOE" not in json.dumps(message)


# The heartbeat


def test_the_heartbeat_hears_start_and_success_or_failure_of_the_whole_daily_run(
    blotter, listener, portal, monkeypatch
):
    ping = {"BLOTTER_WEBHOOK": "", "BLOTTER_HEARTBEAT": f"{listener.url}/uuid?rid=1"}
    failed, _ = blotter(*WHOLE, **ping)  # the portal lacks the other cities
    assert failed == 1
    assert [(method, path) for method, path, _ in listener.heard] == [
        ("GET", "/uuid/start?rid=1"),
        ("GET", "/uuid/fail?rid=1"),
    ]
    listener.heard.clear()
    monkeypatch.setattr("pipelines.jobs.pick", lambda all_of, names: [all_of[NAME]])
    assert blotter(*WHOLE, **ping)[0] == 0
    assert listener.paths == ["/uuid/start?rid=1", "/uuid?rid=1"]


def test_the_heartbeat_hears_nothing_of_runs_of_some_data_sets(blotter, listener):
    ping = {"BLOTTER_WEBHOOK": "", "BLOTTER_HEARTBEAT": f"{listener.url}/uuid"}
    blotter(*LOAD, **ping)
    blotter("backfill", NAME, "--from", "2026-02-01", "--no-build", **ping)
    assert listener.heard == []


# A stop


def test_a_run_that_is_stopped_says_so(home, served, portal, listener):
    portal.fail(Fault("slow", seconds=30, times=None))
    process = live.start(
        home,
        served[1],
        *WHOLE,
        BLOTTER_TIMEOUT="60",
        BLOTTER_WEBHOOK=listener.url,
        BLOTTER_HEARTBEAT=f"{listener.url}/ping",
    )
    waited_until = time.monotonic() + 30
    while not listener.heard and time.monotonic() < waited_until:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert listener.paths == ["/ping/start", "/ping/fail", "/"]
    (message,) = listener.messages
    assert (message["event"], message["outcome"]) == ("failure", "stopped")
    assert message["text"] == (
        "Blotter: daily was stopped. Stopped by SIGTERM; the next run carries on."
    )
    assert err == "blotter: Stopped by SIGTERM; the next run carries on.\n"


def test_what_a_stop_broke_is_told_as_a_stop(listener, monkeypatch, tmp_path):
    """A query that the signal interrupted, or dbt, whose failure is a part's."""
    monkeypatch.setenv("BLOTTER_WEBHOOK", listener.url)
    stopped = "Stopped by SIGTERM; the next run carries on."

    def interrupted():
        with alerts.watch(settings_in(tmp_path), "daily") as watched:
            signals.asked.set()
            watched.note("(models)", StoppedError(stopped))
            raise BlotterError(f"1 of 5 parts failed. {stopped}")

    try:
        with pytest.raises(StoppedError):
            interrupted()
    finally:
        signals.asked.clear()
    (message,) = listener.messages
    assert message["text"] == f"Blotter: daily was stopped. {stopped}"
    assert message["outcome"] == "stopped"


def test_a_second_stop_does_not_cut_the_telling_short(listener, monkeypatch, tmp_path):
    monkeypatch.setenv("BLOTTER_WEBHOOK", listener.url)
    sent, handler = [], signal.signal(signal.SIGTERM, signals.on_signal)

    def send(*what, **more):
        os.kill(os.getpid(), signal.SIGTERM)
        sent.append(what)

    monkeypatch.setattr(alerts, "send", send)
    try:
        with (
            pytest.raises(ZeroDivisionError),
            alerts.watch(settings_in(tmp_path), "daily"),
        ):
            raise ZeroDivisionError
        assert signal.getsignal(signal.SIGTERM) is signals.on_signal
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert len(sent) == 1


# Sending


def test_a_webhook_that_is_down_changes_neither_exit_code_nor_sentence(
    blotter, portal, caplog
):
    down = {"BLOTTER_WEBHOOK": f"http://127.0.0.1:9/{SECRET}"}
    portal.fail(Fault("status", 500, path="*3gki-wyrb*", times=None))
    told = blotter(*LOAD, **down)
    assert (told[0], told[1].startswith("blotter: 1 of 1 parts failed. ")) == (1, True)
    portal.heal()
    assert blotter(*LOAD, **down) == (0, "")
    warnings = [r.getMessage() for r in caplog.records if "WEBHOOK" in r.getMessage()]
    assert warnings == [
        "BLOTTER_WEBHOOK could not be notified of the run: ConnectionError."
    ] * 2  # fmt: skip
    assert SECRET not in caplog.text


def test_a_busy_webhook_is_asked_again_three_times_in_all(listener, monkeypatch):
    listener.statuses = [503, 429, 200]
    alerts.send("BLOTTER_WEBHOOK", listener.url, {"text": "x"}, agent="blotter/test")
    assert len(listener.heard) == 3
    listener.statuses = [503] * 9
    alerts.send("BLOTTER_WEBHOOK", listener.url, {"text": "x"}, agent="blotter/test")
    assert len(listener.heard) == 6
    listener.statuses = [404]
    alerts.send("BLOTTER_WEBHOOK", listener.url, {"text": "x"}, agent="blotter/test")
    assert len(listener.heard) == 7


def test_a_redirect_is_not_followed(listener, caplog):
    with listening() as elsewhere:
        listener.statuses, listener.location = [307], f"{elsewhere.url}/taken"
        alerts.send(
            "BLOTTER_WEBHOOK",
            f"{listener.url}/{SECRET}",
            {"text": "x"},
            agent="blotter/test",
        )
        assert (len(listener.heard), elsewhere.heard) == (1, [])
    assert "status 307; redirects are not followed" in caplog.text
    assert SECRET not in caplog.text
    assert elsewhere.url not in caplog.text


@pytest.mark.parametrize(
    "address",
    [
        f"hooks.example/{SECRET}",
        f"ftp://hooks.example/{SECRET}",
        f"https:///{SECRET}",
        f"https://hooks.example:port/{SECRET}",
        f"https://[hooks/{SECRET}",
        f"https://hooks.example/{SECRET} x",
    ],
)
@pytest.mark.parametrize("setting", ["BLOTTER_WEBHOOK", "BLOTTER_HEARTBEAT"])
def test_what_is_no_address_is_refused_and_not_repeated(
    blotter, setting, address, home
):
    before = sorted(home.rglob("*"))
    code, err = blotter(*LOAD, **{"BLOTTER_WEBHOOK": "", setting: address})
    assert code == 2
    assert err == f"blotter: {setting} must be an address that begins with https://.\n"
    assert sorted(home.rglob("*")) == before


def test_a_broken_memory_of_what_was_told_is_begun_anew(
    monkeypatch, tmp_path, listener
):
    monkeypatch.setenv("BLOTTER_WEBHOOK", listener.url)
    for broken in ("{", '{"failing": []}', '{"running": 5}'):
        (tmp_path / "alerts.json").write_text(broken)
        with alerts.watch(settings_in(tmp_path), "daily") as watched:
            watched.begin("run")
    assert listener.heard == []
    assert json.loads((tmp_path / "alerts.json").read_text())["failing"] == {}
