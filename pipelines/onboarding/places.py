"""Find where incidents are: areas of the police and the city, and coordinates."""

import re
import statistics
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.onboarding.facts import Finding, Seen, meant, number_of
from pipelines.onboarding.times import share
from pipelines.onboarding.words import AREAS, LATITUDE, LONGITUDE, area_rank, run

MOST_AREAS = 300

# Beats and reporting areas are smaller.
MOST_BEATS = 2_000

FILLED = 0.3

# The United States, with Alaska, Hawaii and Puerto Rico.
LATITUDES, LONGITUDES = (17.0, 72.0), (-180.0, -64.0)

POINT = re.compile(r"POINT ?\((-?[\d.]+) (-?[\d.]+)\)")
PAIR = re.compile(r"[\s\S]*\((-?\d+\.\d+), ?(-?\d+\.\d+)\)")


NONE = Finding("coordinates", None, "none are published", "measured")


Kind = Literal["pair", "points", "wkt", "brackets", "none"]


@dataclass(frozen=True)
class Coordinates:
    """Where a row's place is: two columns, or one that holds a point."""

    kind: Kind
    latitude: str | None = None
    longitude: str | None = None
    point: str | None = None
    middle: tuple[float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north, of nearly all places, and some kilometers around."""
    signs: tuple[str, ...] = ()
    """Words that stand where there is no place."""
    finding: Finding = NONE


def find_areas(seen: Seen, left_out: set[str]) -> tuple[dict[str, str], list[Finding]]:
    """The column of each kind of area."""
    areas: dict[str, str] = {}
    findings = []
    for role in AREAS:
        ranked = []
        for column in seen.described.columns:
            rank = area_rank(role, column.name)
            taken = column.name in areas.values() or column.name in left_out
            if rank is None or taken or column.kind in ("date", "instant", "point"):
                continue
            different = len(set(seen.column(column.name)))
            most = MOST_BEATS if role == "beat" else MOST_AREAS
            filled = seen.filled(column.name)
            if 1 < different <= most and filled >= FILLED:
                # Of districts and precincts, the larger; else the shorter name.
                size = different if role == "police_district" else len(column.name)
                is_code = not run(column.name).endswith("name")
                ranked.append((rank, filled < 0.7, size, is_code, column.name))
        if not ranked:
            continue
        name = min(ranked)[-1]
        areas[role] = name
        why = (
            f"{len(set(seen.column(name)))} different values in the samples, "
            f"{share(seen.filled(name), 1)} filled"
        )
        findings.append(Finding(role.replace("_", " "), name, why, "proposed"))
    if not areas:
        findings.append(Finding("areas", None, "no column is named like one", "asked"))
    return areas, findings


def find_coordinates(seen: Seen) -> Coordinates:
    """Two columns of degrees, else a point as text, else a layer's points."""
    names = [c.name for c in seen.described.columns if c.kind in ("number", "text")]
    lats = [n for n in names if LATITUDE.search(run(n)) and degrees(seen, n, LATITUDES)]
    longs = [
        n for n in names if LONGITUDE.search(run(n)) and degrees(seen, n, LONGITUDES)
    ]
    # Swapped by the publisher, their names say the other.
    swapped = [n for n in names if LATITUDE.search(run(n))]
    swapped = [n for n in swapped if degrees(seen, n, LONGITUDES)]
    if lats and longs:
        return of_pair(seen, best(lats), best(longs))
    if swapped and (
        others := [
            n for n in names if LONGITUDE.search(run(n)) and degrees(seen, n, LATITUDES)
        ]
    ):
        return of_pair(seen, best(others), best(swapped))
    for column in seen.described.columns:
        if points := of_points(seen, column.name):
            return points
    if seen.described.has_points and degrees(seen, "geometry_y", LATITUDES):
        found = of_pair(seen, "geometry_y", "geometry_x")
        why = "a layer's points, which no field repeats; " + found.finding.evidence
        named = Finding("coordinates", found.finding.value, why, "measured")
        return replace(found, kind="points", finding=named)
    return Coordinates("none")


def best(names: list[str]) -> str:
    """The name that says most: `latitude` before `y`."""
    return max(names, key=lambda name: bool(re.search("lat|lon|lng", run(name))))


def degrees(seen: Seen, name: str, span: tuple[float, float]) -> bool:
    """Whether most values that are numbers, but 0 and -1, lie in a span."""
    numbers = [number_of(value) for value in seen.column(name)]
    known = [n for n in numbers if n is not None and n not in (0.0, -1.0)]
    inside = [n for n in known if span[0] <= n <= span[1]]
    return len(known) > 0 and len(inside) >= 0.8 * len(known)


def of_pair(seen: Seen, latitude: str, longitude: str) -> Coordinates:
    """Two columns of degrees, with what does not parse in them."""
    places = []
    odd: set[str] = set()
    for row in seen.both:
        y, x = (number_of(meant(row.get(n))) for n in (latitude, longitude))
        if y is None or x is None or not inside(y, x):
            odd |= {v for n in (latitude, longitude) if (v := meant(row.get(n)))}
        else:
            places.append((y, x))
    middle, box = around(places)
    why = f"{share(len(places), len(seen.both))} of sampled rows have them"
    signs = sorted(value for value in odd if len(value) < 12)[:4]
    if signs:
        why += f"; {', '.join(signs)} stand where there is no place"
    finding = Finding("coordinates", [latitude, longitude], why, "measured")
    # No others, as they go into SQL.
    said = tuple(
        sign for sign in signs if re.fullmatch(r"[A-Za-z ]{2,}|-1(\.0+)?", sign)
    )
    return Coordinates("pair", latitude, longitude, None, middle, box, said, finding)


def of_points(seen: Seen, name: str) -> Coordinates | None:
    """A column that holds points as text; None if it does not."""
    values = seen.column(name)
    forms: dict[Kind, re.Pattern[str]] = {"wkt": POINT, "brackets": PAIR}
    for kind, pattern in forms.items():
        found = [match for value in values if (match := pattern.fullmatch(value))]
        if len(found) < 0.5 * len(values) or not found:
            continue
        pairs = [(float(match[1]), float(match[2])) for match in found]
        places = [(y, x) if kind == "brackets" else (x, y) for y, x in pairs]
        places = [place for place in places if inside(*place)]
        if not places:
            continue
        middle, box = around(places)
        why = f"points as text, {found[0][0].splitlines()[-1]!r}"
        finding = Finding("coordinates", name, why, "measured")
        return Coordinates(kind, None, None, name, middle, box, (), finding)
    return None


def inside(latitude: float, longitude: float) -> bool:
    good = LATITUDES[0] <= latitude <= LATITUDES[1]
    return good and LONGITUDES[0] <= longitude <= LONGITUDES[1]


def around(
    places: list[tuple[float, float]],
) -> tuple[tuple[float, float] | None, tuple[float, float, float, float] | None]:
    """The middle of places, and a box of 98 in 100 of them and some kilometers."""
    if not places:
        return None, None
    ys, xs = sorted(y for y, _ in places), sorted(x for _, x in places)
    cut = len(places) // 100
    south, north, west, east = ys[cut], ys[-1 - cut], xs[cut], xs[-1 - cut]
    box = (west - 0.1, south - 0.1, east + 0.1, north + 0.1)
    rounded = [round(number, 2) for number in box]
    middle = statistics.median(ys), statistics.median(xs)
    return middle, (rounded[0], rounded[1], rounded[2], rounded[3])
