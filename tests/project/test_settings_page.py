"""docs/settings.md lists every setting, as the code has them."""

import re
from pathlib import Path

import pytest

from pipelines import memory
from pipelines.environment import declared, read
from pipelines.errors import ConfigError
from pipelines.redaction import SECRET_NAMES
from pipelines.settings import Patience, Settings
from tools.settings_page import with_tables

ROOT = Path(__file__).parents[2]
DECLARED = declared(Settings)


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
    assert set(PAGE) == {setting.variable for setting in DECLARED.values()}
    theirs = {name for name in PAGE if not name.startswith("BLOTTER_")}
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


def test_the_readme_leads_to_the_page():
    assert "](docs/settings.md)" in (ROOT / "README.md").read_text()


def test_defaults_are_those_of_the_code():
    found = read(Settings, {}).well()
    assert Patience() == found.patience
    numbers = {
        "BLOTTER_TIMEOUT": found.timeout,
        "BLOTTER_RETRIES": found.retries,
        "BLOTTER_BACKOFF": found.backoff,
        "BLOTTER_WAIT": found.wait,
        "BLOTTER_MAX_BYTES_BILLED": found.max_bytes_billed,
        "PGPORT": found.pg_port,
    }
    assert {name: float(PAGE[name]) for name in numbers} == numbers
    assert PAGE["BLOTTER_LOCATION"] == found.location
    assert PAGE["BLOTTER_TARGET"] == found.target
    assert (PAGE["BLOTTER_HOME"], found.home) == (
        "`./blotter_home`",
        Path("blotter_home").resolve(),
    )


def test_dbt_alone_uses_no_more_memory_than_the_least_that_the_command_gives():
    profiles = (ROOT / "profiles.yml").read_text()
    assert f"'BLOTTER_MEMORY', '{memory.LEAST // memory.MB}MB'" in profiles
    bounds = f"from {memory.LEAST // memory.MB}MB to {memory.MOST // memory.MB}MB;"
    assert bounds in DECLARED["memory"].sentence


@pytest.mark.parametrize("target", ["postgres", "bigquery"])
def test_what_a_warehouse_needs_is_marked(target):
    needed = {name for name, default in PAGE.items() if default == "needed"}
    mine = {n for n in needed if n.startswith("PG") == (target == "postgres")}
    given = {"BLOTTER_TARGET": target, **dict.fromkeys(mine, "x")}
    assert read(Settings, given).well().target == target
    for name in mine:
        for lacking in ({**given, name: ""}, {k: given[k] for k in given if k != name}):
            with pytest.raises(ConfigError, match=f"needs {name} set, too"):
                read(Settings, lacking).well()
