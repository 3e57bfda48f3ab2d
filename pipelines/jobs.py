"""What a command does with its data sets, from the settings to the status."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import Any

from pipelines import logs, signals
from pipelines.clock import Clock, utc_now
from pipelines.datasets.choice import choose
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.declarations import pick, read_datasets
from pipelines.datasets.overrides import as_set
from pipelines.environment import Found
from pipelines.errors import BlotterError, ConfigError, WarehouseError, unwritable
from pipelines.home import lock
from pipelines.ops.alerts import Alerts, watch
from pipelines.ops.status import write_status
from pipelines.settings import Settings
from pipelines.sync.run import Run
from pipelines.transform.plan import PROJECT, fingerprint, plan
from pipelines.transform.runner import build
from pipelines.warehouse import schema, writes
from pipelines.warehouse.erase import erase, held_of
from pipelines.warehouse.history import MODELS
from pipelines.warehouse.lake import copy_to_lake
from pipelines.warehouse.outcomes import Outcome
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger("blotter")

# What an alert has in place of a data set.
LAKE = "(lake)"

PUBLICATION = "(publication)"

NEEDED_TO_TELL = ("BLOTTER_HOME", "BLOTTER_WEBHOOK", "BLOTTER_HEARTBEAT")


def refuse(found: Found[Settings], command: str) -> None:
    """End a command whose settings are wrong; tell it to those who are told of runs.

    Raises:
        ConfigError: Always; tells the first that is wrong.
    """
    for variable in NEEDED_TO_TELL:
        found.check(variable)
    with watch(found.settings, command):
        found.well()


def run_all(
    settings: Settings,
    command: str,
    names: tuple[str, ...],
    today: date | None,
    with_models: bool,
    work: Callable[[Run, Dataset], BlotterError | None],
    removal_limit: int | None = None,
    clock: Clock = utc_now,
) -> None:
    """Do a command's work on each data set, build the models, and say how it went."""
    command = " ".join([command, *names])
    with watch(settings, command, clock) as alerts:
        datasets = installed(settings)
        chosen = pick({d.name: d for d in datasets}, names)
        with (
            lock(settings.home),
            closing(Warehouse(settings, clock=clock)) as warehouse,
        ):
            run = new_run(warehouse, command, today)
            run.removal_limit = removal_limit
            with logs.about(run_id=run.run_id):
                alerts.begin(run.run_id)
                schema.prepare(warehouse, datasets)
                warehouse.ledger.close_killed_runs()
                failures = work_on_each(run, alerts, chosen, work)
                if settings.lake:
                    failure = copy_all(run, chosen, settings.lake)
                    failures.append(alerts.note(LAKE, failure))
                if with_models:
                    failures += build_and_publish(run, alerts)
                finish(warehouse, failures)


def installed(settings: Settings) -> list[Dataset]:
    """The data sets that the installation has, at the portal it asks.

    Raises:
        ConfigError: A declaration is wrong, or the choice among them.
    """
    chosen = choose(read_datasets(), settings.datasets).values()
    return [as_set(dataset, settings) for dataset in chosen]


def work_on_each(
    run: Run,
    alerts: Alerts,
    datasets: list[Dataset],
    work: Callable[[Run, Dataset], BlotterError | None],
) -> list[BlotterError | None]:
    """Do the command's work on one data set after the other; what failed of each."""

    def part(dataset: Dataset) -> BlotterError | None:
        with logs.about(dataset=dataset.name):
            return alerts.note(dataset.name, work(run, dataset))

    with progress_bar() as run.progress:
        return [part(dataset) for dataset in datasets]


def build_and_publish(run: Run, alerts: Alerts) -> list[BlotterError | None]:
    """Build the models and, if all is well and it is asked for, publish them."""
    warehouse = run.warehouse
    failures = [alerts.note(MODELS, build_models(warehouse, run))]
    if failures == [None] and warehouse.settings.publishes:
        failures.append(alerts.note(PUBLICATION, publish_models(warehouse, run)))
    return failures


def copy_all(run: Run, datasets: list[Dataset], place: str) -> BlotterError | None:
    """Bring the lake copy up to date."""
    written = 0
    try:
        with signals.stoppable():
            for dataset in datasets:
                written += copy_to_lake(run.warehouse, dataset, place)
    except BlotterError as error:
        log.error("%s", error)
        return error
    log.info("lake: %d months written", written)
    return None


def build_only(settings: Settings, full_refresh: bool) -> None:
    """Build and test the models from what is loaded."""
    with lock(settings.home), closing(Warehouse(settings)) as warehouse:
        schema.prepare(warehouse, installed(settings))
        run = new_run(warehouse, "build", None)
        failure = build_models(warehouse, run, full_refresh, everything=True)
        finish(warehouse, [failure])


def forget(settings: Settings, source: str, agreed: Callable[[str], bool]) -> None:
    """Erase all that is held of a source, then have models and site follow.

    Args:
        agreed: Asks a person a question.

    Raises:
        ConfigError: The source is chosen, or has nothing here.
    """
    if source in {dataset.source for dataset in installed(settings)}:
        raise ConfigError(
            f"{source} is chosen, and would be loaded again; first leave it out of "
            "BLOTTER_DATASETS, or disable its declarations."
        )
    with lock(settings.home), closing(Warehouse(settings)) as warehouse:
        warehouse.must_exist()
        schema.prepare(warehouse, installed(settings))
        datasets = held_of(warehouse, source)
        if not datasets:
            raise ConfigError(f"Nothing is held of {source!r}; `blotter status` shows.")
        if not agreed(f"Erase all that is held of {', '.join(datasets)}, for good?"):
            return
        erase(warehouse, source, datasets)
        log.info("forgotten: %s", ", ".join(datasets))
        run = new_run(warehouse, f"forget {source}", None)
        with watch(settings, run.command) as alerts:
            failures = build_and_publish(run, alerts)
            is_shown = (settings.home / "published").exists()
            if failures == [None] and is_shown and not settings.publishes:
                failures.append(publish_models(warehouse, run))
            finish(warehouse, failures)


def publish_models(warehouse: Warehouse, run: Run, **how: bool) -> BlotterError | None:
    """Publish what was built (see `publish`); log a failure and return it."""
    begin = time.monotonic()
    try:
        with signals.stoppable():
            from pipelines.publish.publication import publish

            folder = publish(warehouse, run.run_id, **how)
    except BlotterError as error:
        log.error("%s", error)
        return error
    except Exception as error:
        failure = BlotterError(f"publication: this is a bug in Blotter: {error!r}.")
        log.exception("%s", failure)
        return failure
    seconds = time.monotonic() - begin
    log.info("published: %s, in %.1f s", folder.parent.parent / "published", seconds)
    return None


def publish_only(settings: Settings, whole: bool = False) -> None:
    """Publish from the current models, even if the ledger says that none was built.

    Args:
        whole: Rewrite every file.
    """
    with lock(settings.home), closing(Warehouse(settings)) as warehouse:
        warehouse.must_exist()
        schema.prepare(warehouse, installed(settings))
        run = new_run(warehouse, "site", None)
        how = {"knows_builds": False, "whole": whole}
        if failure := publish_models(warehouse, run, **how):
            raise failure


def new_run(warehouse: Warehouse, command: str, today: date | None) -> Run:
    settings = warehouse.settings
    return Run(
        warehouse,
        command,
        warehouse.clock(),
        today,
        settings.patience,
        identity=settings.identity,
        clock=warehouse.clock,
    )


def build_models(
    warehouse: Warehouse,
    run: Run,
    full_refresh: bool = False,
    everything: bool = False,
) -> BlotterError | None:
    """Build the models and write their line of the ledger; see `plan`."""
    begin, failure, settings = time.monotonic(), None, warehouse.settings
    line = {
        "run_id": run.run_id,
        "command": run.command,
        "dataset": MODELS,
        "started_at": run.clock(),
        "outcome": Outcome.RUNNING.value,
        "declaration": fingerprint(PROJECT, settings.datasets),
    }
    try:
        with signals.stoppable():
            if warehouse.ledger.last_build() and not warehouse.ledger.models_are_good():
                # What a failed build wrote is not tested.
                log.info("models: the last build failed: building everything")
                everything = True
            warehouse.ledger.open_run(line)
            for dataset in installed(settings):
                writes.take_back(warehouse, dataset)
            arguments = plan(warehouse, full_refresh, everything)
            warehouse.close()
            log.info("models: %s", build(warehouse, arguments, run.latest_day))
    except (BlotterError, OSError) as error:
        failure = (
            unwritable(warehouse.home, error) if isinstance(error, OSError) else error
        )
        log.error("%s", failure)
    warehouse.ledger.close_run(
        run.run_id,
        MODELS,
        {
            "finished_at": run.clock(),
            "seconds": round(time.monotonic() - begin, 3),
            "outcome": (Outcome.DBT_FAILED if failure else Outcome.DBT_OK).value,
            "error": str(failure) if failure else None,
        },
    )
    return failure


def finish(warehouse: Warehouse, failures: list[BlotterError | None]) -> None:
    """Write the status; end with what failed."""
    try:
        write_status(warehouse, installed(warehouse.settings))
    except WarehouseError as error:
        failures = [*failures, error]  # It must not hide what failed before.
    failed = [failure for failure in failures if failure]
    if failed:
        raise BlotterError(
            f"{len(failed)} of {len(failures)} parts failed. "
            + " ".join(map(str, failed))
        )


@contextmanager
def progress_bar() -> Iterator[Callable[[Dataset, int, int], None]]:
    """A bar of months on a terminal; nothing elsewhere, where lines are logged."""
    if not sys.stdout.isatty():
        yield lambda dataset, done, of: None
        return
    from rich.progress import Progress

    with Progress(transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(dataset: Dataset, done: int, of: int) -> None:
            if dataset.name not in tasks:
                tasks[dataset.name] = bar.add_task(dataset.name, total=of)
            bar.update(tasks[dataset.name], completed=done, visible=done < of)

        yield show
