"""Serve made-up rows for a benchmark, and change them as a day does.

    python -m tools.serve_days --rows 4000000

prints the portal's address. At each line on standard input the next day begins, and
what it changed is printed as JSON: how many rows were added, changed and removed as
far as a daily run can know it. The rows are those of `tools.fill_home`.

Of each city a day has some hundred new rows; some hundred corrections of the two months
before; some tens of late corrections; and some removals, recent and late. Late is what
lies before the two months. In San Francisco and Chicago, whose change dates tell of
them, late corrections are from 2018 to 2024; Memphis and Cambridge are replaced as
whole tables, so that a run finds late changes only in the month that it reads again,
and theirs are from that month. Late removals of the first two show when the months are
compared, once a week. `DAYS` has the numbers; of small tables a tenth of what there is
changes at most. None of the whole files changes.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.__main__ import is_since
from demo.generator import corrected, day_rows, sample, without
from demo.portal.server import Portal, serve
from demo.portal.store import Dataset
from demo.rows import draw
from demo.stock import STOCK, made_up, publish, stock_files
from tools.fill_home import END, SEED

# The first days of the window, and of what is late, up to a day.
RECENT = date(2026, 10, 1)
YEARS = date(2018, 1, 1), date(2025, 1, 1)
# Within the month before the window, whatever the zone.
LAST_MONTH = date(2026, 9, 2), date(2026, 9, 29)

MOST_DRAWN_FROM = 200_000


@dataclass(frozen=True)
class Day:
    """What a day changes in a city's table, in rows."""

    window_column: str
    late_in: tuple[date, date]
    added: int
    corrected: int
    corrected_late: int
    removed: int
    removed_late: int
    finds_late_removals: bool = False
    """A daily run does, on each day."""
    stamp: str = ""
    """The column that tells when a row changed, if the publisher has one."""


DAYS = {
    "san_francisco__incidents": Day("report_datetime", YEARS, 400, 300, 40, 20, 10),
    "chicago__incidents": Day("date", YEARS, 350, 250, 30, 15, 10, stamp="updated_on"),
    "memphis__incidents": Day(
        "Offense_Datetime", LAST_MONTH, 200, 150, 30, 10, 5, finds_late_removals=True
    ),
    "cambridge__incidents": Day(
        "date_time", LAST_MONTH, 100, 100, 20, 10, 5, finds_late_removals=True
    ),
}


def pass_day(name: str, published: Dataset, day: date) -> Counter[str]:
    """Change a city's table; return what a daily run finds of it.

    A table without a row identifier can only be replaced as a whole.
    """
    plan, rows = DAYS[name], published.rows()
    dates = rows[plan.window_column]
    recent = drawn(rows, is_since(dates, RECENT), plan.corrected, plan.removed)
    is_late = is_between(dates, *plan.late_in)
    late = drawn(rows, is_late, plan.corrected_late, plan.removed_late)
    new = day_rows(name, day, plan.added, SEED)
    to_correct = pa.concat_tables([recent[0], late[0]])
    changed = stamped(corrected(to_correct, to_correct.num_rows, SEED), plan.stamp)
    gone = pa.concat_tables([recent[1], late[1]])
    if published.key:
        published.upsert(pa.concat_tables([new, changed]))
        published.delete(gone[published.key].to_pylist())
    else:
        kept = without(rows, pa.concat_tables([changed, gone]))
        published.replace(pa.concat_tables([kept, changed, new]))
    found = gone if plan.finds_late_removals else recent[1]
    numbers = {"added": new, "changed": changed, "removed": found}
    return Counter({kind: table.num_rows for kind, table in numbers.items()})


def is_between(dates: pa.ChunkedArray, first: date, end: date) -> pa.ChunkedArray:
    """Whether each date is on or after a day and before another; null is neither."""
    is_early = pc.and_(pc.is_valid(dates), pc.invert(is_since(dates, end)))
    return pc.and_(is_since(dates, first), is_early)


def drawn(rows: pa.Table, which: pa.ChunkedArray, *counts: int) -> list[pa.Table]:
    """Draw rows for several purposes from those of a mask, at most a tenth for each."""
    places = np.flatnonzero(which.to_numpy())
    counts = tuple(min(count, len(places) // 10) for count in counts)
    # All of two months, lest one of two rows with the same key is drawn; not all of
    # seven years, since `sample` makes each row's key.
    few = np.random.default_rng(SEED).permutation(places)[:MOST_DRAWN_FROM]
    rest, tables = rows.take(pa.array(np.sort(few))), []
    for count in counts:
        tables.append(sample(rest, count, SEED))
        rest = without(rest, tables[-1])
    return tables


def stamped(rows: pa.Table, column: str) -> pa.Table:
    """Date the rows' change half a day ago: in no city that is in the future."""
    if not column:
        return rows
    moment = f"{datetime.now(UTC) - timedelta(hours=12):%Y-%m-%dT%H:%M:%S.000}"
    return draw.with_column(rows, column, pa.repeat(moment, rows.num_rows))


def open_portal(
    rows: int, published_at: datetime, only: tuple[str, ...]
) -> tuple[Portal, dict[str, Dataset]]:
    """Publish the cities' rows and the whole files, or only some cities'."""
    portal = Portal(clock=lambda: published_at)
    published = {
        name: publish(portal, name, made_up(name, rows, END, SEED))
        for name in only or STOCK
    }
    if not only:
        stock_files(portal, END, SEED)
    portal.store.clock = lambda: datetime.now(UTC)
    return portal, published


@click.command()
@click.argument("only", nargs=-1)
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--published-at", type=datetime.fromisoformat, help="Default: now.")
@click.option("--port", default=0, help="0 takes a free one.")
def main(
    only: tuple[str, ...], rows: int, published_at: datetime | None, port: int
) -> None:
    """Serve made-up rows of four cities, or of some data sets only."""
    portal, published = open_portal(rows, published_at or datetime.now(UTC), only)
    with serve(portal, port) as url:
        click.echo(url)
        for number, _ in enumerate(sys.stdin, 1):
            found: Counter[str] = Counter()
            for name, table in published.items():
                found += pass_day(name, table, END + timedelta(days=number))
            click.echo(json.dumps(found))


if __name__ == "__main__":
    main()
