"""Rows that a portal removes are erased everywhere; those that return are restored."""

import csv
import io
import json
from datetime import date

import duckdb
import msgspec
import pytest

from demo.generator import generate
from demo.portal.server import Fault, Portal, serve
from demo.stock import publish
from pipelines.cells import csv_cell
from pipelines.datasets.declarations import read_datasets
from pipelines.errors import TooManyRemovalsError
from pipelines.ops.changes import as_csv
from pipelines.sync.removals import is_refused
from pipelines.warehouse import writes
from tests.support import live_portal as live
from tests.support.live_portal import SPRINGFIELD

CSV = "/resource/abcd-1234.csv"
FORMER = "select row_id, category from raw_springfield.incidents_former order by all"
MARKERS = ("marker-first", "marker-second", "marker-third")


def edit(published, row_id, category):
    published.upsert([{"id": row_id, "category": category}])


def run(home, dataset):
    assert live.daily(home, dataset) is None


# Former versions


def test_a_changed_row_leaves_its_former_version(portal, springfield, home):
    published = live.springfield(portal, live.soda_rows(5))
    run(home, springfield)
    for category in ("Arson", "Fraud"):
        edit(published, "00001", category)
        run(home, springfield)
    assert live.select(home, FORMER) == [("00001", "Arson"), ("00001", "Theft")]
    ((unmatched,),) = live.select(
        home,
        "select count(*) from raw_springfield.incidents_former as former "
        "anti join raw_springfield.incidents_changes as entry "
        "on former.row_id = entry.row_id and former.replaced_at = entry.changed_at "
        "and former.run_id = entry.run_id and entry.change = 'changed'",
    )
    assert unmatched == 0


def test_present_and_former_versions_are_one_view(portal, springfield, home):
    published = live.springfield(portal, live.soda_rows(2))
    run(home, springfield)
    edit(published, "00001", "Arson")
    run(home, springfield)
    assert live.select(
        home,
        "select row_id, category, district, replaced_at is null, loaded_at is null "
        "from raw_springfield.incidents_versions order by all",
    ) == [
        ("00000", "Theft", "00", True, False),
        ("00001", "Arson", "01", True, False),
        ("00001", "Theft", "01", False, True),
    ]


def test_a_column_that_is_declared_later_joins_the_view(portal, springfield, home):
    published = live.springfield(portal, live.soda_rows(2))
    run(home, springfield)
    published.add_column("unit", "text")
    published.upsert([{"id": "00001", "unit": "12"}])
    wider = msgspec.structs.replace(springfield, columns=[*springfield.columns, "unit"])
    run(home, wider)
    versions = "select row_id, unit from raw_springfield.incidents_versions"
    assert live.select(home, f"{versions} order by all") == [
        ("00000", None),
        ("00001", "12"),
        ("00001", None),
    ]


def test_a_view_that_a_kill_kept_from_being_made_is_made_by_the_next_run(
    portal, springfield, home
):
    live.springfield(portal, live.soda_rows(2))
    live.select(home, "drop view raw_springfield.incidents_versions")
    run(home, springfield)
    versions = "select count(*) from raw_springfield.incidents_versions"
    assert live.select(home, versions) == [(2,)]


# Erasure


def whole_content(home):
    """Every value of every table, and every byte of every file but the database's."""
    found = str(live.raw_tables(home)) + str(live.select(home, "from ledger.runs"))
    for path in home.rglob("*"):
        if path.is_file() and path.name != "blotter.duckdb":
            found += path.read_bytes().decode("latin-1")
    return found


def test_nothing_that_a_removed_row_ever_said_stays(portal, springfield, home):
    """Three versions of it; the present one and the former ones go."""
    published = live.springfield(portal, live.soda_rows(60))
    for marker in MARKERS:
        edit(published, "00007", marker)
        run(home, springfield)
    before = whole_content(home)
    assert all(marker in before for marker in MARKERS)
    published.seal(["00007"])
    run(home, springfield)
    after = whole_content(home)
    assert not any(marker in after for marker in MARKERS)
    assert "00007" in after
    entries = [entry for entry in live.log_of(home, springfield) if entry[0] == "00007"]
    assert sorted(entry[1] for entry in entries) == [
        *("added", "changed", "changed", "removed")
    ]


def test_a_file_written_anew_has_no_byte_of_a_removed_row(portal, springfield, home):
    """As the README says to: in its old file DuckDB leaves what was deleted.

    If that is no longer so, the README may say less.
    """
    published = live.springfield(portal, live.soda_rows(60))
    edit(published, "00007", MARKERS[0])
    run(home, springfield)
    published.seal(["00007"])
    run(home, springfield)
    old, fresh = home / "blotter.duckdb", home / "fresh.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{old}' as old (read_only)")
        connection.execute(f"attach '{fresh}' as fresh")
        connection.execute("copy from database old to fresh")
    found = [MARKERS[0].encode() in file.read_bytes() for file in (old, fresh)]
    assert found == [True, False]


def test_erasing_that_a_kill_cut_off_is_done_by_the_next_run(
    portal, springfield, home, monkeypatch
):
    published = live.springfield(portal, live.soda_rows(60))
    run(home, springfield)
    edit(published, "00007", "Arson")
    run(home, springfield)
    published.seal(["00007"])
    with monkeypatch.context() as patch:
        patch.setattr(writes, "erase_former", lambda *_: None)
        run(home, springfield)
    assert live.select(home, FORMER) == [("00007", "Theft")]
    run(home, springfield)
    assert live.select(home, FORMER) == []


def test_a_row_that_returns_is_restored_without_its_former_versions(
    portal, springfield, home
):
    published = live.springfield(portal, live.soda_rows(60))
    run(home, springfield)
    edit(published, "00007", "Arson")
    run(home, springfield)
    published.seal(["00007"])
    run(home, springfield)
    published.upsert(live.soda_rows(1, first=7))
    run(home, springfield)
    assert live.held(home, springfield) == live.shown(published, springfield)
    assert live.select(home, FORMER) == []
    entries = live.select(
        home,
        "select change from raw_springfield.incidents_changes "
        "where row_id = '00007' order by changed_at",
    )
    assert [change for (change,) in entries] == [
        *("added", "changed", "removed", "restored")
    ]


def test_a_row_without_a_key_that_the_portal_removes_is_forgotten(
    portal, springfield, home
):
    """It can't be told by a key; what the window no longer shows of it goes."""
    bad = {"id": None, "reported": "2026-03-02", "category": MARKERS[0]}
    other = {"id": None, "reported": "2026-03-03", "category": MARKERS[1]}
    old = {"id": None, "reported": "2026-01-03", "category": MARKERS[2]}
    rows = live.soda_rows(20)
    published = portal.add_soda(
        "abcd-1234", [bad, other, old, *rows], live.SPRINGFIELD_TYPES
    )
    assert live.daily(home, springfield, whole=True) is None
    published.replace([other, *rows])
    run(home, springfield)
    content = whole_content(home)
    assert [marker in content for marker in MARKERS] == [False, True, True]
    rejects = "select reason, window_value from raw_springfield.incidents_rejects"
    assert live.select(home, f"{rejects} order by all") == [
        ("no key", "2026-01-03T00:00:00.000"),
        ("no key", "2026-03-03T00:00:00.000"),
    ]


def test_a_row_without_a_key_is_set_aside_once_with_its_run(portal, springfield, home):
    bad = {"id": None, "reported": "2026-03-02", "category": "x"}
    published = portal.add_soda(
        "abcd-1234", [bad, *live.soda_rows(9)], live.SPRINGFIELD_TYPES
    )
    run(home, springfield)
    published.replace([bad, *live.soda_rows(10)])
    run(home, springfield)
    rejects = live.select(
        home, "select reason, row, run_id from raw_springfield.incidents_rejects"
    )
    first = live.ledger(home, "run_id")[0][0]
    [(reason, row, run_id)] = rejects
    assert (reason, json.loads(row)["category"], run_id) == ("no key", "x", first)


# The guards, each adjustable


def test_a_table_that_changes_during_the_read_removes_nothing_unless_so_declared(
    portal, springfield, home
):
    published = live.springfield(portal, live.soda_rows(60))
    run(home, springfield)
    published.delete(["00007"])
    for heeds, removed in ((True, 0), (False, 1)):
        edit(published, "00001", str(heeds))
        new = live.soda_rows(1, first=100 + heeds)
        hook = Fault("hook", hook=lambda new=new: published.upsert(new), path=CSV)
        portal.fail(hook)
        declared = msgspec.structs.replace(springfield, heeds_movement=heeds)
        assert live.daily(home, declared) is None
        gone = "select count(removed_at) from raw_springfield.incidents"
        assert live.select(home, gone) == [(removed,)]


def test_a_copy_that_lags_removes_nothing_unless_so_declared(portal, springfield, home):
    published = live.springfield(portal, live.soda_rows(60))
    run(home, springfield)
    published.delete(["00007"])
    portal.fail(Fault("out_of_date", times=None))
    for heeds, removed, outcome in ((True, 0, "moving"), (False, 1, "loaded")):
        declared = msgspec.structs.replace(springfield, heeds_out_of_date=heeds)
        assert live.daily(home, declared) is None
        gone = "select count(removed_at) from raw_springfield.incidents"
        assert live.select(home, gone) == [(removed,)]
        assert live.ledger(home, "outcome")[-1] == (outcome,)


@pytest.mark.parametrize(
    ("rows", "pct", "gone", "taken"),
    [
        (50, 2.0, 50, True),
        (50, 2.0, 51, False),
        (5, 30.0, 60, True),
        (5, 2.0, 6, False),
    ],
)
def test_more_removals_than_both_limits_are_refused(
    portal, springfield, home, rows, pct, gone, taken
):
    """Of 200 rows; a share of them that no limit allows is not looked at here."""
    declared = msgspec.structs.replace(
        springfield,
        removal_limit_rows=rows,
        removal_limit_pct=pct,
        removal_most_pct=50.0,
    )
    published = live.springfield(portal, live.soda_rows(200))
    run(home, declared)
    published.delete([f"{n:05d}" for n in range(gone)])
    failure = live.daily(home, declared)
    assert (failure is None) == taken
    removed = "select count(removed_at) from raw_springfield.incidents"
    assert live.select(home, removed) == [(gone if taken else 0,)]


@pytest.mark.parametrize(
    ("gone", "held", "refused"),
    [
        *[(1, 5, False), (10, 10, False), (11, 110, True), (10, 300, False)],
        *[(30, 300, True), (29, 300, False), (50, 100, True), (50, 1_000, False)],
        *[(51, 1_000, True), (200, 10_000, False), (201, 10_000, True)],
    ],
)
def test_a_tenth_of_what_is_held_is_never_removed_at_once(gone, held, refused):
    """Nor more than fifty rows, where these are more than two in a hundred."""
    assert is_refused(SPRINGFIELD, gone, held) == refused
    assert not is_refused(SPRINGFIELD.with_removal_limit(gone), gone, held)


@pytest.mark.parametrize(
    ("gone", "held", "refused"),
    [(4, 41, False), (5, 41, True), (4, 40, True), (1, 9, True), (1, 13, False)],
)
def test_a_tenth_of_a_citys_areas_are_not_gone_though_they_are_few(gone, held, refused):
    areas = read_datasets()["san_francisco__neighborhood_boundaries"]
    assert is_refused(areas, gone, held) == refused
    assert not is_refused(areas.with_removal_limit(gone), gone, held)


def test_a_refusal_says_how_to_allow_it_and_nothing_of_the_day_is_loaded(
    portal, springfield, home
):
    published = live.springfield(portal, live.soda_rows(200))
    run(home, springfield)
    published.delete([f"{n:05d}" for n in range(80)])
    published.upsert(live.soda_rows(1, first=500))
    before = live.raw_tables(home)
    failure = live.daily(home, springfield)
    assert isinstance(failure, TooManyRemovalsError)
    assert "no longer shows 80 of 200 rows" in str(failure)
    assert str(failure).endswith("rerun with --removal-limit 80.")
    assert live.raw_tables(home) == before
    allowed = springfield.with_removal_limit(80)
    assert live.daily(home, allowed) is None
    assert live.held(home, springfield) == live.shown(published, springfield)


# What the command says


def made_up_rows():
    return generate("cambridge__incidents", 60, date(2026, 2, 2), date(2026, 3, 9), 3)


@pytest.fixture(scope="module")
def cambridge(tmp_path_factory):
    """A home in which two of Cambridge's rows were removed and one came back."""
    portal, home = Portal(), tmp_path_factory.mktemp("cambridge") / "home"
    rows = made_up_rows()
    published = publish(portal, "cambridge__incidents", rows)
    load = ("daily", "cambridge__incidents", "--window-only", "--no-build")
    with serve(portal) as url, pytest.MonkeyPatch.context() as patch:
        for count in (60, 58, 59):
            published.replace(rows.slice(0, count))
            live.command_here(patch, home, url, *load, "--today", "2026-03-10")
    return home


@pytest.fixture
def blotter(cambridge, monkeypatch, capsys):
    def run(*arguments):
        capsys.readouterr()
        live.command_here(monkeypatch, cambridge, "http://127.0.0.1:9", *arguments)
        return capsys.readouterr().out

    return run


def test_removals_are_listed_by_key_date_and_run_without_content(blotter, cambridge):
    found = json.loads(blotter("removals", "--json"))
    runs = [run for (run,) in live.ledger(cambridge, "run_id")]
    assert [set(row) for row in found] == [
        {"dataset", "row_id", "added_at", "removed_at", "run_id", "restored_at"}
    ] * 2
    assert {row["run_id"] for row in found} == {runs[1]}
    assert sorted(row["restored_at"] is None for row in found) == [False, True]
    assert all(row["added_at"] <= row["removed_at"] for row in found)
    text = blotter("removals", "--dataset", "cambridge__incidents")
    assert text.count("cambridge__incidents") == 2
    assert text.count("  restored ") == 1


def test_removals_since_a_day_leave_out_the_older_ones(blotter):
    assert len(json.loads(blotter("removals", "--since", "2020-01-01", "--json"))) == 2
    assert json.loads(blotter("removals", "--since", "2999-01-01", "--json")) == []
    assert blotter("removals", "--since", "2999-01-01") == "No rows were removed.\n"


def test_removals_as_csv_have_a_header_and_a_line_each(blotter):
    lines = blotter("removals", "--csv").splitlines()
    assert lines[0] == "dataset,row_id,added_at,removed_at,run_id,restored_at"
    assert len(lines) == 3


def test_nothing_that_a_removed_row_said_is_in_an_export(blotter, cambridge):
    """As CSV, as JSON and in words."""
    ((kept,),) = live.select(
        cambridge,
        "select min(location) from raw_cambridge.incidents where removed_at is null",
    )
    said = {
        value
        for row in made_up_rows().slice(59).to_pylist()
        for column, value in row.items()
        if column not in ("id", "type", "subtype", "date_time") and value
    }
    assert len(said) >= 2
    for command in ("changes", "removals"):
        for form in (["--csv"], ["--json"], []):
            found = blotter(command, "--since", "2020-01-01", *form)
            assert "cambridge__incidents" in found
            assert not [value for value in [*said, kept] if value in found]


def test_a_csv_cell_is_no_formula():
    assert csv_cell('=HYPERLINK("x")') == '\'=HYPERLINK("x")'
    cells = ["=1", "+1", "-1", "@x", "\tx", "\rx"]
    assert [csv_cell(text)[0] for text in cells] == ["'"] * 6
    assert [csv_cell(value) for value in ("a=b", "1-2", "", -1, 2.5, None)] == [
        *("a=b", "1-2", "", -1, 2.5, None)
    ]
    said = as_csv([{"row_id": "=cmd|' /C calc'!A0", "fields": {"b": 1}}])
    (row,) = csv.DictReader(io.StringIO(said))
    assert row == {"row_id": "'=cmd|' /C calc'!A0", "fields": '{"b": 1}'}
