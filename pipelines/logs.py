"""Log lines of a run, without secrets, as text or as JSON."""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import TextIO

from pipelines.redaction import redacted

LAST = {"name": "blotter", "levelname": "ERROR", "levelno": logging.ERROR}

_about: ContextVar[dict[str, str] | None] = ContextVar("about", default=None)


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Put fields (run_id, dataset) on every JSON line of the block."""
    token = _about.set({**(_about.get() or {}), **fields})
    try:
        yield
    finally:
        _about.reset(token)


class Text(logging.Formatter):
    """One line per message, the time in UTC; a traceback follows on separate lines."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ"
        )

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class Json(logging.Formatter):
    """One JSON object per line: ts, level, message, and run_id, dataset, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        line = {
            "ts": f"{moment.isoformat(timespec='milliseconds')}Z",
            "level": record.levelname,
            "message": redacted(record.getMessage()),
            "logger": record.name,
            **(_about.get() or {}),
        }
        if record.exc_info:
            line["traceback"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class Handler(logging.StreamHandler[TextIO]):
    """Keeps its formatter: dlt would set its own, which redacts nothing."""

    def __init__(self, stream: TextIO, fixed: logging.Formatter) -> None:
        super().__init__(stream)
        self.formatter = fixed

    def setFormatter(self, fmt: logging.Formatter | None) -> None:
        """Leave it as it is."""


def set_up(form: str) -> None:
    """Log to standard output as text or as json, and faults to standard error."""
    fixed = Json() if form == "json" else Text()
    sys.excepthook = partial(say_fault, fixed)
    handler = Handler(sys.stdout, fixed)
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    logging.getLogger("dlt").handlers = [handler]
    # sodapy repeats this advice for every data set; the README gives it once.
    logging.getLogger().addFilter(without_sodapys_advice)


def without_sodapys_advice(record: logging.LogRecord) -> bool:
    return "without an app_token" not in str(record.msg)


def last_words(sentence: str, form: str) -> str:
    """What a command ends with on standard error, in the form of the log."""
    if form != "json":
        return redacted(f"blotter: {sentence}")
    return Json().format(logging.makeLogRecord({**LAST, "msg": sentence}))


def say_fault(
    form: logging.Formatter,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,
) -> None:
    """Report an exception that nothing caught, without secrets."""
    fields = {
        **LAST,
        "msg": "This is a bug in Blotter.",
        "exc_info": (kind, error, trace),
    }
    sys.stderr.write(form.format(logging.makeLogRecord(fields)) + "\n")


@contextmanager
def silent() -> Iterator[None]:
    """Log errors only: for a command whose output already covers the rest."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


class Collected(logging.Handler):
    """The warnings of a run, for its alert."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING:
            self.messages.append(redacted(record.getMessage()))


@contextmanager
def collected() -> Iterator[list[str]]:
    """Collect every warning logged in the block."""
    handler = Collected()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.messages
    finally:
        logging.getLogger().removeHandler(handler)
