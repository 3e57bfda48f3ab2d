"""A table that is read by SODA 3 is the table that is read by SODA 2."""

from datetime import UTC, date, datetime

import msgspec
import pytest
import requests

from demo.portal.server import Fault
from pipelines.datasets.dataset import Soda3Dataset
from pipelines.datasets.declarations import FOLDER, read_dataset, read_datasets
from pipelines.datasets.overrides import as_set, by_soda
from pipelines.errors import PortalError, PortalMovedError
from pipelines.portals.reader import Read
from pipelines.portals.registry import reader_for
from pipelines.settings import Identity, Settings
from pipelines.sync.keys import key_rows
from tests.integration.sync.test_failure_modes import OPEN, rows_read
from tests.support import golden_days, golden_tables
from tests.support import live_portal as live
from tests.support.live_portal import IMPATIENT
from tests.support.same_numbers import differences

SOCRATA = (
    "cambridge__incidents",
    "chicago__incidents",
    "chicago__recent_incidents",
    "san_francisco__incidents",
)
CSV, JSON = (f"/api/v3/views/abcd-1234/query.{form}" for form in ("csv", "json"))
NEXT_DAY = date(2026, 3, 11)


@pytest.fixture
def by_three(springfield):
    return by_soda(springfield, 3)


def asked_of(portal):
    """Method and path of what was asked."""
    return [(record.method, record.path) for record in portal.requests]


def published_in_february(portal):
    """22 rows of the window and nine of January; what comes later is of 11 March."""
    january = [
        {**row, "reported": row["reported"].replace("-03-01", "-01-15")}
        for row in live.soda_rows(9, first=100)
    ]
    portal.store.clock = lambda: datetime(2026, 2, 20, tzinfo=UTC)
    published = live.springfield(portal, january + live.soda_rows(22))
    portal.store.clock = lambda: datetime(2026, 3, 11, tzinfo=UTC)
    return published


# The same by either API


def test_three_days_of_four_cities_come_to_the_same_tables_by_either_api(
    tmp_path, monkeypatch
):
    """Rows, change logs, rejects, removals, months, counts and the ledger."""
    homes = {"2": tmp_path / "by_two", "3": tmp_path / "by_three"}
    days = []

    def run(url, day):
        found = {}
        for soda, home in homes.items():
            home.mkdir(exist_ok=True)
            monkeypatch.setenv("BLOTTER_SODA", soda)
            assert golden_days.run_day(url, home, day, names=SOCRATA) is None
            found[soda] = golden_tables.everything(home, with_raw=True)
        assert differences(found["2"], found["3"]) == []
        days.append(found["3"])
        paths = [one["path"] for one in requests.get(f"{url}/_portal/requests").json()]
        asked = [
            sum(path.startswith(api) for path in paths)
            for api in ("/resource/", "/api/v3/")
        ]
        assert asked[0] == asked[1] > 0

    golden_days.three_days(run)
    changes = days[-1]["raw_san_francisco.incidents_changes"]
    place = list(changes.columns).index("change")
    kinds = {row[place] for row in changes.rows}
    assert kinds == {"added", "changed", "removed", "restored"}
    versions = "select dataset, run_id, portal_version from ledger.runs order by all"
    told = [live.select(home, versions) for home in homes.values()]
    assert told[0] == told[1]
    assert len(told[0]) == len(SOCRATA) * len(golden_days.DAYS)


def test_every_request_for_rows_goes_to_the_one_api_or_to_the_other(
    portal, springfield, by_three, tmp_path
):
    live.springfield(portal, live.soda_rows(30))
    assert live.daily(tmp_path / "two", springfield, whole=True) is None
    by_two = asked_of(portal)
    portal.requests.clear()
    assert live.daily(tmp_path / "three", by_three, whole=True) is None
    also = [
        (method, path)
        if path.startswith("/api/views/")
        else ("POST", "/api/v3/views/abcd-1234/query." + path.rpartition(".")[2])
        for method, path in by_two
    ]
    assert asked_of(portal) == also
    assert ("POST", CSV) in also
    assert ("POST", JSON) in also


def test_pages_follow_the_rows_own_id_and_each_is_the_first_of_its_size(
    portal, by_three
):
    published = live.springfield(portal, live.soda_rows(250))
    dataset = msgspec.structs.replace(by_three, page_rows=100)
    assert rows_read(dataset) == live.shown(published, dataset)
    pages = [record.query for record in portal.requests if record.path == CSV]
    assert [page["page"] for page in pages] == [
        '{"pageNumber": 1, "pageSize": 100}'
    ] * 4
    assert {page["orderingSpecifier"] for page in pages} == {"total"}
    assert all(page["query"].endswith(" ORDER BY :id") for page in pages)
    assert [":id > 'row-" in page["query"] for page in pages] == [False] + [True] * 3


def test_rows_that_are_replaced_between_pages_are_neither_lost_nor_doubled(
    portal, by_three, home
):
    published = live.springfield(portal, live.soda_rows(300))
    dataset = msgspec.structs.replace(by_three, page_rows=100)
    assert live.daily(home, dataset) is None
    published.upsert([{"id": "00000", "category": "Fraud"}])
    portal.fail(
        Fault("hook", hook=lambda: published.replace(live.soda_rows(290)), path=CSV)
    )
    portal.faults[-1].after = 2
    assert live.daily(home, dataset) is None
    assert live.ledger(home)[-1] == ("moving", None)
    assert live.daily(home, dataset) is None
    assert live.held(home, dataset) == live.shown(published, dataset)


def test_late_edits_are_swept_by_soda_3(portal, by_three, home):
    published = published_in_february(portal)
    assert live.daily(home, by_three, whole=True) is None
    published.upsert([{"id": "00104", "category": "Arson"}])
    assert live.daily(home, by_three, NEXT_DAY, whole=True) is None
    assert live.ledger(home, "outcome, swept")[-1] == ("loaded", 1)
    changes = [entry for entry in live.log_of(home, by_three) if entry[1] != "added"]
    assert changes == [("00104", "changed", "category")]


# From one to the other


def test_a_data_set_is_the_same_table_by_either_api():
    for name in SOCRATA:
        dataset = read_datasets()[name]
        other = by_soda(dataset, 3)
        assert isinstance(other, Soda3Dataset)
        assert other.fingerprint == dataset.fingerprint
        assert by_soda(other, 2) == dataset


def test_a_declaration_names_the_api(tmp_path):
    by_two = (FOLDER / "chicago__incidents.toml").read_text()
    file = tmp_path / "springfield__incidents.toml"
    file.write_text(by_two.replace('api = "soda2"', 'api = "soda3"'))
    assert isinstance(read_dataset(file), Soda3Dataset)


def test_the_setting_has_every_socrata_table_read_by_soda_3_and_nothing_else(
    monkeypatch,
):
    declared = read_datasets()
    usual = Settings.from_environment()
    assert {as_set(d, usual) == d for d in declared.values()} == {True}
    monkeypatch.setenv("BLOTTER_SODA", "3")
    settings = Settings.from_environment()
    found = {name: as_set(d, settings) for name, d in declared.items()}
    changed = {name for name, one in found.items() if one != declared[name]}
    assert changed == set(SOCRATA)
    assert {type(found[name]) for name in SOCRATA} == {Soda3Dataset}


def test_a_table_that_is_declared_by_soda_3_stays_so_without_the_setting(springfield):
    declared = by_soda(springfield, 3)
    assert as_set(declared, Settings.from_environment()) == declared


def test_rows_have_the_same_keys_and_digests_by_either_api(
    portal, springfield, by_three
):
    rows = live.soda_rows(6)
    rows[1] |= {"category": None, "district": ""}
    rows[2] |= {"category": 'O\'Brien "x"\n„Ünï“', "district": "  7 "}
    live.springfield(portal, rows)
    keyed = []
    for dataset in (springfield, by_three):
        reader = reader_for(dataset, IMPATIENT)
        reader.probe()
        found = key_rows(dataset, list(reader.pages(OPEN, Read()))).rows
        keyed.append(found.sort_by("row_id").to_pylist())
    assert keyed[0] == keyed[1]
    assert len(keyed[0]) == 6
    assert [row["district"] for row in keyed[1]] == ["00", "", "  7 ", "03", "04", "05"]


@pytest.mark.parametrize("versions", [(2, 3), (3, 2)])
def test_going_from_one_api_to_the_other_reads_nothing_again(
    portal, springfield, home, versions
):
    """One request on a day without news; else the window alone, and no entry for it."""
    first, second = (by_soda(springfield, version) for version in versions)
    published = published_in_february(portal)
    assert live.daily(home, first, whole=True) is None
    months = live.select(home, "select dataset, month, run_id from ledger.months")
    assert len(months) > 1
    logged = live.log_of(home, first)

    portal.requests.clear()
    assert live.daily(home, second, whole=True) is None
    assert live.ledger(home)[-1] == ("unchanged", None)
    assert asked_of(portal) == [("GET", "/api/views/abcd-1234.json")]

    published.upsert([{"id": "00003", "category": "Arson"}])
    assert live.daily(home, second, NEXT_DAY, whole=True) is None
    assert live.ledger(home, "outcome, rows_read")[-1] == ("loaded", 22)
    edit = ("00003", "changed", "category")
    assert live.log_of(home, first) == sorted([*logged, edit], key=str)
    found = live.select(home, "select dataset, month, run_id from ledger.months")
    assert sorted(found) == sorted(months)


# What SODA 3 answers instead of rows


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body",
    [
        None,
        "<html>Forbidden</html>",
        '{"message":"You must be logged in to access this resource","error":true}',
        '{"code":"authentication_required","error":true,"message":"This request must '
        'be authenticated or have an application token"}',
    ],
    ids=["no reason", "HTML", "a login", "a token"],
)
def test_who_has_no_token_and_is_refused_is_told_to_set_one(
    portal, by_three, status, body
):
    live.springfield(portal, live.soda_rows(3))
    portal.fail(Fault("status", status, path="/api/v3/*", body=body, times=None))
    with pytest.raises(PortalError) as caught:
        rows_read(by_three)
    assert str(caught.value).startswith(
        f"{by_three.label} requires an app token: set SOCRATA_APP_TOKEN. "
    )


def test_a_page_about_the_end_of_soda_2_is_no_new_address(portal, by_three):
    """But the same path on another host is one, as by SODA 2."""
    live.springfield(portal, live.soda_rows(3))
    closed = Fault("status", 403, path="/api/v3/*", times=None)
    portal.fail(closed)
    page = {"Location": "https://dev.example/end-of-soda2"}
    portal.fail(Fault("status", 302, page, path="/resource/*", times=None))
    with pytest.raises(PortalError, match="requires an app token"):
        rows_read(by_three)
    portal.heal()
    portal.fail(closed)
    portal.fail(
        Fault("redirect", location="https://a.example", path="/resource/*", times=None)
    )
    with pytest.raises(PortalMovedError) as caught:
        rows_read(by_three)
    assert caught.value.address == "https://a.example/resource/abcd-1234"


def test_a_token_opens_what_is_closed_without_one(portal, by_three):
    live.springfield(portal, live.soda_rows(3))
    portal.fail(Fault("needs_token", path="/api/v3/*", times=None))
    reader = reader_for(by_three, IMPATIENT, Identity(app_token="righttoken"))
    reader.probe()
    assert reader.count(OPEN) == 3
    assert all("righttoken" not in str(r.query) + r.path for r in portal.requests)


def test_a_wrong_token_is_dropped_and_reading_goes_on(portal, by_three, caplog):
    live.springfield(portal, live.soda_rows(3))
    portal.app_tokens = {"righttoken"}
    reader = reader_for(by_three, IMPATIENT, Identity(app_token="wrongtoken"))
    reader.probe()
    assert reader.count(OPEN) == 3
    assert reader.token_state() == "refused"
    assert "refused SOCRATA_APP_TOKEN (status 403); reading without it" in caplog.text


MESSAGE = '{"message":"Query is too large"}'


@pytest.mark.parametrize("path", [JSON, CSV])
def test_an_object_with_a_message_is_an_error_and_no_row(portal, by_three, home, path):
    published = live.springfield(portal, live.soda_rows(9))
    assert live.daily(home, by_three) is None
    published.delete(["00004"])
    before = live.raw_tables(home)
    portal.fail(Fault("status", 200, path=path, body=MESSAGE, times=None))
    failure = live.daily(home, by_three)
    assert isinstance(failure, PortalError)
    assert "Query is too large" in str(failure)
    assert live.raw_tables(home) == before


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(portal, by_three):
    published = live.springfield(portal, live.soda_rows(1_200))
    large = '"pageSize": 2000}'
    portal.fail(Fault("status", 200, path=CSV, query=large, body=MESSAGE, times=None))
    dataset = msgspec.structs.replace(by_three, page_rows=2_000)
    assert rows_read(dataset) == live.shown(published, dataset)


def test_a_column_that_is_gone_is_named(portal, by_three):
    published = live.springfield(portal, live.soda_rows(3))
    reader = reader_for(by_three, IMPATIENT)
    reader.probe()
    published.rename_column("category", "offense")
    with pytest.raises(PortalError, match="no longer has a column category"):
        list(reader.pages(OPEN, Read()))


def test_a_portal_that_moved_is_told_with_its_new_address(portal, by_three):
    live.springfield(portal, live.soda_rows(3))
    portal.fail(
        Fault("redirect", location="https://data.gov.example", path="/api/v3/*")
    )
    with pytest.raises(PortalMovedError) as caught:
        rows_read(by_three)
    assert caught.value.address == "https://data.gov.example/resource/abcd-1234"
