"""Numbers, changes and periods as both the pages and their script must write them."""

import json
from datetime import date
from pathlib import Path

import pytest

from pipelines.site import wording
from pipelines.site.period import comparisons

EXPECTED = json.loads(
    (Path(__file__).parents[1] / "support" / "wording.json").read_text()
)
PERIODS = EXPECTED.pop("comparisons")
OF_DAYS = [(name, *case) for name in ("day", "span") for case in EXPECTED.pop(name)]
CASES = [
    (name, arguments, text)
    for name, cases in EXPECTED.items()
    for arguments, text in cases
]


@pytest.mark.parametrize(("name", "arguments", "text"), CASES)
def test_a_page_writes_what_its_script_writes(name, arguments, text):
    assert getattr(wording, name)(*arguments) == text


@pytest.mark.parametrize(("name", "arguments", "text"), OF_DAYS)
def test_a_page_writes_days_as_its_script_does(name, arguments, text):
    assert getattr(wording, name)(*map(date.fromisoformat, arguments)) == text


@pytest.mark.parametrize("period", PERIODS, ids=[each["about"] for each in PERIODS])
def test_a_page_compares_the_days_that_its_script_compares(period):
    first, complete = (
        date.fromisoformat(period[name]) for name in ("first", "complete")
    )
    found = vars(comparisons(first, complete))
    for name, (start, end, *is_covered) in expected(period).items():
        stretch = found[name]
        assert [stretch.start.isoformat(), stretch.end.isoformat()] == [start, end]
        assert [stretch.is_covered] == (is_covered or [True])


def expected(period: dict) -> dict:
    return {name: each for name, each in period.items() if isinstance(each, list)}


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (None, 1, "–"),
        (1234.25, 1, "1,234.3"),
        (0.125, 2, "0.13"),
        (2.5, 0, "3"),
        (32.26, 2, "32.26"),
        (0.0, 1, "0.0"),
    ],
)
def test_decimals_are_rounded_as_the_warehouses_round(value, places, text):
    assert wording.decimal(value, places) == text
