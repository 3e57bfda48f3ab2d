"""Windows of dates that are text hold the texts of their days, and no others."""

import random
from datetime import date, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from pipelines.datasets.date_pattern import DatePattern
from pipelines.datasets.date_values import days_of, odd_values

PATTERNS = {
    "%Y-%m-%d %H:%M:%S.0000000": True,
    "%Y%m%d": True,
    "%Y/%m/%dT%H:%M": True,
    "%m/%d/%Y": False,
    "%d.%m.%Y %H:%M": False,
    "%m/%d/%Y %I:%M:%S %p": False,
    "%H:%M %Y-%m-%d": False,
    "%Y-%d-%m": False,
    "(%m-%d-%Y)": False,
}
FIRST, DAYS = date(2018, 11, 20), 800
# Texts of each pattern's days, by the clock of some hour.
MOMENTS = [
    datetime(FIRST.year, FIRST.month, FIRST.day, 7 * number % 24, number % 60)
    + timedelta(days=number)
    for number in range(DAYS)
]
NO_DATES = ["", "unknown", "1", "99/99", "2019-01-32 ", None]


@pytest.mark.parametrize(("text", "sorts"), PATTERNS.items())
def test_a_window_holds_the_texts_of_its_days(text, sorts):
    pattern = DatePattern(text)
    assert pattern.problem is None
    assert pattern.sorts is sorts
    published = [f"{moment:{text}}" for moment in MOMENTS]
    draw = random.Random(text)
    with duckdb.connect() as connection:
        table = pa.table({"it": pa.array([*published, *NO_DATES], pa.string())})
        connection.register("published", table)
        for _ in range(30):
            start = FIRST + timedelta(draw.randrange(-400, DAYS + 400))
            end = (
                start + timedelta(draw.randrange(1, 500))
                if draw.random() < 0.7
                else None
            )
            where = pattern.between("it", start, end)
            found = connection.execute(f"select it from published where {where}")
            assert sorted(it for (it,) in found.fetchall()) == sorted(
                shown
                for shown, moment in zip(published, MOMENTS, strict=True)
                if start <= moment.date() and (end is None or moment.date() < end)
            ), (start, end)
        missing = connection.execute(
            f"select it from published where {pattern.missing('it')}"
        ).fetchall()
        assert sorted(missing, key=str) == sorted(((it,) for it in NO_DATES), key=str)
        days = connection.execute(
            f"select {pattern.day_of('it')} from published"
        ).fetchall()
    expected = [f"{moment:%Y-%m-%d}" for moment in MOMENTS] + [None] * len(NO_DATES)
    assert [day for (day,) in days] == expected
    values = pa.chunked_array([pa.array([*published, *NO_DATES], pa.string())])
    assert days_of(values, pattern).to_pylist() == expected


def test_what_looks_like_a_date_and_is_none_is_odd():
    pattern = DatePattern("%m/%d/%Y")
    values = ["10/31/2026", "13/01/2026", "31/10/2026", "ab/cd/efgh", "1/2/2026", None]
    assert odd_values(pa.chunked_array([values]), pattern).to_pylist() == [
        *(False, True, True, True, False, None)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%m/%d/%y", "must have %Y, %m and %d, each once"),
        ("%m/%Y", "must have %Y, %m and %d, each once"),
        ("%m/%d/%Y %Y", "must have %Y, %m and %d, each once"),
        ("%m/%d/%Y %B", "may have only %Y, %m, %d, %H, %I, %M, %S, %p"),
        ("%m/%d/%Y %", "may have only %Y, %m, %d, %H, %I, %M, %S, %p"),
        ("%m_%d_%Y", "may have only letters, digits and the signs of dates"),
        ("%m/%d/%Y'", "may have only letters, digits and the signs of dates"),
    ],
)
def test_a_pattern_that_is_none_is_refused(text, said):
    problem = DatePattern(text).problem
    assert problem is not None
    assert said in problem
