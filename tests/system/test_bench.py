"""The benchmark's days: a filled home is up to date, and a day is found whole."""

import subprocess
import sys
from datetime import UTC, date, datetime

import click
import duckdb
import pytest

from demo.stock import STOCK
from pipelines import jobs
from pipelines.sync import daily as runs
from tests.support.set_up import settings_in
from tools import bench
from tools.measured import cost_by_part

pytestmark = pytest.mark.timeout(600)

ROWS = 50_000


def read_everything_again(home, url):
    """How many rows of the cities were read."""
    jobs.run_all(
        *(settings_in(home, portal=url), "backfill", tuple(STOCK), bench.QUIET, False),
        lambda run, city: runs.backfill(run, city, None, None, again=True),
    )
    with duckdb.connect(str(home / "blotter.duckdb"), read_only=True) as db:
        last = "run_id = (select max_by(run_id, number) from ledger.runs)"
        return db.execute(
            f"select sum(rows_read) from ledger.runs where {last}"
        ).fetchall()[0][0]


def run_day(home, url, today, file):
    return cost_by_part(
        *("daily", "--no-build", "--today", str(today)),
        file=file,
        BLOTTER_HOME=str(home),
        BLOTTER_PORTAL=url,
    )


def test_a_filled_home_is_what_portals_show_and_a_day_is_found_whole(tmp_path, capfd):
    home, published = tmp_path / "home", datetime.now(UTC) - bench.AGE
    given = f"--rows={ROWS}", f"--published-at={published}"
    given = (*given, f"--port={bench.free_port()}")
    subprocess.run(
        [sys.executable, "-m", "tools.fill_home", str(home), *given], check=True
    )
    assert (
        "memphis__incidents: loaded: 6,000 rows read, 6,000 added"
        in capfd.readouterr()[0]
    )
    with bench.portal(*given) as days:
        run_day(home, days.url, bench.QUIET, tmp_path / "parts.json")
        told = capfd.readouterr().err
        assert told.count("unchanged since the last good run") == 13, told
        assert read_everything_again(home, days.url) == ROWS
        bench.check(home, {})
        changes = days.pass_one()
        assert set(changes) == {"added", "changed", "removed"}
        costs = run_day(home, days.url, bench.CHANGED, tmp_path / "parts.json")
        bench.check(home, changes)
    assert set(costs) == {"", "loading"}
    assert 0 < costs["loading"].cpu <= costs[""].cpu
    with pytest.raises(click.ClickException, match="the portal changed"):
        bench.check(home, {**changes, "added": 1})


def test_the_days_are_of_one_month_and_the_last_a_week_after_the_first():
    days = [bench.TODAY, bench.QUIET, bench.CHANGED, bench.A_WEEK_LATER]
    assert days == [date(2026, 11, day) for day in (21, 22, 23, 28)]
