"""The cities' lists of their council members, according to the seeds on a given day.

Only the spelling is made up, and differs from the seeds: the surname may come first,
and a second name may be an initial.
"""

import csv
from datetime import date
from pathlib import Path

SEED = Path(__file__).parents[2] / "seeds" / "council_districts.csv"


def rows(city: str, day: date, district: str, member: str) -> list[dict[str, str]]:
    """One row per seat, with the given column names; a vacant seat has no member."""
    with SEED.open(encoding="utf-8", newline="") as file:
        terms = [row for row in csv.DictReader(file) if row["city"] == city]
    today = day.isoformat()
    return [
        {district: row["council_district"], member: spelled(row["member_name"])}
        for row in terms
        if row["valid_from"] <= today < (row["valid_to"] or "9999")
    ]


def spelled(name: str) -> str:
    """A name as a list may spell it: every other one with the surname first."""
    given, _, family = name.partition(" ")
    return name if len(name) % 2 else f"{family}, {given} Q."
