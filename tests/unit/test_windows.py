"""Windows open and close on a city's own days."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from pipelines.datasets.declarations import read_datasets
from pipelines.datasets.windows import (
    Window,
    daily_window,
    local_day,
    months,
    utc_midnight,
)
from pipelines.portals.arcgis import ArcgisReader
from pipelines.portals.layer_query import condition
from pipelines.portals.socrata import SocrataReader
from pipelines.settings import Patience
from pipelines.sync.run import Run


def test_the_daily_window_opens_on_the_first_day_of_the_previous_month():
    assert daily_window(date(2024, 3, 31)).start == date(2024, 2, 1)
    assert daily_window(date(2024, 1, 1)).start == date(2023, 12, 1)
    assert daily_window(date(2024, 2, 29)).start == date(2024, 1, 1)
    assert daily_window(date(2024, 12, 31)).start == date(2024, 11, 1)


def test_the_daily_window_has_no_end_and_takes_rows_without_a_date():
    assert daily_window(date(2024, 3, 31)) == Window(date(2024, 2, 1), None, True)


def test_months_are_whole_and_run_from_newest_to_oldest():
    assert list(months(date(2023, 11, 15), date(2024, 2, 1))) == [
        Window(date(2024, 1, 1), date(2024, 2, 1)),
        Window(date(2023, 12, 1), date(2024, 1, 1)),
        Window(date(2023, 11, 1), date(2023, 12, 1)),
    ]


def test_there_are_no_months_before_the_first():
    assert list(months(date(2024, 2, 1), date(2024, 2, 1))) == []


def test_today_is_the_citys_day_not_the_containers():
    # 2026-11-01 is the day on which summer time ends in the US, 2026-03-08 begins it.
    for instant, days in {
        datetime(2026, 11, 1, 6, 30, tzinfo=UTC): (
            "2026-11-01",
            "2026-11-01",
            "2026-10-31",
        ),
        datetime(2026, 3, 8, 10, 30, tzinfo=UTC): (
            "2026-03-08",
            "2026-03-08",
            "2026-03-08",
        ),
        datetime(2026, 3, 1, 5, 30, tzinfo=UTC): (
            "2026-03-01",
            "2026-02-28",
            "2026-02-28",
        ),
    }.items():
        zones = ("America/New_York", "America/Chicago", "America/Los_Angeles")
        assert tuple(str(local_day(instant, ZoneInfo(z))) for z in zones) == days


def test_a_late_evening_in_the_west_still_has_last_months_window():
    instant = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    west = local_day(instant, ZoneInfo("America/Los_Angeles"))
    assert daily_window(west).start == date(2026, 9, 1)


def test_local_midnight_is_another_instant_in_summer_and_winter():
    chicago = ZoneInfo("America/Chicago")
    assert utc_midnight(date(2026, 1, 1), chicago) == datetime(
        2026, 1, 1, 6, tzinfo=UTC
    )
    assert utc_midnight(date(2026, 7, 1), chicago) == datetime(
        2026, 7, 1, 5, tzinfo=UTC
    )


def test_socrata_bounds_carry_no_zone_and_include_the_first_instant():
    dataset = read_datasets()["san_francisco__incidents"]
    reader = SocrataReader(dataset, Patience())
    assert reader._where(Window(date(2026, 10, 1), date(2026, 11, 1))) == (
        "report_datetime >= '2026-10-01T00:00:00.000' "
        "AND report_datetime < '2026-11-01T00:00:00.000'"
    )


def test_arcgis_bounds_are_utc_instants_of_local_midnights():
    dataset = read_datasets()["memphis__incidents"]
    reader = ArcgisReader(dataset, Patience())
    months = Window(date(2026, 10, 1), date(2026, 12, 1))
    assert condition(dataset, months) == (
        "Offense_Datetime >= TIMESTAMP '2026-10-01 05:00:00' "
        "AND Offense_Datetime < TIMESTAMP '2026-12-01 06:00:00'"
    )
    assert reader.bound(date(2020, 1, 1)) == 1577858400000


def test_a_past_day_that_was_told_makes_no_row_one_to_come():
    """It opens the windows; models take the clock's day."""
    noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
    told = [date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 29), None]
    runs = [Run(None, "daily", noon, day) for day in told]
    assert [run.latest_day for run in runs] == [
        date(2026, 11, 28),
        date(2026, 11, 28),
        date(2026, 11, 29),
        None,
    ]
