"""The incidents of raw rows by pandas alone: what the models are compared with.

Nothing here reads a model: a rule is written down a second time, from what the
publishers say of their columns.
"""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd

SEEDS = Path(__file__).parents[3] / "seeds"
TEXTS = ("category", "district", "council", "neighborhood", "beat", "place")


def cleaned(rows):
    """Text without blanks around; None where there is none."""
    return rows.map(
        lambda text: (text.strip() or None) if isinstance(text, str) else None
    )


def community_areas():
    seed = pd.read_csv(SEEDS / "neighborhoods.csv", dtype=str)
    return seed.set_index("neighborhood_code").neighborhood


def san_francisco(rows):
    code = rows.incident_subcategory.fillna(rows.incident_category)
    two = rows.incident_category.isin(["Assault", "Homicide"])
    return pd.DataFrame(
        {
            "incident": rows.incident_number,
            "supplement": rows.report_type_code.isin(["IS", "VS"]),
            "time": pd.to_datetime(rows.incident_datetime),
            "reported": pd.to_datetime(rows.report_datetime).dt.date,
            "category": rows.incident_category,
            "code": code.where(two, rows.incident_category),
            "arrest": rows.resolution.str.startswith("Cite or Arrest"),
            "district": rows.police_district,
            "council": rows.supervisor_district,
            "neighborhood": rows.analysis_neighborhood,
            "place": rows.intersection,
        }
    )


def chicago(rows):
    return pd.DataFrame(
        {
            "incident": rows.row_id,
            "time": pd.to_datetime(rows.date),
            "category": rows.primary_type,
            "code": rows.fbi_code,
            "arrest": rows.arrest == "true",
            "district": rows.district.str.zfill(3),
            "council": rows.ward,
            "neighborhood": rows.community_area.map(community_areas()),
            "beat": rows.beat.str.zfill(4),
            "place": rows.block,
        }
    )


def memphis(rows):
    instants = pd.to_numeric(rows.offense_datetime).astype("Int64")
    instants = pd.to_datetime(instants, unit="ms", utc=True)
    return pd.DataFrame(
        {
            "incident": rows.crime_id,
            "time": instants.dt.tz_convert("America/Chicago").dt.tz_localize(None),
            "category": rows.ucr_category,
            "code": rows.ucr_category,
            "district": rows.precinct,
            "beat": rows.ward,
            "place": rows.street_address,
        }
    )


def cambridge(rows):
    statute = re.compile(r" +C[0-9]+[A-Z]* S ?[0-9].*$")
    return pd.DataFrame(
        {
            "incident": rows.id,
            "time": pd.to_datetime(rows.date_time),
            "category": rows.type,
            "code": rows.subtype.str.upper().str.replace(statute, "", regex=True),
            "arrest": rows.type == "ARREST",
            "place": rows.location.str.split("  ").str[0],
        }
    )


def incidents_of(raw: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """All rows of all cities in one shape; missing where nothing was published.

    Args:
        raw: Rows of raw tables by city, all text, `row_id` in.
    """
    read = (san_francisco, chicago, memphis, cambridge)
    parts = []
    for make in read:
        rows = cleaned(raw[make.__name__]).reset_index(drop=True)
        parts.append(make(rows).assign(city=make.__name__, row_id=rows.row_id))
    rows = pd.concat(parts, ignore_index=True)
    rows["supplement"] = rows.supplement.fillna(False).astype(bool)
    rows["incident"] = rows.incident.fillna(rows.row_id)
    rows["day"], rows["hour"] = rows.time.dt.date, rows.time.dt.hour
    rows["month"] = rows.time.dt.to_period("M").dt.start_time.dt.date
    violent = pd.read_csv(SEEDS / "offense_categories.csv", dtype=str)
    violent = violent[violent.is_violent == "true"]
    violent = set(zip(violent.city, violent.offense_code, strict=True))
    rows["violent"] = [key in violent for key in zip(rows.city, rows.code, strict=True)]
    rows["length"] = rows.row_id.str.len()
    rows = rows.sort_values(["supplement", "length", "row_id"])
    rows["counted"] = ~rows.duplicated(["city", "incident"]) & ~rows.supplement
    arrested = rows[rows.arrest.eq(True)].groupby(["city", "incident"]).size()
    rows["arrested"] = [
        key in arrested.index for key in zip(rows.city, rows.incident, strict=True)
    ]
    return rows


def counts(rows, *by):
    """`{key: (rows, incidents)}`; missing text in the key is Unknown."""
    texts = [name for name in by if name in TEXTS]
    rows = rows.assign(**{name: rows[name].fillna("Unknown") for name in texts})
    sizes = rows.groupby(list(by)).counted.agg(["size", "sum"])
    return dict(
        zip(sizes.index, zip(sizes["size"], sizes["sum"], strict=True), strict=True)
    )


def calendar(rows):
    """The days of one city from its first to its last incident."""
    days = rows.day.dropna()
    length = (max(days) - min(days)).days
    return [min(days) + timedelta(n) for n in range(length + 1)]


def covered_from(rows):
    """The first day of which one city's incidents were read, not only late reports."""
    return rows.reported.dropna().min() if rows.reported.notna().any() else date.min


def two_decimals(number: Decimal) -> Decimal:
    return Decimal(number).quantize(Decimal("0.01"), ROUND_HALF_UP)


def dense_ranks(values):
    """1 for the largest; nothing for what has no value."""
    order = sorted({value for value in values.values() if value is not None})
    order.reverse()
    return {k: None if v is None else order.index(v) + 1 for k, v in values.items()}
