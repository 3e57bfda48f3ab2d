"""docs/settings.md lists every setting, as the code has them."""

import re
from pathlib import Path

import pytest

from pipelines.environment import DECLARED, Settings
from pipelines.errors import ConfigError
from pipelines.ops.doctor import SETTINGS
from pipelines.redaction import SECRET_NAMES
from pipelines.settings import Patience, seconds_to_wait
from pipelines.warehouse.engines import bigquery
from pipelines.warehouse.engines.postgres import PostgresEngine
from tools.settings_page import with_tables

ROOT = Path(__file__).parents[2]


def listed(text):
    """Defaults by setting; a row may name several, with as many defaults."""
    found = {}
    for names, default in re.findall(r"^\| (`[A-Z].*?) \| (.*?) \|", text, re.M):
        settings = re.findall(r"`([A-Z_]+)`", names)
        defaults = default.split(", ") if len(settings) > 1 else [default]
        found |= dict(zip(settings, defaults, strict=True))
    return found


PAGE = listed((ROOT / "docs/settings.md").read_text())


def test_every_setting_is_listed_and_no_other():
    theirs = {name for name in PAGE if not name.startswith("BLOTTER_")}
    assert set(PAGE) - theirs == SETTINGS
    assert theirs == {
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        "PGDATABASE",
        "PGHOST",
        "PGPASSWORD",
        "PGPORT",
        "PGSSLMODE",
        "PGUSER",
        "SOCRATA_APP_TOKEN",
    }


def test_the_tables_are_made_from_the_declarations():
    page = (ROOT / "docs/settings.md").read_text()
    assert with_tables(page) == page
    emptied = re.sub(r"^\| `.*\n", "", page, flags=re.M)
    assert "BLOTTER_LAKE` | none" not in emptied
    assert with_tables(emptied) == page


def test_the_secrets_are_those_that_are_kept_out_of_messages():
    secrets = {s.variable for s in DECLARED.values() if s.secret}
    assert secrets == {
        "BLOTTER_HEARTBEAT",
        "BLOTTER_WEBHOOK",
        "PGPASSWORD",
        "SOCRATA_APP_TOKEN",
    }
    hidden = {s.variable for s in DECLARED.values() if SECRET_NAMES.search(s.variable)}
    assert hidden == secrets


def test_an_empty_variable_counts_as_not_set_and_no_value_is_shown(monkeypatch):
    monkeypatch.setenv("BLOTTER_HOME", "")
    monkeypatch.setenv("PGPASSWORD", "markersecret")
    settings = Settings.from_environment()
    assert (settings.home, settings.pgpassword) == ("blotter_home", "markersecret")
    assert "markersecret" not in f"{settings} {settings!r}"


def test_the_readme_leads_to_the_page():
    assert "](docs/settings.md)" in (ROOT / "README.md").read_text()


def test_defaults_are_those_of_the_code(monkeypatch):
    for name in PAGE:
        monkeypatch.delenv(name, raising=False)
    portals = Patience.from_environment()
    numbers = {
        "BLOTTER_TIMEOUT": portals.timeout,
        "BLOTTER_RETRIES": portals.retries,
        "BLOTTER_BACKOFF": portals.backoff,
        "BLOTTER_WAIT": seconds_to_wait(),
    }
    assert {name: float(PAGE[name]) for name in numbers} == numbers
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")
    assert PAGE["BLOTTER_LOCATION"] == (
        bigquery.BigqueryEngine.from_environment().location
    )
    for name in ("PGHOST", "PGUSER", "PGDATABASE"):
        monkeypatch.setenv(name, "x")
    assert f":{PAGE['PGPORT']}" in PostgresEngine.from_environment().place
    profiles = (ROOT / "profiles.yml").read_text()
    assert f"'BLOTTER_MEMORY', '{PAGE['BLOTTER_MEMORY']}'" in profiles


@pytest.mark.parametrize("target", ["postgres", "bigquery"])
def test_what_a_warehouse_needs_is_marked(target, monkeypatch):
    for name in PAGE:
        monkeypatch.delenv(name, raising=False)
    engine = {
        "postgres": PostgresEngine,
        "bigquery": bigquery.BigqueryEngine,
    }[target]
    needed = {name for name, default in PAGE.items() if default == "needed"}
    mine = {n for n in needed if n.startswith("PG") == (target == "postgres")}
    for name in mine:
        monkeypatch.setenv(name, "x")
    assert engine.from_environment()
    for name in mine:
        monkeypatch.delenv(name)
        with pytest.raises(ConfigError, match=name):
            engine.from_environment()
        monkeypatch.setenv(name, "x")
