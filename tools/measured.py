"""What a command costs: CPU seconds, peak memory, bytes written; whole and by part.

    python -m tools.measured FILE daily --today 2026-11-21

runs `blotter daily` and writes what each part of the run cost to FILE, as JSON.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from pipelines import cli, jobs

PROC = Path("/proc/self")

# The functions that the second and third part of a daily run are.
PARTS = {"build_models": "models", "publish_models": "publication"}
FIRST = "loading"


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system), peak memory and bytes written in MB.

    Children count for seconds and bytes. Outside of Linux no bytes are known.
    """

    cpu: float
    memory: int
    written: int
    requests: int | None = None
    """How many a portal got, where that is counted."""


# On Linux, a program's peak memory includes that of the process that started it. This
# one may be large, so it starts a small one, which starts the program.
MEASURE = """
import pathlib, re, resource, subprocess, sys
def written():
    io = pathlib.Path("/proc/self/io")
    return int(re.search("wchar: (.*)", io.read_text())[1]) if io.exists() else 0
before = written()
code = subprocess.call([sys.executable, *sys.argv[1:]], stdout=sys.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = used.ru_utime + used.ru_stime
print(cpu, used.ru_maxrss // 1024, (written() - before) // 1_000_000)
sys.exit(code)
"""


def cost_of(*arguments: str, folder: Path | None = None, **environment: str) -> Cost:
    """Run a Python process to its end and measure it; its output goes to stderr.

    Args:
        folder: Where it runs; by default here.
    """
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    if measured.returncode:
        raise click.ClickException(f"{' '.join(arguments)} failed")
    cpu, memory, written = measured.stdout.split()
    return Cost(float(cpu), int(memory), int(written))


def cost_by_part(*arguments: str, file: Path, **environment: str) -> dict[str, Cost]:
    """Run a command of Blotter's, and measure it (as "") and each of its parts.

    Args:
        file: Where the process writes what its parts cost.
    """
    whole = cost_of("-m", "tools.measured", str(file), *arguments, **environment)
    parts = {name: Cost(**cost) for name, cost in json.loads(file.read_text()).items()}
    # The process forgets its peak at the end of each part.
    peak = max(whole.memory, *(part.memory for part in parts.values()))
    return {"": Cost(whole.cpu, peak, whole.written), **parts}


class Parts:
    """What each part of this process has cost."""

    def __init__(self, first: str):
        self.name, self.costs = first, dict[str, Cost]()
        self.cpu, self.written = 0.0, 0

    def begin(self, name: str) -> None:
        """End the part under way and begin another."""
        cpu, written = cpu_used(), figure("io", "wchar")
        self.costs[self.name] = Cost(
            cpu - self.cpu,
            figure("status", "VmHWM") // 1024,
            (written - self.written) // 1_000_000,
        )
        self.name, self.cpu, self.written = name, cpu, written
        forget_peak()

    def begun_by(self, work: Callable[..., Any], name: str) -> Callable[..., Any]:
        """A function's call begins a part."""

        def part(*given: Any, **named: Any) -> Any:
            self.begin(name)
            return work(*given, **named)

        return part


def cpu_used() -> float:
    """CPU seconds of this process and of its children that have ended."""
    sides = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(side) for side in sides]
    return sum(each.ru_utime + each.ru_stime for each in used)


def figure(file: str, name: str) -> int:
    """A figure that Linux tells of this process: bytes in `io`, kB in `status`."""
    if not (PROC / file).exists():
        return 0
    lines = (PROC / file).read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return int(told[name].split()[0])


def forget_peak() -> None:
    """Start the peak of memory over, where Linux lets a process do so."""
    with suppress(OSError):
        (PROC / "clear_refs").write_text("5")


def main() -> None:
    """Run a command and write what its parts cost."""
    file, parts = Path(sys.argv.pop(1)), Parts(FIRST)
    for work, name in PARTS.items():
        setattr(jobs, work, parts.begun_by(getattr(jobs, work), name))
    try:
        cli.main()
    finally:
        parts.begin("")
        costs = {name: asdict(cost) for name, cost in parts.costs.items()}
        file.write_text(json.dumps(costs))


if __name__ == "__main__":
    main()
