"""dbt's exposures tell what the site and the published files read."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "models" / "marts" / "exposures_site.yml"
EXPOSURES = yaml.safe_load(FILE.read_text())["exposures"]
MARTS = {path.stem for path in (ROOT / "models" / "marts").rglob("*.sql")}
SITE = ROOT / "pipelines" / "site"
# Where the pages' numbers are asked for.
ASKING = ("figures", "city_figures", "packed", "map_areas")


def read_by(exposure) -> set[str]:
    return set(re.findall(r"ref\('(\w+)'\)", " ".join(exposure["depends_on"])))


def test_the_pages_read_what_their_exposures_tell_and_no_more():
    told = {name for e in EXPOSURES if e["type"] == "dashboard" for name in read_by(e)}
    text = "".join((SITE / f"{name}.py").read_text() for name in ASKING)
    assert told == MARTS & set(re.findall(r"\b(?:rpt|fct|dim)_\w+", text))


def test_every_mart_is_among_the_published_files():
    (files,) = (each for each in EXPOSURES if each["type"] == "application")
    assert read_by(files) == MARTS


def test_every_page_has_an_exposure():
    """The status page reads the ledger, the first one what the cities' do."""
    pages = {path.stem for path in (ROOT / "site" / "templates").glob("*.html")}
    pages -= {"base", "parts", "home", "status", "dictionary", "district"}
    assert {f"site_{page}" for page in pages} == {
        each["name"] for each in EXPOSURES if each["type"] == "dashboard"
    }
