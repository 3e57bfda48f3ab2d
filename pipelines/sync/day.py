"""The day of one data set: everything is read and proven, then written at once."""

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window, are_over
from pipelines.sync.late_edits import (
    compare_months,
    merge,
    months_to_read_again,
    months_with_doubles,
    strays,
    sweep,
)
from pipelines.sync.months import load, load_months, read_months
from pipelines.sync.run import DatasetRun, Run
from pipelines.sync.window import Proven


def load_day(
    job: DatasetRun, window: Window, unread: list[Window], reconcile: bool
) -> list[Proven]:
    """Read the window and what may have changed before it; then write all of it.

    What fails on the way, or is refused, leaves the data set as it was yesterday: no
    model is built of half a day. Months that no run has read yet are history: they are
    loaded as they come, each whole, and so is the window before them.

    Returns:
        What the window and the sweep told, where there was no such history.
    """
    dataset, now = job.dataset, job.run.now
    news: list[Proven] = []
    swept_to = job.warehouse.ledger.swept_to(dataset, now)
    if unread:
        load_months(job, [window, *unread])
    else:
        news += read_months(job, [window])
    swept: list[Proven] = []
    if swept_to and dataset.sweeps and job.reader.can_sweep:
        swept = sweep(job, window, swept_to)
    else:
        job.unswept_at = now
    stray = strays(job)
    doubled = months_with_doubles(job, swept, news)
    wanted = {*doubled}
    if reconcile or comparison_is_due(job.run, dataset):
        wanted.update(compare_months(job, window, [*news, *swept, *stray]))
    wanted.update(months_to_read_again(job, window, reconcile))
    old, all_proven = read_again(job, wanted)
    if doubled and not all_proven:
        swept = []
    load(job, [*news, *swept, *stray, *old])
    job.swept_to = now
    return news + swept


def read_again(job: DatasetRun, wanted: set[Window]) -> tuple[list[Proven], bool]:
    """Read old months, newest first; those that were proven, and whether all were.

    One that moved meanwhile takes no row back: it waits for the next run, and so does a
    sweep that would double rows of it.
    """
    windows = sorted(wanted, key=lambda month: month.start, reverse=True)
    parts = list(read_months(job, windows))
    may_age = job.dataset.moving_window
    proven = [part for part in parts if part.forgets or may_age]
    return proven, len(proven) == len(parts)


def comparison_is_due(run: Run, dataset: Dataset) -> bool:
    """Whether the months, if it has any, were last compared `compare_days` ago."""
    if dataset.is_file or not dataset.compare_days:
        return False
    last = run.warehouse.ledger.compared_on(dataset)
    return bool(last and are_over(dataset.compare_days, last, run.day_in(dataset)))


def changes_of(parts: list[Proven]) -> int:
    """How many rows parts change together."""
    found = merge(parts)
    return found.changes.num_rows if found else 0
