"""The day of one data set: everything is read and proven, then written at once."""

from datetime import timedelta
from typing import TYPE_CHECKING

from pipelines.batches import load_months, read_months, write
from pipelines.dataset import Dataset
from pipelines.late_edits import compare_months, months_with_doubles, sweep
from pipelines.portal import Reader
from pipelines.read import Tally
from pipelines.windows import Window

if TYPE_CHECKING:
    from pipelines.run import Run


def load_day(
    run: "Run",
    reader: Reader,
    window: Window,
    unread: list[Window],
    reconcile: bool,
    tally: Tally,
) -> None:
    """Read the window and what may have changed before it; then write all of it.

    What fails on the way, or is refused, leaves the data set as it was yesterday: no
    model is built of half a day. Months that no run has read yet are history: they are
    loaded as they come, each whole, and so is the window before them.
    """
    dataset, ledger = reader.dataset, run.warehouse.ledger
    swept_to = ledger.swept_to(dataset, run.now)
    if unread:
        load_months(run, reader, [window, *unread], tally)
        parts = []
    else:
        parts = list(read_months(run, reader, [window], tally))
    wanted: list[Window] = []
    if swept_to and dataset.sweeps and reader.can_sweep:
        swept = sweep(run, reader, window, swept_to, tally)
        parts += swept
        wanted += months_with_doubles(run, reader, swept, parts)
    if reconcile or comparison_is_due(run, dataset):
        wanted += compare_months(run, reader, window, parts, tally)
    again = sorted(set(wanted), key=lambda month: month.start, reverse=True)
    parts += read_months(run, reader, again, tally)
    write(run, reader, parts, tally)
    tally.swept_to = run.now


def comparison_is_due(run: "Run", dataset: Dataset) -> bool:
    """Whether the months were last compared `compare_days` ago."""
    last = run.warehouse.ledger.compared_at(dataset, run.now)
    every = timedelta(days=dataset.compare_days)
    return bool(dataset.compare_days and last and run.now - last >= every)
