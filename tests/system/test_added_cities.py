"""Sixteen cities, added by the command, from their portals to marts and pages.

A copy of the project gets them; it runs two days with corrections and removals.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from demo.portal.server import Portal, serve
from pipelines.onboarding.add import add
from pipelines.onboarding.options import Options
from pipelines.onboarding.proposal import Proposal
from tests.support import city_portals, needs
from tests.support.set_up import settings_in
from tools.made_cities import copy_project

pytestmark = pytest.mark.timeout(900)

CITIES = {city.name: city for city in city_portals.cities()}

# A week apart: removals of old months are found when months are compared.
DAYS = ("2026-11-23", "2026-11-30")

CORRECTED, REMOVED = 3, 2


@dataclass
class Added:
    """The copy of the project after both days."""

    home: Path
    proposals: dict[str, Proposal]
    rows: dict[str, pd.DataFrame]
    """What each city's portal shows in the end from the first month read, as text."""

    def ask(self, sql: str) -> list[tuple]:
        path = str(self.home / "blotter.duckdb")
        with duckdb.connect(path, read_only=True) as connection:
            return connection.execute(sql).fetchall()


def published_rows(portal: Portal, made: Proposal):
    """The portal's own table of a city."""
    place = made.address.url.rstrip("/")
    names = [place.rpartition("/")[2], city_portals.path_of(place)]
    return next(portal.datasets[name] for name in names if name in portal.datasets)


def pass_day(portal: Portal, made: Proposal) -> None:
    """Correct some of the newest rows whose key no other has, and remove some."""
    table = published_rows(portal, made)
    rows = table.rows().to_pylist()
    keys = Counter(tuple(row[name] for name in made.key) for row in rows)
    column = next(c for c in made.areas.values() if c not in made.key)
    alone = [r for r in rows if keys[tuple(r[name] for name in made.key)] == 1]
    newest = sorted(alone, key=lambda row: row[made.window] or "")[-40:]
    chosen = newest[: CORRECTED + REMOVED]
    for row in chosen[:CORRECTED]:
        row[column] = f"{row[column]} corrected"
    gone = [id(row) for row in chosen[CORRECTED:]]
    table.replace([row for row in rows if id(row) not in gone])


def blotter(root: Path, home: Path, url: str, cities: list[str], *arguments: str):
    """Run the command of a copy of the project."""
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": str(root),
            "BLOTTER_HOME": str(home),
            "BLOTTER_PORTAL": url,
            "BLOTTER_DATASETS": ",".join(cities),
            "BLOTTER_SITE": "on",
            "BLOTTER_RETRIES": "0",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def added(tmp_path_factory) -> Added:
    if not city_portals.DATA.exists():
        needs.REAL_ROWS.skip()
    place = tmp_path_factory.mktemp("added")
    root, home = copy_project(place / "project"), place / "home"
    portal, proposals = Portal(), {}
    for city in CITIES.values():
        city.publish(portal)
    with serve(portal) as url:
        settings = settings_in(home, portal=url, retries=0)
        for city in CITIES.values():
            options = Options(city.name, city.state)
            found = add(
                *(city.address, options, settings, city_portals.NOW, lambda _: None),
                root=root,
            )
            proposals[found.city] = found.proposal
        for number, day in enumerate(DAYS):
            if number:
                for made in proposals.values():
                    pass_day(portal, made)
            blotter(root, home, url, list(proposals), "daily", "--today", day)
    rows = {
        city: since(made, published_rows(portal, made).rows().to_pandas())
        for city, made in proposals.items()
    }
    return Added(home, proposals, rows)


def since(made: Proposal, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows from the first month that is read, and those without a day."""
    days = days_of(rows[made.window], made)
    return rows[days.isna() | (days >= made.backfill_from)]


def test_each_row_of_each_city_is_in_the_fact_once(added):
    held = dict(added.ask("select city, count(*) from marts.fct_incidents group by 1"))
    assert held == {city: len(rows) for city, rows in added.rows.items()}
    assert len(held) == 16


def test_a_day_of_corrections_and_removals_is_found_in_each_city(added):
    for city in added.proposals:
        log = added.ask(
            f"select change, count(*) from raw_{city}.incidents_changes"
            f" where run_id = (select max_by(run_id, number) from ledger.runs"
            f" where dataset = '{city}__incidents') group by 1"
        )
        assert dict(log) == {"changed": CORRECTED, "removed": REMOVED}, city


def days_of(rows: pd.Series, made: Proposal) -> pd.Series:
    """The local day of each value of the window column, by what the portal says."""
    if made.address.platform == "arcgis":
        instants = pd.to_datetime(pd.to_numeric(rows), unit="ms", utc=True)
        zone = made.zone if made.times == "utc" else "UTC"
        return instants.dt.tz_convert(zone).dt.date
    if made.address.platform == "carto":
        instants = pd.to_datetime(rows, utc=True, format="mixed")
        return instants.dt.tz_convert(made.zone).dt.date
    return pd.to_datetime(rows.str[:10], errors="coerce").dt.date


def test_rows_are_on_the_days_of_their_city_as_pandas_finds_them(added):
    for city, made in added.proposals.items():
        days = days_of(added.rows[city][made.window], made).dropna()
        first = pd.Timestamp(made.first_year, 1, 1).date()
        expected = Counter(day for day in days if day >= first)
        column = "report_date" if made.reported == made.window else "occurred_date"
        found = added.ask(
            f"select {column}, count(*) from marts.fct_incidents"
            f" where city = '{city}' and {column} is not null group by 1"
        )
        assert dict(found) == expected, city


def test_offenses_are_counted_as_pandas_counts_them(added):
    for city, made in added.proposals.items():
        column = made.offense.category or made.offense.code
        values = added.rows[city][column].str.strip()
        expected = Counter(value for value in values.dropna() if value)
        found = added.ask(
            "select incident_category, count(*) from marts.fct_incidents"
            f" where city = '{city}' and incident_category is not null group by 1"
        )
        assert dict(found) == expected, city


def test_each_city_has_its_pages_and_only_they_are_shown(added):
    published = added.home / "published"
    for city in added.proposals:
        page = (published / city / "index.html").read_text()
        assert CITIES_BY_SLUG[city] in page
    home = (published / "index.html").read_text()
    assert "San Francisco" not in home
    status = json.loads((published / "status.json").read_text())
    assert status["healthy"]


CITIES_BY_SLUG = {
    name.lower().replace(" ", "_"): name.replace("'", "&#39;") for name in CITIES
}


def test_no_column_that_names_persons_is_in_the_warehouse(added):
    columns = {
        name
        for (name,) in added.ask(
            "select distinct lower(column_name) from information_schema.columns"
            " where table_schema like 'raw_%'"
        )
    }
    persons = {
        *("compname", "comprace", "compsex", "compage", "comphaddress", "ro1name"),
        *("ro1badge", "ro2name", "assoffbadge", "mo", "vict_age", "vict_sex"),
        *("vict_descent", "susp_race", "susp_sex", "vic_race", "vic_sex"),
    }
    assert not persons & columns
