"""`blotter doctor`: what is well, what is not, and what to do."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from demo.generator import generate
from demo.portal.server import Fault, Portal, serve
from demo.stock import publish, publish_council
from pipelines.datasets.declarations import FOLDER, read_datasets
from pipelines.datasets.windows import Window
from pipelines.ops import doctor, portal_survey
from pipelines.portals.reader import Published, Survey
from pipelines.portals.registry import reader_for
from pipelines.transform import runner
from tests.support import live_portal as live
from tests.support.live_portal import ROOT
from tests.support.set_up import VARIABLES

FRANCISCO, MEMPHIS = "san_francisco__incidents", "memphis__incidents"
NAMES = (FRANCISCO, MEMPHIS)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOLD = """
import duckdb, sys, time
with duckdb.connect(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""
LOCK = """
import filelock, sys, time
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def portal():
    portal = Portal(app_tokens={"righttoken"})
    today = datetime.now(UTC).date()
    for name in NAMES:
        rows = generate(name, 40, today - timedelta(25), today, seed=4)
        publish(portal, name, rows)
    publish_council(portal, FRANCISCO, today)
    return portal


@pytest.fixture
def examined(portal, tmp_path, monkeypatch, capsys):
    """Run the doctor over both data sets; exit code, lines by subject, errors."""

    def run(*names, home=tmp_path / "home", **settings):
        with serve(portal) as url:
            arguments = ("doctor", *(names or NAMES))
            code = live.command_here(monkeypatch, home, url, *arguments, **settings)
        said = capsys.readouterr()
        lines: dict[str, list[str]] = {}
        for line in said.out.splitlines():
            level, subject, message = re.match(r"(\w+) +(.{40})(.+)", line).groups()
            lines.setdefault(subject.strip(), []).append(f"{level} {message}")
        return code, lines, said.err

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return live.prepared(tmp_path_factory.mktemp("made") / "home")


@pytest.fixture
def home(made, tmp_path):
    return live.copied(made, tmp_path / "home")


@pytest.fixture
def holding():
    """Start a program that holds a file until the test ends."""
    processes = []

    def start(program, path):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE
        )
        processes.append(process)
        assert process.stdout.readline() == b"held\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def everything(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_all_is_well_before_the_first_run_and_nothing_is_written(
    examined, portal, tmp_path
):
    portal.datasets["wg3w-h783"].upsert(portal.datasets["wg3w-h783"].rows().slice(0, 1))
    code, lines, err = examined()
    assert (code, err) == (0, "")
    assert {line.split()[0] for said in lines.values() for line in said} == {"ok"}
    assert lines["home"] == [f"ok the first run will create {tmp_path}/home"]
    assert lines["warehouse"] == ["ok none yet; `blotter daily` creates it"]
    answers, columns, apis, key, updates = lines[FRANCISCO]
    assert re.fullmatch(r"ok 127\S+ answers; last updated 0 minutes ago", answers)
    assert columns == "ok all 27 declared columns are published"
    assert apis == "ok the portal answers SODA 2, by which it is read, and SODA 3"
    assert re.fullmatch(r"ok all 40 rows of .* have a unique row_id", key)
    assert updates == "ok the publisher updates rows in place"
    assert lines[MEMPHIS][2] == "ok too few times of day to tell its clock"
    assert lines[MEMPHIS][4] == (
        "ok the portal does not show whether rows are updated in place"
    )
    assert lines["token"] == ["ok not set; with one, portals throttle less"]
    assert list(tmp_path.iterdir()) == []


def test_a_portal_is_asked_two_to_five_things_of_a_data_set(examined, portal):
    examined()
    asked = [record.path for record in portal.requests]
    assert sum("wg3w-h783" in path for path in asked) == 4
    # A layer must prove its clock, too.
    assert sum("FeatureServer" in path for path in asked) == 5


def test_a_warehouse_is_opened_and_left_as_it_is(examined, home):
    before = everything(home)
    code, lines, _ = examined(home=home)
    assert code == 0
    assert lines["warehouse"] == [f"ok {home}/blotter.duckdb opens; 0 rows"]
    assert everything(home) == {**before, home / "lock": b""}


def test_a_right_token_is_accepted_and_a_wrong_one_fails(examined):
    code, lines, _ = examined(SOCRATA_APP_TOKEN="righttoken")
    assert code == 0
    assert re.fullmatch(r"ok accepted by 127\.0\.0\.1:\d+", *lines["token"])
    code, lines, err = examined(SOCRATA_APP_TOKEN="wrongtoken")
    assert (code, err) == (1, "blotter: 1 of 16 checks failed; see above.\n")
    assert re.match(r"fail 127\S+ refused SOCRATA_APP_TOKEN.*unset", *lines["token"])
    assert lines[FRANCISCO][1] == "ok all 27 declared columns are published"


def test_a_renamed_column_fails_and_is_named(examined, portal):
    portal.datasets["wg3w-h783"].rename_column("resolution", "outcome")
    code, lines, _ = examined()
    assert code == 1
    (told,) = [line for line in lines[FRANCISCO] if line.startswith("fail")]
    assert "no longer publishes resolution" in told
    assert "Correct san_francisco__incidents.toml" in told
    assert all(line.startswith("ok") for line in lines[MEMPHIS])


def test_a_new_column_is_a_warning(examined, portal):
    portal.datasets["wg3w-h783"].add_column("mood", "text")
    code, lines, _ = examined()
    assert code == 0
    assert lines[FRANCISCO][1].startswith("warn 127")
    assert "new columns that are not loaded: mood. Add them" in lines[FRANCISCO][1]


def test_a_key_that_repeats_fails(examined, portal):
    published = portal.datasets["wg3w-h783"]
    published.append(published.rows().slice(0, 3))
    code, lines, _ = examined(FRANCISCO)
    assert code == 1
    assert re.match(
        r"fail row_id is not unique: 43 rows of .* have only 40 values",
        lines[FRANCISCO][3],
    )


def test_rows_without_a_key_warn_up_to_the_limit_then_fail():
    dataset = read_datasets()[FRANCISCO]  # its limit: 1 %
    few = portal_survey.key_finding(dataset, Survey(rows=200, keyed=198), "March")
    many = portal_survey.key_finding(dataset, Survey(rows=200, keyed=197), "March")
    assert (few.level, many.level) == ("warn", "fail")
    assert few.message.startswith("2 of 200 rows of March have no row_id; they become")
    assert many.message.startswith(
        "3 of 200 rows of March have no row_id; more than `reject_limit_pct` allows."
    )


def test_a_window_without_rows_is_a_warning(examined, portal):
    published = portal.datasets["wg3w-h783"]
    published.delete(published.rows()["row_id"].to_pylist())
    code, lines, _ = examined(FRANCISCO)
    assert code == 0
    assert re.match(r"warn no rows are published for \S+ on;", lines[FRANCISCO][3])
    assert lines[FRANCISCO][4].startswith("ok too few rows to tell")


def test_rows_without_a_key_are_counted_by_either_api(portal):
    portal.datasets["wg3w-h783"].append([{"row_id": None}, {"row_id": None}])
    layer = next(d for name, d in portal.datasets.items() if "FeatureServer" in name)
    layer.append([{"Crime_ID": None}])
    window = Window(NOW.date() - timedelta(3000), undated=True)
    with serve(portal) as url:
        found = [
            reader_for(read_datasets()[name].at_portal(url), live.IMPATIENT).survey(
                window
            )
            for name in NAMES
        ]
    assert [(one.rows, one.keyed) for one in found] == [(42, 40), (41, 40)]


def test_a_table_that_is_replaced_whole_is_told_from_one_that_is_updated(
    examined, portal
):
    published = portal.datasets["wg3w-h783"]
    published.replace(published.rows())
    code, lines, _ = examined(FRANCISCO)
    assert code == 0
    assert lines[FRANCISCO][4] == (
        "ok the publisher replaces the whole table: only the weekly comparison finds "
        "late edits"
    )


def test_a_portal_that_is_down_fails_and_the_others_are_asked(examined, portal):
    portal.fail(Fault("status", 503, path="*wg3w-h783*", times=None))
    code, lines, err = examined()
    assert (code, err) == (1, "blotter: 1 of 11 checks failed; see above.\n")
    (told,) = lines[FRANCISCO]
    assert re.match(r"fail 127.*status 503.*2 tries", told)
    assert all(line.startswith("ok") for line in lines[MEMPHIS])


NEW_HOST = "https://data.gov.example"
MOVES = {
    "redirects": Fault("redirect", location=NEW_HOST, times=None),
    "redirects what has no query, as San Francisco's former host": Fault(
        "moved_host", location=NEW_HOST, times=None
    ),
    "refuses queries, but for those about the table": Fault(
        "moved_host", location=NEW_HOST, path="/resource/*", times=None
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_portal_that_moved_is_told_with_the_lines_to_paste(examined, portal, name):
    """What was known of former addresses stays; the declared one is now one of them."""
    portal.fail(MOVES[name])
    code, lines, _ = examined(FRANCISCO)
    assert code == 1
    assert [line for line in lines[FRANCISCO] if not line.startswith("ok")] == [
        'fail moved: put `url = "https://data.gov.example/resource/wg3w-h783"` and '
        '`formerly = ["https://data.sf.gov/resource/wg3w-h783", '
        '"https://data.sfgov.org/resource/wg3w-h783"]` into '
        "san_francisco__incidents.toml."
    ]
    assert "token" not in lines or lines["token"][0].startswith("ok")


def test_a_layer_that_moved_is_told_with_the_lines_to_paste(examined, portal):
    portal.fail(Fault("redirect", location="https://services3.arcgis.example"))
    code, lines, _ = examined(MEMPHIS)
    path = "saWmpKJIUAjyyNVc/arcgis/rest/services/MPD_Public_Safety_Incidents"
    assert (code, lines[MEMPHIS]) == (
        1,
        [
            f'fail moved: put `url = "https://services3.arcgis.example/{path}'
            '/FeatureServer/0"` and `formerly = ["https://services2.arcgis.com/'
            f'{path}/FeatureServer/0"]` into memphis__incidents.toml.'
        ],
    )


def test_a_redirect_to_the_declared_address_is_no_move(examined, portal):
    """BLOTTER_PORTAL names a host that the publisher has left."""
    portal.fail(Fault("redirect", location="https://data.sf.gov", times=None))
    code, lines, _ = examined(FRANCISCO)
    assert code == 1
    assert lines[FRANCISCO] == [
        "fail moved to https://data.sf.gov/resource/wg3w-h783, which is declared "
        "already: unset BLOTTER_PORTAL."
    ]


TOKEN_PAGE = r"App tokens are free of charge: \S+/profile/edit/developer_settings"


def test_a_portal_that_requires_a_token_is_told_with_what_to_do(examined, portal):
    portal.fail(Fault("needs_token", times=None))
    code, lines, _ = examined()
    assert code == 1
    ((socrata,), (layer,)) = lines[FRANCISCO], lines[MEMPHIS]
    assert re.fullmatch(
        rf"fail 127\S+ requires an app token: set SOCRATA_APP_TOKEN\. {TOKEN_PAGE}",
        socrata,
    )
    assert layer.startswith("fail 127")
    assert "Token Required" in layer
    assert "token" not in lines


def test_a_portal_that_requires_another_token_is_told_with_what_to_do(examined, portal):
    portal.fail(Fault("needs_token", times=None))
    code, lines, err = examined(FRANCISCO, SOCRATA_APP_TOKEN="wrongtoken")
    assert code == 1
    assert re.fullmatch(
        r"fail 127\S+ requires an app token: it refused SOCRATA_APP_TOKEN, which may "
        rf"be a secret or a key's ID\. {TOKEN_PAGE}",
        *lines[FRANCISCO],
    )
    assert "token" not in lines
    code, lines, err = examined(FRANCISCO, SOCRATA_APP_TOKEN="righttoken")
    assert (code, err) == (0, "")


# Socrata's two APIs

SILENT_3 = Fault("status", 404, path="/api/v3/*", times=None)
SILENT_2 = Fault("status", 410, path="/resource/*", times=None)
CLOSED_3 = Fault("needs_token", path="/api/v3/*", times=None)
TO_THREE = (
    'Put `api = "soda3"` into san_francisco__incidents.toml, or set BLOTTER_SODA=3.'
)


def announced(path="/resource/*", **headers):
    """A fault that has answers announce something."""
    return Fault("announce", headers=headers, path=path, times=None)


def about_apis(lines):
    """What is said of a data set's APIs."""
    (said,) = [line for line in lines[FRANCISCO] if " the portal answers SODA " in line]
    return said


def test_a_portal_without_soda_3_is_no_warning(examined, portal):
    portal.fail(SILENT_3)
    code, lines, _ = examined(FRANCISCO)
    said = about_apis(lines)
    assert code == 0
    assert said.startswith(
        "ok the portal answers SODA 2, by which it is read, but not SODA 3 "
        "(no longer has it (status 404"
    )


def test_a_portal_whose_soda_3_is_closed_is_told_with_what_it_needs(examined, portal):
    portal.fail(CLOSED_3)
    code, lines, _ = examined(FRANCISCO)
    assert code == 0
    assert "not SODA 3 (requires an app token: set SOCRATA_APP_TOKEN." in about_apis(
        lines
    )
    portal.heal()
    portal.fail(CLOSED_3)
    code, lines, _ = examined(FRANCISCO, SOCRATA_APP_TOKEN="righttoken")
    assert (
        about_apis(lines)
        == "ok the portal answers SODA 2, by which it is read, and SODA 3"
    )


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (
            {"Sunset": "Thu, 30 Sep 2027 00:00:00 GMT"},
            "Sunset: Thu, 30 Sep 2027 00:00:00 GMT",
        ),
        ({"Deprecation": "@1798675200"}, "Deprecation: @1798675200"),
        (
            {"Link": '<https://dev.example/soda2>; rel="deprecation"'},
            "Link: https://dev.example/soda2",
        ),
        (
            {"Warning": '299 - "SODA 2 is deprecated"'},
            'Warning: 299 - "SODA 2 is deprecated"',
        ),
        (
            {"Deprecation": "true", "Sunset": "Thu, 30 Sep 2027 00:00:00 GMT"},
            "Deprecation: true, Sunset: Thu, 30 Sep 2027 00:00:00 GMT",
        ),
    ],
)
def test_an_end_of_soda_2_that_is_announced_is_a_warning(
    examined, portal, headers, told
):
    portal.fail(announced(**headers))
    code, lines, _ = examined(FRANCISCO)
    assert code == 0
    assert about_apis(lines) == (
        "warn the portal answers SODA 2, by which it is read, and SODA 3; it announces "
        f"the end of SODA 2 ({told}). {TO_THREE}"
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Deprecation": "false"},
        {"Link": '<https://dev.example/next>; rel="next"'},
        {"Warning": '110 - "Response is Stale"'},
    ],
)
def test_other_headers_announce_no_end(examined, portal, headers):
    portal.fail(announced(**headers))
    _, lines, _ = examined(FRANCISCO)
    assert (
        about_apis(lines)
        == "ok the portal answers SODA 2, by which it is read, and SODA 3"
    )


def test_an_end_of_another_api_is_none_of_soda_2(examined, portal):
    portal.fail(announced(path="/api/*", Deprecation="@1798675200"))
    _, lines, _ = examined(FRANCISCO)
    assert (
        about_apis(lines)
        == "ok the portal answers SODA 2, by which it is read, and SODA 3"
    )


def test_who_reads_by_soda_3_need_do_nothing_about_the_end_of_soda_2(examined, portal):
    portal.fail(announced(Deprecation="@1798675200"))
    code, lines, _ = examined(FRANCISCO, BLOTTER_SODA="3")
    assert code == 0
    assert about_apis(lines) == (
        "ok the portal answers SODA 3, by which it is read, and SODA 2; it announces "
        "the end of SODA 2 (Deprecation: @1798675200)"
    )
    assert {line.split()[0] for said in lines.values() for line in said} == {"ok"}


def test_a_portal_that_has_ended_soda_2_is_told_with_what_to_do(examined, portal):
    portal.fail(SILENT_2)
    code, lines, _ = examined(FRANCISCO)
    assert code == 1
    said = about_apis(lines)
    assert said.startswith(
        "warn the portal answers SODA 3, but not SODA 2, by which it is read "
        "(no longer has it (status 410"
    )
    assert said.endswith(TO_THREE)
    assert lines[FRANCISCO][-1].startswith("fail 127")
    code, lines, err = examined(FRANCISCO, BLOTTER_SODA="3")
    assert (code, err) == (0, "")
    # The list of the council, too.
    assert lines["san_francisco council"][0].startswith("ok all 11 members")


def test_a_portal_that_is_read_by_soda_3_in_vain_is_told_so(examined, portal):
    portal.fail(CLOSED_3)
    code, lines, _ = examined(FRANCISCO, BLOTTER_SODA="3")
    assert code == 1
    assert about_apis(lines).startswith(
        "warn the portal answers SODA 2, but not SODA 3, by which it is read "
        "(requires an app token: set SOCRATA_APP_TOKEN."
    )
    assert about_apis(lines).endswith(
        'Put `api = "soda2"` into san_francisco__incidents.toml, and unset '
        "BLOTTER_SODA."
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("status", 403, path="/api/v3/*", times=None), "but not SODA 3 ("),
        (Fault("bad_token", path="/api/v3/*", times=None), "and SODA 3"),
    ],
)
def test_a_token_that_the_other_api_refuses_is_not_refused(
    examined, portal, fault, said
):
    portal.fail(fault)
    code, lines, _ = examined(FRANCISCO, SOCRATA_APP_TOKEN="righttoken")
    assert code == 0
    assert said in about_apis(lines)
    assert re.fullmatch(r"ok accepted by 127\.0\.0\.1:\d+", *lines["token"])


def test_a_portal_whose_other_api_redirects_has_not_moved(examined, portal):
    portal.fail(Fault("redirect", location=NEW_HOST, path="/api/v3/*", times=None))
    code, lines, _ = examined(FRANCISCO)
    assert code == 0
    assert about_apis(lines).startswith(
        "ok the portal answers SODA 2, by which it is read, but not SODA 3 (redirects"
    )


def test_a_setting_that_names_no_api_is_refused(examined, portal):
    code, lines, _ = examined(FRANCISCO, BLOTTER_SODA="4")
    assert code == 2
    assert lines["settings"] == ["fail BLOTTER_SODA is '4'; it must be 2 or 3."]
    assert portal.requests == []


def test_a_table_that_stands_still_for_ten_days_is_a_warning():
    dataset = read_datasets()[FRANCISCO]

    def told(**age):
        updated = Published([], "1", NOW - timedelta(**age))
        return portal_survey.freshness_finding(dataset, updated, NOW)

    assert told(days=10).level == "ok"
    assert told(days=11).level == "warn"
    assert told(hours=5).message == "data.sf.gov answers; last updated 5 hours ago"
    assert "check this machine's clock." in told(hours=-1).message


def test_a_warehouse_that_another_program_holds_fails(examined, home, holding):
    holder = holding(HOLD, home / "blotter.duckdb")
    code, lines, _ = examined(home=home)
    assert code == 1
    assert lines["warehouse"] == [
        f"fail {home}/blotter.duckdb is locked by another program (PID "
        f"{holder.pid}). Close it there, then try again."
    ]
    assert lines[FRANCISCO][0].startswith("ok")


def test_a_warehouse_that_another_program_reads_is_examined(examined, home, holding):
    reading = HOLD.replace("sys.argv[1]", "sys.argv[1], read_only=True")
    holding(reading, home / "blotter.duckdb")
    code, lines, _ = examined(home=home)
    assert code == 0
    assert lines["warehouse"] == [f"ok {home}/blotter.duckdb opens; 0 rows"]


def test_a_run_under_way_is_no_error_and_its_warehouse_is_left_alone(
    examined, home, holding
):
    holding(LOCK, home / "lock")
    holding(HOLD, home / "blotter.duckdb")
    code, lines, _ = examined(home=home)
    assert code == 0
    assert lines["run"] == ["ok one is under way; the warehouse was not opened"]
    assert "warehouse" not in lines


def test_a_home_that_is_a_file_fails(examined, tmp_path):
    (tmp_path / "file").write_text("")
    code, lines, _ = examined(home=tmp_path / "file")
    assert code == 1
    assert re.match(r"fail \S+/file is not writable .*set BLOTTER_HOME", *lines["home"])


def test_too_little_room_is_a_warning(tmp_path, monkeypatch):
    free = [10**9]
    monkeypatch.setattr(
        doctor.shutil, "disk_usage", lambda path: type("Usage", (), {"free": free[0]})
    )
    assert doctor.disk_finding(tmp_path / "home").level == "ok"
    free[0] -= 1
    found = doctor.disk_finding(tmp_path / "home")
    assert (found.level, "until there are 1.0 GB" in found.message) == ("warn", True)
    with (tmp_path / "blotter.duckdb").open("wb") as file:
        file.truncate(10**9)  # a hole: it takes no room
    free[0] = 3 * 10**9 - 1
    assert "there are 3.0 GB" in doctor.disk_finding(tmp_path).message
    free[0] += 1
    assert doctor.disk_finding(tmp_path).level == "ok"


def test_the_last_run_is_told_from_the_status(tmp_path):
    last = {"command": "daily", "finished_at": "2026-03-10T06:20:00+00:00"}
    status = {"last_run": last, "healthy": True, "last_good_run": last["finished_at"]}

    def told(**changed):
        (tmp_path / "status.json").write_text(json.dumps({**status, **changed}))
        found = doctor.last_run_finding(tmp_path, NOW)
        return found.level, found.message

    assert told() == ("ok", "daily succeeded, 2026-03-10T06:20:00+00:00")
    assert told(healthy=False) == (
        "warn",
        "daily failed; `blotter status` shows why.",
    )
    level, said = told(last_good_run="2026-03-08T23:00:00+00:00")
    assert (level, "check that it is scheduled." in said) == ("warn", True)
    (tmp_path / "status.json").write_text("{")
    assert doctor.last_run_finding(tmp_path, NOW).level == "warn"


@pytest.mark.parametrize(
    "setting",
    [
        {"BLOTTER_TIMEOUT": "soon"},
        {"BLOTTER_WEBHOOK": "hooks.example/T0/markersecret"},
        {"BLOTTER_HEARTBEAT": "ftp://ping.example/markersecret"},
        {"BLOTTER_TARGET": "abacus"},
        {"SOCRATA_APP_TOKEN": '"markersecret"'},
        {"BLOTTER_PORTAL": "localhost"},
        {"BLOTTER_LAKE": "s3://key:markersecret@bucket/lake"},
        {"BLOTTER_SITE_URL": "s3://bucket/site"},
        {"BLOTTER_SITE_CONTACT": "data at example.org"},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_a_wrong_setting_is_named_and_nothing_else_is_asked(examined, portal, setting):
    code, lines, err = examined(**setting)
    assert code == 2
    assert err == "blotter: The configuration is wrong; see above.\n"
    ((subject, (told,)),) = lines.items()
    assert (subject, told.split()[1]) == ("settings", next(iter(setting)))
    assert "markersecret" not in told
    assert portal.requests == []


def test_a_broken_declaration_is_named(examined, tmp_path, monkeypatch):
    for path in FOLDER.glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / f"{MEMPHIS}.toml").write_text("title = 1")
    monkeypatch.setattr(doctor, "FOLDER", tmp_path)
    code, lines, _ = examined()
    assert code == 2
    assert lines["settings"][0].startswith("fail memphis__incidents.toml can't be used")


def test_a_misspelt_setting_is_a_warning(examined):
    code, lines, _ = examined(BLOTTER_WEBHOK="https://hooks.example/markersecret")
    assert code == 0
    assert lines["settings"] == [
        "warn Unknown setting BLOTTER_WEBHOK. Check the spelling; docs/settings.md "
        "lists them all."
    ]


def test_every_setting_that_the_project_reads_is_known_and_on_its_page():
    named = set()
    for place in ("pipelines/**/*.py", "macros/*.sql", "*.yml"):
        for path in ROOT.glob(place):
            named |= set(re.findall(r"\bBLOTTER_[A-Z_]+\b", path.read_text()))
    assert named - {runner.TODAY, runner.TESTS} == VARIABLES  # a run tells dbt these
    page = (ROOT / "docs/settings.md").read_text()
    assert {name for name in VARIABLES if f"`{name}`" not in page} == set()


def test_findings_as_json_tell_the_same(portal, tmp_path, monkeypatch, capsys):
    portal.fail(Fault("status", 503, path="*wg3w-h783*", times=None))
    with serve(portal) as url:
        code = live.command_here(
            monkeypatch, tmp_path / "home", url, "doctor", "--json", *NAMES
        )
    findings = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [f["subject"] for f in findings if f["level"] == "fail"] == [FRANCISCO]
    assert all(set(f) == {"level", "subject", "message"} for f in findings)
