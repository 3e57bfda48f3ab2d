"""Made-up rows of Chicago's crimes of the last year: those of `chicago`, renamed.

This view has no id and no change date; its flags are letters instead of true and false.
"""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from demo.rows import chicago, draw

COLUMNS = {
    "case_": "text",
    "date_of_occurrence": "calendar_date",
    "block": "text",
    "_iucr": "text",
    "_primary_decsription": "text",
    "_secondary_description": "text",
    "_location_description": "text",
    "arrest": "text",
    "domestic": "text",
    "beat": "text",
    "ward": "number",
    "fbi_cd": "text",
    "x_coordinate": "number",
    "y_coordinate": "number",
    "latitude": "number",
    "longitude": "number",
    "location": "location",
}
KEY = ["case_", "_iucr", "date_of_occurrence"]
NAMES = {
    "case_": "case_number",
    "date_of_occurrence": "date",
    "_iucr": "iucr",
    "_primary_decsription": "primary_type",
    "_secondary_description": "description",
    "_location_description": "location_description",
    "fbi_cd": "fbi_code",
}


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    return _view(chicago.make(rng, rows, first, last))


def make_day(rng: Generator, rows: int, day: date) -> pa.Table:
    return _view(chicago.make_day(rng, rows, day))


def _view(rows: pa.Table) -> pa.Table:
    columns = {name: rows[NAMES.get(name, name)] for name in COLUMNS}
    for name in ("arrest", "domestic"):
        columns[name] = pc.if_else(pc.equal(columns[name], "true"), "Y", "N")
    return pa.table(columns)


def corrected(rng: Generator, rows: pa.Table) -> pa.Table:
    """Flip each row's arrest flag."""
    arrest = pc.if_else(pc.equal(rows["arrest"], "Y"), "N", "Y")
    return draw.with_column(rows, "arrest", arrest)
