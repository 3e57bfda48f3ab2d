"""Add a city's rows to the seeds: sorted in, all other lines as they are."""

import csv
import io
import re

from pipelines.onboarding.proposal import Proposal

NO_DISCLAIMER = (
    "The publisher states none. A row is a report to the police, not a proved crime."
)


def records(text: str) -> list[str]:
    """The lines of a CSV, those that a quoted value runs over as one."""
    found: list[str] = []
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if pending.count('"') % 2 == 0:
            found.append(pending)
            pending = ""
    return [*found, pending] if pending else found


def cells(record: str) -> list[str]:
    return next(csv.reader(io.StringIO(record)))


def with_rows(text: str, rows: list[dict[str, str]], key: int) -> str:
    """A seed with rows added at their places in the order of their first columns.

    Args:
        key: How many columns make up the key.
    """
    header, *held = records(text)
    names = cells(header)
    if held and not held[-1].endswith("\n"):
        held[-1] += "\n"
    for row in rows:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(
            [row.get(name, "") for name in names]
        )
        mine = [row[name] for name in names[:key]]
        place = sum(cells(other)[:key] < mine for other in held)
        held.insert(place, out.getvalue())
    return "".join([header, *held])


def city_row(made: Proposal, city: str) -> dict[str, str]:
    """The row of `cities.csv`; blank what is for a person to fill in."""
    west, south, east, north = made.place.box or ("", "", "", "")
    population = made.options.population
    todo = ["county_fips"]
    if not population:
        todo = ["population", *todo]
    if not made.options.state:
        todo = ["state_code", *todo]
    if not made.place.box:
        todo.append("the box")
    note = f"TODO(you): fill in {', '.join(todo)}."
    if made.stands_for_occurrence:
        note += " The day is that of the report: no other is published."
    if made.missing:
        note += f" The publisher says: {made.missing}"
    return {
        "city": city,
        "city_name": made.options.name,
        "state_code": (made.options.state or "").upper(),
        "time_zone": made.zone,
        "population": str(population or ""),
        "population_year": "2020" if population else "",
        "county_fips": "",
        "first_year": str(made.first_year or ""),
        "portal_url": re.sub(r"^(https?://[^/]+).*", r"\1", made.address.page),
        "west": str(west),
        "south": str(south),
        "east": str(east),
        "north": str(north),
        "publishes_nibrs_codes": str(made.offense.code is not None).lower(),
        "grain": grain_of(made),
        "note": note,
        "council_note": "",
    }


def grain_of(made: Proposal) -> str:
    """What there is a row for, in a sentence."""
    found = made.finding("grain")
    rows = float(found.value) if found else 1.0
    if rows <= 1.0:
        return "One row per report."
    return f"One row per part of a report, {rows:.2f} on average."


def publisher_row(made: Proposal, city: str) -> dict[str, str]:
    """The row of `publishers.csv`; what is not published is said to be so."""
    license, by = made.finding("license"), made.finding("attribution")
    name = str(by.value if by else "") or f"City of {made.options.name}"
    left_out = [n for n, why in made.left_out.items() if "persons" in why]
    note = "Columns that name or describe persons are never requested."
    return {
        "dataset": f"{city}__incidents",
        "publisher": name[:300],
        "url": made.address.page,
        "licence": str(license.value if license else "")[:300] or "Not stated",
        "attribution": name[:300],
        "disclaimer": made.seen.described.disclaimer[:300] or NO_DISCLAIMER,
        "retrieval_note": note if left_out else "",
        "coverage_from": "",
        "coverage_to": "",
    }


def holiday_rows(made: Proposal, city: str) -> list[dict[str, str]]:
    """The rows of `holidays.csv`: the state's; none while the state is not known."""
    from pipelines.onboarding import holidays

    if not made.options.state:
        return []
    rows = holidays.city_rows(city, made.options.state.upper())
    return [dict(zip(holidays.HEADER, row, strict=True)) for row in rows]


def offense_rows(made: Proposal, city: str) -> list[dict[str, str]]:
    """Rows of `offense_categories.csv` for values named like a NIBRS offense, and for
    codes of the city's own that stand for none."""
    if made.offense.code:
        return [
            {
                "city": city,
                "offense_code": code,
                "offense_group": "Not a NIBRS offense",
                "crime_against": "none",
                "is_violent": "false",
                "is_property": "false",
                "note": "A code of the city's, which NIBRS has not.",
            }
            for code in made.offense.no_crimes
        ]
    return [
        {
            "city": city,
            "offense_code": value,
            "nibrs_code": offense.code,
            "note": "By its words.",
        }
        for value, offense in sorted(made.offense.mapped.items())
    ]
