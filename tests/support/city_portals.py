"""Sixteen cities on the demo's portal, each in its platform's form with its oddities.

Values are real rows of the folder beside the repository where there are some; what was
not in them, or only as a name, is drawn here. Columns that name persons hold made-up
names.
"""

import csv
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from demo.portal.server import Portal
from tests.support.city_tables import DALLAS, LOS_ANGELES, NIBRS, SEATTLE

DATA = Path(__file__).parents[3] / "shared" / "data" / "cities"

Record = dict[str, object]

# Reports by hour of day: few by night, most in the afternoon and evening.
HOURS = [5, 4, 3, 2, 1, 1, 2, 4, 6, 7, 7, 8, 9, 9, 9, 10, 11, 11, 10, 9, 8, 8, 7, 6]

FIRST, LAST = datetime(2025, 1, 1), datetime(2026, 11, 29)

NAMES = ["GOMEZ, EMILY", "SMITH, JOHN", "NGUYEN, ANH T", "O'NEIL, MARY", "LEE, BO"]


@dataclass(frozen=True)
class City:
    """A city's address and how it is published."""

    name: str
    state: str
    address: str
    publish: Callable[[Portal], None]


def sample(path: str) -> list[dict[str, str]]:
    """Rows of a published file."""
    with (DATA / path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class Draw:
    """Made-up values, the same in every run."""

    def __init__(self, seed: str):
        self.random = random.Random(seed)

    def one(self, values: list[str]) -> str:
        return self.random.choice(values)

    def moment(self) -> datetime:
        """A minute of the last two years, by the hours of reports."""
        day = FIRST + (LAST - FIRST) * self.random.random()
        hour = self.random.choices(range(24), HOURS)[0]
        minute, second = self.random.randrange(60), self.random.randrange(60)
        return day.replace(hour=hour, minute=minute, second=second, microsecond=0)

    def around(self, number: float) -> str:
        return f"{number + self.random.uniform(-0.08, 0.08):.6f}"

    def name(self) -> str:
        last, first = self.one(NAMES).split(", ")
        letters = "".join(self.random.choices("AEIOULRN", k=5))
        return f"{last}{letters}, {first}"

    def chance(self, share: float) -> bool:
        return self.random.random() < share


def moments(draw: Draw, count: int) -> list[datetime]:
    """Moments in order."""
    return sorted(draw.moment() for _ in range(count))


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def midnight(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}T00:00:00.000"


def epoch(moment: datetime, zone: str = "UTC") -> int:
    """A city's clock as a layer has it: an instant, or its clock as if it were UTC."""
    return int(moment.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


def read(text: str, *forms: str) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def of_rows(rows: list[Record], **kinds: str) -> dict[str, str]:
    """Types of the columns: text, but for those that are given."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: kinds.get(name, "text") for name in names}


def path_of(address: str) -> str:
    return "/" + address.partition("://")[2].partition("/")[2]


def soda(
    portal: Portal, address: str, rows: list[Record], kinds: dict[str, str], **view: str
) -> None:
    """Publish a table of Socrata."""
    name = re.findall(r"\w{4}-\w{4}", address)[-1]
    names = dict.fromkeys([*(c for r in rows for c in r), *kinds])
    columns = {n: kinds.get(n, "text") for n in names}
    license = {"license": {"name": view.pop("license")}} if "license" in view else {}
    title = view.pop("title", "Crime")
    labels = json.loads(view.pop("labels", "{}"))
    described = [
        {"fieldName": n, "dataTypeName": kind, "name": labels.get(n, n)}
        for n, kind in columns.items()
    ]
    metadata = {**view, **license, "columns": described}
    portal.add_soda(name, rows, columns, title=title, metadata=metadata)


def layer(
    portal: Portal,
    address: str,
    rows: list[Record],
    kinds: dict[str, str],
    literal_zone: str = "UTC",
    **options: int,
) -> None:
    """Publish a layer."""
    names = dict.fromkeys(c for row in rows for c in row)
    columns = {n: kinds.get(n, "string") for n in names}
    columns |= {n: kind for n, kind in kinds.items() if kind == "oid"}
    portal.add_layer(
        path_of(address), rows, columns, literal_zone=literal_zone, **options
    )


def ckan(
    portal: Portal,
    address: str,
    rows: list[Record],
    kinds: dict[str, str],
    package: dict[str, object],
) -> None:
    """Publish a resource and its package."""
    name = address.rpartition("/")[2]
    portal.add_ckan(name, rows, of_rows(rows, **kinds))
    for action, result in (
        ("resource_show", {"id": name, "name": "Incidents", "package_id": "p"}),
        ("package_show", package),
    ):
        body = json.dumps({"success": True, "result": result}).encode()
        portal.add_file(
            f"/api/3/action/{action}", body, content_type="application/json"
        )


def seattle(portal: Portal) -> None:
    draw, rows = Draw("seattle"), []
    found = sample("seattle/SPD_Crime_Data__2008-Present.csv")
    for number, (real, when) in enumerate(
        zip(found * 3, moments(draw, 3 * len(found)), strict=True)
    ):
        row: Record = {
            SEATTLE[name]: text for name, text in real.items() if name in SEATTLE
        }
        row["offense_id"] = str(12605567653 + 977 * number)
        row["report_number"] = f"2026-{100000 + number * 10 // 13}"
        code, name = draw.one(list(NIBRS.items())), ""
        row["nibrs_offense_code"], name = code
        row["nibrs_offense_code_description"] = name
        row["offense_sub_category"] = name.upper()
        row["offense_category"] = draw.one(
            ["PROPERTY CRIME", "VIOLENT CRIME", "ALL OTHER"]
        )
        row["nibrs_crime_against_category"] = draw.one(
            ["PROPERTY", "PERSON", "SOCIETY"]
        )
        if draw.chance(0.08):
            row["nibrs_offense_code"] = "999"
        if draw.chance(0.16):
            odd = draw.one(["REDACTED", "-1.0"])
            row["latitude"] = row["longitude"] = odd
        if draw.chance(0.1):
            row["neighborhood"] = "-"
        row["report_date_time"] = iso(when)
        row["offense_date"] = iso(when - timedelta(hours=draw.random.randrange(3)))
        rows.append(row)
    rows[5]["offense_date"] = "1900-01-01T00:00:00.000"
    dates = dict.fromkeys(["report_date_time", "offense_date"], "calendar_date")
    soda(
        portal,
        SEATTLE_ADDRESS,
        rows,
        dates,
        title="SPD Crime Data: 2008-Present",
        description="Crimes reported to the Seattle Police Department.",
        license="Public Domain",
        attribution="City of Seattle",
    )


SEATTLE_ADDRESS = (
    "https://data.seattle.gov/Public-Safety/SPD-Crime-Data-2008-Present/tazs-3rd5"
)


def los_angeles(portal: Portal) -> None:
    draw, rows = Draw("los angeles"), []
    for number, real in enumerate(
        sample("los_angeles/Crime_Data_from_2020_to_Present.csv") * 2
    ):
        row: Record = {LOS_ANGELES[name]: text for name, text in real.items() if text}
        row["dr_no"] = f"{real['DR_NO']}{number // 200}"
        for name in ("date_rptd", "date_occ"):
            column = {"date_rptd": "Date Rptd", "date_occ": "DATE OCC"}[name]
            moment = read(real[column], "%m/%d/%Y %H:%M")
            row[name] = iso(moment) if moment else None
        row["time_occ"] = real["TIME OCC"].zfill(4)
        if draw.chance(0.02):
            row["lat"] = row["lon"] = "0"
        rows.append(row)
    kinds = {
        **dict.fromkeys(["date_rptd", "date_occ"], "calendar_date"),
        **dict.fromkeys(["lat", "lon", "vict_age", "part_1_2", "crm_cd"], "number"),
    }
    address = "https://data.lacity.org/resource/2nrs-mtv8.json"
    soda(portal, address, rows, kinds, title="Crime Data from 2020 to 2024")


def denver(portal: Portal) -> None:
    rows = []
    form = "%m/%d/%Y %I:%M:%S %p"
    for shift, real in (
        (s, r) for s in (0, 13) for r in sample("denver/crime_split_39.csv")
    ):
        row: Record = {name: text for name, text in real.items() if name != "OBJECTID"}
        row["OFFENSE_ID"] = f"{real['OFFENSE_ID']}{shift}"
        row["INCIDENT_ID"] = f"{real['INCIDENT_ID']}{shift}"
        for name in ("REPORTED_DATE", "FIRST_OCCURRENCE_DATE", "LAST_OCCURRENCE_DATE"):
            moment = read(real[name], form)
            row[name] = epoch(moment + timedelta(days=shift)) if moment else None
        rows.append(row)
    # Reports of several offenses, which the cut of 200 rows has few of.
    for row in rows[::15]:
        rows.append({**row, "OFFENSE_ID": f"{row['OFFENSE_ID']}9"})
    kinds = {
        "OBJECTID": "oid",
        **dict.fromkeys(
            ["REPORTED_DATE", "FIRST_OCCURRENCE_DATE", "LAST_OCCURRENCE_DATE"], "date"
        ),
        **dict.fromkeys(["GEO_X", "GEO_Y", "GEO_LON", "GEO_LAT", "x", "y"], "double"),
        **dict.fromkeys(["IS_CRIME", "IS_TRAFFIC", "VICTIM_COUNT"], "integer"),
    }
    layer(portal, DENVER_ADDRESS, rows, kinds)


DENVER_ADDRESS = (
    "https://services1.arcgis.com/zdB7qR0BtYrg0Xpl/arcgis/rest/services/"
    "ODC_CRIME_OFFENSES_P/FeatureServer/324"
)


def philadelphia(portal: Portal) -> None:
    """A table of Carto, with real rows."""
    found = sample("philadelphia/incidents_part1_part2.csv")
    rows: list[Record] = [
        {n: v or None for n, v in row.items() if n not in GEOMETRIES} for row in found
    ]
    kinds = {"dispatch_date_time": "timestamptz", "dispatch_date": "date"}
    kinds |= dict.fromkeys(["point_x", "point_y", "lat", "lng"], "float8")
    table = PHILADELPHIA.rpartition("/")[2]
    portal.add_carto(table, rows, of_rows(rows, **kinds))


GEOMETRIES = ("the_geom", "the_geom_webmercator", "cartodb_id")

PHILADELPHIA = "https://phl.carto.com/tables/incidents_part1_part2"


def boston(portal: Portal) -> None:
    rows = []
    for real in sample("boston/BostonCrime2021_7000.csv"):
        row: Record = dict(real)
        moment = read(real["OCCURRED_ON_DATE"], "%m/%d/%Y %H:%M")
        # Local, whatever the suffix says.
        row["OCCURRED_ON_DATE"] = f"{moment:%Y-%m-%d %H:%M:%S}+00"
        rows.append(row)
    package: dict[str, object] = {
        "title": "Crime Incident Reports",
        "notes": "Crime incident reports are provided by Boston Police Department.",
        "license_title": "Open Data Commons Public Domain Dedication and License",
        "organization": {"title": "Boston Police Department"},
    }
    ckan(portal, BOSTON_ADDRESS, rows, {}, package)


BOSTON_ADDRESS = (
    "https://data.boston.gov/dataset/crime-incident-reports/resource/"
    "b973d8cb-eeb2-4e7e-99da-c92938efc9c0"
)


def washington(portal: Portal) -> None:
    draw, zone = Draw("washington"), "America/New_York"
    features = json.loads((DATA / "washington_dc/mpd_sample.geojson").read_text())
    real = [feature["properties"] for feature in features["features"]]
    offenses = [
        *("THEFT/OTHER", "THEFT F/AUTO", "MOTOR VEHICLE THEFT", "ROBBERY", "ARSON"),
        *("ASSAULT W/DANGEROUS WEAPON", "BURGLARY", "HOMICIDE", "SEX ABUSE"),
    ]
    rows: list[Record] = []
    for number, when in enumerate(moments(draw, 900)):
        row = {n: v for n, v in draw.random.choice(real).items() if n != "OBJECTID"}
        start = when - timedelta(hours=draw.random.randrange(1, 40))
        row |= {
            "CCN": str(26040045 + number),
            "REPORT_DAT": epoch(when, zone),
            "START_DATE": epoch(start, zone),
            "END_DATE": epoch(start + timedelta(minutes=20), zone),
            "OFFENSE": draw.one(offenses),
            "DISTRICT": str(1 + number % 7),
            "PSA": str(101 + 100 * (number % 7) + number % 8),
            "WARD": str(1 + number % 8),
            "LATITUDE": draw.around(38.9),
            "LONGITUDE": draw.around(-77.03),
        }
        row["SHIFT"] = "DAY" if 8 <= when.hour < 16 else "EVENING"
        rows.append(row)
    rows[700]["CCN"] = rows[699]["CCN"]
    kinds = {
        "OBJECTID": "oid",
        **dict.fromkeys(["REPORT_DAT", "START_DATE", "END_DATE"], "date"),
        **dict.fromkeys(["XBLOCK", "YBLOCK", "LATITUDE", "LONGITUDE"], "double"),
    }
    layer(portal, WASHINGTON_ADDRESS, rows, kinds, zone)


WASHINGTON_ADDRESS = (
    "https://maps2.dcgis.dc.gov/dcgis/rest/services/FEEDS/MPD/MapServer/7"
)


def dallas(portal: Portal) -> None:
    draw, rows = Draw("dallas"), []
    for real, when in zip(
        sample("dallas/Police_Incidents.csv") * 2, moments(draw, 400), strict=True
    ):
        row: Record = {
            DALLAS[name]: text for name, text in real.items() if name in DALLAS and text
        }
        number = len(rows)
        row["servnumid"] = f"{real['Service Number ID']}{number // 200}"
        row["incidentnum"] = f"{real['Incident Number w/ Year']}{number // 200}"
        code, name = draw.one(list(NIBRS.items())), ""
        row["nibrs_code"], name = code
        row["nibrs_crime"] = name.upper()
        row["reporteddate"] = iso(when)
        row["date1"] = f"{when - timedelta(hours=9):%Y-%m-%d} 00:00:00.0000000"
        row["upzdate"] = iso(when + timedelta(days=draw.random.randrange(3)))
        row["geocoded_column"] = {
            "latitude": draw.around(32.78),
            "longitude": draw.around(-96.8),
        }
        row |= {
            "compname": draw.name(),
            "comprace": draw.one(["Black", "White", "Hispanic or Latino"]),
            "compsex": draw.one(["Male", "Female"]),
            "compage": str(draw.random.randrange(18, 80)),
            "comphaddress": f"{number} N MADE UP ST",
            "ro1name": draw.name(),
            "ro1badge": str(9000 + number % 300),
            "ro2name": draw.name(),
            "assoffbadge": str(9000 + number % 200),
            "element": f"B{number % 40}",
            "victiminjurydesc": "No injury",
            "mo": f"SUSP {draw.name()} TOOK PROPERTY {number} AND LEFT ON FOOT",
        }
        rows.append(row)
    kinds = dict.fromkeys(["reporteddate", "upzdate"], "calendar_date")
    kinds["geocoded_column"] = "location"
    soda(
        portal,
        "https://www.dallasopendata.com/d/qv6i-rri7",
        rows,
        kinds,
        title="Police Incidents",
        description="Sex offenses and juveniles are excluded from this data set.",
        license="Open Data Commons Attribution License",
    )


def houston(portal: Portal) -> None:
    draw = Draw("houston")
    rows: list[Record] = []
    for real, when in zip(
        sample("houston/2018_12_Dec.csv") * 3, moments(draw, 600), strict=True
    ):
        code = draw.one(list(NIBRS))
        row: Record = {
            "USER_Incident": f"{150000 + len(rows) * 10 // 12:06d}26",
            "USER_RMSOccurrenceDate": epoch(when.replace(hour=0, minute=0, second=0)),
            "USER_RMSOccurrenceHour": when.hour,
            "USER_NIBRSClass": code,
            "USER_NIBRSDescription": real["NIBRS Description"],
            "USER_OffenseCount": int(real["Offense Count"]),
            "USER_Beat": real["Beat"],
            "USER_District": str(1 + len(rows) % 24),
            "USER_Premise": real["Premise"],
            "USER_BlockRange": real["Block Range"],
            "USER_StreetName": real["Street Name"],
            "SNBNAME": draw.one(["MIDTOWN", "DOWNTOWN", "ALIEF", "SHARPSTOWN"]),
            "px": draw.around(-95.37),
            "py": draw.around(29.76),
        }
        rows.append(row)
    kinds = {
        "OBJECTID": "oid",
        "USER_RMSOccurrenceDate": "date",
        "USER_RMSOccurrenceHour": "integer",
        "USER_OffenseCount": "integer",
        "px": "x",
        "py": "y",
    }
    layer(portal, HOUSTON_ADDRESS, rows, kinds)


HOUSTON_ADDRESS = (
    "https://mycity2.houstontx.gov/gisweb02/rest/services/HPD/"
    "NIBRS_Recent_Crime_Reports/FeatureServer/0"
)


def detroit(portal: Portal) -> None:
    draw, zone = Draw("detroit"), "America/Detroit"
    rows: list[Record] = []
    found = sample("detroit/RMS_Crime_Incidents.csv")
    kinds_of = ["LARCENY", "ASSAULT", "BURGLARY", "ROBBERY", "ARSON", "FRAUD", "LIQUOR"]
    for number, when in enumerate(moments(draw, 500)):
        real = draw.random.choice(found)
        rows.append(
            {
                "incident_entry_id": f"{1190494 + number}-{4102 + number % 7}",
                "nearest_intersection": real["nearest_intersection"],
                "offense_category": draw.one(kinds_of),
                "offense_description": f"{draw.one(kinds_of)} - {number % 60}",
                "state_offense_code": str(1000 + number % 90),
                "arrest_charge": str(10000 + number % 70),
                "charge_description": f"MADE UP {number % 70}",
                "report_number": f"26{100000 + number * 100 // 109}",
                "incident_occurred_at": epoch(when, zone),
                "updated_in_ibr_at": epoch(
                    when + timedelta(days=number % 5, minutes=number), zone
                ),
                "case_status_updated_at": epoch(
                    when + timedelta(days=number % 9), zone
                ),
                "case_status": draw.one(["ACTIVE", "CLOSED"]),
                "incident_hour_of_day": when.hour,
                "incident_year": when.year,
                "neighborhood": real["neighborhood"],
                "council_district": str(1 + number % 7),
                "police_precinct": f"{2 + number % 11:02d}",
                "scout_car_area": f"{2 + number % 11:02d}{number % 9}",
                "zip_code": f"482{number % 30:02d}",
                "longitude": real["longitude"],
                "latitude": real["latitude"],
            }
        )
    rows[3]["incident_occurred_at"] = epoch(datetime(1915, 5, 1), zone)
    kinds = {
        "ESRI_OID": "oid",
        **dict.fromkeys(
            ["incident_occurred_at", "updated_in_ibr_at", "case_status_updated_at"],
            "date",
        ),
        **dict.fromkeys(["longitude", "latitude"], "double"),
        **dict.fromkeys(["incident_hour_of_day", "incident_year"], "integer"),
    }
    layer(portal, DETROIT_ADDRESS, rows, kinds)


DETROIT_ADDRESS = (
    "https://services2.arcgis.com/qvkbeam7Wirps6zC/arcgis/rest/services/"
    "RMS_Crime_Incidents/FeatureServer/0"
)


def new_york(portal: Portal) -> None:
    draw, rows = Draw("new york"), []
    offenses = [
        *("PETIT LARCENY", "HARASSMENT 2", "ASSAULT 3 & RELATED OFFENSES", "ROBBERY"),
        *("GRAND LARCENY", "FELONY ASSAULT", "BURGLARY", "DANGEROUS DRUGS", "ARSON"),
    ]
    for number, when in enumerate(moments(draw, 600)):
        latitude, longitude = draw.around(40.72), draw.around(-73.95)
        row: Record = {
            "cmplnt_num": str(247853895 + 3 * number),
            "addr_pct_cd": str(1 + number % 77),
            "boro_nm": draw.one(["BRONX", "BROOKLYN", "QUEENS", "MANHATTAN", "(null)"]),
            "cmplnt_fr_dt": midnight(when - timedelta(hours=12)),
            "cmplnt_fr_tm": "24:00:00" if number == 9 else f"{when:%H:%M:00}",
            "cmplnt_to_dt": midnight(when),
            "cmplnt_to_tm": "(null)" if draw.chance(0.07) else f"{when:%H:%M:00}",
            "crm_atpt_cptd_cd": draw.one(["COMPLETED", "ATTEMPTED"]),
            "jurisdiction_code": draw.one(["0", "2"]),
            "juris_desc": draw.one(["N.Y. POLICE DEPT", "N.Y. HOUSING POLICE"]),
            "ky_cd": str(100 + number % 60),
            "law_cat_cd": draw.one(["FELONY", "MISDEMEANOR", "VIOLATION"]),
            "ofns_desc": draw.one(offenses),
            "parks_nm": "(null)",
            "patrol_boro": draw.one(["PATROL BORO BRONX", "PATROL BORO BKLYN NORTH"]),
            "pd_cd": str(100 + number % 240),
            "pd_desc": f"LARCENY,PETIT FROM {number % 200}",
            "prem_typ_desc": draw.one(["STREET", "RESIDENCE - APT. HOUSE"]),
            "rpt_dt": midnight(when),
            "station_name": "(null)",
            "susp_age_group": draw.one(["25-44", "(null)"]),
            "susp_race": draw.one(["BLACK", "WHITE", "(null)"]),
            "susp_sex": draw.one(["M", "F", "(null)"]),
            "vic_age_group": draw.one(["25-44", "<18", "UNKNOWN"]),
            "vic_race": draw.one(["BLACK", "WHITE"]),
            "vic_sex": draw.one(["M", "F", "D"]),
            "x_coord_cd": str(1022682 + number),
            "y_coord_cd": str(242998 - number),
            "latitude": latitude,
            "longitude": longitude,
            "lat_lon": {"latitude": latitude, "longitude": longitude},
        }
        if draw.chance(0.02):
            row["transit_district"] = "4"
        if draw.chance(0.05):
            row["housing_psa"] = "218"
        rows.append(row)
    kinds = dict.fromkeys(["cmplnt_fr_dt", "cmplnt_to_dt", "rpt_dt"], "calendar_date")
    kinds |= dict.fromkeys(["latitude", "longitude", "ky_cd", "pd_cd"], "number")
    kinds["lat_lon"] = "location"
    soda(
        portal,
        "https://data.cityofnewyork.us/api/views/5uac-w243",
        rows,
        kinds,
        title="NYPD Complaint Data Current (Year To Date)",
    )


def kansas_city(portal: Portal) -> None:
    draw = Draw("kansas city")
    rows: list[Record] = []
    for number, when in enumerate(moments(draw, 450)):
        code = draw.one(list(NIBRS))
        row: Record = {
            "report": f"KC26{19020 + number:06d}",
            "report_date": midnight(when),
            "report_time": f"{when:%H:%M}",
            "from_date": midnight(when - timedelta(hours=8)),
            "from_time": f"{when:%H:%M}",
            "offense": NIBRS[code],
            "ibrs": code,
            "description": NIBRS[code].split(",")[0],
            "beat": str(110 + number % 40),
            "address": f"{number}00 NW 73RD ST",
            "city": "KANSAS CITY",
            "zipcode": "64118",
            "rep_dist": f"PJ{number % 300}",
            "area": draw.one(["NPD", "EPD", "MPD", "SCP", "CPD", "SPD"]),
            "dvflag": draw.one(["true", "false"]),
            "location": {
                "type": "Point",
                "coordinates": [
                    float(draw.around(-94.57)),
                    float(draw.around(39.1)),
                ],
            },
        }
        for place in range(1 + number % 3):
            if place == 2:
                other = draw.one(list(NIBRS))
                row |= {"ibrs": other, "offense": NIBRS[other]}
            involved = ("VIC", "SUS", "VIC")[place]
            person = {
                "involvement": involved,
                "race": draw.one(["W", "B", "U"]),
                "sex": draw.one(["F", "M"]),
                "age": str(draw.random.randrange(18, 80)),
                "age_range": draw.one(["18-24", "25-34"]),
            }
            rows.append(row | person)
    kinds = dict.fromkeys(["report_date", "from_date"], "calendar_date")
    kinds["location"] = "point"
    soda(
        portal,
        "https://data.kcmo.org/Crime/KCPD-Crime-Data-2026/f7wj-ckmw/about_data",
        rows,
        kinds,
        title="KCPD Crime Data 2026",
    )


def louisville(portal: Portal) -> None:
    draw, zone = Draw("louisville"), "America/New_York"
    rows: list[Record] = []
    for number, when in enumerate(moments(draw, 600)):
        code = draw.one(list(NIBRS))
        rows.append(
            {
                "INCIDENT_NUMBER": f"LMPD26{100000 + number * 10 // 12}",
                "DATE_REPORTED": epoch(when, zone),
                "DATE_OCCURED": epoch(when - timedelta(hours=5), zone),
                "CRIME_TYPE": draw.one(
                    ["ASSAULT", "THEFT/LARCENY", "FRAUD", "ROBBERY", "ARSON", "DUI"]
                ),
                "UOR_DESC": f"CRIMINAL MISCHIEF-{number % 80}",
                "NIBRS_CODE": code,
                "UCR_HIERARCHY": draw.one(["PART I", "PART II"]),
                "ATT_COMP": draw.one(["COMPLETED", "ATTEMPTED"]),
                "LMPD_DIVISION": f"{1 + number % 8}TH DIVISION",
                "LMPD_BEAT": f"BEAT {number % 9}",
                "PREMISE_TYPE": draw.one(["RESIDENCE / HOME", "HIGHWAY / ROAD"]),
                "BLOCK_ADDRESS": f"{number}00 BLOCK W MAIN ST",
                "CITY": "LOUISVILLE",
                "ZIP_CODE": f"402{number % 40:02d}",
            }
        )
    kinds = {"ObjectId": "oid", "DATE_REPORTED": "date", "DATE_OCCURED": "date"}
    layer(portal, LOUISVILLE_ADDRESS, rows, kinds)


LOUISVILLE_ADDRESS = (
    "https://services1.arcgis.com/79kfd2K6fskCAkyg/arcgis/rest/services/"
    "Crime_Data_2026/FeatureServer/0"
)


def milwaukee(portal: Portal) -> None:
    draw = Draw("milwaukee")
    rows: list[Record] = []
    for number, when in enumerate(moments(draw, 1200)):
        codes = draw.random.sample(list(NIBRS), 1 + (number % 6 == 0))
        rows.append(
            {
                "Case_Number": f"26{1790000 + number}",
                "Incident_Date": f"{when:%Y-%m-%d %H:%M:%S}",
                "Offense_All": "; ".join(codes),
                "Police_District": str(1 + number % 7),
                "Address": f"{number} W FOND DU LAC AV",
                "Address_Latitude": draw.around(43.04),
                "Address_Longitude": draw.around(-87.95),
            }
        )
    rows[800]["Case_Number"] = rows[799]["Case_Number"]
    package: dict[str, object] = {
        "title": "WIBR Crime Data (Current)",
        "license_title": "Creative Commons Attribution",
    }
    ckan(portal, MILWAUKEE_ADDRESS, rows, {}, package)


MILWAUKEE_ADDRESS = (
    "https://data.milwaukee.gov/dataset/wibr/resource/"
    "87843297-a6fa-46d4-ba5d-cb342fb2d3bb"
)


def montgomery_county(portal: Portal) -> None:
    draw = Draw("montgomery county")
    rows: list[Record] = []
    for number, when in enumerate(moments(draw, 600)):
        code = draw.one(list(NIBRS))
        latitude, longitude = draw.around(39.1), draw.around(-77.15)
        rows.append(
            {
                "incident_id": str(201490000 + number * 10 // 11),
                "offence_code": str(1000 + number % 80),
                "case_number": str(260041165 + number * 10 // 11),
                "date": iso(when),
                "start_date": iso(when - timedelta(hours=4)),
                **({"end_date": iso(when)} if draw.chance(0.6) else {}),
                "nibrs_code": code,
                "victims": "1",
                "crimename1": draw.one(["Crime Against Property", "Other"]),
                "crimename2": NIBRS[code],
                "crimename3": f"LARCENY - FROM {number % 90}",
                "district": draw.one(["SILVER SPRING", "BETHESDA", "WHEATON"]),
                "location": f"{number}00 BLK GEORGIA AVE",
                "city": draw.one(["SILVER SPRING", "KENSINGTON", "ROCKVILLE"]),
                "state": "MD",
                "zip_code": "20910",
                "agency": "MCPD",
                "place": draw.one(["Street - Residential", "Retail - Mall"]),
                "sector": draw.one(["G", "D", "K"]),
                "beat": f"{1 + number % 6}G{number % 3}",
                "pra": str(90 + number % 400),
                "address_number": str(number),
                "latitude": latitude,
                "longitude": longitude,
                "geolocation": {"latitude": latitude, "longitude": longitude},
            }
        )
    kinds = dict.fromkeys(["date", "start_date", "end_date"], "calendar_date")
    kinds |= dict.fromkeys(["latitude", "longitude"], "number")
    kinds["geolocation"] = "location"
    soda(
        portal,
        "https://data.montgomerycountymd.gov/Public-Safety/Crime/icn6-v9z3",
        rows,
        kinds,
        title="Crime",
        labels='{"date": "Dispatch Date / Time"}',
        license="Public Domain",
        description="Includes all founded crimes reported after July 2016.",
    )


def baton_rouge(portal: Portal) -> None:
    draw = Draw("baton rouge")
    rows: list[Record] = []
    crimes = ["THEFT", "BATTERY", "ASSAULT", "ROBBERY", "NARCOTICS", "VICE", "NUISANCE"]
    for number, when in enumerate(moments(draw, 500)):
        for charge in range(1, 2 + (number % 4 == 0)):
            rows.append(
                {
                    "incident_number": f"26-{100000 + number:08d}",
                    "charge_id": str(charge),
                    "report_date": iso(when),
                    "charge_date": midnight(when + timedelta(days=1)),
                    "offense_description": draw.one(crimes),
                    "statute": f"14:{number % 90}",
                    "statute_category": draw.one(["PROPERTY", "PERSON", "DRUGS"]),
                    "district": str(1 + number % 6),
                    "zone": draw.one(["A", "B", "C", "D", "F"]),
                    "subzone": str(1 + number % 3),
                    "street_address": f"{number} AIRLINE HW",
                    "city": "BATON ROUGE",
                    "latitude": draw.around(30.45),
                    "longitude": draw.around(-91.15),
                }
            )
    kinds = dict.fromkeys(["report_date", "charge_date"], "calendar_date")
    kinds |= dict.fromkeys(["latitude", "longitude"], "number")
    soda(
        portal,
        "https://data.brla.gov/resource/pbin-pcm7",
        rows,
        kinds,
        title="Baton Rouge Police Crime Incidents",
    )


def somerville(portal: Portal) -> None:
    draw = Draw("somerville")
    rows: list[Record] = []
    listed = {
        "120": "ROBBERY",
        "220": "BURGLARY",
        "240": "MOTOR VEHICLE THEFT",
        "23F": "THEFT FROM MOTOR VEHICLE",
    }
    for number, when in enumerate(moments(draw, 500)):
        code = draw.one(list(listed))
        rows.append(
            {
                "incnum": str(26026331 + number),
                "dtreported": iso(when),
                "stnum": "XX",
                "stname1": f"{number} MYSTIC AVE",
                "stname2": "BROADWAY",
                "loctype": draw.one(["I", "S"]),
                "ra": str(100 + number % 30),
                "offensecode": code,
                "offense": listed[code],
                "x": str(763000 + number),
                "y": str(2967000 + number),
            }
        )
    kinds = {"dtreported": "calendar_date", "incnum": "number"}
    kinds |= {"x": "number", "y": "number"}
    soda(
        portal,
        "https://data.somervillema.gov/d/4jey-jqxb",
        rows,
        kinds,
        title="Police - Selected Criminal Incidents",
        license="Open Data Commons Open Database License",
        attribution="Police Department",
    )


def cities() -> Iterator[City]:
    """The sixteen."""
    yield City("Seattle", "WA", SEATTLE_ADDRESS, seattle)
    address = "https://data.lacity.org/resource/2nrs-mtv8.json"
    yield City("Los Angeles", "CA", address, los_angeles)
    yield City("Denver", "CO", DENVER_ADDRESS, denver)
    yield City("Philadelphia", "PA", PHILADELPHIA, philadelphia)
    yield City("Boston", "MA", BOSTON_ADDRESS, boston)
    yield City("Washington", "DC", WASHINGTON_ADDRESS, washington)
    address = "https://www.dallasopendata.com/d/qv6i-rri7"
    yield City("Dallas", "TX", address, dallas)
    yield City("Houston", "TX", HOUSTON_ADDRESS, houston)
    yield City("Detroit", "MI", DETROIT_ADDRESS, detroit)
    address = "https://data.cityofnewyork.us/api/views/5uac-w243"
    yield City("New York", "NY", address, new_york)
    address = "https://data.kcmo.org/Crime/KCPD-Crime-Data-2026/f7wj-ckmw/about_data"
    yield City("Kansas City", "MO", address, kansas_city)
    yield City("Louisville", "KY", LOUISVILLE_ADDRESS, louisville)
    yield City("Milwaukee", "WI", MILWAUKEE_ADDRESS, milwaukee)
    address = "https://data.montgomerycountymd.gov/Public-Safety/Crime/icn6-v9z3"
    yield City("Montgomery County", "MD", address, montgomery_county)
    address = "https://data.brla.gov/resource/pbin-pcm7"
    yield City("Baton Rouge", "LA", address, baton_rouge)
    address = "https://data.somervillema.gov/d/4jey-jqxb"
    yield City("Somerville", "MA", address, somerville)


NOW = datetime(2026, 11, 30, 19, tzinfo=UTC)
