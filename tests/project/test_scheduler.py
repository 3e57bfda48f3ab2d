"""The container's cron: its file, its times, its way to stop."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from container.scheduler import CrontabError, read_job

REPOSITORY = Path(__file__).parents[2]
SCHEDULER = REPOSITORY / "container" / "scheduler.py"
SLOW_TO_END = """
import signal, sys, time

def end(number, frame):
    time.sleep(1)
    print("tidied up")
    sys.exit(1)

signal.signal(signal.SIGTERM, end)
print("busy", flush=True)
time.sleep(30)
"""


def job(times, zone="America/Los_Angeles", command="true"):
    return read_job(f"# a comment\n\nCRON_TZ={zone}\n{times} {command}\n")


def next_after(moment, *job_of):
    found = job(*job_of).next_after(datetime.fromisoformat(moment))
    return found.astimezone(UTC).isoformat(timespec="minutes")


def test_the_daily_line_states_its_zone_and_runs_blotter_daily():
    lines = (REPOSITORY / "cronfile").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "CRON_TZ=America/Los_Angeles",
        "15 6 * * * blotter daily",
    ]


def test_times_are_on_the_clock_of_the_stated_zone_in_winter_and_summer():
    assert next_after("2026-01-15T00:00Z", "15 6 * * *") == "2026-01-15T14:15+00:00"
    assert next_after("2026-07-15T00:00Z", "15 6 * * *") == "2026-07-15T13:15+00:00"
    chicago = ("15 6 * * *", "America/Chicago")
    assert next_after("2026-07-15T00:00Z", *chicago) == "2026-07-15T11:15+00:00"


def test_a_day_of_23_or_25_hours_has_one_run():
    spring, autumn = "2026-03-07T14:15Z", "2026-10-31T13:15Z"
    assert next_after(spring, "15 6 * * *") == "2026-03-08T13:15+00:00"
    assert next_after(autumn, "15 6 * * *") == "2026-11-01T14:15+00:00"


def test_a_run_that_has_just_begun_is_due_again_the_next_day():
    assert next_after("2026-01-15T14:15Z", "15 6 * * *") == "2026-01-16T14:15+00:00"


def test_weekdays_are_numbered_from_sunday():
    # 2026-01-15 is a Thursday.
    assert next_after("2026-01-15T00:00Z", "0 0 * * 0", "UTC").startswith("2026-01-18")
    assert next_after("2026-01-15T00:00Z", "0 0 * * 1", "UTC").startswith("2026-01-19")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("15 6 * * * true", "one CRON_TZ line and one job expected, not 0 and 1"),
        ("CRON_TZ=UTC", "one CRON_TZ line and one job expected, not 1 and 0"),
        ("CRON_TZ=UTC\n0 1 * * * true\n0 2 * * * true", "not 1 and 2"),
        ("CRON_TZ=Mars/Olympus\n15 6 * * * true", "Mars/Olympus"),
        ("CRON_TZ=UTC\n61 6 * * * true", "not five fields and a command: 61 6"),
        ("CRON_TZ=UTC\n15 6 * * *", "not five fields and a command"),
        ("CRON_TZ=UTC\n15 6 * * * no-such-command", "no such command: no-such-command"),
        ("CRON_TZ=UTC\n15 6 * * * echo 'open", "No closing quotation"),
    ],
)
def test_a_wrong_crontab_is_refused_with_the_reason(text, why):
    with pytest.raises(CrontabError, match=why.replace("*", r"\*")):
        read_job(text)


@pytest.fixture
def start(tmp_path):
    """Start the scheduler, with a `blotter` that says whether a run was missed."""
    processes = []

    def start(command, last_run_is_recent):
        blotter = tmp_path / "blotter"
        blotter.write_text(f"#!/bin/sh\nexit {0 if last_run_is_recent else 1}\n")
        blotter.chmod(0o755)
        crontab = tmp_path / "cronfile"
        crontab.write_text(f"CRON_TZ=UTC\n0 0 1 1 * {command}\n")
        process = subprocess.Popen(
            [sys.executable, SCHEDULER, crontab],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "GREETING": "hello"},
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def read_until(process, text):
    lines = []
    while not lines or text not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], f"ended without {text!r}: {lines}"
    return lines


def test_a_missed_run_is_made_up_for_with_the_environment_and_output_of_the_container(
    start,
):
    process = start("sh -c 'echo $GREETING from the job; exit 3'", False)
    lines = read_until(process, "next run")
    assert lines[1] == "hello from the job\n"
    assert "ended with 3 after" in lines[2]
    assert "next run: 2" in lines[3]
    assert "-01-01T00:00:00+00:00 (UTC)" in lines[3]


def test_no_run_is_made_up_for_when_the_last_is_recent(start):
    process = start("echo unwanted", True)
    assert len(read_until(process, "next run")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_while_it_waits(start, number):
    process = start("echo unwanted", True)
    read_until(process, "next run")
    begin = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert time.monotonic() - begin < 5


def test_it_asks_a_running_job_to_end_and_waits_for_it(start, tmp_path):
    script = tmp_path / "job.py"
    script.write_text(SLOW_TO_END)
    job = f"{sys.executable} {script}"
    process = start(job, False)
    read_until(process, "busy")
    process.terminate()
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    said = [line.split(": ", 1)[-1] for line in output.splitlines()]
    assert [line.partition(" after ")[0] for line in said] == [
        f"asked to stop: waiting for `{job}` to end",
        "tidied up",
        f"`{job}` ended with 1",
        "stopped",
    ]
