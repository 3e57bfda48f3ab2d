"""Tell a webhook and a heartbeat how a run went; neither can change how it ends.

BLOTTER_WEBHOOK gets a JSON object when a run fails, is stopped or would not start, with
the first good run after that, and when a warning is new. BLOTTER_HEARTBEAT hears of
each whole daily run: `/start`, then the address itself, or `/fail`; that it hears
nothing is how a run that was killed, or never started, is noticed.
"""

import logging
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import requests
import tenacity

from pipelines import logs, signals
from pipelines.errors import (
    BlotterError,
    RunUnderWayError,
    StoppedError,
)
from pipelines.redaction import without_values
from pipelines.settings import address, user_agent

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5

TRIES = 3

LONGEST_TEXT = 2_000

MOST_WARNINGS = 5

SAID = {
    "failed": "failed",
    "stopped": "was stopped",
    "refused": "did not start",
}


@dataclass
class Report:
    """How a run went, as far as it has come."""

    command: str
    started_at: datetime
    """An instant in UTC."""
    run_id: str | None = None
    outcome: str = "ok"
    """ok, failed, stopped, or refused where another run was under way."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why, by data set; `(models)` and `(run)` are parts too."""
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
            own = f"A fault of Blotter's own ({type(error).__name__}); see the log."
            if not self.failed:
                is_told = isinstance(error, BlotterError)
                self.failed["(run)"] = str(error) if is_told else own


class Told(msgspec.Struct):
    """What earlier runs told the webhook: `alerts.json` of the home."""

    running: tuple[str, str] | None = None
    """Run and command of a run that began; still here after it was killed."""
    failing: dict[str, str] = {}
    """The first run that failed, by command, until one goes well."""
    warned: dict[str, list[str]] = {}
    """Warnings of the last run, by command, without their numbers."""


class Alerts:
    """Whom to tell of one run, and what they were told before (`alerts.json`).

    Raises:
        ConfigError: A setting is no address.
    """

    def __init__(self, command: str, home: Path):
        self.webhook = address("BLOTTER_WEBHOOK")
        self.heartbeat = address("BLOTTER_HEARTBEAT")
        # A run of some data sets, or a backfill, must not hide that `daily` fails.
        if command != "daily":
            self.heartbeat = None
        self.path = home / "alerts.json"
        self.report = Report(command, datetime.now(UTC))

    def begin(self, run_id: str) -> None:
        """Tell that the run has begun, under the lock of its home.

        One that began and never ended was killed: that is said now, and its end made
        good when this one goes well.
        """
        self.report.run_id = run_id
        if self.webhook:
            told = self.told_before()
            if told.running:
                run, command = told.running
                log.warning("Run %s (%s) was killed.", run, command)
                told.failing.setdefault(command, run)
            told.running = (run_id, self.report.command)
            self.remember(told)
        if self.heartbeat:
            send("BLOTTER_HEARTBEAT", below(self.heartbeat, "start"))

    def note(self, part: str, failure: BlotterError | None) -> BlotterError | None:
        """Note how one part of the run went; hands it back."""
        if failure:
            self.report.failed[part] = str(failure)
        return failure

    def end(self) -> None:
        """Tell how the run went."""
        report = self.report
        # Whoever stops a run waits a few seconds only before killing it.
        tries = 1 if report.outcome == "stopped" else TRIES
        if self.heartbeat and report.outcome != "refused":
            end = below(self.heartbeat, "" if report.outcome == "ok" else "fail")
            send("BLOTTER_HEARTBEAT", end, tries=tries)
        if self.webhook:
            told = self.told_before()
            if message := message_of(report, told):
                send("BLOTTER_WEBHOOK", self.webhook, message, tries)
            if report.outcome != "refused":  # Another run has the lock.
                self.remember(told_after(report, told))

    def told_before(self) -> Told:
        """What earlier runs told; nothing where no file says so, or it is broken."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Told)
        except (OSError, msgspec.DecodeError):
            return Told()

    def remember(self, told: Told) -> None:
        """Keep what was told, where there is a home that can be written."""
        fresh = self.path.with_suffix(".new")
        try:
            fresh.write_bytes(msgspec.json.encode(told))
            os.replace(fresh, self.path)
        except OSError as error:
            if self.path.parent.exists():
                log.warning("%s can't be written: %s.", self.path, error.strerror)


@contextmanager
def watch(command: str, home: Path) -> Iterator[Alerts]:
    """Tell how the run in the block ends, once it has let go of all it holds."""
    alerts = Alerts(command, home)
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
    """The run is over: a stop has nothing left to stop, and would hide how it went."""
    former = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def message_of(report: Report, told: Told) -> dict[str, Any] | None:
    """What the webhook is sent; None where there is nothing to tell."""
    known = told.warned.get(report.command, [])
    new = [w for w in dict.fromkeys(report.warnings) if without_numbers(w) not in known]
    before = told.failing.get(report.command)
    command = f"Blotter: {report.command}"
    failed = {part: without_values(why) for part, why in report.failed.items()}
    if report.outcome != "ok":
        event, text = "failure", f"{command} {SAID[report.outcome]}. "
        text += " ".join(dict.fromkeys(failed.values()))
    elif before:
        event = "recovery"
        text = f"{command} went well; it had not since run {before}."
    elif new:
        event, text = "warning", f"{command} went well, with new warnings."
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
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def told_after(report: Report, told: Told) -> Told:
    """What to remember: what fails, and which warnings were told."""
    failing, warned = dict(told.failing), set(map(without_numbers, report.warnings))
    if report.outcome == "ok":
        failing.pop(report.command, None)
    else:
        failing.setdefault(
            report.command, report.run_id or f"of {report.started_at:%F}"
        )
        warned |= set(told.warned.get(report.command, []))
    return Told(None, failing, {**told.warned, report.command: sorted(warned)})


def without_numbers(warning: str) -> str:
    """A warning is no new one because there are more rows today."""
    return re.sub(r"\d+", "#", warning)


def below(url: str, step: str) -> str:
    """The heartbeat's address for a step, a query kept."""
    parts = urlsplit(url)
    path = f"{parts.path.rstrip('/')}/{step}" if step else parts.path
    return urlunsplit(parts._replace(path=path))


class UnsentError(Exception):
    """Not taken; may go well the next time. Its words hold no address."""


def send(
    setting: str, url: str, message: dict[str, Any] | None = None, tries: int = TRIES
) -> None:
    """POST a message, or GET where there is none; a failure is a warning in the log."""
    attempt = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(UnsentError),
        stop=tenacity.stop_after_attempt(tries),
        wait=tenacity.wait_random_exponential(multiplier=0.5, max=2),
        reraise=True,
    )
    try:
        status = attempt(send_once, url, message)
    except UnsentError as error:
        log.warning("%s was not told how the run went: %s.", setting, error)
        return
    if status >= 300:
        advice = "; redirects are not followed" if status < 400 else ""
        log.warning("%s answered with status %d%s.", setting, status, advice)


def send_once(url: str, message: dict[str, Any] | None) -> int:
    """Send and return the status.

    Raises:
        UnsentError: No answer, or one that may pass.
    """
    try:
        # Redirects are not followed: the address is a secret, and another's business.
        response = requests.request(
            "POST" if message else "GET",
            url,
            json=message,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            headers={"User-Agent": user_agent()},
        )
    except (requests.RequestException, UnicodeError) as error:
        raise UnsentError(type(error).__name__) from None
    if response.status_code == 429 or response.status_code >= 500:
        raise UnsentError(f"status {response.status_code}")
    return response.status_code
