"""Ask a table, and put together how it can be declared."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from pipelines.datasets.columns import (
    DOTTED,
    IDENTIFIER,
    QUOTABLE,
    SYSTEM_COLUMNS,
    raw_name,
)
from pipelines.errors import ConfigError
from pipelines.onboarding import dates, keys, offenses, persons, zones
from pipelines.onboarding.addresses import Address
from pipelines.onboarding.clocks import clock_columns, clock_findings, suffix_finding
from pipelines.onboarding.facts import Finding
from pipelines.onboarding.offense_names import Offense
from pipelines.onboarding.options import Options, Project
from pipelines.onboarding.places import find_areas, find_coordinates
from pipelines.onboarding.proposal import Proposal
from pipelines.onboarding.publishing import publishing_findings, year_finding
from pipelines.onboarding.survey import first_look, look_closer
from pipelines.onboarding.tables import Description, Months, Table
from pipelines.onboarding.times import moments
from pipelines.onboarding.words import RESERVED, date_role


def propose(
    address: Address,
    table: Table,
    described: Description,
    options: Options,
    project: Project,
    now: datetime,
) -> Proposal:
    """Ask a table, and find out how it can be declared.

    Args:
        now: The time, without a zone.

    Raises:
        ConfigError: No column can be the key, or the date that windows use, or the zone
            is not known.
        PortalError: The portal does not answer, or has no rows.
    """
    platform = address.platform
    seen = first_look(table, described, platform)
    made = Proposal(address, seen, options)
    made.findings.append(Finding("platform", platform, address.url, "sure"))
    published, made.moving_window, made.missing = publishing_findings(seen.described)
    made.findings += published
    yearly = year_finding(address.url, seen.described.title, now.year)
    made.findings += [yearly] if yearly else []
    choose_dates(made, now)
    known = offenses.nibrs(project.seeds / "nibrs_offenses.csv")
    if made.window:
        asked = None if made.window_format else made.window
        look_closer(table, seen, asked, now, known)
    leave_out(made)
    made.place = find_coordinates(seen)
    leave_out_repeats(made)
    choose_zone(made, project)
    if platform in ("arcgis", "carto") and made.window and not made.window_format:
        made.times, made.literals, said = clock_findings(
            table, seen, made.window, ZoneInfo(made.zone), platform == "arcgis"
        )
        made.findings += said
    groups = made.window and not made.window_format
    choose_months(made, table.months(made.window or "") if groups else None, now)
    choose_key(made)
    choose_contents(made, known)
    made.columns = loaded_columns(made)
    return made


def choose_dates(made: Proposal, now: datetime) -> None:
    """The dates of window, occurrence, report and change."""
    seen, wanted = made.seen, made.options.window
    found = dates.candidates(seen, made.address.platform, now)
    given = next((c for c in found if c.name == wanted), None)
    if wanted and given is None:
        raise ConfigError(f"--window-column {wanted!r} is not a column of dates.")
    if given and not given.is_usable:
        raise ConfigError(
            f"--window-column {wanted!r} can't be: {given.shown}. Its text has no one "
            "pattern; add an export of the table to CSV instead."
        )
    window = given or dates.window_of(found)
    if window is None and made.address.platform == "file":
        said = "a file is read whole; no date shows its newest row"
        made.findings.append(Finding("window column", None, said, "asked"))
        return
    if window is None:
        listed = "; ".join(c.shown for c in found) or "it has no column of dates"
        raise ConfigError(
            f"No column of {made.address.url} can be the date that windows use: "
            f"{listed}. Add an export of it to CSV instead."
        )
    made.findings.append(dates.window_finding(found, window, given is not None))
    made.window = window.name
    made.window_format = dates.window_format_of(
        seen, window.name, made.address.platform
    )
    if made.window_format:
        why = f"nearly all dates of {window.name} have this form"
        made.findings.append(
            Finding("window format", made.window_format, why, "measured")
        )
    made.occurred = dates.occurred_of(found, window.name)
    reported = [c.name for c in found if c.role == "reported" and c.newest]
    is_report = date_role(window.name, seen.named(window.name).label) == "reported"
    made.reported = window.name if is_report else next(iter(reported), None)
    made.occurred = made.occurred or (None if made.reported else window.name)
    made.changed, made.loads = dates.change_of(found, seen)
    if made.changed:
        why = "the publisher's date of a row's last change"
        made.findings.append(Finding("change column", made.changed, why, "proposed"))
    made.clocks = clock_columns(seen, [c.name for c in found])
    for day, clock in made.clocks.items():
        why = f"{day} is always midnight; its time of day stands in {clock}"
        made.findings.append(Finding("clock apart", clock, why, "measured"))


def leave_out(made: Proposal) -> None:
    """Columns that name persons, accounts, and names that no query can have."""
    named = persons.person_columns(made.seen)
    accounts = persons.free_text_columns(made.seen, named)
    made.findings += persons.findings(named, accounts)
    for column, why in named.items():
        made.left_out[column] = f"names or describes persons, {why}"
    for column, why in accounts.items():
        made.left_out[column] = f"may name persons: {why}"
    shapes = {"ckan": QUOTABLE, "file": QUOTABLE, "arcgis": DOTTED}
    shape = shapes.get(made.address.platform, IDENTIFIER)
    raw: set[str] = set()
    for column in (c.name for c in made.seen.described.columns):
        plain = raw_name(column)
        if not shape.fullmatch(column) or not re.search("[a-z0-9]", plain):
            made.left_out.setdefault(column, "has a name that no query can have")
        elif plain in RESERVED:
            made.left_out.setdefault(column, "is named like a word of SQL")
        elif plain in SYSTEM_COLUMNS and plain != "row_id":
            made.left_out.setdefault(column, "has the name of a column of Blotter's")
        elif plain in raw:
            made.left_out.setdefault(column, "has another column's name in the table")
        elif column not in made.left_out:
            raw.add(plain)
    odd = [c for c, why in made.left_out.items() if "name" in why and why[:3] in HAS]
    if odd:
        why = "names that can't be used in a query or a table"
        made.findings.append(Finding("left out", odd, why, "sure"))
    if made.window in made.left_out:
        raise ConfigError(
            f"{made.window} would be the date that windows use, but it "
            f"{made.left_out[made.window]}: name another with --window-column."
        )


HAS = ("has", "is ")


def leave_out_repeats(made: Proposal) -> None:
    """Points that repeat columns of degrees."""
    if made.place.kind not in ("pair",):
        return
    for column in made.seen.described.columns:
        values = made.seen.column(column.name)
        like = [v for v in values if re.search(r"\(-?\d+\.\d+,? -?\d+\.\d+\)", v)]
        if column.kind in ("point", "other") or (values and len(like) == len(values)):
            said = "repeats latitude and longitude"
            made.left_out.setdefault(column.name, said)


def choose_zone(made: Proposal, project: Project) -> None:
    """The zone, as told or by state and points; checked by hours."""
    options = made.options
    if options.zone:
        name = zones.known_zone(options.zone)
        found: Finding | None = Finding("zone", name, "as told", "sure")
    else:
        states = project.seeds / "us_states.csv"
        found = zones.zone_of(options.state, made.place.middle, states)
    if found is None:
        raise ConfigError(
            "The time zone is not known: give --state with the state's postal code, "
            "such as WA, or --zone."
        )
    made.zone = str(found.value)
    local = [c for c in (made.window, made.occurred) if c]
    clocks = moments(
        row.get(local[0]) for row in made.seen.newest if local and local[0]
    )
    has_clock = made.address.platform in ("arcgis", "carto")
    if not has_clock:
        found = Finding(
            "zone",
            found.value,
            f"{found.evidence}; {zones.hours_fit(clocks)}",
            found.sure,
        )
    made.findings.append(found)
    if made.window and not has_clock:
        values = (row.get(made.window) for row in made.seen.newest)
        suffix = suffix_finding(values, made.window, ZoneInfo(made.zone))
        made.findings += [suffix] if suffix else []


def choose_months(made: Proposal, months: Months | None, now: datetime) -> None:
    """The first month to read."""
    dense = dates.first_dense(months, now.date()) if months else None
    if dense:
        made.backfill_from, why = dense
        made.findings.append(
            Finding("backfill from", made.backfill_from, why, "measured")
        )
    elif made.window:
        read = [m for m in moments(made.seen.column(made.window)) if m <= now]
        first = min(read, default=now).date().replace(day=1)
        made.backfill_from = first
        why = "the least date of the samples: the portal did not count by month"
        made.findings.append(Finding("backfill from", first, why, "asked"))
    made.first_year = made.backfill_from.year if made.backfill_from else None


def choose_key(made: Proposal) -> None:
    """The key, as told or by counts, and what incidents are counted by."""
    seen, wanted = made.seen, made.options.key
    published = {c.name for c in seen.described.columns}
    usable_dates = [d for d in (made.occurred, made.window) if d]
    counted = [n for n in seen.figures.different if n not in made.left_out]
    if unknown := [name for name in wanted if name not in published]:
        raise ConfigError(f"--key names {unknown[0]!r}, which is not a column.")
    if held := [name for name in wanted if name in made.left_out]:
        raise ConfigError(f"--key names {held[0]!r}, which is left out.")
    if wanted:
        is_unique = len(wanted) == 1 and keys.ratio(seen, wanted[0]) == 1.0
        said = Finding("key", wanted, "as told", "sure")
        key: keys.Key | None = keys.Key(list(wanted), is_unique, said)
    else:
        key = keys.find_key(seen, counted, set(made.left_out), usable_dates)
    if key is None:
        raise ConfigError(
            f"No column of {made.address.url} identifies a row: none is filled and "
            "named or counted like a key. Name one or several with --key."
        )
    made.key, made.key_is_unique = key.columns, key.is_unique
    made.findings.append(key.finding)
    made.counting, grain = keys.counting(seen, counted, key)
    made.findings.append(grain)


def choose_contents(made: Proposal, known: dict[str, Offense]) -> None:
    """What happened, and where."""
    left_out = set(made.left_out)
    made.areas, said = find_areas(made.seen, left_out)
    names = offenses.offense_columns(made.seen, left_out, made.areas.values())
    code = offenses.find_code(made.seen, names, known)
    made.offense = offenses.settle(made.seen, names, code, known)
    made.findings += made.offense.findings + said + [made.place.finding]


def loaded_columns(made: Proposal) -> list[str]:
    """What is requested: all that is not left out, and a layer's points."""
    published = (c.name for c in made.seen.described.columns)
    loaded = [name for name in published if name not in made.left_out]
    if made.place.kind == "points":
        loaded += ["geometry_x", "geometry_y"]
    return loaded
