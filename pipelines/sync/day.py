"""Execute a data set's plan: read and verify everything, then write it at once."""

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window
from pipelines.sync.late_edits import (
    compare_months,
    merge,
    months_to_read_again,
    months_with_doubles,
    strays,
    sweep,
)
from pipelines.sync.months import load, load_months, read_months
from pipelines.sync.plan import Plan
from pipelines.sync.run import DatasetRun
from pipelines.sync.window import Proven


def carry_out(job: DatasetRun, plan: Plan) -> None:
    """Read what a plan asks for and write what differs."""
    if plan.is_unchanged:
        news = 0
    elif plan.looks_back:
        news = changes_of(load_day(job, plan))
    else:
        load_months(job, plan.windows)
        news = job.counts.changes
    if plan.looks_back:
        job.swept_to = job.run.now
    if plan.doubts_version and news:
        job.warn(distrust(job.dataset, news))


def load_day(job: DatasetRun, plan: Plan) -> list[Proven]:
    """Read the window and what may have changed before it, then write it all at once.

    If a read fails or is refused, the data set stays as it was yesterday, so that no
    model is built from half a day. Months that no run has read yet are a backfill: the
    window and these months are each loaded as soon as they are read.

    Returns:
        What the window and the sweep found; of the sweep alone during a backfill.
    """
    news: list[Proven] = []
    if plan.months:
        load_months(job, plan.windows)
    else:
        news += read_months(job, plan.windows)
    swept = sweep(job, plan)
    stray = strays(job)
    doubled = months_with_doubles(job, swept, news)
    wanted = {*doubled, *old_months(job, plan, [*news, *swept, *stray])}
    old, all_proven = read_again(job, wanted)
    if doubled and not all_proven:
        swept = []
    load(job, [*news, *swept, *stray, *old])
    return news + swept


def old_months(job: DatasetRun, plan: Plan, parts: list[Proven]) -> set[Window]:
    """Months before the window that differ, or that no sweep could check.

    Args:
        parts: What this run is about to write.
    """
    differing = compare_months(job, plan.window, parts) if plan.compare else []
    return {*differing, *months_to_read_again(job, plan)}


def read_again(job: DatasetRun, wanted: set[Window]) -> tuple[list[Proven], bool]:
    """Read old months, newest first; return the complete ones and whether all were.

    A month that changed during the read must not remove rows: it waits for the next
    run, and so does a sweep that would duplicate its rows.
    """
    windows = sorted(wanted, key=lambda month: month.start, reverse=True)
    parts = list(read_months(job, windows))
    may_age = job.dataset.moving_window
    proven = [part for part in parts if part.forgets or may_age]
    return proven, len(proven) == len(parts)


def changes_of(parts: list[Proven]) -> int:
    """How many rows the parts change in total."""
    found = merge(parts)
    return found.changes.num_rows if found else 0


def distrust(dataset: Dataset, news: int) -> str:
    """The warning about rows that changed although the portal's version did not."""
    return (
        f"{dataset.label} changed {news:,} rows although its own date of change did "
        "not move, so that date can't be trusted. Set `reread_days = 1` in "
        f"{dataset.name}.toml to read it every day."
    )
