"""What it costs to build, open and filter the site.

    python -m tools.bench_site [ROWS]

Made-up San Francisco rows are loaded, built and published as `blotter daily` does it;
then the site alone is built from the same rows ten times over.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import click
import duckdb

from demo.generator import generate
from demo.portal.server import Portal, serve
from demo.stock import publish
from pipelines.site import summaries
from pipelines.site.files import into
from pipelines.site.pages import Shown, Site
from tests.support.servers import browser as chromium

DATASET = "san_francisco__incidents"
FIRST, LAST = date(2018, 1, 1), date(2026, 11, 20)
TODAY = "2026-11-21"
TIMES = 10
PAGE = "san_francisco/index.html"
# What a reader chooses, one after another.
CHOICES = [
    ("kind", "violent"),
    ("district", "Mission"),
    ("kind", "property"),
    ("district", "Central"),
    ("kind", ""),
    ("district", ""),
]


def load(rows: int, home: Path) -> None:
    """Load, build and publish made-up rows."""
    portal = Portal(seed=1)
    publish(portal, DATASET, generate(DATASET, rows, FIRST, LAST, seed=1))
    with serve(portal) as url:
        settings = {"BLOTTER_HOME": str(home), "BLOTTER_PORTAL": url}
        subprocess.run(
            [sys.executable, "-m", "pipelines", "daily", DATASET, "--today", TODAY],
            env=os.environ | settings,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def build(data: Path, folder: Path, times: int) -> float:
    """Build the site from a city's rows `times` times over; return the seconds."""
    with duckdb.connect() as db:
        for path in sorted(data.iterdir()):
            if path.suffix == ".parquet":
                db.execute(f"create view {path.stem} as from read_parquet('{path}')")
            elif path.is_dir():
                files = f"{path}/**/*.parquet"
                db.execute(f"create view {path.name} as from read_parquet('{files}')")
        if times > 1:
            db.execute("create view once as from fct_incidents")
            db.execute(
                "create or replace table many as select once.* "
                f"from once cross join range({times})"
            )
            db.execute("create or replace view fct_incidents as from many")
        begin = time.monotonic()
        summaries.count(db)
        site = Site(db, into(folder), Shown(read=[]))
        site.build()
        site.write_status({"datasets": []}, {})
        return time.monotonic() - begin


def look(folder: Path) -> None:
    """Print how many seconds it takes to draw the first page, and each choice on it."""
    with chromium.served(folder) as address, chromium.browser() as browser:
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        begin = time.monotonic()
        page, _ = chromium.opened(context, address + PAGE)
        cold = time.monotonic() - begin
        click.echo(f"  first page drawn after {cold:.2f} s")
        for period, words in {"365": "a year", "all": "all years"}.items():
            first = chosen(page, "period", period)
            taken = [chosen(page, *choice) for choice in CHOICES]
            click.echo(
                f"  {words}: read after {first:.2f} s; a filter "
                f"{statistics.median(taken):.2f} s, at most {max(taken):.2f} s"
            )


def chosen(page: Any, name: str, value: str) -> float:
    """Seconds from a choice until all that it changes is drawn."""
    begin = time.monotonic()
    page.select_option(f"#filters [name={name}]", value)
    page.wait_for_function("document.documentElement.dataset.busy === 'no'")
    return time.monotonic() - begin


def size(folder: Path) -> float:
    """Megabytes of the pages, without the data files."""
    files = [p for p in folder.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files if "data" not in p.parts) / 1e6


@click.command()
@click.argument("rows", default=1_000_000)
def main(rows: int) -> None:
    """Measure a site with ROWS rows of one city, and with ten times as many."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "home"
        load(rows, home)
        for times in (1, TIMES):
            folder = Path(place) / f"site{times}"
            folder.mkdir()
            seconds = build(home / "published" / "data", folder, times)
            click.echo(f"{rows * times:,} rows: site built in {seconds:.1f} s")
            click.echo(f"  {size(folder):.1f} MB in all")
            look(folder)


if __name__ == "__main__":
    main()
