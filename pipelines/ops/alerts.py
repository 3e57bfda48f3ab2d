"""Notify a webhook and a heartbeat of how a run went; neither can change its outcome.

BLOTTER_WEBHOOK receives a JSON object when a run fails, is stopped or does not start,
when a run succeeds again, and when there is a new warning. BLOTTER_HEARTBEAT is called
for each daily run of all data sets: `/start`, then the address itself, or `/fail`. A
call that never comes shows that a run was killed or never started.
"""

import logging
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import requests
import tenacity

from pipelines import logs, signals
from pipelines.clock import Clock, utc_now
from pipelines.errors import (
    BlotterError,
    RunUnderWayError,
    StoppedError,
)
from pipelines.redaction import without_values
from pipelines.settings import Settings

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5

TRIES = 3

LONGEST_TEXT = 2_000

MOST_WARNINGS = 5

ENDED = {
    "failed": "failed",
    "stopped": "was stopped",
    "refused": "did not start",
}


@dataclass
class Report:
    """How a run has gone so far."""

    command: str
    started_at: datetime
    """An instant in UTC."""
    run_id: str | None = None
    outcome: str = "ok"
    """ok, failed, stopped, or refused where another run was under way."""
    failed: dict[str, str] = field(default_factory=dict)
    """The reason, by data set; `(models)` and `(run)` are parts too."""
    warnings: list[str] = field(default_factory=list)

    def end(self, error: BaseException) -> None:
        """Note what ended the run early, or that parts of it failed."""
        if isinstance(error, StoppedError | KeyboardInterrupt):
            self.outcome = "stopped"
            self.failed["(run)"] = str(error) or "Stopped at the keyboard."
        elif isinstance(error, RunUnderWayError):
            self.outcome = "refused"
            self.failed["(run)"] = str(error)
        else:
            self.outcome = "failed"
            bug = f"This is a bug in Blotter ({type(error).__name__}); see the log."
            if not self.failed:
                is_known = isinstance(error, BlotterError)
                self.failed["(run)"] = str(error) if is_known else bug


class Reported(msgspec.Struct):
    """What earlier runs reported to the webhook: the home's `alerts.json`."""

    running: tuple[str, str] | None = None
    """Id and command of the run that began; still here after it was killed."""
    failing: dict[str, str] = {}
    """The first run that failed, by command, until one succeeds."""
    warned: dict[str, list[str]] = {}
    """Warnings of the last run, by command, with their numbers masked."""


class Alerts:
    """Where to report one run, and what was reported before (`alerts.json`)."""

    def __init__(self, settings: Settings, command: str, clock: Clock = utc_now):
        self.webhook = settings.webhook
        # A run of some data sets, or a backfill, must not hide that `daily` fails.
        self.heartbeat = settings.heartbeat if command == "daily" else None
        self.agent = settings.identity.user_agent
        self.path = settings.home / "alerts.json"
        self.clock = clock
        self.report = Report(command, clock())

    def begin(self, run_id: str) -> None:
        """Report that the run has begun; the caller holds the home's lock.

        An earlier run that began and never ended was killed: that is reported now, and
        its recovery when this run succeeds.
        """
        self.report.run_id = run_id
        if self.webhook:
            reported = self.reported_before()
            if reported.running:
                run, command = reported.running
                log.warning("Run %s (%s) was killed.", run, command)
                reported.failing.setdefault(command, run)
            reported.running = (run_id, self.report.command)
            self.remember(reported)
        if self.heartbeat:
            start = below(self.heartbeat, "start")
            send("BLOTTER_HEARTBEAT", start, agent=self.agent)

    def note(self, part: str, failure: BlotterError | None) -> BlotterError | None:
        """Note how one part of the run went, and return it."""
        if failure:
            self.report.failed[part] = str(failure)
        return failure

    def end(self) -> None:
        """Report how the run went."""
        report = self.report
        # Whoever stops a run waits only a few seconds before killing it.
        tries = 1 if report.outcome == "stopped" else TRIES
        if self.heartbeat and report.outcome != "refused":
            end = below(self.heartbeat, "" if report.outcome == "ok" else "fail")
            send("BLOTTER_HEARTBEAT", end, tries=tries, agent=self.agent)
        if self.webhook:
            reported = self.reported_before()
            if message := message_of(report, reported, self.clock()):
                send("BLOTTER_WEBHOOK", self.webhook, message, tries, agent=self.agent)
            if report.outcome != "refused":  # Another run has the lock.
                self.remember(reported_after(report, reported))

    def reported_before(self) -> Reported:
        """What earlier runs reported; empty if the file is missing or broken."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Reported)
        except (OSError, msgspec.DecodeError):
            return Reported()

    def remember(self, reported: Reported) -> None:
        """Save what was reported, if the home exists and is writable."""
        fresh = self.path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(reported))
            os.replace(fresh, self.path)
        except OSError as error:
            if self.path.parent.exists():
                log.warning("%s can't be written: %s.", self.path, error.strerror)


@contextmanager
def watch(settings: Settings, command: str, clock: Clock = utc_now) -> Iterator[Alerts]:
    """Report how the run in the block ends, after it has released its locks."""
    alerts = Alerts(settings, command, clock)
    with logs.collected() as alerts.report.warnings:
        try:
            with signals.stoppable():
                yield alerts
        except BaseException as error:
            alerts.report.end(error)
            raise
        finally:
            with undisturbed():
                alerts.end()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore a stop: the run is over, and stopping now would hide how it went."""
    former = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def message_of(
    report: Report, reported: Reported, now: datetime
) -> dict[str, Any] | None:
    """What to send the webhook; None if there is nothing to report."""
    known = reported.warned.get(report.command, [])
    new = [w for w in dict.fromkeys(report.warnings) if without_numbers(w) not in known]
    before = reported.failing.get(report.command)
    command = f"Blotter: {report.command}"
    failed = {part: without_values(why) for part, why in report.failed.items()}
    if report.outcome != "ok":
        event, text = "failure", f"{command} {ENDED[report.outcome]}. "
        text += " ".join(dict.fromkeys(failed.values()))
    elif before:
        event = "recovery"
        text = f"{command} succeeded; it had been failing since run {before}."
    elif new:
        event, text = "warning", f"{command} succeeded, with new warnings."
    else:
        return None
    warnings = [without_values(warning) for warning in new[:MOST_WARNINGS]]
    return {
        "text": " ".join([text, *warnings])[:LONGEST_TEXT],
        "event": event,
        "run_id": report.run_id,
        "command": report.command,
        "outcome": report.outcome,
        "failed": [{"dataset": p, "error": why} for p, why in failed.items()],
        "warnings": len(report.warnings),
        "started_at": report.started_at.isoformat(timespec="seconds"),
        "finished_at": now.isoformat(timespec="seconds"),
    }


def reported_after(report: Report, reported: Reported) -> Reported:
    """What to remember: which commands fail, and which warnings were reported."""
    failing, warned = dict(reported.failing), set(map(without_numbers, report.warnings))
    if report.outcome == "ok":
        failing.pop(report.command, None)
    else:
        failing.setdefault(
            report.command, report.run_id or f"of {report.started_at:%F}"
        )
        warned |= set(reported.warned.get(report.command, []))
    return Reported(None, failing, {**reported.warned, report.command: sorted(warned)})


def without_numbers(warning: str) -> str:
    """Mask the numbers: a warning is not new just because today's count differs."""
    return re.sub(r"\d+", "#", warning)


def below(url: str, step: str) -> str:
    """The heartbeat's address for a step, with its query kept."""
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{step}" if step else parts.path
    return urlunsplit(parts._replace(path=path))


class UnsentError(Exception):
    """Not accepted; worth another try. The message does not contain the address."""


def send(
    setting: str,
    url: str,
    message: dict[str, Any] | None = None,
    tries: int = TRIES,
    *,
    agent: str,
) -> None:
    """POST a message, or GET if there is none; a failure is only logged."""
    attempt = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(UnsentError),
        stop=tenacity.stop_after_attempt(tries),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=2),
        reraise=True,
    )
    try:
        status = attempt(send_once, url, message, agent)
    except UnsentError as error:
        log.warning("%s could not be notified of the run: %s.", setting, error)
        return
    if status >= 300:
        advice = "; redirects are not followed" if status < 400 else ""
        log.warning("%s answered with status %d%s.", setting, status, advice)


def send_once(url: str, message: dict[str, Any] | None, agent: str) -> int:
    """Send and return the status.

    Raises:
        UnsentError: No answer, or a status that may be temporary.
    """
    try:
        # Following a redirect could hand the secret address and the message to others.
        response = requests.request(
            "POST" if message else "GET",
            url,
            json=message,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            headers={"User-Agent": agent},
        )
    except (requests.RequestException, UnicodeError) as error:
        raise UnsentError(type(error).__name__) from None
    if response.status_code == 429 or response.status_code >= 500:
        raise UnsentError(f"status {response.status_code}")
    return response.status_code
