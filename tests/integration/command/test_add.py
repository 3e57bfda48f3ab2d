"""`blotter add`: what it finds out of sixteen cities, and what it writes."""

import csv
import errno
import io
import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from demo.portal.server import Portal, serve
from pipelines.datasets.declarations import read_dataset, read_datasets
from pipelines.errors import ConfigError
from pipelines.onboarding import add as adding
from pipelines.onboarding import asked, writer
from pipelines.onboarding.add import Added, add
from pipelines.onboarding.options import Options
from tests.support import city_portals, needs
from tests.support import live_portal as live
from tests.support.city_portals import NOW, City
from tests.support.set_up import settings_in

ROOT = Path(__file__).parents[3]

SEEDS = ("cities.csv", "publishers.csv", "offense_categories.csv", "holidays.csv")


@dataclass
class Expected:
    """What `CITIES.md` says of a city. Where it names several columns that say what
    happened or where, any of them is right."""

    key: tuple[str, ...]
    window: str | None
    zone: str
    offenses: set[str]
    areas: set[str]
    unique: bool = True
    persons: set[str] = field(default_factory=set)
    coordinates: tuple[str, ...] = ()
    times: tuple[str, str] = ("utc", "utc")
    is_code: bool = False
    clocks: dict[str, str] = field(default_factory=dict)
    change: str | None = None


EXPECTED = {
    "Seattle": Expected(
        ("offense_id",),
        "report_date_time",
        "America/Los_Angeles",
        {"nibrs_offense_code"},
        {"precinct", "sector", "beat", "neighborhood"},
        coordinates=("latitude", "longitude"),
        is_code=True,
    ),
    "Los Angeles": Expected(
        ("dr_no",),
        "date_rptd",
        "America/Los_Angeles",
        {"crm_cd_desc"},
        {"area_name", "rpt_dist_no"},
        persons={"vict_age", "vict_sex", "vict_descent"},
        coordinates=("lat", "lon"),
        clocks={"date_occ": "time_occ"},
    ),
    "Denver": Expected(
        ("OFFENSE_ID",),
        "REPORTED_DATE",
        "America/Denver",
        {"OFFENSE_TYPE_ID", "OFFENSE_CATEGORY_ID"},
        {"DISTRICT_ID", "PRECINCT_ID", "NEIGHBORHOOD_ID"},
        coordinates=("GEO_LAT", "GEO_LON"),
        times=("local", "utc"),
    ),
    "Philadelphia": Expected(
        ("objectid",),
        "dispatch_date_time",
        "America/New_York",
        {"text_general_code", "ucr_general"},
        {"dc_dist", "psa"},
        coordinates=("lat", "lng"),
        clocks={"dispatch_date": "dispatch_time"},
    ),
    "Boston": Expected(
        ("INCIDENT_NUMBER",),
        "OCCURRED_ON_DATE",
        "America/New_York",
        {"OFFENSE_CODE", "OFFENSE_DESCRIPTION"},
        {"DISTRICT", "REPORTING_AREA"},
        coordinates=("Lat", "Long"),
    ),
    "Washington": Expected(
        ("CCN",),
        "REPORT_DAT",
        "America/New_York",
        {"OFFENSE"},
        {"DISTRICT", "PSA", "WARD", "ANC", "NEIGHBORHOOD_CLUSTER"},
        unique=False,
        coordinates=("LATITUDE", "LONGITUDE"),
        times=("utc", "local"),
    ),
    "Dallas": Expected(
        ("servnumid",),
        "reporteddate",
        "America/Chicago",
        {"nibrs_code"},
        {"division", "beat", "sector", "ra", "council_district"},
        persons={
            *("compname", "comprace", "compsex", "compage", "comphaddress"),
            *("ro1name", "ro1badge", "ro2name", "assoffbadge", "mo"),
        },
        coordinates=("geocoded_column",),
        is_code=True,
        clocks={"date1": "time1"},
        change="upzdate",
    ),
    "Houston": Expected(
        ("USER_Incident", "USER_NIBRSClass"),
        "USER_RMSOccurrenceDate",
        "America/Chicago",
        {"USER_NIBRSClass"},
        {"USER_District", "USER_Beat", "SNBNAME"},
        unique=False,
        coordinates=("geometry_y", "geometry_x"),
        times=("day", "utc"),
        is_code=True,
        clocks={"USER_RMSOccurrenceDate": "USER_RMSOccurrenceHour"},
    ),
    "Detroit": Expected(
        ("incident_entry_id",),
        "incident_occurred_at",
        "America/Detroit",
        {"offense_category", "offense_description", "state_offense_code"},
        {"police_precinct", "scout_car_area", "council_district", "neighborhood"},
        coordinates=("latitude", "longitude"),
        change="updated_in_ibr_at",
    ),
    "New York": Expected(
        ("cmplnt_num",),
        "rpt_dt",
        "America/New_York",
        {"ofns_desc", "pd_desc", "law_cat_cd"},
        {"addr_pct_cd", "boro_nm", "patrol_boro"},
        persons={
            *("susp_age_group", "susp_race", "susp_sex"),
            *("vic_age_group", "vic_race", "vic_sex"),
        },
        coordinates=("latitude", "longitude"),
        clocks={"cmplnt_fr_dt": "cmplnt_fr_tm", "cmplnt_to_dt": "cmplnt_to_tm"},
    ),
    "Kansas City": Expected(
        ("report", "involvement", "ibrs"),
        "report_date",
        "America/Chicago",
        {"ibrs"},
        {"area", "beat", "rep_dist"},
        unique=False,
        persons={"race", "sex", "age", "age_range"},
        coordinates=("location",),
        is_code=True,
        clocks={"report_date": "report_time", "from_date": "from_time"},
    ),
    "Louisville": Expected(
        ("INCIDENT_NUMBER", "UOR_DESC"),
        "DATE_REPORTED",
        "America/New_York",
        {"NIBRS_CODE"},
        {"LMPD_DIVISION", "LMPD_BEAT"},
        unique=False,
        is_code=True,
    ),
    "Milwaukee": Expected(
        ("Case_Number",),
        "Incident_Date",
        "America/Chicago",
        {"Offense_All"},
        {"Police_District"},
        unique=False,
        coordinates=("Address_Latitude", "Address_Longitude"),
        is_code=True,
    ),
    "Montgomery County": Expected(
        ("incident_id", "offence_code"),
        "date",
        "America/New_York",
        {"nibrs_code"},
        {"district", "sector", "beat", "pra", "city"},
        unique=False,
        coordinates=("latitude", "longitude"),
        is_code=True,
    ),
    "Baton Rouge": Expected(
        ("incident_number", "charge_id"),
        "report_date",
        "America/Chicago",
        {"offense_description", "statute_category"},
        {"district", "zone", "subzone"},
        unique=False,
        coordinates=("latitude", "longitude"),
    ),
    "Somerville": Expected(
        ("incnum",),
        "dtreported",
        "America/New_York",
        {"offensecode"},
        {"ra"},
        is_code=True,
    ),
}

CITIES = {city.name: city for city in city_portals.cities()}


@pytest.fixture(autouse=True)
def shared_rows():
    if not city_portals.DATA.is_dir():
        needs.REAL_ROWS.skip()


@pytest.fixture
def project(tmp_path):
    """A folder with what `add` reads and writes of the project."""
    root = tmp_path / "project"
    for part in ("pipelines/datasets", "seeds"):
        shutil.copytree(ROOT / part, root / part)
    (root / "models" / "staging").mkdir(parents=True)
    return root


def added(city: City, tmp_path: Path, root: Path | None = None) -> tuple[Added, Portal]:
    """What came of adding a city; without a folder nothing is written."""
    portal = Portal()
    city.publish(portal)
    with serve(portal) as url:
        found = add(
            city.address,
            Options(city.name, city.state),
            settings_in(tmp_path / "home", portal=url, retries=0),
            NOW,
            lambda _: None,
            dry_run=root is None,
            root=root or ROOT,
        )
    return found, portal


def contents(root: Path) -> dict[Path, bytes]:
    return {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_city_is_found_out(name, tmp_path):
    expected = EXPECTED[name]
    found, portal = added(CITIES[name], tmp_path)
    made = found.proposal
    assert made.key[0] == expected.key[0]
    assert set(expected.key) <= set(made.key)
    assert made.key_is_unique == expected.unique
    assert made.window == expected.window
    assert made.zone == expected.zone
    assert (made.times, made.literals) == expected.times
    says = made.offense.code if expected.is_code else made.offense.category
    assert says in expected.offenses
    assert made.areas
    assert set(made.areas.values()) <= expected.areas
    place = made.place
    names = (place.latitude, place.longitude) if place.latitude else (place.point,)
    assert tuple(filter(None, names)) == expected.coordinates
    assert made.clocks == expected.clocks
    assert made.changed == expected.change
    assert not expected.persons & set(made.columns)
    assert expected.persons <= set(made.left_out)
    assert found.requests == len(portal.requests)
    assert found.requests <= 12


def test_what_is_left_out_is_said_aloud(tmp_path):
    found, _ = added(CITIES["Dallas"], tmp_path)
    said = found.proposal.why("persons")
    assert "compname by its name" in said
    assert "ro1badge by its name" in said
    assert found.proposal.finding("free text").value == ["mo"]


def test_a_column_of_names_is_left_out_whatever_it_is_called(tmp_path):
    draw = city_portals.Draw("names")
    moments = city_portals.moments(draw, 300)
    rows = [
        {
            "id": str(number),
            "reported": city_portals.iso(moment),
            "offense": draw.one(["THEFT", "ARSON", "ROBBERY, ARMED", "FRAUD, WIRE"]),
            "handled_by": draw.name() if number % 5 else "",
        }
        for number, moment in enumerate(moments)
    ]
    kinds = {"reported": "calendar_date"}
    address = "https://data.example.org/d/abcd-1234"
    city = City(
        "Springfield",
        "IL",
        address,
        lambda portal: city_portals.soda(portal, address, rows, kinds),
    )
    found, _ = added(city, tmp_path)
    assert list(found.proposal.left_out) == ["handled_by"]
    assert found.proposal.offense.category == "offense"


def test_a_licence_that_is_blank_is_said_to_be_and_never_guessed(project, tmp_path):
    added(CITIES["Denver"], tmp_path, project)
    with (project / "seeds" / "publishers.csv").open(newline="") as file:
        rows = {row["dataset"]: row for row in csv.DictReader(file)}
    assert rows["denver__incidents"]["licence"] == "Not stated"


def test_files_are_written_and_no_other_is_touched(project, tmp_path):
    before = contents(project)
    found, _ = added(CITIES["Seattle"], tmp_path, project)
    after = contents(project)
    staging = Path("models/staging/seattle")
    assert set(after) - set(before) == {
        Path("pipelines/datasets/seattle__incidents.toml"),
        staging / "_seattle__sources.yml",
        staging / "base" / "base_seattle__incidents.sql",
        staging / "base" / "base_seattle__incidents.yml",
        staging / "stg_seattle__incidents.sql",
        staging / "stg_seattle__incidents.yml",
        staging / "stg_seattle__incident_changes.sql",
        staging / "stg_seattle__incident_changes.yml",
    }
    changed = {path.name for path in before if after[path] != before[path]}
    assert changed == set(SEEDS)
    assert {path.relative_to(project) for path in found.written} == (
        set(after) - set(before) | {Path("seeds", name) for name in SEEDS}
    )
    dataset = read_dataset(project / "pipelines/datasets/seattle__incidents.toml")
    assert dataset.url == "https://data.seattle.gov/resource/tazs-3rd5"
    assert dataset.key == ["offense_id"]
    assert len(read_datasets(project / "pipelines/datasets")) == (
        len(read_datasets()) + 1
    )


@pytest.mark.parametrize("name", SEEDS)
def test_rows_are_sorted_in_and_the_others_stay_as_they_are(name, project, tmp_path):
    before = (ROOT / "seeds" / name).read_text().splitlines(keepends=True)
    added(CITIES["Seattle"], tmp_path, project)
    after = (project / "seeds" / name).read_text().splitlines(keepends=True)
    new = [line for line in after if line not in before]
    assert [line for line in after if line in before] == before
    assert all(line.startswith("seattle") for line in new)
    rows = list(csv.reader(after[1:]))
    keys = [row[: 1 if name in SEEDS[:2] else 2] for row in rows]
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", ["Seattle", "Denver", "Boston", "Washington"])
def test_a_month_of_a_written_city_is_loaded_twice_without_a_change(
    name, project, tmp_path
):
    portal, city = Portal(), CITIES[name]
    city.publish(portal)
    with serve(portal) as url:
        settings = settings_in(tmp_path / "home", portal=url, retries=0)
        options = Options(city.name, city.state)
        add(city.address, options, settings, NOW, lambda _: None, root=project)
        source = writer.slug(city.name)
        path = project / "pipelines" / "datasets" / f"{source}__incidents.toml"
        declared = read_dataset(path)
        dataset = declared.at_portal(url)
        first = declared.backfill_from
        for again in (False, True):
            wanted = {"first": first, "last": first, "again": again}
            assert live.backfill(tmp_path / "home", dataset, **wanted) is None
    log = live.log_of(tmp_path / "home", dataset)
    assert {change for _, change, _ in log} == {"added"}
    assert len(log) == len(live.held(tmp_path / "home", dataset)) > 0


TEXT_DATES = {
    "soda2": "https://data.example.org/d/abcd-1234",
    "ckan": "https://data.example.org/dataset/crime/resource/"
    "01234567-89ab-cdef-0123-456789abcdef",
    "arcgis": "https://maps.example.org/arcgis/rest/services/Crime/FeatureServer/0",
}


@pytest.mark.parametrize("pattern", ["%m/%d/%Y", "%Y-%m-%d %H:%M:%S.0000000"])
@pytest.mark.parametrize("platform", TEXT_DATES)
def test_dates_that_are_text_are_declared_by_their_pattern(
    platform, pattern, project, tmp_path
):
    """Two months of rows, a day apart: the second month is loaded twice."""
    days = [date(2025, 9, 1) + timedelta(days=number) for number in range(60)]
    rows = [
        {
            "case_no": f"A{number:03d}",
            "report_date": day.strftime(pattern),
            "nibrs": "120",
        }
        for number, day in enumerate(days)
    ]
    address = TEXT_DATES[platform]

    def publish(portal):
        if platform == "soda2":
            city_portals.soda(portal, address, rows, {})
        elif platform == "ckan":
            city_portals.ckan(portal, address, rows, {}, {"title": "Crime"})
        else:
            city_portals.layer(portal, address, rows, {"OBJECTID": "oid"})

    city, portal = City("Springfield", "IL", address, publish), Portal()
    publish(portal)
    with serve(portal) as url:
        settings = settings_in(tmp_path / "home", portal=url, retries=0)
        options = Options(city.name, city.state)
        add(city.address, options, settings, NOW, lambda _: None, root=project)
        path = project / "pipelines" / "datasets" / "springfield__incidents.toml"
        dataset = read_dataset(path)
        # A text column of CKAN's that sorts as a date of its own type does needs none.
        is_plain = platform == "ckan" and pattern.startswith("%Y")
        assert dataset.window_column == "report_date"
        assert dataset.window_format == (None if is_plain else pattern)
        assert dataset.backfill_from == date(2025, 9, 1)
        october = {"first": date(2025, 10, 1), "last": date(2025, 10, 1)}
        there = dataset.at_portal(url)
        for again in (False, True):
            found = live.backfill(tmp_path / "home", there, **october, again=again)
            assert found is None
    log = live.log_of(tmp_path / "home", there)
    assert log == [(f"A{number:03d}", "added", None) for number in range(30, 60)]
    folder = project / "models/staging/springfield/base"
    sql = (folder / "base_springfield__incidents.sql").read_text()
    assert f"local_from_text('report_date', '{pattern}')" in " ".join(sql.split())


def test_the_models_of_written_cities_are_built_and_their_unit_tests_pass(
    project, tmp_path
):
    from dbt.cli.main import dbtRunner

    for name in ("macros", "models"):
        shutil.copytree(ROOT / name, project / name, dirs_exist_ok=True)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, project / name)
    names = ("Seattle", "Denver", "Boston", "Philadelphia", "Houston", "Kansas City")
    sources = {added(CITIES[name], tmp_path, project)[0].city for name in names}
    declared = list(read_datasets(project / "pipelines" / "datasets").values())
    new = [d for d in declared if d.source in sources]
    with live.opened(tmp_path / "home", *new):
        pass
    chosen = json.dumps({"chosen": [d.name for d in declared if d.enabled]})
    written = [f"path:models/staging/{d.source}" for d in new]
    folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
    folders += ["--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_HOME", str(tmp_path / "home"))
        patch.setenv("BLOTTER_MEMORY", "400MB")
        outcome = dbtRunner().invoke(
            [
                *("--log-level", "none", "build", "--select", *written),
                *("--exclude", "test_type:data", "--vars", chosen, *folders),
            ]
        )
    failed = [
        n.node.name for n in outcome.result or [] if n.status in ("error", "fail")
    ]
    assert failed == []
    assert len(outcome.result) == 5 * len(new)


def test_the_sql_of_written_cities_is_laid_out_as_elsewhere(project, tmp_path):
    from tools.lint_sql import faults_as_written

    for name in ("Seattle", "Houston", "Dallas", "Milwaukee", "Kansas City"):
        added(CITIES[name], tmp_path, project)
    (project / "macros").mkdir(exist_ok=True)
    assert list(faults_as_written(project)) == []


def test_a_dry_run_writes_nothing(tmp_path, project):
    before = contents(project)
    portal, city = Portal(), CITIES["Seattle"]
    city.publish(portal)
    said: list[str] = []
    with serve(portal) as url:
        settings = settings_in(tmp_path / "home", portal=url)
        add(
            city.address,
            Options("Seattle", "WA"),
            settings,
            NOW,
            said.append,
            dry_run=True,
            root=project,
        )
    assert contents(project) == before
    assert said[-1] == "Nothing was written (--dry-run)."
    assert any(line.startswith("measured key") for line in said)


def test_nothing_is_overwritten(project, tmp_path):
    added(CITIES["Seattle"], tmp_path, project)
    before = contents(project)
    with pytest.raises(ConfigError, match="exists already: nothing is overwritten"):
        added(CITIES["Seattle"], tmp_path, project)
    assert contents(project) == before


def test_a_city_of_the_seeds_is_not_added_again(project, tmp_path):
    taken = City("Chicago", "IL", CITIES["Seattle"].address, CITIES["Seattle"].publish)
    (project / "pipelines/datasets/chicago__incidents.toml").unlink()
    with pytest.raises(ConfigError, match=r"seeds/cities\.csv has chicago already"):
        added(taken, tmp_path, project)


@pytest.mark.parametrize("number", [0, 6, 11])
def test_if_a_file_cannot_be_moved_all_is_as_before(
    number, project, tmp_path, monkeypatch
):
    before = contents(project)
    moves = iter(range(100))
    replace = os.replace

    def fails(source, target):
        if next(moves) == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(writer.os, "replace", fails)
    with pytest.raises(ConfigError, match="can't be written"):
        added(CITIES["Seattle"], tmp_path, project)
    assert contents(project) == before
    assert list((project / "models" / "staging").iterdir()) == []


def test_a_project_that_is_read_only_is_named(project, tmp_path, monkeypatch):
    def fails(**_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(writer.tempfile, "TemporaryDirectory", fails)
    with pytest.raises(
        ConfigError, match=r"Read-only file system\): run `blotter add`"
    ):
        added(CITIES["Seattle"], tmp_path, project)


@pytest.fixture
def commanded(project, tmp_path, monkeypatch, capsys):
    """Run the command on a city of a portal: exit code, output, errors."""

    def run(city, *arguments):
        portal = Portal()
        city.publish(portal)
        monkeypatch.setattr(adding, "PROJECT", project)
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        home = tmp_path / "home"
        with serve(portal) as url:
            code = live.command_here(monkeypatch, home, url, "add", *arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_command_says_what_it_found_and_what_proves_it(commanded, project):
    city = CITIES["Seattle"]
    code, out, err = commanded(city, city.address, "--name", "Seattle", "--state", "WA")
    assert (code, err) == (0, "")
    assert "measured key              offense_id: 600 rows have 600 different" in out
    assert "wrote pipelines/datasets/seattle__incidents.toml" in out
    last = out.splitlines()[-1]
    assert "`blotter doctor seattle__incidents`" in last
    assert "--again" in last
    assert "`blotter check`" in last
    assert (
        project / "models/staging/seattle/base/base_seattle__incidents.sql"
    ).is_file()


def test_without_a_terminal_the_name_must_be_given(commanded, project):
    before = contents(project)
    city = CITIES["Seattle"]
    code, _, err = commanded(city, city.address)
    assert code == 2
    assert "Give the city's name with --name" in err
    assert contents(project) == before


def test_a_zone_that_nothing_tells_is_asked_for(commanded):
    city = CITIES["Somerville"]
    code, _, err = commanded(city, city.address, "--name", "Somerville")
    assert code == 2
    assert "give --state" in err


def test_options_are_taken_as_told(commanded, project):
    city = CITIES["Montgomery County"]
    told = ("--zone", "America/New_York", "--key", "incident_id,crimename3")
    told += ("--window-column", "start_date", "--population", "1062061")
    code, _, _ = commanded(city, city.address, "--name", "Montgomery", *told)
    assert code == 0
    path = project / "pipelines/datasets/montgomery__incidents.toml"
    dataset = read_dataset(path)
    assert dataset.key == ["incident_id", "crimename3"]
    assert dataset.window_column == "start_date"
    row = next(
        line
        for line in (project / "seeds/cities.csv").read_text().splitlines()
        if line.startswith("montgomery,")
    )
    assert ",1062061,2020," in row


def test_on_a_terminal_what_is_not_given_is_asked(monkeypatch):
    answers = iter(["Springfield", "IL", 114394])
    monkeypatch.setattr(asked.click, "prompt", lambda *_, **__: next(answers))
    options = asked.asked_for(True, None, None, None, None, None, None)
    assert options == Options("Springfield", "IL", None, 114394)


def test_an_item_and_a_service_lead_to_their_layer(tmp_path):
    service = city_portals.DENVER_ADDRESS.rpartition("/")[0]
    item = "0123456789abcdef0123456789abcdef"
    page = f"https://www.arcgis.com/home/item.html?id={item}"
    told = {"title": "Crime", "url": service, "licenseInfo": "CC BY 4.0"}

    def publish(portal):
        city_portals.denver(portal)
        portal.add_file(
            f"/sharing/rest/content/items/{item}",
            str(told).replace("'", '"').encode(),
            content_type="application/json",
        )
        portal.add_file(
            city_portals.path_of(service),
            b'{"layers": [{"id": 324, "name": "Crime"}], "tables": []}',
            content_type="application/json",
        )

    found, _ = added(City("Denver", "CO", page, publish), tmp_path)
    assert found.proposal.address.url == city_portals.DENVER_ADDRESS
    assert found.proposal.finding("license").value == "CC BY 4.0"
    assert found.requests <= 12


def test_a_table_that_answers_no_sql_is_added_as_a_file(project, tmp_path):
    def publish(portal):
        city_portals.boston(portal)
        name = city_portals.BOSTON_ADDRESS.rpartition("/")[2]
        resource = portal.datasets[name]
        resource.answers_sql = False
        rows = resource.rows().to_pylist()
        lines = [",".join(rows[0])]
        lines += [",".join(f'"{v or ""}"' for v in row.values()) for row in rows]
        portal.add_file(
            f"/datastore/dump/{name}",
            ("\n".join(lines) + "\n").encode(),
            content_type="text/csv",
        )

    city = City("Boston", "MA", city_portals.BOSTON_ADDRESS, publish)
    added(city, tmp_path, project)
    dataset = read_dataset(project / "pipelines/datasets/boston__incidents.toml")
    assert dataset.is_file
    assert dataset.format == "csv"
    assert dataset.url.startswith("https://data.boston.gov/datastore/dump/b973d8cb")


def test_the_backfill_begins_where_rows_are_dense(tmp_path):
    draw = city_portals.Draw("dense")
    days = [date(2024, 5, 1) + timedelta(days=n) for n in range(900)]
    rows = [
        {"id": str(n), "reported": f"{day}T10:{n % 60:02d}:00.000", "offense": "THEFT"}
        for n, day in enumerate(days)
    ]
    for n, junk in enumerate(("0200-01-01", "1910-07-04", "2023-11-05", "2207-01-01")):
        rows.append({"id": f"j{n}", "reported": f"{junk}T00:00:00.000"})
    draw.random.shuffle(rows)
    address = "https://data.example.org/d/abcd-1234"
    city = City(
        "Springfield",
        "IL",
        address,
        lambda portal: city_portals.soda(
            portal, address, rows, {"reported": "calendar_date"}
        ),
    )
    found, _ = added(city, tmp_path)
    assert found.proposal.backfill_from == date(2024, 5, 1)
