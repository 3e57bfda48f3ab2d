"""The real files of US shootings and what they are joined with, from file to mart.

A portal serves them at their declared addresses; what Blotter writes is compared with
what pandas tells of the files.
"""

import gzip
import io
import itertools
import zipfile
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import pandas as pd
import pytest

from demo.portal.server import Portal, serve
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.declarations import read_datasets
from pipelines.errors import SchemaDriftError
from pipelines.transform.runner import invoke
from tests.support import live_portal as live
from tests.support.expected import real_shootings as real
from tests.support.expected.real_rows import DATA, need_data

# Two editions and their models are built first.
pytestmark = pytest.mark.timeout(600)

DECLARED = read_datasets()
SHOOTINGS = DECLARED["washington_post__shootings"]
FIRST_EDITION = DECLARED["washington_post__shootings_v1"]
DAILY = "us_shootings/wapo_v1_daily"
LAST_JUNE_FILE = "fatal-police-shootings-data_2020-06-19.csv.gz"


def bytes_of(name: str) -> bytes:
    data = (DATA / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


def frame_of(name: str) -> pd.DataFrame:
    """A file's rows by their id, as text."""
    return pd.read_csv(
        io.BytesIO(bytes_of(name)), dtype=str, keep_default_na=False
    ).set_index("id", drop=False)


def differences(before: pd.DataFrame, after: pd.DataFrame) -> set[tuple[str, str]]:
    """Pairs of id and change, by pandas."""
    both = before.index.intersection(after.index)
    differ = (before.loc[both] != after.loc[both]).any(axis=1)
    return {
        *((i, "added") for i in after.index.difference(before.index)),
        *((i, "removed") for i in before.index.difference(after.index)),
        *((i, "changed") for i in both[differ]),
    }


def publish(portal: Portal, dataset: Dataset, *contents: bytes) -> None:
    for address, data in zip(dataset.addresses, contents, strict=True):
        portal.add_file(urlsplit(address).path, data)


def logged_on(home, dataset: Dataset, moment: datetime) -> set[tuple[str, str]]:
    """The change log's entries since a moment."""
    table = f"{dataset.schema}.{dataset.entity}_changes"
    since = f"timestamptz '{moment.isoformat()}'"
    rows = live.select(
        home, f"select row_id, change from {table} where changed_at >= {since}"
    )
    assert len(rows) == len(set(rows))
    return set(rows)


def load(home, dataset: Dataset, url: str, day: date = live.TODAY):
    """Run `daily`; return what failed and the moment before."""
    moment = datetime.now(UTC)
    return live.daily(home, dataset.at_portal(url), day, whole=True), moment


@pytest.fixture(scope="module")
def served():
    need_data()
    portal = Portal()
    with serve(portal) as url:
        yield portal, url


@pytest.fixture(scope="module")
def zipped_cities():
    """The table of cities as a spreadsheet leaves it: county codes without zeros."""
    cities = pd.read_csv(io.BytesIO(bytes_of(real.CITIES)), dtype=str)
    cities["county_fips"] = cities.county_fips.str.lstrip("0")
    assert (cities.county_fips.str.len() == 4).sum() > 1000
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("uscities.csv", cities.to_csv(index=False).encode("utf-8-sig"))
        archive.writestr("license.txt", "attribution required")
    return packed.getvalue()


UNEMPLOYMENT = msgspec.structs.replace(
    DECLARED["bls__county_unemployment"],
    files=["laucnty16.csv", "laucnty17.xlsx", "laucnty19.xlsx"],
)
POPULATION = msgspec.structs.replace(
    DECLARED["census__county_population"], files=["cc-est2019-alldata-06.csv"]
)


def population_file() -> bytes:
    """California in 2019, with the columns that were cut off the file put back."""
    cut = pd.read_csv(DATA / real.POPULATION, dtype=str)
    cut.insert(0, "SUMLEV", "050")
    cut.insert(1, "STATE", "06")
    cut["CTYNAME"] = cut.CTYNAME.str.strip() + " County"
    cut["YEAR"], cut["AGEGRP"] = "12", "0"
    return cut.to_csv(index=False).encode("latin-1")


@pytest.fixture(scope="module")
def home(tmp_path_factory, served, zipped_cities):
    """Everything loaded, the newspaper's files of 2023 first and then of 2024."""
    portal, url = served
    home = live.prepared(tmp_path_factory.mktemp("shootings") / "home")
    unemployment = [bytes_of(f"us_demographics/{name}") for name in UNEMPLOYMENT.files]
    publish(portal, UNEMPLOYMENT, *unemployment)
    publish(portal, POPULATION, population_file())
    publish(portal, DECLARED["simplemaps__cities"], zipped_cities)
    publish(portal, DECLARED["washington_post__agencies"], bytes_of(real.AGENCIES))
    publish(portal, SHOOTINGS, bytes_of(real.SHOOTINGS_2023))
    others = [
        UNEMPLOYMENT,
        POPULATION,
        DECLARED["simplemaps__cities"],
        DECLARED["washington_post__agencies"],
    ]
    for dataset in [*others, SHOOTINGS]:
        failure, _ = load(home, dataset, url)
        assert failure is None
    return home


@pytest.fixture(scope="module")
def second_day(home, served):
    """The home after the files of 2024, and the moment before."""
    portal, url = served
    publish(portal, SHOOTINGS, bytes_of(real.SHOOTINGS))
    failure, moment = load(home, SHOOTINGS, url, live.TODAY + timedelta(days=1))
    assert failure is None
    return home, moment


@pytest.fixture(scope="module")
def marts(second_day):
    home, _ = second_day
    outcome = invoke(home, ["build", "--exclude-resource-type", "unit_test"])
    bad = [str(n.node.name) for n in outcome.result if n.status in ("error", "fail")]
    assert bad == []
    return home


def test_every_row_and_cell_of_the_files_is_in_the_raw_tables(second_day):
    home, _ = second_day
    for dataset, name in [
        (SHOOTINGS, real.SHOOTINGS),
        (DECLARED["washington_post__agencies"], real.AGENCIES),
    ]:
        frame = real.read(name)[dataset.columns]
        assert sorted(live.held(home, dataset), key=str) == sorted(
            frame.itertuples(index=False, name=None), key=str
        )
    assert len(live.held(home, SHOOTINGS)) == 9518


def test_the_change_log_has_the_difference_of_the_files_of_2023_and_2024(second_day):
    home, moment = second_day
    expected = differences(frame_of(real.SHOOTINGS_2023), frame_of(real.SHOOTINGS))
    kinds = [change for _, change in expected]
    assert [kinds.count(k) for k in ("added", "removed", "changed")] == [710, 8, 550]

    assert logged_on(home, SHOOTINGS, moment) == expected


def test_the_log_names_the_columns_that_differ(second_day):
    home, moment = second_day
    before, after = frame_of(real.SHOOTINGS_2023), frame_of(real.SHOOTINGS)
    both = before.index.intersection(after.index)
    differ = before.loc[both] != after.loc[both]
    fields = live.select(
        home,
        "select row_id, changed_fields from raw_washington_post.shootings_changes "
        f"where change = 'changed' and changed_at >= timestamptz '{moment}'",
    )
    assert {i: set(names.split(",")) for i, names in fields} == {
        i: set(row.index[row]) for i, row in differ[differ.any(axis=1)].iterrows()
    }


def test_nothing_of_a_withdrawn_row_is_kept(second_day):
    home, _ = second_day
    gone = live.select(
        home,
        "select * exclude (row_id, row_hash, run_id, loaded_at, removed_at) "
        "from raw_washington_post.shootings where removed_at is not null",
    )
    assert len(gone) == 8
    assert {value for row in gone for value in row} == {None}
    former = "select row_id from raw_washington_post.shootings_former"
    assert live.select(
        home,
        f"select count(*) from ({former}) where row_id in (select row_id "
        "from raw_washington_post.shootings where removed_at is not null)",
    ) == [(0,)]


def test_a_second_look_at_the_same_files_reads_none(second_day, served):
    home, _ = second_day
    portal, url = served
    portal.requests.clear()
    for dataset in (SHOOTINGS, UNEMPLOYMENT, DECLARED["simplemaps__cities"]):
        failure, _ = load(home, dataset, url, live.TODAY + timedelta(days=2))
        assert failure is None
    assert [r.status for r in portal.requests] == [304] * 5
    assert [o for (o,) in live.ledger(home, "outcome")][-3:] == ["unchanged"] * 3


def test_the_daily_versions_of_june_2020_replay_file_by_file(tmp_path, served):
    portal, url = served
    files = sorted(path.name for path in (DATA / DAILY).glob("*.csv.gz"))
    assert len(files) == 15
    frames = [frame_of(f"{DAILY}/{name}") for name in files]
    days = [date.fromisoformat(name[-17:-7]) for name in files]
    expected = [differences(a, b) for a, b in itertools.pairwise(frames)]
    home, found = live.prepared(tmp_path / "home"), []
    for name, day in zip(files, days, strict=True):
        publish(portal, FIRST_EDITION, bytes_of(f"{DAILY}/{name}"))
        failure, moment = load(home, FIRST_EDITION, url, day)
        assert failure is None
        found.append(logged_on(home, FIRST_EDITION, moment))

    assert found[0] == {(i, "added") for i in frames[0].index}
    assert found[1:] == expected
    changed = [sum(change == "changed" for _, change in day) for day in expected]
    removed = [sum(change == "removed" for _, change in day) for day in expected]
    assert max(changed) == 95
    assert max(removed) == 2
    assert live.held(home, FIRST_EDITION) == [
        tuple(row[name] or None for name in FIRST_EDITION.columns) + (None,) * 3
        for _, row in frames[-1].sort_index().iterrows()
    ]


def test_the_last_first_edition_brings_coordinates(tmp_path, served):
    portal, url = served
    home = live.prepared(tmp_path / "home")
    publish(portal, FIRST_EDITION, bytes_of(real.SHOOTINGS_V1))
    failure, _ = load(home, FIRST_EDITION, url)
    assert failure is None
    assert live.select(
        home,
        "select count(*), count(longitude), count(is_geocoding_exact) "
        "from raw_washington_post.shootings_v1",
    ) == [(8002, 8002 - 840, 8002)]


def test_the_export_saved_by_a_spreadsheet_is_refused_in_one_sentence(
    second_day, served
):
    """It has no id, so no row of it could be told from another."""
    home, _ = second_day
    portal, url = served
    before = live.raw_tables(home)
    publish(portal, SHOOTINGS, bytes_of("us_shootings/wapo_site_export_2023-10-10.csv"))
    failure, _ = load(home, SHOOTINGS, url, live.TODAY + timedelta(days=3))
    assert isinstance(failure, SchemaDriftError)
    assert str(failure).startswith("washington_post__shootings: 127.0.0.1")
    assert "no longer publishes id, " in str(failure)
    assert live.raw_tables(home) == before


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_file_cut_inside_a_quoted_cell_is_refused(second_day, served, share):
    home, _ = second_day
    portal, url = served
    whole = bytes_of(real.SHOOTINGS)
    end = whole.index(b'","', int(len(whole) * share)) + 4
    assert whole[:end].count(b'"') % 2
    before = live.raw_tables(home)
    publish(portal, SHOOTINGS, whole[:end])
    failure, _ = load(home, SHOOTINGS, url, live.TODAY + timedelta(days=3))
    assert "the CSV was cut short inside a quoted cell" in str(failure)
    assert live.raw_tables(home) == before


def test_unemployment_of_every_form_has_every_county(second_day):
    """2016 as CSV with commas, 2017 with an empty column and a footer, 2019 bare."""
    home, _ = second_day
    counts = live.select(
        home,
        "select file_name, count(*), count(distinct state_fips || county_fips), "
        "min(length(state_fips)), min(length(county_fips)) "
        "from raw_bls.county_unemployment group by all order by 1",
    )
    assert counts == [
        ("laucnty16.csv", 3219, 3219, 2, 3),
        ("laucnty17.xlsx", 3219, 3219, 2, 3),
        ("laucnty19.xlsx", 3219, 3219, 2, 3),
    ]
    assert live.select(home, "from raw_bls.county_unemployment_rejects") == []


def test_unemployment_by_county_and_year_equals_the_files(marts):
    """The rate of 2019, which the file lacks, is made of the persons it has."""
    rows = live.select(
        marts,
        "select year, count(*), sum(unemployed), sum(labor_force) "
        "from marts.dim_county_years where labor_force is not null "
        "group by year order by year",
    )
    sixteen = pd.DataFrame(real.unemployment_2016())

    def number(column):
        text = sixteen[column].str.strip().str.replace(",", "")
        return pd.to_numeric(text, errors="coerce").dropna().astype(int)

    nineteen = pd.read_excel(
        DATA / "us_demographics/laucnty19.xlsx", engine="calamine", dtype=object
    )
    by_year = {year: rest for year, *rest in rows}
    assert by_year[2016][1:] == [
        number("unemployed").sum(),
        number("labor_force").sum(),
    ]
    assert by_year[2019][1:] == [
        pd.to_numeric(nineteen.unemployed, errors="coerce").sum(),
        pd.to_numeric(nineteen.labor_force, errors="coerce").sum(),
    ]
    assert sorted(by_year) == [2016, 2017, 2019]


def test_every_shooting_and_every_agency_of_it_is_in_the_marts(marts):
    frame = real.read(real.SHOOTINGS)
    pairs = {
        (row.id, agency)
        for row in frame.itertuples()
        for agency in (row.agency_ids or "").split(";")
        if agency
    }
    several = frame.agency_ids.str.contains(";", na=False).sum()
    assert several == 612
    assert live.select(marts, "select count(*) from marts.fct_shootings") == [(9518,)]
    found = live.select(
        marts, "select shooting_id, agency_id from marts.bridge_shooting_agencies"
    )
    assert len(found) == len(pairs)
    assert set(found) == pairs
    assert live.select(
        marts, "select count(*) from marts.fct_shootings where agency_count > 1"
    ) == [(612,)]


def test_county_codes_that_lost_their_zeros_have_them_again(marts):
    cities = real.read(real.CITIES)
    found = live.select(
        marts, "select row_id, county_fips from staging.stg_simplemaps__cities"
    )
    assert sorted(found) == sorted(zip(cities.id, cities.county_fips, strict=True))


def test_at_least_the_exact_city_matches_find_their_county(marts):
    frame, cities = real.read(real.SHOOTINGS), real.read(real.CITIES)
    known = set(zip(cities.city_ascii, cities.state_id, strict=True))
    exact = {row.id for row in frame.itertuples() if (row.city, row.state) in known}
    assert (len(exact), frame.city.notna().sum()) == (8323, 9448)
    by_city = {
        i
        for (i,) in live.select(
            marts,
            "select shooting_id from marts.fct_shootings "
            "where county_fips_by_city is not null",
        )
    }
    assert exact <= by_city


def test_the_withdrawn_and_corrected_are_told_in_the_marts(marts):
    assert live.select(
        marts,
        "select change, count(*) from marts.fct_shooting_changes "
        "group by change order by change",
    ) == [("added", 8816 + 710), ("changed", 550), ("removed", 8)]


def test_license_and_attribution_go_with_every_row(marts):
    ((license_text, attribution),) = live.select(
        marts,
        "select distinct source_licence, source_attribution from marts.fct_shootings",
    )
    assert "CC BY-NC-SA 4.0" in license_text
    assert "Washington Post" in attribution
