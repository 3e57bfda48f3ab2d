"""Made-up rows of the yearly population of counties by age, sex, race and origin."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numpy.random import Generator

from demo.rows.draw import Numbers
from demo.rows.file_formats import csv_file
from demo.rows.places.united_states import counties

SEXES = ["MALE", "FEMALE"]
RACES = ["WA", "BA", "IA", "AA", "NA", "TOM"]
IN_COMBINATION = ["WAC", "BAC", "IAC", "AAC", "NAC"]
# Of all origins, then those not Hispanic, then Hispanics.
GROUPS = [*RACES, *IN_COMBINATION]
GROUPS += [origin + group for origin in ("NH", "H") for group in ("", *GROUPS)]
COUNTS = [f"{group}_{sex}" for group in ("TOT", *GROUPS) for sex in SEXES]
PUBLISHED = ["SUMLEV", "STATE", "COUNTY", "STNAME", "CTYNAME", "YEAR", "AGEGRP"]
PUBLISHED += ["TOT_POP", *COUNTS]
COLUMNS = dict.fromkeys(["file_name", *PUBLISHED], "text")
KEY = ["STATE", "COUNTY", "YEAR", "AGEGRP", "file_name"]

# The years of each edition by the code in its rows. The first code or two are for
# April 1 (census and base), the others for July 1.
EDITIONS = {
    "cc-est2019-alldata.csv": [2010, 2010, *range(2010, 2020)],
    "cc-est2025-alldata.csv": [2020, *range(2020, 2026)],
}
# In this edition, state and county codes have lost their leading zeros.
UNPADDED = "cc-est2025-alldata.csv"
ROWS = 60 * 19 * 19

# People per thousand in each five-year age group, from 0-4 to 85 and older.
AGES = [60, 61, 63, 64, 67, 71, 69, 67, 63, 60, 61, 64, 65, 56, 45, 31, 19, 14]
# People per ten thousand by origin (not Hispanic, Hispanic) and race in `RACES`.
MIX = [[5_900, 1_240, 70, 590, 20, 230], [1_600, 90, 70, 30, 10, 150]]
# Percent of multiracial people by the two races they name, as positions in `RACES`.
PAIRS = {(0, 1): 38, (0, 2): 27, (0, 3): 24, (0, 4): 3, (1, 2): 8}


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make the 21,660 rows of both editions; the days are ignored.

    All parts add up: sexes, origins and races to the total, ages 1 to 18 to age 0.
    """
    people = _people(rng)
    tables = [_edition(name, people) for name in EDITIONS]
    return pa.concat_tables(tables)


def _people(rng: Generator) -> npt.NDArray[np.float64]:
    """The expected number of people by county, age group, origin, race and sex."""
    held = counties()
    size = np.array([county.population for county in held], float)
    mix = np.array(MIX) * (0.3 + 1.4 * rng.random((len(held), 2, len(RACES))))
    mix /= mix.sum(axis=(1, 2), keepdims=True)
    ages = np.array(AGES) / sum(AGES)
    sexes = np.array([0.495, 0.505])
    people: npt.NDArray[np.float64] = np.einsum(
        "c,a,cor,s->caors", size, ages, mix, sexes
    )
    return people


def _edition(name: str, people: npt.NDArray[np.float64]) -> pa.Table:
    years = EDITIONS[name]
    growth = 1 + 0.008 * (np.array(years) - 2020)
    by_year = np.rint(np.einsum("y,caors->cyaors", growth, people)).astype(np.int64)
    counts = {key: _with_all_ages(n) for key, n in _counts(by_year).items()}
    shape = counts["TOT_MALE"].shape
    held = counties()
    county, code, age = (numbers.ravel() for numbers in np.indices(shape))
    pad = str if name != UNPADDED else lambda text: str(int(text))
    texts = {
        "STATE": [pad(c.fips[:2]) for c in held],
        "COUNTY": [pad(c.fips[2:]) for c in held],
        "STNAME": [c.state_name for c in held],
        "CTYNAME": [c.name for c in held],
    }
    columns = {
        key: pa.array(values, pa.string()).take(pa.array(county))
        for key, values in texts.items()
    }
    numbers = {"YEAR": code + 1, "AGEGRP": age} | counts
    numbers["TOT_POP"] = counts["TOT_MALE"] + counts["TOT_FEMALE"]
    for key, values in numbers.items():
        columns[key] = pa.array(values.ravel()).cast(pa.string())
    columns["SUMLEV"] = pa.repeat("050" if name != UNPADDED else "50", len(age))
    columns["file_name"] = pa.repeat(name, len(age))
    return pa.table({key: columns[key] for key in COLUMNS})


def _with_all_ages(numbers: Numbers) -> Numbers:
    """Prepend the sum of all age groups to the last axis."""
    return np.concatenate([numbers.sum(axis=-1, keepdims=True), numbers], axis=-1)


def _counts(people: Numbers) -> dict[str, Numbers]:
    """The published counts, each by county, year and age group.

    Args:
        people: Number of people by county, year, age group, origin, race and sex.
    """
    found = {}
    for k, sex in enumerate(SEXES):
        of_sex = people[..., k]
        origins = {"NH": of_sex[..., 0, :], "H": of_sex[..., 1, :]}
        parts = {origin: _groups(each) for origin, each in origins.items()}
        for origin, groups in parts.items():
            found[f"{origin}_{sex}"] = origins[origin].sum(axis=-1)
            found |= {f"{origin}{group}_{sex}": n for group, n in groups.items()}
        for group in (*RACES, *IN_COMBINATION):
            found[f"{group}_{sex}"] = parts["NH"][group] + parts["H"][group]
        found[f"TOT_{sex}"] = found[f"NH_{sex}"] + found[f"H_{sex}"]
    return found


def _groups(by_race: Numbers) -> dict[str, Numbers]:
    """Counts by race, alone and in combination with other races."""
    alone = {race: by_race[..., k] for k, race in enumerate(RACES)}
    several = alone["TOM"]
    named = {pair: several * share // 100 for pair, share in PAIRS.items()}
    named[0, 1] = several - sum(n for pair, n in named.items() if pair != (0, 1))
    combined = {
        f"{race}C": alone[race] + sum(n for pair, n in named.items() if k in pair)
        for k, race in enumerate(RACES[:-1])
    }
    return alone | combined


def write(rows: pa.Table) -> bytes:
    """One edition's CSV, in the encoding that the Census Bureau still uses."""
    return csv_file(rows, encoding="latin-1")
