"""Made-up tables are published as the whole files that their publishers serve."""

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime

import pandas as pd
import pytest
import requests

from demo.portal.server import Portal, serve
from demo.rows.file_formats import csv_file, workbook
from demo.stock import stock_files

PAPER = "/washingtonpost/data-police-shootings/master"
SHOOTINGS = f"{PAPER}/v2/fatal-police-shootings-data.csv"
CENSUS = "/programs-surveys/popest/datasets"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    tables = stock_files(portal, date(2026, 11, 1), seed=1)
    with serve(portal) as url:
        yield portal, tables, url


@pytest.fixture(scope="module")
def get(served) -> Callable[[str], requests.Response]:
    return lambda path: requests.get(served[2] + path, timeout=10)


def test_each_file_is_at_its_declared_path_with_the_type_that_its_host_sends(
    served, get
):
    kinds = {path: get(path).headers["Content-Type"] for path in served[0].files}
    assert kinds == {
        SHOOTINGS: "text/plain; charset=utf-8",
        f"{PAPER}/v1/fatal-police-shootings-data.csv": "text/plain; charset=utf-8",
        f"{PAPER}/v2/fatal-police-shootings-agencies.csv": "text/plain; charset=utf-8",
        f"{CENSUS}/2010-2019/counties/asrh/cc-est2019-alldata.csv": "text/csv",
        f"{CENSUS}/2020-2025/counties/asrh/cc-est2025-alldata.csv": "text/csv",
        **{f"/lau/laucnty{year}.xlsx": WORKBOOK for year in range(15, 26)},
        "/static/data/us-cities/1.94/basic/simplemaps_uscities_basicv1.94.zip": (
            "application/zip"
        ),
        "/resource/j2bu-swwd.geojson": "application/vnd.geo+json; charset=utf-8",
        "/resource/igwz-8jzy.geojson": "application/vnd.geo+json; charset=utf-8",
        "/saWmpKJIUAjyyNVc/arcgis/rest/services/MPD_Station_Areas/FeatureServer/1"
        "/query": "application/geo+json",
        "/cambridgegis/cambridgegis_data/main/Boundary/CDD_Neighborhoods"
        "/BOUNDARY_CDDNeighborhoods.geojson": "text/plain; charset=utf-8",
    }


def test_the_newspapers_cells_are_all_in_quotes(served, get):
    lines = get(SHOOTINGS).text.splitlines()
    assert len(lines) == 1_601
    assert all(line[0] == line[-1] == '"' and ",," not in line for line in lines)
    read = list(csv.DictReader(lines))
    rows = served[1]["washington_post__shootings"].rows().to_pylist()
    assert read == [{name: text or "" for name, text in row.items()} for row in rows]


def test_the_census_files_are_in_latin_1_and_lose_zeros_in_the_newer_edition(get):
    old = get(f"{CENSUS}/2010-2019/counties/asrh/cc-est2019-alldata.csv").content
    new = get(f"{CENSUS}/2020-2025/counties/asrh/cc-est2025-alldata.csv").content
    assert b",Ca\xf1avera County," in old
    head = b"SUMLEV,STATE,COUNTY,STNAME,CTYNAME,YEAR,AGEGRP,TOT_POP,TOT_MALE,TOT_FEMALE"
    for data in (old, new):
        header = data.splitlines()[0]
        assert header.startswith(head + b",WA_MALE,WA_FEMALE,BA_MALE")
        assert header.endswith(b",HNAC_MALE,HNAC_FEMALE")
        assert header.count(b",") == 79
    assert old.splitlines()[1].startswith(b"050,02,002,Alaska,")
    assert new.splitlines()[1].startswith(b"50,2,2,Alaska,")


def test_a_workbook_has_title_header_gap_and_source_as_the_bureaus_have(get):
    old = sheet(get("/lau/laucnty15.xlsx"))
    assert old[0] == ["Labor force data by county, 2015 annual averages", *[""] * 9]
    assert old[2][:3] == ["LAUS", "State", "County"]
    assert old[4] == [
        *("Code", "Code", "Code", "County Name/State Abbreviation", "Year", ""),
        *("Force", "Employed", "Unemployed", "(%)"),
    ]
    counties = old[6:66]
    assert all(row[4:6] == ["2015", ""] for row in counties)
    assert all(int(row[6]) == int(row[7]) + int(row[8]) for row in counties)
    assert [row[0] != "" for row in old[66:]] == [False, True, True]
    assert old[67][0].startswith("SOURCE:")


def test_newer_workbooks_have_one_header_and_no_gap(get):
    rows = sheet(get("/lau/laucnty24.xlsx"))
    assert rows[1][:4] == [
        *("LAUS Code", "State FIPS Code", "County FIPS Code"),
        "County Name/State Abbreviation",
    ]
    assert rows[2][4] == "2024"


def test_one_year_writes_numbers_with_commas_and_one_lacks_a_countys(get):
    commas = sheet(get("/lau/laucnty16.xlsx"))[6:66]
    assert all(row[6].endswith("     ") for row in commas)
    assert any("," in row[6] for row in commas)
    lacking = [row for row in sheet(get("/lau/laucnty20.xlsx")) if "N.A." in row]
    assert [row[6:] for row in lacking] == [["N.A."] * 4]


def sheet(answer: requests.Response) -> list[list[str]]:
    """A workbook's cells as text, empty where there is none."""
    frame = pd.read_excel(
        io.BytesIO(answer.content), engine="calamine", header=None, dtype=str
    )
    return frame.fillna("").values.tolist()


def test_the_cities_are_packed_with_a_license_and_have_a_byte_order_mark(get):
    path = "/static/data/us-cities/1.94/basic/simplemaps_uscities_basicv1.94.zip"
    with zipfile.ZipFile(io.BytesIO(get(path).content)) as archive:
        assert set(archive.namelist()) == {"license.txt", "uscities.csv"}
        assert b"made up" in archive.read("license.txt")
        data = archive.read("uscities.csv")
    assert data.startswith(b"\xef\xbb\xbfcity,city_ascii,state_id,state_name,county_f")
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    lengths = [len(row["county_fips"]) for row in rows]
    assert len(rows) == 250
    assert set(lengths) == {4, 5}
    cut = [r["state_id"] for r in rows if len(r["county_fips"]) == 4]
    assert set(cut) == {"AK", "AL", "CA"}


def test_another_edition_comes_of_each_action_and_is_dated_by_it():
    clock = [datetime(2026, 3, 1, tzinfo=UTC)]
    portal = Portal(clock=lambda: clock[0])
    rows = [
        {"id": "1", "file": "a.csv", "size": "5"},
        {"id": "2", "file": "b.csv", "size": None},
    ]
    columns = dict.fromkeys(["id", "file", "size"], "text")
    table = portal.add_file_table(
        *("/t", rows, columns, "id"),
        paths={"a.csv": "/t/a.csv", "b.csv": "/t/b.csv"},
        write=csv_file,
        file_column="file",
    )
    first = {path: file.contents() for path, file in portal.files.items()}
    assert first == {
        "/t/a.csv": (b"id,size\n1,5\n", clock[0]),
        "/t/b.csv": (b"id,size\n2,\n", clock[0]),
    }
    clock[0] = datetime(2026, 3, 2, tzinfo=UTC)
    table.upsert([{"id": "2", "size": "7,5"}])
    table.upsert([{"id": "3", "file": "b.csv", "size": 'a "b"'}])
    assert portal.files["/t/a.csv"].contents() == first["/t/a.csv"]
    body, changed_at = portal.files["/t/b.csv"].contents()
    assert body == b'id,size\n2,"7,5"\n3,"a ""b"""\n'
    assert changed_at.date() == date(2026, 3, 2)


def test_the_same_rows_make_the_same_bytes():
    rows = [["Title & <more>"], [], ["01", None, 2.5, 7]]
    assert workbook("a", rows) == workbook("a", rows)
    frame = pd.read_excel(
        io.BytesIO(workbook("a", rows)), engine="calamine", header=None
    )
    assert frame.iloc[0, 0] == "Title & <more>"
    assert frame.iloc[2, [0, 2, 3]].tolist() == ["01", 2.5, 7]
