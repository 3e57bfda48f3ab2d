"""Police agencies that do not exist, of the counties and cities that do not either."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from demo.rows import draw
from demo.rows.us_places import cities, counties

AGENCIES = 150
# The rest of `AGENCIES` is police of the largest cities.
ELSE = {
    "federal": ["Woodland Service", "Harbor Service", "Courts Service"],
    "local_other": ["Larkmoor Transit Police", "Mosswell University Police"],
    "state_other": ["Fisheries Patrol", "Lottery Commission"],
    "other": ["Osier Railway Police"],
}
# Of the codes that the FBI knows an agency by, some have several and some none.
CODES = {1: 940, 2: 25, 3: 1, 0: 34}
FIRST_ID, LAST_ID = 12, 3_600


@dataclass(frozen=True)
class Agencies:
    """All agencies, column by column, and those that may act in a city."""

    columns: dict[str, list[str | None]]
    places: list[tuple[str, str]]
    """For each agency the kind of its beat (`state`, `county`, `city`) and which."""

    def near(self, city: int) -> list[str]:
        """Ids of the agencies of a city, its county and its state, nearest first."""
        county = cities()[city].county
        state = counties()[county].state_id
        beats = [("city", str(city)), ("county", str(county)), ("state", state)]
        found = [
            self.columns["id"][n]
            for beat in beats
            for n, place in enumerate(self.places)
            if place == beat
        ]
        return found + [
            self.columns["id"][n]
            for n, kind in enumerate(self.columns["type"])
            if kind == "federal"
        ]


@cache
def agencies() -> Agencies:
    """150 agencies, the same whatever the seed: sheriffs, states', others, cities'."""
    rng = np.random.default_rng(2)
    found = [*_sheriffs(), *_states(), *_others()]
    found += _city_police(AGENCIES - len(found))
    parts = zip(*(each[:3] for each in found), strict=True)
    columns = dict(zip(("name", "type", "state"), map(list, parts), strict=True))
    ids = FIRST_ID + rng.permutation(LAST_ID - FIRST_ID)[: len(found)]
    columns["id"] = [str(number) for number in ids.tolist()]
    many = draw.pick(rng, [*CODES.values()], len(found))
    columns["oricodes"] = [
        ";".join(f"{columns['state'][n]}{n:03}{k}0" for k in range([*CODES][m])) or None
        for n, m in enumerate(many.tolist())
    ]
    return Agencies(columns, [each[3] for each in found])


def _sheriffs() -> list[tuple]:
    return [
        (f"{c.name} Sheriff's Office", "sheriff", c.state_id, ("county", str(k)))
        for k, c in enumerate(counties())
        if not c.is_city
    ]


def _states() -> list[tuple]:
    states = draw.vocabulary("us_states")
    pairs = zip(states["state_name"], states["state_id"], strict=True)
    return [
        (f"{name} State Police", "state_police", state, ("state", state))
        for name, state in pairs
    ]


def _others() -> list[tuple]:
    states = draw.vocabulary("us_states")["state_id"]
    pairs = [(name, kind) for kind, names in ELSE.items() for name in names]
    return [
        (name, kind, states[k % len(states)], ("", ""))
        for k, (name, kind) in enumerate(pairs)
    ]


def _city_police(count: int) -> list[tuple]:
    """Of the cities that lie in no county, and of the largest others."""
    held, places = counties(), cities()
    order = sorted(
        range(len(places)),
        key=lambda n: (not held[places[n].county].is_city, -places[n].population),
    )
    return [
        (
            f"{places[n].name} Police Department",
            "local_police",
            held[places[n].county].state_id,
            ("city", str(n)),
        )
        for n in order[:count]
    ]
