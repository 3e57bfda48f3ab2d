"""A city's incidents as small files for the site's script, one per year.

A file is gzipped little-endian columns, one after another: the number of incidents on
each day of the year (uint32); then, for each incident in order of days, its code in
each of `DIMENSIONS` (uint8, or uint16 if there are more than 255 labels), its hour
(uint8, 24 if unknown) and FLAGS (uint8). Code 0 means that nothing was published.
"""

import gzip
import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

# What the site filters and counts by, and the column of `fct_incidents` for each.
DIMENSIONS = {
    "category": "incident_category",
    "district": "police_district",
    "neighborhood": "neighborhood",
    "resolution": "resolution",
}

# Shown instead of the neighborhood of sensitive incidents.
WITHHELD = "Withheld for privacy"

INCIDENTS = f"""
    select * replace (
        case
            when neighborhood is null then null
            when offense_group in (
                select offense_group from dim_offense_categories where is_sensitive
            ) then '{WITHHELD}'
            else neighborhood
        end as neighborhood
    )
    from fct_incidents
    where city = $city and is_counted and occurred_date between $first and $last
"""

CODED = """
    with incidents as ({incidents})

    select
        occurred_date,
        {codes},
        coalesce(hour_of_day, 24) as hour,
        -- FLAGS: violent, property, arrested, and whether it is known if arrested
        coalesce(is_violent, false)::int
        + 2 * coalesce(is_property, false)::int
        + 4 * coalesce(is_arrest, false)::int
        + 8 * (is_arrest is not null)::int as flags
    from incidents
    {joins}
    order by all
"""


@dataclass(frozen=True)
class Packed:
    """What a page needs to know about a city's files."""

    labels: dict[str, list[str]]
    """Each dimension's labels, the most frequent first; their codes start at 1."""
    years: list[dict[str, Any]]
    """`year`, `file`, `rows`, and how many `bytes` each dimension's codes take."""


def pack(
    db: duckdb.DuckDBPyConnection, city: str, first: date, last: date, folder: Path
) -> Packed:
    """Write a city's files into a folder.

    Args:
        db: Has `fct_incidents`.
        first: The first day; late reports of days before it are left out.
        last: The last day.
    """
    labels = {
        name: labels_of(db, column, {"city": city, "first": first, "last": last})
        for name, column in DIMENSIONS.items()
    }
    years = []
    for year in range(first.year, last.year + 1):
        start = max(first, date(year, 1, 1))
        end = min(last, date(year, 12, 31))
        rows = coded_rows(db, city, labels, start, end)
        years.append(write_year(rows, labels, year, folder))
    return Packed(labels, years)


def labels_of(
    db: duckdb.DuckDBPyConnection, column: str, values: dict[str, Any]
) -> list[str]:
    """The values of a column, the most frequent first."""
    found = db.execute(
        f"with incidents as ({INCIDENTS}) select {column} from incidents "
        f"where {column} is not null group by 1 order by count(*) desc, 1",
        values,
    ).fetchall()
    return [label for (label,) in found]


def coded_rows(
    db: duckdb.DuckDBPyConnection,
    city: str,
    labels: dict[str, list[str]],
    first: date,
    last: date,
) -> dict[str, np.ndarray]:
    """The incidents of some days as codes, sorted by day, then by everything else."""
    codes, joins = [], []
    for name, column in DIMENSIONS.items():
        table = pa.table(
            {
                "label": pa.array(labels[name], pa.string()),
                "code": pa.array(range(1, len(labels[name]) + 1), pa.int32()),
            }
        )
        db.register(f"{name}_labels", table)
        codes.append(f"coalesce({name}_labels.code, 0) as {name}")
        joins.append(f"left join {name}_labels on {column} = {name}_labels.label")
    sql = CODED.format(
        incidents=INCIDENTS, codes=", ".join(codes), joins=" ".join(joins)
    )
    values = {"city": city, "first": first, "last": last}
    found = db.execute(sql, values).fetchnumpy()
    return {name: v for name, v in found.items() if isinstance(v, np.ndarray)}


def write_year(
    rows: dict[str, np.ndarray], labels: dict[str, list[str]], year: int, folder: Path
) -> dict[str, Any]:
    """Write one year's file, and describe it for the script.

    Its name has a digest of its content, so that a page from an older publication never
    reads a newer file, whose codes may mean something else.
    """
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    offsets = rows["occurred_date"].astype("datetime64[D]") - np.datetime64(
        date(year, 1, 1), "D"
    )
    per_day = np.bincount(offsets.astype(int), minlength=days)
    sizes = {name: 1 if len(known) < 256 else 2 for name, known in labels.items()}
    parts = [per_day.astype("<u4")]
    parts += [rows[name].astype(f"<u{sizes[name]}") for name in DIMENSIONS]
    parts += [rows["hour"].astype("u1"), rows["flags"].astype("u1")]
    content = gzip.compress(b"".join(part.tobytes() for part in parts), 6, mtime=0)
    name = f"{year}-{hashlib.sha256(content).hexdigest()[:12]}.bin"
    (folder / name).write_bytes(content)
    return {"year": year, "file": name, "rows": int(per_day.sum()), "bytes": sizes}
