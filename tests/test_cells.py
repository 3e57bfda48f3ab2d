"""Cells of CSV files: one list of inputs for Python, SQL and script."""

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest

from pipelines.cells import csv_cell, csv_cell_in_sql
from tests import browser as chromium
from tests import needs

HERE = Path(__file__).parent
CELLS = json.loads((HERE / "csv_cells.json").read_text())
TEXTS = [pair for pair in CELLS if isinstance(pair[0], str)]


@pytest.mark.parametrize(("value", "cell"), CELLS)
def test_no_cell_begins_a_formula_and_a_number_stays_one(value, cell):
    assert csv_cell(value) == cell


def test_duckdb_writes_the_same_cells():
    with duckdb.connect() as db:
        db.execute("create table t as select unnest($1) as v", [[v for v, _ in TEXTS]])
        found = db.sql(f"select {csv_cell_in_sql('v')} from t").fetchall()
    assert found == [(cell,) for _, cell in TEXTS]


@pytest.mark.skipif(chromium.CHROMIUM is None, reason=str(needs.CHROMIUM))
def test_the_script_writes_the_same_cells():
    values = [value for value, _ in CELLS]
    with (
        chromium.served(HERE.parent / "site") as address,
        chromium.browser() as browser,
    ):
        page = browser.new_page()
        page.goto(f"{address}script/words.js")
        text = page.evaluate(
            "values => import('/script/words.js').then("
            "words => words.csv(['v'], values.map(value => [value])))",
            values,
        )
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows == [["v"], *([str(cell)] if cell != "" else [] for _, cell in CELLS)]
