"""Added cities with odd clocks read the same on every warehouse, and as pandas does."""

import os
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest

from demo.portal.server import Portal, serve
from pipelines.onboarding.add import add
from pipelines.onboarding.options import Options
from pipelines.warehouse.warehouse import Warehouse
from tests.support import city_portals, needs
from tests.support.set_up import settings_in
from tools.made_cities import copy_project

pytestmark = pytest.mark.timeout(600)

# Denver's layer has the city's clock written as if it were UTC; Washington's true UTC,
# on a server that reads the times of a request on the city's clock.
CITIES = {
    city.name: city
    for city in city_portals.cities()
    if city.name in ("Denver", "Washington")
}

BUILD = """
import sys
from pathlib import Path
from pipelines.transform.runner import invoke
names = ("path:models/staging/denver", "path:models/staging/washington")
asked = ["run", "--select", *names]
outcome = invoke(Path(sys.argv[1]), asked, "target", ("denver", "washington"))
sys.exit(not outcome.success)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with both cities, and the portal that has them."""
    if not city_portals.DATA.exists():
        needs.REAL_ROWS.skip()
    root, portal = copy_project(tmp_path_factory.mktemp("project")), Portal()
    for city in CITIES.values():
        city.publish(portal)
    with serve(portal) as url:
        made = {
            city.name: add(
                city.address,
                Options(city.name, city.state),
                settings_in(root / "none", portal=url),
                city_portals.NOW,
                lambda _: None,
                root=root,
            ).proposal
            for city in CITIES.values()
        }
        yield root, portal, url, made


def as_pandas_reads(portal, made, zone):
    """Each row's key and local minute, and the day, by the window column."""
    table = portal.datasets[city_portals.path_of(made.address.url)]
    rows = table.rows().to_pandas()
    instants = pd.to_datetime(pd.to_numeric(rows[made.window]), unit="ms", utc=True)
    local = instants.dt.tz_convert(zone).dt.tz_localize(None).dt.floor("s")
    kept = local.isna() | (local.dt.date >= made.backfill_from)
    first = rows[made.key[0]][kept]
    texts = local[kept].dt.strftime("%Y-%m-%d %H:%M:%S")
    return sorted(zip(first, texts.fillna(""), strict=True))


def test_odd_clocks_are_read_alike(project, target, tmp_path):
    root, portal, url, made = project
    home = tmp_path / "home"
    told = {
        **os.environ,
        "PYTHONPATH": str(root),
        "BLOTTER_HOME": str(home),
        "BLOTTER_PORTAL": url,
        "BLOTTER_DATASETS": "denver,washington",
    }
    names = ("denver__incidents", "washington__incidents")
    day = ("daily", *names, "--no-build", "--today", "2026-11-30")
    for command in (["-m", "pipelines", *day], ["-c", BUILD, str(home)]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=root,
            env=told,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with closing(Warehouse(settings_in(home))) as warehouse:
        for city, zone in (("Denver", "UTC"), ("Washington", "America/New_York")):
            proposal = made[city]
            column = (
                "reported_at_local"
                if proposal.reported == proposal.window
                else "occurred_at_local"
            )
            relation = f"{warehouse.engine.schema('staging')}.stg_{city.lower()}"
            with warehouse.connect() as connection:
                found = connection.execute(
                    f"select row_id, cast({column} as text) from {relation}__incidents"
                ).fetchall()
            expected = as_pandas_reads(portal, proposal, zone)
            texts = sorted((value or "")[:19].replace("T", " ") for _, value in found)
            assert texts == sorted(text for _, text in expected)
            if proposal.key_is_unique:
                assert sorted(row_id for row_id, _ in found) == [k for k, _ in expected]
