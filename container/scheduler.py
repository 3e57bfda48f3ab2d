"""Run a crontab file's single command on schedule: cron for a container without root.

Debian's cron needs root, empties the environment, mails the output and knows one time
zone. Here the command is a child of this process: it has its user, environment and
output, its times are on the clock of the file's `CRON_TZ`, and it is asked to stop when
the container is. It never runs twice at once; a time that comes while it is running is
skipped.

    python container/scheduler.py cronfile
"""

import logging
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

log = logging.getLogger("scheduler")

STOP = {signal.SIGTERM, signal.SIGINT}
LONGEST_WAIT_SECONDS = 60  # then look at the clock again: it may have been set
MISSED = ["blotter", "status", "--max-age", "25h"]  # fails if no run of the last day


class CrontabError(Exception):
    """The crontab file can't be used; the message says why."""


@dataclass(frozen=True)
class Job:
    """A command and the times to run it, on the clock of a zone."""

    zone: ZoneInfo
    times: str
    command: list[str]

    def next_after(self, moment: datetime) -> datetime:
        """The first time after a moment, in the job's zone.

        A time that daylight saving time skips comes right after the clock has changed.
        """
        return croniter(self.times, moment.astimezone(self.zone)).get_next(datetime)


def read_job(text: str) -> Job:
    """Read a crontab file: `CRON_TZ=Zone`, and one line of five fields and a command.

    The command is run as written, without a shell.

    Raises:
        CrontabError: Not one zone and one job, or a zone, time or command that isn't.
    """
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    zones = [line.split("=", 1)[1] for line in lines if line.startswith("CRON_TZ=")]
    jobs = [line for line in lines if not line.startswith("CRON_TZ=")]
    if len(zones) != 1 or len(jobs) != 1:
        raise CrontabError(
            f"one CRON_TZ line and one job expected, not {len(zones)} and {len(jobs)}"
        )
    *fields, command = jobs[0].split(maxsplit=5)
    times = " ".join(fields)
    if len(fields) != 5 or not croniter.is_valid(times):
        raise CrontabError(f"not five fields and a command: {jobs[0]}")
    try:
        job = Job(ZoneInfo(zones[0]), times, shlex.split(command))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise CrontabError(str(error)) from error
    if not shutil.which(job.command[0]):
        raise CrontabError(f"no such command: {job.command[0]}")
    return job


def wait_until(due: datetime) -> bool:
    """Wait for a time to come; true if asked to stop before it did."""
    while (seconds := (due - datetime.now(UTC)).total_seconds()) > 0:
        if signal.sigtimedwait(STOP, min(seconds, LONGEST_WAIT_SECONDS)):
            return True
    return False


def run(command: list[str]) -> bool:
    """Run a command to its end; pass on a stop, and return whether there was one."""
    name, begin, stopped = shlex.join(command), time.monotonic(), False
    log.info("`%s` begins", name)
    process = subprocess.Popen(command, preexec_fn=let_signals_through)
    while process.poll() is None:
        if signal.sigwait(STOP | {signal.SIGCHLD}) in STOP:
            log.info("asked to stop: waiting for `%s` to end", name)
            process.terminate()
            stopped = True
    seconds = time.monotonic() - begin
    log.info("`%s` ended with %d after %.0f s", name, process.returncode, seconds)
    return stopped


def let_signals_through() -> None:
    """Undo in the command the signal mask that `main` set."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def was_missed() -> bool:
    """Whether the last good run is over a day old: the machine was off, or is new."""
    output = subprocess.DEVNULL
    return subprocess.run(MISSED, stdout=output, stderr=output).returncode != 0


def serve(job: Job) -> None:
    """Run the job at its times, and at once if it was missed, until asked to stop."""
    stopped = was_missed() and run(job.command)
    while not stopped:
        due = job.next_after(datetime.now(UTC))
        log.info("next run: %s (%s)", due.isoformat(), job.zone.key)
        stopped = wait_until(due) or run(job.command)
    log.info("stopped")


def main() -> None:
    """Exit codes: 0 stopped when asked to; 2 wrong crontab file."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%SZ",
    )
    # Blocked signals stay pending; a handler could miss one between two steps.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP | {signal.SIGCHLD})
    path = sys.argv[1] if len(sys.argv) == 2 else "cronfile"
    try:
        job = read_job(Path(path).read_text())
    except (OSError, CrontabError) as error:
        log.error("%s: %s", path, error)
        sys.exit(2)
    serve(job)


if __name__ == "__main__":
    main()
