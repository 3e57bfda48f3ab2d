"""What the warehouse must hold of the real rows, computed with pandas from the files.

Nothing here reads the warehouse or what the portal was given: only the files, as they
are, and the seeds.
"""

import json
import re
from pathlib import Path

import pandas as pd

from tests.support.expected import real_rows as real

SEEDS = Path(__file__).parents[3] / "seeds"

RAW_NAMES = {
    "chicago__recent_incidents": real.FIELDS_RECENT,
    "memphis__incidents": {
        "uid": "crime_id",
        "date": "offense_datetime",
        "offense_type": "ucr_description",
    },
}
FILES = {
    "san_francisco__incidents": [real.SAN_FRANCISCO_2018, real.SAN_FRANCISCO_2019],
    "chicago__incidents": [real.CHICAGO],
    "chicago__recent_incidents": [real.CHICAGO_RECENT],
    "memphis__incidents": [real.MEMPHIS],
    "cambridge__incidents": [real.CAMBRIDGE],
}
COMMUNITY_AREAS = "chicago/community_areas_wkt.csv.gz"
STATUTE = re.compile(r" C\d+ S\d+.*$")


def read(name: str) -> pd.DataFrame:
    """A file's cells as text, missing ones null."""
    if name.endswith(".json"):
        return pd.DataFrame(json.loads((real.DATA / name).read_text()))
    return pd.read_csv(
        real.DATA / name, dtype=str, keep_default_na=False, na_values=[""]
    )


def community_areas() -> dict[float, str]:
    """Names by number, from the city's own list, which writes them in capitals."""
    listed = read(COMMUNITY_AREAS)
    names = listed.COMMUNITY.replace("OHARE", "O'HARE").str.title()
    names = names.replace({"O'Hare": "O'Hare", "Mckinley Park": "McKinley Park"})
    return dict(zip(listed.AREA_NUMBE.astype(float), names, strict=True))


def file_rows(dataset: str) -> pd.DataFrame:
    """All rows of a data set's files, under the names of the raw table's columns."""
    names = RAW_NAMES.get(dataset, {})
    frames = [
        read(name).rename(columns=lambda c: names.get(c, c.lower().replace(" ", "_")))
        for name in FILES[dataset]
    ]
    return pd.concat(frames, ignore_index=True)


def seed(name: str) -> pd.DataFrame:
    return pd.read_csv(
        SEEDS / f"{name}.csv", dtype=str, keep_default_na=False, na_values=[""]
    )


def san_francisco() -> pd.DataFrame:
    rows = file_rows("san_francisco__incidents")
    # The time column, not the date-time that is loaded: each must say the same.
    day = rows.incident_date.str[:10].str.replace("/", "-")
    occurred = pd.to_datetime(day + " " + rows.incident_time, format="%Y-%m-%d %H:%M")
    is_export = rows.report_datetime.str.contains("/")
    reported = pd.concat(
        [
            pd.to_datetime(
                rows.report_datetime[is_export], format="%Y/%m/%d %I:%M:%S %p"
            ),
            pd.to_datetime(rows.report_datetime[~is_export]),
        ]
    )
    by_kind = rows.incident_category.isin(["Assault", "Homicide"])
    return pd.DataFrame(
        {
            "city": "san_francisco",
            "row_id": rows.row_id,
            "incident_number": rows.incident_number,
            "counting_id": rows.incident_number,
            "is_supplement": rows.report_type_description.str.contains("Supplement"),
            "occurred_at_local": occurred,
            "reported_at_local": reported,
            "incident_category": rows.incident_category,
            "incident_subcategory": rows.incident_subcategory,
            "incident_description": rows.incident_description,
            "offense_code": rows.incident_category.mask(
                by_kind, rows.incident_subcategory
            ),
            "resolution": rows.resolution,
            "filing_status": rows.filed_online.isna().map(
                {True: "Filed by SFPD", False: "Filed Online"}
            ),
            "is_arrest": rows.resolution.isin(
                ["Cite or Arrest Adult", "Cite or Arrest Juvenile"]
            ),
            "police_district": rows.police_district,
            # The files are older than the column of the lines of 2012.
            "council_district": None,
            "present_council_district": rows.supervisor_district,
            "report_type": rows.report_type_description,
            "published_offense_code": rows.incident_code,
            "neighborhood": rows.analysis_neighborhood,
            "place": rows.intersection,
            "latitude": rows.latitude,
            "longitude": rows.longitude,
        }
    )


def chicago() -> pd.DataFrame:
    rows = file_rows("chicago__incidents")
    return pd.DataFrame(
        {
            "city": "chicago",
            "row_id": rows.id,
            "incident_number": rows.case_number,
            "counting_id": rows.id,
            "is_supplement": False,
            "occurred_at_local": pd.to_datetime(rows.date),
            "incident_category": rows.primary_type,
            "incident_description": rows.description,
            "published_offense_code": rows.iucr.str.zfill(4),
            "offense_code": rows.fbi_code,
            "is_arrest": rows.arrest == "True",
            "is_domestic": rows.domestic == "True",
            "police_district": rows.district.astype(int).map("{:03}".format),
            "beat": rows.beat.astype(int).map("{:04}".format),
            "council_district": rows.ward.astype(float).map("{:.0f}".format),
            "present_council_district": rows.ward.astype(float).map("{:.0f}".format),
            "location_kind": rows.location_description,
            "neighborhood": rows.community_area.astype(float).map(community_areas()),
            "place": rows.block,
            "latitude": rows.latitude,
            "longitude": rows.longitude,
        }
    )


def memphis() -> pd.DataFrame:
    rows = file_rows("memphis__incidents")
    return pd.DataFrame(
        {
            "city": "memphis",
            "incident_number": rows.crime_id,
            "counting_id": rows.crime_id,
            "is_supplement": False,
            "occurred_at_local": pd.to_datetime(rows.offense_datetime),
            "incident_category": "ROBBERY",
            "incident_description": rows.ucr_description.str.upper(),
            "offense_code": "ROBBERY",
            "latitude": rows.latitude,
            "longitude": rows.longitude,
        }
    )


def cambridge() -> pd.DataFrame:
    rows = file_rows("cambridge__incidents")
    return pd.DataFrame(
        {
            "city": "cambridge",
            "incident_number": rows.id,
            "counting_id": rows.id,
            "is_supplement": False,
            "occurred_at_local": pd.to_datetime(rows.date_time),
            "incident_category": rows.type,
            "incident_subcategory": rows.subtype,
            "published_offense_code": rows.subtype.str.extract(r" (C\d+ S\d+.*)$")[0],
            "offense_code": rows.subtype.str.replace(STATUTE, "", regex=True),
            "is_arrest": rows.type == "ARREST",
            "place": rows.location,
        }
    )


def recent_facts() -> pd.DataFrame:
    """Chicago's table of the last year, which is staged and goes no further."""
    rows = file_rows("chicago__recent_incidents")
    return pd.DataFrame(
        {
            "city": "chicago",
            "incident_number": rows.case_,
            "occurred_at_local": pd.to_datetime(
                rows.date_of_occurrence, format="%m/%d/%Y %I:%M:%S %p"
            ),
            "incident_category": rows._primary_decsription,
            "incident_description": rows._secondary_description,
            "location_kind": rows._location_description,
            "offense_code": rows.fbi_cd,
            "published_offense_code": rows._iucr,
            "is_arrest": rows.arrest == "True",
            "is_domestic": rows.domestic == "True",
            "place": rows.block,
            # The file has no beats, which the table's districts would follow from.
            **dict.fromkeys(["beat", "police_district", "council_district"]),
            **dict.fromkeys(["latitude", "longitude", "coordinates"]),
        }
    )


def facts() -> pd.DataFrame:
    """Every row of the four cities with what the fact makes of it."""
    rows = pd.concat([san_francisco(), chicago(), memphis(), cambridge()])
    rows = rows.reset_index(drop=True)
    rows["key"] = rows.city + ":" + rows.row_id.fillna(rows.incident_number)
    rows["occurred_date"] = rows.occurred_at_local.dt.date
    rows["report_date"] = rows.reported_at_local.dt.date
    rows["hour_of_day"] = rows.occurred_at_local.dt.hour
    rows["minute_of_hour"] = rows.occurred_at_local.dt.minute
    rows["time_of_day"] = rows.hour_of_day.map(
        lambda hour: ["night", "morning", "afternoon", "evening"][hour // 6]
    )
    rows["day_of_week_name"] = rows.occurred_at_local.dt.day_name()
    rows["day_of_week_iso"] = rows.occurred_at_local.dt.isocalendar().day
    rows["coordinates"] = rows.latitude + ", " + rows.longitude
    rows["latitude"] = rows.latitude.astype(float)
    rows["longitude"] = rows.longitude.astype(float)
    rows["is_counted"] = rows.index.isin(counted(rows))
    rows = with_offense(with_holiday(rows))
    rows["supervisor_name"] = rows.key.map(members(rows))
    return rows


def counted(rows: pd.DataFrame) -> pd.Index:
    """The first row of each incident that is no supplement, ids taken as numbers."""
    number = pd.to_numeric(rows.row_id).fillna(0)
    ordered = rows.assign(number=number).loc[~rows.is_supplement]
    ordered = ordered.sort_values(["city", "counting_id", "number"])
    return ordered.drop_duplicates(["city", "counting_id"]).index


def with_holiday(rows: pd.DataFrame) -> pd.DataFrame:
    holidays = seed("holidays")
    holidays["occurred_date"] = pd.to_datetime(holidays.holiday_date).dt.date
    holidays = holidays[["city", "occurred_date", "holiday_name"]]
    return rows.merge(holidays, "left", ["city", "occurred_date"], validate="m:1")


def with_offense(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the offense's group; codes are compared in capitals for Cambridge."""
    offenses = seed("offense_categories")
    names = ["city", "offense_code", "offense_group", "is_violent", "is_property"]
    for name in names[3:]:
        offenses[name] = offenses[name].map({"true": True, "false": False})
    code = rows.offense_code.mask(
        rows.city == "cambridge", rows.offense_code.str.upper()
    )
    rows = rows.assign(offense_code=code)
    return rows.merge(offenses[names], "left", names[:2], validate="m:1")


def members(rows: pd.DataFrame) -> dict[str, str]:
    """Who sat for the row's council district on its day, by the row's key."""
    day = rows.occurred_date.astype(str)
    terms = seed("council_districts").fillna({"valid_to": "9999-12-31"})
    pairs = rows.assign(day=day).merge(terms, on=["city", "council_district"])
    pairs = pairs[(pairs.day >= pairs.valid_from) & (pairs.day < pairs.valid_to)]
    return dict(zip(pairs.key, pairs.member_name, strict=True))


def days(rows: pd.DataFrame) -> pd.DataFrame:
    """Each day of a city before its last: city, date, rows, incidents, holiday, kind.

    Days before a city's first report, which show late reports only, are left out.
    """
    holidays = seed("holidays").rename(columns={"holiday_date": "date"})
    found = []
    for city, its in rows.groupby("city"):
        first = its.report_date.min() if city == "san_francisco" else None
        span = pd.date_range(
            first or its.occurred_date.min(), its.occurred_date.max(), inclusive="left"
        )
        counts = its.groupby("occurred_date").is_counted.agg(["size", "sum"])
        counts = counts.reindex(span.date, fill_value=0)
        counts.columns = ["rows", "incidents"]
        found.append(counts.assign(city=city, date=[str(day) for day in counts.index]))
    return pd.concat(found).merge(holidays, "left", ["city", "date"], validate="m:1")


def holiday_means(rows: pd.DataFrame) -> dict[tuple, tuple[int, int, int]]:
    """Days, rows and incidents by (city, group, holiday, whether its day off).

    A holiday that was renamed has its present name.
    """
    totals, renamed = {}, {}
    for one in seed("holiday_renamings").itertuples():
        renamed[one.city, one.former_name] = one.holiday_name
    for city, its in days(rows).groupby("city"):
        holidays = its[its.holiday_name.notna()]
        totals[city, "all_holidays", None, None] = holidays
        totals[city, "other_days", None, None] = its[its.holiday_name.isna()]
        for (name, kind), one in holidays.groupby(["holiday_name", "kind"]):
            name = renamed.get((city, name), name)
            totals[city, "one_holiday", name, kind == "observed"] = one
    return {
        group: (len(one), int(one.rows.sum()), int(one.incidents.sum()))
        for group, one in totals.items()
        if len(one)
    }
