"""Which modules of tests take longest: that it grows is seen before it hurts."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

SHOWN = 10


def seconds_by_module(reports: Iterable[Any]) -> Counter[str]:
    """Seconds of setup, call and teardown of each module's tests, over all workers."""
    seconds: Counter[str] = Counter()
    for report in reports:
        if hasattr(report, "duration"):
            seconds[report.nodeid.partition("::")[0]] += report.duration
    return seconds


def lines(seconds: Counter[str]) -> list[str]:
    """The slowest modules, slowest first, and what all take together."""
    slowest = [f"{took:7.1f} s  {name}" for name, took in seconds.most_common(SHOWN)]
    return [*slowest, f"{seconds.total():7.1f} s  all {len(seconds)} modules"]
