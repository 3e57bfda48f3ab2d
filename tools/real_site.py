"""Make a site from real rows, to look at it as a reader would.

    python -m tools.real_site {december,snapshots} HOME

San Francisco's incidents of December 2018, or its 71 daily snapshots of 2026, each read
on its day, so that the publisher's lag is measured; Chicago's of May and June 2026; the
real boundaries. Then `BLOTTER_HOME=HOME blotter site --serve` shows the pages.
"""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from demo.portal.server import Portal, serve
from demo.stock import publish
from pipelines import jobs
from pipelines.datasets.declarations import read_datasets
from pipelines.settings import Settings
from tests.integration.models import test_areas
from tests.real_rows import test_real_shootings
from tests.real_rows.test_real_days import act, compare
from tests.support import live_portal as live
from tests.support.expected import real_rows
from tests.support.expected.real_rows import Row

DECLARED = read_datasets()
SAN_FRANCISCO, CHICAGO = "san_francisco__incidents", "chicago__incidents"
LAST_DAY = date(2026, 8, 2)


def chicago_2026() -> list[Row]:
    """6,201 rows of the last year's table, under the column names of the full one.

    That table has neither ids nor dates of change: the id is made from the row's
    position, and the date is the next day.
    """
    same = {
        "block": "Block",
        "arrest": "Arrest",
        "domestic": "Domestic",
        "iucr": "IUCR",
        "primary_type": "Primary Type",
        "description": "Description",
        "location_description": "Location Description",
        "case_number": "Case Number",
        "district": "District",
        "fbi_code": "FBI Code",
    }
    rows = []
    for place, line in enumerate(real_rows.read_csv(real_rows.CHICAGO_RECENT)):
        moment = datetime.strptime(line["Date"], "%m/%d/%Y %I:%M:%S %p")
        row: Row = {name: line[title] for name, title in same.items() if title in line}
        row |= {name: row[name].lower() for name in ("arrest", "domestic")}
        row |= {"id": str(14_000_000 + place), "date": real_rows.iso(moment)}
        row["updated_on"] = real_rows.iso(moment + timedelta(days=1))
        rows.append(row)
    return rows


class Days:
    """A portal whose data sets are read into a home, each on a given day."""

    def __init__(self, home: Path, portal: Portal, url: str):
        self.home, self.portal, self.url = live.prepared(home), portal, url

    def read(self, name: str, day: date, whole: bool = True) -> None:
        """Read a data set on a day; its rows are loaded at noon UTC."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        dataset = DECLARED[name].at_portal(self.url)
        failure = live.daily(self.home, dataset, day, whole=whole, clock=lambda: noon)
        if failure:
            raise failure

    def december(self) -> None:
        publish(self.portal, SAN_FRANCISCO, real_rows.san_francisco_2018())
        self.read(SAN_FRANCISCO, date(2018, 12, 31))

    def snapshots(self) -> None:
        table = publish(self.portal, SAN_FRANCISCO, [])
        before: dict[str, Row] = {}
        gone: set[str] = set()
        first_seen: dict[str, str] = {}
        for file in real_rows.snapshots():
            day = compare(before, file, gone)
            gone = (gone | day.withdrawn) - day.returned
            for row_id in sorted(day.new):
                seen = str(day.day) if before else file.points[row_id]["date"]
                first_seen.setdefault(row_id, seen)
            act(table, day, first_seen)
            self.read(SAN_FRANCISCO, day.day, whole=not before)
            before = file.points

    def others(self) -> None:
        publish(self.portal, CHICAGO, chicago_2026())
        self.read(CHICAGO, date(2026, 6, 4))
        for name in test_areas.REAL:
            content = test_areas.real(name)
            test_real_shootings.publish(self.portal, DECLARED[name], content)
            self.read(name, LAST_DAY)


@click.command()
@click.argument("rows", type=click.Choice(["december", "snapshots"]))
@click.argument("home", type=click.Path(path_type=Path, exists=False))
def main(rows: str, home: Path) -> None:
    """Load real rows into a new home, build the models, publish."""
    if home.exists():
        raise click.ClickException(f"{home} exists; name a new folder.")
    os.environ |= {"BLOTTER_HOME": str(home), "BLOTTER_SITE": "on"}
    portal = Portal()
    with serve(portal) as url:
        days = Days(home, portal, url)
        getattr(days, rows)()
        days.others()
    settings = Settings.from_environment()
    jobs.build_only(settings, full_refresh=True)
    jobs.publish_only(settings)
    click.echo(f"BLOTTER_HOME={home} blotter site --serve")


if __name__ == "__main__":
    main()
