"""Made-up counties and cities in eight real states.

They don't depend on the seed. County codes are even, while nearly all real ones are
odd, so that a made-up county can't be mistaken for a real one.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator

from demo.rows import draw
from demo.rows.draw import Numbers

# Population of a county, by quantile; the states' sizes are not the real ones.
POPULATION = {0: 6_000, 0.5: 45_000, 0.9: 300_000, 1: 900_000}
CITIES = 250
COUNTY_NAMES = [*draw.WORDS, "ALDER", "LINNET", "SEDGE", "TANSY"]
# Alaska has other kinds; three of Virginia's are cities that belong to no county.
ALASKA = ["Borough", "Borough", "Census Area", "Municipality", "City and Borough"]
VIRGINIA_CITIES = 3
PREFIXES = {7: "Saint", 23: "Fort", 31: "Mount"}


@dataclass(frozen=True)
class County:
    """A county or its state's equivalent; `name` ends in its kind."""

    fips: str
    state_id: str
    state_name: str
    bare_name: str
    name: str
    population: int
    latitude: float
    longitude: float

    @property
    def is_city(self) -> bool:
        """Whether it is a city that belongs to no county."""
        return self.name.endswith(" city")


@dataclass(frozen=True)
class City:
    """A city; `county` is the position of the county that contains most of it."""

    name: str
    county: int
    population: int
    latitude: float
    longitude: float
    timezone: str


@cache
def counties() -> list[County]:
    """All counties, by state and code."""
    rng = np.random.default_rng(0)
    states = draw.vocabulary("us_states")
    found = []
    for k, state_id in enumerate(states["state_id"]):
        count = int(states["counties"][k])
        order = rng.permutation(len(COUNTY_NAMES))[:count].tolist()
        names = [COUNTY_NAMES[i].capitalize() for i in order]
        people = draw.delay(rng, POPULATION, count).tolist()
        for number, (bare, name, code) in enumerate(named(state_id, k, names)):
            latitude, longitude = _somewhere(rng, k)
            found.append(
                County(
                    fips=states["state_fips"][k] + code,
                    state_id=state_id,
                    state_name=states["state_name"][k],
                    bare_name=bare,
                    name=name,
                    population=people[number],
                    latitude=latitude,
                    longitude=longitude,
                )
            )
    return found


def named(state_id: str, state: int, names: list[str]) -> list[tuple[str, str, str]]:
    """Each county's bare name, name with kind, and code within the state."""
    kind = draw.vocabulary("us_states")["kind"][state]
    kinds, codes = [kind] * len(names), [2 * n + 2 for n in range(len(names))]
    if state_id == "NM":
        names[0] = "Cañavera"
    if state_id == "AK":
        kinds = ALASKA
    if state_id == "VA":
        # The first city has the same name as a county.
        first = len(names) - VIRGINIA_CITIES
        names[first] = names[0]
        kinds[first:] = ["city"] * VIRGINIA_CITIES
        codes[first:] = [512, 514, 516]
    return [
        (name, f"{name} {kind}", f"{code:03}")
        for name, kind, code in zip(names, kinds, codes, strict=True)
    ]


def _somewhere(rng: Generator, state: int) -> tuple[float, float]:
    """A latitude and a longitude well inside a state."""
    states = draw.vocabulary("us_states")
    spot = []
    for low, high in (("south", "north"), ("west", "east")):
        edges = float(states[low][state]), float(states[high][state])
        spot.append(round(edges[0] + rng.random() * (edges[1] - edges[0]), 4))
    return spot[0], spot[1]


@cache
def cities() -> list[City]:
    """All cities, grouped by county; each county has at least one."""
    rng = np.random.default_rng(1)
    held = counties()
    root = np.sqrt([0 if county.is_city else county.population for county in held])
    more = draw.pick(rng, root.astype(int), CITIES - len(held))
    size = 1 + np.bincount(more, minlength=len(held))
    states = draw.vocabulary("us_states")
    zones = dict(zip(states["state_id"], states["timezone"], strict=True))
    names = _city_names(rng, size)
    found: list[City] = []
    for k, county in enumerate(held):
        share = rng.integers(1, 20, size[k])
        for part in (share / (share.sum() + 6)).tolist():
            spot = (county.latitude, county.longitude)
            shift = rng.integers(-1500, 1501, 2).tolist()
            latitude, longitude = (
                round(c + s / 10_000, 4) for c, s in zip(spot, shift, strict=True)
            )
            name = county.bare_name if county.is_city else names[len(found)]
            people = county.population if county.is_city else county.population * part
            zone = zones[county.state_id]
            found.append(City(name, k, round(people), latitude, longitude, zone))
    return found


def _city_names(rng: Generator, size: Numbers) -> list[str]:
    """A name for each city: no two of a state the same, but for two pairs of them."""
    states = [county.state_id for county in counties()]
    of_city = np.repeat(states, size).tolist()
    streets = draw.street_names()
    # Not from a set: its order differs in every process.
    in_order = dict.fromkeys(of_city)
    order = {state: rng.permutation(len(streets)).tolist() for state in in_order}
    names = []
    for number, state in enumerate(of_city):
        name = streets[order[state].pop()].capitalize()
        if number % 40 in PREFIXES:
            name = f"{PREFIXES[number % 40]} {name}"
        if number % 60 == 11:
            name = name.replace("e", "é", 1)
        names.append(f"{name} City" if number % 50 == 13 else name)
    for state in ("CA", "TX"):
        first, last = (
            of_city.index(state),
            len(of_city) - 1 - of_city[::-1].index(state),
        )
        names[last] = names[first]
    return names


def plain(name: str) -> str:
    """A name without its accents."""
    return name.replace("é", "e").replace("ñ", "n")
