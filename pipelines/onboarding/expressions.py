"""The SQL of a city's times and places, by the project's macros.

All that depends on how dates and points are written stands here.
"""

import re
from dataclasses import dataclass, field

from pipelines.datasets.columns import raw_name
from pipelines.onboarding.clocks import is_midnight
from pipelines.onboarding.proposal import Proposal, pattern_in
from pipelines.onboarding.toml import WIDTH

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
    if name in made.clocks:
        clock = clock_expression(made, name)
        return f"{{{{ local_from_day_and_clock({day_inside(made, name)}, {clock}) }}}}"
    is_layer_date = made.seen.named(name).kind == "date"
    if made.address.platform == "arcgis" and is_layer_date:
        zone = made.zone if made.times == "utc" else "UTC"
        return f"{{{{ local_from_epoch_ms('{raw}', '{zone}') }}}}"
    if is_utc(made, name):
        return f"{{{{ local_from_utc({with_t(made, raw)}, '{made.zone}') }}}}"
    if pattern := pattern_in(made, name):
        return f"{{{{ local_from_text('{raw}', '{pattern}') }}}}"
    return f"{{{{ as_local_timestamp('{raw}') }}}}"


def on_lines(call: str, more: int = 0) -> str:
    """A macro's call, its arguments on lines of their own if it is too long.

    Args:
        more: How many characters stand beside it on its line, but for its indent.
    """
    is_call = re.match(r"\{\{ \w+\(", call)
    if not is_call or len(call) + 8 + more <= WIDTH or "\n" in call:
        return call
    opened, _, rest = call.partition("(")
    parts, depth, quoted = [""], 0, ""
    for letter in rest.removesuffix(") }}"):
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "'\"":
            quoted = letter
        depth += {"(": 1, ")": -1}.get(letter, 0) if not quoted else 0
        if letter == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    inside = ",\n            ".join(part.strip() for part in parts)
    inside = inside.replace(" ~ ' as", "\n            ~ ' as")
    return f"{opened}(\n            {inside}\n        ) }}}}"


def day_expression(made: Proposal, name: str, alias: str) -> str:
    """A column's day: known even if its time of day is not."""
    if name not in made.clocks:
        return f"cast({alias} as date)"
    if made.address.platform != "arcgis":
        return f"{{{{ {day_inside(made, name)} }}}}"
    zone = made.zone if made.times == "utc" else "UTC"
    call = f"local_from_epoch_ms('{raw_name(name)}', '{zone}')"
    return f"cast({{{{ {call} }}}} as date)"


def day_inside(made: Proposal, name: str) -> str:
    """The day of a date whose time stands in another column, within a macro's call."""
    raw = raw_name(name)
    if made.address.platform != "arcgis":
        return f"as_date('{raw}')"
    zone = made.zone if made.times == "utc" else "UTC"
    return f"'cast(' ~ local_from_epoch_ms('{raw}', '{zone}') ~ ' as date)'"


def clock_expression(made: Proposal, name: str) -> str:
    """The time of day in another column, within a macro's call."""
    clock = made.clocks[name]
    values = made.seen.column(clock)
    is_hour = all(re.fullmatch(r"\d{1,2}(\.0)?", value) for value in values)
    is_hour = is_hour and all(float(value) <= 24 for value in values)
    return f"clock_text('{raw_name(clock)}'{HOURS if is_hour else ''})"


HOURS = ", 'hour'"


def is_utc(made: Proposal, name: str) -> bool:
    """Whether a date is text in UTC."""
    if is_midnight(made.seen, name):
        return False
    suffix = made.finding("suffix")
    says_so = suffix is not None and suffix.value == "utc" and name == made.window
    return says_so or (made.address.platform == "carto" and made.times == "utc")


def with_t(made: Proposal, raw: str) -> str:
    """A column as an argument; Carto parts day and time by T, others by a blank."""
    is_carto = made.address.platform == "carto"
    return f"'{raw}'" if is_carto else f"\"replace({raw}, ' ', 'T')\""


def coordinates_of(made: Proposal) -> Coordinates:
    """Latitude and longitude, if there are columns of numbers for them."""
    place = made.place
    if place.point:
        return of_point(raw_name(place.point))
    if not (place.latitude and place.longitude):
        return without_numbers()
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


def of_point(raw: str) -> Coordinates:
    """A point as text. One that has only an address counts as read."""
    latitude, longitude = f"point_latitude('{raw}')", f"point_longitude('{raw}')"
    return Coordinates(
        [
            f"        {{{{ {latitude} }}}} as latitude",
            f"        {{{{ {longitude} }}}} as longitude",
            f"        {{{{ as_degrees({latitude}, 90) }}}} as latitude_degrees",
            f"        {{{{ as_degrees({longitude}, 180) }}}} as longitude_degrees",
        ],
        ["        {{ coordinates() }},"],
    )


def without_numbers() -> Coordinates:
    """No coordinates."""
    lines = []
    lines += [
        f"        {NO_NUMBER} as latitude,",
        f"        {NO_NUMBER} as longitude,",
        f"        {NO_TEXT} as coordinates,",
    ]
    return Coordinates([], lines, [])
