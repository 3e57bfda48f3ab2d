"""Counties and race groups of shootings by pandas alone: what models are compared with.

Nothing here reads a model: each rule is written down a second time.
"""

import re
import unicodedata
from collections import defaultdict

import pandas as pd

FULL = {"st": "saint", "ste": "sainte", "ft": "fort", "mt": "mount"}
KIND = re.compile(
    r" (County|Parish|Borough|Census Area|Municipality|Municipio|city"
    r"|County/city|County/town|Borough/city|Borough/municipality)$"
)


def words(name: str) -> list[str]:
    """A name in lower case, without accents and signs, words in full."""
    name = unicodedata.normalize("NFKD", name.lower())
    name = "".join(sign for sign in name if not unicodedata.combining(sign))
    name = name.replace(".", "").replace("'", "").replace("’", "").replace("-", " ")
    return [FULL.get(word, word) for word in name.split()]


def plain_city(name: str) -> str:
    spelled = words(name)
    if len(spelled) > 1 and spelled[-1] in ("city", "town", "township"):
        spelled.pop()
    return " ".join(spelled)


def plain_county(name: str) -> str:
    return "".join(words(name))


def county_names(unemployment: pd.DataFrame, cities: pd.DataFrame) -> dict[str, str]:
    """Name by FIPS: the bureau's with its kind, else the bare one of the cities."""
    names = dict(zip(cities.county_fips, cities.county_name, strict=True))
    codes = unemployment.state_fips + unemployment.county_fips
    given = unemployment.county.str.strip().str.replace(r", [A-Z]{2}$", "", regex=True)
    return names | dict(zip(codes, given, strict=True))


class Counties:
    """The counties of each state by their names."""

    def __init__(self, names: dict[str, str], states: dict[str, str]) -> None:
        self.with_kind: dict[tuple[str, str], str] = {}
        self.bare: dict[tuple[str, str], str] = {}
        for code, name in sorted(names.items(), reverse=True):
            # In this order counties, of lower codes, take the place of cities.
            state = states[code[:2]]
            self.with_kind[state, plain_county(name)] = code
            self.bare[state, plain_county(KIND.sub("", name))] = code
        self.counties_with_kind = {
            key
            for key, code in self.with_kind.items()
            if KIND.search(names[code]) and code[2:] < "510"
        }

    def named(self, state: str, name: str) -> str | None:
        key = (state, plain_county(name))
        return self.with_kind.get(key) or self.bare.get(key)

    def has_kind(self, state: str, name: str) -> bool:
        return (state, plain_county(name)) in self.counties_with_kind


def cities_by_name(cities: pd.DataFrame) -> dict[tuple[str, str], set[tuple]]:
    """Candidates by state and plain name: (words, residents, county)."""
    found = defaultdict(set)
    for city in cities.itertuples():
        for name in (city.city, city.city_ascii):
            candidate = (tuple(words(name)), int(city.population), city.county_fips)
            found[city.state_id, plain_city(name)].add(candidate)
    return found


def match_counties(
    shootings: pd.DataFrame, counties: Counties, cities: dict[tuple[str, str], set]
) -> pd.DataFrame:
    """By shooting: county_fips, county_match, county_fips_by_city and _by_name."""
    rows = {}
    for row in shootings.itertuples():
        city, county = row.city, row.county
        named = counties.named(row.state, county) if county else None
        candidates = cities[row.state, plain_city(city)] if city else set()
        by_city = None
        if candidates:
            by_city = max(
                candidates,
                key=lambda found: (
                    found[2] == named,
                    found[0] == tuple(words(city)),
                    found[1],
                ),
            )[2]
        way = None
        if not county and city and (counties.has_kind(row.state, city) or not by_city):
            named = counties.named(row.state, city)
            way = "city_is_county" if named else None
        if named and not way:
            way = "city_and_county" if named == by_city else "county"
        way = way or ("city" if by_city else "none")
        rows[row.id] = (named or by_city, way, by_city, named)
    names = ["county_fips", "county_match", "county_fips_by_city"]
    names += ["county_fips_by_name"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


def race_group(race: str | None) -> str:
    parts = set(race.split(";")) if race else set()
    if "H" in parts:
        return "hispanic"
    if len(parts) > 1:
        return "two_or_more"
    alone = {"W": "white", "B": "black", "A": "asian", "N": "native_american"}
    return {**alone, "O": "other"}[parts.pop()] if parts else "unknown"
