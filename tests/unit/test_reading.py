"""What a reader makes of a portal's answers, without HTTP."""

from datetime import UTC, datetime

import pytest

from pipelines.errors import Retryable
from pipelines.portals.arcgis import as_text
from pipelines.portals.http.request import retry_after
from pipelines.portals.page_checks import chunks, quoted
from pipelines.portals.soda_csv import parse_csv


def test_null_and_empty_text_stay_apart():
    table = parse_csv(b'"a","b"\n"1",\n"2",""\n', ["a", "b"])
    assert table["b"].to_pylist() == [None, ""]


def test_values_stay_as_published():
    body = b'"code","number","flag"\n"05151","41.9000","true"\n'
    table = parse_csv(body, ["code", "number", "flag"])
    assert table.to_pylist() == [{"code": "05151", "number": "41.9000", "flag": "true"}]


def test_quotes_commas_line_breaks_and_unicode_are_text():
    body = '"a"\n"says ""no"", then\nleaves – Peña"\n'.encode()
    assert parse_csv(body, ["a"])["a"].to_pylist() == ['says "no", then\nleaves – Peña']


def test_only_a_header_is_no_rows():
    assert parse_csv(b'"a","b"\n', ["a", "b"]).num_rows == 0


@pytest.mark.parametrize(
    "body",
    [
        b'"a","b"\n"1","2"\n"3"',  # cut between two cells
        b'"a","b"\n"1","2"\n"3","4',  # cut inside a cell
        b'"a","c"\n"1","2"\n',  # another column
        b"",
    ],
)
def test_a_cut_or_foreign_csv_is_asked_for_again(body):
    with pytest.raises(Retryable):
        parse_csv(body, ["a", "b"])


def test_literals_double_their_quotes():
    assert quoted("O'HARE") == "'O''HARE'"
    assert list(chunks(["1", "2", "3"], 2)) == ["'1','2'", "'3'"]


def test_retry_after_is_seconds_or_a_date_and_nonsense_is_ignored():
    now = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
    assert retry_after("7", now) == 7
    assert retry_after("Sun, 01 Nov 2026 12:00:30 GMT", now) == 30
    assert retry_after("Sun, 01 Nov 2026 11:00:00 GMT", now) == 0
    assert retry_after("soon", now) is None
    assert retry_after(None, now) is None


def test_numbers_become_text_in_their_shortest_form():
    assert [as_text(v) for v in (1577858400000, 35.1, 0, "x ", None)] == [
        "1577858400000",
        "35.1",
        "0",
        "x ",
        None,
    ]
