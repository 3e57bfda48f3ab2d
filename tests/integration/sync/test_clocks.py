"""The same incidents on any clock of a layer come to the same days, or are refused."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import msgspec
import pytest

from demo.portal.faults import Fault
from demo.portal.server import Portal
from pipelines.errors import SchemaDriftError
from pipelines.ops.portal_survey import data_set_findings
from pipelines.portals.registry import reader_for
from tests.support import live_portal as live
from tests.support.live_portal import IMPATIENT, SHELBYVILLE, SHELBYVILLE_TYPES
from tests.unit.test_layer_clock import clocks

ZONE = "America/Chicago"
PATH = SHELBYVILLE.url.removeprefix("https://maps.shelbyville.example")
# Over the change of the clocks on 8 March 2026, and over the month's end.
SHOWN = sorted(clocks(date(2026, 2, 24), days=14, a_day=40))
KEPT = {"utc": ZONE, "local": "UTC"}


def publish(portal: Portal, times: str, literals: str):
    """Rows that show the same clocks, kept and asked for as told."""
    rows = [
        {
            "Crime_ID": f"{number:04d}",
            "Occurred": milliseconds(clock, times),
            "Category": f"{clock:%F}",
        }
        for number, clock in enumerate(SHOWN)
    ]
    zone = ZONE if literals == "local" else "UTC"
    return portal.add_layer(PATH, rows, SHELBYVILLE_TYPES, literal_zone=zone)


def milliseconds(clock: datetime, times: str) -> int:
    if times == "day":
        clock = clock.replace(hour=0, minute=0, second=0)
    zone = ZoneInfo(KEPT.get(times, "UTC"))
    return int(clock.replace(tzinfo=zone).timestamp()) * 1000


def declared(url: str, times: str, literals: str):
    layer = msgspec.structs.replace(SHELBYVILLE, times=times, literals=literals)
    return layer.at_portal(url)


EVERY = list(product(("utc", "local", "day"), ("utc", "local")))


@pytest.mark.parametrize(("times", "literals"), EVERY)
def test_a_layer_is_read_by_the_citys_days(portal, url, tmp_path, times, literals):
    publish(portal, times, literals)
    layer = declared(url, times, literals)
    assert live.backfill(tmp_path / "home", layer, first=date(2026, 1, 1)) is None
    # What the window of 3 April does not read, and what it does.
    assert months(tmp_path / "home") == {
        "2026-02-01": sum(clock.month == 2 for clock in SHOWN),
        "2026-03-01": sum(clock.month == 3 for clock in SHOWN),
    }
    reader = reader_for(layer, IMPATIENT)
    reader.probe()
    said = reader.check_clock()
    assert said is not None
    assert said.startswith("`times` and `literals` are right")


def months(home) -> dict[str, int]:
    """How many rows are filed under each month, and dated in it by the portal."""
    found = live.select(
        home,
        "select window_month::text, count(*), count(case when "
        "left(category, 7) = left(window_month::text, 7) then 1 end) "
        "from raw_shelbyville.incidents group by 1 order by 1",
    )
    assert all(filed == dated for _, filed, dated in found)
    return {month: filed for month, filed, _ in found}


@pytest.mark.parametrize(("times", "literals"), EVERY)
@pytest.mark.parametrize(("as_times", "as_literals"), EVERY)
def test_a_layer_on_another_clock_is_refused(
    portal, url, tmp_path, times, literals, as_times, as_literals
):
    publish(portal, times, literals)
    layer = declared(url, as_times, as_literals)
    failure = live.daily(tmp_path / "home", layer, whole=True)
    if (times, literals) == (as_times, as_literals):
        assert failure is None
        months(tmp_path / "home")
        return
    assert isinstance(failure, SchemaDriftError)
    assert "nothing was written" in str(failure)
    counted = "select count(*) from raw_shelbyville.incidents"
    assert live.select(tmp_path / "home", counted) == [(0,)]


def test_the_doctor_says_what_was_proved_and_what_is_wrong(portal, url):
    publish(portal, "local", "utc")
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)

    def findings(layer):
        reader = reader_for(layer, IMPATIENT)
        return [(f.level, f.message) for f in data_set_findings(reader, layer, now)]

    right = findings(declared(url, "local", "utc"))
    assert any("`times` and `literals` are right" in said for _, said in right)
    assert all(level != "fail" for level, _ in right)
    level, said = findings(declared(url, "utc", "utc"))[-1]
    assert level == "fail"
    assert 'Put `times = "local"` into shelbyville__incidents.toml' in said


def test_a_clock_that_was_proved_is_not_asked_for_again(portal, url, tmp_path):
    layer = publish(portal, "utc", "utc")
    shelbyville = declared(url, "utc", "utc")
    assert live.daily(tmp_path / "home", shelbyville) is None
    assert asked_for_its_newest(portal)
    portal.requests.clear()
    layer.append([{"Crime_ID": "new", "Occurred": milliseconds(SHOWN[-1], "utc")}])
    assert live.daily(tmp_path / "home", shelbyville, date(2026, 3, 11)) is None
    assert portal.requests
    assert not asked_for_its_newest(portal)


def asked_for_its_newest(portal: Portal) -> bool:
    return any("DESC" in str(record.query) for record in portal.requests)


def test_a_row_that_goes_while_it_is_asked_for_proves_nothing(portal, url):
    layer = publish(portal, "utc", "utc")
    reader = reader_for(declared(url, "utc", "utc"), IMPATIENT)
    reader.probe()
    portal.fail(Fault("hook", query="TIMESTAMP", times=1, hook=lambda: empty(layer)))
    assert reader.check_clock() == "its rows changed while it was asked for its clock"


def empty(layer) -> None:
    layer.delete(row["ObjectId"] for row in layer.rows().to_pylist())


def test_late_edits_are_asked_for_on_the_layers_clock(portal, url):
    layer = declared(url, "local", "local")
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)  # 7 in the morning in Chicago
    assert layer.as_published(summer) == summer - timedelta(hours=5)
    assert declared(url, "utc", "local").as_published(summer) == summer
