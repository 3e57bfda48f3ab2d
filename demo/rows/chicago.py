"""Made-up rows of Chicago's crimes, one per crime, or per victim of a murder."""

from datetime import date, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from demo.rows import draw
from demo.rows.draw import Numbers

COLUMNS = {
    "id": "number",
    "case_number": "text",
    "date": "calendar_date",
    "block": "text",
    "iucr": "text",
    "primary_type": "text",
    "description": "text",
    "location_description": "text",
    "arrest": "checkbox",
    "domestic": "checkbox",
    "beat": "text",
    "district": "text",
    "ward": "number",
    "community_area": "text",
    "fbi_code": "text",
    "x_coordinate": "number",
    "y_coordinate": "number",
    "year": "number",
    "updated_on": "calendar_date",
    "latitude": "number",
    "longitude": "number",
    "location": "location",
}
KEY = ["id"]
BEGINS = date(2001, 1, 1)
FIRST_ID = 10_000_000

# The city withholds the latest week.
WITHHELD = timedelta(days=7)
# Days from a crime's publication to the row's latest change and, for a day's new rows,
# how many days later they are than other rows of their date.
REVISED = {0: 0, 0.7: 0, 0.8: 7, 0.9: 40, 1: 400}
LATE = {0: 0, 0.8: 0, 0.9: 3, 1: 14}

ARRESTED = {"NARCOTICS": 0.95, "PROSTITUTION": 0.99, "LIQUOR LAW VIOLATION": 0.97}
ARRESTED |= {"CONCEALED CARRY LICENSE VIOLATION": 0.97, "GAMBLING": 0.8}
ARRESTED |= {"INTERFERENCE WITH PUBLIC OFFICER": 0.89, "WEAPONS VIOLATION": 0.64}
ARRESTED |= {
    "PUBLIC PEACE VIOLATION": 0.45,
    "HOMICIDE": 0.34,
    "CRIMINAL TRESPASS": 0.33,
}
ARRESTED |= {"BATTERY": 0.14, "ASSAULT": 0.1, "OTHER OFFENSE": 0.15, "ROBBERY": 0.06}
QUARRELS = ("BATTERY", "ASSAULT", "OTHER OFFENSE", "CRIMINAL DAMAGE", "STALKING")

# Case numbers begin with two letters that stand for the year; I and O are left out.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


# The columns that follow from an offense's code.
OFFENSE = ("iucr", "primary_type", "description", "fbi_code")


@cache
def places() -> dict[str, list[str]]:
    """Some 2,100 made-up blocks, eight in each of the twelve beats of a district."""
    rng = np.random.default_rng(0)
    districts = draw.vocabulary("chicago_districts")
    names = draw.street_names()
    kept = ("block", "beat", "district", "ward", "community_area", "weight")
    found: dict[str, list[str]] = {
        name: [] for name in (*kept, "latitude", "longitude")
    }
    for k, district in enumerate(districts["district"]):
        wards = districts["wards"][k].split()
        areas = districts["community_areas"][k].split()
        for block in range(96):
            beat, street = block // 8, names[int(rng.integers(len(names)))]
            number = f"{int(rng.integers(0, 100)):03}XX {'NSEW'[block % 4]}"
            found["block"].append(f"{number} {street} {('ST', 'AVE')[block % 2]}")
            found["beat"].append(f"{district[1:]}{beat // 4 + 1}{beat % 4 + 1}")
            found["district"].append(district)
            found["ward"].append(wards[beat % len(wards)])
            found["community_area"].append(areas[beat % len(areas)])
            found["weight"].append(districts["weight"][k])
            for axis in ("latitude", "longitude"):
                shift = int(rng.integers(-20_000_000, 20_000_000)) / 1e9
                found[axis].append(repr(round(float(districts[axis][k]) + shift, 9)))
    return found


@cache
def coordinates() -> dict[str, list[str]]:
    """The coordinates of `places()`: in degrees, and roughly in state plane feet."""
    latitude, longitude = places()["latitude"], places()["longitude"]
    both = list(zip(latitude, longitude, strict=True))
    return {
        "latitude": latitude,
        "longitude": longitude,
        "location": [f"({y}, {x})" for y, x in both],
        "x_coordinate": [str(round(272_500 * (float(x) + 91.94))) for _, x in both],
        "y_coordinate": [str(round(364_500 * (float(y) - 36.67))) for y, _ in both],
    }


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make `rows` rows of crimes from `first` to a week before `last`, oldest first.

    Raises:
        ValueError: The portal has no rows for these days.
    """
    if first < BEGINS or first > last - WITHHELD:
        raise ValueError(
            f"on {last} Chicago's table holds {BEGINS} to {last - WITHHELD}, "
            f"nothing from {first} on"
        )
    days = draw.days_drawn(rng, first, last - WITHHELD, rows)
    shown = days + WITHHELD.days
    victims = _victims(code := _codes(rng, rows))
    return _table(rng, days[victims], shown, code[victims], victims, last)


def make_day(rng: Generator, rows: int, day: date) -> pa.Table:
    """Make the rows first shown on `day`: crimes of a week before and a few older."""
    shown = np.full(rows, np.datetime64(day).astype(np.int64))
    days = np.sort(shown - WITHHELD.days - draw.delay(rng, LATE, rows))
    return _table(rng, days, shown, _codes(rng, rows), np.arange(rows), day)


def _codes(rng: Generator, rows: int) -> Numbers:
    return draw.pick(
        rng, draw.weights(draw.vocabulary("chicago_codes")["weight"]), rows
    )


def _victims(code: Numbers) -> Numbers:
    """For each row, the row that it repeats except for its id: every seventh murder."""
    murder = np.array(draw.vocabulary("chicago_codes")["primary_type"])[code]
    murders = np.flatnonzero(murder == "HOMICIDE")
    same = np.arange(len(code))
    same[murders[1::7]] = murders[: len(murders[1::7]) * 7 : 7]
    return same


def _table(
    rng: Generator,
    days: Numbers,
    shown: Numbers,
    code: Numbers,
    same: Numbers,
    last: date,
) -> pa.Table:
    number = draw.numbered(shown)
    seconds = days * draw.DAY + draw.time_of_day(rng, len(days))[same]
    odd, odd_seconds = draw.odd_times(np.sort(days))
    seconds[np.argsort(days, kind="stable")[odd]] = odd_seconds
    seconds = seconds[same]
    number_of_case = number[same]
    columns = _identity(number, number_of_case, shown[same])
    columns |= {"date": draw.calendar_text(seconds)}
    columns |= {"year": draw.text(draw.year_of(seconds // draw.DAY))}
    columns |= {"updated_on": _updated(rng, shown, last)}
    columns |= _offense_text(rng, code, same) | _place_text(rng, same)
    return pa.table({name: columns[name] for name in COLUMNS})


def _identity(
    number: Numbers, number_of_case: Numbers, shown: Numbers
) -> dict[str, pa.Array]:
    begins = np.datetime64(BEGINS).astype(np.int64) * draw.NUMBERS_PER_DAY
    year = draw.year_of(shown)
    in_year = number_of_case - draw.first_of_year(shown) * draw.NUMBERS_PER_DAY
    prefixes = [
        ("J" if y > 2016 else "H") + LETTERS[(y - 2017) % 24] for y in range(2100)
    ]
    return {
        "id": draw.text(FIRST_ID + number - begins),
        "case_number": draw.joined(
            draw.take(prefixes, year), draw.text(100_000 + in_year)
        ),
    }


def _updated(rng: Generator, shown: Numbers, last: date) -> pa.Array:
    changed = shown + draw.delay(rng, REVISED, len(shown))
    changed = np.minimum(changed, np.datetime64(last).astype(np.int64))
    # Each night's load ends some minutes after 15:40.
    return draw.calendar_text(
        changed * draw.DAY + 15 * 3600 + 2400 + changed * 37 % 300
    )


def _offense_text(rng: Generator, code: Numbers, same: Numbers) -> dict[str, pa.Array]:
    vocabulary = draw.vocabulary("chicago_codes")
    columns = {name: draw.take(vocabulary[name], code) for name in OFFENSE}
    kind, text = (
        np.array(vocabulary[n])[code] for n in ("primary_type", "description")
    )
    share = np.array([ARRESTED.get(k, 0.04) for k in vocabulary["primary_type"]])
    at_home = np.char.find(text, "DOMESTIC") >= 0
    quarrel = np.isin(kind, QUARRELS) & draw.chance(rng, 0.15, len(code))[same]
    arrested = draw.chance(rng, share[code], len(code))[same]
    where = draw.vocabulary("chicago_locations")
    place = draw.pick(rng, draw.weights(where["weight"]), len(code))[same]
    unknown = draw.chance(rng, 0.004, len(code))[same]
    columns["location_description"] = draw.take(
        where["location_description"], place, unknown
    )
    columns["arrest"] = draw.take(["false", "true"], arrested)
    columns["domestic"] = draw.take(["false", "true"], at_home | quarrel)
    return columns


def _place_text(rng: Generator, same: Numbers) -> dict[str, pa.Array]:
    known = places()
    place = draw.pick(rng, draw.weights(known["weight"]), len(same))[same]
    unplaced = draw.chance(rng, 0.01, len(same))[same]
    no_ward = unplaced & draw.chance(rng, 0.2, len(same))[same]
    columns = {n: draw.take(v, place, unplaced) for n, v in coordinates().items()}
    for name in ("block", "beat", "district"):
        columns[name] = draw.take(known[name], place)
    for name in ("ward", "community_area"):
        columns[name] = draw.take(known[name], place, no_ward)
    return columns


def corrected(rng: Generator, rows: pa.Table) -> pa.Table:
    """Flip each row's arrest flag, and date its change a day after the latest.

    Every third row is also reclassified.
    """
    arrest = pc.if_else(pc.equal(rows["arrest"], "true"), "false", "true")
    rows = draw.with_column(rows, "arrest", arrest)
    third = pa.array(np.arange(rows.num_rows) % 3 == 0)
    code = _codes(rng, rows.num_rows)
    for name in OFFENSE:
        reclassified = draw.take(draw.vocabulary("chicago_codes")[name], code)
        rows = draw.with_column(rows, name, pc.if_else(third, reclassified, rows[name]))
    return draw.stamped(rows, "updated_on")
