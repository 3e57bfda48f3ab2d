"""What no date of change tells is found: a version that stands still, late edits."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from demo.portal.server import serve
from pipelines.datasets.dataset import FileDataset
from pipelines.portals.arcgis import ArcgisReader
from pipelines.portals.socrata import SocrataReader
from pipelines.sync import daily as runs
from pipelines.sync import late_edits
from pipelines.sync.run import Run
from tests.support import live_portal as live
from tests.support.live_portal import SHELBYVILLE, SPRINGFIELD

FIRST = date(2026, 3, 2)
FILE = FileDataset(
    name="springfield__places",
    title="Places",
    url="https://files.springfield.example/places.csv",
    zone="America/Chicago",
    key=["id"],
    columns=["id", "name"],
)


@pytest.fixture
def url(portal):
    with serve(portal) as address:
        yield address


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "home"
    with live.opened(home, SPRINGFIELD, SHELBYVILLE, FILE):
        return home


def daily(home, dataset, day, work=runs.daily, **options):
    """Do work, taken to be on a day: `--today` leaves the clock alone."""
    with live.opened(home, dataset) as warehouse:
        run = Run(warehouse, "daily", datetime.now(UTC), day, patience=live.IMPATIENT)
        assert work(run, dataset, **options) is None


def counted(home, dataset):
    """Entries of the change log by kind, less the first load's."""
    kinds = [change for _, change, _ in live.log_of(home, dataset)]
    return {kind: kinds.count(kind) for kind in ("added", "changed", "removed")}


def edits(home, dataset):
    return [entry for entry in live.log_of(home, dataset) if entry[1] != "added"]


def lines(home, what):
    return [found for (found,) in live.ledger(home, what)]


# A version that stands still


def stand_still(monkeypatch, reader):
    """Have a portal tell one version for ever, as one does that caches it."""
    describe = reader.describe
    monkeypatch.setattr(
        reader,
        "describe",
        lambda self, known: dataclasses.replace(
            describe(self, known), version="1772000000"
        ),
    )


@pytest.mark.parametrize("place", ["springfield", "shelbyville"])
def test_a_version_that_stands_still_is_believed_for_a_week(
    portal, url, home, monkeypatch, place
):
    """15 rows are added, 10 changed, 10 withdrawn on the days after the first load."""
    make, reader, dataset, rows = {
        "springfield": (live.springfield, SocrataReader, SPRINGFIELD, live.soda_rows),
        "shelbyville": (live.shelbyville, ArcgisReader, SHELBYVILLE, live.layer_rows),
    }[place]
    dataset = dataset.at_portal(url)
    category = dataset.columns[2]
    stand_still(monkeypatch, reader)
    published = make(portal, rows(300))
    daily(home, dataset, FIRST)
    edited = [{**row, category: "Arson"} for row in rows(10)]
    published.replace([*edited, *rows(280, first=10), *rows(15, first=300)])
    for number in range(1, 25):
        portal.requests.clear()
        daily(home, dataset, FIRST + timedelta(days=number))
        found = {"added": 315, "changed": 10, "removed": 10}
        before = {"added": 300, "changed": 0, "removed": 0}
        assert counted(home, dataset) == (found if number >= 7 else before), number
        assert (len(portal.requests) > 1) == (number % 7 == 0), number
    assert live.held(home, dataset) == [
        tuple(None if v is None else str(v) for v in row)
        for row in live.shown(published, dataset)
    ]
    (said,) = filter(None, lines(home, "warnings"))
    assert said.startswith(f"{dataset.name}: 127.0.0.1")
    assert "changed 35 rows although its own date of change did not move" in said
    assert f"`reread_days = 1` in {dataset.name}.toml" in said


def test_a_file_whose_marks_stand_still_is_read_whole_once_a_week(portal, url, home):
    dataset, changed_at = FILE.at_portal(url), datetime(2026, 3, 1, tzinfo=UTC)
    file = portal.add_file("/places.csv", b"id,name\n1,Elm\n2,Oak\n", has_etag=False)
    file.contents = lambda: (b"id,name\n1,Elm\n2,Oak\n", changed_at)
    daily(home, dataset, FIRST)
    file.contents = lambda: (b"id,name\n1,Ash\n2,Oak\n", changed_at)
    for number in range(1, 8):
        daily(home, dataset, FIRST + timedelta(days=number))
    assert edits(home, dataset) == [("1", "changed", "name")]
    outcomes = lines(home, "outcome")
    assert outcomes == ["loaded", *["unchanged"] * 6, "loaded"]


def test_a_late_edit_before_the_weekly_look_is_swept_by_it(
    portal, url, home, monkeypatch
):
    """The days between believed the version; no sweep's mark advanced on them."""
    dataset = SPRINGFIELD.at_portal(url)
    stand_still(monkeypatch, SocrataReader)
    old = {**live.soda_rows(1)[0], "id": "old", "reported": "2026-01-09T10:00:00.000"}
    published = live.springfield(portal, [old, *live.soda_rows(20)])
    clock = datetime(2026, 3, 2, 12, tzinfo=UTC)
    portal.store.clock = lambda: clock + timedelta(hours=1)
    with live.opened(home, dataset) as warehouse:
        assert runs.daily(Run(warehouse, "daily", clock), dataset) is None
    published.upsert([{"id": "old", "category": "Arson"}])
    for days in (4, 8):
        with live.opened(home, dataset) as warehouse:
            later = Run(warehouse, "daily", clock + timedelta(days=days))
            assert runs.daily(later, dataset) is None
    assert edits(home, dataset) == [("old", "changed", "category")]


def test_a_version_is_believed_for_ever_where_it_is_so_declared(portal, url, home):
    dataset = msgspec.structs.replace(SPRINGFIELD.at_portal(url), reread_days=0)
    live.springfield(portal, live.soda_rows(20))
    for number in (0, 8, 25):
        daily(home, dataset, FIRST + timedelta(days=number))
    assert lines(home, "outcome") == ["loaded", "unchanged", "unchanged"]


def test_a_home_without_days_in_its_ledger_is_read_when_its_last_read_is_a_week_old(
    portal, url, home
):
    """Those of an older version: no month is read for it, the window once."""
    dataset = SPRINGFIELD.at_portal(url)
    live.springfield(portal, live.soda_rows(20))
    daily(home, dataset, FIRST)
    live.select(home, f"update ledger.runs set started_at = '{FIRST} 18:00:00+00'")
    for name in ("day", "unswept_at"):
        live.select(home, f"alter table ledger.runs drop column {name}")
    portal.requests.clear()
    for number, outcome in ((1, "unchanged"), (8, "loaded"), (9, "unchanged")):
        daily(home, dataset, FIRST + timedelta(days=number))
        with live.opened(home, dataset) as warehouse:
            assert warehouse.ledger.last_good_run(dataset)["outcome"] == outcome
    read = [r.query["$where"] for r in portal.requests if r.path.endswith(".csv")]
    assert {where[0] for where in read} == {"("}  # the open window alone


# Months that are read again, one a day

MONTHS = [date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)]


def old_rows(category="Theft"):
    """Two rows of each of four months, and one of the window."""
    days = [
        datetime(m.year, m.month, n, 18, tzinfo=UTC) for m in MONTHS for n in (2, 9)
    ]
    days.append(datetime(2026, 3, 1, 18, tzinfo=UTC))
    return [
        {
            "Crime_ID": f"{at:%Y-%m-%d}",
            "Occurred": int(at.timestamp()) * 1000,
            "Category": category,
        }
        for at in days
    ]


@pytest.fixture
def layer(portal, url, home):
    """A layer without a date of change, loaded; then every category is another."""
    dataset = msgspec.structs.replace(
        SHELBYVILLE.at_portal(url), backfill_from=MONTHS[0]
    )
    layer = live.shelbyville(portal, old_rows())
    daily(home, dataset, FIRST)
    layer.replace(old_rows("Arson"))
    return layer, dataset


def test_edits_that_no_count_shows_are_found_a_month_a_day(portal, layer, home):
    """The window's at once, then January's, December's and so on."""
    layer, dataset = layer
    for number, found in enumerate([3, 5, 7, 9, 9], start=1):
        layer.replace(old_rows("Arson"))
        portal.requests.clear()
        daily(home, dataset, FIRST + timedelta(days=number))
        assert len(edits(home, dataset)) == found
        assert len(portal.requests) < 12
    assert {category for *_, category in live.held(home, dataset)} == {"Arson"}


def test_reconcile_reads_every_month_that_no_sweep_told_of(layer, home):
    layer, dataset = layer
    daily(home, dataset, FIRST, runs.reconcile)
    assert len(edits(home, dataset)) == 9


def test_no_month_is_read_again_where_it_is_so_declared(layer, home):
    layer, dataset = layer
    off = msgspec.structs.replace(dataset, reread_months=0)
    for number in (1, 2, 3):
        layer.replace(old_rows("Arson"))
        daily(home, off, FIRST + timedelta(days=number))
    assert edits(home, off) == [("2026-03-01", "changed", "category")]


def test_a_table_that_was_replaced_once_has_its_months_read_again_in_turn(
    portal, url, home
):
    """The next days' sweeps work again, and tell nothing of what was edited then."""
    dataset = msgspec.structs.replace(
        SPRINGFIELD.at_portal(url),
        backfill_from=MONTHS[0],
        sweep_limit_rows=0,
        sweep_limit_pct=5.0,
    )
    rows = [
        {
            "id": f"{month:%m} {n}",
            "reported": f"{month:%Y-%m}-0{n}T10:00:00.000",
            "category": "Theft",
        }
        for month in MONTHS
        for n in (1, 2, 3)
    ]
    published = live.springfield(portal, [*rows, *live.soda_rows(9)])
    daily(home, dataset, FIRST)
    rows[0]["district"], rows[-1]["district"] = "07", "08"
    published.replace([*rows, *live.soda_rows(9)])
    daily(home, dataset, FIRST + timedelta(days=1))
    assert edits(home, dataset) == [("01 3", "changed", "district")]
    for number in (2, 3, 4, 5):
        published.upsert([{"id": "00001", "category": str(number)}])
        daily(home, dataset, FIRST + timedelta(days=number))
    assert ("10 1", "changed", "district") in edits(home, dataset)


# Rows that no window reaches


@pytest.mark.parametrize("place", ["springfield", "shelbyville"])
def test_a_row_dated_before_the_history_is_corrected_and_withdrawn(
    portal, url, home, place
):
    """Its date goes to 1900, a day later its category, and then the row itself."""
    make, dataset, rows, key, dated, old = {
        "springfield": (
            *(live.springfield, SPRINGFIELD, live.soda_rows(9), "id", "reported"),
            "1900-01-01T00:00:00.000",
        ),
        "shelbyville": (
            *(live.shelbyville, SHELBYVILLE, live.layer_rows(9), "Crime_ID"),
            *("Occurred", -2_208_967_200_000),
        ),
    }[place]
    dataset = dataset.at_portal(url)
    category = dataset.columns[2]
    published = make(portal, rows)
    daily(home, dataset, FIRST)
    row = rows[4]
    for number, change in enumerate([{dated: old}, {category: "Arson"}], start=1):
        row |= change
        published.replace(rows)
        daily(home, dataset, FIRST + timedelta(days=number))
    published.replace([r for r in rows if r is not row])
    daily(home, dataset, FIRST + timedelta(days=3))
    assert edits(home, dataset) == [
        (row[key], "changed", category.lower()),
        (row[key], "changed", dated.lower()),
        (row[key], "removed", None),
    ]
    assert len(live.held(home, dataset)) == 8


def test_a_row_whose_date_can_not_be_read_is_corrected_by_its_key(portal, url, home):
    """As another version may have loaded it; epoch milliseconds in a layer."""
    dataset = SHELBYVILLE.at_portal(url)
    old = int(datetime(2026, 1, 9, tzinfo=UTC).timestamp()) * 1000
    rows = [{"Crime_ID": "old", "Occurred": old, "Category": "x"}, *live.layer_rows(9)]
    layer = live.shelbyville(portal, rows)
    daily(home, dataset, FIRST)
    for text in ("soon", "2026-01-09", "", "9" * 30):
        live.select(
            home,
            f"update raw_shelbyville.incidents set occurred = '{text}', "
            "window_month = null, row_hash = 'another' where row_id = 'old'",
        )
        layer.replace(rows)
        daily(home, dataset, FIRST + timedelta(days=1))
        assert live.held(home, dataset)[-1] == ("old", str(old), "x")


def test_more_rows_before_the_history_than_are_asked_for_are_told_of(
    portal, url, home, monkeypatch
):
    dataset = SPRINGFIELD.at_portal(url)
    rows = live.soda_rows(9)
    published = live.springfield(portal, rows)
    daily(home, dataset, FIRST)
    rows[0]["reported"] = "2016-05-01T00:00:00.000"
    published.replace(rows)
    monkeypatch.setattr(late_edits, "MOST_STRAYS", 0)
    daily(home, dataset, FIRST + timedelta(days=1))
    published.replace(rows)
    daily(home, dataset, FIRST + timedelta(days=2))
    said = lines(home, "warnings")[-1]
    assert "1 rows before 2026-01-01 are held and not compared" in said
    assert "`blotter backfill springfield__incidents --from DAY`" in said


def test_months_of_a_backfill_that_went_further_are_compared_too(portal, url, home):
    dataset = SPRINGFIELD.at_portal(url)
    rows = [
        {"id": f"old {n}", "reported": f"2025-06-0{n}T10:00:00.000", "category": "x"}
        for n in range(1, 9)
    ]
    published = live.springfield(portal, [*rows, *live.soda_rows(9)])
    assert live.backfill(home, dataset, first=date(2025, 6, 1)) is None
    published.delete(["old 3"])
    daily(home, dataset, date(2026, 3, 10), runs.reconcile)
    assert edits(home, dataset) == [("old 3", "removed", None)]
