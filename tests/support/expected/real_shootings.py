"""Real rows of shootings, agencies, cities and counties, as raw tables hold them.

Out of files in `../shared/data`, each read by pandas: never from a model.
"""

from collections.abc import Iterable

import pandas as pd

from tests.support.expected.real_rows import DATA

SHOOTINGS = "us_shootings/wapo_v2_2024-04.csv.gz"
SHOOTINGS_2023 = "us_shootings/wapo_v2_2023-10.csv.gz"
SHOOTINGS_V1 = "us_shootings/wapo_v1_2022-12.csv"
AGENCIES = "us_shootings/wapo_v2_agencies_2024-04.csv"
CITIES = "us_demographics/uscities_2025.csv.gz"
UNEMPLOYMENT = "us_demographics/laucnty16.csv"
POPULATION = "us_demographics/census_cc_est2019_alldata_06_cut.csv"

Rows = list[dict[str, object]]


def read(name: str, encoding: str = "utf-8-sig") -> pd.DataFrame:
    """A file as text, None where a cell is empty."""
    frame = pd.read_csv(
        DATA / name, dtype=str, keep_default_na=False, encoding=encoding
    )
    return frame.astype(object).where(frame != "", None)


def keyed(frame: pd.DataFrame, key: Iterable[str]) -> Rows:
    """Rows under names in lower case, with their key as the pipeline writes it."""
    frame = frame.rename(columns=str.lower)
    frame["row_id"] = frame[[name.lower() for name in key]].agg(":".join, axis=1)
    return frame.to_dict("records")


def shootings(name: str = SHOOTINGS) -> Rows:
    return keyed(read(name), ["id"])


def agencies() -> Rows:
    return keyed(read(AGENCIES), ["id"])


def cities() -> Rows:
    frame = read(CITIES)
    left_out = ["density", "source", "timezone", "ranking", "zips"]
    return keyed(frame.drop(columns=left_out), ["id"])


def unemployment_2016() -> Rows:
    """The counties of 2016, with the header's leading blank taken off."""
    frame = read(UNEMPLOYMENT)
    frame.columns = [
        *("laus_code", "state_fips", "county_fips", "county", "year"),
        *("labor_force", "employed", "unemployed", "unemployment_rate"),
    ]
    frame["file_name"] = "laucnty16.csv"
    return keyed(frame, ["state_fips", "county_fips", "file_name"])


def population_of_california() -> Rows:
    """California in 2019, with the columns that were cut off the file put back."""
    frame = read(POPULATION)
    frame["STATE"], frame["YEAR"], frame["AGEGRP"] = "6", "12", "0"
    frame["CTYNAME"] = frame.CTYNAME.str.strip() + " County"
    frame["file_name"] = "cc-est2019-alldata-06.csv"
    kept = [
        *("STATE", "COUNTY", "STNAME", "CTYNAME", "YEAR", "AGEGRP", "file_name"),
        *(name for name in frame if is_counted(name)),
    ]
    return keyed(frame[kept], ["STATE", "COUNTY", "YEAR", "AGEGRP", "file_name"])


def is_counted(name: str) -> bool:
    """Totals, one race alone or several, and the same of those not Hispanic."""
    group = name.rsplit("_", 1)[0]
    alone = ["WA", "BA", "IA", "AA", "NA", "TOM"]
    return group in [*alone, *("NH" + race for race in alone), "H", "TOT"]


def all_rows() -> dict[str, Rows]:
    return {
        "washington_post__shootings": shootings(),
        "washington_post__shootings_v1": shootings(SHOOTINGS_V1),
        "washington_post__agencies": agencies(),
        "simplemaps__cities": cities(),
        "bls__county_unemployment": unemployment_2016(),
        "census__county_population": population_of_california(),
    }
