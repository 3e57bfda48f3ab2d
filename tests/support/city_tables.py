"""Names by which portals publish what files of theirs call otherwise."""

import csv
from pathlib import Path

SEEDS = Path(__file__).parents[2] / "seeds"

with (SEEDS / "nibrs_offenses.csv").open(encoding="utf-8", newline="") as file:
    NIBRS = {row["nibrs_code"]: row["offense_name"] for row in csv.DictReader(file)}

SEATTLE = {
    "Report Number": "report_number",
    "Offense ID": "offense_id",
    "Offense Start DateTime": "offense_date",
    "Report DateTime": "report_date_time",
    "Group A B": "nibrs_group_a_b",
    "Crime Against Category": "nibrs_crime_against_category",
    "Offense Parent Group": "offense_category",
    "Offense": "offense_sub_category",
    "Offense Code": "nibrs_offense_code",
    "Precinct": "precinct",
    "Sector": "sector",
    "Beat": "beat",
    "MCPP": "neighborhood",
    "100 Block Address": "block_address",
    "Longitude": "longitude",
    "Latitude": "latitude",
}

LOS_ANGELES = {
    "DR_NO": "dr_no",
    "Date Rptd": "date_rptd",
    "DATE OCC": "date_occ",
    "TIME OCC": "time_occ",
    "AREA": "area",
    "AREA NAME": "area_name",
    "Rpt Dist No": "rpt_dist_no",
    "Part 1-2": "part_1_2",
    "Crm Cd": "crm_cd",
    "Crm Cd Desc": "crm_cd_desc",
    "Mocodes": "mocodes",
    "Vict Age": "vict_age",
    "Vict Sex": "vict_sex",
    "Vict Descent": "vict_descent",
    "Premis Cd": "premis_cd",
    "Premis Desc": "premis_desc",
    "Weapon Used Cd": "weapon_used_cd",
    "Weapon Desc": "weapon_desc",
    "Status": "status",
    "Status Desc": "status_desc",
    "Crm Cd 1": "crm_cd_1",
    "Crm Cd 2": "crm_cd_2",
    "Crm Cd 3": "crm_cd_3",
    "Crm Cd 4": "crm_cd_4",
    "LOCATION": "location",
    "Cross Street": "cross_street",
    "LAT": "lat",
    "LON": "lon",
}

DALLAS = {
    "Watch": "watch",
    "Type of Incident": "offincident",
    "Penalty Class": "penaltyclass",
    "Type of Location": "premise",
    "Zip Code": "zip_code",
    "City": "city",
    "State": "state",
    "Reporting Area": "ra",
    "Beat": "beat",
    "Division": "division",
    "Sector": "sector",
    "Council District": "council_district",
    "Year1 of Occurrence": "year1",
    "Month1 of Occurence": "month1",  # codespell:ignore
    "Day1 of the Week": "day1",
    "Time1 of Occurrence": "time1",
    "Person Involvement Type": "involvement",
    "Offense Status": "status",
    "RMS Code": "rmscode",
    "Penal Code": "penalcode",
    "UCR Offense Name": "ucr_offense",
    "UCR Offense Description": "ucr_offdesc",
    "Offense Type": "offensetype",
    "Hate Crime": "hate_crime",
    "Gang Related Offense": "gang",
    "Drug Related Incident": "drug",
}
