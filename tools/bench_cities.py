"""What cities cost that are declared and not chosen: on a quiet day, and to build.

    python -m tools.bench_cities

The project is copied twice, once with 40 more cities. Each copy brings a home of its
own up to date; then quiet days alternate. Fails if the 40 cities add more than BAR, or
a table, to the warehouse.
"""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
import duckdb

from tools.bench import AGE, free_port, portal
from tools.fill_home import TODAY
from tools.made_cities import copy_project, declare
from tools.measured import cost_of

CITIES, ROWS, DAYS = 40, 50_000, 5

BAR = 0.3
"""CPU seconds that they may add to a quiet day."""

TABLES = "select table_schema, table_name from information_schema.tables order by all"


@click.command()
def main() -> None:
    """Measure, print and judge."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        few, many = copy_project(place / "few"), copy_project(place / "many")
        declare(many, [f"city_{n:02}" for n in range(CITIES)], enabled=False)
        if not compare(few, many):
            raise click.ClickException("it costs too much, or adds a table")


def compare(few: Path, many: Path) -> bool:
    """Print what each project's days cost; whether the larger one costs no more."""
    published = datetime.now(UTC) - AGE
    given = f"--rows={ROWS}", f"--published-at={published}", f"--port={free_port()}"
    cost_of("-m", "tools.fill_home", str(few / "home"), *given)
    shutil.copytree(few / "home", many / "home", symlinks=True)
    with portal(*given) as days:

        def day(project: Path) -> float:
            return cost_of(
                *("-m", "pipelines", "daily", "--today", str(TODAY)),
                folder=project,
                BLOTTER_PORTAL=days.url,
                BLOTTER_HOME=str(project / "home"),
            ).cpu

        built = {project: day(project) for project in (few, many)}
        quiet = [(day(few), day(many)) for _ in range(DAYS)]
    least = [min(costs) for costs in zip(*quiet, strict=True)]
    added = least[1] - least[0]
    same = tables(few) == tables(many)
    click.echo(f"{'':34}{'as it is':>10}{f'+{CITIES} cities':>13}{'added':>8}")
    shown = ("to build from nothing", built[few], built[many]), ("a quiet day", *least)
    for name, one, other in shown:
        click.echo(f"{name:34}{one:>10.2f}{other:>13.2f}{other - one:>8.2f}")
    click.echo(f"CPU seconds; a quiet day is the least of {DAYS}, and may add {BAR}.")
    click.echo(f"Tables and views: {len(tables(few))} and {len(tables(many))}.")
    return same and added < BAR


def tables(project: Path) -> list[tuple[str, ...]]:
    with duckdb.connect(str(project / "home" / "blotter.duckdb"), read_only=True) as db:
        return db.execute(TABLES).fetchall()


if __name__ == "__main__":
    main()
