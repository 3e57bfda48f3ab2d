"""Made-up rows of Memphis's public safety incidents, one per offense in a report."""

from datetime import date
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from demo.rows import draw
from demo.rows.draw import Flags, Numbers

COLUMNS = {
    "ObjectId": "oid",
    "Crime_ID": "string",
    "Offense_Datetime": "date",
    "Reported_Datetime": "date",
    "UCR_Category": "string",
    "UCR_Description": "string",
    "NIBRS_Group": "string",
    "NIBRS_Offense_Group": "string",
    "Street_Address": "string",
    "Precinct": "string",
    "Ward": "string",
    "Latitude": "double",
    "Longitude": "double",
    "UCR_Incident_Code": "string",
    "Part_One_or_Part_Two": "string",
    "Block": "string",
    "Street_Name": "string",
}
KEY = ["Crime_ID", "UCR_Category", "UCR_Description"]
BEGINS = date(2020, 1, 1)

# 1.11 rows per report.
OFFENSES_PER_REPORT = [9_000, 920, 70, 10]
TIES = 0.05
NOWHERE = 0.019
UNDATED_ROWS = 8_000
# The position of the row whose code is not a NIBRS code; and that code.
STRAY_CODE = (1_000, "850")

# Units without an area, among 100,000 rows; all other rows have a precinct.
UNITS = {"OCU": 960, "STIS": 40, "MOTORS": 5, "MEM": 5, None: 55, "": 5, "005": 2}

# Minutes until a report and, for a day's new rows, how many days late they are.
REPORT_LAG = {0: 0, 0.3: 10, 0.6: 90, 0.9: 2_000, 1: 40_000}
LATE = {0: 0, 0.8: 0, 0.9: 2, 1: 14}


@cache
def places() -> dict[str, list[str]]:
    """1,800 made-up blocks, two hundred in each precinct."""
    rng = np.random.default_rng(0)
    precincts = draw.vocabulary("memphis_precincts")
    names = draw.street_names()
    kept = ("Street_Address", "Precinct", "Ward", "weight", "Latitude", "Longitude")
    found: dict[str, list[str]] = {name: [] for name in kept}
    for k, precinct in enumerate(precincts["precinct"]):
        for block in range(200):
            street, other = (names[i] for i in rng.integers(0, len(names), 2).tolist())
            address = f"{int(rng.integers(0, 69))}00 {street} {('ST', 'RD')[block % 2]}"
            corner = f"{street}//{other}"
            found["Street_Address"].append(corner if block % 25 == 0 else address)
            found["Precinct"].append(precinct)
            found["Ward"].append(str(int(precincts["first_ward"][k]) + block % 8))
            found["weight"].append(precincts["weight"][k])
            for axis in ("Latitude", "Longitude"):
                shift = int(rng.integers(-25, 26)) / 1000
                center = float(precincts[axis.lower()][k])
                found[axis].append(repr(round(center + shift, 3)))
    return found


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make `rows` rows of offenses from `first` to `last`, in the order of `ObjectId`.

    A few have no date; a few repeat another row except for its `ObjectId`.

    Raises:
        ValueError: `first` is before the table's first day.
    """
    if first < BEGINS:
        raise ValueError(f"Memphis's table begins on {BEGINS}, not on {first}")
    each = draw.pick(rng, OFFENSES_PER_REPORT, rows) + 1
    reports = int(np.searchsorted(np.cumsum(each), rows)) + 1
    report = np.repeat(np.arange(reports), each[:reports])[:rows]
    days = draw.days_drawn(rng, first, last, reports)
    offense = _offenses(rng, report)
    again = np.flatnonzero(np.diff(report) == 0) + 1
    again = again[draw.chance(rng, TIES, len(again))]
    offense[again] = offense[again - 1]
    undated = np.zeros(reports, bool)
    undated[rng.integers(0, reports, -(-rows // UNDATED_ROWS) if rows > 500 else 0)] = (
        True
    )
    return _table(rng, days, days, report, offense, undated)


def make_day(rng: Generator, rows: int, day: date) -> pa.Table:
    """Make the rows first shown on `day`: that day's offenses and a few older ones."""
    shown = np.full(rows, np.datetime64(day).astype(np.int64))
    days = np.sort(shown - draw.delay(rng, LATE, rows))
    report = np.arange(rows)
    dated = np.zeros(rows, bool)
    return _table(rng, days, shown, report, _offenses(rng, report), dated)


def _offenses(rng: Generator, report: Numbers) -> Numbers:
    """The position of each row's offense; a report has each offense at most once."""
    shares = draw.weights(draw.vocabulary("memphis_offenses")["weight"])
    return draw.unlike(draw.pick(rng, shares, len(report)), report, len(shares))


def _table(
    rng: Generator,
    days: Numbers,
    shown: Numbers,
    report: Numbers,
    offense: Numbers,
    undated: Flags,
) -> pa.Table:
    number = draw.numbered(shown)
    local = days * draw.DAY + draw.time_of_day(rng, len(days))
    odd, odd_seconds = draw.odd_times(days)
    local[odd] = odd_seconds
    at = _universal(rng, local)
    reported = at + 60 * draw.delay(rng, REPORT_LAG, len(days))
    month = shown.astype("datetime64[D]").astype("datetime64[M]")
    since = (
        number - month.astype("datetime64[D]").astype(np.int64) * draw.NUMBERS_PER_DAY
    )
    prefix = draw.year_of(shown) % 100 * 100 + draw.month_of(shown)
    crime = draw.text((prefix * 10**6 + since)[report])
    begins = np.datetime64(BEGINS).astype(np.int64) * draw.NUMBERS_PER_DAY
    vocabulary = draw.vocabulary("memphis_offenses")
    columns = {
        "ObjectId": draw.text(draw.numbered(shown[report]) - begins + 1),
        "Crime_ID": draw.joined(crime, "ME"),
        "Offense_Datetime": draw.text(at[report] * 1000, undated[report]),
        "Reported_Datetime": draw.text(reported[report] * 1000, undated[report]),
    }
    for name in (
        "UCR_Category",
        "UCR_Description",
        "NIBRS_Group",
        "NIBRS_Offense_Group",
    ):
        columns[name] = draw.take(vocabulary[name.lower()], offense)
    columns |= _place_text(rng, report, len(days))
    columns |= _later_text(columns, draw.take(vocabulary["ucr_incident_code"], offense))
    return pa.table({name: columns[name] for name in COLUMNS})


def _later_text(columns: dict[str, pa.Array], code: pa.Array) -> dict[str, pa.Array]:
    """The columns that the layer added later, all derived from the former ones."""
    codes = code.to_pylist()
    if len(codes) > STRAY_CODE[0]:
        codes[STRAY_CODE[0]] = STRAY_CODE[1]
    parts = [columns["Street_Address"].to_pylist(), columns["UCR_Category"].to_pylist()]
    numbered = [(a or "").partition(" ") for a in parts[0]]
    one = {"LARCENY/THEFT", "AGGRAVATED ASSAULT", "ROBBERY", "HOMICIDE", "ARSON"}
    one |= {"BURG/BREAK & ENTER", "MOTOR VEHICLE THEFT"}
    texts = {
        "UCR_Incident_Code": codes,
        "Part_One_or_Part_Two": [
            "Part One" if category in one else "Part Two" for category in parts[1]
        ],
        "Block": [n if n.isdigit() else None for n, _, _ in numbered],
        "Street_Name": [
            street if n.isdigit() else n + blank + street
            for n, blank, street in numbered
        ],
    }
    return {name: pa.array(values, pa.string()) for name, values in texts.items()}


def _universal(rng: Generator, local: Numbers) -> Numbers:
    """Convert seconds on Chicago's wall clock to UTC.

    Half of the times in the repeated hour in the fall are from its second pass.
    """
    spring, autumn = draw.clock_changes(
        int(local.min()) // draw.DAY, int(local.max()) // draw.DAY
    )
    at_two = np.sort(np.array(spring + autumn)) * draw.DAY + 2 * 3600
    is_summer = np.searchsorted(at_two, local, side="right") % 2 == 1
    is_doubled = is_summer & np.isin(local - local % 3600 + 3600, at_two)
    is_summer &= ~(is_doubled & draw.chance(rng, 0.5, len(local)))
    behind: Numbers = np.where(is_summer, 5, 6)
    return local + behind * 3600


def _place_text(rng: Generator, report: Numbers, reports: int) -> dict[str, pa.Array]:
    known = places()
    place = draw.pick(rng, draw.weights(known["weight"]), reports)
    units = list(UNITS)
    unit = draw.pick(rng, [*UNITS.values(), 100_000 - sum(UNITS.values())], reports)
    precinct = np.where(unit < len(units), len(known["Precinct"]) + unit, place)
    names = [*known["Precinct"], *units]
    nowhere = draw.chance(rng, NOWHERE, reports)
    columns = {"Precinct": draw.take(names, precinct[report])}
    for name in ("Street_Address", "Ward"):
        columns[name] = draw.take(known[name], place[report])
    for name in ("Latitude", "Longitude"):
        texts = [*known[name], "0"]
        spot = np.where(nowhere, len(texts) - 1, place)
        columns[name] = draw.take(texts, spot[report])
    return columns


def corrected(rng: Generator, rows: pa.Table) -> pa.Table:
    """Give each row another precinct, and the first ward of that precinct."""
    precincts = draw.vocabulary("memphis_precincts")
    names = precincts["precinct"]
    old = rows["Precinct"].to_pylist()
    new = np.array(
        [(names.index(p) + 1) % len(names) if p in names else 0 for p in old]
    )
    rows = draw.with_column(rows, "Precinct", draw.take(names, new))
    return draw.with_column(rows, "Ward", draw.take(precincts["first_ward"], new))
