"""Rows at the edges of days, months, years and of summer time: in one window each."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from demo.portal.server import Portal, serve
from pipelines.datasets.windows import daily_window
from pipelines.portals.registry import reader_for
from pipelines.sync.window import read_window
from tests.support import live_portal as live
from tests.support.live_portal import IMPATIENT, SHELBYVILLE, SPRINGFIELD

# The city's clock, in its order. 02:30 on 8 March is on no clock, 01:30 on 2 November
# is on it twice.
LOCAL = [
    "2023-12-31T23:59:59.999",
    "2024-01-01T00:00:00.000",
    "2024-01-31T23:59:59.999",
    "2024-02-01T00:00:00.000",
    "2024-02-29T00:00:00.000",
    "2024-02-29T23:59:59.999",
    "2024-03-01T00:00:00.000",
    "2025-10-31T23:59:59.999",
    "2025-11-01T00:00:00.000",
    "2025-11-02T01:30:00.000",
    "2025-11-30T23:59:59.999",
    "2025-12-01T00:00:00.000",
    "2025-12-31T23:59:59.999",
    "2026-01-01T00:00:00.000",
    "2026-01-31T23:59:59.999",
    "2026-02-01T00:00:00.000",
    "2026-02-01T00:00:30.000",
    "2026-02-28T23:59:59.999",
    "2026-03-01T00:00:00.000",
    "2026-03-08T02:30:00.000",
    "2026-03-31T23:59:59.999",
]
# Chicago's edges as instants: it is 6 hours behind UTC in winter, 5 in summer.
INSTANTS = [
    "2024-01-01T05:59:59.999",
    "2024-01-01T06:00:00.000",
    "2024-02-01T05:59:59.999",
    "2024-02-01T06:00:00.000",
    "2024-03-01T05:59:59.999",
    "2024-03-01T06:00:00.000",
    "2025-11-01T04:59:59.999",
    "2025-11-01T05:00:00.000",
    "2025-11-02T06:30:00.000",  # half past one, and
    "2025-11-02T07:30:00.000",  # half past one again
    "2025-12-01T05:59:59.999",
    "2025-12-01T06:00:00.000",
    "2026-01-01T05:59:59.999",
    "2026-01-01T06:00:00.000",
    "2026-02-01T05:59:59.999",
    "2026-02-01T06:00:00.000",
    "2026-02-01T06:00:30.000",
    "2026-03-08T07:59:59.999",  # a thousandth before two, and
    "2026-03-08T08:00:00.000",  # three
    "2026-04-01T04:59:59.999",
]
# A day, and the first of the times above that its window holds.
OPENS = [
    (date(2024, 2, 29), "2024-01-01T00:00:00.000", "2024-01-01T06:00:00.000"),
    (date(2024, 3, 31), "2024-02-01T00:00:00.000", "2024-02-01T06:00:00.000"),
    (date(2025, 12, 31), "2025-11-01T00:00:00.000", "2025-11-01T05:00:00.000"),
    (date(2026, 1, 1), "2025-12-01T00:00:00.000", "2025-12-01T06:00:00.000"),
    (date(2026, 2, 28), "2026-01-01T00:00:00.000", "2026-01-01T06:00:00.000"),
    (date(2026, 3, 31), "2026-02-01T00:00:00.000", "2026-02-01T06:00:00.000"),
]


def table_rows(times):
    """Springfield's: a row for each time, named like it, and one without a date."""
    rows = [{"id": at, "reported": at, "category": "x", "district": ""} for at in times]
    return [*rows, {"id": "undated", "reported": None, "category": "x"}]


def layer_rows(times):
    """Shelbyville's, the same."""
    rows = [
        {"Crime_ID": at, "Occurred": milliseconds(at), "Category": "x"} for at in times
    ]
    return [*rows, {"Crime_ID": "undated", "Occurred": None, "Category": "x"}]


@pytest.fixture
def table():
    portal = Portal()
    published = live.springfield(portal, table_rows(LOCAL))
    with serve(portal) as url:
        yield SPRINGFIELD.at_portal(url), published


@pytest.fixture
def layer():
    portal = Portal()
    published = live.shelbyville(portal, layer_rows(INSTANTS))
    with serve(portal) as url:
        yield SHELBYVILLE.at_portal(url), published


def milliseconds(at: str) -> int:
    """An instant in UTC as a layer publishes it."""
    passed = datetime.fromisoformat(at).replace(tzinfo=UTC) - datetime(
        1970, 1, 1, tzinfo=UTC
    )
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000


def keys_of(dataset, window):
    reader = reader_for(dataset, IMPATIENT)
    reader.probe()
    pages = read_window(reader, window).pages
    return sorted(key for page in pages for key in page.column(0).to_pylist())


@pytest.mark.parametrize(("day", "local", "instant"), OPENS)
def test_a_window_begins_with_the_first_thousandth_of_its_month(
    table, layer, day, local, instant
):
    """And holds the rows without a date."""
    for (dataset, _), times, first in (
        (table, LOCAL, local),
        (layer, INSTANTS, instant),
    ):
        expected = [*times[times.index(first) :], "undated"]
        assert keys_of(dataset, daily_window(day)) == expected


@pytest.mark.parametrize(
    ("place", "times", "rows"),
    [("table", LOCAL, table_rows), ("layer", INSTANTS, layer_rows)],
)
def test_each_row_belongs_to_one_month_and_stays_in_it(
    request, tmp_path, place, times, rows
):
    """On the portal and in the warehouse, which must agree on what a month holds.

    Months read again find nothing gone or new; once the portal removes the rows, they
    find each gone. The first row lies before all of them.
    """
    dataset, published = request.getfixturevalue(place)
    dataset = msgspec.structs.replace(dataset, backfill_from=date(2024, 1, 1))
    dataset = dataset.with_removal_limit(len(times))
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert live.daily(tmp_path, dataset, now=now, whole=True) is None
    keys = [row[0] for row in live.held(tmp_path, dataset)]
    assert keys == [*times[1:], "undated"]
    assert live.backfill(tmp_path, dataset, again=True) is None
    columns = "rows_read, added, changed, removed, restored, repeats"
    assert live.ledger(tmp_path, columns) == [
        (len(times), len(times), 0, 0, 0, 0),
        (len(times), 0, 0, 0, 0, 0),
    ]
    published.replace(rows([]))
    assert live.backfill(tmp_path, dataset, again=True) is None
    assert [row[0] for row in live.held(tmp_path, dataset)] == ["undated"]
