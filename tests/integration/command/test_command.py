"""The command as its user meets it: help, list, status, changes; no telemetry."""

import gc
import json
import os
import re
import subprocess
import sys
import time
import types
from datetime import UTC, date, datetime

import pytest
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import RuntimeConfiguration

from demo.generator import corrected, day_rows, generate
from demo.portal.server import Fault, Portal, serve
from demo.stock import publish
from pipelines.datasets.declarations import read_datasets
from pipelines.ops.status import wall_clock, write_status
from pipelines.transform import runner
from tests.support import live_portal as live
from tests.support.live_portal import ROOT, SHELBYVILLE, SPRINGFIELD

CAMBRIDGE, FRANCISCO = "cambridge__incidents", "san_francisco__incidents"
LOAD = ("daily", CAMBRIDGE, FRANCISCO, "--window-only", "--no-build")
HEAVY = {"dlt", "dbt", "duckdb", "pyarrow", "pandas", "requests", "sodapy", "rich"}


@pytest.fixture(scope="module")
def portal():
    portal = Portal()
    for name in (CAMBRIDGE, FRANCISCO):
        rows = generate(name, 50, date(2026, 2, 2), date(2026, 3, 9), seed=6)
        publish(portal, name, rows)
    return portal


@pytest.fixture(scope="module")
def url(portal):
    with serve(portal) as address:
        yield address


@pytest.fixture(scope="module")
def first_day(url, tmp_path_factory):
    """A home after its first load, and what that run said."""
    home = tmp_path_factory.mktemp("first") / "home"
    done = live.blotter(home, url, *LOAD, "--today", "2026-03-10")
    assert done.returncode == 0, done.stderr
    return home, done.stdout


@pytest.fixture(scope="module")
def two_days(first_day, portal, url, tmp_path_factory):
    """A home a day later: five rows more, three corrected and two sealed."""
    home = live.copied(first_day[0], tmp_path_factory.mktemp("second") / "home")
    published = portal.datasets["wg3w-h783"]
    rows = published.rows()
    oldest = sorted(set(rows["row_id"].to_pylist()[:10]))
    published.upsert(day_rows(FRANCISCO, date(2026, 3, 10), 5, seed=8))
    published.upsert(corrected(rows.slice(20, 20), 3, seed=9))
    published.delete(oldest[:2])
    with pytest.MonkeyPatch.context() as patch:
        code = live.command_here(patch, home, url, *LOAD, "--today", "2026-03-11")
    assert code == 0
    return home


@pytest.fixture
def blotter(monkeypatch, two_days, url, capsys):
    """Run the command in this process; return exit code, output and errors."""

    def run(*arguments, home=two_days, **environment):
        code = live.command_here(monkeypatch, home, url, *arguments, **environment)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def imported(*arguments):
    """The packages that the command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pipelines", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE)
    assert "click" in names
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("arguments", [("--help",), ("daily", "--help"), ("list",)])
def test_help_and_list_import_nothing_heavy(arguments):
    """dlt takes two seconds, dbt six."""
    assert imported(*arguments) & HEAVY == set()


def test_help_names_every_command_and_the_exit_codes(blotter):
    code, out, _ = blotter("--help")
    assert code == 0
    for name in ("list", "daily", "backfill", "build", "status", "changes"):
        assert re.search(rf"^  {name} ", out, re.MULTILINE), name
    assert "3 another run is under way" in out


def test_list_names_every_data_set_its_address_and_what_is_off(blotter):
    code, out, _ = blotter("list")
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[::2]] == [
        "bls__county_unemployment",
        "cambridge__incidents",
        "cambridge__neighborhood_boundaries",
        "census__county_population",
        "chicago__incidents",
        "chicago__neighborhood_boundaries",
        "chicago__recent_incidents",
        "memphis__district_boundaries",
        "memphis__incidents",
        "san_francisco__incidents",
        "san_francisco__neighborhood_boundaries",
        "simplemaps__cities",
        "washington_post__agencies",
        "washington_post__shootings",
        "washington_post__shootings_v1",
    ]
    assert [line.split()[0] for line in lines if "(off" in line] == [
        "chicago__recent_incidents",
        "washington_post__shootings_v1",
    ]
    assert "https://data.sf.gov/resource/wg3w-h783" in out


def test_a_run_writes_plain_lines_with_the_time_in_utc(first_day):
    """Fit for a container's log: no colors, no progress bar."""
    _, said = first_day
    lines = said.splitlines()
    assert len(lines) >= 2
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING) \w", line), (
            line
        )
    assert "\x1b" not in said
    assert any(f"INFO {FRANCISCO}: loaded: 50 rows read" in line for line in lines)


# Status


def test_status_tells_what_each_data_set_holds(blotter, two_days):
    code, out, _ = blotter("status")
    assert code == 0
    (line,) = [text for text in out.splitlines() if text.startswith(FRANCISCO)]
    held = live.held(two_days, read_datasets()[FRANCISCO])
    assert line.split()[1:3] == [str(len(held)), "2"]
    assert " loaded " in line
    assert f"  {max(row[10] for row in held)[:19]}" in line
    (never,) = [text for text in out.splitlines() if text.startswith("memphis__inc")]
    assert never.split()[1:] == ["0", "0", "-", "never"]
    assert "chicago__recent_incidents" not in out


def test_status_as_json_is_the_file_that_the_run_wrote(blotter, two_days):
    code, out, _ = blotter("status", "--json")
    assert code == 0
    content = json.loads(out)
    assert content == json.loads((two_days / "status.json").read_text())
    entries = {entry["dataset"]: entry for entry in content["datasets"]}
    assert list(entries) == list(read_datasets())
    last = entries[FRANCISCO]["last_run"]
    kinds = ("outcome", "added", "changed", "removed", "restored", "rejected", "error")
    assert [last[kind] for kind in kinds] == ["loaded", 5, 3, 2, 0, 0, None]
    assert entries[CAMBRIDGE]["last_run"]["outcome"] == "unchanged"
    assert content["healthy"] is True
    written = datetime.fromisoformat(content["written_at"])
    assert written.utcoffset().total_seconds() == 0


def test_a_run_that_fails_shows_in_the_status(blotter, portal, two_days, tmp_path):
    home = live.copied(two_days, tmp_path / "home")
    before = json.loads((home / "status.json").read_text())
    portal.fail(Fault("status", 500, path="*wg3w-h783*", times=None))
    try:
        code, _, err = blotter(*LOAD, "--today", "2026-03-12", home=home)
    finally:
        portal.heal()
    assert (code, err.count("\n")) == (1, 1)
    code, out, _ = blotter("status", home=home)
    assert code == 0
    assert re.search(rf"^! {FRANCISCO}: 127.* status 500", out, re.MULTILINE)
    after = json.loads((home / "status.json").read_text())
    assert after["healthy"] is False
    assert after["last_good_run"] == before["last_good_run"]


def test_the_last_good_run_is_known_however_many_failed_since(
    blotter, two_days, tmp_path
):
    """What a health check asks for; the good one was the night before last."""
    home = live.copied(two_days, tmp_path / "home")
    live.select(home, "delete from ledger.runs")
    live.select(
        home,
        "insert into ledger.runs (run_id, command, dataset, outcome, started_at, "
        "finished_at) select 'run ' || n, 'daily', 'cambridge__incidents', "
        "case n when 48 then 'loaded' else 'failed' end, "
        "now() - n * interval 1 hour, now() - n * interval 1 hour from range(49) t(n)",
    )
    declared = list(read_datasets().values())
    with live.opened(home, *declared) as warehouse:
        write_status(warehouse, declared)
    assert blotter("status", "--max-age", "49h", home=home)[0] == 0
    assert blotter("status", "--max-age", "3d", home=home)[0] == 0
    code, _, err = blotter("status", "--max-age", "47h", home=home)
    assert (code, err) == (1, "blotter: No daily run has succeeded in the last 47h.\n")


def test_a_killed_run_leaves_a_status_that_grows_too_old(
    blotter, two_days, url, portal, tmp_path
):
    """It can't say that it failed: the good run of the night before last stands."""
    home = live.copied(two_days, tmp_path / "home")
    live.select(
        home,
        "update ledger.runs set command = 'daily', outcome = 'loaded', "
        "finished_at = now() - interval 48 hour",
    )
    declared = list(read_datasets().values())
    with live.opened(home, *declared) as warehouse:
        write_status(warehouse, declared)
    asked = len(portal.requests)
    portal.fail(Fault("slow", seconds=30, times=None))
    killed = live.start(home, url, "daily")
    while len(portal.requests) == asked:
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    portal.heal()
    assert live.ledger(home, "outcome")[-1] == ("running",)
    assert blotter("status", "--max-age", "49h", home=home)[0] == 0
    assert blotter("status", "--max-age", "36h", home=home)[0] == 1


def test_a_home_without_a_good_run_is_of_no_good_age(blotter, two_days):
    """Its two runs were of some data sets only."""
    code, out, err = blotter("status", "--max-age", "9999d")
    assert "last good daily run: none yet" in out
    assert (code, err.count("\n")) == (1, 1)


# Changes


def test_changes_tell_the_last_run_of_each_data_set(blotter, two_days):
    code, out, _ = blotter("changes", "--json")
    assert code == 0
    found = {row["dataset"]: row for row in json.loads(out)}
    today = f"{datetime.now(UTC).date()}"
    last = found[FRANCISCO]
    kinds = ("added", "changed", "removed", "restored")
    assert [last[kind] for kind in kinds] == [5, 3, 2, 0]
    assert last["day"] <= today
    fields = live.select(
        two_days,
        "select changed_fields from raw_san_francisco.incidents_changes "
        "where change = 'changed'",
    )
    names = [name for (text,) in fields for name in text.split(",")]
    assert last["changed_fields"] == {name: names.count(name) for name in names}
    code, out, _ = blotter("changes")
    assert code == 0
    (line,) = [text for text in out.splitlines() if text.startswith(FRANCISCO)]
    assert line.split()[2:6] == ["5", "3", "2", "0"]


def test_changes_of_a_data_set_since_a_day_add_the_runs_up(blotter, two_days):
    ((rows,),) = live.select(
        two_days,
        "select count(distinct row_id) from raw_san_francisco.incidents",
    )
    asked = ("changes", "--dataset", FRANCISCO, "--json", "--since")
    code, out, _ = blotter(*asked, "2020-01-01")
    assert code == 0
    found = json.loads(out)
    assert {row["dataset"] for row in found} == {FRANCISCO}
    assert sum(row["added"] for row in found) == rows
    assert sum(row["changed"] for row in found) == 3
    assert sum(row["removed"] for row in found) == 2
    code, out, _ = blotter(*asked, "2999-01-01")
    assert (code, json.loads(out)) == (0, [])
    code, out, _ = blotter("changes", "--since", "2999-01-01")
    assert (code, out) == (0, "No changes.\n")


# Homes and telemetry


def test_two_homes_never_touch_each_other(blotter, first_day, two_days, tmp_path):
    one, other = (live.copied(two_days, tmp_path / n / "home") for n in ("1", "2"))
    before = {p: p.read_bytes() for p in one.rglob("*") if p.is_file()}
    code, _, _ = blotter(*LOAD, "--today", "2026-04-02", home=other)
    assert code == 0
    assert {p: p.read_bytes() for p in one.rglob("*") if p.is_file()} == before
    assert len(live.ledger(other)) == len(live.ledger(one)) + 2


def test_dlt_reports_no_usage(two_days, monkeypatch):
    monkeypatch.delenv("RUNTIME__DLTHUB_TELEMETRY", raising=False)
    dataset = read_datasets()[CAMBRIDGE]
    with live.opened(two_days, dataset) as warehouse:
        pipeline = warehouse.loader.pipeline(dataset)
        assert resolve_configuration(RuntimeConfiguration()).dlthub_telemetry is False
        assert pipeline.working_dir.startswith(str(two_days))
    assert list(two_days.rglob(".anonymous_id")) == []


def test_dbt_reports_no_usage_and_writes_below_the_home(monkeypatch, tmp_path):
    """As dbt is called; that it leaves nothing elsewhere is seen in a real build."""
    called = []

    class Runner:
        def invoke(self, arguments):
            called.append((arguments, os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"]))

    monkeypatch.setenv("BLOTTER_HOME", "elsewhere")
    monkeypatch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "true")
    fake = types.SimpleNamespace(dbtRunner=Runner)
    monkeypatch.setitem(sys.modules, "dbt.cli.main", fake)
    runner.invoke(tmp_path, ["build"])
    ((arguments, usage),) = called
    assert usage == "false"
    for option in ("--log-path", "--target-path"):
        assert arguments[arguments.index(option) + 1].startswith(str(tmp_path))
    assert "send_anonymous_usage_stats: false" in (ROOT / "dbt_project.yml").read_text()


def test_python_looks_for_garbage_rarely_while_dbt_runs_and_then_as_before(
    monkeypatch, tmp_path
):
    seen, before = [], gc.get_threshold()

    class Runner:
        def invoke(self, arguments):
            seen.append(gc.get_threshold())
            raise KeyboardInterrupt

    fake = types.SimpleNamespace(dbtRunner=Runner)
    monkeypatch.setitem(sys.modules, "dbt.cli.main", fake)
    gc.set_threshold(700, 10, 10)
    try:
        with pytest.raises(KeyboardInterrupt):
            runner.invoke(tmp_path, ["build"])
        assert gc.get_threshold() == (700, 10, 10)
    finally:
        gc.set_threshold(*before)
    assert seen[0][0] >= 50_000


def test_the_newest_row_is_told_by_the_citys_clock_whatever_the_api():
    # 2026-07-01 02:30 UTC
    assert wall_clock("1782873000000", SHELBYVILLE) == "2026-06-30T21:30:00"
    assert wall_clock("2026-07-01T02:30:00Z", SHELBYVILLE) == "2026-06-30T21:30:00"
    local = "2026-06-30T21:30:00.000"
    assert wall_clock(local, SPRINGFIELD) == local
    assert wall_clock(None, SHELBYVILLE) is None
    for odd in ("9" * 20, "9" * 400, "\u00b2"):
        assert wall_clock(odd, SHELBYVILLE) == odd
