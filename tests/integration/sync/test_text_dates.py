"""A table whose window column is text of a pattern is followed like any other."""

from datetime import date, datetime, timedelta

import msgspec
import pytest

from pipelines.datasets.checks import problems
from pipelines.datasets.dataset import (
    ArcgisDataset,
    CartoDataset,
    CkanDataset,
    Soda3Dataset,
    SodaDataset,
)
from pipelines.datasets.windows import Window
from pipelines.errors import SchemaDriftError, TooManyRejectsError
from pipelines.ops.status import dataset_status
from pipelines.portals.registry import reader_for
from tests.support import live_portal as live
from tests.support.live_portal import IMPATIENT

ID = "0123abcd-89ab-cdef-0123-456789abcdef"
LAYER = "/arcgis/rest/services/Police/FeatureServer/0"
HOST = "https://data.brockway.example"
CITY = {
    "name": "brockway__incidents",
    "title": "Brockway",
    "zone": "America/Chicago",
    "backfill_from": date(2026, 1, 1),
    "window_column": "date1",
    "key": ["id"],
    "columns": ["id", "date1", "category"],
    "page_rows": 7,
}
SORTS, SORTS_NOT = "%Y-%m-%d %H:%M:%S.0000000", "%m/%d/%Y"
PUBLISHED = {
    "soda2": (SodaDataset, f"{HOST}/resource/abcd-1234"),
    "soda3": (Soda3Dataset, f"{HOST}/resource/abcd-1234"),
    "ckan": (CkanDataset, f"{HOST}/dataset/incidents/resource/{ID}"),
    "carto": (CartoDataset, f"{HOST}/tables/incidents"),
    "arcgis": (ArcgisDataset, f"{HOST}{LAYER}"),
}
WAYS = [(api, pattern) for api in PUBLISHED for pattern in (SORTS, SORTS_NOT)]


def publish(portal, api: str, rows: list[dict], kind: str = "text"):
    """Publish rows whose dates have a type."""
    columns = {"id": "text", "date1": kind, "category": "text"}
    match api:
        case "soda2" | "soda3":
            return portal.add_soda("abcd-1234", rows, columns, "id")
        case "ckan":
            return portal.add_ckan(ID, rows, columns, "id")
        case "carto":
            return portal.add_carto("incidents", rows, columns, "id")
    layer = {n: k.replace("text", "string") for n, k in columns.items()}
    return portal.add_layer(LAYER, rows, {"ObjectId": "oid", **layer})


def change(table, rows: list[dict]) -> None:
    """Publish rows as they are now, under the numbers that they have."""
    if table.key == "id":
        table.upsert(rows)
        return
    numbers = {row["id"]: row["ObjectId"] for row in table.rows().to_pylist()}
    table.upsert([row | {"ObjectId": numbers[row["id"]]} for row in rows])


def remove(table, ids: list[str]) -> None:
    if table.key != "id":
        numbers = {row["id"]: row["ObjectId"] for row in table.rows().to_pylist()}
        ids = [numbers[name] for name in ids]
    table.delete(ids)


def declared(url: str | None, api: str, pattern: str | None, **more):
    kind, address = PUBLISHED[api]
    city = kind(**CITY, url=address, window_format=pattern)
    return msgspec.structs.replace(city, **more).at_portal(url)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def dated(number: int) -> datetime:
    """Every second day from 15 December on."""
    return datetime(2025, 12, 15, 22, 5) + timedelta(days=2 * number)


def rows_of(pattern: str) -> list[dict]:
    """Rows up to 31 May, and three without a date."""
    rows = [
        {
            "id": f"{number:03d}",
            "date1": f"{dated(number):{pattern}}",
            "category": "Theft" if number % 3 else None,
        }
        for number in range(84)
    ]
    unknown = [("900", None), ("901", ""), ("902", "unknown")]
    return rows + [{"id": n, "date1": d, "category": "Fraud"} for n, d in unknown]


def held(home) -> list[tuple]:
    return live.select(
        home,
        "select id, date1, category, window_month::text from raw_brockway.incidents "
        "where removed_at is null order by id",
    )


def expected(rows: list[dict], pattern: str) -> list[tuple]:
    """Those since January, each with its month; and those without a date."""
    found = []
    for row in sorted(rows, key=lambda row: row["id"]):
        is_dated = row["date1"] not in (None, "", "unknown")
        day = datetime.strptime(row["date1"], pattern) if is_dated else None
        if day is None or day.year >= 2026:
            found.append((*row.values(), f"{day:%Y-%m}-01" if day else None))
    return found


@pytest.mark.parametrize(("api", "pattern"), WAYS)
def test_days_are_followed(portal, url, home, api, pattern):
    rows = rows_of(pattern)
    table = publish(portal, api, rows)
    city = declared(url, api, pattern)
    assert list(problems(declared(None, api, pattern))) == []
    assert live.daily(home, city, whole=True) is None
    first = expected(rows, pattern)
    assert len(first) == 87 - 9
    assert held(home) == first

    by_id = {row["id"]: row for row in rows}
    # 50 is of 25 March; 51 moves to January; 60 loses its date; 901 gets one.
    by_id["050"] |= {"category": "Arson"}
    by_id["051"] |= {"date1": f"{datetime(2026, 1, 31, 23):{pattern}}"}
    by_id["060"] |= {"date1": "unknown"}
    by_id["901"] |= {"date1": f"{datetime(2026, 3, 1):{pattern}}"}
    change(table, [by_id[name] for name in ("050", "051", "060", "901")])
    remove(table, ["055", "902"])
    rows = [row for row in rows if row["id"] not in ("055", "902")]
    new = [
        {"id": "500", "date1": f"{datetime(2026, 3, 10):{pattern}}", "category": None}
    ]
    table.append(new)
    rows += new
    assert live.daily(home, city, date(2026, 3, 11)) is None
    assert held(home) == expected(rows, pattern)
    assert [entry for entry in live.log_of(home, city) if entry[1] != "added"] == [
        ("050", "changed", "category"),
        ("051", "changed", "date1"),
        ("055", "removed", None),
        ("060", "changed", "date1"),
        ("901", "changed", "date1"),
        ("902", "removed", None),
    ]
    # Nothing is left to do.
    assert live.daily(home, city, date(2026, 3, 12), whole=True) is None
    assert held(home) == expected(rows, pattern)
    with live.opened(home, city) as warehouse:
        newest = dataset_status(warehouse, city)["newest"]
    assert newest == "2026-05-30"


@pytest.mark.parametrize(("api", "pattern"), WAYS)
def test_months_are_counted(portal, url, home, api, pattern):
    """So that a row which vanishes from an old one is found."""
    rows = rows_of(pattern)
    table = publish(portal, api, rows)
    city = declared(url, api, pattern, reread_months=0, sweeps=False)
    reader = reader_for(city, IMPATIENT)
    reader.probe()
    for start, end in [
        (date(2026, 1, 1), date(2026, 2, 1)),
        (date(2025, 12, 17), date(2026, 2, 13)),
        (date(2026, 2, 28), date(2026, 3, 1)),
        (date(2026, 3, 10), None),
    ]:
        number = sum(
            start <= dated(n).date() and (end is None or dated(n).date() < end)
            for n in range(84)
        )
        assert reader.count(Window(start, end)) == number
        assert reader.count(Window(start, end, undated=True)) == number + 3
    assert live.daily(home, city, whole=True) is None
    gone = [row["id"] for row in rows if f"{dated(10):{pattern}}" == row["date1"]]
    remove(table, gone)
    assert live.daily(home, city, date(2026, 3, 20), whole=True) is None
    kept = [row for row in rows if row["id"] not in gone]
    assert held(home) == expected(kept, pattern)


@pytest.mark.parametrize(("api", "pattern"), WAYS)
def test_a_text_that_looks_like_a_date_and_is_none_is_set_aside(
    portal, url, home, api, pattern
):
    rows = rows_of(pattern)
    odd = f"{datetime(2026, 3, 9):{pattern}}".replace("03", "13", 1)
    rows.append({"id": "999", "date1": odd, "category": None})
    publish(portal, api, rows)
    city = declared(url, api, pattern)
    for day in (10, 11):
        assert live.daily(home, city, date(2026, 3, day), whole=True) is None
        assert held(home) == expected(rows[:-1], pattern)
        rejects = "select reason, window_value from raw_brockway.incidents_rejects"
        assert live.select(home, rejects) == [("date1 is not a date", odd)]


@pytest.mark.parametrize("api", PUBLISHED)
def test_another_pattern_is_refused(portal, url, home, api):
    publish(portal, api, rows_of("%d.%m.%Y %H:%M"))
    failure = live.daily(home, declared(url, api, SORTS_NOT))
    assert isinstance(failure, SchemaDriftError)
    assert "publishes date1 in another pattern: only 0 of 86 dates look like " in str(
        failure
    )
    assert "Correct `window_format` in brockway__incidents.toml" in str(failure)
    # It looks alike, but has months of days.
    failure = live.daily(home, declared(url, api, "%m.%d.%Y %H:%M"))
    assert isinstance(failure, TooManyRejectsError)
    assert held(home) == []


@pytest.mark.parametrize(
    ("api", "kind"),
    [
        ("soda2", "calendar_date"),
        ("soda3", "calendar_date"),
        ("ckan", "timestamp"),
        ("carto", "timestamptz"),
        ("arcgis", "date"),
    ],
)
def test_dates_that_are_no_text_are_refused(portal, url, home, api, kind):
    publish(portal, api, [], kind)
    failure = live.daily(home, declared(url, api, SORTS_NOT))
    assert isinstance(failure, SchemaDriftError)
    assert "not as text, as `window_format` says" in str(failure)


def test_text_without_a_declared_pattern_is_no_date_of_a_layer(portal, url, home):
    publish(portal, "arcgis", rows_of(SORTS_NOT))
    failure = live.daily(home, declared(url, "arcgis", None))
    assert isinstance(failure, SchemaDriftError)
    assert "'esriFieldTypeString', not as esriFieldTypeDate" in str(failure)


def test_a_declaration_says_what_a_pattern_must_have():
    city = declared(None, "soda2", "%m/%d/%y", compare_by=["category"])
    assert list(problems(city)) == [
        "`window_format` '%m/%d/%y' must have %Y, %m and %d, each once",
        "`compare_by` needs a window column of dates, not of text",
    ]


def test_a_fingerprint_has_the_pattern():
    with_pattern, other, none = (
        declared(None, "soda2", pattern) for pattern in (SORTS, SORTS_NOT, None)
    )
    assert len({with_pattern.fingerprint, other.fingerprint, none.fingerprint}) == 3
    assert none._how_it_is_read() == []
