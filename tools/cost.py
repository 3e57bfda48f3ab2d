"""What a day costs the portals and this machine: requests and CPU seconds.

    python -m tools.cost --rows 20000

The command runs each kind of day on the demo's portal, without models. For first loads
and large tables see `tools.bench_loading`.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import click

from demo.portal.server import Portal, serve
from demo.portal.store import Dataset
from demo.stock import STOCK, stock
from tools.bench_loading import cost_of

FIRST = date(2026, 11, 21)

# The command, but without re-reading an old month.
WITHOUT = (
    "import pipelines.sync.day as day; day.months_to_read_again = lambda *given: []; "
    "from pipelines.cli import main; main()"
)


@contextmanager
def loaded(rows: int) -> Iterator[tuple[Portal, dict[str, Dataset], Path, str]]:
    """A portal with made-up rows, and a home that they were loaded into."""
    portal, home = Portal(), Path(tempfile.mkdtemp())
    try:
        published = stock(portal, rows, FIRST - timedelta(days=1), 1)
        with serve(portal) as url:
            run(portal, home, url, 0)
            yield portal, published, home, url
    finally:
        shutil.rmtree(home)


def run(
    portal: Portal, home: Path, url: str, days: int, command: tuple[str, ...] = ()
) -> tuple[int, float]:
    """Run `daily` some days after the first; return requests and CPU seconds."""
    portal.requests.clear()
    cost = cost_of(
        *(command or ("-m", "pipelines")),
        *("daily", "--no-build", "--today", str(FIRST + timedelta(days=days))),
        BLOTTER_HOME=str(home),
        BLOTTER_PORTAL=url,
    )
    return len(portal.requests), cost.cpu


@click.command()
@click.option(
    "--rows", default=20_000, show_default=True, help="Rows of the four cities."
)
def main(rows: int) -> None:
    """Print the requests and CPU seconds of days of every kind."""
    with loaded(rows) as (portal, published, home, url):

        def say(kind: str, days: int, command: tuple[str, ...] = ()) -> None:
            requests, cpu = run(portal, home, url, days, command)
            click.echo(f"{kind:50}{requests:5} requests{cpu:7.1f} CPU seconds")

        say("a day without changes at any portal", 1)
        say("the weekly look at unchanged data sets", 7)
        for kind, days, command in (
            ("the cities' tables replaced, no month re-read", 8, ("-c", WITHOUT)),
            ("the cities' tables replaced, a month re-read", 9, ()),
        ):
            for name in STOCK:
                published[name].replace(published[name].rows())
            say(kind, days, command)


if __name__ == "__main__":
    main()
