"""Several published tables are one data set: exact rows, removals, log and warnings."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from demo.portal.server import Fault, Portal, serve
from pipelines.datasets.parts import YEAR, Part
from pipelines.errors import PartsError, PortalError
from tests.support import live_portal as live
from tests.support.in_parts import (
    CKAN,
    HOST,
    LAYER,
    SODA,
    Incident,
    finished,
    held,
    shown,
    warnings,
)
from tests.unit.test_layer_clock import clocks

NEW_YEARS_EVE, NEW_YEARS_DAY = date(2026, 12, 31), date(2027, 1, 1)
THE_NINTH = date(2027, 1, 9)


def incidents(first: int, days: list[date]) -> list[Incident]:
    """One a day, numbered from `first`."""
    return [Incident(f"n{first + n:03d}", day) for n, day in enumerate(days)]


def days_of(month: date, *days: int) -> list[date]:
    return [month.replace(day=day) for day in days]


NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
OLD = incidents(0, days_of(NOVEMBER, *range(1, 31)))
LATE = incidents(30, days_of(DECEMBER, *range(1, 32)))
NEW = incidents(100, days_of(NEW_YEARS_DAY, 2, 5, 8))


@pytest.fixture(params=[SODA, LAYER, CKAN], ids=["soda2", "arcgis", "ckan"])
def api(request):
    return request.param


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A home with the city's empty tables, which are the same for each API."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    with live.opened(home, SODA.dataset([Part(url=SODA.url("0001"))])):
        return home


@pytest.fixture
def yearly(api, url):
    """A table a year, from 2026 on."""
    return api.dataset([Part(url=api.url(YEAR), from_year=2026)]).at_portal(url)


def daily(home, dataset, day):
    return live.daily(home, dataset, day, whole=True)


def not_added(home, dataset) -> list[tuple]:
    return [entry for entry in live.log_of(home, dataset) if entry[1] != "added"]


# A table a year


def test_a_new_years_table_may_come_on_the_ninth(api, portal, url, home, yearly):
    """Until then what happens to the rows of the last year is followed as ever."""
    last = api.publish(portal, "2026", OLD + LATE)
    assert daily(home, yearly, NEW_YEARS_EVE) is None
    assert held(home, yearly) == shown(api, OLD, LATE)
    assert warnings(home) == ""
    read = finished(home)
    assert set(read) == {"2026-11-01"}

    last.replace(api.rows([*OLD, Incident("n030", DECEMBER, "Fraud"), *LATE[2:]]))
    assert daily(home, yearly, NEW_YEARS_DAY) is None
    changed = [Incident("n030", DECEMBER, "Fraud"), *LATE[2:]]
    assert held(home, yearly) == shown(api, OLD, changed)
    assert not_added(home, yearly) == [
        ("n030", "changed", "category"),
        ("n031", "removed", None),
    ]
    said = warnings(home)
    assert said == (
        f"{yearly.name}: {yearly.host} does not publish {api.place(url, '2027')} yet; "
        "from February 15, 2027 on that is a failure."
    )

    assert daily(home, yearly, date(2027, 1, 8)) is None
    assert held(home, yearly) == shown(api, OLD, changed)
    assert f"{api.place(url, '2027')} yet" in warnings(home)

    api.publish(portal, "2027", NEW)
    assert daily(home, yearly, THE_NINTH) is None
    assert held(home, yearly) == shown(api, OLD, changed, NEW)
    assert warnings(home) == ""
    assert len(not_added(home, yearly)) == 2
    assert live.ledger(home, "outcome, added")[-1] == ("loaded", 3)
    # The old year's months were not read again for it.
    assert finished(home)["2026-11-01"] == read["2026-11-01"]


def test_a_new_years_table_may_be_there_at_once(api, portal, home, yearly):
    api.publish(portal, "2026", OLD + LATE)
    assert daily(home, yearly, NEW_YEARS_EVE) is None
    first = [Incident("n100", NEW_YEARS_DAY)]
    api.publish(portal, "2027", first)
    assert daily(home, yearly, NEW_YEARS_DAY) is None
    assert held(home, yearly) == shown(api, OLD, LATE, first)
    assert not_added(home, yearly) == []
    assert warnings(home) == ""


def test_a_new_years_table_is_missed_from_its_day_on(api, portal, url, home, yearly):
    api.publish(portal, "2026", OLD + LATE)
    assert daily(home, yearly, NEW_YEARS_EVE) is None
    assert daily(home, yearly, date(2027, 2, 14)) is None
    assert f"{api.place(url, '2027')} yet" in warnings(home)
    failure = daily(home, yearly, date(2027, 2, 15))
    assert isinstance(failure, PartsError)
    assert "sent 1 of 2 tables; rows already loaded from the others are kept" in str(
        failure
    )
    assert f"{api.place(url, '2027')} no longer has it" in str(failure)
    assert held(home, yearly) == shown(api, OLD, LATE)
    assert not_added(home, yearly) == []


def test_a_new_years_table_that_is_withdrawn_is_a_failure_and_its_rows_stay(
    api, portal, home, yearly
):
    last = api.publish(portal, "2026", OLD + LATE)
    published = api.publish(portal, "2027", NEW)
    assert daily(home, yearly, THE_NINTH) is None
    del portal.datasets[published.name]
    last.append(api.rows([Incident("n099", date(2026, 12, 31))]))
    failure = daily(home, yearly, date(2027, 1, 10))
    assert isinstance(failure, PartsError)
    assert held(home, yearly) == shown(
        api, OLD, LATE, NEW, [Incident("n099", date(2026, 12, 31))]
    )
    assert not_added(home, yearly) == []


def test_a_window_asks_only_the_tables_of_its_days(api, portal, home, yearly):
    last = api.publish(portal, "2026", OLD + LATE)
    this = api.publish(portal, "2027", NEW)
    assert daily(home, yearly, THE_NINTH) is None
    portal.requests.clear()
    this.append(api.rows([Incident("n103", date(2027, 3, 1))]))
    assert live.daily(home, yearly, date(2027, 3, 1)) is None
    assert held(home, yearly)[-1][0] == "n103"
    assert api.asked(portal, "2027")
    assert api.asked(portal, "2026") == []
    assert last.count == 61


def test_a_year_that_has_not_begun_has_no_table(api, url, home):
    later = api.dataset([Part(url=api.url(YEAR), from_year=2028)]).at_portal(url)
    failure = daily(home, later, NEW_YEARS_DAY)
    assert "has no part of this year or an earlier one: see `from_year`" in str(failure)


# Rows that move


@pytest.mark.parametrize("key_is_unique", [True, False])
def test_rows_move_from_the_years_table_to_the_historic_one(
    api, portal, url, home, key_is_unique
):
    """All at once or by turns: for a day they may stand in both."""
    parts = [Part(url=api.url("0001")), Part(url=api.url("0002"))]
    city = api.dataset(parts, key_is_unique=key_is_unique).at_portal(url)
    present = api.publish(portal, "0001", LATE)
    historic = api.publish(portal, "0002", OLD)
    assert daily(home, city, NEW_YEARS_EVE) is None
    before = held(home, city)
    assert before == shown(api, OLD, LATE)

    historic.append(api.rows(LATE[:20]))  # They stand in both.
    assert daily(home, city, NEW_YEARS_DAY) is None
    assert held(home, city) == before
    assert warnings(home) == ""

    present.replace(api.rows(LATE[10:]))  # Ten in one, ten in both.
    assert daily(home, city, date(2027, 1, 2)) is None
    historic.append(api.rows(LATE[20:]))
    present.replace(api.rows(NEW))  # The others at once.
    assert daily(home, city, date(2027, 1, 9)) is None

    assert held(home, city) == shown(api, OLD, LATE, NEW)
    assert not_added(home, city) == []
    assert len(live.log_of(home, city)) == len(OLD + LATE + NEW)


def test_a_row_that_changes_as_it_moves_is_one_change(api, portal, url, home):
    """While it stands in both, what the part says counts that is declared later."""
    parts = [Part(url=api.url("0001")), Part(url=api.url("0002"))]
    city = api.dataset(parts).at_portal(url)
    present = api.publish(portal, "0001", LATE)
    historic = api.publish(portal, "0002", OLD)
    assert daily(home, city, NEW_YEARS_EVE) is None
    moved = [Incident(i.id, i.day, "Fraud") for i in LATE[:2]]
    historic.append(api.rows(moved))
    assert daily(home, city, NEW_YEARS_DAY) is None
    present.replace(api.rows(LATE[2:]))
    assert daily(home, city, date(2027, 1, 2)) is None
    assert held(home, city) == shown(api, OLD, moved, LATE[2:])
    assert not_added(home, city) == [
        ("n030", "changed", "category"),
        ("n031", "changed", "category"),
    ]


# One fails


@pytest.fixture
def two_years(api, url):
    parts = [
        Part(url=api.url("0026"), start=DECEMBER),
        Part(url=api.url("0025"), end=date(2026, 11, 30)),
    ]
    return api.dataset(parts).at_portal(url)


def test_a_part_that_is_down_spares_the_other_and_heals(api, portal, home, two_years):
    present = api.publish(portal, "0026", LATE)
    former = api.publish(portal, "0025", OLD)
    assert daily(home, two_years, NEW_YEARS_EVE) is None

    portal.fail(api.down("0025"))
    former.replace(api.rows(OLD[1:]))
    present.replace(api.rows(LATE[1:] + NEW))
    failure = daily(home, two_years, date(2027, 1, 8))
    assert isinstance(failure, PartsError)
    assert "sent 1 of 2 tables" in str(failure)
    # What the other removed is removed; of the one that is down, nothing is.
    assert held(home, two_years) == shown(api, OLD, LATE[1:], NEW)
    assert not_added(home, two_years) == [("n030", "removed", None)]
    # Nor does November count as another than what is held.
    said = live.ledger(home, "outcome, months_compared, months_repaired")[-1]
    assert said == ("partial", 1, 0)

    portal.heal()
    assert daily(home, two_years, THE_NINTH) is None
    assert held(home, two_years) == shown(api, OLD[1:], LATE[1:], NEW)
    assert not_added(home, two_years) == [
        ("n000", "removed", None),
        ("n030", "removed", None),
    ]


def test_a_part_that_is_not_there_has_its_months_read_when_it_comes(
    api, portal, home, two_years
):
    api.publish(portal, "0026", LATE)
    assert isinstance(daily(home, two_years, NEW_YEARS_DAY), PartsError)
    assert set(finished(home)) == {"2026-12-01"}
    api.publish(portal, "0025", OLD)
    assert daily(home, two_years, NEW_YEARS_DAY) is None
    assert held(home, two_years) == shown(api, OLD, LATE)
    assert set(finished(home)) == {"2026-11-01", "2026-12-01"}


def test_a_part_that_is_down_on_the_first_day_is_read_on_the_next(
    api, portal, home, two_years
):
    api.publish(portal, "0026", LATE)
    api.publish(portal, "0025", OLD)
    portal.fail(api.down("0025"))
    assert isinstance(daily(home, two_years, NEW_YEARS_EVE), PartsError)
    assert held(home, two_years) == shown(api, LATE)
    assert finished(home) == {}
    portal.heal()
    assert daily(home, two_years, NEW_YEARS_EVE) is None
    assert held(home, two_years) == shown(api, OLD, LATE)
    assert set(finished(home)) == {"2026-11-01"}


@pytest.mark.parametrize("passed", range(1, 7))
def test_a_part_that_breaks_off_at_any_request_is_read_on_the_next_day(
    api, portal, home, two_years, passed
):
    """Its version is not taken for loaded, nor are its rows for gone."""
    present = api.publish(portal, "0026", LATE)
    former = api.publish(portal, "0025", OLD)
    assert daily(home, two_years, NEW_YEARS_EVE) is None
    edited = [*OLD[:29], Incident("n029", OLD[29].day, "Fraud")]
    former.replace(api.rows(edited))
    present.replace(api.rows(LATE[1:] + NEW))
    portal.fail(api.down("0025", after=passed))
    failure = daily(home, two_years, NEW_YEARS_EVE)
    assert failure is None or isinstance(failure, PartsError)
    assert held(home, two_years)[30:] == shown(api, LATE[1:], NEW)
    assert ("n030", "removed", None) in not_added(home, two_years)
    portal.heal()
    assert daily(home, two_years, NEW_YEARS_EVE) is None
    assert held(home, two_years) == shown(api, edited, LATE[1:], NEW)
    assert not_added(home, two_years) == [
        ("n029", "changed", "category"),
        ("n030", "removed", None),
    ]


def test_a_part_that_fails_as_a_lost_row_is_looked_up_keeps_it(
    api, portal, home, two_years
):
    api.publish(portal, "0026", LATE)
    former = api.publish(portal, "0025", OLD)
    assert daily(home, two_years, NEW_YEARS_EVE) is None
    former.replace(api.rows(OLD[1:]))
    # Only a lookup names a key. All of CKAN's requests have one path.
    sign = f'{api.sign}0025" WHERE "id" IN (\'' if api is CKAN else ""
    portal.fail(api.down("0025", query=f"{sign}n000"))
    assert isinstance(daily(home, two_years, NEW_YEARS_EVE), PartsError)
    assert held(home, two_years) == shown(api, OLD, LATE)
    portal.heal()
    assert daily(home, two_years, NEW_YEARS_EVE) is None
    assert not_added(home, two_years) == [("n000", "removed", None)]


def test_a_part_that_sends_other_numbers_than_it_counts_spares_the_other(
    portal, url, home
):
    parts = [Part(url=SODA.url("0026"), start=DECEMBER), Part(url=SODA.url("0025"))]
    city = SODA.dataset(parts).at_portal(url)
    SODA.publish(portal, "0026", LATE)
    SODA.publish(portal, "0025", OLD)
    portal.fail(
        Fault(
            "edit",
            path="/resource/crim-0025.json",
            times=None,
            edit=lambda body: body.replace(b'"30"', b'"31"'),
        )
    )
    failure = daily(home, city, NEW_YEARS_EVE)
    assert isinstance(failure, PartsError)
    assert "sent 30 rows of 2026-11-01 on but counts 31, in 3 attempts." in str(failure)
    assert held(home, city) == shown(SODA, LATE)
    portal.heal()
    assert daily(home, city, NEW_YEARS_EVE) is None
    assert held(home, city) == shown(SODA, OLD, LATE)


def test_all_parts_down_are_a_failure_of_the_data_set(api, portal, home, two_years):
    api.publish(portal, "0026", LATE)
    api.publish(portal, "0025", OLD)
    portal.fail(api.down("00"))
    failure = daily(home, two_years, NEW_YEARS_EVE)
    assert isinstance(failure, PortalError)
    assert not isinstance(failure, PartsError)
    assert "kept failing" in str(failure)


# Columns, and kinds


def test_a_part_may_call_its_columns_otherwise(api, portal, url, home):
    """And lack one that is optional."""
    called = {"id": "report_no", "reported": "date_rept", "category": "offense"}
    parts = [
        Part(url=api.url("0026"), start=DECEMBER),
        Part(url=api.url("0025"), end=date(2026, 11, 30), also_called=called),
    ]
    city = api.dataset(parts, optional_columns=["district"]).at_portal(url)
    api.publish(portal, "0026", LATE)
    former = api.publish(portal, "0025", OLD, called)
    assert daily(home, city, NEW_YEARS_EVE) is None
    assert held(home, city) == [(*row, None) for row in shown(api, OLD, LATE)]
    assert warnings(home) == ""

    former.rename_column("offense", "category")
    failure = daily(home, city, NEW_YEARS_DAY)
    assert isinstance(failure, PartsError)
    assert str(failure).endswith(
        f"{api.place(url, '0025')} no longer publishes offense; a column may have been "
        "renamed. Correct northhaven__incidents.toml."
    )
    assert len(held(home, city)) == 61


@pytest.mark.parametrize("key_is_unique", [True, False])
def test_parts_by_kind_have_the_same_days(api, portal, url, home, key_is_unique):
    kinds = {"0001": "Person", "0002": "Property", "0003": "Society"}
    rows = {
        name: [Incident(f"{name}-{i.id}", i.day, kind) for i in OLD + LATE]
        for name, kind in kinds.items()
    }
    city = api.dataset(
        [Part(url=api.url(name)) for name in kinds], key_is_unique=key_is_unique
    ).at_portal(url)
    tables = {name: api.publish(portal, name, rows[name]) for name in kinds}
    assert daily(home, city, NEW_YEARS_EVE) is None
    assert held(home, city) == shown(api, *rows.values())

    portal.fail(api.down("0002"))
    tables["0001"].append(api.rows([Incident("0001-new", LATE[-1].day, "Person")]))
    assert isinstance(daily(home, city, NEW_YEARS_DAY), PartsError)
    portal.heal()
    tables["0003"].replace(api.rows(rows["0003"][:-1]))
    assert daily(home, city, date(2027, 1, 2)) is None
    assert not_added(home, city) == [("0003-n060", "removed", None)]
    assert len(held(home, city)) == 3 * 61 + 1 - 1


def test_rows_that_share_a_key_are_told_apart_in_a_part_and_not_across(
    api, portal, url, home
):
    """Equal rows of one part are several; those of two parts are one that moves."""
    twice = [Incident("n500", LATE[-1].day)] * 2
    other = [Incident("n500", LATE[-1].day, "Fraud")]
    city = api.dataset(
        [Part(url=api.url("0001")), Part(url=api.url("0002"))], key_is_unique=False
    ).at_portal(url)
    api.publish(portal, "0001", twice)
    api.publish(portal, "0002", [*twice, *other])
    assert daily(home, city, NEW_YEARS_EVE) is None
    # Their order is that of digests.
    assert sorted(held(home, city)) == sorted(shown(api, twice, other))


# Late edits


def test_late_edits_and_removals_in_an_old_part_are_found(api, portal, home, yearly):
    """By sweep where the portal tells, or else by reading the month again."""
    last = api.publish(portal, "2026", OLD + LATE)
    api.publish(portal, "2027", NEW)
    first = date(2027, 2, 10)
    assert daily(home, yearly, first) is None
    edited = [*OLD[:-2], Incident("n028", OLD[28].day, "Fraud")]
    if api is SODA:
        last.key = "id"
        last.upsert(api.rows(edited[-1:]))
        last.delete(["n029"])
    else:
        last.replace(api.rows(edited + LATE))
    assert daily(home, yearly, first + timedelta(days=7)) is None
    assert held(home, yearly) == shown(api, edited, LATE, NEW)
    assert not_added(home, yearly) == [
        ("n028", "changed", "category"),
        ("n029", "removed", None),
    ]


def test_rows_without_a_date_are_read_from_a_part_that_has_ended(portal, url, home):
    parts = [
        Part(url=LAYER.url("0026"), start=DECEMBER),
        Part(url=LAYER.url("0025"), end=date(2026, 11, 30)),
    ]
    city = LAYER.dataset(parts).at_portal(url)
    LAYER.publish(portal, "0026", LATE)
    former = LAYER.publish(portal, "0025", OLD)
    former.append([{"id": "n900", "category": "Theft"}])
    assert daily(home, city, date(2027, 1, 5)) is None
    assert held(home, city)[-1] == ("n900", None, "Theft")
    former.append(LAYER.rows([Incident("n901", OLD[0].day)]))
    assert daily(home, city, date(2027, 1, 6)) is None
    assert not_added(home, city) == []


# Clocks


def publish_clocks(portal, name: str, zone: str) -> None:
    """A layer of a usual fortnight, whose dates are instants of a zone's clock."""
    rows = [
        {
            "id": f"{name}-{number:04d}",
            "reported": int(clock.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000,
            "category": "Theft",
        }
        for number, clock in enumerate(clocks(date(2026, 12, 3), days=14, a_day=40))
    ]
    path = LAYER.path.replace("{name}", name)
    portal.add_layer(path, rows, {"ObjectId": "oid", **LAYER.types})


def test_each_parts_clock_is_proved_before_it_is_first_read(portal, url, home):
    """Also that of a part which is added, and of that alone."""
    publish_clocks(portal, "0001", "America/New_York")
    publish_clocks(portal, "0002", "UTC")
    first, second = Part(url=LAYER.url("0001")), Part(url=LAYER.url("0002"))
    city = LAYER.dataset([first]).at_portal(url)
    assert daily(home, city, NEW_YEARS_EVE) is None
    portal.requests.clear()
    failure = daily(home, LAYER.dataset([first, second]).at_portal(url), NEW_YEARS_EVE)
    assert isinstance(failure, PartsError)
    assert "0002/FeatureServer/0 has reported on another clock than declared" in str(
        failure
    )
    ids = {row[0][:4] for row in held(home, city)}
    assert (ids, len(held(home, city))) == ({"0001"}, 14 * 40)
    newest = [r for r in portal.requests if "DESC" in str(r.query)]
    assert {record.path for record in newest} == {
        f"{LAYER.path.replace('{name}', '0002')}/query"
    }


# What is read again


def test_a_table_that_becomes_a_part_is_not_read_again(api, portal, url, home):
    """Nor are the months of other parts where one is added."""
    alone = api.dataset([], url=api.url("0026")).at_portal(url)
    api.publish(portal, "0026", LATE)
    january = date(2027, 1, 20)
    assert daily(home, alone, january) is None
    read = finished(home)

    older = Part(url=api.url("0025"), end=date(2026, 11, 30))
    parts = [Part(url=api.url("0026"), start=DECEMBER), older]
    city = api.dataset(parts).at_portal(url)
    assert set(read) == {"2026-11-01", "2026-12-01"}
    api.publish(portal, "0025", OLD)
    portal.requests.clear()
    assert daily(home, city, january) is None
    assert held(home, city) == shown(api, OLD, LATE)
    now = finished(home)
    assert now["2026-12-01"] == read["2026-12-01"]
    assert now["2026-11-01"] != read["2026-11-01"]

    more = msgspec.structs.replace(
        city,
        parts=[*city.parts, Part(url=api.url("0027"), start=NEW_YEARS_DAY)],
    )
    more = msgspec.structs.replace(
        more, parts=[*city.parts, more.parts[-1].at_portal(url)]
    )
    api.publish(portal, "0027", NEW)
    assert daily(home, more, january) is None
    assert held(home, more) == shown(api, OLD, LATE, NEW)
    assert finished(home) == now


def test_a_part_that_is_added_has_its_months_read(api, portal, url, home):
    """Even if it is of any day, and fails at first."""
    first = Part(url=api.url("0001"))
    city = api.dataset([first]).at_portal(url)
    api.publish(portal, "0001", LATE)
    assert daily(home, city, THE_NINTH) is None
    read = finished(home)
    both = api.dataset([first, Part(url=api.url("0002"))]).at_portal(url)
    api.publish(portal, "0002", OLD)
    portal.fail(api.down("0002"))
    portal.requests.clear()
    assert isinstance(daily(home, both, THE_NINTH), PartsError)
    assert finished(home) == read
    assert not any("2026-11" in said for said in api.asked(portal, "0001"))
    portal.heal()
    assert daily(home, both, THE_NINTH) is None
    assert held(home, both) == shown(api, OLD, LATE)
    assert finished(home)["2026-11-01"] != read["2026-11-01"]


def test_a_year_that_was_a_data_set_by_itself_is_not_read_again(api, portal, url, home):
    alone = api.dataset([], url=api.url("2026")).at_portal(url)
    api.publish(portal, "2026", OLD + LATE)
    assert daily(home, alone, NEW_YEARS_EVE) is None
    read = finished(home)
    yearly = api.dataset([Part(url=api.url(YEAR), from_year=2026)]).at_portal(url)
    assert daily(home, yearly, NEW_YEARS_EVE) is None
    assert finished(home) == read
    assert live.ledger(home, "added")[-1] == (0,)


def test_an_unchanged_data_set_is_not_read(api, portal, home, yearly):
    api.publish(portal, "2026", OLD + LATE)
    assert daily(home, yearly, NEW_YEARS_EVE) is None
    portal.requests.clear()
    assert daily(home, yearly, NEW_YEARS_EVE) is None
    assert live.ledger(home, "outcome")[-1] == ("unchanged",)
    assert api.asked(portal, "2026") == []


def test_a_layer_that_tells_no_version_is_read_every_day(portal, url, home):
    """But its clock is proved once only."""
    parts = [Part(url=LAYER.url("0026"), start=DECEMBER), Part(url=LAYER.url("0025"))]
    city = LAYER.dataset(parts).at_portal(url)
    present = LAYER.publish(portal, "0026", LATE)
    LAYER.publish(portal, "0025", OLD)
    portal.fail(
        Fault(
            "edit",
            path=LAYER.path.replace("{name}", "0026"),
            times=None,
            edit=lambda body: body.replace(b"editingInfo", b"edited"),
        )
    )
    assert daily(home, city, NEW_YEARS_EVE) is None
    present.append(LAYER.rows(NEW))
    portal.requests.clear()
    assert daily(home, city, NEW_YEARS_EVE) is None
    assert held(home, city) == shown(LAYER, OLD, LATE, NEW)
    assert not any("DESC" in str(record.query) for record in portal.requests)


def test_parts_may_be_on_several_hosts(api, portal, url, home):
    former = Portal()
    with serve(former) as other:
        parts = [
            Part(url=api.url("0026").replace(HOST, url)),
            Part(url=api.url("0025").replace(HOST, other)),
        ]
        city = api.dataset(parts)
        api.publish(portal, "0026", LATE)
        api.publish(former, "0025", OLD)
        assert daily(home, city, NEW_YEARS_EVE) is None
        assert held(home, city) == shown(api, OLD, LATE)
        hosts = [address.removeprefix("http://") for address in (url, other)]
        assert city.label == f"northhaven__incidents: {hosts[0]}, {hosts[1]}"
        assert city.as_part(city.parts[1]).label == (
            f"northhaven__incidents: {api.place(other, '0025')}"
        )
