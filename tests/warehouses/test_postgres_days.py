"""On PostgreSQL a day is published as on DuckDB: only what changed."""

from datetime import UTC, date, datetime

import pytest

from demo.generator import day_rows, generate
from demo.portal.server import Portal, serve
from demo.stock import publish
from tests.support import live_portal as live
from tests.support.files_below import files_below

MEMPHIS = "memphis__incidents"

pytestmark = pytest.mark.timeout(600)


def test_days_are_published(tmp_path, postgres_settings, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setenv(*live.NO_DATA_TESTS)
    portal = Portal(clock=lambda: datetime(2026, 3, 9, tzinfo=UTC))
    rows = generate(MEMPHIS, 40, date(2026, 2, 2), date(2026, 3, 8), 3)
    memphis, home = publish(portal, MEMPHIS, rows), tmp_path / "home"
    settings = {
        **{"BLOTTER_TARGET": "postgres", "BLOTTER_PREFIX": "days_"},
        **{"BLOTTER_SITE": "on", **postgres_settings},
    }

    def published(day: int) -> dict[str, str]:
        caplog.clear()
        arguments = ("daily", MEMPHIS, "--window-only", "--today", f"2026-03-{day:02}")
        with serve(portal) as url:
            code = live.command_here(monkeypatch, home, url, *arguments, **settings)
        assert (code, "published: " in caplog.text) == (0, True)
        return files_below(home / "published")

    first, quiet = published(9), published(10)
    assert "data/fct_incidents.parquet" in first
    assert "memphis/index.html" in first
    assert "up to date: no row changed" in caplog.text
    written = {name for name in quiet if quiet[name] != first.get(name)}
    # This one only if a minute has passed.
    assert written - {"script/last_read.js"} == {
        *("datapackage.json", "dcat-us.json", "status.html", "status.json")
    }
    memphis.append(day_rows(MEMPHIS, date(2026, 3, 10), 3, seed=4))
    changed = published(11)
    fact = "data/fct_incidents.parquet"
    assert changed[fact] != first[fact] == quiet[fact]
