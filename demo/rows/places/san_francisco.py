"""Made-up intersections in San Francisco, each in a real neighborhood."""

from functools import cache

import numpy as np
from numpy.random import Generator

from demo.rows import draw


@cache
def places() -> dict[str, list[str]]:
    """The columns of some 2,400 intersections, independent of the seed."""
    rng = np.random.default_rng(0)
    areas = draw.vocabulary("san_francisco_areas")
    number = {name: k for k, name in enumerate(sorted(set(areas["neighborhood"])), 1)}
    spots: list[dict[str, str]] = []
    for k, weight in enumerate(draw.weights(areas["weight"]).tolist()):
        area = {column: values[k] for column, values in areas.items()}
        area[":@computed_region_jwn9_ihcz"] = str(number[area["neighborhood"]])
        for _ in range(1 + weight // 3):
            spots.append(_spot(rng, area) | {"cnn": f"{20_000 + 6 * len(spots)}000"})
    return {name: [spot[name] for spot in spots] for name in spots[0]}


def _spot(rng: Generator, area: dict[str, str]) -> dict[str, str]:
    """Invent an intersection in an area."""
    first, second = rng.permutation(draw.street_names())[:2]
    shift = rng.integers(-5_000_000_000, 5_000_000_000, 2) / 1e12
    latitude = repr(round(float(area["latitude"]) + float(shift[0]), 13))
    longitude = repr(round(float(area["longitude"]) + float(shift[1]), 13))
    kept = ("police_district", "supervisor_district", "supervisor_district_2012")
    return {name: area[name] for name in kept} | {
        "intersection": f"{first} ST \\ {second} AVE",
        "analysis_neighborhood": area["neighborhood"],
        "latitude": latitude,
        "longitude": longitude,
        "point": f"POINT ({longitude} {latitude})",
        ":@computed_region_jwn9_ihcz": area[":@computed_region_jwn9_ihcz"],
        ":@computed_region_26cr_cadq": area["supervisor_district"],
    }
