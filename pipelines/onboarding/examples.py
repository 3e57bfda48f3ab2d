"""A made-up row for a unit test, and what the base model makes of it."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pipelines.datasets.columns import raw_name
from pipelines.onboarding.expressions import clock_expression, is_utc
from pipelines.onboarding.models import published_times
from pipelines.onboarding.proposal import Proposal, is_unreadable, pattern_in

# Local noon, in winter, of a made-up row.
SHOWN = datetime(2025, 1, 15, 12, 30)


def example(made: Proposal) -> tuple[dict[str, str], dict[str, object]]:
    """A made-up row as published, and what the base model makes of it."""
    given, expected = {"row_id": "1"}, {"row_id": "1"}
    wanted: dict[str, object] = dict(expected)
    for name, alias in published_times(made).items():
        if is_unreadable(made, name):
            continue
        given[raw_name(name)] = published(made, name)
        wanted[alias] = f"{SHOWN:%Y-%m-%d %H:%M:%S}"
        if clock := made.clocks.get(name):
            is_hour = "'hour'" in clock_expression(made, name)
            given[raw_name(clock)] = "12" if is_hour else "12:30"
            wanted[alias] = f"{SHOWN:%Y-%m-%d} 12:{'00' if is_hour else '30'}:00"
    if made.offense.code:
        given[raw_name(made.offense.code)] = "13a"
        wanted |= {"offense_code": "13A", "published_offense_code": "13a"}
    elif made.offense.category:
        given[raw_name(made.offense.category)] = " Made up "
        wanted |= {"incident_category": "Made up", "offense_code": "MADE UP"}
    if district := made.areas.get("police_district"):
        given[raw_name(district)] = " Made up "
        wanted["police_district"] = "Made up"
        if raw_name(district) == raw_name(made.offense.category or ""):
            wanted["police_district"] = "Made up"
    wanted["has_unparsed_values"] = False
    return given, wanted


def published(made: Proposal, name: str) -> str:
    """The made-up moment as the portal writes it."""
    if made.address.platform == "arcgis":
        clock = ZoneInfo(made.zone) if made.times == "utc" else UTC
        return str(int(SHOWN.replace(tzinfo=clock).timestamp() * 1000))
    if pattern := pattern_in(made, name):
        return SHOWN.strftime(pattern)
    if is_utc(made, name):
        instant = SHOWN.replace(tzinfo=ZoneInfo(made.zone)).astimezone(UTC)
        is_carto = made.address.platform == "carto"
        return f"{instant:%FT%TZ}" if is_carto else f"{instant:%F %T}+00"
    return SHOWN.isoformat()


def flow(row: dict[str, str] | dict[str, object]) -> str:
    """A row of a unit test, in one line of YAML."""
    parts = (f"{key}: {json.dumps(value)}" for key, value in row.items())
    return "{" + ", ".join(parts) + "}"
