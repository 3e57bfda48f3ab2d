"""The site's script writes numbers and changes, and compares days, as its pages do."""

import json
from pathlib import Path

import pytest

from tests.support import needs
from tests.support.servers import browser as chromium

TESTS = Path(__file__).parents[1]
EXPECTED = json.loads((TESTS / "support" / "wording.json").read_text())
PERIODS = EXPECTED.pop("comparisons")
# Where the script has another name for it.
IN_SCRIPT = {
    "arrest_share": "arrestShare",
    "earlier_arrest_share": "earlierArrestShare",
    "day": "dayInWords",
    "of_period": "ofPeriod",
}

pytestmark = pytest.mark.skipif(chromium.CHROMIUM is None, reason=str(needs.CHROMIUM))


@pytest.fixture(scope="module")
def page():
    with (
        chromium.served(TESTS.parent / "site") as address,
        chromium.browser() as browser,
    ):
        page = browser.new_page()
        page.goto(f"{address}script/wording.js")
        yield page


def test_the_script_writes_what_the_pages_write(page):
    asked = [
        (IN_SCRIPT.get(name, name), arguments)
        for name, cases in EXPECTED.items()
        for arguments, _ in cases
    ]
    found = page.evaluate(
        """async (asked) => {
            const wording = await import("/script/wording.js");
            return asked.map(([name, values]) => wording[name](...values));
        }""",
        asked,
    )
    texts = [text for cases in EXPECTED.values() for _, text in cases]
    assert list(zip(asked, found, strict=True)) == list(zip(asked, texts, strict=True))


def test_the_script_compares_the_days_that_the_pages_compare(page):
    found = page.evaluate(
        """async (periods) => {
            const { chosenPeriod, comparisons } = await import("/script/period.js");
            const { textOf } = await import("/script/packed.js");
            const days = ({ from, to }) => [textOf(from), textOf(to)];
            return periods.map(({ first, complete }) => {
                const city = { first, complete, newest: complete };
                const now = chosenPeriod(city, { period: "28" });
                const found = comparisons(city, now);
                const { before, yearAgo, thisYear, lastYear } = found;
                return {
                    now: days(now),
                    before: [...days(before), before.covered],
                    year_ago: [...days(yearAgo), yearAgo.covered],
                    so_far: days(thisYear),
                    last_year: [...days(lastYear), lastYear.covered],
                };
            });
        }""",
        PERIODS,
    )
    for period, days in zip(PERIODS, found, strict=True):
        assert {name: period[name] for name in days} == days, period["about"]
