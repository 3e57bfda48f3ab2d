"""Made-up rows of a table of US cities, each with the county that has most of it."""

from datetime import date

import pyarrow as pa
from numpy.random import Generator

from demo.rows.file_formats import csv_file, zip_file
from demo.rows.places.united_states import CITIES, cities, counties, plain

COLUMNS = dict.fromkeys(
    [
        *("city", "city_ascii", "state_id", "state_name", "county_fips"),
        *("county_name", "lat", "lng", "population", "density", "source", "military"),
        *("incorporated", "timezone", "ranking", "zips", "id"),
    ],
    "text",
)
KEY = ["id"]
ROWS = CITIES
FIRST_ID = 1_840_900_000
LICENSE = """These cities are made up and may be used by anybody for anything.

The file of that name which takes their place outside the demo asks for attribution.
"""


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make the 250 rows, largest cities first; seed and days are ignored.

    Every other row has lost the leading zero of its county's code, as in copies that
    were saved by a spreadsheet.
    """
    held = counties()
    order = sorted(enumerate(cities()), key=lambda pair: -pair[1].population)
    made = []
    for place, (number, city) in enumerate(order):
        county = held[city.county]
        fips = county.fips.lstrip("0") if place % 2 else county.fips
        square_km = 5 + number % 40
        made.append(
            [
                *(city.name, plain(city.name), county.state_id, county.state_name),
                *(fips, county.bare_name, repr(city.latitude), repr(city.longitude)),
                *(str(city.population), f"{city.population / square_km:.1f}"),
                *("shape", "FALSE", "TRUE" if number % 3 else "FALSE", city.timezone),
                *("3" if place > 20 else "2", f"00{number:03} 00{number + 500:03}"),
                str(FIRST_ID + number),
            ]
        )
    columns = zip(*made, strict=True)
    return pa.table([pa.array(c, pa.string()) for c in columns], list(COLUMNS))


def write(rows: pa.Table) -> bytes:
    """The publisher's archive: a CSV with a byte order mark, and the license."""
    data = csv_file(rows, encoding="utf-8-sig")
    return zip_file({"license.txt": LICENSE.encode(), "uscities.csv": data})
