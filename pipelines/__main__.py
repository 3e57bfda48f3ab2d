"""The command `blotter`. Heavy modules are imported by the commands that need them."""

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines import __version__, stop
from pipelines.errors import BlotterError, ConfigError

if TYPE_CHECKING:
    from pipelines.dataset import Dataset
    from pipelines.run import Run

log = logging.getLogger("blotter")


class Day(click.ParamType):
    """A day, written 2026-10-31."""

    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; write it like 2026-10-31.", param, ctx)


today_option = click.option(
    "--today", type=Day(), help="Take this to be the day, in every city."
)
removal_limit_option = click.option(
    "--removal-limit",
    type=click.IntRange(min=0),
    metavar="ROWS",
    help="Take so many vanished rows for removed, in this run.",
)
json_option = click.option("--json", "form", flag_value="json", help="As JSON.")
csv_option = click.option("--csv", "form", flag_value="csv", help="As CSV.")
no_build_option = click.option(
    "--no-build", is_flag=True, help="Load only; leave the models as they are."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="blotter")
def cli() -> None:
    """Police-incident open data of US cities, in your warehouse, every day.

    Exit codes: 0 all good; 1 something failed, named in the last lines; 2 wrong usage
    or configuration; 3 another run is under way.
    """


@cli.command("list")
def list_datasets() -> None:
    """List the data sets that can be loaded."""
    from pipelines.dataset import read_datasets

    for dataset in read_datasets().values():
        state = "" if dataset.enabled else "  (off: only when named)"
        click.echo(f"{dataset.name:34}{dataset.title}{state}")
        click.echo(f"{'':34}{dataset.url}")


@cli.command()
@click.argument("datasets", nargs=-1)
@click.option("--window-only", is_flag=True, help="Read no month before the window.")
@removal_limit_option
@today_option
@no_build_option
def daily(
    datasets: tuple[str, ...],
    window_only: bool,
    removal_limit: int | None,
    today: date | None,
    no_build: bool,
) -> None:
    """Load what is new, changed or removed, then build and test the models.

    Reads the two months up to today, older rows that changed since the last run and,
    once a week, the months whose counts differ from the portal's; the first time, every
    month since the data set's `backfill_from`. Without DATASETS, all that are enabled.
    """
    from pipelines import run as runs

    run_all(
        "daily",
        datasets,
        today,
        not no_build,
        lambda run, dataset: runs.daily(run, dataset, window_only),
        removal_limit,
    )


@cli.command()
@click.argument("dataset")
@removal_limit_option
@today_option
@no_build_option
def reconcile(
    dataset: str, removal_limit: int | None, today: date | None, no_build: bool
) -> None:
    """Compare all months of a data set with the portal; read those that differ anew.

    What `daily` does once a week by itself, now. Reads the two months up to today too.
    """
    from pipelines import run as runs

    run_all(
        "reconcile",
        (dataset,),
        today,
        not no_build,
        lambda run, one: runs.daily(run, one, reconcile=True),
        removal_limit,
    )


@cli.command()
@click.argument("dataset")
@click.option("--from", "first", type=Day(), help="First month; default: the file's.")
@click.option("--to", "last", type=Day(), help="Last month; default: up to today.")
@click.option("--again", is_flag=True, help="Read months again that were read whole.")
@today_option
@no_build_option
def backfill(
    dataset: str,
    first: date | None,
    last: date | None,
    again: bool,
    today: date | None,
    no_build: bool,
) -> None:
    """Load a data set's history, month by month, newest first.

    Can be stopped at any time: months that were read whole are not read again.
    """
    from pipelines import run as runs

    if first and last and first > last:
        raise ConfigError(f"--from {first} lies after --to {last}.")
    run_all(
        "backfill",
        (dataset,),
        today,
        not no_build,
        lambda run, one: runs.backfill(run, one, first, last, again),
    )


@cli.command()
@click.option("--full-refresh", is_flag=True, help="Rebuild facts from all rows.")
def build(full_refresh: bool) -> None:
    """Build and test the models from what is loaded."""
    from pipelines.dataset import read_datasets
    from pipelines.load import Warehouse
    from pipelines.run import lock

    home = home_folder()
    declared = list(read_datasets().values())
    with lock(home), closing(Warehouse(home)) as warehouse:
        warehouse.prepare(declared)
        for dataset in declared:
            warehouse.repair(dataset)
        failure = build_models(
            warehouse, new_run(warehouse, "build", None), full_refresh
        )
        finish(warehouse, [failure])


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="The whole status as JSON.")
@click.option("--max-age", help="Exit 1 if the last good run is older, e.g. 36h.")
def status(as_json: bool, max_age: str | None) -> None:
    """Show what each data set holds and how the last run went."""
    from pipelines.status import in_words, is_fresh, read_status

    content = read_status(home_folder())
    click.echo(json.dumps(content, indent=2) if as_json else in_words(content))
    if max_age and not is_fresh(content, max_age, datetime.now(UTC)):
        raise BlotterError(f"The last good run is more than {max_age} old.")


@cli.command()
@click.option(
    "--since", type=Day(), help="From this day on, in UTC; default: the last run."
)
@click.option("--dataset", "name", help="Of this data set only.")
@json_option
@csv_option
def changes(since: date | None, name: str | None, form: str | None) -> None:
    """Show how many rows were added, changed, removed or restored."""
    from pipelines.changes import changes_since, in_words

    show(
        lambda warehouse, dataset: changes_since(warehouse, dataset, since),
        name,
        form,
        in_words,
    )


@cli.command()
@click.option("--since", type=Day(), help="Removed on this day or later, in UTC.")
@click.option("--dataset", "name", help="Of this data set only.")
@json_option
@csv_option
def removals(since: date | None, name: str | None, form: str | None) -> None:
    """List the rows that their portals removed: keys, dates and runs, no content."""
    from pipelines.changes import removals_in_words, removals_since

    show(
        lambda warehouse, dataset: removals_since(warehouse, dataset, since),
        name,
        form,
        removals_in_words,
    )


def show(
    find: "Callable[[Any, Dataset], list[dict[str, Any]]]",
    name: str | None,
    form: str | None,
    in_words: Callable[[list[dict[str, Any]]], str],
) -> None:
    """Print what is found in the warehouse, of one data set or of all."""
    from pipelines.changes import as_csv
    from pipelines.dataset import pick, read_datasets
    from pipelines.load import Warehouse

    chosen = pick(read_datasets(), [name]) if name else read_datasets().values()
    with closing(Warehouse(existing_home())) as warehouse:
        rows = [row for dataset in chosen for row in find(warehouse, dataset)]
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
    else:
        click.echo(as_csv(rows) if form == "csv" else in_words(rows), nl=form != "csv")


def run_all(
    command: str,
    names: tuple[str, ...],
    today: date | None,
    with_models: bool,
    work: "Callable[[Run, Dataset], BlotterError | None]",
    removal_limit: int | None = None,
) -> None:
    """Do a command's work on each data set, build the models, and say how it went."""
    from pipelines.dataset import pick, read_datasets
    from pipelines.load import Warehouse
    from pipelines.portal import Patience
    from pipelines.run import lock

    declared = read_datasets()
    portal = os.environ.get("BLOTTER_PORTAL")
    Patience.from_environment()  # What is wrong there is said before anything is made.
    chosen = [d.at_portal(portal) for d in pick(declared, names)]
    home = home_folder()
    with lock(home), closing(Warehouse(home)) as warehouse:
        warehouse.prepare(list(declared.values()))
        warehouse.ledger.close_killed_runs()
        run = new_run(warehouse, " ".join([command, *names]), today)
        run.removal_limit = removal_limit
        with progress_bar() as run.progress:
            failures = [work(run, dataset) for dataset in chosen]
        if with_models:
            failures.append(build_models(warehouse, run, False))
        finish(warehouse, failures)


def new_run(warehouse: Any, command: str, today: date | None) -> "Run":
    from pipelines.portal import Patience
    from pipelines.run import Run

    return Run(
        warehouse, command, datetime.now(UTC), today, Patience.from_environment()
    )


def build_models(warehouse: Any, run: "Run", full_refresh: bool) -> BlotterError | None:
    """Build the models and write their line of the ledger."""
    from pipelines.build import build as build_all
    from pipelines.status import MODELS

    begin, failure = time.monotonic(), None
    warehouse.ledger.open_run(
        {
            "run_id": run.run_id,
            "command": run.command,
            "dataset": MODELS,
            "started_at": datetime.now(UTC),
            "outcome": "running",
        }
    )
    warehouse.close()
    try:
        with stop.stoppable():
            log.info("models: %s", build_all(warehouse.home, full_refresh))
    except BlotterError as error:
        failure = error
        log.error("%s", error)
    warehouse.ledger.close_run(
        run.run_id,
        MODELS,
        {
            "finished_at": datetime.now(UTC),
            "seconds": round(time.monotonic() - begin, 3),
            "outcome": "dbt_failed" if failure else "dbt_ok",
            "error": str(failure) if failure else None,
        },
    )
    return failure


def finish(warehouse: Any, failures: "list[BlotterError | None]") -> None:
    """Write the status; end with what failed."""
    from pipelines.dataset import read_datasets
    from pipelines.status import write_status

    write_status(warehouse, list(read_datasets().values()))
    failed = [failure for failure in failures if failure]
    if failed:
        raise BlotterError(
            f"{len(failed)} of {len(failures)} parts failed. "
            + " ".join(map(str, failed))
        )


def home_folder() -> Path:
    """BLOTTER_HOME, absolute."""
    return Path(os.environ.get("BLOTTER_HOME") or "blotter_home").resolve()


def existing_home() -> Path:
    home = home_folder()
    if not (home / "blotter.duckdb").exists():
        raise ConfigError(
            f"There is no warehouse in {home} yet. Run `blotter daily`, or set "
            "BLOTTER_HOME."
        )
    return home


@contextmanager
def progress_bar() -> "Iterator[Callable[[Dataset, int, int], None]]":
    """A bar of months on a terminal; nothing elsewhere, where lines are logged."""
    if not sys.stdout.isatty():
        yield lambda dataset, done, of: None
        return
    from rich.progress import Progress

    with Progress(transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(dataset: "Dataset", done: int, of: int) -> None:
            if dataset.name not in tasks:
                tasks[dataset.name] = bar.add_task(dataset.name, total=of)
            bar.update(tasks[dataset.name], completed=done, visible=done < of)

        yield show


def main() -> None:
    """Run the command; a failure is one sentence and an exit code."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%SZ",
    )
    # sodapy says so for each data set: the README tells it once.
    logging.getLogger().addFilter(lambda r: "without an app_token" not in str(r.msg))
    stop.asked.clear()
    signal.signal(signal.SIGTERM, stop.on_signal)
    sys.unraisablehook = stop.say_unraisable
    try:
        with stop.stoppable():
            cli(prog_name="blotter", standalone_mode=False)
    except BlotterError as error:
        click.echo(f"blotter: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("blotter: stopped.", err=True)
        sys.exit(1)
    finally:
        # All is done and said; Python's own end takes a while after dbt.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


if __name__ == "__main__":
    main()
