"""Rows that a read lacks: which of them are taken for removed, and when none is."""

from datetime import date

import msgspec
import pyarrow as pa
import pytest

from pipelines.datasets.windows import Window
from pipelines.errors import TooManyRemovalsError
from pipelines.sync.removals import Confirmed, must_confirm, settled
from tests.unit.test_plan import PLACE

WINDOW = Window(date(2026, 4, 1), None, undated=True)
FEBRUARY = Window(date(2026, 2, 1), date(2026, 3, 1))


def rows(*row_ids):
    return pa.table({"row_id": pa.array(row_ids, pa.string())})


def known(count):
    """So many rows of the window, `0` and on, as the warehouse has them."""
    row_ids = [str(number) for number in range(count)]
    return pa.table({"row_id": row_ids, "in_window": [True] * count})


def test_rows_that_the_portal_does_not_have_are_gone_and_moved_ones_are_not():
    found = Confirmed(superseded=["7"], gone=["8"], moved=rows("9"))
    received, gone = settled(PLACE, WINDOW, rows("0", "1"), known(300), found)
    assert received["row_id"].to_pylist() == ["0", "1", "9"]
    assert gone == ["8", "7"]


def test_more_rows_than_the_limit_are_never_taken_for_gone():
    fifty = [str(number) for number in range(50)]
    one_more = [*fifty, "50"]
    nothing = rows()
    _, gone = settled(PLACE, WINDOW, rows(), known(600), Confirmed([], fifty, nothing))
    assert gone == fifty
    with pytest.raises(TooManyRemovalsError, match="51 of 600 rows"):
        settled(PLACE, WINDOW, rows(), known(600), Confirmed([], one_more, nothing))
    # Rows of no declared file any more are not counted, neither here nor there.
    _, gone = settled(
        PLACE, WINDOW, rows(), known(600), Confirmed(one_more, [], nothing)
    )
    assert gone == one_more


def test_lost_rows_are_asked_for_where_they_may_be_removed_or_are_suspiciously_many():
    few = ["0", "1"]
    many = [str(number) for number in range(200)]
    assert must_confirm(PLACE, WINDOW, few, known(600), may_remove=True)
    assert not must_confirm(PLACE, WINDOW, few, known(600), may_remove=False)
    assert must_confirm(PLACE, WINDOW, many, known(600), may_remove=False)
    assert not must_confirm(PLACE, WINDOW, [], known(600), may_remove=True)
    ageing = msgspec.structs.replace(PLACE, moving_window=True)
    assert not must_confirm(ageing, FEBRUARY, many, known(600), may_remove=False)
    assert must_confirm(ageing, WINDOW, few, known(600), may_remove=True)
