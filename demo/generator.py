"""Generate any number of made-up rows of the published data sets.

Columns, value lists, shares of missing values, repeated rows and oddities are those of
the real data sets; streets, ids and people are invented. The same arguments give the
same rows on every machine.
"""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from demo.rows import (
    agencies,
    boundaries,
    cambridge,
    chicago,
    chicago_recent,
    cities,
    memphis,
    population,
    san_francisco,
    shootings,
    shootings_v1,
    unemployment,
)
from demo.rows.publisher import DailyPublisher, FilePublisher, Publisher

TABLES: dict[str, DailyPublisher] = {
    "san_francisco__incidents": san_francisco,
    "chicago__incidents": chicago,
    "chicago__recent_incidents": chicago_recent,
    "memphis__incidents": memphis,
    "cambridge__incidents": cambridge,
}
FILES: dict[str, FilePublisher] = {
    "washington_post__shootings": shootings,
    "washington_post__shootings_v1": shootings_v1,
    "washington_post__agencies": agencies,
    "census__county_population": population,
    "bls__county_unemployment": unemployment,
    "simplemaps__cities": cities,
    "san_francisco__neighborhood_boundaries": boundaries.SAN_FRANCISCO,
    "chicago__neighborhood_boundaries": boundaries.CHICAGO,
    "memphis__district_boundaries": boundaries.MEMPHIS,
    "cambridge__neighborhood_boundaries": boundaries.CAMBRIDGE,
}
MAKERS: dict[str, Publisher] = {**TABLES, **FILES}
# Data sets that change every day; the other files are published once a year or less.
DAILY: dict[str, DailyPublisher] = {
    **TABLES,
    "washington_post__shootings": shootings,
    "washington_post__agencies": agencies,
}

# Every published column with the portal's type, in the order of the portal's metadata:
# text, number, calendar_date, checkbox, point, location of SODA; oid, string, date,
# double, integer of ArcGIS; all text in files.
COLUMNS = {dataset: maker.COLUMNS for dataset, maker in MAKERS.items()}


def generate(dataset: str, rows: int, start: date, end: date, seed: int) -> pa.Table:
    """Make `rows` rows of a data set as its portal would show them on the day `end`.

    Args:
        dataset: A name of `COLUMNS`.
        start: The first day, by the data set's window column.
        end: The last day; Chicago withholds the rows of the last seven.
        seed: Any number; another seed gives different rows with the same ids.

    Returns: Columns of `COLUMNS[dataset]`, all text in the forms of SODA's CSV
        (`true`, `2024-02-15T07:09:00.000`, `POINT (lon lat)`) or ArcGIS (epoch
        milliseconds); null where the portal has no value. Oldest rows first.

    Raises:
        KeyError: No such data set.
        ValueError: The portal has no rows of such days.
    """
    made = MAKERS[dataset].make(_random(dataset, seed), max(rows, 1), start, end)
    return made.slice(0, rows)


def day_rows(dataset: str, day: date, rows: int, seed: int) -> pa.Table:
    """Make the `rows` rows that a portal adds on one day.

    Their ids differ from all that `generate` makes up to the day before, as long as no
    day has more than 2,000 incidents. All are new: none repeats another.

    Raises:
        KeyError: No such data set, or one that does not change daily.
    """
    return DAILY[dataset].make_day(_random(dataset, seed), rows, day)


def sample(table: pa.Table, count: int, seed: int) -> pa.Table:
    """Draw `count` rows whose key no other row has, in the order of the table.

    Raises:
        ValueError: The table is not one of `generate`'s, or has too few such rows.
    """
    dataset = dataset_of(table)
    counts = pc.value_counts(keys := _keys(table))
    single = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
    places = np.flatnonzero(pc.is_in(keys, single).to_numpy(zero_copy_only=False))
    if count > len(places):
        raise ValueError(
            f"{dataset}: {count} rows requested, {len(places)} have a unique key"
        )
    drawn = _random(dataset, seed).permutation(places)[:count]
    return table.take(pa.array(np.sort(drawn)))


def corrected(table: pa.Table, count: int, seed: int) -> pa.Table:
    """Make new versions, with the same keys, of `count` rows that `sample` draws.

    Each differs from its old version in at least one column that says something about
    the incident, not only in when it was loaded.
    """
    dataset = dataset_of(table)
    rows = sample(table, count, seed)
    return DAILY[dataset].corrected(_random(dataset, seed), rows)


def without(table: pa.Table, rows: pa.Table) -> pa.Table:
    """The table without the rows whose key is in `rows`."""
    return table.filter(pc.invert(pc.is_in(_keys(table), _keys(rows))))


def dataset_of(table: pa.Table) -> str:
    """The data set that has the table's columns.

    Raises:
        ValueError: None has.
    """
    columns = set(table.column_names)
    for dataset, names in COLUMNS.items():
        if columns == set(names):
            return dataset
    raise ValueError(f"no data set has the columns {', '.join(table.column_names)}")


def _keys(table: pa.Table) -> pa.Array:
    """Each row's key as a single text; a missing part counts as a value."""
    key = MAKERS[dataset_of(table)].KEY
    parts = [pc.fill_null(table[name].combine_chunks(), "") for name in key]
    return pc.binary_join_element_wise(*parts, "|")


def _random(dataset: str, seed: int) -> Generator:
    """One generator per city, so that Chicago's two tables have the same rows."""
    city = dataset.partition("__")[0]
    return np.random.default_rng([seed, *city.encode()])
