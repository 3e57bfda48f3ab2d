"""Which parts of a table are read together, and how their rows come apart again."""

from datetime import date

import pyarrow as pa
import pytest

from pipelines.publish.database import recent
from pipelines.publish.parts import Group, Part, read_together
from pipelines.publish.source import PART_NUMBER, in_parts, rows_of


def part(path: str, rows: int = 1, where: str = "true") -> Part:
    return Part(path, where, (Group(None, date(2026, 3, 1), rows, None),))


def batch(numbers: list[int], ids: list[str]) -> pa.RecordBatch:
    return pa.record_batch({"row_id": ids, PART_NUMBER: pa.array(numbers, pa.int32())})


def test_parts_of_a_folder_are_read_together_up_to_a_number_of_rows():
    paths = {"a/1": 60_000, "a/2": 40_000, "a/3": 1, "b/1": 1, "b/2": 300_000}
    together = read_together([part(path, rows) for path, rows in paths.items()])
    assert [[each.path for each in parts] for parts in together] == [
        ["a/1", "a/2"],
        ["a/3"],
        ["b/1"],
        ["b/2"],
    ]


def test_rows_of_several_parts_are_asked_for_one_part_after_another():
    parts = [part("a/1", where="day = 1"), part("a/2", where="day = 2")]
    assert in_parts("row_id", "marts.rows", parts, "row_id") == (
        "select row_id, case when day = 1 then 0 when day = 2 then 1 end as "
        "part_number from marts.rows where (day = 1) or (day = 2) "
        "order by part_number, row_id"
    )


@pytest.mark.parametrize(
    "batches",
    [
        [batch([0, 0, 1, 2], ["a", "b", "a", "c"])],
        [batch([0], ["a"]), batch([0, 1], ["b", "a"]), batch([2], ["c"])],
    ],
    ids=["in one batch", "across batches"],
)
def test_each_part_gets_its_own_rows_in_their_order(batches):
    parts = [part("a/1"), part("a/2"), part("a/3")]
    found = {
        each.path: [row for rows in batches for row in rows.to_pylist()]
        for each, batches in rows_of(parts, batches)
    }
    assert found == {
        "a/1": [{"row_id": "a"}, {"row_id": "b"}],
        "a/2": [{"row_id": "a"}],
        "a/3": [{"row_id": "c"}],
    }


def test_a_table_without_rows_still_has_its_part():
    (found,) = rows_of([part("a")], [])
    assert (found[0].path, list(found[1])) == ("a", [])


def test_only_files_that_may_have_recent_rows_are_opened():
    paths = [
        "t/city=a/year=2025/rows.parquet",
        "t/city=a/year=2026/rows.parquet",
        "t/city=b/year=2026/2026-02.parquet",
        "t/city=b/year=2026/2026-03.parquet",
        "t/city=b/year=2026/2026-04-08.parquet",
        "t/city=b/year=2026/2026-04-09.parquet",
    ]
    assert recent(paths, "2026-03-09") == [paths[1], *paths[3:]]
    assert recent(paths, "2026-04-09") == [paths[1], paths[5]]
    assert recent(paths[4:], "2026-04-10") == paths[5:]
