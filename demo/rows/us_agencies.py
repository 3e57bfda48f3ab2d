"""Made-up police agencies of the made-up counties and cities."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from demo.rows import draw
from demo.rows.places.united_states import cities, counties

AGENCIES = 150
# The rest of `AGENCIES` are the police of the largest cities.
ELSE = {
    "federal": ["Woodland Service", "Harbor Service", "Courts Service"],
    "local_other": ["Larkmoor Transit Police", "Mosswell University Police"],
    "state_other": ["Fisheries Patrol", "Lottery Commission"],
    "other": ["Osier Railway Police"],
}
# The FBI's codes for an agency: some agencies have several and some have none.
CODES = {1: 940, 2: 25, 3: 1, 0: 34}
FIRST_ID, LAST_ID = 12, 3_600


@dataclass(frozen=True)
class Agency:
    """An agency; `beat` is the kind of its area (`state`, `county`, `city`) and which.

    It is empty for agencies without such an area.
    """

    name: str
    type: str
    state: str
    beat: tuple[str, str] = ("", "")
    id: str = ""
    oricodes: str | None = None


@cache
def agencies() -> list[Agency]:
    """150 agencies, independent of the seed: sheriffs, states', others, cities'."""
    rng = np.random.default_rng(2)
    found = [*_sheriffs(), *_states(), *_others()]
    found += _city_police(AGENCIES - len(found))
    ids = FIRST_ID + rng.permutation(LAST_ID - FIRST_ID)[: len(found)]
    many = draw.pick(rng, [*CODES.values()], len(found))
    numbered = zip(found, ids.tolist(), many.tolist(), strict=True)
    return [
        replace(each, id=str(number), oricodes=_codes(each.state, n, [*CODES][m]))
        for n, (each, number, m) in enumerate(numbered)
    ]


def _codes(state: str, number: int, count: int) -> str | None:
    return ";".join(f"{state}{number:03}{k}0" for k in range(count)) or None


def near(city: int) -> list[str]:
    """Ids of the agencies of a city, its county and its state, nearest first.

    Federal agencies, which act anywhere, come last.
    """
    county = cities()[city].county
    state = counties()[county].state_id
    beats = [("city", str(city)), ("county", str(county)), ("state", state)]
    found = [each.id for beat in beats for each in agencies() if each.beat == beat]
    return found + [each.id for each in agencies() if each.type == "federal"]


def _sheriffs() -> list[Agency]:
    return [
        Agency(f"{c.name} Sheriff's Office", "sheriff", c.state_id, ("county", str(k)))
        for k, c in enumerate(counties())
        if not c.is_city
    ]


def _states() -> list[Agency]:
    states = draw.vocabulary("us_states")
    pairs = zip(states["state_name"], states["state_id"], strict=True)
    return [
        Agency(f"{name} State Police", "state_police", state, ("state", state))
        for name, state in pairs
    ]


def _others() -> list[Agency]:
    states = draw.vocabulary("us_states")["state_id"]
    pairs = [(name, kind) for kind, names in ELSE.items() for name in names]
    return [
        Agency(name, kind, states[k % len(states)])
        for k, (name, kind) in enumerate(pairs)
    ]


def _city_police(count: int) -> list[Agency]:
    """The police of cities that belong to no county, and of the largest others."""
    held, places = counties(), cities()
    order = sorted(
        range(len(places)),
        key=lambda n: (not held[places[n].county].is_city, -places[n].population),
    )
    return [
        Agency(
            f"{places[n].name} Police Department",
            "local_police",
            held[places[n].county].state_id,
            ("city", str(n)),
        )
        for n in order[:count]
    ]
