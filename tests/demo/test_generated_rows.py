"""The made-up rows have the shape, the gaps and the oddities of the real ones."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from demo.generator import generate
from demo.rows import cambridge as rows_cambridge
from tests.support import needs

START, END = date(2024, 1, 1), date(2025, 12, 31)
ROWS = 30_000


@pytest.fixture(scope="module")
def san_francisco() -> pd.DataFrame:
    return generate("san_francisco__incidents", ROWS, START, END, 7).to_pandas()


@pytest.fixture(scope="module")
def chicago() -> pd.DataFrame:
    return generate("chicago__incidents", ROWS, START, END, 7).to_pandas()


@pytest.fixture(scope="module")
def recent() -> pd.DataFrame:
    return generate("chicago__recent_incidents", ROWS, START, END, 7).to_pandas()


@pytest.fixture(scope="module")
def memphis() -> pd.DataFrame:
    return generate("memphis__incidents", ROWS, START, END, 7).to_pandas()


@pytest.fixture(scope="module")
def cambridge() -> pd.DataFrame:
    return generate("cambridge__incidents", ROWS, START, END, 7).to_pandas()


@pytest.fixture(scope="module")
def real_rows() -> pd.DataFrame:
    name = "shared/data/sf/incidents_2018-12-01_2018-12-20.csv.gz"
    path = Path(__file__).parents[3] / name
    if not path.exists():
        needs.REAL_ROWS.skip()
    return pd.read_csv(path, dtype=str)


def share(flags: pd.Series) -> float:
    return float(flags.mean())


def lengths(column: pd.Series) -> set[int]:
    return set(column.dropna().str.len())


# San Francisco


def test_san_francisco_row_id_is_incident_id_and_code(san_francisco):
    rows = san_francisco
    assert (rows.row_id == rows.incident_id + rows.incident_code).all()
    assert rows.row_id.is_unique
    assert lengths(rows.incident_code) == {5}


def test_san_francisco_reports_have_several_rows_and_supplements(san_francisco):
    rows = san_francisco
    # 1,061,730 rows, 879,852 incident ids and 758,513 incident numbers in 2026.
    assert len(rows) / rows.incident_id.nunique() == pytest.approx(1.21, abs=0.05)
    assert len(rows) / rows.incident_number.nunique() == pytest.approx(1.40, abs=0.05)
    supplements = rows[rows.report_type_description.str.contains("Supplement")]
    assert set(supplements.report_type_code) == {"IS", "VS"}
    numbers = rows.groupby("incident_number")
    assert (numbers.incident_datetime.nunique() == 1).all()
    assert (numbers.incident_id.nunique() > 1).any()


def test_san_francisco_gaps_are_those_of_the_table(san_francisco):
    rows = san_francisco
    assert set(rows.filed_online.dropna()) == {"true"}
    assert 0.11 < share(rows.cad_number.isna()) < 0.23
    assert rows.cad_number[rows.filed_online == "true"].isna().all()
    assert 0.0005 < share(rows.incident_category.isna()) < 0.004
    nowhere = rows.latitude.isna()
    assert share(nowhere) == pytest.approx(0.05, abs=0.01)
    place = ["intersection", "cnn", "analysis_neighborhood", "supervisor_district"]
    for column in [*place, "longitude", "point"]:
        assert (rows[column].isna() == nowhere).all()
    outside = rows.police_district[nowhere] == "Out of SF"
    assert share(outside) == pytest.approx(0.5, abs=0.07)


def test_san_francisco_values_include_the_awkward_ones(san_francisco):
    rows = san_francisco
    large = generate("san_francisco__incidents", 100_000, START, END, 1)
    categories = set(large["incident_category"].to_pylist())
    awkward = {"Motor Vehicle Theft?", "Weapons Offence", "Weapons Offense", None}
    awkward |= {"Human Trafficking (A), Commercial Sex Acts"}
    assert awkward <= categories
    assert rows.intersection.dropna().str.contains(r" \ ", regex=False).all()
    assert rows.incident_description.str.contains(",").any()
    assert lengths(rows.incident_number) == {9}


def test_san_francisco_reports_lag_little_with_a_long_tail(san_francisco):
    rows = san_francisco
    reported = pd.to_datetime(rows.report_datetime)
    lag = (reported - pd.to_datetime(rows.incident_datetime)).dt.total_seconds() / 86400
    assert lag.min() >= 0
    assert lag.median() < 2
    assert lag.quantile(0.99) > 20
    assert reported.min() >= pd.Timestamp(START)
    assert reported.dt.date.max() == END


def test_san_francisco_times_are_those_that_readers_get_wrong(san_francisco):
    rows = san_francisco
    assert "2024-02-01T00:00:30.000" in set(rows.report_datetime)
    # Clocks went forward on 2024-03-10 at 2:00 and back on 2024-11-03 at 2:00.
    assert "2024-03-10T02:30:00.000" in set(rows.incident_datetime)
    assert "2024-11-03T01:30:00.000" in set(rows.incident_datetime)
    clock = rows.incident_time.value_counts(normalize=True)
    assert clock["00:00"] > 0.015
    assert rows.incident_datetime.str.endswith(":00.000").all()


def test_san_francisco_parts_of_a_time_agree(san_francisco):
    rows = san_francisco.head(2000)
    times = pd.to_datetime(rows.incident_datetime)
    assert (times.dt.strftime("%Y-%m-%dT00:00:00.000") == rows.incident_date).all()
    assert (times.dt.strftime("%H:%M") == rows.incident_time).all()
    assert (times.dt.strftime("%Y") == rows.incident_year).all()
    assert (times.dt.day_name() == rows.incident_day_of_week).all()


def test_san_francisco_shares_are_near_those_of_real_rows(san_francisco, real_rows):
    pairs = [
        ("police_district", "Police District"),
        ("resolution", "Resolution"),
        ("report_type_description", "Report Type Description"),
        ("analysis_neighborhood", "Analysis Neighborhood"),
    ]
    for made, real in pairs:
        ours = san_francisco[made].value_counts(normalize=True)
        theirs = real_rows[real].value_counts(normalize=True)
        assert set(theirs.index) - set(ours.index) <= {"Exceptional Juvenile"}
        assert ours.sub(theirs, fill_value=0).abs().max() < 0.05
    named = set(san_francisco.incident_category.dropna())
    assert set(real_rows["Incident Category"]) - named <= {
        "Suspicious",
        "Family Offense",
    }


def test_no_intersection_of_real_rows_is_used(san_francisco, real_rows):
    real = set(real_rows["Intersection"].dropna())
    assert not real & set(san_francisco.intersection.dropna())


# Chicago


def test_chicago_ids_differ_and_case_numbers_repeat_for_murders_only(chicago):
    assert chicago.id.is_unique
    repeated = chicago[chicago.duplicated("case_number", keep=False)]
    assert 0 < len(repeated) < 50
    assert set(repeated.primary_type) == {"HOMICIDE"}
    same = ["date", "block", "iucr", "arrest", "latitude"]
    assert (repeated.groupby("case_number")[same].nunique() == 1).all(axis=None)


def test_chicago_codes_keep_their_leading_zeros(chicago):
    assert lengths(chicago.iucr) == {4}
    assert lengths(chicago.fbi_code) == {2, 3}
    assert lengths(chicago.beat) == {4}
    assert lengths(chicago.district) == {3}
    assert {"0486", "0560"} <= set(chicago.iucr)
    assert {"08B", "06"} <= set(chicago.fbi_code)
    assert (chicago.beat.str[:2] == chicago.district.str[1:]).all()
    assert chicago.ward.nunique() == 50
    assert chicago.community_area.nunique() == 77


def test_chicago_withholds_its_latest_week(chicago):
    assert chicago.date.min()[:10] == "2024-01-01"
    assert "2024-02-01T00:00:30.000" in set(chicago.date)
    assert chicago.date.max()[:10] == "2025-12-24"
    assert (chicago.updated_on > chicago.date).all()
    assert chicago.updated_on.max()[:10] == "2025-12-31"
    assert (chicago.date.str[:4] == chicago.year).all()


def test_chicago_flags_and_gaps(chicago):
    assert set(chicago.arrest) == set(chicago.domestic) == {"true", "false"}
    assert share(chicago.arrest == "true") == pytest.approx(0.13, abs=0.03)
    assert share(chicago.domestic == "true") == pytest.approx(0.19, abs=0.06)
    assert 0.001 < share(chicago.location_description.isna()) < 0.01
    nowhere = chicago.latitude.isna()
    assert share(nowhere) == pytest.approx(0.01, abs=0.005)
    for column in ("longitude", "x_coordinate", "y_coordinate", "location"):
        assert (chicago[column].isna() == nowhere).all()
    first = chicago[~nowhere].iloc[0]
    assert first.location == f"({first.latitude}, {first.longitude})"


def test_chicago_recent_rows_are_the_same_rows_under_other_names(recent, chicago):
    assert (recent.case_ == chicago.case_number).all()
    assert (recent.date_of_occurrence == chicago.date).all()
    assert (recent._primary_decsription == chicago.primary_type).all()
    assert (recent.arrest == chicago.arrest.map({"true": "Y", "false": "N"})).all()
    assert set(recent.domestic) == {"Y", "N"}
    assert recent.duplicated(["case_", "_iucr", "date_of_occurrence"]).any()


# Memphis


def test_memphis_reports_have_a_row_an_offense_and_some_exact_ties(memphis):
    assert len(memphis) / memphis.Crime_ID.nunique() == pytest.approx(1.11, abs=0.01)
    assert memphis.ObjectId.astype(int).is_monotonic_increasing
    assert memphis.ObjectId.is_unique
    tied = memphis.duplicated(
        ["Crime_ID", "UCR_Category", "UCR_Description"], keep=False
    )
    assert 50 < tied.sum() < 800
    others = [column for column in memphis if column != "ObjectId"]
    assert (memphis.duplicated(others, keep=False) == tied).all()


def test_memphis_times_are_instants_of_local_wall_clock(memphis):
    at = memphis.Offense_Datetime
    assert 1 <= at.isna().sum() <= 10
    instants = at.dropna().astype("int64")
    zone = ZoneInfo("America/Chicago")
    first, last = (
        datetime.fromtimestamp(ms / 1000, zone)
        for ms in (instants.min(), instants.max())
    )
    assert first.isoformat() >= "2024-01-01T00:00:00-06:00"
    assert last.date() == END
    # Half a minute past the local midnights of February (CST) and July (CDT).
    assert {"1706767230000", "1719810030000"} <= set(at)
    local = pd.to_datetime(instants, unit="ms", utc=True).dt.tz_convert(zone)
    assert local.dt.hour.value_counts().idxmin() in (4, 5)


def test_memphis_has_rows_of_both_passes_of_the_hour_that_autumn_doubles():
    days = date(2024, 11, 2), date(2024, 11, 4)
    at = generate("memphis__incidents", 3000, *days, 1)["Offense_Datetime"].to_pylist()
    # From one to two on 2024-11-03, before and after the clock went back.
    assert any("1730613600000" <= ms < "1730617200000" for ms in at if ms)
    assert any("1730617200000" <= ms < "1730620800000" for ms in at if ms)


def test_memphis_gaps_and_untidy_values(memphis):
    nowhere = memphis.Latitude == "0"
    assert share(nowhere) == pytest.approx(0.019, abs=0.005)
    assert (memphis.Longitude[nowhere] == "0").all()
    groups = set(memphis.NIBRS_Offense_Group)
    assert "PERSON, PROPERTY, OR SOCIETY " in groups
    assert {"CRIMES AGAINST PERSONS", "CRIMES AGAINST PERSON"} <= groups
    one_each = memphis.groupby("UCR_Category").NIBRS_Offense_Group.nunique()
    assert (one_each == 1).all()
    precincts = memphis.Precinct.value_counts(dropna=False)
    assert {"OCU", "STIS", "MOTORS", "MEM", "MT MORIAH"} <= set(precincts.index)
    assert precincts["OCU"] / len(memphis) == pytest.approx(0.0096, abs=0.003)
    assert memphis.Precinct.isna().any()


# Cambridge


def test_cambridge_ids_are_year_and_number_and_some_repeat(cambridge):
    assert (cambridge.id.str[:2].isin({"24", "25"})).all()
    assert lengths(cambridge.id) == {8}
    # 47 of 7,276 rows in January 2026.
    assert share(cambridge.duplicated("id")) == pytest.approx(0.0065, abs=0.002)
    key = ["id", "type", "subtype", "date_time"]
    repeats = cambridge[cambridge.duplicated(key, keep=False)].groupby(
        key, dropna=False
    )
    loads, places = repeats.last_updated.nunique(), repeats.location.nunique()
    assert ((loads == 2) & (places == 1)).any()
    assert ((loads == 1) & (places == 1)).any()
    assert ((loads == 1) & (places == 2)).any()
    types = cambridge[cambridge.duplicated("id", keep=False)].groupby("id")["type"]
    assert (types.nunique() == 2).any()


def test_cambridge_types_and_subtypes(cambridge):
    assert {"INCIDENT", "ARREST", "TRAFFIC", "SP", "ASSIST"} <= set(cambridge.type)
    assert share(cambridge.type == "INCIDENT") > 0.9
    assert "LARCENY UNDER $1200 C266 S30(1)" in set(cambridge.subtype)
    assert 0 < share(cambridge.subtype.isna()) < 0.003


def test_cambridge_locations_carry_an_account_where_the_description_is_missing(
    cambridge,
):
    untold = cambridge.description.isna()
    assert share(untold) == pytest.approx(0.0128, abs=0.004)
    assert cambridge.location[untold].str.contains(r"\w {20,}[A-Z]").all()
    assert not cambridge.location[~untold].str.contains("  ").any()
    assert cambridge.location[untold].str.contains("Otherperson Tailname").all()


def test_cambridge_names_a_made_up_person_in_descriptions_only(cambridge):
    marker = "Testperson Markername"
    assert marker == rows_cambridge.MARKER
    arrests = cambridge[(cambridge.type == "ARREST") & cambridge.description.notna()]
    assert share(arrests.description.str.contains(marker)) > 0.95
    others = cambridge.drop(columns="description")
    assert not others.apply(lambda column: column.str.contains(marker).any()).any()


def test_cambridge_rows_of_a_load_share_their_stamp(cambridge):
    assert cambridge.last_updated.nunique() <= 2 * 366 + 2
    assert (cambridge.last_updated > cambridge.date_time).all()
