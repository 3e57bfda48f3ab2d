"""Cells of CSV files: the site's script writes those that Python writes."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.support import needs
from tests.support.servers import browser as chromium

TESTS = Path(__file__).parents[1]
CELLS = json.loads((TESTS / "support" / "csv_cells.json").read_text())


@pytest.mark.skipif(chromium.CHROMIUM is None, reason=str(needs.CHROMIUM))
def test_the_script_writes_the_same_cells():
    values = [value for value, _ in CELLS]
    with (
        chromium.served(TESTS.parent / "site") as address,
        chromium.browser() as browser,
    ):
        page = browser.new_page()
        page.goto(f"{address}script/wording.js")
        text = page.evaluate(
            "values => import('/script/wording.js').then("
            "words => words.csv(['v'], values.map(value => [value])))",
            values,
        )
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["v"], *([str(cell)] if cell != "" else [] for _, cell in CELLS)]
