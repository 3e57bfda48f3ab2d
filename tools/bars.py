"""What each part of the job may cost, and a table of what it does cost."""

import math
from collections.abc import Iterator
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


ALONE = "DuckDB alone, reading the same pages"
MODELS = "all models from nothing"
HEADER = ("CPU s", "bar", "peak MB", "bar", "MB written", "requests")

# By the names of what `tools.bench` measures, in its order.
BARS = {
    ALONE: Bar(),
    "first load of San Francisco": Bar(times_alone=1.8, memory=1_024),
    "`blotter --help`": Bar({MILLION: 0.3}),
    MODELS: Bar({4 * MILLION: 90, 10 * MILLION: 225}),
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


def bars_in_seconds(
    costs: dict[str, Cost], rows: int, first: int
) -> dict[str, float | None]:
    """The bars as they are for this machine; arguments as for `table`."""
    alone = costs[ALONE].cpu
    return {
        name: bar.at(rows, alone, slowness(alone, first)) for name, bar in BARS.items()
    }


def slowness(alone: float, first: int) -> float:
    """How much longer this machine takes than the one of the bars."""
    return alone / (YARDSTICK * first / MILLION)


def over(costs: dict[str, Cost], rows: int, first: int) -> set[str]:
    """The names of what took more seconds or memory than it may."""
    seconds = bars_in_seconds(costs, rows, first)
    return {
        name
        for name, cost in costs.items()
        if cost.cpu > (seconds[name] or math.inf)
        or cost.memory > (BARS[name].memory or math.inf)
    }


def table(costs: dict[str, Cost], rows: int, first: int) -> Iterator[str]:
    """The lines of a table of costs with the bars beside them.

    Args:
        costs: By the names of `BARS`; a day may do without a part.
        rows: How many rows the home of the models and days holds.
        first: How many rows the first load and the yardstick read.
    """
    slower = slowness(costs[ALONE].cpu, first)
    yield f"The bars are for a machine that takes {slower:.2f} times as long as the"
    yield f"one where DuckDB alone reads a million rows in {YARDSTICK} CPU seconds."
    yield ""
    yield line(f"{first:,} rows", *HEADER)
    seconds, too_much = bars_in_seconds(costs, rows, first), over(costs, rows, first)
    for name, cost in costs.items():
        if name == MODELS:
            yield f"{rows:,} rows of four cities"
        bars = shown(seconds[name], ".1f"), shown(BARS[name].memory, ",")
        yield line(
            *(name, f"{cost.cpu:.1f}", bars[0], f"{cost.memory:,}", bars[1]),
            *(f"{cost.written:,}", shown(cost.requests, ",")),
            "over" if name in too_much else "",
        )


def shown(figure: float | None, form: str) -> str:
    return "" if figure is None else format(figure, form)


def line(name: str, *cells: str) -> str:
    widths = (9, 9, 9, 8, 12, 10, 7)
    ends = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False)]
    return f"{name:42}{''.join(ends)}".rstrip()
