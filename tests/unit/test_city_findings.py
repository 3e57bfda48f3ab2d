"""What is concluded from names, samples and counts, without a portal."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from pipelines.errors import ConfigError
from pipelines.onboarding import words, zones
from pipelines.onboarding.clocks import literals_of
from pipelines.onboarding.dates import first_dense
from pipelines.onboarding.offense_names import Offense, map_values, plain
from pipelines.onboarding.offense_phrases import code_by_words
from pipelines.onboarding.publishing import year_finding
from pipelines.onboarding.seed_rows import with_rows
from pipelines.onboarding.times import has_zone, moment_of
from pipelines.onboarding.toml import array, comment, harmless, text

NEW_YORK = ZoneInfo("America/New_York")


class Server:
    """A table whose server reads times on a clock, and has some dates."""

    def __init__(self, zone, *dates):
        self.zone, self.dates = zone, dates

    def answers_for(self, column, moment, zone):
        # The request's literal, on the server's own clock.
        shown = moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=self.zone)
        read = shown.astimezone(UTC).replace(tzinfo=None)
        return {each for each in self.dates if each == read}


@pytest.mark.parametrize(
    ("zone", "literals"), [(ZoneInfo("UTC"), "utc"), (NEW_YORK, "local")]
)
def test_another_row_at_the_other_readings_time_is_no_proof(zone, literals):
    # Three rows, of which each lies four hours after another, as the clocks do.
    dates = [datetime(2026, 7, 1, hour, 17) for hour in (8, 12, 16)]
    seconds = [int(each.replace(tzinfo=UTC).timestamp()) for each in dates]
    found, said = literals_of(Server(zone, *dates), "d", seconds, NEW_YORK)
    assert (found, said.startswith("the row")) == (literals, True)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *((name, "reported") for name in ("rpt_dt", "DATE_REPORTED", "date_rptd")),
        *((name, "reported") for name in ("dtreported", "REPORT_DAT", "rep_date")),
        *((name, "occurred") for name in ("occ_date", "cmplnt_fr_dt", "date")),
        *((name, "occurred") for name in ("OccurredFromDate", "CrimeDateTime")),
        *((name, "ended") for name in ("cmplnt_to_dt", "END_DATE", "dateto")),
        *((name, "changed") for name in ("updated_on", "last_updated", "upzdate")),
        *((name, "later") for name in ("charge_date", "arrest_date")),
    ],
)
def test_a_date_has_its_role_by_its_name(name, role):
    assert words.date_role(name) == role


@pytest.mark.parametrize(
    "name",
    [
        *(
            "victim_age",
            "VictimRace",
            "susp_sex",
            "compname",
            "comphaddress",
            "ro1name",
        ),
        *("officer_badge", "ReportingOfficerBadgeNo", "dob", "Gender", "Home Phone"),
        *(
            "arrestee",
            "last_name",
            "OffenderName",
            "vict_descent",
            "Responding Officer",
        ),
    ],
)
def test_a_column_that_names_or_describes_persons_is_known_by_its_name(name):
    assert words.names_persons(name)


@pytest.mark.parametrize(
    "name",
    [
        *("area_name", "STREET_NAME", "stname1", "parks_nm", "station_name", "agency"),
        *("SNBNAME", "village", "premise", "damage", "offense_name", "Nhood_Name"),
        *("homicide", "VICTIM_COUNT", "crime_name", "Sexual_Offense", "racetrack"),
    ],
)
def test_a_column_of_places_or_offenses_is_not(name):
    assert not words.names_persons(name)


def test_rows_are_dense_from_the_month_after_the_last_thin_one():
    full = {date(2025, month, 1): 100 for month in range(1, 13)}
    junk = {date(200, 1, 1): 3, date(1910, 5, 1): 1, date(2207, 1, 1): 2}
    thin = {date(2024, 11, 1): 100, date(2024, 12, 1): 19}
    now = {date(2026, 1, 1): 1, date(2026, 2, 1): 40}
    found, why = first_dense(full | junk | thin | now, date(2026, 2, 10))
    assert found == date(2025, 1, 1)
    assert why.startswith("every month from it to 2025-12 has 100 rows or more")
    assert why.endswith("123 rows lie before it")


def test_no_months_tell_nothing():
    assert first_dense({}, date(2026, 2, 10)) is None
    assert first_dense({date(200, 1, 1): 3}, date(2026, 2, 10)) is None


def test_values_are_mapped_only_if_they_are_named_like_an_offense():
    robbery = Offense("120", "Robbery", "Robbery")
    simple = Offense("13B", "Simple Assault", "Assaults")
    serious = Offense("13A", "Aggravated Assault", "Assaults")
    known = {offense.code: offense for offense in (robbery, simple, serious)}
    counts = {"ROBBERY": 4, "Assault - Simple": 3, "ASSAULTS": 2, "ROBBERY, ARMED": 1}
    mapped, unmapped = map_values(counts, known)
    assert mapped == {
        "ROBBERY": robbery,
        "ROBBERY, ARMED": robbery,
        "ASSAULT - SIMPLE": simple,
    }
    assert unmapped == {"ASSAULTS": 2}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ROBBERY - STREET (ATTEMPT)", "120"),
        ("theft-items-from-vehicle", "23F"),
        ("THEFT FROM MOTOR VEHICLE - PETTY ($950 & UNDER)", "23F"),
        ("THEFT F/AUTO", "23F"),
        ("BURGLARY FROM VEHICLE", "23F"),
        ("burglary-residence-by-force", "220"),
        ("BURGLARY TOOLS - POSSESSION", "90Z"),
        ("theft-of-motor-vehicle", "240"),
        ("VEHICLE - STOLEN", "240"),
        ("GRAND LARCENY OF MOTOR VEHICLE", "240"),
        ("theft-parts-from-vehicle", "23F"),
        ("LARCENY OF MOTOR VEHICLE PARTS", "23G"),
        ("PETIT LARCENY", "23H"),
        ("THEFT OF IDENTITY", "26F"),
        ("ASSAULT WITH DEADLY WEAPON, AGGRAVATED ASSAULT", "13A"),
        ("BATTERY - SIMPLE ASSAULT", "13B"),
        ("ASSAULT 3 & RELATED OFFENSES", None),
        ("SEX CRIMES", None),
        ("ATTEMPTED MURDER", "13A"),
        ("Vehicular Manslaughter", "09B"),
        ("CRIMINAL MISCHIEF & RELATED OF", "290"),
        ("PROPERTY - LOST/ MISSING", None),
        ("AUTO THEFT - RECOVERED", None),
        ("DANGEROUS DRUGS", "35A"),
        ("UNLAWFUL POSS. WEAP. ON SCHOOL", None),
        ("CARRYING CONCEALED WEAPON", "520"),
        ("M/V ACCIDENT - PROPERTY DAMAGE", None),
        ("INVESTIGATE PERSON", None),
        ("BURGLARY-POSS-OF-TOOLS", "90Z"),
        ("BURG-AUTO-THEFT-RESD-NO-FORCE", "220"),
        ("SICK ASSIST - DRUG RELATED ILLNESS", None),
        ("THEFT-FROM-BLDG", "23D"),
        ("HARASSMENT", "13C"),
        ("OPERATING A VEHICLE WHILE INTOXICATED (OWI)", "90D"),
    ],
)
def test_an_offense_is_told_by_its_words_where_they_have_one_meaning(name, code):
    assert code_by_words(plain(name)) == code


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-03T04:05:06.789", datetime(2026, 2, 3, 4, 5, 6, 789000)),
        ("2026-02-03 04:05:06.0000000", datetime(2026, 2, 3, 4, 5, 6)),
        ("2026-02-03 04:05:06+00", datetime(2026, 2, 3, 4, 5, 6)),
        ("2/3/2026 4:05:06 PM", datetime(2026, 2, 3, 16, 5, 6)),
        ("2026/02/03 04:05:06", datetime(2026, 2, 3, 4, 5, 6)),
        ("2/3/26", datetime(2026, 2, 3)),
        ("2026-13-03", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_as_portals_write_them(text, moment):
    assert moment_of(text) == moment


def test_only_a_zone_after_a_time_is_one():
    assert has_zone("2026-02-03 04:05:06+00")
    assert has_zone("2026-02-03T04:05:06Z")
    assert not has_zone("2026-02-03")
    assert not has_zone("2026-02-03T04:05:06.000")


@pytest.mark.parametrize(
    ("state", "point", "zone"),
    [
        ("WA", None, "America/Los_Angeles"),
        ("TN", None, "America/Chicago"),
        ("TN", (35.96, -83.92), "America/New_York"),
        ("TX", (31.76, -106.49), "America/Denver"),
        ("FL", (30.42, -87.22), "America/Chicago"),
        ("in", (39.77, -86.16), "America/Indiana/Indianapolis"),
        ("MI", None, "America/Detroit"),
        ("AZ", None, "America/Phoenix"),
    ],
)
def test_the_zone_is_that_of_the_state_or_of_its_part(state, point, zone, tmp_path):
    assert zones.zone_of(state, point, tmp_path).value == zone


def test_there_is_no_such_state(tmp_path):
    with pytest.raises(ConfigError, match="'XX' is not a state's postal code"):
        zones.zone_of("XX", None, tmp_path)


def test_rows_go_to_their_places_and_no_other_line_changes():
    seed = 'city,note\na,"one\nline"\nc,"quoted, kept"\n'
    added = with_rows(seed, [{"city": "b", "note": "new, too"}], 1)
    assert added == 'city,note\na,"one\nline"\nb,"new, too"\nc,"quoted, kept"\n'


def test_toml_is_escaped_and_wrapped():
    assert text('a"b\\') == '"a\\"b\\\\"'
    assert array("key", ["a", "b"]) == '["a", "b"]'
    long = array("columns", [f"column number {number}" for number in range(20)])
    assert all(len(line) <= 88 for line in long.splitlines())
    assert '"column number 19",\n]' in long
    assert comment("a\nb = 1") == ["# a b = 1"]
    assert harmless("{{ x }}\u2028{% y %}") == "(( x )) (% y %)"


@pytest.mark.parametrize(
    ("url", "title", "place"),
    [
        (
            "https://x.example/Crime_Data_2026/FeatureServer/0",
            "",
            "address",
        ),
        ("https://x.example/resource/f7wj-ckmw", "KCPD Crime Data 2025", "title"),
        ("https://x.example/resource/2nrs-mtv8", "Crime from 2020 to 2024", None),
        ("https://x.example/Crime_20261/FeatureServer/0", "", None),
    ],
)
def test_a_table_of_one_year_is_told_by_its_address_or_title(url, title, place):
    found = year_finding(url, title, 2026)
    assert (found and found.evidence.split()[1]) == place
