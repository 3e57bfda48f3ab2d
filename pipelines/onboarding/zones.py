"""Tell a city's time zone from its state, its points and its hours."""

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines.errors import ConfigError
from pipelines.onboarding.facts import Finding

EAST, CENTRAL = "America/New_York", "America/Chicago"
MOUNTAIN, PACIFIC = "America/Denver", "America/Los_Angeles"

# Where a state has two, from west to east: the longitude up to which each holds,
# roughly as the line runs near its larger cities. Most people live in the eastern part,
# but for those in SPLIT_USUAL.
SPLIT: dict[str, list[tuple[float, str]]] = {
    "FL": [(-85.0, CENTRAL), (0, EAST)],
    "ID": [(0, "America/Boise")],
    "IN": [(-87.0, CENTRAL), (0, "America/Indiana/Indianapolis")],
    "KS": [(-101.5, MOUNTAIN), (0, CENTRAL)],
    "KY": [(-86.2, CENTRAL), (0, EAST)],
    "MI": [(-87.6, "America/Menominee"), (0, "America/Detroit")],
    "ND": [(-101.5, MOUNTAIN), (0, CENTRAL)],
    "NE": [(-101.5, MOUNTAIN), (0, CENTRAL)],
    "OR": [(-117.8, PACIFIC), (0, "America/Boise")],
    "SD": [(-100.5, MOUNTAIN), (0, CENTRAL)],
    "TN": [(-85.3, CENTRAL), (0, EAST)],
    "TX": [(-104.9, MOUNTAIN), (0, CENTRAL)],
}
SPLIT_USUAL = {"OR": PACIFIC, "TN": CENTRAL}

OF_STATES = {
    EAST: "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    CENTRAL: "AL AR IA IL LA MN MO MS OK WI",
    MOUNTAIN: "CO MT NM UT WY",
    PACIFIC: "CA NV WA",
    "America/Phoenix": "AZ",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR",
}

# The hours in which the fewest reports lie.
NIGHT = range(3, 7)

FEWEST_HOURS = 200


def zone_of(
    state: str | None, point: tuple[float, float] | None, states: Path
) -> Finding | None:
    """The zone by state and by the middle point; None if neither tells.

    Args:
        state: Its postal code.
        point: Latitude and longitude.
        states: The seed with the states' boxes.

    Raises:
        ConfigError: There is no such state.
    """
    if state:
        return zone_in(state.upper(), point)
    if point is None:
        return None
    zones = {zone_in(code, point).value for code in states_around(point, states)}
    if len(zones) != 1:
        return None
    where = f"the rows lie around {point[0]:.2f}, {point[1]:.2f}"
    return Finding("zone", zones.pop(), where, "measured")


def zone_in(state: str, point: tuple[float, float] | None) -> Finding:
    """The zone of a state, or of its part that a point lies in."""
    for zone, codes in OF_STATES.items():
        if state in codes.split():
            return Finding("zone", zone, f"{state} has one zone", "sure")
    if state not in SPLIT:
        raise ConfigError(f"{state!r} is not a state's postal code, such as WA.")
    parts = SPLIT[state]
    if len(parts) == 1:
        return Finding("zone", parts[0][1], f"the zone of most of {state}", "proposed")
    if point is None:
        zone = SPLIT_USUAL.get(state, parts[-1][1])
        return Finding("zone", zone, f"the zone of most of {state}", "proposed")
    zone = next(zone for west, zone in parts if point[1] <= west)
    why = f"{state} has two; the rows lie around longitude {point[1]:.1f}"
    return Finding("zone", zone, why, "measured")


def states_around(point: tuple[float, float], states: Path) -> Iterable[str]:
    """The states in whose box a point lies."""
    latitude, longitude = point
    known = {code for codes in OF_STATES.values() for code in codes.split()} | {*SPLIT}
    with states.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            south, north = float(row["south_latitude"]), float(row["north_latitude"])
            west, east = float(row["west_longitude"]), float(row["east_longitude"])
            inside = south <= latitude <= north and west <= longitude <= east
            if inside and row["state_id"] in known:
                yield row["state_id"]


def hours_fit(clocks: Iterable[datetime]) -> str:
    """Whether few rows lie in the small hours, in words."""
    hours = Counter(c.hour for c in clocks if (c.hour, c.minute) != (0, 0))
    if sum(hours.values()) < FEWEST_HOURS:
        return "too few times of day to check it"
    least = min(range(24), key=lambda h: sum(hours[(h + k) % 24] for k in (-1, 0, 1)))
    fit = (
        "as in a city's night" if least in NIGHT else "which is no city's night: check"
    )
    return f"fewest rows around {least}:00, {fit}"


def known_zone(name: str) -> str:
    """A zone's name, if there is one.

    Raises:
        ConfigError: There is none.
    """
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"--zone {name!r} is not a time zone, such as America/Chicago."
        ) from None
