"""Counts of a city's incidents, from which its pages are written.

A file of incidents that did not change has the same counts, so they are kept by what
they were counted from: a day counts only the files that it changed.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

# What the site filters and counts by, and the column of `fct_incidents` for each.
DIMENSIONS = {
    "category": "incident_category",
    "district": "police_district",
    "neighborhood": "neighborhood",
    "resolution": "resolution",
}

# What else is counted of an incident.
COUNTED = [
    *("city", "occurred_date", "hour_of_day", "is_violent", "is_property", "is_arrest"),
    *("present_council_district", "latitude"),
]

# Shown instead of the neighborhood of sensitive incidents.
WITHHELD = "Withheld for privacy"

# The incidents as pages show them.
SHOWN = f"""
    select * replace (
        case
            when neighborhood is null then null
            when offense_group in (
                select offense_group from dim_offense_categories where is_sensitive
            ) then '{WITHHELD}'
            else neighborhood
        end as neighborhood
    )
    from {{incidents}}
    where is_counted
"""

DAYS = """
    select
        counted_from,
        city,
        occurred_date,
        police_district,
        count(*) as incidents,
        count(*) filter (is_violent) as violent,
        count(*) filter (is_property) as property,
        count(*) filter (is_arrest) as arrests,
        count(is_arrest) as known,
        count(hour_of_day) as with_hour,
        count(neighborhood) as with_neighborhood,
        count(present_council_district) as with_council_district,
        count(latitude) as with_coordinates
    from shown
    group by all
"""

LABELS = " union all ".join(
    f"""
    select
        counted_from,
        city,
        '{dimension}' as dimension,
        {column} as label,
        min(occurred_date) as first_day,
        max(occurred_date) as last_day
    from shown
    where {column} is not null
    group by all
    """
    for dimension, column in DIMENSIONS.items()
)

# What is counted, by the name under which it can be queried.
SUMMARIES = {"incident_days": DAYS, "incident_labels": LABELS}

SUMMED = " union all by name ".join(
    f"select '{name}' as summary, * from ({sql})" for name, sql in SUMMARIES.items()
)

# How many files to count at a time: what is counted of their rows is held in memory.
FILES = 10


@dataclass(frozen=True)
class IncidentFile:
    """A file of `fct_incidents`."""

    path: Path
    sha256: str
    city: str | None
    """Of all its rows; None if they may be of several."""
    year: int | None


def count(db: duckdb.DuckDBPyConnection) -> None:
    """Count all incidents of a database that has `fct_incidents`."""
    show(db, "(select *, '' as counted_from from fct_incidents)")
    db.execute(f"create or replace table summed as {SUMMED}")
    name_them(db)


def count_files(
    db: duckdb.DuckDBPyConnection,
    files: list[IncidentFile],
    categories: str,
    kept: Path,
) -> None:
    """Count the incidents of files, but for those of which the counts are kept.

    Args:
        categories: A digest of `dim_offense_categories`.
        kept: Where counts are kept; in the end those of these files alone.
    """
    keys = [kept_by(categories, file) for file in files]
    paths = [str(file.path) for file in files]
    db.register("keys", pa.table({"path": paths, "counted_from": keys}))
    show(db, "(select *, '' as counted_from from fct_incidents where false)")
    db.execute(f"create or replace table summed as {SUMMED}")
    if kept.exists():
        db.execute(
            f"insert into summed by name from read_parquet('{kept}') "
            "where counted_from in (select counted_from from keys)"
        )
    held = {key for (key,) in db.sql("select counted_from from summed").fetchall()}
    ahead = [path for path, key in zip(paths, keys, strict=True) if key not in held]
    for at in range(0, len(ahead), FILES):
        show(db, counted_from(ahead[at : at + FILES]))
        db.execute(f"insert into summed by name {SUMMED}")
    kept.parent.mkdir(exist_ok=True)
    fresh = kept.with_suffix(".new")
    db.execute(f"copy (from summed order by all) to '{fresh}' (format parquet)")
    os.replace(fresh, kept)
    name_them(db)


def kept_by(categories: str, file: IncidentFile) -> str:
    """A digest of all that the counts of a file depend on."""
    told = json.dumps([SHOWN, SUMMED, COUNTED, categories, file.sha256])
    return hashlib.sha256(told.encode()).hexdigest()


def counted_from(paths: list[str]) -> str:
    """SQL for the rows of files, with the keys of their counts."""
    places = ", ".join(f"'{path}'" for path in paths)
    rows = f"read_parquet([{places}], filename = true, hive_partitioning = false)"
    return (
        f"(select rows.*, keys.counted_from from {rows} as rows "
        "inner join keys on rows.filename = keys.path)"
    )


def show(db: duckdb.DuckDBPyConnection, incidents: str) -> None:
    """Make the table `shown` of what is counted of some incidents."""
    columns = ", ".join(["counted_from", *DIMENSIONS.values(), *COUNTED])
    shown = SHOWN.format(incidents=incidents)
    db.execute(f"create or replace temp table shown as select {columns} from ({shown})")


def name_them(db: duckdb.DuckDBPyConnection) -> None:
    """Have each summary under its name."""
    db.execute("drop table shown")
    for name in SUMMARIES:
        db.execute(
            f"create or replace view {name} as from summed where summary = '{name}'"
        )
