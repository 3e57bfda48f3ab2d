"""The seeds: their form, their facts, and that every published value is mapped.

Real rows are read from a folder beside the repository; where it is absent the tests
that need it are skipped.
"""

import csv
import gzip
import itertools
import json
import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from pipelines.onboarding.holidays import holidays_csv
from tests.support import needs

REPOSITORY = Path(__file__).parents[2]
SEEDS = REPOSITORY / "seeds"
KEYS = {
    "cities": ("city",),
    "council_districts": ("city", "council_district", "valid_from"),
    "holiday_renamings": ("city", "former_name"),
    "holidays": ("city", "holiday_date"),
    "neighborhoods": ("city", "neighborhood_code"),
    "nibrs_offenses": ("nibrs_code",),
    "offense_categories": ("city", "offense_code"),
    "police_districts": ("city", "police_district"),
    "population_years": ("edition", "year_code"),
    "publishers": ("dataset",),
    "race_groups": ("race_group",),
    "shooting_codes": ("field", "code"),
    "unemployment_years": ("year",),
    "us_states": ("state_id",),
}
NOT_NIBRS = "Not a NIBRS offense"


@pytest.fixture(scope="module")
def shared_data() -> Path:
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        needs.REAL_ROWS.skip()
    return folder


def read_csv(path: Path) -> list[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, skipinitialspace=True))


def read_json(path: Path):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def seed(name: str) -> list[dict[str, str]]:
    return read_csv(SEEDS / f"{name}.csv")


def seed_of(name: str, city: str) -> list[dict[str, str]]:
    return [row for row in seed(name) if row["city"] == city]


# Form


@pytest.mark.parametrize("name", KEYS)
def test_a_seed_is_plain_utf8_with_one_line_a_row(name):
    text = (SEEDS / f"{name}.csv").read_bytes().decode("utf-8")

    assert text.endswith("\n")
    assert "\r" not in text
    assert not text.startswith("\ufeff")
    assert len(text.splitlines()) == len(seed(name)) + 1
    for row in seed(name):
        for cell in row.values():
            assert cell == " ".join(cell.split())


@pytest.mark.parametrize(("name", "key"), KEYS.items())
def test_a_seed_is_sorted_by_its_key_and_holds_each_once(name, key):
    numbers = ("council_district", "neighborhood_code", "year_code")

    def natural(row):
        # Ward 2 stands before ward 10.
        return tuple(
            row[column].zfill(2) if column in numbers else row[column] for column in key
        )

    keys = [natural(row) for row in seed(name)]

    assert keys == sorted(set(keys))
    assert all(row[column] for row in seed(name) for column in key)


@pytest.mark.parametrize("name", KEYS)
def test_a_seed_describes_and_types_each_of_its_columns(name):
    declared = yaml.safe_load((SEEDS / "_seeds.yml").read_text())["seeds"]
    by_name = {entry["name"]: entry for entry in declared}
    header = list(seed(name)[0])

    assert set(by_name) == set(KEYS)
    assert [column["name"] for column in by_name[name]["columns"]] == header
    assert all(column["description"] for column in by_name[name]["columns"])
    assert list(by_name[name]["config"]["column_types"]) == header


def test_cities_carry_the_zone_of_their_data_sets():
    zones = {row["city"]: row["time_zone"] for row in seed("cities")}

    known = {
        "cambridge": "America/New_York",
        "chicago": "America/Chicago",
        "memphis": "America/Chicago",
        "san_francisco": "America/Los_Angeles",
    }
    assert known.items() <= zones.items()
    for path in (REPOSITORY / "pipelines" / "datasets").glob("*.toml"):
        declared = tomllib.loads(path.read_text())["zone"]
        city, entity = path.stem.split("__")
        if entity.endswith("incidents"):
            assert ZoneInfo(zones[city]) == ZoneInfo(declared)


def test_every_data_set_has_its_publisher():
    datasets = (REPOSITORY / "pipelines" / "datasets").glob("*.toml")

    assert {row["dataset"] for row in seed("publishers")} == {
        path.stem for path in datasets
    }


def test_chicago_data_carry_the_disclaimer_that_the_city_requires():
    required = (
        "This site provides applications using data that has been modified for use "
        "from its original source, www.cityofchicago.org, the official website of the "
        "City of Chicago. The City of Chicago makes no claims as to the content, "
        "accuracy, timeliness, or completeness of any of the data provided at this "
        "site. The data provided at this site is subject to change at any time. It is "
        "understood that the data provided at this site is being used at one's own "
        "risk."
    )

    assert {
        row["disclaimer"]
        for row in seed("publishers")
        if row["dataset"].startswith("chicago__")
    } == {required}


def test_the_newspapers_rows_come_with_their_license_and_attribution():
    rows = [
        row
        for row in seed("publishers")
        if row["dataset"].startswith("washington_post__")
    ]

    assert len(rows) == 3
    for row in rows:
        assert "(CC BY-NC-SA 4.0)" in row["licence"]
        assert row["attribution"] == "The Washington Post, Fatal Force database"
        assert "no commercial use" in row["retrieval_note"]
        same_terms = "must carry the same licence"  # codespell:ignore
        assert same_terms in row["retrieval_note"]


def positions(coordinates: list) -> Iterator[tuple[float, float]]:
    """Longitude and latitude of every corner."""
    if isinstance(coordinates[0], float):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from positions(part)


@pytest.mark.parametrize(
    ("city", "file", "areas"),
    [
        ("cambridge", "cambridge/neighborhoods.geojson", 13),
        ("chicago", "boundaries/chicago_community_areas.geojson", 77),
        ("memphis", "boundaries/memphis_precincts.geojson", 9),
        ("san_francisco", "boundaries/sf_analysis_neighborhoods.geojson", 41),
    ],
)
def test_the_box_of_a_city_holds_its_areas_and_little_more(
    shared_data, city, file, areas
):
    row = next(row for row in seed("cities") if row["city"] == city)
    west, south, east, north = (
        float(row[side]) for side in ("west", "south", "east", "north")
    )
    features = json.loads((shared_data / file).read_text())["features"]
    corners = [p for f in features for p in positions(f["geometry"]["coordinates"])]
    longitudes, latitudes = zip(*corners, strict=True)

    assert len(features) == areas
    assert west < min(longitudes)
    assert max(longitudes) < east
    assert south < min(latitudes)
    assert max(latitudes) < north
    assert east - west < 1
    assert north - south < 0.61


# States, shootings and population


def test_every_city_lies_within_the_bounds_of_its_state(shared_data):
    path = shared_data / "us_demographics" / "uscities_2025.csv.gz"
    states = {row["state_id"]: row for row in seed("us_states")}
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        cities = list(csv.DictReader(file))

    assert len(cities) == 31_254
    assert {city["state_id"] for city in cities} == set(states)
    for city in cities:
        state = states[city["state_id"]]
        latitude, longitude = float(city["lat"]), float(city["lng"])
        south, north = float(state["south_latitude"]), float(state["north_latitude"])
        west, east = float(state["west_longitude"]), float(state["east_longitude"])
        assert south <= latitude <= north, city["city"]
        assert west <= longitude <= east, city["city"]
        assert city["state_name"] == state["state_name"]
        assert city["county_fips"][:2] == state["state_fips"]


def test_bounds_of_states_are_tight_enough_to_tell_neighbors():
    states = {row["state_id"]: row for row in seed("us_states")}

    # Hawaii's chain of islands is 24 degrees long, Alaska goes around the globe.
    for name, row in states.items():
        height = float(row["north_latitude"]) - float(row["south_latitude"])
        width = float(row["east_longitude"]) - float(row["west_longitude"])
        assert 0 < height < (21 if name == "AK" else 11)
        assert 0 < width <= {"AK": 360, "HI": 24}.get(name, 14)
        assert all(re.fullmatch(r"-?\d+\.\d", row[b]) for b in row if "tude" in b)


def codes(field: str) -> dict[str, str]:
    return {
        row["code"]: row["label"]
        for row in seed("shooting_codes")
        if row["field"] == field
    }


def test_every_published_code_of_shootings_and_agencies_has_a_label(shared_data):
    folder = shared_data / "us_shootings"
    rows = read_csv(folder / "wapo_v2_2024-04.csv.gz")
    rows += read_csv(folder / "wapo_v2_2023-10.csv.gz")

    for field in [
        *("threat_type", "flee_status", "armed_with", "gender", "race"),
        *("race_source", "location_precision"),
    ]:
        published = {part for row in rows for part in row[field].split(";")} - {""}
        assert len(published) > 2
        assert published <= set(codes(field))
    agencies = read_csv(folder / "wapo_v2_agencies_2024-04.csv")
    assert {row["type"] for row in agencies} <= set(codes("agency_type"))


def test_every_published_code_of_the_first_edition_has_a_label(shared_data):
    rows = read_csv(shared_data / "us_shootings" / "wapo_v1_2022-12.csv")

    for field, name in {
        "threat_level": "threat_type",
        "flee": "flee_status",
        "gender": "gender",
        "race": "race",
    }.items():
        assert {row[field] for row in rows} - {""} <= set(codes(name))


def test_what_is_not_known_has_another_label_than_no():
    assert codes("armed_with")["unarmed"] == "unarmed"
    assert codes("flee_status")["not"] == "not fleeing"
    for field in {row["field"] for row in seed("shooting_codes")}:
        assert "not recorded" not in codes(field).values()
    apart = ["unarmed", "undetermined", "unknown", "other"]
    assert len({codes("armed_with")[code] for code in apart}) == 4


def test_race_groups_join_the_codes_of_shootings_with_the_columns_of_population():
    joined = {
        row["race_group"]: (row["shooting_code"], row["population_columns"])
        for row in seed("race_groups")
    }

    assert joined == {
        "white": ("W", "nhwa"),
        "black": ("B", "nhba"),
        "asian": ("A", "nhaa"),
        "native_american": ("N", "nhia"),
        "pacific_islander": ("", "nhna"),
        "two_or_more": ("", "nhtom"),
        "hispanic": ("H", "h"),
        "other": ("O", ""),
        "unknown": ("", ""),
    }


def test_year_codes_count_on_from_the_base_of_their_edition():
    years = {
        (row["edition"], int(row["year_code"])): int(row["year"])
        for row in seed("population_years")
    }

    # 1 and 2 are the count and the base of April 1, 2010; since 2021 only 1 is.
    assert years["cc-est2019", 3] == 2010
    assert years["cc-est2019", 12] == 2019
    assert years["cc-est2024", 2] == 2020
    assert years["cc-est2024", 6] == 2024
    assert years["cc-est2025", 7] == 2025
    assert ("cc-est2019", 2) not in years
    assert ("cc-est2024", 1) not in years
    # 13 is April 1, 2020.
    assert years["cc-est2020", 14] == 2020
    assert ("cc-est2020", 13) not in years
    for edition in {edition for edition, _ in years}:
        covered = [year for (name, _), year in sorted(years.items()) if name == edition]
        assert covered == list(range(covered[0], covered[-1] + 1))


# Council districts


def member_on(city: str, district: int, day: str) -> str | None:
    """Return who held the seat on `day`; fail if two did."""
    members = [
        term["member_name"]
        for term in seed_of("council_districts", city)
        if term["council_district"] == str(district)
        and term["valid_from"] <= day
        and (not term["valid_to"] or day < term["valid_to"])
    ]
    assert len(members) <= 1
    return members[0] if members else None


def terms_by_district() -> dict[tuple[str, str], list[tuple[date, date]]]:
    terms = defaultdict(list)
    for row in seed("council_districts"):
        ended = date.fromisoformat(row["valid_to"] or "9999-12-31")
        terms[row["city"], row["council_district"]].append(
            (date.fromisoformat(row["valid_from"]), ended)
        )
    return terms


def test_terms_begin_before_they_end_and_do_not_overlap():
    for terms in terms_by_district().values():
        assert all(started < ended for started, ended in terms)
        for before, after in itertools.pairwise(terms):
            assert before[1] <= after[0]


def test_every_district_has_one_member_in_office():
    in_office = [
        (row["city"], int(row["council_district"]), row["title"])
        for row in seed("council_districts")
        if not row["valid_to"]
    ]

    assert in_office == [
        *(("chicago", ward, "Alderperson") for ward in range(1, 51)),
        *(("san_francisco", district, "Supervisor") for district in range(1, 12)),
    ]


def test_every_san_francisco_district_had_a_member_when_the_rows_begin():
    assert [
        member_on("san_francisco", district, "2018-01-01") for district in range(1, 12)
    ] == [
        "Sandra Lee Fewer",
        "Mark Farrell",
        "Aaron Peskin",
        "Katy Tang",
        "London Breed",
        "Jane Kim",
        "Norman Yee",
        "Jeff Sheehy",
        "Hillary Ronen",
        "Malia Cohen",
        "Ahsha Safaí",
    ]


def test_only_known_vacancies_are_gaps():
    gaps = {
        (city, int(district), str(before[1]), str(after[0]))
        for (city, district), terms in terms_by_district().items()
        for before, after in itertools.pairwise(terms)
        if before[1] < after[0]
    }

    assert gaps == {
        ("chicago", 27, "2025-08-07", "2025-09-25"),
        ("chicago", 35, "2025-03-24", "2025-04-07"),
        ("san_francisco", 2, "2018-01-23", "2018-01-30"),
        ("san_francisco", 2, "2024-12-02", "2024-12-18"),
        ("san_francisco", 4, "2025-10-18", "2025-11-06"),
        ("san_francisco", 4, "2025-11-13", "2025-12-01"),
        ("san_francisco", 5, "2018-07-11", "2018-07-16"),
        ("san_francisco", 6, "2022-05-03", "2022-05-09"),
        ("san_francisco", 10, "2019-01-07", "2019-01-08"),
    }


@pytest.mark.parametrize(
    ("district", "day", "member"),
    [
        (2, "2018-01-22", "Mark Farrell"),
        (2, "2018-01-23", None),
        (2, "2018-01-30", "Catherine Stefani"),
        (2, "2024-12-18", "Stephen Sherrill"),
        (4, "2019-01-07", "Katy Tang"),
        (4, "2019-01-08", "Gordon Mar"),
        (4, "2025-10-17", "Joel Engardio"),
        (4, "2025-10-18", None),
        (4, "2025-11-12", "Beya Alcaraz"),
        (4, "2025-12-01", "Alan Wong"),
        (5, "2018-07-10", "London Breed"),
        (5, "2018-07-16", "Vallie Brown"),
        (5, "2019-12-16", "Dean Preston"),
        (5, "2025-01-08", "Bilal Mahmood"),
        (6, "2022-05-02", "Matt Haney"),
        (6, "2022-05-09", "Matt Dorsey"),
        (8, "2018-07-10", "Jeff Sheehy"),
        (8, "2018-07-11", "Rafael Mandelman"),
        (9, "2025-01-07", "Hillary Ronen"),
        (11, "2025-01-08", "Chyanne Chen"),
    ],
)
def test_san_francisco_members_change_on_the_day(district, day, member):
    assert member_on("san_francisco", district, day) == member


def test_chicago_has_no_member_before_the_present_council():
    wards = range(1, 51)

    assert {member_on("chicago", ward, "2023-05-14") for ward in wards} == {None}
    assert None not in {member_on("chicago", ward, "2023-05-15") for ward in wards}
    assert member_on("chicago", 27, "2025-09-25") == "Walter Redmond Burnett"
    assert member_on("chicago", 35, "2025-04-07") == "Anthony Quezada"


def plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return decomposed.encode("ascii", "ignore").decode().lower()


def test_supervisors_agree_with_the_list_of_the_city(shared_data):
    # The list is dated 2022 and names Joel Engardio, in office since January 2023.
    listed = read_csv(shared_data / "sf" / "supervisor_districts_2022.csv")

    assert len(listed) == 11
    for row in listed:
        member = member_on("san_francisco", int(row["sup_dist"]), "2023-01-08")
        assert plain(member) == plain(row["sup_name"])


def test_alderpersons_agree_with_the_list_of_the_city(shared_data):
    listed = read_csv(shared_data / "chicago" / "ward_offices_2023.csv")

    assert len(listed) == 50
    for row in listed:
        # "Burnett, Jr., Walter"; initials of second names are left out.
        *surnames, given = row["ALDERMAN"].split(", ")
        first_name = re.sub(r" [A-Z]\.$", "", given)
        member = member_on("chicago", int(row["WARD"]), "2023-05-15")
        assert member == " ".join([first_name, *surnames])


# Police districts


def test_police_districts_are_those_of_the_rows():
    patrolled = defaultdict(list)
    others = defaultdict(list)
    for row in seed("police_districts"):
        is_patrol = row["is_patrol_district"] == "true"
        (patrolled if is_patrol else others)[row["city"]].append(row["police_district"])

    wards = [*range(1, 13), *range(14, 21), 22, 24, 25]
    assert patrolled["chicago"] == [f"{number:03}" for number in wards]
    assert len(patrolled["chicago"]) == 22
    assert patrolled["memphis"] == [
        *("AIRWAYS", "APPLING FARMS", "AUSTIN PEAY", "CRUMP", "MT MORIAH"),
        *("NORTH MAIN", "RAINES", "RIDGEWAY", "TILLMAN"),
    ]
    assert len(patrolled["san_francisco"]) == 10
    assert others == {
        "chicago": ["031"],
        "memphis": ["MEM", "MOTORS", "OCU", "STIS"],
        "san_francisco": ["Out of SF"],
    }


def test_every_published_police_district_is_known(shared_data):
    known = {(row["city"], row["police_district"]) for row in seed("police_districts")}
    san_francisco = [
        row["Police District"]
        for row in read_csv(
            shared_data / "sf" / "incidents_2018-12-01_2018-12-20.csv.gz"
        )
    ]
    chicago = [
        row["District"]
        for row in read_csv(
            shared_data / "chicago" / "crimes_2026-05-25_2026-06-03.csv"
        )
    ]
    polygons = read_csv(shared_data / "chicago" / "districts_wkt.csv.gz")
    precincts = read_json(shared_data / "boundaries" / "memphis_precincts.geojson")

    assert {("san_francisco", name) for name in san_francisco} <= known
    assert {("chicago", code) for code in chicago} <= known
    assert {("chicago", row["DIST_NUM"].zfill(3)) for row in polygons} <= known
    assert {
        ("memphis", area["properties"]["key"]) for area in precincts["features"]
    } <= known


def test_chicago_stations_agree_with_the_list_of_the_city(shared_data):
    listed = [
        row
        for row in read_csv(shared_data / "chicago" / "police_stations.csv")
        if row["DISTRICT"] != "Headquarters"
    ]
    known = {
        row["police_district"]: row for row in seed_of("police_districts", "chicago")
    }

    assert len(listed) == 22
    for row in listed:
        station = known[row["DISTRICT"].zfill(3)]
        assert station["district_name"] == row["DISTRICT NAME"]
        # District 12 has a line break at the end of its address.
        assert station["station_address"] == row["ADDRESS"].strip()
        assert station["zip"] == row["ZIP"]
        assert station["phone"] == row["PHONE"]
        assert float(station["latitude"]) == pytest.approx(float(row["LATITUDE"]))
        assert float(station["longitude"]) == pytest.approx(float(row["LONGITUDE"]))


def test_san_francisco_stations_agree_with_the_list_of_the_city(shared_data):
    listed = read_csv(shared_data / "sf" / "police_stations.csv")
    known = {
        row["district_letter"]: row
        for row in seed_of("police_districts", "san_francisco")
    }

    assert len(listed) == 10
    for row in listed:
        station = known[row["Company Name"]]
        latitude, longitude = row["Location"].strip("()").split(", ")
        # The list misspells Valencia Street and shortens avenues.
        address = row["Address"].replace("VALLENCIA", "VALENCIA")
        assert station["station_address"].upper() == re.sub("AV$", "AVE", address)
        assert f"{station['district_name'].upper()} STN" == row["District Name"]
        assert station["phone"] == row["Telephone Number"]
        assert float(station["latitude"]) == pytest.approx(float(latitude))
        assert float(station["longitude"]) == pytest.approx(float(longitude))


# Holidays


def holidays_of(city: str, year: int, kind: str | None = None) -> dict[str, str]:
    """Return name by day; of both kinds unless one is asked for."""
    return {
        row["holiday_date"]: row["holiday_name"]
        for row in seed_of("holidays", city)
        if row["holiday_date"].startswith(f"{year}-") and kind in (None, row["kind"])
    }


def days_off(city: str, year: int) -> set[str]:
    """Return the days that offices close: the observed one where there are two."""
    observed = holidays_of(city, year, "observed")
    return set(observed) | {
        day
        for day, name in holidays_of(city, year, "actual").items()
        if name not in observed.values()
    }


def listed_days(path: Path) -> dict[str, str]:
    """Return name by day of a city's list, whose days read "Monday, May 29, 2023"."""
    return {
        datetime.strptime(row["Date"], "%A, %B %d, %Y").date().isoformat(): row["Name"]
        for row in read_csv(path)
    }


def test_the_command_makes_the_holidays_again_byte_for_byte():
    assert (SEEDS / "holidays.csv").read_bytes() == holidays_csv().encode()


def test_holidays_cover_every_city_and_year():
    covered = {(row["city"], row["holiday_date"][:4]) for row in seed("holidays")}

    assert covered == {
        (city["city"], str(year))
        for city in seed("cities")
        for year in range(2018, 2036)
    }


def test_a_day_off_is_a_workday_next_to_its_weekend_holiday():
    actual = {
        (row["city"], row["holiday_name"], date.fromisoformat(row["holiday_date"]))
        for row in seed("holidays")
        if row["kind"] == "actual"
    }
    for row in seed("holidays"):
        if row["kind"] == "observed":
            day = date.fromisoformat(row["holiday_date"])
            # Friday stands for Saturday, Monday for Sunday.
            assert day.weekday() in (0, 4)
            nearest = day.toordinal() + (1 if day.weekday() == 4 else -1)
            holiday = (row["city"], row["holiday_name"], date.fromordinal(nearest))
            # New Year's Day 2036 is a Tuesday, so nothing lies behind the last year.
            assert holiday in actual


def test_san_francisco_keeps_a_weekend_holiday_and_its_day_off():
    assert holidays_of("san_francisco", 2023) == {
        "2023-01-01": "New Year's Day",
        "2023-01-02": "New Year's Day",
        "2023-01-16": "Martin Luther King Jr. Day",
        "2023-02-20": "Presidents' Day",
        "2023-03-31": "Cesar Chavez Day",
        "2023-05-29": "Memorial Day",
        "2023-06-19": "Juneteenth",
        "2023-07-04": "Independence Day",
        "2023-09-04": "Labor Day",
        "2023-10-09": "Indigenous Peoples' Day",
        "2023-11-10": "Veterans Day",
        "2023-11-11": "Veterans Day",
        "2023-11-23": "Thanksgiving Day",
        "2023-11-24": "Day after Thanksgiving",
        "2023-12-25": "Christmas Day",
    }
    assert set(holidays_of("san_francisco", 2023, "observed")) == {
        "2023-01-02",
        "2023-11-10",
    }


def test_the_new_year_can_be_kept_in_the_old_one():
    # January 1, 2022 was a Saturday.
    assert holidays_of("chicago", 2021, "observed")["2021-12-31"] == "New Year's Day"
    assert holidays_of("chicago", 2022, "actual")["2022-01-01"] == "New Year's Day"


def test_holidays_of_one_city_only_stand_in_no_other():
    shipped = {"cambridge", "chicago", "memphis", "san_francisco"}

    def cities_with(name):
        named = [row for row in seed("holidays") if row["holiday_name"] == name]
        return {row["city"] for row in named} & shipped

    assert cities_with("Pulaski Day") == {"chicago"}
    assert cities_with("Lincoln's Birthday") == {"chicago"}
    assert cities_with("Patriots' Day") == {"cambridge"}
    assert cities_with("Cesar Chavez Day") == {"san_francisco"}
    assert cities_with("Farmworkers Day") == {"san_francisco"}
    assert cities_with("Martin Luther King Jr. Memorial Day") == {"memphis"}
    assert cities_with("Good Friday") == {"memphis"}
    assert cities_with("Election Day") == set()
    assert cities_with("Thanksgiving Day") == shipped


def test_cesar_chavez_day_is_farmworkers_day_from_2026_on():
    # AB 2156, Stats. 2026, ch. 7. March 31, 2030 is a Sunday.
    march = [
        (row["holiday_date"], row["holiday_name"])
        for row in seed_of("holidays", "san_francisco")
        if "-03-31" in row["holiday_date"] or "-04-01" in row["holiday_date"]
    ]
    old = [(f"{year}-03-31", "Cesar Chavez Day") for year in range(2018, 2026)]
    new = [f"{year}-03-31" for year in range(2026, 2036)]
    # March 31, 2019 and 2024 are Sundays, too.
    old += [(f"{year}-04-01", "Cesar Chavez Day") for year in (2019, 2024)]
    new = [(day, "Farmworkers Day") for day in [*new, "2030-04-01"]]
    assert march == sorted(old + new)


def test_a_renamed_holiday_has_its_names_before_and_since():
    for row in seed("holiday_renamings"):
        days = {name: set() for name in (row["former_name"], row["holiday_name"])}
        for holiday in seed_of("holidays", row["city"]):
            if holiday["holiday_name"] in days:
                days[holiday["holiday_name"]].add(holiday["holiday_date"])
        assert max(days[row["former_name"]]) < row["valid_from"]
        assert min(days[row["holiday_name"]]) >= row["valid_from"]


def test_juneteenth_begins_in_2021():
    assert {
        (row["city"], row["holiday_date"][:4])
        for row in seed("holidays")
        if row["holiday_name"] == "Juneteenth" and row["holiday_date"] < "2022"
    } == {(row["city"], "2021") for row in seed("cities")}


def test_a_day_off_that_is_a_holiday_itself_keeps_its_own_name():
    # April 4, 2026 is a Saturday, and the Friday before it is Good Friday.
    april = {
        day: name for day, name in holidays_of("memphis", 2026).items() if "-04-" in day
    }

    assert april == {
        "2026-04-03": "Good Friday",
        "2026-04-04": "Martin Luther King Jr. Memorial Day",
    }


@pytest.mark.parametrize("year", [2023, 2024])
def test_chicago_closes_on_the_thirteen_days_of_its_list(shared_data, year):
    listed = listed_days(shared_data / "chicago" / f"holidays_{year}.csv")

    assert len(listed) == 13
    assert days_off("chicago", year) == set(listed)


def test_san_francisco_differs_from_an_old_list_as_explained(shared_data):
    listed = listed_days(shared_data / "sf" / "holidays_2023_2024.csv")
    ours = holidays_of("san_francisco", 2023) | holidays_of("san_francisco", 2024)

    assert len(listed) == 25
    # Presidents' Day is Washington's Birthday, a week later, which the list has too.
    assert set(listed) - set(ours) == {"2023-02-13"}
    assert {day: ours[day] for day in set(ours) - set(listed)} == {
        # Forgotten by the list.
        "2023-06-19": "Juneteenth",
        "2024-06-19": "Juneteenth",
        "2023-10-09": "Indigenous Peoples' Day",
        "2024-10-14": "Indigenous Peoples' Day",
        # A Sunday, of which the list has only the Monday after.
        "2024-03-31": "Cesar Chavez Day",
    }
    same_day = {
        "New Year Holiday": "New Year's Day",
        "Veterans Day Holiday": "Veterans Day",
        "Dr. Martin Luther King Jr.'s Birthday": "Martin Luther King Jr. Day",
        "Washington's Birthday": "Presidents' Day",
        "Presidents’ Day": "Presidents' Day",
    }
    for day in set(listed) & set(ours):
        assert ours[day] == same_day.get(listed[day], listed[day])


# Offenses


def offenses(city: str) -> dict[str, dict[str, str]]:
    return {row["offense_code"]: row for row in seed_of("offense_categories", city)}


def test_violent_codes_are_the_four_violent_crimes_of_the_fbi():
    violent = {
        city["city"]: {
            code
            for code, row in offenses(city["city"]).items()
            if row["is_violent"] == "true"
        }
        for city in seed("cities")
    }

    assert violent["san_francisco"] == {
        *("Aggravated Assault", "Homicide", "Manslaughter", "Rape", "Robbery")
    }
    assert violent["chicago"] == {"01A", "02", "03", "04A", "04B"}
    assert violent["memphis"] == {"AGGRAVATED ASSAULT", "HOMICIDE", "ROBBERY"}
    assert violent["cambridge"] == {
        "A&B WITH DANGEROUS WEAPON",
        "A&B WITH DANGEROUS WEAPON +60",
        "A&B, AGGRAVATED",
        "ASSAULT W/DANGEROUS WEAPON",
        "MANSLAUGHTER",
        "MURDER",
        "RAPE",
        "ROBBERY, ARMED",
        "ROBBERY, UNARMED",
        "STRANGULATION OR SUFFOCATION",
    }


def test_property_codes_are_the_four_property_crimes_of_the_fbi():
    groups = {
        "Arson",
        "Burglary/Breaking & Entering",
        "Larceny/Theft Offenses",
        "Motor Vehicle Theft",
    }

    for row in seed("offense_categories"):
        assert (row["is_property"] == "true") == (row["offense_group"] in groups)
        assert {row["is_property"], row["is_violent"]} <= {"true", "false"}
    assert {
        code
        for code, row in offenses("chicago").items()
        if row["is_property"] == "true"
    } == {"05", "06", "07", "09"}


def test_simple_assault_is_told_from_aggravated():
    assert offenses("san_francisco")["Assault"]["is_violent"] == "false"
    assert offenses("san_francisco")["Simple Assault"]["is_violent"] == "false"
    assert offenses("san_francisco")["Aggravated Assault"]["is_violent"] == "true"
    assert offenses("memphis")["ASSAULT"]["is_violent"] == "false"
    assert offenses("chicago")["08B"]["is_violent"] == "false"


def test_spelling_variants_share_one_group():
    categories = offenses("san_francisco")

    for variants in [
        ("Motor Vehicle Theft", "Motor Vehicle Theft?"),
        ("Weapons Offense", "Weapons Offence", "Weapons Carrying Etc"),
        ("Malicious Mischief", "Vandalism"),
        ("Drug Offense", "Drug Violation"),
        ("Suspicious", "Suspicious Occ"),
    ]:
        assert len({categories[name]["offense_group"] for name in variants}) == 1


def test_groups_and_victims_are_those_of_the_fbi(shared_data):
    against = defaultdict(set)
    for row in read_csv(shared_data / "codes" / "nibrs_offense_type.csv"):
        against[row["OFFENSE_CATEGORY_NAME"]].add(row["CRIME_AGAINST"].lower())
    against[NOT_NIBRS] = {"none"}

    for row in seed("offense_categories"):
        assert row["crime_against"] in against[row["offense_group"]]


def test_nibrs_offenses_are_those_of_the_fbi(shared_data):
    listed = {
        row["OFFENSE_CODE"]: row
        for row in read_csv(shared_data / "codes" / "nibrs_offense_type.csv")
    }
    for row in seed("nibrs_offenses"):
        fbi = listed[row["nibrs_code"]]
        assert row["offense_name"] == fbi["OFFENSE_NAME"]
        assert row["offense_group"] == fbi["OFFENSE_CATEGORY_NAME"]
        assert row["crime_against"] == fbi["CRIME_AGAINST"].lower()
    violent = {
        r["nibrs_code"] for r in seed("nibrs_offenses") if r["is_violent"] == "true"
    }
    assert violent == {"09A", "11A", "11B", "11C", "120", "13A"}
    stolen = {
        r["nibrs_code"] for r in seed("nibrs_offenses") if r["is_property"] == "true"
    }
    assert stolen == {"200", "220", "240", *(f"23{letter}" for letter in "ABCDEFGH")}


def test_the_macro_of_nibrs_codes_knows_those_of_the_seed_and_no_others():
    text = (REPOSITORY / "macros" / "offenses.sql").read_text()
    pattern = re.compile("".join(re.findall(r"'(\^.*|\|.*\$)'", text)))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    every = [f"{number:02}{last}" for number in range(100) for last in letters]
    known = {row["nibrs_code"] for row in seed("nibrs_offenses")}
    assert {code for code in every if pattern.match(code)} == known


def test_a_category_and_a_nibrs_code_put_memphis_rows_into_one_group():
    groups = {row["nibrs_code"]: row["offense_group"] for row in seed("nibrs_offenses")}
    vocabulary = read_csv(REPOSITORY / "demo/rows/vocabulary/memphis_offenses.csv")
    for row in vocabulary:
        own = offenses("memphis")[row["ucr_category"]]
        assert groups[row["ucr_incident_code"]] == own["offense_group"]


def san_francisco_code(category: str, subcategory: str) -> str:
    """Return what staging joins on: the subcategory of two categories that mix."""
    if category in ("Assault", "Homicide") and subcategory:
        return subcategory
    return category


def san_francisco_codes(folder: Path) -> set[str]:
    rows = read_csv(folder / "incidents_2018-12-01_2018-12-20.csv.gz")
    pairs = {(row["Incident Category"], row["Incident Subcategory"]) for row in rows}
    for row in read_json(folder / "soda_rows_2019-11_a.json"):
        pairs.add((row["incident_category"], row["incident_subcategory"]))
    names = {category for category, _ in pairs}
    for path in (folder / "daily_aggregates").glob("*.json.gz"):
        names |= {row["category"] for row in read_json(path)["records"]}
    for path in sorted((folder / "daily_points").glob("*.json.gz"))[::10]:
        names |= {row["category"] for row in read_json(path)["points"]}
    for row in read_json(folder / "feed_rows.json"):
        # What is older than 2018 is of another data set, with other categories.
        if row["date"] >= "2018":
            names.add(row["title"].split(" — ")[0])
    # The copies write Unknown and Unspecified where the city publishes nothing.
    return ({san_francisco_code(*pair) for pair in pairs} | names) - {
        *("", "Unknown", "Unspecified")
    }


def test_every_published_san_francisco_category_is_mapped(shared_data):
    published = san_francisco_codes(shared_data / "sf")

    assert len(published) > 50
    assert published <= set(offenses("san_francisco"))


def test_every_published_chicago_code_is_mapped(shared_data):
    folder = shared_data / "chicago"
    recent = read_csv(folder / "crimes_2026-05-25_2026-06-03.csv")
    full = read_csv(folder / "crimes_full_columns_2025-01_1000.csv")
    seen = read_csv(shared_data / "codes" / "chicago_iucr_to_fbi_seen.csv")
    published = {
        *(row["FBI Code"] for row in recent),
        *(row["fbi_code"] for row in full),
        *(row["fbi_code"] for row in seen),
    }

    assert len(published) > 20
    assert published <= set(offenses("chicago"))


def test_every_published_memphis_category_is_mapped(shared_data):
    feed = read_json(shared_data / "memphis" / "feed_rows.json")
    listed = re.search(
        r"Categories by incidents: (.*); and 14 smaller ones",
        (shared_data / "README.md").read_text(),
    )
    published = {
        *(row["title"].split(" — ")[0] for row in feed),
        *(re.sub(r" [\d,]+$", "", part) for part in listed.group(1).split("; ")),
    }

    assert len(published) == 19
    assert published <= set(offenses("memphis"))


def test_memphis_has_the_32_categories_of_the_publisher():
    assert len(offenses("memphis")) == 32


def test_every_published_cambridge_subtype_is_mapped(shared_data):
    log = read_csv(shared_data / "cambridge" / "daily_police_log_excerpt_20_rows.csv")
    published = {
        re.sub(r" +C\d+[A-Z]* S ?\d.*$", "", row["subtype"].upper()) for row in log
    } - {""}

    assert published == {
        "B&E MV / BOAT NIGHTTIME FOR FELONY",
        "LARCENY FROM BUILDING",
        "LARCENY OVER $1200",
        "LARCENY OVER $1200 BY FALSE PRETENSE",
        "LARCENY UNDER $1200",
        "LEAVE SCENE OF PROPERTY DAMAGE",
        "MOTOR VEH, LARCENY OF",
        "SHOPLIFTING BY ASPORTATION",
        "SHOPLIFTING BY CONCEALING MDSE",
        "TRAFFIC INVESTIGATIONS",
        "WARRANT ARREST REPORT",
    }
    assert published <= set(offenses("cambridge"))


def test_chicagos_community_areas_are_those_of_the_city(shared_data):
    with gzip.open(shared_data / "chicago/community_areas_wkt.csv.gz", "rt") as lines:
        csv.field_size_limit(1_000_000)
        listed = {r["AREA_NUMBE"]: r["COMMUNITY"] for r in csv.DictReader(lines)}
    listed["76"] = "O'HARE"  # the city's list leaves out the apostrophe
    named = {r["neighborhood_code"]: r["neighborhood"] for r in seed("neighborhoods")}
    assert {code: name.upper() for code, name in named.items()} == listed
