"""A table that has another address keeps what was read of it, and a home goes on.

`pinned.json` and `older_home.duckdb.gz` were made by the version before addresses could
change (0.1.0 as of 28 November 2026) and are not to be made anew. A `fingerprint` is
corrected there by hand where a declaration reads other files or columns, or keys rows
in another way: then what was read before is to be read again.
"""

import gzip
import hashlib
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import duckdb
import msgspec
import pyarrow as pa
import pytest

from demo.portal.server import Fault, Portal, serve
from pipelines.datasets.dataset import Dataset, FileDataset
from pipelines.datasets.declarations import read_datasets
from pipelines.errors import PortalMovedError
from pipelines.portals.http.moves import new_address, shown
from pipelines.sync.keys import key_rows
from pipelines.warehouse.engines import engine_for
from pipelines.warehouse.ledger import Ledger
from tests.support import live_portal as live
from tests.support.live_portal import SHELBYVILLE, SPRINGFIELD
from tests.support.set_up import settings_in

HERE = Path(__file__).parent
PINNED = json.loads((HERE / "pinned.json").read_text())

PLACES = FileDataset(
    name="springfield__places",
    title="Places",
    url="https://files.springfield.example/places.csv",
    zone="America/Chicago",
    key=["id"],
    columns=["id", "place"],
)
OLDER = (SPRINGFIELD, SHELBYVILLE, PLACES)
# Where the older home's portal was, and what then stood for each table in its ledger.
OLD_PORTAL = "http://127.0.0.1:8779"
OLD_DIGESTS = {
    "springfield__incidents": "33a354c57badc8e87a54e37ede8aff47",
    "shelbyville__incidents": "12483d694d26fbef9944f39186c81a5e",
    "springfield__places": "791aa6cbbb3f54b50bfb11213a6d3824",
}
# When the older home's portal published what the home has last read.
PUBLISHED_AT = datetime.fromtimestamp(1795904492, UTC)
NEXT_DAY = date(2026, 3, 11)


# What is pinned


def test_what_stands_for_a_table_in_a_ledger_is_what_it_was():
    """San Francisco's too, whose portal has another host since."""
    found = {name: d.fingerprint for name, d in read_datasets().items()}
    assert found == {name: pinned["fingerprint"] for name, pinned in PINNED.items()}


@pytest.mark.parametrize("name", PINNED)
def test_keys_and_digests_of_rows_are_what_they_were(name):
    """Else every row would be new, or changed, on the day after an upgrade."""
    dataset, columns = read_datasets()[name], " ".join(PINNED[name]["columns"]).split()
    rows = key_rows(dataset, [made_up(columns, [k.lower() for k in dataset.key])]).rows
    found = zip(rows["row_id"].to_pylist(), rows["row_hash"].to_pylist(), strict=True)
    assert list(map(list, found)) == PINNED[name]["rows"]


def made_up(columns: list[str], key: list[str]) -> pa.Table:
    """Three rows of text of each column's own; null and empty in the second."""

    def value(position: int, column: str, row: int) -> str | None:
        if row == 1 and column not in key and position % 3 < 2:
            return (None, "")[position % 3]
        return (f"{column} 0", f"{column} 1", f"  {column}: „Ünï“ 2")[row]

    return pa.table(
        {
            column: pa.array([value(position, column, row) for row in range(3)])
            for position, column in enumerate(columns)
        }
    )


def test_a_portal_in_place_of_the_publishers_is_the_same_table():
    for dataset in read_datasets().values():
        there = dataset.at_portal("http://127.0.0.1:8765")
        assert there.fingerprint == dataset.fingerprint


# An older home


@pytest.fixture(scope="module")
def served():
    """What the older home's portal published, as of then."""
    portal = Portal(clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    later = [{**row, "id": f"j{row['id']}"} for row in live.soda_rows(5)]
    january = [
        {**row, "reported": row["reported"].replace("-03-01", "-01-15")}
        for row in later
    ]
    rows = live.soda_rows(22)
    rows[0]["category"] = "Fraud"
    live.springfield(portal, january + rows)
    portal.add_soda("wxyz-9876", january + rows, live.SPRINGFIELD_TYPES, "id")
    live.shelbyville(portal, live.layer_rows(22))
    portal.store.clock = lambda: PUBLISHED_AT
    for path in ("/places.csv", "/new/places.csv"):
        portal.add_file(path, b"id,place\n1,Mill\n2,Quay\n3,Weir\n")
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    portal.heal()
    portal.requests.clear()
    for published in portal.datasets.values():
        published.rows_updated_at = PUBLISHED_AT
    return portal


@pytest.fixture
def url(served):
    return served[1]


@pytest.fixture
def older(tmp_path, url):
    """The older home, as if its portal had been where this one is.

    And as if it had been made on the days that its runs were of: 9 and 10 March.
    """
    home = tmp_path / "home"
    home.mkdir()
    packed = (HERE / "older_home.duckdb.gz").read_bytes()
    (home / "blotter.duckdb").write_bytes(gzip.decompress(packed))
    with duckdb.connect(str(home / "blotter.duckdb")) as connection:
        for table in ("runs", "months"):
            for dataset in OLDER:
                connection.execute(
                    f"update ledger.{table} set declaration = ? where dataset = ? "
                    "and declaration = ?",
                    [
                        digest_then(dataset, url),
                        dataset.name,
                        OLD_DIGESTS[dataset.name],
                    ],
                )
        connection.execute(
            "update ledger.runs set portal_version = replace(portal_version, ?, ?)",
            [OLD_PORTAL, url],
        )
        connection.execute(
            "update ledger.runs set started_at = "
            "strptime(left(run_id, 16), '%Y%m%dT%H%M%SZ') at time zone 'UTC'"
        )
    return home


def digest_then(dataset: Dataset, portal: str) -> str:
    """What stood for a table at a portal of BLOTTER_PORTAL."""
    parts = [portal + "/" + dataset.url.split("/", 3)[3]]
    parts += [dataset.key, dataset.columns, [], []]
    if isinstance(dataset, FileDataset):
        parts.append([[], "utf-8", []])
    return hashlib.md5(repr(tuple(parts)).encode()).hexdigest()


def test_digests_of_that_time_are_told_right():
    assert {d.name: digest_then(d, OLD_PORTAL) for d in OLDER} == OLD_DIGESTS


def run(home: Path, *datasets: Dataset, day: date = NEXT_DAY) -> None:
    for dataset in datasets:
        assert live.daily(home, dataset, day, whole=True) is None


def entries(home: Path) -> list[list[tuple]]:
    """Every change log, whole."""
    schemas = ("raw_springfield.incidents", "raw_shelbyville.incidents")
    return [
        live.select(home, f"from {name}_changes order by all")
        for name in (*schemas, "raw_springfield.places")
    ]


MONTHS = "select dataset, month, run_id from ledger.months order by all"


def rows_read(home: Path, dataset: Dataset) -> int:
    """By the last run."""
    (*_, (number,)) = live.select(
        home,
        f"select rows_read from ledger.runs where dataset = '{dataset.name}' "
        "order by number",
    )
    return number


def test_a_home_of_an_older_version_knows_that_nothing_changed(older, portal, url):
    """At a quiet day's cost: one request a data set, no month read, no entry."""
    logged, months = entries(older), live.select(older, MONTHS)
    assert len(months) == 4
    run(older, *(dataset.at_portal(url) for dataset in OLDER))
    assert live.ledger(older)[-3:] == [("unchanged", None)] * 3
    assert len(portal.requests) == 3
    assert (entries(older), live.select(older, MONTHS)) == (logged, months)


def test_a_home_of_an_older_version_reads_its_window_alone(older, portal, url):
    """Where the publishers have loaded anew what they had; 5 rows are older."""
    logged, months = entries(older), live.select(older, MONTHS)
    incidents = [dataset.at_portal(url) for dataset in OLDER[:2]]
    for published in portal.datasets.values():
        published.rows_updated_at = datetime.now(UTC)
    run(older, *incidents)
    assert live.ledger(older)[-2:] == [("loaded", None)] * 2
    assert [rows_read(older, dataset) for dataset in incidents] == [22, 22]
    assert (entries(older), live.select(older, MONTHS)) == (logged, months)


def test_lines_of_an_older_version_are_carried_over_once(older, url, monkeypatch):
    carried, carry = [], Ledger._carry_over

    def spy(ledger, dataset, former, present):
        carried.append((dataset, former))
        carry(ledger, dataset, former, present)

    monkeypatch.setattr(Ledger, "_carry_over", spy)
    for _ in range(2):
        with live.opened(older, *(dataset.at_portal(url) for dataset in OLDER)):
            assert sorted(carried) == sorted(
                (dataset.name, digest_then(dataset, url)) for dataset in OLDER
            )


def test_a_month_that_two_lines_tell_of_is_kept_once(older, url):
    """A home that was read at both of a table's addresses."""
    dataset = SPRINGFIELD.at_portal(url)
    with duckdb.connect(str(older / "blotter.duckdb")) as connection:
        connection.execute(
            "insert into ledger.months select * replace (? as declaration, "
            "'present' as run_id) from ledger.months "
            "where dataset = ? and month = '2026-01-01'",
            [dataset.fingerprint, dataset.name],
        )
    with live.opened(older, dataset):
        pass
    assert live.select(
        older,
        "select month, declaration, run_id = 'present' from ledger.months "
        f"where dataset = '{dataset.name}' order by month",
    ) == [
        (date(2026, 1, 1), dataset.fingerprint, True),
        (date(2026, 2, 1), dataset.fingerprint, False),
    ]


def test_lines_are_carried_over_in_each_warehouse(target, tmp_path):
    """Two months at the new address, of which the older line of one is kept."""
    other = msgspec.structs.replace(SPRINGFIELD, url=ELSEWHERE)
    told = msgspec.structs.replace(other, formerly=[SPRINGFIELD.url])
    january, february = date(2026, 1, 1), date(2026, 2, 1)
    engine = engine_for(settings_in(tmp_path))
    ledger = Ledger(engine)
    ledger.prepare()
    line = {"run_id": "1", "dataset": told.name, "outcome": "loaded"}
    ledger.open_run({**line, "declaration": other.fingerprint})
    ledger.months.finish(other, {january: 1, february: 2}, "1", PUBLISHED_AT)
    ledger.months.finish(told, {january: 3}, "2", PUBLISHED_AT)
    ledger.carry_over([told])
    assert ledger.months.surplus(told) == {january: 3, february: 2}
    assert ledger.months.surplus(other) == {}
    assert ledger.last_good_run(told)["declaration"] == SPRINGFIELD.fingerprint
    engine.close()


# A column that is declared later


def test_a_column_declared_later_changes_no_row_and_reads_no_month(tmp_path):
    """Rows that are new or change for another reason have it; the others keep null."""
    portal = Portal(clock=lambda: datetime(2026, 3, 2, tzinfo=UTC))
    older = [{**row, "id": f"j{row['id']}"} for row in live.soda_rows(5)]
    for row in older:
        row["reported"] = row["reported"].replace("-03-01", "-01-15")
    rows = [{**row, "code": "13A"} for row in older + live.soda_rows(6)]
    types = {**live.SPRINGFIELD_TYPES, "code": "text"}
    published = portal.add_soda("abcd-1234", rows[:-1], types, "id")
    with serve(portal) as url:
        before = SPRINGFIELD.at_portal(url)
        since = msgspec.structs.replace(before, later_columns=["code"])
        assert live.daily(tmp_path, before, date(2026, 3, 9), whole=True) is None
        rows[-2] = {**rows[-2], "category": "Fraud"}
        portal.store.clock = lambda: datetime(2026, 3, 10, tzinfo=UTC)
        published.upsert(rows[-2:])
        run(tmp_path, since)
    assert rows_read(tmp_path, since) == 6
    held = live.select(
        tmp_path, "select row_id, code from raw_springfield.incidents order by all"
    )
    assert [row_id for row_id, code in held if code] == ["00004", "00005"]
    logged = live.select(
        tmp_path,
        "select row_id, change, changed_fields from raw_springfield.incidents_changes "
        "order by changed_at, row_id offset 10",
    )
    assert logged == [("00004", "changed", "category"), ("00005", "added", None)]


# A table that moves


ELSEWHERE = "https://data.springfield.gov/resource/wxyz-9876"


@pytest.fixture
def home(tmp_path, portal, url):
    """A home that has read Springfield's incidents and places where they first were."""
    run(tmp_path / "home", SPRINGFIELD.at_portal(url), PLACES.at_portal(url))
    portal.requests.clear()
    return tmp_path / "home"


def test_a_table_with_another_address_keeps_its_history(home, portal, url):
    moved = msgspec.structs.replace(
        SPRINGFIELD, url=ELSEWHERE, formerly=[SPRINGFIELD.url]
    )
    logged = live.log_of(home, SPRINGFIELD)
    run(home, moved.at_portal(url), day=date(2026, 3, 12))
    assert {record.path for record in portal.requests} == {"/api/views/wxyz-9876.json"}
    assert live.ledger(home)[-1] == ("unchanged", None)
    portal.datasets["wxyz-9876"].rows_updated_at = datetime.now(UTC)
    run(home, moved.at_portal(url), day=date(2026, 3, 13))
    assert rows_read(home, moved) == 22
    assert live.log_of(home, SPRINGFIELD) == logged


def test_another_table_is_read_anew_from_its_first_month(home, portal, url):
    """At the same host, and with the same name: nobody said that it is the former."""
    other = msgspec.structs.replace(SPRINGFIELD, url=ELSEWHERE)
    run(home, other.at_portal(url))
    assert rows_read(home, other) == 27


def test_what_was_read_before_the_former_address_was_declared_counts(home, url):
    """A contributor who forgot `formerly` adds it after a run."""
    other = msgspec.structs.replace(SPRINGFIELD, url=ELSEWHERE)
    run(home, other.at_portal(url))
    told = msgspec.structs.replace(other, formerly=[SPRINGFIELD.url])
    run(home, told.at_portal(url))
    assert live.ledger(home)[-1] == ("unchanged", None)


def test_a_file_with_another_address_is_read_once_and_changes_no_row(home, portal, url):
    moved = msgspec.structs.replace(
        PLACES,
        url="https://files.springfield.gov/new/places.csv",
        formerly=[PLACES.url],
    )
    for _ in range(2):
        run(home, moved.at_portal(url))
    assert live.ledger(home, "outcome, rows_read, added, changed")[-2:] == [
        ("loaded", 3, 0, 0),
        ("unchanged", 0, 0, 0),
    ]
    assert [change for _, change, _ in live.log_of(home, PLACES)] == ["added"] * 3


# A portal that redirects


SODA = "https://data.springfield.example/resource/abcd-1234"
LAYER = SHELBYVILLE.url
NEW_LAYER = LAYER.replace("maps.shelbyville.example", "gis.shelbyville.gov")


@pytest.mark.parametrize(
    ("dataset", "asked", "query", "location", "address"),
    [
        (SPRINGFIELD, f"{SODA}.csv", "", "https://a.gov/resource/abcd-1234.csv", True),
        (SPRINGFIELD, f"{SODA}.csv", "", "//a.gov/resource/abcd-1234", True),
        (
            SPRINGFIELD,
            f"{SODA}.json",
            "$limit=1",
            "https://a.gov/resource/abcd-1234.json?$limit=1",
            True,
        ),
        (
            SPRINGFIELD,
            SODA.replace("resource", "api/views") + ".json",
            "",
            "https://a.gov/api/views/abcd-1234.json",
            True,
        ),
        (SPRINGFIELD, f"{SODA}.csv", "", "/resource/wxyz-9876.csv", "/wxyz-9876"),
        (SPRINGFIELD, f"{SODA}.csv", "", "https://a.gov/login", None),
        (SPRINGFIELD, f"{SODA}.csv", "", "https://a.gov/", None),
        (SPRINGFIELD, f"{SODA}.csv", "", "http://a.gov/resource/abcd-1234.csv", None),
        (SPRINGFIELD, f"{SODA}.csv", "", 'https://a"b/resource/abcd-1234.csv', None),
        (SPRINGFIELD, f"{SODA}.csv", "", "https://[a/resource/abcd-1234", None),
        (SPRINGFIELD, f"{SODA}.csv", "", f"{SODA}.csv", None),
        (SPRINGFIELD, f"{SODA}.csv", "", "", None),
        (SHELBYVILLE, f"{LAYER}/query", "f=json", f"{NEW_LAYER}/query", NEW_LAYER),
        (SHELBYVILLE, LAYER, "f=json", f"{NEW_LAYER}?f=json", NEW_LAYER),
        (PLACES, PLACES.url, "", "/v2/places.csv", "/v2/places.csv"),
        (PLACES, PLACES.url, "", "/sign-in", None),
        (PLACES, PLACES.url, "", "https://cdn.example/1.csv?signature=secret", None),
    ],
)
def test_a_redirect_tells_the_address_to_declare(
    dataset, asked, query, location, address
):
    found = new_address(dataset, asked, dict(parse_qsl(query)), location)
    if address is True:
        address = "https://a.gov/resource/abcd-1234"
    if address and address.startswith("/"):
        assert found.startswith(f"https://{dataset.host}/")
        assert found.endswith(address)
    else:
        assert found == address


def test_a_redirect_is_shown_without_what_may_be_secret():
    location = "https://user:secret@a.gov/x.csv?signature=secret#secret"
    assert shown(f"{SODA}.csv", location) == "https://a.gov/x.csv"
    assert shown(f"{SODA}.csv", "https://[a") == "elsewhere"


def test_a_query_that_is_refused_where_the_table_has_moved_is_told_as_a_move(
    home, portal, url
):
    """As San Francisco's former host did: one request more, and not followed."""
    portal.datasets["abcd-1234"].rows_updated_at = datetime.now(UTC)
    portal.fail(
        Fault("moved_host", location="https://a.gov", path="/resource/*", times=None)
    )
    failure = live.daily(home, SPRINGFIELD.at_portal(url), NEXT_DAY, whole=True)
    assert isinstance(failure, PortalMovedError)
    assert failure.address == "https://a.gov/resource/abcd-1234"
    assert re.search("redirects to https://a.gov/resource/abcd-1234: it", str(failure))
    assert [(r.path, r.status, bool(r.query)) for r in portal.requests] == [
        ("/api/views/abcd-1234.json", 200, False),
        ("/resource/abcd-1234.json", 403, True),
        ("/resource/abcd-1234.json", 301, False),
    ]


def test_a_refusal_is_told_as_one_where_nothing_redirects(home, portal, url):
    portal.datasets["abcd-1234"].rows_updated_at = datetime.now(UTC)
    portal.fail(Fault("status", 403, path="/resource/*", times=None))
    failure = live.daily(home, SPRINGFIELD.at_portal(url), NEXT_DAY, whole=True)
    assert not isinstance(failure, PortalMovedError)
    assert "refused (status 403" in str(failure)
    assert "is it still public?" in str(failure)
    assert len(portal.requests) == 3


def test_a_description_that_is_refused_is_told_as_a_move_where_rows_redirect(
    home, portal, url
):
    portal.fail(Fault("status", 403, path="/api/views/*", times=None))
    portal.fail(Fault("redirect", location="https://a.gov", path="/resource/*"))
    failure = live.daily(home, SPRINGFIELD.at_portal(url), NEXT_DAY, whole=True)
    assert failure.address == "https://a.gov/resource/abcd-1234"


def test_a_layer_and_a_file_that_are_refused_are_told_as_moves(home, portal, url):
    """A layer's query and a file's with one; of a file without one nothing is known."""
    query = {"token": "public"}
    asked = msgspec.structs.replace(PLACES, query=query)
    for dataset in (SHELBYVILLE, asked, PLACES):
        portal.faults.clear()
        portal.fail(Fault("status", 403))
        portal.fail(Fault("redirect", location="https://a.gov", after=1))
        failure = live.daily(home, dataset.at_portal(url), NEXT_DAY, whole=True)
        path = dataset.url.split("/", 3)[3]
        moved_to = getattr(failure, "address", None)
        assert moved_to == (None if dataset is PLACES else f"https://a.gov/{path}")


def test_of_several_files_each_tells_where_it_leads(home, portal, url):
    """One may move alone; where all did the declaration's `url` can be told."""
    several = msgspec.structs.replace(
        PLACES,
        url="https://files.springfield.example/new",
        files=["places.csv", "more.csv"],
        columns=["id", "place", "file_name"],
        file_column="file_name",
    ).at_portal(url)
    portal.add_file("/new/more.csv", b"id,place\n4,Lock\n")
    portal.fail(Fault("redirect", location="https://a.gov", path="/new/more.csv"))
    failure = live.daily(home, several, NEXT_DAY, whole=True)
    assert "redirects to https://a.gov/new/more.csv: the portal may" in str(failure)
    portal.fail(Fault("redirect", location="https://a.gov", times=2))
    failure = live.daily(home, several, NEXT_DAY, whole=True)
    assert failure.address == "https://a.gov/new"


def test_a_probe_that_gets_no_answer_leaves_the_refusal(home, portal, url):
    portal.datasets["abcd-1234"].rows_updated_at = datetime.now(UTC)
    portal.fail(Fault("status", 403, path="/resource/*"))
    portal.fail(Fault("reset", path="/resource/*", after=1))
    failure = live.daily(home, SPRINGFIELD.at_portal(url), NEXT_DAY, whole=True)
    assert "refused (status 403" in str(failure)
