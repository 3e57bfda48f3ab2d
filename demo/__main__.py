"""Demonstrate all of Blotter on made-up rows: load them, then one day's changes.

    python -m demo

A local portal stands in for the publishers' portals. What Blotter finds is compared
with what the portal did; the exit code is 1 if any number differs.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.compute as pc

from demo import generator
from demo.portal.server import Portal, serve
from demo.portal.store import Dataset
from demo.rows import draw
from demo.stock import publish, stock_files

HOME = Path("blotter_home_demo")
FIRST_DAY = date(2024, 1, 1)
SEED = 2024

# The day's changes are to rows this recent, so inside any two-month window.
RECENT = timedelta(days=25)
# Late corrections are to rows this old, so before any window.
OLD = timedelta(days=100)
# How long before the demo the portals published their tables.
AGE = timedelta(days=30)

KINDS = ("added", "changed", "removed", "restored")

DATASETS = "BLOTTER_DATASETS"

COMMAND = [sys.executable, "-m", "pipelines"]

# Time and level of the command's log lines.
LOG_HEAD = re.compile(r"^\S+Z (INFO )?")

QUERY = (
    "select city, incident_category, count(*) from marts.fct_incidents "
    "where is_counted group by all order by 3 desc limit 9"
)


@dataclass(frozen=True)
class Publication:
    """A data set in the demo: its share of the rows, and the day's changes."""

    title: str
    dataset: str
    window_column: str = ""
    """Empty if rows of any age may change: a file is read whole."""
    share: float = 0
    """Of the requested rows; files have a fixed size."""
    new: int = 0
    corrected: int = 0
    removed: int = 0
    late: int = 0
    """Of the corrected rows, those older than the window."""
    stamp: str = ""
    """The column that says when a row changed, if the publisher has one."""


PUBLICATIONS = [
    Publication(
        *("San Francisco", "san_francisco__incidents", "report_datetime"),
        share=0.45,
        new=52,
        corrected=31,
        removed=4,
        late=6,
    ),
    Publication(
        *("Chicago", "chicago__incidents", "date"),
        share=0.4,
        new=43,
        corrected=17,
        removed=3,
        late=5,
        stamp="updated_on",
    ),
    Publication("Memphis", "memphis__incidents", "Offense_Datetime", 0.12, 14, 9, 2),
    Publication("Cambridge", "cambridge__incidents", "date_time", 0.03, 11, 5, 1),
    Publication(
        *("US shootings", "washington_post__shootings"), new=6, corrected=8, removed=2
    ),
    Publication("US agencies", "washington_post__agencies", new=1, corrected=3),
    Publication("US population", "census__county_population"),
    Publication("US unemployment", "bls__county_unemployment"),
    Publication("US cities", "simplemaps__cities"),
    Publication("SF areas", "san_francisco__neighborhood_boundaries"),
    Publication("Chicago areas", "chicago__neighborhood_boundaries"),
    Publication("Memphis areas", "memphis__district_boundaries"),
    Publication("Cambridge areas", "cambridge__neighborhood_boundaries"),
]


def chosen(said: str) -> list[Publication]:
    """What the demo loads: of BLOTTER_DATASETS what it has rows of; without it, all.

    Raises:
        SystemExit: It has no rows of any city that is named.
    """
    named = re.findall(r"[^\s,]+", said)
    found = [
        each
        for each in PUBLICATIONS
        if not named or {each.dataset, each.dataset.split("__")[0]} & {*named}
    ]
    if not any(each.share for each in found):
        cities = ", ".join(p.dataset.split("__")[0] for p in PUBLICATIONS if p.share)
        raise SystemExit(f"BLOTTER_DATASETS is {said!r}; the demo has {cities}.")
    return found


def open_portal(
    rows: int, first: date, today: date
) -> tuple[Portal, dict[str, Dataset]]:
    """Publish about `rows` rows, dated `first` to yesterday, and whole files."""
    published_at = datetime.now(UTC) - AGE
    portal = Portal(seed=SEED, clock=lambda: published_at)
    yesterday = today - timedelta(days=1)
    published = stock_files(portal, yesterday, SEED)
    for each in PUBLICATIONS:
        if each.share:
            count = round(rows * each.share)
            made = generator.generate(each.dataset, count, first, yesterday, SEED)
            published[each.dataset] = publish(portal, each.dataset, made)
    portal.store.clock = lambda: datetime.now(UTC)
    return portal, published


def pass_day(each: Publication, published: Dataset, day: date) -> None:
    """Apply a day's new rows, corrections and removals to the portal.

    A table without a row identifier can only be replaced as a whole.
    """
    if not each.new + each.corrected + each.removed:
        return
    changed, gone = picked(each, published.rows(), day)
    new = generator.day_rows(each.dataset, day, each.new, SEED + 1)
    changed = generator.corrected(changed, each.corrected, SEED)
    if each.stamp:
        # Half a day ago, so that it is not in the future by the city's clock.
        moment = f"{datetime.now(UTC) - timedelta(hours=12):%Y-%m-%dT%H:%M:%S.000}"
        stamps = pa.repeat(moment, changed.num_rows)
        changed = draw.with_column(changed, each.stamp, stamps)
    if published.key:
        published.upsert(pa.concat_tables([new, changed]))
        published.delete(gone[published.key].to_pylist())
    else:
        kept = generator.without(published.rows(), pa.concat_tables([changed, gone]))
        published.replace(pa.concat_tables([kept, changed, new]))


def picked(each: Publication, rows: pa.Table, day: date) -> tuple[pa.Table, pa.Table]:
    """Pick the rows to correct and those to remove: recent ones, and some old."""
    in_time, dates = each.corrected - each.late, each.window_column
    recent = rows.filter(is_since(rows[dates], day - RECENT)) if dates else rows
    drawn = generator.sample(recent, in_time + each.removed, SEED)
    to_correct = drawn.slice(0, in_time)
    if each.late:
        old = rows.filter(pc.invert(is_since(rows[dates], day - OLD)))
        late = generator.sample(old, each.late, SEED)
        to_correct = pa.concat_tables([to_correct, late])
    return to_correct, drawn.slice(in_time)


def is_since(dates: pa.ChunkedArray, opens: date) -> pa.ChunkedArray:
    """Whether each calendar date or epoch of a column is on or after a day."""
    midnight = datetime(opens.year, opens.month, opens.day, tzinfo=UTC)
    is_epoch = "T" not in pc.min(dates).as_py()
    bound = str(int(midnight.timestamp()) * 1000) if is_epoch else opens.isoformat()
    return pc.fill_null(pc.greater_equal(dates, bound), False)


def blotter(portal: str, home: Path, *arguments: str) -> Iterator[str]:
    """Run the command on what the demo loads and yield its output line by line.

    Raises:
        SystemExit: It failed; its last lines say why.
    """
    loaded = ",".join(each.dataset for each in chosen(os.environ.get(DATASETS, "")))
    with subprocess.Popen(
        [*COMMAND, *arguments],
        env=os.environ
        | {"BLOTTER_PORTAL": portal, "BLOTTER_HOME": str(home)}
        | {"BLOTTER_TARGET": "duckdb", DATASETS: loaded},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield from process.stdout or ()
    if process.returncode:
        raise SystemExit(
            f"blotter {' '.join(arguments)} exited with {process.returncode}"
        )


def changes_logged(portal: str, home: Path) -> dict[str, Counter[str]]:
    """Count the entries in the change logs so far, by data set and kind."""
    logged: dict[str, Counter[str]] = {}
    since = ("--since", "2000-01-01")
    for row in json.loads("".join(blotter(portal, home, "changes", *since, "--json"))):
        kinds = {kind: row[kind] for kind in KINDS}
        logged.setdefault(row["dataset"], Counter()).update(kinds)
    return logged


def comparison(
    found: Mapping[str, Mapping[str, int]], loaded: list[Publication]
) -> tuple[list[str], bool]:
    """A table of what the portal did and what Blotter found; and whether they agree."""
    lines = [
        f"{'':15}{'the portal did':>26}   {'Blotter found':>26}",
        f"{'':15}{'new':>6}{'corrected':>11}{'removed':>9}   "
        f"{'added':>8}{'changed':>9}{'removed':>9}",
    ]
    agree = True
    for each in loaded:
        log = found.get(each.dataset, {})
        did = [each.new, each.corrected, each.removed]
        saw = [log.get(kind, 0) for kind in ("added", "changed", "removed")]
        same = did == saw and not log.get("restored")
        agree &= same
        lines.append(
            f"{each.title:15}{did[0]:>6}{did[1]:>11}{did[2]:>9}   "
            f"{saw[0]:>8}{saw[1]:>9}{saw[2]:>9}" + ("" if same else "  <- differs")
        )
    return lines, agree


def show(rows: int, first: date, today: date, home: Path, *options: str) -> bool:
    """Run the demo; return whether Blotter found what the portal did.

    `options` go to both runs of `blotter daily`.
    """
    loaded = chosen(os.environ.get(DATASETS, ""))
    if home.exists():
        shutil.rmtree(home)
    yesterday = today - timedelta(days=1)
    portal, published = open_portal(rows, first, yesterday)
    held = sum(dataset.count for dataset in published.values())
    with serve(portal) as url:
        click.echo(f"A portal on this machine holds {held:,} made-up rows: {url}")
        click.echo(f"\n$ blotter daily --today {yesterday}   (the first: everything)")
        say(blotter(url, home, "daily", "--today", str(yesterday), *options))
        before = changes_logged(url, home)
        click.echo("\nA day passes: the publishers add, correct and remove rows.")
        for each in loaded:
            pass_day(each, published[each.dataset], yesterday)
        click.echo(f"\n$ blotter daily --today {today}")
        say(blotter(url, home, "daily", "--today", str(today), *options))
        after = changes_logged(url, home)
    found = {name: kinds - before.get(name, Counter()) for name, kinds in after.items()}
    lines, agree = comparison(found, loaded)
    click.echo("\n" + "\n".join(lines))
    return agree


def say(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo("  " + LOG_HEAD.sub("", line.rstrip()))


def what_next(home: Path) -> str:
    programs = Path(sys.executable).parent
    if programs.is_relative_to(Path.cwd()):
        programs = programs.relative_to(Path.cwd())
    return f"""
Everything is in {home}/; the tables are in {home}/blotter.duckdb.
Look at the site, {home}/published/index.html, with:

  BLOTTER_HOME={home} {programs}/blotter site --serve

and try next:

  BLOTTER_HOME={home} {programs}/blotter status
  {programs}/python -c "import duckdb; duckdb.connect('{home}/blotter.duckdb').sql(\\
    '{QUERY}').show()"
"""


@click.command()
@click.option(
    "--rows", default=100_000, show_default=True, help="Rows of the four cities."
)
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of the second run; default: today.",
)
def main(rows: int, today: datetime | None) -> None:
    """Load made-up tables, let a day pass, and compare what Blotter found."""
    day = today.date() if today else datetime.now(UTC).date()
    agree = show(rows, FIRST_DAY, day, HOME)
    click.echo(
        what_next(HOME) if agree else "\nThe numbers differ: this is a bug in Blotter."
    )
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
