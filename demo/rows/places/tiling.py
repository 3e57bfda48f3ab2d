"""Divide an imaginary city into areas, one around each of the given points."""

from math import cos, pi, sin

Point = tuple[float, float]
"""Longitude and latitude in degrees."""

# The city's edge: its number of corners, and its distance from the outermost points.
CORNERS = 32
MARGIN = 1.6
# About one meter.
DECIMALS = 5


def tiles(points: list[Point]) -> list[list[Point]]:
    """For each point, the part of the city that is nearest to it.

    Returns: A closed, counterclockwise ring for each; together they cover the city, and
        neighbors share corners.
    """
    found = []
    for point in points:
        ring = edge(points)
        for other in points:
            if other != point:
                ring = nearer(ring, point, other)
        ring = [(round(x, DECIMALS), round(y, DECIMALS)) for x, y in ring]
        ring = [
            p for p, before in zip(ring, ring[-1:] + ring, strict=False) if p != before
        ]
        found.append([*ring, ring[0]])
    return found


def edge(points: list[Point]) -> list[Point]:
    """An ellipse around all points."""
    (west, east), (south, north) = (
        (min(axis), max(axis)) for axis in zip(*points, strict=True)
    )
    angles = [2 * pi * k / CORNERS for k in range(CORNERS)]
    return [
        (
            (west + east) / 2 + cos(angle) * MARGIN * (east - west) / 2,
            (south + north) / 2 + sin(angle) * MARGIN * (north - south) / 2,
        )
        for angle in angles
    ]


def nearer(ring: list[Point], point: Point, other: Point) -> list[Point]:
    """The part of a convex ring that is nearer to a point than to another."""
    kept = []
    for k, corner in enumerate(ring):
        here, there = lead(corner, point, other), lead(ring[k - 1], point, other)
        if (here < 0) != (there < 0):
            share = there / (there - here)
            kept.append(between(ring[k - 1], corner, share))
        if here >= 0:
            kept.append(corner)
    return kept


def lead(place: Point, point: Point, other: Point) -> float:
    """How much nearer a place is to a point than to another, in squared distance."""
    return squared(place, other) - squared(place, point)


def squared(one: Point, other: Point) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2


def between(one: Point, other: Point, share: float) -> Point:
    """The place at a given share of the way from one place to another."""
    return (
        one[0] + share * (other[0] - one[0]),
        one[1] + share * (other[1] - one[1]),
    )
