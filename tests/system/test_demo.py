"""The demo loads a portal, lets a day pass on it, and compares the change log."""

import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import pytest

from demo import __main__ as demo

AGREEING = {
    "san_francisco__incidents": {"added": 52, "changed": 31, "removed": 4},
    "chicago__incidents": {"added": 43, "changed": 17, "removed": 3},
    "memphis__incidents": {"added": 14, "changed": 9, "removed": 2},
    "cambridge__incidents": {"added": 11, "changed": 5, "removed": 1},
    "washington_post__shootings": {"added": 6, "changed": 8, "removed": 2},
    "washington_post__agencies": {"added": 1, "changed": 3},
}


def test_a_day_on_the_portal_is_found_row_by_row(tmp_path, monkeypatch, capfd):
    """Across the end of a month, by the two cities whose keys have several columns.

    And by files: two that change and one that stands still.
    """
    titles = ["Memphis", "Cambridge", "US shootings", "US agencies", "US cities"]
    shown = [each for each in demo.PUBLICATIONS if each.title in titles]
    monkeypatch.setattr(demo, "PUBLICATIONS", shown)
    home = tmp_path / "home"
    home.mkdir()
    (home / "left over").touch()
    options = [each.dataset for each in shown] + ["--no-build", "--window-only"]
    first, today = date(2025, 12, 1), date(2026, 3, 1)
    assert demo.show(6_000, first, today, home, *options)
    assert not (home / "left over").exists()
    lines = capfd.readouterr().out.splitlines()
    assert "$ blotter daily --today 2026-03-01" in lines
    assert [line[:15].strip() for line in lines[-5:]] == titles
    assert [line[15:].split() for line in lines[-5:]] == [
        ["14", "9", "2", "14", "9", "2"],
        ["11", "5", "1", "11", "5", "1"],
        ["6", "8", "2", "6", "8", "2"],
        ["1", "3", "0", "1", "3", "0"],
        ["0", "0", "0", "0", "0", "0"],
    ]


@pytest.mark.parametrize("each", demo.PUBLICATIONS, ids=lambda each: each.title)
def test_a_day_changes_as_many_rows_on_the_portal_as_the_demo_says(each, monkeypatch):
    """On the first of March the window opens on the first of February.

    What is older was corrected late, and lies a hundred days before the day at least.
    """
    monkeypatch.setattr(demo, "PUBLICATIONS", [each])
    yesterday = date(2026, 2, 28)
    _, published = demo.open_portal(20_000, date(2025, 6, 1), yesterday)
    before = whole_rows(published[each.dataset])
    demo.pass_day(each, published[each.dataset], yesterday)
    after = whole_rows(published[each.dataset])
    gone, come = before - after, after - before
    assert gone.total() == each.corrected + each.removed
    assert come.total() == each.corrected + each.new
    if not each.window_column:
        return
    opens = {"Memphis": "1769925600000"}.get(each.title, "2026-02-01")
    for rows in (gone, come):
        dates = [dict(row)[each.window_column] for row in rows.elements()]
        late = [date for date in dates if date < opens]
        assert len(late) == each.late
        assert all(date < "2025-11-20" for date in late)


def whole_rows(published) -> Counter:
    return Counter(tuple(row.items()) for row in published.rows().to_pylist())


def test_equal_numbers_agree():
    lines, agree = demo.comparison(AGREEING, demo.PUBLICATIONS)
    assert agree
    assert not any("differs" in line for line in lines)


@pytest.mark.parametrize(
    "found",
    [
        {"added": 14, "changed": 9, "removed": 1},
        {"added": 14, "changed": 9, "removed": 2, "restored": 1},
        {"added": 12_000},
        {},
    ],
)
def test_a_number_that_differs_is_marked_and_no_agreement(found):
    lines, agree = demo.comparison(
        AGREEING | {"memphis__incidents": found}, demo.PUBLICATIONS
    )
    assert not agree
    assert [line.split()[0] for line in lines if "<- differs" in line] == ["Memphis"]


def test_the_demo_ends_with_1_when_the_numbers_differ(monkeypatch):
    monkeypatch.setattr(demo, "show", lambda *arguments: False)
    with pytest.raises(SystemExit) as end:
        demo.main([])
    assert end.value.code == 1


def test_a_failing_command_ends_the_demo(tmp_path):
    lines = demo.blotter("http://127.0.0.1:9", tmp_path, "no-such-command")
    with pytest.raises(SystemExit, match="blotter no-such-command exited with 2"):
        list(lines)


def test_the_query_to_try_is_one_that_a_shell_and_a_warehouse_take(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    make_fact(tmp_path / "home" / "blotter.duckdb")
    words = demo.what_next(Path("home"))
    command = words[words.index(f"{Path(sys.executable).parent}/python") :]
    run = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "Larceny Theft" in run.stdout


def make_fact(path: Path) -> None:
    with duckdb.connect(path) as connection:
        connection.execute(
            "create schema marts; create table marts.fct_incidents as select "
            "'san_francisco' as city, 'Larceny Theft' as incident_category, "
            "true as is_counted"
        )
