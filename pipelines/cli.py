"""The command `blotter`. Heavy modules are imported by the commands that need them."""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines import __version__, logs, signals
from pipelines.clock import utc_now
from pipelines.environment import Found, read
from pipelines.errors import BlotterError, ConfigError
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset
    from pipelines.sync.run import Run

log = logging.getLogger("blotter")


class Day(click.ParamType[date]):
    """A date, written YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            sentence = f"{value!r} is not a date; use YYYY-MM-DD, e.g. 2026-10-31."
            self.fail(sentence, param, ctx)


today_option = click.option(
    "--today", type=Day(), help="Run as if this were today's date in every city."
)

removal_limit_option = click.option(
    "--removal-limit",
    type=click.IntRange(min=0),
    metavar="ROWS",
    help="Accept up to this many removals in this run.",
)

json_option = click.option("--json", "form", flag_value="json", help="Print JSON.")

csv_option = click.option("--csv", "form", flag_value="csv", help="Print CSV.")

no_build_option = click.option(
    "--no-build", is_flag=True, help="Load only; do not build the models."
)

# What the environment says; it is read in `main`, before the command is known.
with_settings = click.make_pass_decorator(Found)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="blotter")
def cli() -> None:
    """Police-incident open data of US cities, in your warehouse, every day.

    Exit codes: 0 success; 1 something failed, named in the last lines; 2 wrong usage
    or configuration; 3 another run is under way.
    """


@cli.command("list")
@click.option(
    "--vars",
    "as_vars",
    is_flag=True,
    help="Print what is chosen as dbt takes it: dbt parse --vars ...",
)
@with_settings
def list_datasets(found: Found[Settings], as_vars: bool) -> None:
    """List the data sets that are declared, and which of them are chosen."""
    from pipelines.datasets.choice import choose
    from pipelines.datasets.declarations import read_datasets

    declared = read_datasets()
    chosen = choose(declared, found.settings.datasets)
    if as_vars:
        click.echo(json.dumps({"chosen": [*chosen]}))
        return
    for dataset in declared.values():
        if dataset.name not in chosen:
            state = "  (not chosen: see BLOTTER_DATASETS)"
        elif chosen[dataset.name].enabled:
            state = ""
        else:
            state = "  (off: loaded only when named)"
        click.echo(f"{dataset.name:40}{dataset.title}{state}")
        for address in [dataset.url] if dataset.is_file else dataset.addresses:
            click.echo(f"{'':40}{address}")
        if dataset.where:
            click.echo(f"{'':40}only where {dataset.where}")


@cli.command()
@click.argument("datasets", nargs=-1)
@click.option(
    "--window-only", is_flag=True, help="Do not read months before the window."
)
@removal_limit_option
@today_option
@no_build_option
@with_settings
def daily(
    found: Found[Settings],
    datasets: tuple[str, ...],
    window_only: bool,
    removal_limit: int | None,
    today: date | None,
    no_build: bool,
) -> None:
    """Bring the warehouse up to date, then build and test the models.

    Reads the two months up to today, older rows that changed since the last run and,
    once a week, every month whose row count differs from the portal's. The first run
    also reads every month since the data set's `backfill_from`. Without DATASETS, runs
    every data set that is enabled.
    """
    from pipelines.sync import daily as runs

    load(
        found,
        "daily",
        datasets,
        today,
        not no_build,
        lambda run, one: runs.daily(run, one, window_only, named=bool(datasets)),
        removal_limit,
    )


@cli.command()
@click.argument("dataset")
@click.option(
    "--rekeyed",
    is_flag=True,
    help="The publisher reissued all keys: carry the rows over to theirs.",
)
@removal_limit_option
@today_option
@no_build_option
@with_settings
def reconcile(
    found: Found[Settings],
    dataset: str,
    rekeyed: bool,
    removal_limit: int | None,
    today: date | None,
    no_build: bool,
) -> None:
    """Re-read every month of a data set that differs from the portal.

    `daily` does this by itself once a week. Also reads the two months up to today. With
    --rekeyed, reads all months; rows keep their history and their log under new keys.
    """
    from pipelines.sync import daily as runs

    load(
        found,
        "reconcile",
        (dataset,),
        today,
        not no_build,
        lambda run, one: runs.reconcile(run, one, rekeyed),
        removal_limit,
    )


@cli.command()
@click.argument("dataset")
@click.option(
    "--from", "first", type=Day(), help="First month; default: `backfill_from`."
)
@click.option("--to", "last", type=Day(), help="Last month; default: this month.")
@click.option("--again", is_flag=True, help="Re-read months that were read in full.")
@today_option
@no_build_option
@with_settings
def backfill(
    found: Found[Settings],
    dataset: str,
    first: date | None,
    last: date | None,
    again: bool,
    today: date | None,
    no_build: bool,
) -> None:
    """Load a data set's history, month by month, newest first.

    Can be stopped at any time: months that were read in full are not read again.
    """
    from pipelines.sync import daily as runs

    if first and last and first > last:
        raise ConfigError(f"--from {first} is later than --to {last}.")
    load(
        found,
        "backfill",
        (dataset,),
        today,
        not no_build,
        lambda run, one: runs.backfill(run, one, first, last, again),
    )


def load(
    found: Found[Settings],
    command: str,
    names: tuple[str, ...],
    today: date | None,
    with_models: bool,
    work: "Callable[[Run, Dataset], BlotterError | None]",
    removal_limit: int | None = None,
) -> None:
    """Do a command's work; wrong settings are told to who is told of runs, too."""
    from pipelines.jobs import refuse, run_all

    if found.wrong:
        refuse(found, " ".join([command, *names]))
    run_all(found.well(), command, names, today, with_models, work, removal_limit)


@cli.command()
@click.option("--full-refresh", is_flag=True, help="Rebuild fact tables from all rows.")
@with_settings
def build(found: Found[Settings], full_refresh: bool) -> None:
    """Build and test the models from what is loaded."""
    from pipelines.jobs import build_only

    build_only(found.well(), full_refresh)


@cli.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Compare with the manifest.json in this folder; default: the last good build.",
)
@click.option("--drop", is_flag=True, help="Only drop what a killed check left behind.")
@with_settings
def check(found: Found[Settings], state: Path | None, drop: bool) -> None:
    """Build and test what a project change affects, then drop it.

    Affected models are built in separate schemas from the rows already loaded;
    everything else is read in place. Existing tables are never written.
    """
    from pipelines.transform import check as checks

    checks.check(found.well(), state, drop)


@cli.command()
@click.argument("city")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings
def forget(found: Found[Settings], city: str, yes: bool) -> None:
    """Erase a city that is no longer chosen: rows, change log, ledger, lake copy.

    Then models and site are built without it. Also takes the name of another source.
    """
    from pipelines import jobs

    jobs.forget(found.well(), city, lambda question: yes or click.confirm(question))


@cli.command()
@click.option("--serve", is_flag=True, help="Serve the published site on this machine.")
@click.option("--port", default=8000, show_default=True, help="For --serve.")
@click.option("--full-refresh", is_flag=True, help="Rewrite every file.")
@with_settings
def site(found: Found[Settings], serve: bool, port: int, full_refresh: bool) -> None:
    """Republish the tables and the site from the current models.

    `daily` ends with this. Files whose rows are unchanged are taken over from the last
    publication. With --serve, shows what was last published at a local
    address until stopped; if nothing has been published yet, publishes first.
    """
    from pipelines.jobs import publish_only

    settings = found.well()
    published = settings.home / "published"
    if full_refresh or not serve or not published.exists():
        publish_only(settings, full_refresh)
    if serve:
        from pipelines.site.serve import serve_folder

        serve_folder(published, port)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the whole status as JSON.")
@click.option("--max-age", help="Exit 1 if the last good run is older, e.g. 36h.")
@with_settings
def status(found: Found[Settings], as_json: bool, max_age: str | None) -> None:
    """Show what each data set holds and how the last run went."""
    from pipelines.ops.status import read_status
    from pipelines.ops.status_words import in_words, is_fresh

    content, now = read_status(found.well().home), utc_now()
    click.echo(json.dumps(content, indent=2) if as_json else in_words(content, now))
    if max_age and not is_fresh(content, max_age, now):
        raise BlotterError(f"No daily run has succeeded in the last {max_age}.")


@cli.command()
@click.argument("datasets", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_settings
def doctor(found: Found[Settings], datasets: tuple[str, ...], as_json: bool) -> None:
    """Check settings, portals, warehouse and disk; suggest fixes.

    Sends a portal two or three requests per data set; without DATASETS, checks every
    data set that is enabled. Writes nothing, and is safe to use during a run.
    """
    from pipelines.ops.doctor import examine, in_json, in_words
    from pipelines.ops.findings import Finding

    findings: list[Finding] = []
    try:
        with logs.silent():
            for finding in examine(found, datasets, utc_now()):
                findings.append(finding)
                if not as_json:
                    click.echo(in_words(finding))
    finally:
        if as_json:
            click.echo(in_json(findings))


@cli.command()
@click.argument("address")
@click.option("--name", metavar="CITY", help="The city's name for readers.")
@click.option("--state", metavar="WA", help="Postal code of its state.")
@click.option("--zone", metavar="ZONE", help="Time zone; default: by state and points.")
@click.option("--population", type=click.IntRange(min=1), help="Of the census of 2020.")
@click.option("--key", metavar="A,B", help="Columns of the key; default: by counts.")
@click.option("--window-column", metavar="A", help="The date that windows use.")
@click.option("--dry-run", is_flag=True, help="Print what was found; write nothing.")
@with_settings
def add(
    found: Found[Settings],
    address: str,
    name: str | None,
    state: str | None,
    zone: str | None,
    population: int | None,
    key: str | None,
    window_column: str | None,
    dry_run: bool,
) -> None:
    """Write a city's declaration, models and seed rows from a portal's ADDRESS.

    Takes the page of a table, a resource, an item, a layer or a file. Sends about a
    dozen requests, prints what was found with its evidence, and asks on a terminal for
    what it can't know. Never overwrites a file.
    """
    from pipelines.onboarding.add import add as add_city
    from pipelines.onboarding.asked import asked_for

    options = asked_for(
        sys.stdin.isatty(), name, state, zone, population, key, window_column
    )
    settings = found.well()
    with logs.silent():
        add_city(address, options, settings, utc_now(), click.echo, dry_run=dry_run)


@cli.command()
@click.option(
    "--since", type=Day(), help="From this UTC date on; default: the last run only."
)
@click.option("--dataset", "name", help="This data set only.")
@json_option
@csv_option
@with_settings
def changes(
    found: Found[Settings], since: date | None, name: str | None, form: str | None
) -> None:
    """Show how many rows were added, changed, removed or restored."""
    from pipelines.ops.changes import changes_since, in_words

    show(
        found.well(),
        lambda warehouse, dataset: changes_since(warehouse, dataset, since),
        name,
        form,
        in_words,
    )


@cli.command()
@click.option("--since", type=Day(), help="Removed on or after this UTC date.")
@click.option("--dataset", "name", help="This data set only.")
@json_option
@csv_option
@with_settings
def removals(
    found: Found[Settings], since: date | None, name: str | None, form: str | None
) -> None:
    """List rows that portals removed: keys, dates and runs, no content."""
    from pipelines.ops.changes import removals_in_words, removals_since

    show(
        found.well(),
        lambda warehouse, dataset: removals_since(warehouse, dataset, since),
        name,
        form,
        removals_in_words,
    )


def show(
    settings: Settings,
    find: "Callable[[Any, Dataset], list[dict[str, Any]]]",
    name: str | None,
    form: str | None,
    in_words: Callable[[list[dict[str, Any]]], str],
) -> None:
    """Print what is found in the warehouse for one data set, or for all of them."""
    from pipelines.datasets.choice import choose
    from pipelines.datasets.declarations import pick, read_datasets
    from pipelines.ops.changes import as_csv
    from pipelines.warehouse.warehouse import Warehouse

    there = choose(read_datasets(), settings.datasets)
    chosen = pick(there, [name]) if name else there.values()
    with closing(Warehouse(settings, read_only=True)) as warehouse:
        warehouse.must_exist()
        rows = [row for dataset in chosen for row in find(warehouse, dataset)]
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
    else:
        click.echo(as_csv(rows) if form == "csv" else in_words(rows), nl=form != "csv")


def main() -> None:
    """Run the command; report a failure as one sentence and an exit code."""
    signals.asked.clear()
    signal.signal(signal.SIGTERM, signals.on_signal)
    sys.unraisablehook = signals.say_unraisable
    found = read(Settings, os.environ)
    form = found.settings.log
    try:
        logs.set_up(form)
        found.check("BLOTTER_LOG")
        with signals.stoppable():
            cli(prog_name="blotter", standalone_mode=False, obj=found)
    except BlotterError as error:
        click.echo(logs.last_words(str(error), form), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo(logs.last_words("stopped.", form), err=True)
        sys.exit(1)
    finally:
        # Everything has been reported; after dbt, Python takes a while to shut down.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
