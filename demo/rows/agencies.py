"""Made-up rows of the agencies that the newspaper's shootings refer to by id."""

from collections import Counter
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from demo.rows import draw
from demo.rows import shootings as rows_shootings
from demo.rows.file_formats import csv_file
from demo.rows.us_agencies import AGENCIES, LAST_ID, agencies

COLUMNS = dict.fromkeys(
    ["id", "name", "type", "state", "oricodes", "total_shootings"], "text"
)
KEY = ["id"]
ROWS = AGENCIES
IDS_PER_DAY = 200


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make the 150 rows, ordered by name, with the number of their shootings.

    It counts `shootings.ROWS` shootings made from the same seed and days.
    """
    shootings = rows_shootings.make(rng, rows_shootings.ROWS, first, last)
    counted = Counter(";".join(shootings["agency_ids"].to_pylist()).split(";"))
    made = [
        {
            "id": each.id,
            "name": each.name,
            "type": each.type,
            "state": each.state,
            "oricodes": each.oricodes,
            "total_shootings": str(counted[each.id]),
        }
        for each in agencies()
    ]
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    return pa.Table.from_pylist(made, schema).sort_by("name")


def make_day(rng: Generator, rows: int, day: date) -> pa.Table:
    """Make the rows of agencies that first appear on `day`, each in one shooting."""
    shown = np.full(rows, np.datetime64(day).astype(np.int64))
    begins = np.datetime64(rows_shootings.BEGINS).astype(np.int64) * IDS_PER_DAY
    states = draw.vocabulary("us_states")["state_id"]
    state = draw.take(states, rng.integers(0, len(states), rows))
    names = draw.take(draw.street_names(), rng.integers(0, 432, rows))
    columns = {
        "id": draw.text(draw.numbered(shown, IDS_PER_DAY) - begins + LAST_ID),
        "name": draw.joined(names, "Town Marshal", by=" "),
        "type": pa.repeat("local_police", rows),
        "state": state,
        "oricodes": pa.nulls(rows, pa.string()),
        "total_shootings": pa.repeat("1", rows),
    }
    return pa.table({name: columns[name] for name in COLUMNS})


def corrected(rng: Generator, rows: pa.Table) -> pa.Table:
    """Add one to each agency's number of shootings."""
    more = [str(int(total) + 1) for total in rows["total_shootings"].to_pylist()]
    return draw.with_column(rows, "total_shootings", pa.array(more, pa.string()))


def write(rows: pa.Table) -> bytes:
    """The newspaper's CSV: every cell in quotes, and empty if there is no value."""
    return csv_file(rows, quotes_all=True)
