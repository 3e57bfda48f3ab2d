"""The status for a person, and whether it is fresh."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import convert

from pipelines.datasets.windows import local_day
from pipelines.errors import ConfigError
from pipelines.ops.rhythm import Rhythm
from pipelines.ops.rhythm import in_words as rhythm_in_words
from pipelines.ops.status import SLACK


def in_words(status: dict[str, Any], now: datetime) -> str:
    """The status for a person at an instant: one line per data set, then the problems.

    Each line is followed by how often new rows come and how long ago they last came.
    """
    lines = [f"{'data set':40}{'rows':>11}{'removed':>9}  {'newest row':21}last run"]
    notes = []
    for entry in status["datasets"]:
        last = entry["last_run"]
        if last is None and not entry["enabled"]:
            continue
        said = f"{last['outcome']} {last['finished_at'] or ''}" if last else "never"
        newest = (entry["newest"] or "-")[:19]
        lines.append(
            f"{entry['dataset']:40}{entry['row_count']:>11,}"
            f"{entry['removed_count']:>9,}  {newest:21}{said}"
        )
        if "rhythm" in entry and last:
            day = local_day(now, ZoneInfo(entry["zone"]))
            lines.append(f"  {rhythm_in_words(convert(entry['rhythm'], Rhythm), day)}")
        if last:
            notes += [f"! {last['error']}"] if last["error"] else []
            notes += [f"  {w}" for w in (last["warnings"] or "").splitlines()]
    if status["models"]:
        lines.append(
            f"{'models':40}{'':43}{status['models']['outcome']} "
            f"{status['models']['finished_at']}"
        )
        notes += [f"! {e}"] if (e := status["models"]["error"]) else []
    lines += notes
    lines.append(f"last good daily run: {status['last_good_run'] or 'none yet'}")
    return "\n".join(lines)


def is_fresh(status: dict[str, Any], max_age: str, now: datetime) -> bool:
    """Whether the last good run ended within an age such as `36h` or `2d`.

    Raises:
        ConfigError: The age can't be read.
    """
    units = {"h": "hours", "d": "days", "m": "minutes"}
    if not (max_age[:-1].isdigit() and max_age[-1] in units):
        raise ConfigError(f"{max_age!r} is not an age; use e.g. 36h, 2d or 90m.")
    age = timedelta(**{units[max_age[-1]]: int(max_age[:-1])})
    last = status["last_good_run"]
    # A time in the future was stamped by a wrong clock, so it shows no age.
    return last is not None and -SLACK <= now - datetime.fromisoformat(last) <= age
