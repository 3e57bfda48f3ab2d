"""What each part of the job may cost, and a table of what it does cost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tools.measured import Cost

MILLION = 1_000_000

# CPU seconds of DuckDB alone for a million rows, where the bars hold as written.
YARDSTICK = 15.5


@dataclass(frozen=True)
class Bar:
    """What a part may cost: CPU seconds by rows held, and MB of memory."""

    seconds: dict[int, float] = field(default_factory=dict)
    """A number of rows in between goes by the next higher one."""
    times_alone: float | None = None
    """Instead of seconds: how many times what DuckDB alone takes."""
    memory: int | None = None

    def at(self, rows: int, alone: float, scale: float) -> float | None:
        """The bar in seconds.

        Args:
            alone: What DuckDB alone took.
            scale: How much slower this machine is than the one of the bars.
        """
        if self.times_alone is not None:
            return self.times_alone * alone
        if not self.seconds:
            return None
        size = min((n for n in self.seconds if n >= rows), default=max(self.seconds))
        return self.seconds[size] * scale


OVER = "over"
ALONE = "DuckDB alone, reading the same pages"

# The table's rows in order.
BARS = {
    ALONE: Bar(),
    "first load of San Francisco": Bar(times_alone=1.8, memory=1_024),
    "`blotter --help`": Bar({MILLION: 0.3}),
    "all models from nothing": Bar({4 * MILLION: 90, 10 * MILLION: 225}),
    "publication from nothing": Bar({4 * MILLION: 45, 10 * MILLION: 112}, memory=800),
    "a quiet day": Bar({4 * MILLION: 5}),
    "a quiet day: loading": Bar(),
    "a quiet day: models": Bar(),
    "a quiet day: publication": Bar(),
    "a changed day": Bar({4 * MILLION: 35, 10 * MILLION: 45}),
    "a changed day: loading": Bar({MILLION: 3.5, 4 * MILLION: 10, 10 * MILLION: 13}),
    "a changed day: models": Bar({4 * MILLION: 12, 10 * MILLION: 15}),
    "a changed day: publication": Bar({4 * MILLION: 10, 10 * MILLION: 13}, memory=800),
    "a week later, when months are compared": Bar(),
}


def table(costs: dict[str, Cost], rows: int, first: int) -> Iterator[str]:
    """The lines of a table of costs with the bars beside them.

    Args:
        costs: By the names of `BARS`; a day may do without a part.
        rows: How many rows the home of the models and days holds.
        first: How many rows the first load and the yardstick read.
    """
    alone = costs[ALONE].cpu
    scale = alone / (YARDSTICK * first / MILLION)
    yield f"The bars are for a machine that takes {scale:.2f} times as long as the"
    yield f"one where DuckDB alone reads a million rows in {YARDSTICK} CPU seconds."
    yield ""
    yield line(
        f"{first:,} rows", "CPU s", "bar", "peak MB", "bar", "MB written", "requests"
    )
    for name, bar in BARS.items():
        if name == "all models from nothing":
            yield f"{rows:,} rows of four cities"
        if name not in costs:
            continue
        cost, seconds = costs[name], bar.at(rows, alone, scale)
        yield line(
            *(name, f"{cost.cpu:.1f}", "" if seconds is None else f"{seconds:.1f}"),
            *(f"{cost.memory:,}", f"{bar.memory:,}" if bar.memory else ""),
            *(f"{cost.written:,}", f"{cost.requests:,}" if cost.requests else ""),
            OVER if is_over(cost, seconds, bar.memory) else "",
        )


def line(name: str, *cells: str) -> str:
    widths = (9, 9, 9, 8, 12, 10, 7)
    ends = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False)]
    return f"{name:42}{''.join(ends)}".rstrip()


def is_over(cost: Cost, seconds: float | None, memory: int | None) -> bool:
    """Whether a cost is over its bar in seconds or in memory."""
    is_slow = seconds is not None and cost.cpu > seconds
    return is_slow or (memory is not None and cost.memory > memory)


def number_over(lines: Iterable[str]) -> int:
    """How many lines of a table are over their bar."""
    return sum(each.endswith(f" {OVER}") for each in lines)
