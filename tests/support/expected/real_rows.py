"""Real rows, out of the files in `../shared/data`, as their portals publish them.

The files lie beside the repository because their licenses differ from its own. Some
were saved by spreadsheets or by pandas: what that changed is put back here, and nothing
else. Values that a file lacks are left out, as a portal leaves out nulls.
"""

import ast
import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.support import needs

DATA = Path(__file__).parents[4] / "shared" / "data"

SAN_FRANCISCO_2018 = "sf/incidents_2018-12-01_2018-12-20.csv.gz"
SAN_FRANCISCO_2019 = "sf/soda_rows_2019-11_a.json"
CHICAGO = "chicago/crimes_full_columns_2025-01_1000.csv"
CHICAGO_RECENT = "chicago/crimes_2026-05-25_2026-06-03.csv"
CAMBRIDGE = "cambridge/daily_police_log_excerpt_20_rows.csv"
MEMPHIS = "memphis/personal_robberies_2019_jan_aug.csv"
SNAPSHOTS = "sf/daily_points"

Row = dict[str, Any]

DATES_2018 = ("incident_datetime", "report_datetime")

FIELDS_RECENT = {
    "Case Number": "case_",
    "Date": "date_of_occurrence",
    "Block": "block",
    "IUCR": "_iucr",
    "Primary Type": "_primary_decsription",
    "Description": "_secondary_description",
    "Location Description": "_location_description",
    "Arrest": "arrest",
    "Domestic": "domestic",
    "FBI Code": "fbi_cd",
}


def need_data() -> None:
    """Skip where the files are not beside the repository."""
    if not DATA.is_dir():
        needs.REAL_ROWS.skip()


def san_francisco_2018() -> list[Row]:
    """7,962 rows of a spreadsheet export: 12-hour dates, headers for people."""
    rows = []
    for line in read_csv(SAN_FRANCISCO_2018):
        row = {name.lower().replace(" ", "_"): text for name, text in line.items()}
        for name in DATES_2018:
            row[name] = iso(datetime.strptime(row[name], "%Y/%m/%d %I:%M:%S %p"))
        row["incident_date"] = iso(datetime.strptime(row["incident_date"], "%Y/%m/%d"))
        if "point" in row:
            latitude, longitude = row["point"].strip("()").split(", ")
            row["point"] = f"POINT ({longitude} {latitude})"
        rows.append(row)
    return rows


def san_francisco_2019() -> list[Row]:
    """500 rows as the portal sent them in JSON: booleans, points, nulls left out."""
    return json.loads((DATA / SAN_FRANCISCO_2019).read_text())


def chicago() -> list[Row]:
    """1,000 rows saved by pandas: whole numbers had become floats and lost zeros."""
    rows = []
    for line in read_csv(CHICAGO):
        row: Row = dict(line)
        for name in ("ward", "community_area", "x_coordinate", "y_coordinate"):
            if name in row:
                row[name] = row[name].removesuffix(".0")
        row["beat"], row["district"] = row["beat"].zfill(4), row["district"].zfill(3)
        row["arrest"], row["domestic"] = row["arrest"].lower(), row["domestic"].lower()
        if "location" in row:
            row["location"] = ast.literal_eval(row["location"])
        rows.append(row)
    return rows


def chicago_recent() -> list[Row]:
    """6,201 rows of the last year's table, which answers questions with Y and N."""
    rows = []
    for line in read_csv(CHICAGO_RECENT):
        row = {FIELDS_RECENT[k]: v for k, v in line.items() if k in FIELDS_RECENT}
        moment = datetime.strptime(row["date_of_occurrence"], "%m/%d/%Y %I:%M:%S %p")
        row["date_of_occurrence"] = iso(moment)
        for name in ("arrest", "domestic"):
            row[name] = {"True": "Y", "False": "N"}[row[name]]
        rows.append(row)
    return rows


def cambridge() -> list[Row]:
    """20 rows of the police log, with the narratives that are never requested."""
    return list(read_csv(CAMBRIDGE))


def memphis() -> list[Row]:
    """1,506 robberies as features: the wall clock becomes epoch milliseconds, UTC."""
    rows = []
    for line in read_csv(MEMPHIS):
        local = datetime.fromisoformat(line["date"])
        instant = local.replace(tzinfo=ZoneInfo("America/Chicago"))
        rows.append(
            {
                "Crime_ID": line["uid"],
                "Offense_Datetime": int(instant.timestamp()) * 1000,
                "UCR_Category": "ROBBERY",
                "UCR_Description": line["offense_type"].upper(),
                "Latitude": line["latitude"],
                "Longitude": line["longitude"],
            }
        )
    return rows


@dataclass(frozen=True)
class Snapshot:
    """What San Francisco showed on one day of the rows of its last 90 days."""

    day: date
    points: dict[str, Row]
    """By row id: id, date (of the incident), category, lat, lng."""

    @property
    def oldest(self) -> str:
        """The first incident date that the snapshot covers."""
        return min(point["date"] for point in self.points.values())


def snapshots() -> Iterator[Snapshot]:
    """The 71 daily files, oldest first; three days between have none."""
    for path in sorted((DATA / SNAPSHOTS).glob("map_points_*.json.gz")):
        day = path.name.removeprefix("map_points_").removesuffix(".json.gz")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            points = {point["id"]: point for point in json.load(file)["points"]}
        yield Snapshot(date.fromisoformat(day), points)


def read_csv(name: str) -> Iterator[dict[str, str]]:
    """Lines of a file of `DATA` by its own headers, without the empty cells."""
    path = DATA / name
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            yield {field: text for field, text in line.items() if text}


def iso(moment: datetime) -> str:
    """Wall-clock time as SODA writes it."""
    return moment.isoformat(timespec="milliseconds")
