"""Made-up rows of the yearly labor force of counties, as in the published workbooks."""

import re
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.random import Generator

from demo.rows.file_formats import Cell, workbook
from demo.rows.places.united_states import counties

COLUMNS = dict.fromkeys(
    [
        *("file_name", "laus_code", "state_fips", "county_fips", "county", "year"),
        *("labor_force", "employed", "unemployed", "unemployment_rate"),
    ],
    "text",
)
KEY = ["state_fips", "county_fips", "file_name"]
YEARS = range(2015, 2026)
ROWS = 660
# Unemployment rate in percent, by year from 2015.
RATES = [5.6, 5.2, 4.7, 4.3, 3.9, 8.6, 5.7, 3.9, 3.8, 4.2, 4.5]
# In this year's edition, numbers are text with commas and trailing spaces.
COMMAS = 2016
# In this year one county's numbers are not available.
LACKING = 2020
# One month of this year was never collected, which a footnote in the year cells says.
ELEVEN_MONTHS = 2025
# Until this edition, the header has three lines, with a gap before the numbers.
OLD_HEADER = 2020
PLAIN_NUMBER = re.compile(r"\d+(\.\d+)?")
FIGURES = ["labor_force", "employed", "unemployed", "unemployment_rate"]


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make the 660 rows of all years and counties; the days are ignored."""
    held, made = counties(), []
    force = np.array([county.population for county in held]) * 0.47
    local = 0.6 + rng.random(len(held))
    for year, rate in zip(YEARS, RATES, strict=True):
        drift = 1 + 0.01 * rng.random(len(held)) * (year - YEARS[0])
        labor = np.rint(force * drift).astype(np.int64)
        unemployed = np.rint(labor * local * rate / 100).astype(np.int64)
        for k, county in enumerate(held):
            numbers = figures(year, int(labor[k]), int(unemployed[k]))
            if year == LACKING and k == len(held) // 2:
                numbers = ["N.A."] * len(FIGURES)
            made.append(
                [
                    *(f"laucnty{year % 100}.xlsx", f"CN{county.fips}00000000"),
                    *(county.fips[:2], county.fips[2:]),
                    *(f"{county.name}, {county.state_id}", year_cell(year), *numbers),
                ]
            )
    columns = zip(*made, strict=True)
    return pa.table([pa.array(c, pa.string()) for c in columns], list(COLUMNS))


def year_cell(year: int) -> str:
    """The year as published: with a footnote if a month is missing."""
    return f"{year} (1)" if year == ELEVEN_MONTHS else str(year)


def figures(year: int, labor: int, unemployed: int) -> list[str]:
    """Labor force, employed, unemployed and rate, as formatted in that year's edition.

    The labor force is the sum of the next two.
    """
    numbers = [labor, labor - unemployed, unemployed]
    rate = f"{100 * unemployed / labor:.1f}"
    if year == COMMAS:
        return [*(f"{number:,}     " for number in numbers), f"{rate}     "]
    return [*map(str, numbers), rate]


def write(rows: pa.Table) -> bytes:
    """One year's workbook: title, header, rows, and the source after a blank line."""
    year = int(rows["year"][0].as_py()[:4])
    lines = rows.to_pylist()
    body: list[list[Cell]] = [
        [
            *(row["laus_code"], row["state_fips"], row["county_fips"], row["county"]),
            *(row["year"], *(cell(row[name]) for name in FIGURES)),
        ]
        for row in lines
    ]
    if year <= OLD_HEADER:
        body = [[*line[:5], None, *line[5:]] for line in body]
    title = [f"Labor force data by county, {year} annual averages"]
    footer = [[], ["SOURCE:  made up, as the demo's rows are"], [f"May 4, {year + 1}"]]
    return workbook(f"laucnty{year % 100}", [title, *header(year), *body, *footer])


def header(year: int) -> list[list[Cell]]:
    """The lines between title and rows: three and blank lines, or a single line."""
    if year > OLD_HEADER:
        names = ["LAUS Code", "State FIPS Code", "County FIPS Code"]
        names += ["County Name/State Abbreviation", "Year", "Labor Force", "Employed"]
        return [[*names, "Unemployed", "Unemployment Rate (%)"]]
    gap = [None, None, None]
    return [
        [],
        ["LAUS", "State", "County", *gap, "Labor", None, None, "Unemployment"],
        ["Area", "FIPS", "FIPS", *gap, None, None, None, "Rate"],
        [
            *("Code", "Code", "Code", "County Name/State Abbreviation", "Year", None),
            *("Force", "Employed", "Unemployed", "(%)"),
        ],
        [],
    ]


def cell(text: str) -> Cell:
    """The text as a number if it is one, else as it is."""
    if not PLAIN_NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
