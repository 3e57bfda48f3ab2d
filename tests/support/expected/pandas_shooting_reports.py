"""The reports of shootings by pandas alone: what the models are compared with.

Nothing here reads a model or a macro: the rules are written down a second time, and
figures are computed in decimals, where the models divide floating-point numbers.

Frames and their columns, missing where nothing was published:
    shootings: shooting_id, day (date), state, county, match, race, mental, camera
    residents: county, state, year, race, population
    workers: county, state, year, labor_force, unemployed
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd

SEEDS = Path(__file__).parents[3] / "seeds"
SMALL = 20
MATCHES = ("city_and_county", "county", "city", "city_is_county")
RACES = (
    *("asian", "black", "hispanic", "native_american", "other", "pacific_islander"),
    *("two_or_more", "unknown", "white"),
)


def rounded(number: Decimal, places: int = 2) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def percent(part: int, whole: int | None, places: int = 2) -> Decimal | None:
    if not whole or whole < SMALL:
        return None
    return rounded(100 * Decimal(int(part)) / int(whole), places)


def per_million(count: int, residents: int | None) -> Decimal | None:
    if not residents or count < SMALL:
        return None
    return rounded(1_000_000 * Decimal(int(count)) / int(residents))


def sums(rows: pd.DataFrame, by: list[str], column: str) -> dict:
    """Sums by key, of what is published; a key of nothing else has none."""
    rows = rows.dropna(subset=[column])
    return {key: int(sum_) for key, sum_ in rows.groupby(by)[column].sum().items()}


def dated(shootings: pd.DataFrame) -> pd.DataFrame:
    """The shootings with a day, and its year; Unknown without a state."""
    rows = shootings[shootings.day.notna()]
    return rows.assign(
        year=[day.year for day in rows.day], state=rows.state.fillna("Unknown")
    )


def years(shootings: pd.DataFrame) -> dict[int, bool]:
    """All years from the first to the last, and whether they are partial."""
    days = shootings.day.dropna()
    newest = max(days)
    return {
        year: newest < date(year, 12, 31)
        for year in range(min(days).year, newest.year + 1)
    }


def states() -> set[str]:
    """The 50 and the District of Columbia."""
    return {*pd.read_csv(SEEDS / "us_states.csv", dtype=str).state_id} - {"PR"}


def places(shootings: pd.DataFrame) -> set[str]:
    """The states, and other places of shootings."""
    return states() | {*shootings.state.fillna("Unknown")}


def mental(answers: Iterable[bool | None]) -> tuple[int, Decimal | None]:
    """How many show signs of mental illness, and in percent of those known."""
    known = [answer for answer in answers if not pd.isna(answer)]
    return sum(known), percent(sum(known), len(known))


def by_state_and_year(
    shootings: pd.DataFrame, residents: pd.DataFrame, workers: pd.DataFrame
) -> dict:
    rows = dated(shootings)
    population = sums(residents, ["state", "year"], "population")
    complete = workers.dropna(subset=["labor_force", "unemployed"])
    force = sums(complete, ["state", "year"], "labor_force")
    unemployed = sums(complete, ["state", "year"], "unemployed")
    expected = {}
    for state in places(rows):
        for year, is_partial in years(shootings).items():
            own = rows[(rows.state == state) & (rows.year == year)]
            key = (state, year)
            expected[key] = (
                is_partial,
                len(own),
                population.get(key),
                per_million(len(own), population.get(key)),
                len(own) < SMALL,
                percent(unemployed.get(key, 0), force.get(key), places=1),
                *mental(own.mental),
                int(own.camera.eq(True).sum()),  # a missing one is not true
                int((own.race == "unknown").sum()),
            )
    return expected


def by_county(
    shootings: pd.DataFrame, residents: pd.DataFrame, workers: pd.DataFrame
) -> dict:
    rows = dated(shootings)
    population = sums(residents, ["county", "year"], "population")
    force = sums(workers, ["county", "year"], "labor_force")
    unemployed = sums(workers, ["county", "year"], "unemployed")
    partial = years(shootings)
    rows = rows.assign(county=rows.county.fillna(""))
    found = dict(iter(rows.groupby(["state", "county", "year"])))
    known = pd.concat([residents, workers])[["state", "county", "year"]]
    known = known[(known.state != "PR") & known.year.isin(list(partial))]
    expected = {}
    for place in found.keys() | {*known.itertuples(index=False, name=None)}:
        own = found.get(place, rows.head(0))
        state, county, year = place
        key = (county, year)
        expected[state, county or None, year] = (
            partial[year],
            len(own),
            population.get(key),
            per_million(len(own), population.get(key)),
            len(own) < SMALL,
            percent(unemployed[key], force[key], places=1)
            if key in unemployed and key in force
            else None,
            *mental(own.mental),
            *(int((own.match == way).sum()) for way in MATCHES),
        )
    return expected


def by_race(
    shootings: pd.DataFrame,
    residents: pd.DataFrame,
    place: str | None = None,
) -> dict:
    """Figures by year and race group, of one place or of all together."""
    rows, of_all = dated(shootings), place is None
    if not of_all:
        rows = rows[rows.state == place]
        residents = residents[residents.state == place]
    population = sums(residents, ["year", "race"], "population")
    everyone = sums(residents, ["year"], "population")
    by_state = sums(residents, ["state", "year"], "population")
    expected = {}
    for year, is_partial in years(shootings).items():
        own = rows[rows.year == year]
        without = {
            state for state in states() & {*own.state} if (state, year) not in by_state
        }
        unknown = percent((own.race == "unknown").sum(), len(own))
        for race in (*RACES, "all"):
            count = len(own) if race == "all" else int((own.race == race).sum())
            count = None if race == "pacific_islander" else count
            people = population.get((year, race))
            people = everyone.get(year) if race == "all" else people
            people = None if of_all and without else people
            expected[year, race] = (
                is_partial,
                count,
                None if count is None else percent(count, len(own)),
                people,
                None if count is None else per_million(count, people),
                None if count is None else count < SMALL,
                unknown,
            )
    return expected


def by_state_and_race(shootings: pd.DataFrame, residents: pd.DataFrame) -> dict:
    return {
        (place, *key): figures
        for place in places(shootings)
        for key, figures in by_race(shootings, residents, place).items()
    }


def by_agency(
    shootings: pd.DataFrame,
    agencies_of: Mapping[str, list[str]],
    published: Mapping[str, int],
) -> dict:
    """Figures by agency of the list (`published`) or of a shooting."""
    by_id = {row.shooting_id: row for row in shootings.itertuples()}
    own: dict[str, list[str]] = {agency: [] for agency in published}
    for shooting, agencies in agencies_of.items():
        for agency in agencies:
            own.setdefault(agency, []).append(shooting)
    expected = {}
    for agency, ids in own.items():
        rows = [by_id[shooting] for shooting in ids]
        days = sorted(row.day for row in rows if row.day is not None)
        expected[agency] = (
            len(rows),
            published.get(agency),
            days[0] if days else None,
            days[-1] if days else None,
            *mental(row.mental for row in rows),
        )
    return expected


def by_day(shootings: pd.DataFrame) -> dict[date, tuple]:
    """Year, day of the year, shootings of the day and since 1 January, by day."""
    counts, partial = shootings.day.value_counts(), years(shootings)
    newest = max(shootings.day.dropna())
    expected, day, cumulative = {}, date(min(partial), 1, 1), 0
    while day <= newest:
        number = int(counts.get(day, 0))
        day_of_year = day.timetuple().tm_yday
        cumulative = number + (0 if day_of_year == 1 else cumulative)
        expected[day] = (day.year, day_of_year, partial[day.year], number, cumulative)
        day += timedelta(1)
    return expected
