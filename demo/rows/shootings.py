"""Made-up rows of the newspaper's US fatal police shootings, one per person killed."""

from datetime import date

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from demo.rows import draw, us_agencies
from demo.rows.draw import Numbers
from demo.rows.file_formats import csv_file
from demo.rows.places.united_states import County, cities, counties

COLUMNS = dict.fromkeys(
    [
        *("id", "date", "threat_type", "flee_status", "armed_with", "city", "county"),
        *("state", "latitude", "longitude", "location_precision", "name", "age"),
        *("gender", "race", "race_source", "was_mental_illness_related"),
        *("body_camera", "agency_ids"),
    ],
    "text",
)
KEY = ["id"]
# How many rows the demo publishes, whatever the size of other data sets.
ROWS = 1_600
# The newspaper closed its database: later deaths are never included.
BEGINS, ENDS = date(2015, 1, 1), date(2024, 12, 31)
IDS_PER_DAY = 100
# Days from a death to its row.
LATE = {0: 0, 0.6: 1, 0.9: 4, 1: 20}

# Published codes with their shares.
CODES: dict[str, dict[str | None, int]] = {
    "threat_type": {
        **{"shoot": 281, "threat": 268, "point": 185, "attack": 144, "move": 51},
        **{"undetermined": 40, "flee": 18, "accident": 6, None: 7},
    },
    "flee_status": {"not": 537, "car": 158, "foot": 131, "other": 37, None: 137},
    "armed_with": {
        **{"gun": 581, "knife": 169, "unarmed": 57, "undetermined": 42, "vehicle": 35},
        **{"replica": 32, "blunt_object": 24, "unknown": 15, "other": 10, None: 22},
        **{"gun;vehicle": 5, "gun;knife": 5, "vehicle;knife;other": 1},
        **{"blunt_object;blunt_object": 1},
    },
    "gender": {"male": 953, "female": 43, "non-binary": 1, None: 3},
    "race": {
        **{"W": 450, "B": 235, "H": 163, "A": 18, "N": 13, "O": 3, None: 117},
        **{"B;H": 2, "W;B": 1, "W;B;N": 1, "N;H": 1},
    },
    "race_source": {
        **{"not_available": 735, "public_record": 119, "photo": 116, "clip": 25},
        **{"undetermined": 3, "other": 2},
    },
    "location_precision": {
        **{"not_available": 837, "block": 65, "address": 48, "intersection": 40},
        **{"road": 5, "poi_small": 3, "poi_large": 2},
    },
    "was_mental_illness_related": {"False": 800, "True": 200},
    "body_camera": {"False": 832, "True": 168},
}
AGES = {0: 2, 0.02: 16, 0.25: 27, 0.5: 35, 0.75: 45, 0.98: 71, 1: 92}
UNKNOWN = {"name": 0.036, "age": 0.04, "place": 0.11, "county": 0.5}

# How the city is written: correctly, or in one of these ways.
CITY_CELL = {"as it is": 930, "county": 40, "misspelled": 20, "null": 10}
ELSEWHERE = 0.015
OFFICERS = {1: 936, 2: 53, 3: 10, 4: 1}


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make `rows` rows of deaths from `first` to `last`, in the order of `id`.

    None is later than the newspaper's database: if all days are, as many days at the
    end of the database are used instead.

    Raises:
        ValueError: `first` is before the database's first day.
    """
    if first < BEGINS:
        raise ValueError(f"the newspaper's table begins on {BEGINS}, not on {first}")
    if first > ENDS:
        first -= last - ENDS
    days = draw.days_drawn(rng, first, min(last, ENDS), rows)
    return _table(rng, days, days)


def make_day(rng: Generator, rows: int, day: date) -> pa.Table:
    """Make the rows first shown on `day`, of deaths up to three weeks before it, or
    before the end of the newspaper's database."""
    shown = np.full(rows, np.datetime64(day).astype(np.int64))
    newest = np.minimum(shown, np.datetime64(ENDS).astype(np.int64))
    return _table(rng, np.sort(newest - draw.delay(rng, LATE, rows)), shown)


def _table(rng: Generator, days: Numbers, shown: Numbers) -> pa.Table:
    rows = len(days)
    begins = np.datetime64(BEGINS).astype(np.int64) * IDS_PER_DAY
    ids = draw.text(draw.numbered(shown, IDS_PER_DAY) - begins + 1)
    columns = {"id": ids, "date": draw.date_text(days) if rows else ids}
    for name, shares in CODES.items():
        columns[name] = draw.take(
            list(shares), draw.pick(rng, [*shares.values()], rows)
        )
    unnamed, ageless = (draw.chance(rng, UNKNOWN[n], rows) for n in ("name", "age"))
    people = draw.joined("Person", ids, by=" ")
    columns["name"] = draw.chosen(unnamed, pa.scalar(None, pa.string()), people)
    columns["age"] = draw.text(draw.delay(rng, AGES, rows), ageless)
    no_race = columns["race"].is_null().to_numpy(zero_copy_only=False)
    columns["race_source"] = draw.chosen(
        no_race, pa.scalar(None, pa.string()), columns["race_source"]
    )
    city = draw.pick(rng, [c.population for c in cities()], rows)
    columns |= _place_text(rng, city, columns["location_precision"])
    columns["agency_ids"] = pa.array(_agency_ids(rng, city), pa.string())
    return pa.table({name: columns[name] for name in COLUMNS})


def _place_text(
    rng: Generator, city: Numbers, precision: pa.Array
) -> dict[str, pa.Array]:
    """City, county, state and coordinates; the last are missing together."""
    held, places = counties(), cities()
    home = np.array([c.county for c in places])[city]
    columns = {"state": draw.take([c.state_id for c in held], home)}
    nowhere = draw.chance(rng, UNKNOWN["place"], len(city))
    for axis in ("latitude", "longitude"):
        center = np.array([getattr(c, axis) for c in places])[city]
        spot = np.round(center + (rng.random(len(city)) - 0.5) / 10, 7)
        columns[axis] = pa.array(map(repr, spot.tolist()), pa.string())
        columns[axis] = draw.chosen(
            nowhere, pa.scalar(None, pa.string()), columns[axis]
        )
    columns["location_precision"] = draw.chosen(
        nowhere, pa.scalar(None, pa.string()), precision
    )
    way = draw.pick(rng, [*CITY_CELL.values()], len(city))
    hidden = draw.chance(rng, UNKNOWN["county"], len(city))
    strays = draw.chance(rng, ELSEWHERE, len(city))
    drawn = zip(city.tolist(), way, hidden, strays, strict=True)
    cells = [_cells(*one) for one in drawn]
    for position, name in enumerate(("city", "county")):
        columns[name] = pa.array([cell[position] for cell in cells], pa.string())
    return columns


def _cells(
    city: int, way: int, is_hidden: bool, strays: bool
) -> tuple[str | None, str | None]:
    """City and county as written: at least one of them, the county without its kind."""
    place = cities()[city]
    county = counties()[place.county]
    if strays:
        county = _neighbor(place.county)
    written = f"{county.bare_name} City" if county.is_city else county.bare_name
    kind = list(CITY_CELL)[way]
    if kind == "null":
        return None, written
    if kind == "county":
        return county.name, None
    name = place.name.replace("Saint ", "St. ").replace("Fort ", "Ft. ")
    if kind == "misspelled":
        name = name[:-2] + name[-1] + name[-2]
    return name, None if is_hidden else written


def _neighbor(position: int) -> County:
    """Another county of the same state."""
    held = counties()
    state = [c for c in held if c.state_id == held[position].state_id]
    return state[(state.index(held[position]) + 1) % len(state)]


def _agency_ids(rng: Generator, city: Numbers) -> list[str]:
    """For each shooting, the ids of its agencies: the city's, then its state's."""
    near = [us_agencies.near(k) for k in range(len(cities()))]
    count = np.array(list(OFFICERS))[draw.pick(rng, [*OFFICERS.values()], len(city))]
    skips = draw.chance(rng, 0.15, len(city))
    ids = []
    for place, many, is_other in zip(city.tolist(), count, skips, strict=True):
        known = near[place]
        start = min(int(is_other), len(known) - many)
        ids.append(";".join(known[start : start + many]))
    return ids


def corrected(rng: Generator, rows: pa.Table) -> pa.Table:
    """Give each row another race, with its source, and add a year to some ages."""
    races = ["W", "B", "H", "A", "N"]
    old = rows["race"].to_pylist()
    new = [races[(races.index(r) + 1) % 5] if r in races else "W" for r in old]
    rows = draw.with_column(rows, "race", pa.array(new))
    source = pa.repeat("public_record", rows.num_rows)
    rows = draw.with_column(rows, "race_source", source)
    ages = [a and str(int(a) + 1) for a in rows["age"].to_pylist()]
    older = draw.chance(rng, 0.5, rows.num_rows)
    ages = draw.chosen(older, pa.array(ages, pa.string()), rows["age"].combine_chunks())
    return draw.with_column(rows, "age", ages)


def write(rows: pa.Table) -> bytes:
    """The newspaper's CSV: every cell in quotes, and empty if there is no value."""
    return csv_file(rows, quotes_all=True)
