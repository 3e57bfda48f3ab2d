"""Write a city's staging models: what is published, renamed and cast."""

from pipelines.datasets.columns import raw_name
from pipelines.onboarding.expressions import (
    Coordinates,
    clock_expression,
    coordinates_of,
    day_expression,
    day_inside,
    moment_expression,
    on_lines,
)
from pipelines.onboarding.proposal import Proposal, is_unreadable
from pipelines.onboarding.toml import comment

TEXT = "cast(null as {{ dbt.type_string() }})"
NO_TIME = "cast(null as {{ type_local_timestamp() }})"
NO_FLAG = "cast(null as boolean)"


def header(city: str) -> str:
    return f"{{{{ config(enabled=is_chosen('{city}')) }}}}\n\n"


def base_sql(made: Proposal, city: str) -> str:
    """The model that renames and casts every version of a row."""
    place = coordinates_of(made)
    parsed = [*times_parsed(made), *place.parsed]
    body = [
        "with source as (",
        "",
        f"    select * from {{{{ source('{city}', 'incidents_versions') }}}}",
        "",
        "),",
        "",
        "parsed as (",
        "",
        "    select",
        "        *,",
        *separated(parsed),
        "",
        "    from source",
        "",
        "),",
        "",
        "renamed as (",
        "",
        "    select",
        *renamed(made, city, place),
        "",
        "    from parsed",
        "",
        ")",
        "",
        "select * from renamed",
        "",
    ]
    return header(city) + "\n".join(body)


def separated(parts: list[str]) -> list[str]:
    """Parts of a select, each with a comma but the last."""
    lines: list[str] = []
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        is_comment = part.lstrip().startswith("--")
        lines.append(part if is_last or is_comment else f"{part},")
    return lines


def times_parsed(made: Proposal) -> list[str]:
    """The dates as the city's clock."""
    parts: list[str] = []
    for name, alias in published_times(made).items():
        if is_unreadable(made, name):
            said = f"TODO(you): {raw_name(name)} is not written as ISO does, such as"
            example = made.seen.column(name)[0]
            parts += comment(f"{said} {example}: cast it.", " " * 8, "--")
        parts.append(
            "\n".join(split_line(moment_expression(made, name), alias)).removesuffix(
                ","
            )
        )
    if not published_times(made):
        parts.append(f"        {NO_TIME} as occurred_at_local")
    return parts


def day_of(made: Proposal, alias: str) -> str:
    """The day of a clock."""
    names = {alias: name for name, alias in published_times(made).items()}
    return day_expression(made, names[alias], alias)


def published_times(made: Proposal) -> dict[str, str]:
    """The columns of dates, by the names of their clocks."""
    times = {}
    if made.occurred in made.columns and made.occurred:
        times[made.occurred] = "occurred_at_local"
    if made.reported in made.columns and made.reported:
        times[made.reported] = "reported_at_local"
    if made.changed in made.columns and made.changed:
        times[made.changed] = "updated_at_local"
    return times


def renamed(made: Proposal, city: str, place: Coordinates) -> list[str]:
    """The columns that all cities have."""
    times = set(published_times(made).values())
    areas, offense = made.areas, made.offense
    council_code = council(areas.get("council_district"))
    case = made.counting or (made.key[0] if made.key_is_unique else None)
    return [
        "        -- ids",
        f"        '{city}' as city,",
        "        row_id,",
        f"        {cleaned(case)} as incident_number,",
        *counting_lines(made),
        "",
        "        -- times",
        *occurrence_lines(made),
        *report_lines(made),
        *(["        updated_at_local,"] if "updated_at_local" in times else []),
        "",
        "        -- what",
        f"        {cleaned(offense.category or offense.code)} as incident_category,",
        f"        {TEXT} as incident_subcategory,",
        f"        {cleaned(offense.description)} as incident_description,",
        *offense_lines(made),
        f"        {cleaned(offense.code)} as published_offense_code,",
        f"        {TEXT} as report_type,",
        f"        {TEXT} as resolution,",
        f"        {TEXT} as filing_status,",
        "        false as is_supplement,",
        f"        {NO_FLAG} as is_arrest,",
        f"        {NO_FLAG} as is_domestic,",
        "",
        "        -- where",
        f"        {TEXT} as reported_city,",
        f"        {cleaned(areas.get('police_district'))} as police_district,",
        f"        {cleaned(areas.get('beat'))} as beat,",
        f"        {council_code} as council_district,",
        f"        {council_code} as present_council_district,",
        f"        {cleaned(areas.get('neighborhood'))} as neighborhood,",
        f"        {cleaned(address_column(made))} as place,",
        f"        {TEXT} as location_kind,",
        *place.renamed,
        "",
        "        -- the row itself",
        *unparsed(made, place),
        "        loaded_at,",
        "        removed_at,",
        "        window_month,",
        "        replaced_at",
    ]


def occurrence_lines(made: Proposal) -> list[str]:
    """When an incident occurred, or at least was reported."""
    times = set(published_times(made).values())
    if "occurred_at_local" in times:
        day = split_line(day_of(made, "occurred_at_local"), "occurred_date")
        return ["        occurred_at_local,", *day]
    if made.stands_for_occurrence:
        return [
            "        -- Only the date of report is published, and stands for this one.",
            "        reported_at_local as occurred_at_local,",
            *split_line(day_of(made, "reported_at_local"), "occurred_date"),
        ]
    return [
        f"        {NO_TIME} as occurred_at_local,",
        "        cast(null as date) as occurred_date,",
    ]


def report_lines(made: Proposal) -> list[str]:
    """When an incident was reported."""
    if "reported_at_local" in published_times(made).values():
        day = split_line(day_of(made, "reported_at_local"), "report_date")
        return ["        reported_at_local,", *day]
    return [
        f"        {NO_TIME} as reported_at_local,",
        "        cast(null as date) as report_date,",
    ]


def counting_lines(made: Proposal) -> list[str]:
    """What incidents are counted by."""
    if made.counting is None:
        return ["        row_id as counting_id,"]
    said = comment(f"{made.why('grain').capitalize()}.", " " * 8, "--")
    return [*said, f"        {cleaned(made.counting)} as counting_id,"]


def offense_lines(made: Proposal) -> list[str]:
    """What offenses are grouped by: a NIBRS code, or the category's name."""
    offense = made.offense
    if offense.code:
        raw = raw_name(offense.code)
        # Numbers have lost their zeros: 9A, 120.0.
        padded = "{{ nibrs_code(zero_padded('" + raw + "', 3)) }}"
        if offense.no_crimes:
            # The city's own codes have rows in the seed.
            inside = f"            {padded},\n            {cleaned(offense.code)}"
            padded = f"coalesce(\n{inside}\n        )"
        lines = []
        if offense.lists_several:
            said = f"TODO(you): {raw} may list several codes, which have none here."
            lines = comment(said, " " * 8, "--")
        return [*lines, *split_line(padded, "offense_code")]
    if offense.category:
        lines = []
        if offense.unmapped:
            rest = ", ".join(list(offense.unmapped)[:40])
            said = f"TODO(you): map in seeds/offense_categories.csv: {rest}."
            lines = comment(said, " " * 8, "--")
        return [*lines, f"        upper({cleaned(offense.category)}) as offense_code,"]
    said = "        -- TODO(you): which column says what happened?"
    return [said, f"        {TEXT} as offense_code,"]


def split_line(expression: str, alias: str) -> list[str]:
    """A column of a select, on two lines if it is too long for one."""
    line = f"        {expression} as {alias},"
    if len(line) <= 88 or "\n" in line:
        return [line]
    expression = on_lines(expression)
    if "\n" in expression:
        return [f"        {expression} as {alias},"]
    return [f"        {expression}", f"            as {alias},"]


def unparsed(made: Proposal, place: Coordinates) -> list[str]:
    """Whether a published time or coordinate could not be read."""
    checks = []
    for name, alias in published_times(made).items():
        if clock := made.clocks.get(name):
            inside = f"'{raw_name(clock)}', {clock_expression(made, name)}"
            checks.append(on_lines(f"{{{{ is_unparsed({inside}) }}}}", 3))
            inside = f"'{raw_name(name)}', {day_inside(made, name)}"
            checks.append(on_lines(f"{{{{ is_unparsed({inside}) }}}}", 3))
        else:
            checks.append(f"{{{{ is_unparsed('{raw_name(name)}', '{alias}') }}}}")
    checks += place.unparsed
    if not checks:
        return ["        false as has_unparsed_values,"]
    lines = [f"        {checks[0]}", *(f"        or {check}" for check in checks[1:])]
    return [*lines, "            as has_unparsed_values,"]


def cleaned(name: str | None) -> str:
    return f"{{{{ clean_text('{raw_name(name)}') }}}}" if name else TEXT


def council(name: str | None) -> str:
    return f"{{{{ whole_number_code('{raw_name(name)}') }}}}" if name else TEXT


def address_column(made: Proposal) -> str | None:
    """The column of a block or an address."""
    for part in ("block", "address", "intersection", "location", "street"):
        for name in made.columns:
            plain = name.lower()
            if part in plain and not any(
                other in plain for other in ("type", "desc", "code", "group", "number")
            ):
                return name
    return None


def staging_sql(made: Proposal, city: str) -> str:
    """The model of the present rows."""
    more = ["        updated_at_local,"] if made.changed in made.columns else []
    body = [
        "with versions as (",
        "",
        f"    select * from {{{{ ref('base_{city}__incidents') }}}}",
        "",
        "),",
        "",
        "present as (",
        "",
        "    select",
        "        {{ incident_columns() | join(',\\n        ') }},",
        *more,
        "        window_month",
        "    from versions",
        "    where removed_at is null and replaced_at is null",
        "",
        ")",
        "",
        "select * from present",
        "",
    ]
    return header(city) + "\n".join(body)


def changes_sql(city: str) -> str:
    """The model of the log of changes."""
    call = f"staged_changes(source('{city}', 'incidents_changes'))"
    return header(city) + f"{{{{ {call} }}}}\n"
