"""`blotter doctor` on a data set of several tables: each is asked and named."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from demo.portal.faults import Fault
from demo.portal.server import Portal, serve
from pipelines.datasets.parts import YEAR, Part
from pipelines.ops.portal_survey import data_set_findings
from pipelines.portals.registry import reader_for
from tests.support.in_parts import LAYER, SODA, Incident
from tests.support.live_portal import IMPATIENT

NOW = datetime(2027, 1, 9, 12, tzinfo=UTC)
ROWS = {
    "2025": [Incident("a1", date(2025, 5, 1))],
    "2026": [Incident("b1", date(2026, 12, 24)), Incident("b2", date(2025, 12, 31))],
    "2027": [Incident("c1", date(2027, 1, 2))],
}


@pytest.fixture
def portal():
    return Portal(clock=lambda: datetime(2027, 1, 9, 9, tzinfo=UTC))


@pytest.fixture
def url(portal):
    with serve(portal) as url:
        yield url


def findings(city, url, now=NOW) -> list[tuple[str, str]]:
    there = city.at_portal(url).on_day(now.date())
    reader = reader_for(there, IMPATIENT)
    found = list(data_set_findings(reader, city, now))
    assert {finding.subject for finding in found} == {"northhaven__incidents"}
    return [(finding.level, finding.message) for finding in found]


@pytest.mark.parametrize("api", [SODA, LAYER], ids=["soda2", "arcgis"])
def test_each_part_is_asked_and_rows_of_other_days_are_told(api, portal, url):
    for name, rows in ROWS.items():
        api.publish(portal, name, rows)
    found = findings(api.dataset([Part(url=api.url(YEAR), from_year=2025)]), url)
    for name in ROWS:
        said = f"{api.place(url, name)} answers; last updated 3 hours ago"
        assert ("ok", said) in found
    assert [said for level, said in found if level != "ok"] == [
        f"{api.place(url, '2026')} has rows of other days than 2026-01-01 to "
        "2026-12-31 (1): they are not looked for there. Correct its days in "
        "northhaven__incidents.toml, unless the rows are mistakes."
    ]
    # Those of December and January, of two tables.
    assert any("all 2 rows of 2026-12-01 on have" in said for _, said in found)


def test_a_part_that_is_missing_fails_and_the_others_are_told(portal, url):
    for name in ("2025", "2027"):
        SODA.publish(portal, name, ROWS[name])
    portal.datasets["crim-2025"].rename_column("category", "offense")
    found = findings(SODA.dataset([Part(url=SODA.url(YEAR), from_year=2025)]), url)
    level, said = found[-1]
    assert level == "fail"
    assert "sent 1 of 3 tables" in said
    assert f"{SODA.place(url, '2025')} no longer publishes category" in said
    assert f"{SODA.place(url, '2026')} no longer has it (status 404" in said
    answers = [said for _, said in found if "/resource/" in said and "answers" in said]
    assert answers == [f"{SODA.place(url, '2027')} answers; last updated 3 hours ago"]


def test_a_new_years_part_that_is_not_there_yet_is_a_warning(portal, url):
    for name in ("2025", "2026"):
        LAYER.publish(portal, name, ROWS[name][:1])
    found = findings(LAYER.dataset([Part(url=LAYER.url(YEAR), from_year=2025)]), url)
    host = url.removeprefix("http://")
    assert [(level, said) for level, said in found if level != "ok"] == [
        (
            "warn",
            f"{host} does not publish {LAYER.place(url, '2027')} yet; from "
            "February 15, 2027 on that is a failure.",
        )
    ]


def test_a_new_column_of_a_part_is_told_with_the_part(portal, url):
    SODA.publish(portal, "0001", ROWS["2027"]).add_column("officer", "text")
    SODA.publish(portal, "0002", ROWS["2026"][:1])
    parts = [Part(url=SODA.url("0001")), Part(url=SODA.url("0002"))]
    found = findings(SODA.dataset(parts), url)
    assert [said for level, said in found if level == "warn"] == [
        f"{SODA.place(url, '0001')} publishes new columns that are not loaded: officer."
        " Add them to `columns` or `left_out` in northhaven__incidents.toml."
    ]


def test_a_part_that_moved_is_told_with_the_lines_to_paste(portal, url):
    SODA.publish(portal, "0001", ROWS["2027"])
    SODA.publish(portal, "0002", ROWS["2026"][:1])
    portal.fail(
        Fault(
            "redirect",
            path="*crim-0002*",
            location="https://new.northhaven.example",
            times=None,
        )
    )
    city = SODA.dataset([Part(url=SODA.url("0001")), Part(url=SODA.url("0002"))])
    here = msgspec.structs.replace(
        city,
        url=f"{url}/resource/crim-0001",
        parts=[Part(url=f"{url}/resource/crim-{name}") for name in ("0001", "0002")],
    )
    level, said = findings(here, None)[-1]
    assert level == "fail"
    assert said.endswith(
        f"{SODA.place(url, '0002')} has moved: put "
        '`url = "https://new.northhaven.example/resource/crim-0002"` and '
        f'`formerly = ["{url}/resource/crim-0002"]` into its part of '
        "northhaven__incidents.toml."
    )
