"""Make up rows of the published data sets, any number of them.

Columns, value lists, shares of missing values, repeated rows and oddities are those of
the real data sets; streets, ids and people are invented. The same arguments give the
same rows on every machine.
"""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo import (
    rows_cambridge,
    rows_chicago,
    rows_chicago_recent,
    rows_memphis,
    rows_san_francisco,
)

MAKERS = {
    "san_francisco__incidents": rows_san_francisco,
    "chicago__incidents": rows_chicago,
    "chicago__recent_incidents": rows_chicago_recent,
    "memphis__incidents": rows_memphis,
    "cambridge__incidents": rows_cambridge,
}

# Every published column with the portal's type, in the order of the portal's metadata:
# text, number, calendar_date, checkbox, point, location of SODA; oid, string, date,
# double, integer of ArcGIS.
COLUMNS = {dataset: maker.COLUMNS for dataset, maker in MAKERS.items()}


def generate(dataset: str, rows: int, start: date, end: date, seed: int) -> pa.Table:
    """Make `rows` rows of a data set as its portal would show them on the day `end`.

    Args:
        dataset: A name of `COLUMNS`.
        start: The first day, by the column that the data set's window is on.
        end: The last day; Chicago withholds the rows of its last seven.
        seed: Any number; another one gives other rows with the same ids.

    Returns: Columns of `COLUMNS[dataset]`, all text in the forms of SODA's CSV
        (`true`, `2024-02-15T07:09:00.000`, `POINT (lon lat)`) or ArcGIS (epoch
        milliseconds); null where the portal has no value. Oldest rows first.

    Raises:
        KeyError: No such data set.
        ValueError: The portal has no rows of such days.
    """
    return MAKERS[dataset].make(_random(dataset, seed), rows, start, end)


def day_rows(dataset: str, day: date, rows: int, seed: int) -> pa.Table:
    """Make the `rows` rows that a portal adds on one day.

    Their ids are none of those that `generate` made up to the day before, as long as
    no day has more than 2,000 incidents. All are new: none repeats another.
    """
    return MAKERS[dataset].make_day(_random(dataset, seed), rows, day)


def corrected(table: pa.Table, count: int, seed: int) -> pa.Table:
    """Make new versions of `count` of the table's rows, with the same keys.

    Each differs from its old version in at least one column that says something about
    the incident, not only in when it was loaded. Rows whose key another row repeats are
    left alone.

    Raises:
        ValueError: The table is none of `generate`'s, or has too few rows.
    """
    columns = set(table.column_names)
    for dataset, maker in MAKERS.items():
        if columns == set(maker.COLUMNS):
            rng = _random(dataset, seed)
            return maker.corrected(rng, _some(rng, table, maker.KEY, count))
    raise ValueError(f"no data set has the columns {', '.join(table.column_names)}")


def _some(rng, table: pa.Table, key: list[str], count: int) -> pa.Table:
    """Draw `count` rows whose key no other row has, in the order of the table."""
    place = table.select(key).append_column("at", pa.array(range(table.num_rows)))
    each = place.group_by(key).aggregate([("at", "min"), ("at", "count")])
    single = each.filter(pc.equal(each["at_count"], 1))["at_min"].to_numpy()
    if count > len(single):
        raise ValueError(f"{count} rows asked of {len(single)} with a key of their own")
    return table.take(np.sort(rng.permutation(np.sort(single))[:count]))


def _random(dataset: str, seed: int) -> np.random.Generator:
    """One generator a city, so that Chicago's two tables hold the same rows."""
    city = dataset.partition("__")[0]
    return np.random.default_rng([seed, *city.encode()])
