"""Cells of CSV files: what Python, SQL and, in `system/`, the script write of them."""

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.cells import csv_cell, csv_cell_in_sql

TESTS = Path(__file__).parents[1]
CELLS = json.loads((TESTS / "support" / "csv_cells.json").read_text())
TEXTS = [pair for pair in CELLS if isinstance(pair[0], str)]


@pytest.mark.parametrize(("value", "cell"), CELLS)
def test_no_cell_begins_a_formula_and_a_number_stays_one(value, cell):
    assert csv_cell(value) == cell


def test_duckdb_writes_the_same_cells():
    with duckdb.connect() as db:
        db.execute("create table t as select unnest($1) as v", [[v for v, _ in TEXTS]])
        found = db.sql(f"select {csv_cell_in_sql('v')} from t").fetchall()
    assert found == [(cell,) for _, cell in TEXTS]
