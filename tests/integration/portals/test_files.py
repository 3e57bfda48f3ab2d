"""Data sets that are whole files: read by header, compared whole, asked for once."""

import io
import random
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

import pipelines.sync.months
from demo.portal.server import Fault, Portal, serve
from pipelines.datasets.dataset import Dataset, FileDataset
from pipelines.errors import (
    PartsError,
    PortalMovedError,
    Retryable,
    SchemaDriftError,
    TooManyRejectsError,
    TooManyRemovalsError,
)
from pipelines.ops.portal_survey import data_set_findings
from pipelines.portals.files import FileReader
from pipelines.portals.formats.spreadsheets import read_sheet
from tests.support import live_portal as live

PLACES = FileDataset(
    name="springfield__places",
    title="Places",
    url="https://files.springfield.example/open/places.csv",
    zone="America/Chicago",
    key=["id"],
    columns=["id", "name", "county"],
    optional_columns=["opened"],
    left_out=["note"],
)
JOBS = FileDataset(
    name="springfield__jobs",
    title="Jobs",
    url="https://files.springfield.example/jobs",
    files=["2023/jobs23.csv", "2024/jobs24.csv"],
    zone="America/Chicago",
    key=["county", "file_name"],
    file_column="file_name",
    has_notes=True,
    columns=["file_name", "county", "jobs"],
    also_called={"county": ["Code 2", "County Code"], "jobs": ["Jobs (thousands)"]},
)
PATH, PATH_23, PATH_24 = (
    "/open/places.csv",
    "/jobs/2023/jobs23.csv",
    "/jobs/2024/jobs24.csv",
)
HEADER = "id,name,county\n"


def rows_of(
    dataset: Dataset, body: str | bytes, name: str = "places.csv"
) -> list[dict]:
    encoded = body if isinstance(body, bytes) else body.encode()
    return read_sheet(dataset, name, encoded).rows.to_pylist()


def zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return packed.getvalue()


# -- One file ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "id,name,county\n7,Alder,Elm\n",
        'id,name,county\n7,"Alder","Elm"\n',
        '"county","id","name"\r\n"Elm","7","Alder"\r\n',
        "﻿id,name,county\n7,Alder,Elm\n\n",
        "ID, Name ,COUNTY\n7,Alder,Elm\n",
    ],
)
def test_columns_are_found_by_their_headers(body):
    assert rows_of(PLACES, body) == [{"id": "7", "name": "Alder", "county": "Elm"}]


def test_nothing_in_a_cell_is_null_quoted_or_not():
    rows = rows_of(PLACES, 'id,name,county\n007,"",\n8," ",x\n')
    assert rows == [
        {"id": "007", "name": None, "county": None},
        {"id": "8", "name": " ", "county": "x"},
    ]


def test_cells_keep_commas_quotes_and_line_breaks():
    rows = rows_of(PLACES, 'id,name,county\n7,"Al\nder, ""old""",Elm\n')
    assert rows[0]["name"] == 'Al\nder, "old"'


def test_optional_columns_are_read_and_others_only_named():
    sheet = read_sheet(
        PLACES, "places.csv", b"id,name,county,note,opened,mayor\n1,a,b,c,d,e\n"
    )
    assert sheet.header == ["id", "name", "county", "note", "opened", "mayor"]
    assert sheet.rows.column_names == ["id", "name", "county", "opened"]


def test_a_zip_gives_its_one_csv():
    body = zipped(places__csv=HEADER + "7,Alder,Elm\n", license__txt="Attribution")
    assert rows_of(PLACES, body, "places.zip")[0]["name"] == "Alder"


def test_what_a_mac_adds_to_a_zip_is_none_of_its_files():
    members = {
        "places.csv": HEADER + "7,Alder,Elm\n",
        "__MACOSX/._places.csv": "\0\5\26\7",
        "._more.csv": "\0",
        ".DS_Store": "\0",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    rows = rows_of(PLACES, packed.getvalue(), "places.zip")
    assert [row["id"] for row in rows] == ["7"]


FORTY = "".join(f"{number},Alder,Elm\n" for number in range(40))


@pytest.mark.parametrize(
    ("row", "cells"), [("7,Al,der,Elm\n", 4), ("8,Birch\n", 2), ("9\n", 1)]
)
@pytest.mark.parametrize("place", [0, 20])
def test_a_row_with_a_cell_too_many_or_too_few_is_set_aside(row, cells, place):
    lines = FORTY.splitlines(keepends=True)
    lines.insert(place, row)
    rows = rows_of(PLACES, HEADER + "".join(lines))
    good = [r["id"] for r in rows if r[":reject"] is None]
    assert good == [str(number) for number in range(40)]
    assert rows[-1] == {
        "id": "\ufffd",
        "name": None,
        "county": None,
        ":reject": f"row {place + 2} has {cells} cells, not 3",
    }


def test_a_last_row_with_a_cell_too_many_was_not_cut():
    rows = rows_of(PLACES, HEADER + FORTY + "7,Al,der,Elm\n")
    assert len(rows) == 41


def test_a_file_of_which_most_rows_are_odd_is_refused():
    with pytest.raises(Retryable, match="2 of 3 rows have more or fewer cells"):
        rows_of(PLACES, HEADER + "7,Al,der,Elm\n8,Bir,ch,Elm\n9,Alder,Elm\n")


def test_latin_1_is_read_where_it_is_declared():
    there = msgspec.structs.replace(PLACES, encoding="latin-1")
    body = (HEADER + "7,Do\u00f1a Ana,Elm\n").encode("latin-1")
    assert rows_of(there, body)[0]["name"] == "Do\u00f1a Ana"


def test_a_row_with_bytes_that_are_no_utf_8_is_set_aside_and_the_others_are_read():
    body = (HEADER + "7,Do\u00f1a Ana,Elm\n8,Birch,Elm\n").encode("latin-1")
    rows = rows_of(PLACES, body)
    assert [row[":reject"] for row in rows] == ["not UTF-8", None]


def test_headers_of_several_spellings_and_repeated_ones_are_told_apart():
    sheet = read_sheet(JOBS, "jobs23.csv", b"Code,Code,Jobs\n(thousands)\n")
    assert sheet.header[:2] == ["Code", "county"]
    body = b'Code,Code,"Jobs\n (thousands)"\nX1,003,"1,234 "\n'
    assert rows_of(JOBS, body, "jobs23.csv") == [
        {"county": "003", "jobs": "1,234 ", "file_name": "jobs23.csv"}
    ]


def test_notes_above_the_header_and_below_the_rows_are_left_out():
    body = (
        "Jobs by county\n\n,,\nCounty Code,,Jobs\n"
        "001,,10\n,,\n003,,20\n\nSOURCE: a bureau\nA date,,"
    )
    assert [(r["county"], r["jobs"]) for r in rows_of(JOBS, body, "jobs23.csv")] == [
        ("001", "10"),
        ("003", "20"),
    ]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("a.csv", HEADER + '7,"Alder', "cut short inside a quoted cell"),
        ("a.csv", HEADER + "7,Alder,Elm\n8,Birch,E", "its last line does not end"),
        ("a.csv", HEADER + "7,Alder,Elm\n8,Birch\n", "cut short or broken"),
        ("a.csv", HEADER + "7,Alder,Elm\n8\n", "cut short or broken"),
        ("a.csv", HEADER + "7,Al,der,Elm\n", "cut short or broken"),
        ("a.csv", "", "the file is empty"),
        ("a.zip", HEADER, "not a zip or workbook"),
        ("a.zip", zipped(a__csv=HEADER, b__csv=HEADER), "holds 2 CSV files"),
        ("a.zip", zipped(a__csv=HEADER * 9)[:-40], "cut short"),
        ("a.xlsx", HEADER, "not a zip or workbook"),
        ("a.xlsx", zipped(a__csv=HEADER), "the workbook is broken"),
    ],
)
def test_a_cut_or_broken_file_is_refused(name, body, said):
    with pytest.raises(Retryable, match=said):
        rows_of(PLACES, body, name)


def test_a_zip_with_any_bit_flipped_is_read_as_it_was_or_refused():
    body = zipped(places__csv=HEADER + "".join(f"{n},Alder,Elm\n" for n in range(99)))
    whole, chosen, refused = rows_of(PLACES, body, "a.zip"), random.Random(1), 0
    for place in range(len(body)):
        damaged = bytearray(body)
        damaged[place] ^= 1 << chosen.randrange(8)
        try:
            assert rows_of(PLACES, bytes(damaged), "a.zip") == whole
        except Retryable:
            refused += 1
    assert refused > len(body) / 2


def test_a_zip_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr("pipelines.portals.formats.zips.LARGEST_BYTES", 1000)
    with pytest.raises(Retryable, match="over 1,000 bytes unpacked"):
        rows_of(PLACES, zipped(places__csv=HEADER * 99), "places.zip")


# -- A file by HTTP, day by day --------------------------------------------------------


@pytest.fixture
def places(served):
    return PLACES.at_portal(served[1])


@pytest.fixture
def jobs(served):
    return JOBS.at_portal(served[1])


def publish(portal: Portal, *lines: str, path: str = PATH, **options: bool) -> None:
    portal.add_file(path, (HEADER + "".join(lines)).encode(), **options)


def asked(portal: Portal) -> list[tuple[str, int]]:
    """Path and status of each request; then forget them."""
    requests = [(request.path, request.status) for request in portal.requests]
    portal.requests.clear()
    return requests


def test_what_is_new_changed_and_gone_in_a_file_enters_the_change_log(
    tmp_path, portal, places
):
    publish(portal, "1,Alder,Elm\n", "2,Birch,Elm\n", "3,Cedar,Fir\n")
    assert live.daily(tmp_path, places, date(2026, 3, 9)) is None
    publish(portal, "2,Birch,Fir\n", "3,Cedar,Fir\n", "4,Dogwood,Fir\n")
    assert live.daily(tmp_path, places, date(2026, 3, 10)) is None

    assert live.held(tmp_path, places) == [
        ("2", "Birch", "Fir", None),
        ("3", "Cedar", "Fir", None),
        ("4", "Dogwood", "Fir", None),
    ]
    assert live.log_of(tmp_path, places) == [
        ("1", "added", None),
        ("1", "removed", None),
        ("2", "added", None),
        ("2", "changed", "county"),
        ("3", "added", None),
        ("4", "added", None),
    ]
    erased = "select name, county from raw_springfield.places where row_id = '1'"
    assert live.select(tmp_path, erased) == [(None, None)]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, 304),
        ({"has_etag": False}, 304),
        ({"has_last_modified": False}, 304),
        ({"has_etag": False, "has_last_modified": False}, 200),
    ],
)
def test_an_unchanged_file_is_not_read_again(tmp_path, portal, places, options, status):
    """Where the server gives nothing to ask by, it is read, and not compared."""
    publish(portal, "1,Alder,Elm\n", **options)
    live.daily(tmp_path, places, date(2026, 3, 9), whole=True)
    before = live.raw_tables(tmp_path)
    asked(portal)

    assert live.daily(tmp_path, places, date(2026, 3, 10), whole=True) is None

    assert asked(portal) == [(PATH, status)]
    assert live.ledger(tmp_path)[-1] == ("unchanged", None)
    assert live.raw_tables(tmp_path) == before


@pytest.mark.parametrize("has_etag", [True, False])
@pytest.mark.parametrize("has_last_modified", [True, False])
def test_a_changed_file_is_loaded_whatever_the_server_tells(
    tmp_path, portal, places, has_etag, has_last_modified
):
    options = {"has_etag": has_etag, "has_last_modified": has_last_modified}
    noon = datetime(2026, 3, 9, 12, tzinfo=UTC)
    portal.store.clock = lambda: noon
    publish(portal, "1,Alder,Elm\n", **options)
    live.daily(tmp_path, places, date(2026, 3, 9), whole=True)
    # A `Last-Modified` of the same second would tell nothing.
    portal.store.clock = lambda: noon + timedelta(seconds=1)
    publish(portal, "1,Birch,Elm\n", **options)
    assert live.daily(tmp_path, places, date(2026, 3, 10), whole=True) is None
    assert live.held(tmp_path, places) == [("1", "Birch", "Elm", None)]


def test_another_declaration_reads_an_unchanged_file_again(tmp_path, portal, places):
    publish(portal, "1,Alder,Elm\n")
    live.daily(tmp_path, places, date(2026, 3, 9))
    asked(portal)
    fewer = msgspec.structs.replace(places, columns=["id", "name"], left_out=["county"])

    assert live.daily(tmp_path, fewer, date(2026, 3, 10)) is None

    assert asked(portal)[0] == (PATH, 200)
    assert live.ledger(tmp_path)[-1] == ("loaded", None)


def test_a_backfill_reads_the_file_though_it_is_unchanged(tmp_path, portal, places):
    publish(portal, "1,Alder,Elm\n")
    live.daily(tmp_path, places, date(2026, 3, 9))
    asked(portal)
    assert live.backfill(tmp_path, places, first=date(2020, 1, 1)) is None
    assert (PATH, 200) in asked(portal)
    assert live.ledger(tmp_path, "rows_read")[-1] == (1,)
    assert live.select(tmp_path, "select * from ledger.months") == []


def test_of_several_files_all_are_read_where_one_changed(tmp_path, portal, jobs):
    portal.add_file(PATH_23, b"county,jobs\n001,10\n003,20\n")
    portal.add_file(PATH_24, b"county,jobs\n001,11\n003,21\nSOURCE: a bureau\n")
    assert live.daily(tmp_path, jobs, date(2026, 3, 9)) is None
    assert len(live.held(tmp_path, jobs)) == 4
    asked(portal)
    portal.add_file(PATH_24, b"county,jobs\n001,11\n003,22\n")

    assert live.daily(tmp_path, jobs, date(2026, 3, 10)) is None

    assert asked(portal)[:3] == [(PATH_23, 304), (PATH_24, 200), (PATH_23, 200)]
    assert sorted(live.held(tmp_path, jobs))[-2:] == [
        ("jobs24.csv", "001", "11"),
        ("jobs24.csv", "003", "22"),
    ]
    changes = [change for _, change, _ in live.log_of(tmp_path, jobs)]
    assert sorted(changes) == ["added"] * 4 + ["changed"]


def test_nothing_is_removed_where_the_file_changed_during_the_read(
    tmp_path, portal, places, monkeypatch
):
    publish(portal, "1,Alder,Elm\n", "2,Birch,Elm\n")
    live.daily(tmp_path, places, date(2026, 3, 9))
    publish(portal, "1,Alder,Elm\n")
    read_window = pipelines.sync.months.read_window

    def read_and_publish(*arguments):
        read = read_window(*arguments)
        publish(portal, "1,Alder,Elm\n", "2,Birch,Elm\n", "3,Cedar,Fir\n")
        return read

    monkeypatch.setattr(pipelines.sync.months, "read_window", read_and_publish)
    assert live.daily(tmp_path, places, date(2026, 3, 10)) is None
    assert live.ledger(tmp_path)[-1] == ("moving", None)
    monkeypatch.undo()
    assert live.daily(tmp_path, places, date(2026, 3, 11)) is None
    assert [change for _, change, _ in live.log_of(tmp_path, places)] == ["added"] * 3


def test_a_file_that_lost_most_of_its_rows_removes_none(tmp_path, portal, places):
    publish(portal, *(f"{n},Alder,Elm\n" for n in range(200)))
    live.daily(tmp_path, places, date(2026, 3, 9))
    publish(portal, "1,Alder,Elm\n")

    failure = live.daily(tmp_path, places, date(2026, 3, 10))

    assert isinstance(failure, TooManyRemovalsError)
    assert "no longer shows 199 of 200 rows of the whole table" in str(failure)
    assert len(live.held(tmp_path, places)) == 200


def test_a_missing_column_stops_the_data_set_and_is_named(tmp_path, portal, places):
    portal.add_file(PATH, b"id,title,county\n1,Alder,Elm\n")
    failure = live.daily(tmp_path, places)
    assert isinstance(failure, SchemaDriftError)
    assert "springfield__places: 127.0.0.1" in str(failure)
    assert "no longer publishes name" in str(failure)
    assert live.held(tmp_path, places) == []


# -- Parts fail apart ------------------------------------------------------------------

OLD_23 = b"county,jobs\n001,10\n003,20\n"
OLD_24 = b"county,jobs\n001,11\n003,21\n"
BROKEN = {
    "missing": (None, "no longer has it (status 404"),
    "a page": (b"<html>Log in</html>", "an HTML page came instead of the file"),
    "cut": (b'county,jobs\n001,"1', "cut short inside a quoted cell"),
    "another": (b"county,work\n001,11\n", "no longer publishes jobs"),
}


def put(portal: Portal, path: str, body: bytes | None) -> None:
    """Publish a file, or withdraw it."""
    portal.files.pop(path, None)
    if body is not None:
        kind = "text/html" if body.startswith(b"<") else "text/csv"
        portal.add_file(path, body, content_type=kind)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_costs_its_own_rows_news_only(tmp_path, portal, jobs, fault):
    body, said = BROKEN[fault]
    put(portal, PATH_23, OLD_23)
    put(portal, PATH_24, OLD_24)
    assert live.daily(tmp_path, jobs, date(2026, 3, 9), whole=True) is None
    put(portal, PATH_23, b"county,jobs\n001,10\n")
    put(portal, PATH_24, body)

    failure = live.daily(tmp_path, jobs, date(2026, 3, 10), whole=True)

    assert isinstance(failure, PartsError)
    assert str(failure).startswith("springfield__jobs: 127.0.0.1")
    assert f"2024/jobs24.csv ({jobs.addresses[1]}): " in str(failure)
    assert said in str(failure)
    assert sorted(live.held(tmp_path, jobs)) == [
        ("jobs23.csv", "001", "10"),
        ("jobs24.csv", "001", "11"),
        ("jobs24.csv", "003", "21"),
    ]
    assert live.ledger(tmp_path) == [("loaded", None), ("partial", str(failure))]


def test_the_failure_of_a_file_is_not_forgotten_on_a_day_without_changes(
    tmp_path, portal, jobs
):
    weekly = msgspec.structs.replace(jobs, read_every_days=7, reread_days=0)
    put(portal, PATH_23, OLD_23)
    put(portal, PATH_24, OLD_24)
    assert live.daily(tmp_path, weekly, date(2026, 3, 1), whole=True) is None
    put(portal, PATH_24, None)
    asked(portal)
    for day in (9, 10):
        failure = live.daily(tmp_path, weekly, date(2026, 3, day), whole=True)
        assert "sent 1 of 2 files" in str(failure)
        assert asked(portal) == [(PATH_23, 304), (PATH_24, 404)]
    put(portal, PATH_24, b"county,jobs\n001,12\n003,21\n")

    assert live.daily(tmp_path, weekly, date(2026, 3, 11), whole=True) is None

    assert ("jobs24.csv", "001", "12") in live.held(tmp_path, weekly)
    outcomes = [outcome for (outcome,) in live.ledger(tmp_path, "outcome")]
    assert outcomes == ["loaded", "partial", "partial", "loaded"]


def test_the_other_files_load_where_one_was_never_there(tmp_path, portal, jobs):
    put(portal, PATH_24, OLD_24)
    failure = live.daily(tmp_path, jobs)
    assert "sent 1 of 2 files" in str(failure)
    assert "2023/jobs23.csv" in str(failure)
    assert [name for name, _, _ in live.held(tmp_path, jobs)] == ["jobs24.csv"] * 2


def test_where_no_file_can_be_read_the_data_set_fails(tmp_path, portal, jobs):
    failure = live.daily(tmp_path, jobs)
    assert isinstance(failure, PortalMovedError)
    assert live.ledger(tmp_path, "outcome") == [("failed",)]


def test_a_file_that_is_not_due_is_only_warned_of(tmp_path, portal, jobs):
    put(portal, PATH_23, OLD_23)
    dataset = msgspec.structs.replace(
        jobs, due={"2024/jobs24.csv": date(2026, 6, 1)}, read_every_days=1
    )
    assert live.daily(tmp_path, dataset, date(2026, 5, 31), whole=True) is None
    ((outcome, warnings),) = live.ledger(tmp_path, "outcome, warnings")
    assert outcome == "loaded"
    assert "does not publish 2024/jobs24.csv yet; from June 2026 on" in warnings

    late = live.daily(tmp_path, dataset, date(2026, 6, 1), whole=True)
    assert "sent 1 of 2 files" in str(late)


def test_a_file_that_came_before_it_was_due_is_missed_at_once(tmp_path, portal, jobs):
    put(portal, PATH_23, OLD_23)
    put(portal, PATH_24, OLD_24)
    dataset = msgspec.structs.replace(jobs, due={"2024/jobs24.csv": date(2026, 6, 1)})
    assert live.daily(tmp_path, dataset, date(2026, 3, 9), whole=True) is None
    put(portal, PATH_24, None)
    failure = live.daily(tmp_path, dataset, date(2026, 3, 10), whole=True)
    assert "sent 1 of 2 files" in str(failure)
    assert len(live.held(tmp_path, dataset)) == 4


def edition(year: int, counties: int = 200) -> bytes:
    rows = "".join(f"{number:03},{year}\n" for number in range(counties))
    return f"county,jobs\n{rows}".encode()


PATH_25 = "/jobs/2025/jobs25.csv"


@pytest.fixture
def next_edition(tmp_path, portal, jobs):
    """The declaration of another edition, in a home that holds the former one's."""
    put(portal, PATH_23, edition(2023))
    put(portal, PATH_24, edition(2024))
    assert live.daily(tmp_path, jobs, date(2026, 3, 9), whole=True) is None
    return msgspec.structs.replace(jobs, files=["2023/jobs23.csv", "2025/jobs25.csv"])


def editions(home, dataset) -> Counter[str]:
    return Counter(name for name, _, _ in live.held(home, dataset))


def test_an_edition_takes_the_place_of_another_without_an_operator(
    tmp_path, portal, next_edition
):
    """Half of what is held goes, by the declaration: no removal of the publisher's."""
    put(portal, PATH_25, edition(2025))
    assert live.daily(tmp_path, next_edition, date(2026, 3, 10), whole=True) is None
    assert editions(tmp_path, next_edition) == {"jobs23.csv": 200, "jobs25.csv": 200}
    changes = [change for _, change, _ in live.log_of(tmp_path, next_edition)]
    assert Counter(changes) == {"added": 600, "removed": 200}
    assert live.daily(tmp_path, next_edition, date(2026, 3, 11), whole=True) is None
    outcomes = [outcome for (outcome,) in live.ledger(tmp_path, "outcome")]
    assert outcomes == ["loaded", "loaded", "unchanged"]


def test_an_edition_stays_until_the_one_that_replaces_it_is_there(
    tmp_path, portal, next_edition
):
    failure = live.daily(tmp_path, next_edition, date(2026, 3, 10), whole=True)
    assert "sent 1 of 2 files" in str(failure)
    assert editions(tmp_path, next_edition) == {"jobs23.csv": 200, "jobs24.csv": 200}


def test_rows_that_an_edition_lost_are_guarded_beside_one_that_is_replaced(
    tmp_path, portal, next_edition
):
    put(portal, PATH_23, edition(2023, counties=100))
    put(portal, PATH_25, edition(2025))
    failure = live.daily(tmp_path, next_edition, date(2026, 3, 10), whole=True)
    assert isinstance(failure, TooManyRemovalsError)
    assert "no longer shows 100 of 200 rows" in str(failure)
    assert editions(tmp_path, next_edition) == {"jobs23.csv": 200, "jobs24.csv": 200}


def test_doctor_names_a_file_that_is_missing(portal, jobs):
    put(portal, PATH_23, OLD_23)
    reader = FileReader(jobs, live.IMPATIENT)
    last = list(data_set_findings(reader, reader.dataset, datetime.now(UTC)))[-1]
    assert last.level == "fail"
    assert "2024/jobs24.csv" in last.message


def test_a_new_column_is_reported_and_a_column_without_a_header_is_not(
    tmp_path, portal, places
):
    portal.add_file(PATH, b"id,name,county,mayor,\n1,Alder,Elm,Quimby,\n")
    assert live.daily(tmp_path, places) is None
    ((warnings,),) = live.ledger(tmp_path, "warnings")
    assert "new columns that are not loaded: mayor. Add" in warnings


def test_a_row_with_too_many_cells_costs_itself_and_takes_none_for_removed(
    tmp_path, portal, places
):
    lines = FORTY.splitlines(keepends=True)
    publish(portal, *lines)
    assert live.daily(tmp_path, places, date(2026, 3, 9)) is None
    publish(portal, *lines[:7], "7,Al,der,Elm\n", *lines[8:], "40,Birch,Elm\n")
    assert live.daily(tmp_path, places, date(2026, 3, 10)) is None
    assert len(live.held(tmp_path, places)) == 41
    rejects = "select reason from raw_springfield.places_rejects"
    assert live.select(tmp_path, rejects) == [("row 9 has 4 cells, not 3",)]


def test_many_odd_rows_stop_the_data_set(tmp_path, portal, places):
    odd = ["7,Al,der,Elm\n"] * 11
    publish(portal, *FORTY.splitlines(keepends=True)[:20], *odd, "9,Alder,Elm\n")
    failure = live.daily(tmp_path, places)
    assert isinstance(failure, TooManyRejectsError)
    assert live.held(tmp_path, places) == []


@pytest.mark.parametrize(("has_length", "loads"), [(True, True), (False, False)])
def test_a_last_line_need_not_end_where_a_length_proves_the_file_whole(
    tmp_path, portal, places, has_length, loads
):
    body = (HEADER + "7,Alder,Elm\n8,Birch,Fir").encode()
    portal.add_file(PATH, body, has_length=has_length)
    failure = live.daily(tmp_path, places)
    assert (failure is None) == loads
    assert len(live.held(tmp_path, places)) == (2 if loads else 0)


def test_a_file_with_a_length_that_is_cut_is_refused(tmp_path, portal, places):
    body = (HEADER + "7,Alder,Elm\n8,Birch,Fir").encode()
    portal.add_file(PATH, body, has_length=True)
    portal.fail(Fault("reset", size=40, times=None))
    assert "broken connection or body" in str(live.daily(tmp_path, places))
    portal.heal()
    short = (HEADER + "7,Alder,Elm\n8,Birch").encode()
    portal.add_file(PATH, short, has_length=True)
    assert "its last row lacks cells" in str(live.daily(tmp_path, places))
    assert live.held(tmp_path, places) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\n <!DOCTYPE html><html>Log in</html>\n", "an HTML page came"),
        (b'{"message":"Not now","error":true}\n', "'Not now'"),
        (b'{"error":{"code":499,"message":"Token Required"}}\n', "requires a token"),
    ],
)
def test_words_inside_a_good_answer_are_no_file(tmp_path, portal, places, body, said):
    portal.add_file(PATH, body)
    assert said in str(live.daily(tmp_path, places))


@pytest.mark.parametrize(
    ("contact", "said"),
    [("", "set BLOTTER_CONTACT to yours"), ("a@b.example", "open in a browser?")],
)
def test_a_server_that_turns_programs_away_is_told_with_what_may_help(
    tmp_path, portal, places, monkeypatch, contact, said
):
    monkeypatch.setenv("BLOTTER_CONTACT", contact)
    portal.fail(Fault("status", 403, body="Forbidden", times=None))
    failure = live.daily(tmp_path, places)
    assert "status 403" in str(failure)
    assert said in str(failure)
    assert places.url in str(failure)


FAULTS = {
    "cut": (Fault("cut", size=40, times=None), "gave up after 3 tries"),
    "wrong length": (Fault("wrong_length", times=None), "broken connection or body"),
    "busy": (Fault("status", times=None), "status 503"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_transfer_that_fails_writes_nothing_and_says_why(
    tmp_path, portal, places, name
):
    publish(portal, *(f'{n},"Alder",Elm\n' for n in range(9)))
    fault, said = FAULTS[name]
    portal.fail(fault)
    failure = live.daily(tmp_path, places)
    assert said in str(failure)
    assert "places.csv" in str(failure)
    assert live.held(tmp_path, places) == []


def test_a_page_instead_of_the_file_is_refused(tmp_path, portal, places):
    portal.add_file(PATH, b"<html>Log in</html>", content_type="text/html")
    failure = live.daily(tmp_path, places)
    assert "an HTML page came instead of the file" in str(failure)


def test_a_file_that_moved_is_named(tmp_path, portal, places):
    failure = live.daily(tmp_path, places)
    assert "no longer has it (status 404" in str(failure)


def test_rows_without_a_key_are_set_aside(tmp_path, portal, places):
    publish(portal, "1,Alder,Elm\n", ",Birch,Elm\n")
    assert live.daily(tmp_path, places) is None
    assert live.select(
        tmp_path, "select reason, window_value from raw_springfield.places_rejects"
    ) == [("no key", None)]
    publish(portal, "1,Alder,Elm\n", "2,Birch,Elm\n")
    assert live.daily(tmp_path, places, date(2026, 3, 11)) is None
    assert live.select(tmp_path, "from raw_springfield.places_rejects") == []


def test_doctor_tells_rows_key_and_age_of_a_file(portal, places):
    publish(portal, "1,Alder,Elm\n", "1,Birch,Elm\n")
    reader = FileReader(places, live.IMPATIENT)
    findings = list(data_set_findings(reader, reader.dataset, datetime.now(UTC)))
    assert [(f.level, f.message.split(" (")[0]) for f in findings][1:] == [
        ("ok", "all 3 declared columns are published"),
        (
            "fail",
            "id is not unique: 2 rows of the whole table have only 1 values, and of "
            "rows that share a value only the newest is kept. Correct `key` or "
            "`key_is_unique` in springfield__places.toml.",
        ),
        ("ok", "a file: read in full when it has changed, and compared row by row"),
    ]
    assert "last updated 0 minutes ago" in findings[0].message


# -- Files that are not what their address says ----------------------------------------


@pytest.mark.parametrize(
    ("format", "delimiter", "body"),
    [
        ("csv", ";", 'id;name;county\n7;"Alder; north";Elm\n'),
        ("csv", "\t", "id\tname\tcounty\n7\tAlder; north\tElm\n"),
        ("zip", "|", {"places__csv": "id|name|county\n7|Alder; north|Elm\n"}),
    ],
)
def test_a_file_is_what_is_declared(format, delimiter, body):
    dataset = msgspec.structs.replace(PLACES, format=format, delimiter=delimiter)
    content = zipped(**body) if isinstance(body, dict) else body
    found = rows_of(dataset, content, "download")
    assert found == [{"id": "7", "name": "Alder; north", "county": "Elm"}]


def test_how_a_file_is_written_belongs_to_what_is_read():
    for changed in ({"format": "csv"}, {"delimiter": ";"}):
        other = msgspec.structs.replace(PLACES, **changed)
        assert other.fingerprint != PLACES.fingerprint


def test_a_redirect_is_followed_to_the_declared_host(tmp_path, portal, places):
    """A store of files signs its addresses, which no message may repeat."""
    signed = "?X-Signature=secret"
    store = Portal()
    store.add_file(PATH, f"{HEADER}1,Alder,Elm\n".encode(), content_type="text/csv")
    with serve(store) as there:
        to_store = {"status": 307, "headers": {"Location": f"{there}{PATH}{signed}"}}
        portal.fail(Fault("status", **to_store, times=None))
        stored = msgspec.structs.replace(places, redirects_to="127.0.0.1")
        assert live.daily(tmp_path / "home", stored) is None
        assert live.held(tmp_path / "home", stored) == [("1", "Alder", "Elm", None)]

        # Once only: a store that redirects has moved.
        store.fail(Fault("status", **to_store, times=None))
        failure = live.daily(tmp_path / "other", stored)
        assert isinstance(failure, PortalMovedError)
        assert "secret" not in str(failure)

        # Not to a host that is not declared.
        elsewhere = msgspec.structs.replace(places, redirects_to="files.example")
        store.requests.clear()
        assert isinstance(live.daily(tmp_path / "third", elsewhere), PortalMovedError)
        assert store.requests == []
