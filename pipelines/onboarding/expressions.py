"""The SQL of a city's times and places, by the project's macros.

All that depends on how dates and points are written stands here.
"""

from dataclasses import dataclass, field

from pipelines.datasets.columns import raw_name
from pipelines.onboarding.proposal import Proposal

NO_NUMBER = "cast(null as {{ type_double() }})"
NO_TEXT = "cast(null as {{ dbt.type_string() }})"


@dataclass
class Coordinates:
    """The parts of a base model that concern places."""

    parsed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    unparsed: list[str] = field(default_factory=list)


def moment_expression(made: Proposal, name: str) -> str:
    """A column's date as the city's clock."""
    raw = raw_name(name)
    is_layer_date = made.seen.named(name).kind == "date"
    if made.address.platform == "arcgis" and is_layer_date:
        zone = made.zone if made.times == "utc" else "UTC"
        return f"{{{{ local_from_epoch_ms('{raw}', '{zone}') }}}}"
    # Carto's are UTC: the model says what is to be done about it.
    return f"{{{{ as_local_timestamp('{raw}') }}}}"


def coordinates_of(made: Proposal) -> Coordinates:
    """Latitude and longitude, if there are columns of numbers for them."""
    place = made.place
    if place.kind not in ("pair", "points") or not (place.latitude and place.longitude):
        return without_numbers(made)
    latitude, longitude = raw_name(place.latitude), raw_name(place.longitude)
    # `coordinates()` shows the columns of these names.
    parsed = [
        f"        {raw} as {name}"
        for raw, name in ((latitude, "latitude"), (longitude, "longitude"))
        if raw != name
    ]
    signs = "".join(f", {sign}" for sign in place.signs)
    has_minus = any(sign.startswith("-1") for sign in place.signs)
    parsed += [
        f"        -- Where there is no place: 0{signs}.",
        f"        {number(latitude, 90, has_minus)} as latitude_degrees",
        f"        {number(longitude, 180, has_minus)} as longitude_degrees",
    ]
    return Coordinates(
        parsed,
        ["        {{ coordinates() }},"],
        [
            unparsed(latitude, 90, place.signs),
            unparsed(longitude, 180, place.signs),
        ],
    )


def number(raw: str, bound: int, has_minus: bool) -> str:
    """A column's degrees, without the numbers that stand for none."""
    cast = f"nullif({{{{ as_degrees('{raw}', {bound}) }}}}, 0)"
    return f"nullif({cast}, -1)" if has_minus else cast


def unparsed(raw: str, bound: int, signs: tuple[str, ...]) -> str:
    """Whether a value is neither degrees nor one that stands for none."""
    said = raw
    for word in signs:
        if not word.startswith("-"):
            said = f"nullif({said}, '{word}')"
    degrees = f"as_degrees('{raw}', {bound})"
    if said == raw:
        return f"{{{{ is_unparsed('{raw}', {degrees}) }}}}"
    inside = f'            "{said}", {degrees}'
    return f"{{{{ is_unparsed(\n{inside}\n        ) }}}}"


def without_numbers(made: Proposal) -> Coordinates:
    """No coordinates, or a point as text that a person must take apart."""
    lines = []
    if point := made.place.point:
        lines.append(f"        -- TODO(you): {raw_name(point)} holds a point as text.")
    lines += [
        f"        {NO_NUMBER} as latitude,",
        f"        {NO_NUMBER} as longitude,",
        f"        {NO_TEXT} as coordinates,",
    ]
    return Coordinates([], lines, [])
