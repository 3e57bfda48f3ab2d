"""Made-up rows of San Francisco's police incident reports.

An event is one report (`incident_id`), with one row per offense. A supplement is an
event that has the `incident_number` of an earlier one.
"""

from datetime import date

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from demo.rows import draw
from demo.rows.draw import Numbers
from demo.rows.places.san_francisco import places

COLUMNS = {
    "incident_datetime": "calendar_date",
    "incident_date": "calendar_date",
    "incident_time": "text",
    "incident_year": "text",
    "incident_day_of_week": "text",
    "report_datetime": "calendar_date",
    "row_id": "text",
    "incident_id": "text",
    "incident_number": "text",
    "cad_number": "text",
    "report_type_code": "text",
    "report_type_description": "text",
    "filed_online": "checkbox",
    "incident_code": "text",
    "incident_category": "text",
    "incident_subcategory": "text",
    "incident_description": "text",
    "resolution": "text",
    "intersection": "text",
    "cnn": "text",
    "police_district": "text",
    "analysis_neighborhood": "text",
    "supervisor_district": "text",
    "supervisor_district_2012": "text",
    "latitude": "number",
    "longitude": "number",
    "point": "point",
    "data_as_of": "calendar_date",
    "data_loaded_at": "calendar_date",
    ":@computed_region_jwn9_ihcz": "number",
    ":@computed_region_26cr_cadq": "number",
}

KEY = ["row_id"]
BEGINS = date(2018, 1, 1)
FIRST_ID = 100_000

# 1.21 rows per event, 1.40 rows per incident number: the whole table in July 2026.
CODES_PER_EVENT = [822, 130, 40, 8]
SUPPLEMENTS = 0.138
LATER = ("Other Miscellaneous", "Drug Offense", "Weapons Offense", "Assault")
ONLINE = ("Larceny Theft", "Lost Property", "Malicious Mischief", "Fraud")
VEHICLE = ("Motor Vehicle Theft", "Motor Vehicle Theft?", "Recovered Vehicle")
ARRESTED = ("Warrant", "Drug Offense", "Traffic Violation Arrest", "Liquor Laws")

REPORT_TYPES = [
    ("II", "Initial"),
    ("II", "Coplogic Initial"),
    ("VI", "Vehicle Initial"),
    ("IS", "Initial Supplement"),
    ("IS", "Coplogic Supplement"),
    ("VS", "Vehicle Supplement"),
]
RESOLUTIONS = {
    "Open or Active": 810,
    "Unfounded": 10,
    "Exceptional Adult": 2,
    "Cite or Arrest Juvenile": 8,
    "Cite or Arrest Adult": 170,
}

# Minutes between incident and report, and days until a supplement follows.
REPORT_LAG = {0: 0, 0.1: 0, 0.25: 4, 0.5: 110, 0.75: 1310, 0.9: 7380, 0.95: 18730}
REPORT_LAG |= {0.99: 55570, 0.999: 260_000, 1: 1_400_000}
SUPPLEMENT_DAYS = {0: 0, 0.5: 2, 0.8: 12, 0.95: 45, 1: 120}


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make `rows` rows reported from `first` to `last`, in the order of their ids.

    Raises:
        ValueError: `first` is before the table's first day.
    """
    if first < BEGINS:
        raise ValueError(f"San Francisco's table begins on {BEGINS}, not on {first}")
    codes_each = draw.pick(rng, CODES_PER_EVENT, rows) + 1
    events = int(np.searchsorted(np.cumsum(codes_each), rows)) + 1
    event = np.repeat(np.arange(events), codes_each[:events])[:rows]
    days = draw.days_drawn(rng, first, last, events)
    odd, odd_seconds = draw.odd_times(days)
    root = _roots(rng, days, odd)
    reported = days * draw.DAY + draw.time_of_report(rng, events)
    reported[odd] = odd_seconds + 600 * (odd_seconds % 60 == 0)
    reported = np.maximum(reported, reported[np.maximum(root, 0)] * (root >= 0))
    occurred = _occurred(rng, reported, root, odd, odd_seconds)
    code = _codes(rng, event, root)
    kind = _kinds(rng, code, event, root)
    columns = _times_text(occurred, reported, event, last)
    columns |= _identity(rng, days, root, kind, code, event)
    columns |= _offense_text(rng, code, kind, event)
    columns |= _place_text(rng, root, event)
    return pa.table({name: columns[name] for name in COLUMNS})


def make_day(rng: Generator, rows: int, day: date) -> pa.Table:
    return make(rng, rows, day, day)


def _roots(rng: Generator, days: Numbers, alone: Numbers) -> Numbers:
    """For each event, the earlier one that it supplements, or itself.

    Negative: it supplements one from before the first day. Events at the positions
    `alone` supplement no other.
    """
    own = np.arange(len(days))
    drawn = draw.chance(rng, SUPPLEMENTS, len(days))
    drawn[alone] = False
    per_day = len(days) / (days[-1] - days[0] + 1)
    back = 1 + draw.delay(rng, SUPPLEMENT_DAYS, len(days)) * per_day
    root = np.where(drawn, own - back.astype(np.int64), own)
    while True:
        further = np.where(root < 0, root, root[np.maximum(root, 0)])
        if np.array_equal(further, root):
            return root
        root = further


def _occurred(
    rng: Generator, reported: Numbers, root: Numbers, odd: Numbers, odd_seconds: Numbers
) -> Numbers:
    """When each event's incident happened; a supplement has the time of its root."""
    lag = draw.delay(rng, REPORT_LAG, len(reported)) * 60
    exact = reported - reported % 60 - lag
    told = exact - exact % draw.DAY + draw.time_of_day(rng, len(reported))
    unknown = draw.chance(rng, 0.08, len(reported)) & (lag > draw.DAY)
    told[unknown] -= told[unknown] % draw.DAY
    occurred = np.where(lag > 6 * 3600, told, exact)
    begins = np.datetime64(BEGINS).astype(np.int64) * draw.DAY
    occurred = np.clip(occurred, begins, reported - reported % 60)
    occurred[odd] = odd_seconds - odd_seconds % 60
    return occurred[np.where(root < 0, np.arange(len(root)), root)]


def _codes(rng: Generator, event: Numbers, root: Numbers) -> Numbers:
    """The position of each row's code; an event has each code at most once."""
    vocabulary = draw.vocabulary("san_francisco_codes")
    shares = draw.weights(vocabulary["weight"])
    later_shares = shares * (1 + 4 * np.isin(vocabulary["category"], LATER))
    first_row = np.searchsorted(event, np.arange(event[-1] + 1))
    code = draw.pick(rng, later_shares, len(event))
    of_event = draw.pick(rng, shares, len(first_row))
    code[first_row] = of_event[np.where(root < 0, np.arange(len(root)), root)]
    return draw.unlike(code, event, len(shares))


def _kinds(rng: Generator, code: Numbers, event: Numbers, root: Numbers) -> Numbers:
    """The position of each event's kind in `REPORT_TYPES`."""
    category = np.array(draw.vocabulary("san_francisco_codes")["category"])
    of_event = category[code[np.searchsorted(event, np.arange(len(root)))]]
    online = np.isin(of_event, ONLINE) & draw.chance(rng, 0.48, len(root))
    vehicle = np.isin(of_event, VEHICLE) & draw.chance(rng, 0.85, len(root))
    kind = np.where(online, 1, np.where(vehicle, 2, 0))
    own = np.arange(len(root))
    return np.where(root == own, kind, kind[np.where(root < 0, own, root)] + 3)


def _times_text(
    occurred: Numbers, reported: Numbers, event: Numbers, last: date
) -> dict[str, pa.Array]:
    loaded = np.full(len(event), np.datetime64(last).astype(np.int64) * draw.DAY)
    at = occurred[event]
    return {
        "incident_datetime": draw.calendar_text(at),
        "incident_date": draw.calendar_text(at - at % draw.DAY),
        "incident_time": draw.clock_text(at),
        "incident_year": draw.text(draw.year_of(at // draw.DAY)),
        "incident_day_of_week": draw.weekday_text(at),
        "report_datetime": draw.calendar_text(reported[event]),
        "data_as_of": draw.calendar_text(loaded + 6 * 3600 + 3314),
        "data_loaded_at": draw.calendar_text(loaded + 9 * 3600 + 2494),
    }


def _identity(
    rng: Generator,
    days: Numbers,
    root: Numbers,
    kind: Numbers,
    code: Numbers,
    event: Numbers,
) -> dict[str, pa.Array]:
    begins = np.datetime64(BEGINS).astype(np.int64) * draw.NUMBERS_PER_DAY
    number = draw.numbered(days)
    identity = FIRST_ID + number - begins
    codes = draw.vocabulary("san_francisco_codes")["code"]
    ids, code_text = draw.text(identity[event]), draw.take(codes, code)
    # An older report that the table does not hold, for a supplement without a root.
    ordinal = np.arange(len(days))
    older = days[0] - 1 - ordinal % 30
    older_number = older * draw.NUMBERS_PER_DAY + ordinal // 30
    known = np.maximum(root, 0)
    day = np.where(root < 0, older, days[known])
    in_year = np.where(root < 0, older_number, number[known])
    in_year -= draw.first_of_year(day) * draw.NUMBERS_PER_DAY
    year = draw.year_of(day) % 100
    online = np.isin(kind, (1, 4))
    incident_number = year * 10**7 + online * 6 * 10**6 + in_year
    since_new_year = day - draw.first_of_year(day) + 1
    cad = year * 10**7 + since_new_year * 10**4 + in_year * 37 % 10**4
    no_cad = online | ((kind > 2) & draw.chance(rng, 0.1, len(kind)))
    return {
        "row_id": draw.joined(ids, code_text),
        "incident_id": ids,
        "incident_number": draw.text(incident_number[event]),
        "cad_number": draw.text(cad[event], no_cad[event]),
        "incident_code": code_text,
    }


def _offense_text(
    rng: Generator, code: Numbers, kind: Numbers, event: Numbers
) -> dict[str, pa.Array]:
    vocabulary = draw.vocabulary("san_francisco_codes")
    category = np.array(vocabulary["category"])[code]
    unnamed = category == ""
    online = np.isin(kind, (1, 4))[event]
    resolution = draw.pick(rng, list(RESOLUTIONS.values()), len(code))
    arrested = np.isin(category, ARRESTED) & draw.chance(rng, 0.8, len(code))
    resolution[arrested] = list(RESOLUTIONS).index("Cite or Arrest Adult")
    resolution[online] = list(RESOLUTIONS).index("Open or Active")
    type_codes, type_names = zip(*REPORT_TYPES, strict=True)
    return {
        "report_type_code": draw.take(type_codes, kind[event]),
        "report_type_description": draw.take(type_names, kind[event]),
        "filed_online": draw.take(["true"], np.zeros(len(code), np.int64), ~online),
        "incident_category": draw.take(vocabulary["category"], code, unnamed),
        "incident_subcategory": draw.take(vocabulary["subcategory"], code, unnamed),
        "incident_description": draw.take(vocabulary["description"], code),
        "resolution": draw.take(list(RESOLUTIONS), resolution),
    }


def _place_text(rng: Generator, root: Numbers, event: Numbers) -> dict[str, pa.Array]:
    known = places()
    place = rng.integers(0, len(known["cnn"]), len(root))
    nowhere = draw.chance(rng, 0.05, len(root))
    outside = nowhere & draw.chance(rng, 0.5, len(root))
    of_root = np.where(root < 0, np.arange(len(root)), root)[event]
    place, nowhere, outside = place[of_root], nowhere[of_root], outside[of_root]
    columns = {
        name: draw.take(values, place, nowhere)
        for name, values in known.items()
        if name != "police_district"
    }
    districts = [*known["police_district"], "Out of SF"]
    district = np.where(outside, len(districts) - 1, place)
    columns["police_district"] = draw.take(districts, district)
    return columns


def corrected(rng: Generator, rows: pa.Table) -> pa.Table:
    """Close open reports and reopen closed ones: the city's most common correction."""
    old = rows["resolution"].combine_chunks()
    is_open = np.asarray(old.to_numpy(zero_copy_only=False) == "Open or Active")
    closed = np.where(draw.chance(rng, 0.8, len(old)), 4, 1)
    new = draw.take(list(RESOLUTIONS), np.where(is_open, closed, 0))
    return draw.with_column(rows, "resolution", new)
