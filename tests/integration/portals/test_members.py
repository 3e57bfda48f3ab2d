"""`blotter doctor` compares the seeds' council members with the cities' own lists."""

import dataclasses
from datetime import UTC, date, datetime

import msgspec
import pytest

from demo.portal.server import Fault, Portal, serve
from demo.stock import publish_council
from pipelines.datasets.checks import problems
from pipelines.datasets.declarations import read_datasets
from pipelines.ops import members
from pipelines.ops.members import council_findings, in_office, is_same
from pipelines.settings import Settings
from tests.support.live_portal import IMPATIENT

FRANCISCO, CHICAGO = "san_francisco__incidents", "chicago__incidents"
DATASETS = [
    read_datasets()[name] for name in (FRANCISCO, CHICAGO, "memphis__incidents")
]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def portal():
    portal = Portal()
    for name in (FRANCISCO, CHICAGO):
        publish_council(portal, name, NOW.date())
    return portal


def found(portal, monkeypatch, now=NOW) -> dict[str, tuple[str, str]]:
    with serve(portal) as url:
        settings = dataclasses.replace(
            Settings.from_environment(), portal=url, **vars(IMPATIENT)
        )
        findings = list(council_findings(DATASETS, settings, now))
    return {finding.subject: (finding.level, finding.message) for finding in findings}


def test_the_same_members_are_told_in_a_line_a_city(portal, monkeypatch):
    assert found(portal, monkeypatch) == {
        "san_francisco council": ("ok", "all 11 members match the city's list"),
        "chicago council": ("ok", "all 50 members match the city's list"),
    }
    assert len(portal.requests) == 2


def test_another_member_is_only_warned_of(portal, monkeypatch):
    lists = portal.datasets
    lists["hcgx-vtsb"].upsert([{"sup_dist_num": "9", "sup_name": "Jane Roe"}])
    lists["htai-wnw4"].upsert([{"ward": "27", "alderman": "VACANT"}])
    told = found(portal, monkeypatch)
    level, said = told["san_francisco council"]
    assert level == "warn"
    assert said.startswith(
        "district 9 has Jackie Fielder in the seed but Jane Roe on the city's list ("
    )
    assert "https://data.sf.gov/resource/hcgx-vtsb" in said
    level, said = told["chicago council"]
    assert level == "warn"
    both = "Walter Redmond Burnett in the seed but nobody on the city's list"
    assert f"district 27 has {both}" in said


@pytest.mark.parametrize(
    "fault", [Fault("status", times=None), Fault("cut", size=20, times=None)]
)
def test_a_list_that_fails_is_only_warned_of(portal, monkeypatch, fault):
    portal.fail(fault)
    told = found(portal, monkeypatch)
    assert {level for level, _ in told.values()} == {"warn"}
    assert all("could not read the city's list: " in said for _, said in told.values())


def test_a_list_without_the_columns_is_only_warned_of(portal, monkeypatch):
    portal.datasets["htai-wnw4"].rename_column("alderman", "alderperson")
    assert found(portal, monkeypatch)["chicago council"][0] == "warn"


@pytest.mark.parametrize(
    ("seed", "listed"),
    [
        ("Ahsha Safaí", "AHSHA SAFAI"),
        ("Walter Redmond Burnett", "Burnett, Jr., Walter"),
        ("Walter Redmond Burnett", "Burnett, Walter R."),
        ("Carlos Ramirez-Rosa", "Ramirez Rosa, Carlos"),
        ("Timmy Knudsen", "Knudsen, Timmy"),
        ("Matt Dorsey", "Matthew Dorsey"),
        ("Daniel La Spata", "La Spata, Daniel"),
        ("Peter O'Brien", "Peter O’Brien"),
        ("Walter Burnett", "Walter Burnett, Jr."),
    ],
)
def test_spelling_makes_no_other_person(seed, listed):
    assert is_same(seed, listed)
    assert is_same(listed, seed)


@pytest.mark.parametrize(
    ("seed", "listed"),
    [
        ("Connie Chan", "Chyanne Chen"),
        ("Rafael Mandelman", "Rafael Yekutiel"),
        ("Ann Lee", "Bob Lee"),
        ("Al Lee", "Alan Lee"),
        ("Alan Wong", None),
    ],
)
def test_another_person_is_none_that_is_spelled_otherwise(seed, listed):
    assert not is_same(seed, listed)
    assert is_same(None, None)


def test_seats_change_hands_on_the_day():
    """A vacant seat has nobody: San Francisco's fourth in November 2025."""
    assert in_office("san_francisco", date(2025, 11, 12))["4"] == "Beya Alcaraz"
    assert "4" not in in_office("san_francisco", date(2025, 11, 13))
    assert in_office("san_francisco", date(2025, 12, 1))["4"] == "Alan Wong"


def test_a_list_on_another_host_is_refused():
    dataset = DATASETS[0]
    elsewhere = msgspec.structs.replace(
        dataset.council_list, url="https://elsewhere.example/resource/hcgx-vtsb"
    )
    broken = msgspec.structs.replace(dataset, council_list=elsewhere)
    assert list(problems(broken)) == [
        "`council_list.url` must be on the host of `url`",
    ]
    assert members.SEED.exists()
