"""The local portal filled with made-up rows, as a process of its own."""

import select
import subprocess
import sys
from datetime import date

import pytest
import requests

from demo.portal.server import Portal
from demo.stock import STOCK, stock

PAPER = "/washingtonpost/data-police-shootings/master"
CENSUS = "/programs-surveys/popest/datasets"
CITIES = "/static/data/us-cities/1.94/basic"
SERVICE = "/saWmpKJIUAjyyNVc/arcgis/rest/services/MPD_Public_Safety_Incidents"
STATIONS = "/saWmpKJIUAjyyNVc/arcgis/rest/services/MPD_Station_Areas"
ADDRESSES = {
    "san_francisco__incidents": "wg3w-h783",
    "chicago__incidents": "ijzp-q8t2",
    "chicago__recent_incidents": "x2n5-8w5q",
    "memphis__incidents": f"{SERVICE}/FeatureServer/0",
    "cambridge__incidents": "3gki-wyrb",
    "washington_post__shootings": f"{PAPER}/v2/fatal-police-shootings-data.csv",
    "washington_post__shootings_v1": f"{PAPER}/v1/fatal-police-shootings-data.csv",
    "washington_post__agencies": f"{PAPER}/v2/fatal-police-shootings-agencies.csv",
    "census__county_population": CENSUS,
    "bls__county_unemployment": "/lau",
    "simplemaps__cities": f"{CITIES}/simplemaps_uscities_basicv1.94.zip",
    "san_francisco__neighborhood_boundaries": "/resource/j2bu-swwd.geojson",
    "chicago__neighborhood_boundaries": "/resource/igwz-8jzy.geojson",
    "memphis__district_boundaries": f"{STATIONS}/FeatureServer/1/query",
    "cambridge__neighborhood_boundaries": (
        "/cambridgegis/cambridgegis_data/main/Boundary/CDD_Neighborhoods/"
        "BOUNDARY_CDDNeighborhoods.geojson"
    ),
}
ROWS_OF_FILES = {
    "washington_post__shootings": 1_600,
    "washington_post__agencies": 150,
    "census__county_population": 21_660,
    "bls__county_unemployment": 660,
    "simplemaps__cities": 250,
    "san_francisco__neighborhood_boundaries": 41,
    "chicago__neighborhood_boundaries": 77,
    "memphis__district_boundaries": 9,
    "cambridge__neighborhood_boundaries": 13,
}


def test_four_cities_share_the_rows_at_their_declared_addresses():
    portal = Portal()
    datasets = stock(portal, 2000, date(2026, 11, 1), seed=1)
    assert {name: data.name for name, data in datasets.items()} == ADDRESSES
    counts = {name: data.count for name, data in datasets.items()}
    assert sum(counts[name] for name in STOCK) == 2000
    assert counts["san_francisco__incidents"] == 900
    assert {name: counts[name] for name in ROWS_OF_FILES} == ROWS_OF_FILES
    assert counts["washington_post__shootings_v1"] < 1_600
    keys = {name: data.key for name, data in datasets.items()}
    assert keys["san_francisco__incidents"] == "row_id"
    assert keys["chicago__incidents"] == "id"
    assert keys["cambridge__incidents"] is None


@pytest.fixture
def process():
    command = [sys.executable, "-m", "demo.portal", "--port", "0", "--rows", "500"]
    command += ["--seed", "1", "--today", "2026-11-01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_process_prints_its_address_and_serves_there(process):
    ready, _, _ = select.select([process.stdout], [], [], 60)
    assert ready, "no address within a minute"
    url = process.stdout.readline().strip()
    count = requests.get(f"{url}/resource/wg3w-h783.json?$select=count(*) as n").json()
    assert count == [{"n": "225"}]
