"""Keys and digests of rows, whatever order they come in."""

import hashlib

import pyarrow as pa
import pytest

from pipelines.sync.keys import key_rows
from tests.support.memory_portal import variant

NAMES = ["id", "kind", "reported", "updated"]


def composite(**fields):
    return variant(
        **{
            "columns": NAMES,
            "key": ["id", "kind"],
            "key_is_unique": False,
            "newest_by": "updated",
            "unhashed": ["updated"],
            **fields,
        }
    )


def keyed(dataset, *rows):
    names = dataset.loaded_columns
    columns = zip(*rows, strict=True)
    table = {n: pa.array(c, pa.string()) for n, c in zip(names, columns, strict=True)}
    return key_rows(dataset, [pa.table(table)])


def test_a_single_key_is_the_row_id():
    result = keyed(composite(key=["id"]), ("007", "Theft", "2026", "1"))
    assert result.rows["row_id"].to_pylist() == ["007"]


def test_a_composite_key_shows_the_publishers_id_and_hides_the_rest():
    (row_id,) = keyed(composite(), ("25001", "Arrest", "2026", "1")).rows["row_id"]
    head, digest = row_id.as_py().split("-")
    assert head == "25001"
    assert len(digest) == 12
    assert "rrest" not in row_id.as_py()


def test_parts_of_a_composite_key_do_not_run_into_each_other():
    dataset = composite(key=["id", "kind", "reported"])
    result = keyed(dataset, ("1", "ab", "c", "1"), ("1", "a", "bc", "1"))
    assert len(set(result.rows["row_id"].to_pylist())) == 2


def test_exact_repeats_are_one_row_with_the_greatest_stamp():
    result = keyed(
        composite(), ("1", "a", "x", "2026-01-02"), ("1", "a", "x", "2026-01-09")
    )
    assert result.rows["updated"].to_pylist() == ["2026-01-09"]
    assert result.repeats == 1


def test_identical_rows_all_stay_where_nothing_tells_which_is_newer():
    dataset = composite(newest_by=None, unhashed=[])
    result = keyed(dataset, *[("1", "a", "x", "1")] * 3)
    keys = result.rows["row_id"].to_pylist()
    assert [key[-2:] for key in keys[1:]] == ["-2", "-3"]
    assert result.repeats == 0


def test_ties_get_ordinals_that_do_not_hang_on_the_order_of_reading():
    one, two = ("1", "a", "x", "1"), ("1", "a", "y", "1")
    forth, back = keyed(composite(), one, two), keyed(composite(), two, one)
    by_value = [
        dict(
            zip(
                r.rows["reported"].to_pylist(),
                r.rows["row_id"].to_pylist(),
                strict=True,
            )
        )
        for r in (forth, back)
    ]
    assert by_value[0] == by_value[1]
    assert sorted(key[-2:] == "-2" for key in by_value[0].values()) == [False, True]


def test_of_two_rows_with_one_unique_key_the_newer_stays():
    dataset = composite(key=["id"], key_is_unique=True)
    result = keyed(dataset, ("1", "new", "x", "2026-02"), ("1", "old", "x", "2026-01"))
    assert result.rows["kind"].to_pylist() == ["new"]
    assert result.repeats == 1


def test_of_two_equally_new_rows_the_last_read_stays():
    dataset = composite(key=["id"], key_is_unique=True, newest_by=None, unhashed=[])
    result = keyed(dataset, ("1", "first", "x", "1"), ("1", "last", "x", "1"))
    assert result.rows["kind"].to_pylist() == ["last"]


def test_optional_columns_that_are_not_published_are_null():
    dataset = composite(key=["id"], optional_columns=["extra"])
    page = pa.table({n: pa.array(["1"], pa.string()) for n in NAMES})
    assert key_rows(dataset, [page]).rows["extra"].to_pylist() == [None]


def test_no_rows_are_no_error():
    assert key_rows(composite(), []).rows.num_rows == 0


@pytest.mark.parametrize(
    ("row", "hashed"),
    [
        # The key is neither the first nor the last of the columns that are hashed.
        (("a", "7", "x", "1"), "category=a\x1fid=7\x1freported=x"),
        (("", "7", "", "1"), "category=\x1fid=7\x1freported="),
        ((None, "7", "x", "1"), "id=7\x1freported=x"),
        (("a", "7", None, "1"), "category=a\x1fid=7"),
        ((None, "7", None, None), "id=7"),
        (("é\n'", "7", "100%", "1"), "category=é\n'\x1fid=7\x1freported=100%"),
    ],
)
def test_a_digest_is_of_the_values_there_are_each_with_its_name(row, hashed):
    """Another digest would make every row of an old home a changed one."""
    columns = ["category", "id", "reported", "updated"]
    dataset = variant(columns=columns, key=["id"], unhashed=["updated"])
    (digest,) = keyed(dataset, row).rows["row_hash"].to_pylist()
    assert digest == hashlib.md5(hashed.encode()).hexdigest()


def test_a_key_that_is_not_hashed_is_no_part_of_the_digest():
    columns = ["category", "id", "reported"]
    dataset = variant(columns=columns, key=["id"], unhashed=["id"])
    rows = keyed(dataset, ("a", "7", None), (None, "8", "x"), (None, "9", None)).rows
    assert rows["row_hash"].to_pylist() == [
        hashlib.md5(text.encode()).hexdigest()
        for text in ("category=a", "reported=x", "")
    ]
