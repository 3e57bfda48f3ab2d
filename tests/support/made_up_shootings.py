"""Made-up shootings: of a small state to reckon by hand, and many drawn at random.

The counties, cities and agencies are invented; only the states and their codes are not.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

SHOOTINGS = [
    {
        **{"id": "1", "date": "2019-01-05", "race": "W", "agency_ids": "1;2"},
        **{"city": "Aldertown", "county": "Alder"},
        **{"was_mental_illness_related": "True", "body_camera": "True"},
    },
    {
        **{"id": "2", "date": "2019-03-10", "race": "W", "agency_ids": "1"},
        "city": "Aldertown",
    },
    {
        **{"id": "3", "date": "2019-03-10", "race": "B;H", "agency_ids": "2"},
        "county": "Birch",
    },
    {
        **{"id": "4", "date": "2019-12-01", "race": "B", "agency_ids": "2"},
        "city": "Alder County",
    },
    {
        **{"id": "5", "date": "2019-12-30", "agency_ids": "1"},
        **{"city": "Elsewhere", "was_mental_illness_related": "True"},
    },
    {
        **{"id": "6", "date": "2020-01-02", "race": "W", "agency_ids": "1"},
        **{"city": "Aldertown", "county": "Alder"},
    },
]
AGENCIES = [("1", "local_police", "5"), ("2", "sheriff", "2"), ("3", "federal", "0")]
# Persons of a county by columns of the Census Bureau; those of 2018 and of one age
# group would double or shift a rate.
RESIDENTS = [
    ("001", "Alder County", "12", "0", {"nhwa": 150_000, "nhba": 20_000, "h": 25_000}),
    ("001", "Alder County", "12", "1", {"nhwa": 9_999, "nhba": 9_999, "h": 9_999}),
    ("001", "Alder County", "11", "0", {"nhwa": 77, "nhba": 77, "h": 77}),
    ("003", "Birch County", "12", "0", {"nhwa": 50_000, "nhaa": 5_000}),
]
UNEMPLOYMENT = [
    ("001", "Alder County, VT", "200,000", "192,000", "8,000"),
    ("003", "Birch County, VT", "50,000", "45,500", "4,500"),
]
GROUPS = ("nhwa", "nhba", "nhia", "nhaa", "nhna", "nhtom", "h")
ONE_RACE = ("wa", "ba", "ia", "aa", "na", "tom")


def small_state() -> dict[str, list[dict[str, str]]]:
    """Vermont with two counties, as raw rows by data set."""
    no = {"was_mental_illness_related": "False", "body_camera": "False"}
    return {
        "washington_post__shootings": [
            {"row_id": row["id"], "state": "VT", **no, **row} for row in SHOOTINGS
        ],
        "washington_post__agencies": [
            {
                **{"row_id": number, "id": number, "name": f"Agency {number}"},
                **{"type": kind, "state": "VT", "total_shootings": total},
            }
            for number, kind, total in AGENCIES
        ],
        "census__county_population": [_residents(*row) for row in RESIDENTS],
        "bls__county_unemployment": [
            {
                **{"row_id": county, "file_name": "laucnty19.xlsx", "year": "2019"},
                **{"state_fips": "50", "county_fips": county, "county": name},
                **{"labor_force": force, "employed": employed, "unemployed": without},
            }
            for county, name, force, employed, without in UNEMPLOYMENT
        ],
        "simplemaps__cities": [
            {
                **{"row_id": "1", "id": "1", "city": "Aldertown", "population": "9"},
                **{"city_ascii": "Aldertown", "state_id": "VT", "lat": "44"},
                **{"county_fips": "50001", "county_name": "Alder", "lng": "-73"},
                "state_name": "Vermont",
            }
        ],
    }


def _residents(county, name, year, age_group, halves):
    """A census row: as many women as men of each group."""
    persons = {group: halves.get(group, 0) for group in GROUPS}
    # All Hispanics here are white, so that the columns of one race add up too.
    of_one_race = {f"nh{race}": race for race in ONE_RACE}
    persons |= {race: persons[group] for group, race in of_one_race.items()}
    persons["wa"] += persons["h"]
    half = sum(persons[group] for group in GROUPS)
    return {
        **{"row_id": county + year + age_group, "file_name": "cc-est2019-alldata.csv"},
        **{"state": "50", "county": county, "stname": "Vermont", "ctyname": name},
        **{"year": year, "agegrp": age_group, "tot_pop": str(2 * half)},
        **{"tot_male": str(half), "tot_female": str(half)},
        **{f"{group}_male": str(number) for group, number in persons.items()},
        **{f"{group}_female": str(number) for group, number in persons.items()},
    }


@dataclass(frozen=True)
class Drawn:
    """What the reports are made of; columns as in pandas_shooting_reports.py."""

    shootings: pd.DataFrame
    residents: pd.DataFrame
    workers: pd.DataFrame
    agencies_of: dict[str, list[str]]
    """Agencies by shooting."""
    published: dict[str, int]
    """Shootings by agency, as the newspaper's list has them."""


COUNTIES = {"50001": "VT", "50003": "VT", "44001": "RI", "72001": "PR"}
PLACES = [
    *(("VT", "50001"), ("VT", "50003"), ("VT", None), ("RI", "44001"), ("RI", None)),
    *(("PR", "72001"), ("ZZ", None), (None, None)),
]
FIRST_DAYS = (date(2018, 2, 1), date(2020, 1, 1), date(2021, 1, 1))
RACES = ("asian", "black", "hispanic", "native_american", "other", "two_or_more")
RACES += ("unknown", "white")
LIVING = ("asian", "black", "hispanic", "pacific_islander", "white")
WAYS = ("city_and_county", "county", "city", "city_is_county")


def drawn(number: int = 600, seed: int = 11) -> Drawn:
    """Shootings of 2018, 2020 and, to March, 2021, some without day, state or county.

    2018 has the residents of both states, 2020 those of Vermont, 2021 those of Rhode
    Island; a county's labor force or its unemployed may be missing.
    """
    chance = random.Random(seed)
    shootings = []
    for shooting in range(number):
        state, county = chance.choices(PLACES, weights=[9, 5, 1, 3, 1, 1, 1, 1])[0]
        day = chance.choice(FIRST_DAYS) + timedelta(chance.randrange(80))
        shootings.append(
            {
                **{"shooting_id": str(shooting), "state": state, "county": county},
                "day": chance.choices([day, None], weights=[40, 1])[0],
                "match": chance.choice(WAYS) if county else "none",
                "race": chance.choice(RACES),
                "mental": chance.choices([True, False, None], weights=[2, 5, 1])[0],
                "camera": chance.choices([True, False, None], weights=[1, 5, 1])[0],
            }
        )
    residents = [
        {
            **{"county": county, "state": state, "year": year, "race": race},
            **{"sex": sex, "population": chance.randrange(100, 500_000)},
        }
        for county, state in COUNTIES.items()
        for year in {"VT": (2017, 2018, 2020), "RI": (2018, 2021), "PR": ()}[state]
        for race in LIVING
        for sex in ("male", "female")
    ]
    workers = [
        {
            **{"county": county, "state": state, "year": year},
            "labor_force": chance.choice([None, 1000, 2000, 3001]),
            "unemployed": chance.choice([None, 7, 99, 150]),
        }
        for county, state in COUNTIES.items()
        for year in (2018, 2019, 2020)
    ]
    agencies_of = {
        str(shooting): [str(n) for n in chance.sample(range(30), chance.randint(1, 3))]
        for shooting in range(number)
    }
    return Drawn(
        pd.DataFrame(shootings, dtype=object),
        pd.DataFrame(residents),
        pd.DataFrame(workers, dtype=object),
        agencies_of,
        # Two have none; the list lacks the first five.
        {str(n): chance.randrange(60) for n in range(5, 32)},
    )


TABLES = """
create schema marts;
create schema intermediate;
create table marts.fct_shootings as
select
    shooting_id,
    cast(day as date) as shooting_date,
    cast(extract(year from cast(day as date)) as integer) as shooting_year,
    race as race_group,
    cast(mental as boolean) as is_mental_illness_related,
    cast(camera as boolean) as has_body_camera,
    state as state_id,
    county as county_fips,
    match as county_match
from shootings;
create table intermediate.int_shootings_judged as
select cast(day as date) as plausible_date from shootings;
create table marts.dim_counties as
select distinct county as county_fips, 'County ' || county as county_name,
    state as state_id
from workers;
create table marts.dim_county_population as
select county as county_fips, year, sex, race as race_group, population
from residents;
create table marts.dim_county_years as
select
    county as county_fips, year, cast(population as integer) as population,
    cast(labor_force as integer) as labor_force,
    cast(unemployed as integer) as unemployed,
    cast(
        round(cast(100.0 * unemployed::int / labor_force::int as numeric(28, 6)), 1)
        as double
    ) as unemployment_rate,
    12 as unemployment_month_count
from workers
full outer join (
    select county, year, sum(population) as population from residents group by all
) using (county, year);
create table marts.bridge_shooting_agencies as
select shooting_id, agency_id from agencies_of;
create table marts.dim_agencies as
select
    agency_id, 'Agency ' || agency_id as agency_name, 'sheriff' as agency_type,
    'Sheriff' as agency_type_label, 'VT' as state_id, published_shooting_count
from published
"""


def make_models(warehouse: Path, facts: Drawn) -> None:
    """Make the tables that the reports read, without the models that make them."""
    pairs = [(key, agency) for key, own in facts.agencies_of.items() for agency in own]
    frames = {
        "shootings": facts.shootings,
        "residents": facts.residents,
        "workers": facts.workers,
        "agencies_of": pd.DataFrame(pairs, columns=["shooting_id", "agency_id"]),
        "published": pd.DataFrame(
            list(facts.published.items()),
            columns=["agency_id", "published_shooting_count"],
        ),
    }
    with duckdb.connect(str(warehouse)) as connection:
        for name, frame in frames.items():
            connection.register(name, frame)
        connection.execute(TABLES)
