"""What the whole job costs: a first load, models, publication, and the days after.

    python -m tools.bench --rows 4000000

Every command runs as a process of its own, and so does the portal: what is measured is
the command's alone. `tools.bars` has what each may cost, `tools.fill_home` how a home
gets its rows, and `tools.serve_days` what a day changes.

With BLOTTER_TARGET=postgres it is measured there, without what the server itself takes,
and leaves schemas whose names begin with `bench_`: drop them before the next time.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import requests

from demo.stock import STOCK
from tools.bars import ALONE, MILLION, MODELS, over, table
from tools.fill_home import TODAY
from tools.measured import Cost, cost_by_part, cost_of
from tools.yardstick import duckdb_alone

# With fewer, Cambridge's is so small a table that its removals show once a week only.
LEAST = 50_000

FIRST_LOADED = "san_francisco__incidents"

# All in one month, so that the window stays the same; months are compared weekly.
QUIET, CHANGED, A_WEEK_LATER = (TODAY + timedelta(days=n) for n in (1, 2, 7))

# How long before the fill the portals published their tables.
AGE = timedelta(days=30)

Measured = Iterator[tuple[str, Cost]]


@dataclass
class Days:
    """A portal in a process of its own; see `tools.serve_days`."""

    process: subprocess.Popen[str]
    url: str

    def pass_one(self) -> dict[str, int]:
        """Let a day pass; how many rows a daily run must find, by kind."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, int] = json.loads(self.process.stdout.readline())
        return found

    def requests(self) -> int:
        """How many requests the portal got so far."""
        return len(requests.get(f"{self.url}/_portal/requests", timeout=60).json())


@contextmanager
def portal(*arguments: str) -> Iterator[Days]:
    """Serve made-up rows until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tools.serve_days", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield Days(process, process.stdout.readline().strip())
        finally:
            process.kill()


def first_load(place: Path, rows: int) -> Measured:
    """Read a city's rows into an empty home, and its pages with DuckDB alone."""
    of_all = round(rows / STOCK[FIRST_LOADED][0])
    with portal(FIRST_LOADED, f"--rows={of_all}") as days:
        yield ALONE, duckdb_alone(days.url, FIRST_LOADED, place)
        command = ("-m", "pipelines", "daily", FIRST_LOADED, "--no-build")
        cost = cost_of(
            *(*command, "--today", str(TODAY)),
            BLOTTER_PORTAL=days.url,
            BLOTTER_HOME=str(place / "home"),
            BLOTTER_PREFIX="bench_first_",
        )
        yield "first load of San Francisco", cost
    yield "`blotter --help`", cost_of("-m", "pipelines", "--help")


def job(place: Path, rows: int) -> Measured:
    """Models and publication from nothing, and the days after, with rows held."""
    published = datetime.now(UTC) - AGE
    given = f"--rows={rows}", f"--published-at={published}", f"--port={free_port()}"
    home = place / "home"
    told = {"BLOTTER_HOME": str(home), "BLOTTER_PREFIX": "bench_"}
    cost_of("-m", "tools.fill_home", str(home), *given, **told)
    yield MODELS, cost_of("-m", "pipelines", "build", **told)
    with portal(*given) as days:
        told["BLOTTER_PORTAL"] = days.url

        def day(today: date) -> dict[str, Cost]:
            command, file = ("daily", "--today", str(today)), place / "parts.json"
            before = days.requests()
            costs = cost_by_part(*command, file=file, **told)
            sent = days.requests() - before
            return costs | {"": replace(costs[""], requests=sent)}

        yield "publication from nothing", day(TODAY)["publication"]
        yield from named("a quiet day", day(QUIET))
        check(home, {})
        changes = days.pass_one()
        yield from named("a changed day", day(CHANGED))
        check(home, changes)
        yield "a week later, when months are compared", day(A_WEEK_LATER)[""]


def named(day: str, costs: dict[str, Cost]) -> Measured:
    """What a day cost, and each of its parts: a quiet one may have fewer."""
    yield day, costs.pop("")
    for part, cost in costs.items():
        yield f"{day}: {part}", cost


def check(home: Path, changes: dict[str, int]) -> None:
    """Fail if the last run found something else than the portal changed."""
    status = json.loads((home / "status.json").read_text())
    found: Counter[str] = Counter()
    for dataset in status["datasets"]:
        for kind in ("added", "changed", "removed", "restored"):
            found[kind] += (dataset["last_run"] or {}).get(kind) or 0
    if +found != Counter(changes):
        raise click.ClickException(f"the portal changed {changes}, found: {found}")


def free_port() -> int:
    """A port that fill and portal can have, one after the other."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def all_measured(rows: int, first: int) -> dict[str, Cost]:
    """Measure everything, in folders that are deleted."""
    costs = {}
    for step, number in ((first_load, first), (job, rows)):
        place = Path(tempfile.mkdtemp(prefix="blotter-bench-"))
        try:
            for name, cost in step(place, number):
                click.echo(f"{name}: {cost}", err=True)
                costs[name] = cost
        finally:
            shutil.rmtree(place)
    return costs


@click.command()
@click.option(
    "--rows",
    type=click.IntRange(LEAST),
    default=MILLION,
    show_default=True,
    help="Rows of the four cities.",
)
def main(rows: int) -> None:
    """Print what each part of the job costs, beside what it may cost."""
    first = min(rows, MILLION)
    costs = all_measured(rows, first)
    click.echo("\n" + "\n".join(table(costs, rows, first)))
    if too_much := over(costs, rows, first):
        raise click.ClickException(f"{len(too_much)} lines are over their bars")


if __name__ == "__main__":
    main()
