"""docs/bi.md and the exposures tell what the dashboards and the reports are."""

import re
from pathlib import Path

import pytest
import yaml

import metabase.__main__ as command
from metabase.files import DASHBOARDS, read_dashboards

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/bi.md").read_text()
EXPOSURES = yaml.safe_load((ROOT / "models/marts/exposures_bi.yml").read_text())
MODELS = {path.stem for path in (ROOT / "models").rglob("*.sql")}


def test_exposures_list_what_the_questions_read_and_no_more():
    listed = {
        re.search(r"(\w+\.yaml)", one["description"])[1]: {
            re.fullmatch(r"ref\('(\w+)'\)", ref)[1] for ref in one["depends_on"]
        }
        for one in EXPOSURES["exposures"]
    }
    read = {}
    for path in DASHBOARDS.glob("*.yaml"):
        text = re.sub(r"#.*", "", path.read_text())
        read[path.name] = set(re.findall(r"\bmarts\.(\w+)", text))
        assert len(re.findall(r"\b(?:from|join) marts\.", text)) == text.count("marts.")
    assert read == listed
    assert set().union(*listed.values()) <= MODELS


def test_exposures_are_named_as_the_dashboards():
    labels = {one["label"] for one in EXPOSURES["exposures"]}
    assert labels == {f"{one.name} (Metabase)" for one in read_dashboards()}
    assert {one["type"] for one in EXPOSURES["exposures"]} == {"dashboard"}


def test_the_page_lists_every_report():
    listed = re.findall(r"^\| `(rpt_\w+)` \|", PAGE, re.M)
    assert sorted(listed) == sorted(name for name in MODELS if name.startswith("rpt_"))


def test_the_page_lists_every_dashboard_and_setting():
    for dashboard in read_dashboards():
        assert f"\n| {dashboard.name} |" in PAGE
    settings = set(re.findall(r"`(METABASE_\w+)`", PAGE))
    source = Path(command.__file__).read_text()
    assert settings == set(re.findall(r'"(METABASE_\w+)"', source))


@pytest.mark.parametrize("page", ["README.md", "docs/postgres.md"])
def test_the_page_is_found(page):
    assert "bi.md" in (ROOT / page).read_text()
