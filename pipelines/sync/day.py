"""The day of one data set: everything is read and proven, then written at once."""

from typing import TYPE_CHECKING

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window, are_over
from pipelines.portals.reader import Reader
from pipelines.sync.late_edits import (
    compare_months,
    merge,
    months_to_read_again,
    months_with_doubles,
    strays,
    sweep,
)
from pipelines.sync.months import load_months, read_months, write
from pipelines.sync.run import Tally
from pipelines.sync.window import Proven

if TYPE_CHECKING:
    from pipelines.sync.run import Run


def load_day(
    run: "Run",
    reader: Reader,
    window: Window,
    unread: list[Window],
    reconcile: bool,
    tally: Tally,
) -> list[Proven]:
    """Read the window and what may have changed before it; then write all of it.

    What fails on the way, or is refused, leaves the data set as it was yesterday: no
    model is built of half a day. Months that no run has read yet are history: they are
    loaded as they come, each whole, and so is the window before them.

    Returns:
        What the window and the sweep told, where there was no such history.
    """
    dataset = reader.dataset
    news: list[Proven] = []
    swept_to = run.warehouse.ledger.swept_to(dataset, run.now)
    if unread:
        load_months(run, reader, [window, *unread], tally)
    else:
        news += read_months(run, reader, [window], tally)
    swept: list[Proven] = []
    if swept_to and dataset.sweeps and reader.can_sweep:
        swept = sweep(run, reader, window, swept_to, tally)
    else:
        tally.unswept_at = run.now
    stray = strays(run, reader, tally)
    doubled = months_with_doubles(run, reader, swept, news)
    wanted = {*doubled}
    if reconcile or comparison_is_due(run, dataset):
        parts = [*news, *swept, *stray]
        wanted.update(compare_months(run, reader, window, parts, tally))
    wanted.update(months_to_read_again(run, dataset, window, reconcile, tally))
    old, all_proven = read_again(run, reader, wanted, tally)
    if doubled and not all_proven:
        swept = []
    write(run, reader, [*news, *swept, *stray, *old], tally)
    tally.swept_to = run.now
    return news + swept


def read_again(
    run: "Run", reader: Reader, wanted: set[Window], tally: Tally
) -> tuple[list[Proven], bool]:
    """Read old months, newest first; those that were proven, and whether all were.

    One that moved meanwhile takes no row back: it waits for the next run, and so does a
    sweep that would double rows of it.
    """
    windows = sorted(wanted, key=lambda month: month.start, reverse=True)
    parts = list(read_months(run, reader, windows, tally))
    may_age = reader.dataset.moving_window
    proven = [part for part in parts if part.forgets or may_age]
    return proven, len(proven) == len(parts)


def comparison_is_due(run: "Run", dataset: Dataset) -> bool:
    """Whether the months, if it has any, were last compared `compare_days` ago."""
    if dataset.is_file or not dataset.compare_days:
        return False
    last = run.warehouse.ledger.compared_on(dataset)
    return bool(last and are_over(dataset.compare_days, last, run.day_in(dataset)))


def changes_of(parts: list[Proven]) -> int:
    """How many rows parts change together."""
    found = merge(parts)
    return found.changes.num_rows if found else 0
