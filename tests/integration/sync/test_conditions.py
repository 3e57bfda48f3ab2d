"""A data set may be the rows of a table that meet a condition."""

import msgspec
import pytest

from pipelines.errors import PortalError
from tests.support import live_portal as live
from tests.support.live_portal import SHELBYVILLE, SPRINGFIELD

PLACES = {
    "springfield": (live.springfield, SPRINGFIELD, live.soda_rows, "id", "category"),
    "shelbyville": (
        *(live.shelbyville, SHELBYVILLE, live.layer_rows),
        *("Crime_ID", "Category"),
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_only_rows_that_meet_the_condition_are_held(portal, url, tmp_path, place):
    publish, declared, rows_of, key, category = PLACES[place]
    rows = rows_of(40)
    for number, row in enumerate(rows):
        row[category] = "Call" if number % 4 else "Theft"
    published = publish(portal, rows)
    where = f"{category} <> 'Call' or {category} is null"
    dataset = msgspec.structs.replace(declared, where=where).at_portal(url)
    home = tmp_path / "home"
    assert live.daily(home, dataset, whole=True) is None
    assert keys(home, dataset) == [f"{number:05d}" for number in range(0, 40, 4)]

    # One row no longer meets it, one does from now on, one is new and one is gone.
    change(published, key, rows[0], **{category: "Call"})
    change(published, key, rows[1], **{category: "Theft"})
    published.append([{**rows_of(1, first=40)[0], category: None}])
    published.delete([keyed(published, key, rows[4])])
    assert live.daily(home, dataset, live.date(2026, 3, 11), whole=True) is None
    expected = {f"{number:05d}" for number in range(8, 40, 4)} | {"00001", "00040"}
    assert keys(home, dataset) == sorted(expected)
    logged = [(row_id, kind) for row_id, kind, _ in live.log_of(home, dataset)]
    assert sorted(each for each in logged if each[1] == "removed") == [
        ("00000", "removed"),
        ("00004", "removed"),
    ]


def keys(home, dataset) -> list[str]:
    return [row[0] for row in live.held(home, dataset)]


def keyed(published, key: str, row: dict) -> str:
    """The portal's own id of a row."""
    rows = published.rows().to_pylist()
    (found,) = (each for each in rows if each[key] == row[key])
    return found[published.key]


def change(published, key: str, row: dict, **values) -> None:
    published.upsert([{**row, published.key: keyed(published, key, row), **values}])


@pytest.mark.parametrize("place", PLACES)
def test_a_condition_that_the_portal_does_not_know_is_told(
    portal, url, tmp_path, place
):
    publish, declared, rows_of, *_ = PLACES[place]
    publish(portal, rows_of(3))
    dataset = msgspec.structs.replace(declared, where="nowhere = 1").at_portal(url)
    failure = live.daily(tmp_path / "home", dataset)
    assert isinstance(failure, PortalError)
    assert "nowhere" in str(failure)
    assert keys(tmp_path / "home", dataset) == []


def test_a_condition_belongs_to_what_is_read():
    dataset = msgspec.structs.replace(SPRINGFIELD, where="category is not null")
    assert dataset.fingerprint != SPRINGFIELD.fingerprint
    assert msgspec.structs.replace(dataset, where="").fingerprint == (
        SPRINGFIELD.fingerprint
    )
