"""A layer's clock is told by its dates, and by what comes for one of them."""

import random
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from pipelines.datasets.dataset import ArcgisDataset
from pipelines.errors import SchemaDriftError
from pipelines.portals.layer_clock import (
    check_times,
    choose,
    hours_apart,
    is_plausible,
    misread,
    times_of,
)
from tests.support.live_portal import SHELBYVILLE

# Reports of 1,000 incidents by hour of the day, as in many a city's rows.
BY_HOUR = [
    *(55, 30, 24, 18, 15, 14, 18, 26, 38, 42, 45, 47),
    *(60, 50, 52, 56, 58, 60, 60, 56, 52, 46, 42, 36),
]
CITIES = ["America/New_York", "America/Chicago", "America/Denver", "Pacific/Honolulu"]


def layer(times: str = "utc", literals: str = "utc") -> ArcgisDataset:
    """One of New York, whose clock is nearest to UTC."""
    declared = {"zone": CITIES[0], "times": times, "literals": literals}
    return msgspec.structs.replace(SHELBYVILLE, **declared)


def clocks(first: date, days: int, a_day: int, seed: int = 1) -> list[datetime]:
    """Times of day as a city's clock shows them, without a zone."""
    draw = random.Random(seed)
    return [
        datetime.combine(first + timedelta(n), time())
        + timedelta(hours=hour, seconds=draw.randrange(3600))
        for n in range(days)
        for hour in draw.choices(range(24), BY_HOUR, k=a_day)
    ]


def seconds(clocks: list[datetime], zone: str) -> list[int]:
    """What a layer has of them if it takes them for times of a zone."""
    there = ZoneInfo(zone)
    return [int(clock.replace(tzinfo=there).timestamp()) for clock in clocks]


@pytest.mark.parametrize("first", [date(2026, 1, 5), date(2026, 7, 6)])
@pytest.mark.parametrize("zone", CITIES)
@pytest.mark.parametrize(("stored_in", "times"), [("there", "utc"), ("UTC", "local")])
def test_hours_of_the_day_tell_on_which_clock_dates_are(zone, first, stored_in, times):
    shown = clocks(first, days=5, a_day=120)
    stored = seconds(shown, zone if stored_in == "there" else stored_in)
    told = times_of(stored, ZoneInfo(zone))
    assert told is not None
    assert told[0] == times


@pytest.mark.parametrize(("stored_in", "times"), [("UTC", "day"), (CITIES[0], "utc")])
def test_days_without_a_clock_are_known_by_their_midnight(stored_in, times):
    # Over the change of the clocks, too.
    days = [datetime(2026, 3, 1) + timedelta(n % 20) for n in range(400)]
    told = times_of(seconds(days, stored_in), ZoneInfo(CITIES[0]))
    assert told is not None
    assert told[0] == times


def test_too_few_dates_tell_nothing():
    of_a_morning = seconds(clocks(date(2026, 1, 5), days=1, a_day=500), CITIES[0])
    few = seconds(clocks(date(2026, 1, 5), days=10, a_day=10), CITIES[0])
    evenly = [1_770_000_000 + 613 * n for n in range(2_000)]
    for moments in (of_a_morning, few, evenly, []):
        assert times_of(moments, ZoneInfo(CITIES[0])) is None


def test_the_time_to_ask_for_is_the_one_that_follows_another_most_closely():
    assert choose([500, 100, 90, 100, 300]) == 100
    assert choose([100, 100]) is None
    assert choose([]) is None


def test_dates_that_no_row_can_have_are_left_out():
    values = [None, "2026-03-01", -55_000_000_000_000, 1_772_323_200_000, 7e12, 10**17]
    assert [is_plausible(value) for value in values] == [
        *(False, False, False, True, False, False)
    ]


def test_hours_apart_go_around_midnight():
    assert [hours_apart(23, 1), hours_apart(1, 23), hours_apart(17, 5)] == [2, 2, 12]


@pytest.mark.parametrize(("literals", "right"), [("utc", "local"), ("local", "utc")])
def test_a_server_that_reads_times_the_other_way_is_told(literals, right):
    told = str(misread(layer(literals=literals), 1_772_323_200))
    assert told.startswith("shelbyville__incidents: maps.shelbyville.example has")
    assert "send the row of 2026-03-01 00:00:00 UTC for that time" in told
    assert f'Put `literals = "{right}"` into shelbyville__incidents.toml;' in told


def test_a_clock_that_is_not_the_declared_one_is_refused():
    stored = seconds(clocks(date(2026, 1, 5), days=5, a_day=120), "UTC")
    for times in ("utc", "day"):
        with pytest.raises(SchemaDriftError, match='Put `times = "local"` into'):
            check_times(layer(times), stored)
    said = check_times(layer("local"), stored)
    assert said.startswith("`times` and `literals` are right: read as they are, its")
