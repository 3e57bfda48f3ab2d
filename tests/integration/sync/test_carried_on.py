"""What a run takes up: the day before, a restored backup, an older version's home."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from demo.generator import generate
from demo.portal.server import Portal, serve
from demo.portal.store import Dataset as Published
from demo.stock import publish
from pipelines.ops.status import read_status
from tests.support import live_portal as live
from tests.support.killed_runs import Child, content, difference, pass_day

CITIES = ("cambridge__incidents", "memphis__incidents")
DAILY = ("daily", *CITIES, "--window-only", "--today", "2026-03-10")
# What the version before former versions had not, made of them or of their values.
YOUNGER = {
    *("raw_cambridge.incidents_former", "raw_cambridge.incidents_versions"),
    *("raw_memphis.incidents_former", "raw_memphis.incidents_versions"),
    *("marts.fct_incident_changes", "marts.rpt_reclassifications_by_month"),
}
MADE_SINCE = [
    *("number", "swept", "swept_to", "compared_at"),
    *("months_compared", "months_repaired"),
]


@dataclass
class History:
    """A home the day before, the same home a day later, and what the portal shows.

    And a home of an older version, `older` the day before and `upgraded` a day later.
    """

    url: str
    before: Path
    after: Path
    older: Path
    upgraded: Path
    published: dict[str, Published]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    folder, portal, published = tmp_path_factory.mktemp("history"), Portal(), {}
    for city in CITIES:
        rows = generate(city, 60, date(2026, 2, 2), date(2026, 3, 7), seed=3)
        if city.startswith("cambridge"):
            rows = with_a_keyless_row(rows)
        published[city] = publish(portal, city, rows)
    with serve(portal) as url:
        before, older = folder / "before", folder / "older"
        run(before, url, *DAILY, "--no-build")
        back = pass_day(published, date(2026, 3, 8), {})
        run(before, url, *DAILY)
        pass_day(published, date(2026, 3, 9), back)
        made_older(live.copied(before, older))
        homes = [
            live.copied(home, folder / f"{home.name} later" / "home")
            for home in (before, older)
        ]
        children = [Child(home, url, *DAILY) for home in homes]
        for child in children:
            assert child.ended() == 0, child.said.read_text()
        after, upgraded = homes
        yield History(url, before, after, older, upgraded, published)


def with_a_keyless_row(rows: pa.Table) -> pa.Table:
    """One row more, the first without its id: it is set aside."""
    place = rows.column_names.index("id")
    null = pa.nulls(1, rows.schema.field(place).type)
    return pa.concat_tables([rows, rows.slice(0, 1).set_column(place, "id", null)])


def run(home: Path, url: str, *arguments: str) -> None:
    child = Child(home, url, *arguments)
    assert child.ended() == 0, child.said.read_text()


def everything(home: Path, *schemas: str) -> dict[str, list[tuple]]:
    """Every row of every table and view, instants too, but for dlt's own tables."""
    with duckdb.connect(str(home / "blotter.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where not starts_with(table_name, '_dlt') "
            "and table_schema not like '%\\_staging' escape '\\' order by 1"
        ).fetchall()
        return {
            name: connection.execute(f"from {name} order by all").fetchall()
            for (name,) in names
            if name.startswith(schemas)
        }


# The same source again


def test_another_run_changes_no_row_of_any_table(history, tmp_path):
    """After the publishers replaced their tables, and again in another month's window.

    Rows of February, before the window then, stay as they are.
    """
    home = live.copied(history.after, tmp_path / "home")
    before = everything(home, "raw_", "staging", "marts")
    assert {"raw_memphis.incidents", "marts.fct_incidents"} <= set(before)
    for published in history.published.values():
        published.replace(published.rows())
    run(home, history.url, *DAILY, "--no-build")
    run(home, history.url, *DAILY[:-1], "2026-04-02")
    lines = live.ledger(home, "dataset, outcome, rows_read > 10")[-5:]
    assert lines == [
        *[(city, "loaded", True) for _ in range(2) for city in CITIES],
        ("(models)", "dbt_ok", None),
    ]
    after = everything(home, "raw_", "staging", "marts")
    assert [name for name in before if after.get(name) != before[name]] == []


# Backups


def restored_file(backup: Path, home: Path) -> None:
    """The warehouse alone, with DuckDB's log if there is one."""
    for file in backup.glob("blotter.duckdb*"):
        shutil.copy(file, home)


def restored_copy(backup: Path, home: Path) -> None:
    """A copy that DuckDB made: of the rows, not of the bytes."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{backup}/blotter.duckdb' as backup (read_only)")
        connection.execute(f"attach '{home}/blotter.duckdb' as restored")
        connection.execute("copy from database backup to restored")


@pytest.mark.parametrize("restore", [restored_file, restored_copy])
def test_a_restored_backup_is_the_same_and_the_next_run_goes_on(
    history, tmp_path, restore
):
    home = tmp_path / "elsewhere"
    home.mkdir()
    restore(history.before, home)
    assert everything(home, "") == everything(history.before, "")
    run(home, history.url, *DAILY, "--no-build")
    assert difference(home, content(history.after), "raw_") == []


def test_a_home_that_was_wiped_is_filled_again(history, tmp_path):
    """With what the portals show: what they removed before is known to nobody."""
    home = tmp_path / "home"
    run(home, history.url, *DAILY, "--no-build")
    for city in CITIES:
        held = f"select count(*) from raw_{city.replace('__', '.')} "
        present = live.select(home, held)
        assert present == live.select(
            history.after, f"{held} where removed_at is null"
        ), city


# Upgrades


def made_older(home: Path) -> None:
    """Take from a home what the version before former versions did not make."""
    with duckdb.connect(str(home / "blotter.duckdb")) as connection:
        for city in ("cambridge", "memphis"):
            table = f"raw_{city}.incidents"
            connection.execute(f"drop view {table}_versions")
            connection.execute(f"drop table {table}_former")
            connection.execute(f"alter table {table}_rejects drop column window_value")
            # dlt knew of none of it.
            connection.execute(f"delete from raw_{city}._dlt_version")
        connection.execute("drop table marts.fct_incident_changes")
        for column in MADE_SINCE:
            connection.execute(f"alter table ledger.runs drop column {column}")
        connection.execute("alter table ledger.months drop column surplus")
    shutil.rmtree(home / "dlt")


def test_a_home_of_an_older_version_is_carried_on_without_a_loss(history):
    """Rows, entries, rows set aside and the ledger; of former versions the new ones."""
    home, older = history.upgraded, history.older
    ledger = "run_id, dataset, outcome, rows_read, added, removed, error"
    months = "select dataset, month from ledger.months order by all"
    lines, read_whole = live.ledger(older, ledger), live.select(older, months)
    differing = difference(home, content(history.after), ("raw_", "marts"))
    assert {line.split(":")[0] for line in differing} <= YOUNGER, differing
    assert live.ledger(home, ledger)[: len(lines)] == lines
    assert len(lines) == 5
    assert live.select(home, months) == read_whole != []
    rejects = "select count(*) from raw_cambridge.incidents_rejects"
    assert live.select(home, rejects) == [(1,)]
    for city in ("cambridge", "memphis"):
        ((former, changed),) = live.select(
            home,
            f"select (select count(*) from raw_{city}.incidents_former), count(*) "
            f"from raw_{city}.incidents_changes "
            "where change = 'changed' and run_id = (select max(run_id) from "
            f"raw_{city}.incidents_changes)",
        )
        assert former == changed > 0
    entries = "select count(*) from marts.fct_incident_changes"
    assert live.select(home, entries) == live.select(history.after, entries)
    assert read_status(home)["healthy"]
