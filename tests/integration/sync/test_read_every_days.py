"""A data set that is read every few days rests between, and is none the less well."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from demo.portal.server import Portal, serve
from pipelines import jobs
from pipelines.ops.status import dataset_status
from tests.integration.portals.test_geojson import AREAS, PATH, collection, feature
from tests.support import live_portal as live

FIRST = datetime(2026, 3, 2, 12, tzinfo=UTC)
# Its marks are believed for ever: each look would be a read otherwise.
WEEKLY = msgspec.structs.replace(AREAS, read_every_days=7, reread_days=0)


@pytest.fixture
def served():
    portal = Portal()
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    portal.add_file(PATH, collection(feature("Elm")))
    return portal


@pytest.fixture
def weekly(served):
    return WEEKLY.at_portal(served[1])


def day(number: int, hours: int = 0) -> datetime:
    return FIRST + timedelta(days=number, hours=hours)


def run(home, dataset, number: int, hours: int = 0, whole: bool = True):
    return live.daily(home, dataset, now=day(number, hours), whole=whole)


def asked(portal: Portal) -> int:
    """How many requests came; then forget them."""
    number = len(portal.requests)
    portal.requests.clear()
    return number


def test_it_is_asked_for_once_a_week_and_unchanged_between(tmp_path, portal, weekly):
    days = [n for n in range(16) if run(tmp_path, weekly, n) or asked(portal)]
    assert days == [0, 7, 14]
    outcomes = [outcome for (outcome,) in live.ledger(tmp_path, "outcome")]
    assert outcomes == ["loaded"] + ["unchanged"] * 15


def test_a_run_some_minutes_earlier_in_the_day_does_not_cost_a_day(
    tmp_path, portal, weekly
):
    for number, hours, expected in [(0, 0, True), (6, 0, False), (7, -2, True)]:
        assert run(tmp_path, weekly, number, hours) is None
        assert bool(asked(portal)) == expected


def test_what_changed_meanwhile_is_loaded_when_it_is_due(tmp_path, portal, weekly):
    run(tmp_path, weekly, 0)
    portal.add_file(PATH, collection(feature("Elm"), feature("Fir")))
    run(tmp_path, weekly, 1)
    assert len(live.held(tmp_path, weekly)) == 1
    run(tmp_path, weekly, 7)
    assert [name for name, _, _ in live.held(tmp_path, weekly)] == ["Elm", "Fir"]


def test_after_resting_an_unchanged_file_is_not_read_again(tmp_path, portal, weekly):
    for number in range(7):
        run(tmp_path, weekly, number)
    portal.requests.clear()
    run(tmp_path, weekly, 7)
    assert [request.status for request in portal.requests] == [304]
    assert live.ledger(tmp_path)[-1] == ("unchanged", None)


def test_after_a_failure_it_is_asked_for_every_day_until_one_goes_well(
    tmp_path, portal, weekly
):
    run(tmp_path, weekly, 0)
    good = portal.files[PATH].body
    portal.add_file(PATH, b"cut")
    assert run(tmp_path, weekly, 7) is not None
    assert run(tmp_path, weekly, 8) is not None
    assert len(live.held(tmp_path, weekly)) == 1
    portal.add_file(PATH, good)
    assert run(tmp_path, weekly, 9) is None
    assert asked(portal)
    run(tmp_path, weekly, 10)
    assert not asked(portal)


def test_after_a_killed_run_it_is_asked_for(tmp_path, portal, weekly):
    """What the kill left torn was taken back: only a read brings it again."""
    run(tmp_path, weekly, 0)
    with live.opened(tmp_path, weekly) as warehouse:
        line = {"run_id": "killed", "dataset": weekly.name, "outcome": "running"}
        warehouse.ledger.open_run({**line, "started_at": day(1)})
    asked(portal)
    run(tmp_path, weekly, 2)
    assert asked(portal)


def test_another_declaration_is_read_at_once(tmp_path, portal, weekly):
    run(tmp_path, weekly, 0)
    asked(portal)
    fewer = msgspec.structs.replace(weekly, columns=["NAME", "geometry"])
    run(tmp_path, fewer, 1)
    assert asked(portal)


def test_a_look_of_a_wrong_clock_that_lies_ahead_keeps_nothing_back(
    tmp_path, portal, weekly
):
    run(tmp_path, weekly, 400)
    asked(portal)
    run(tmp_path, weekly, 1)
    assert asked(portal)


def test_a_data_set_of_every_day_is_asked_for_every_day(tmp_path, portal, weekly):
    every_day = msgspec.structs.replace(weekly, read_every_days=1)
    assert [bool(run(tmp_path, every_day, n) or asked(portal)) for n in range(3)] == [
        *(True, True, True)
    ]


def test_a_day_of_rest_is_no_look_by_which_a_rhythm_is_told(tmp_path, portal, weekly):
    for number in (0, 1, 2, 7, 8, 14):
        assert run(tmp_path, weekly, number) is None
    with live.opened(tmp_path, weekly) as warehouse:
        # The first is left out of every rhythm.
        assert [rows for _, rows in warehouse.ledger.looks(weekly)] == [0, 0]
        assert dataset_status(warehouse, weekly)["last_run"]["outcome"] == "unchanged"


def test_a_day_of_rest_says_so_and_since_when(tmp_path, portal, weekly, caplog):
    run(tmp_path, weekly, 0)
    with caplog.at_level("INFO"):
        run(tmp_path, weekly, 3)
    said = "springfield__areas: read every 7 days, not today; as of 2026-03-02"
    assert caplog.messages[-1] == said


@pytest.mark.parametrize(
    ("arguments", "is_asked"),
    [
        (("daily",), False),
        (("daily", "--window-only"), False),
        (("daily", WEEKLY.name), True),
        (("reconcile", WEEKLY.name), True),
        (("backfill", WEEKLY.name), True),
    ],
)
def test_what_is_named_on_the_command_line_is_read_though_not_due(
    tmp_path, served, portal, monkeypatch, arguments, is_asked
):
    monkeypatch.setattr(jobs, "read_datasets", lambda: {WEEKLY.name: WEEKLY})
    command, *more = arguments
    url, options = served[1], ("--no-build",)
    assert live.command_here(monkeypatch, tmp_path, url, "daily", *options) == 0
    asked(portal)
    code = live.command_here(monkeypatch, tmp_path, url, command, *more, *options)
    assert code == 0
    assert bool(asked(portal)) == is_asked
    status = json.loads((tmp_path / "status.json").read_text())
    assert status["healthy"]
    assert status["datasets"][0]["row_count"] == 1
