"""The compose files: what they publish, keep and tell nobody."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from metabase.__main__ import NEEDED

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.postgres.yaml").read_text()
FILE = yaml.safe_load(TEXT)
SERVICES = FILE["services"]


def test_the_pipeline_waits_for_a_server_that_answers():
    pipeline = SERVICES["blotter"]
    assert pipeline["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert "pg_isready" in SERVICES["postgres"]["healthcheck"]["test"]
    assert pipeline["environment"]["BLOTTER_TARGET"] == "postgres"
    assert pipeline["environment"]["PGHOST"] in SERVICES


def test_ports_are_published_on_this_machine_alone():
    published = [
        port for service in SERVICES.values() for port in service.get("ports", [])
    ]
    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_password_is_in_the_file_and_none_is_made_up():
    """Without one compose refuses to start."""
    found = re.findall(r"password:? '?(\S+)", TEXT, re.IGNORECASE)
    assert len(found) == 6
    names = [re.match(r"\$\{(\w*PASSWORD):\?", value)[1] for value in found]
    assert Counter(names) == {
        "PGPASSWORD": 3,
        "METABASE_PGPASSWORD": 2,
        "METABASE_ADMIN_PASSWORD": 1,
    }
    example = (ROOT / ".env.example").read_text()
    for name in [*names, "METABASE_ADMIN_EMAIL"]:
        assert f"\n{name}=\n" in example


def test_the_pipelines_user_is_no_superuser():
    statements = FILE["configs"]["roles"]["content"]
    assert "create role blotter login password" in statements
    assert "superuser" not in statements
    assert SERVICES["blotter"]["environment"]["PGUSER"] == "blotter"
    assert "POSTGRES_USER" not in SERVICES["postgres"]["environment"]


def test_metabase_may_read_the_marts_and_write_nothing():
    """What the statements give is tried in test_metabase_cards.py."""
    statements = FILE["configs"]["roles"]["content"]
    of_reader = statements[statements.index("create role metabase") :]
    assert "set default_transaction_read_only = on" in of_reader
    granted = re.findall(r"grant (\w+) on (\w+)", of_reader)
    assert granted == [("usage", "schema"), ("select", "tables")]
    setup = SERVICES["metabase-setup"]["environment"]
    assert "PGUSER" not in setup
    assert "PGPASSWORD" not in setup


def test_the_dashboards_are_made_once_metabase_is_well():
    setup = SERVICES["metabase-setup"]
    assert setup["depends_on"] == {"metabase": {"condition": "service_healthy"}}
    assert "/api/health" in SERVICES["metabase"]["healthcheck"]["test"][-1]
    assert setup["restart"] == "no"
    assert setup["command"] == ["python", "-m", "metabase"]
    assert set(NEEDED) <= setup["environment"].keys()
    host = urlsplit(setup["environment"]["METABASE_URL"]).hostname
    assert host in SERVICES
    pipeline = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name in ("build", "image", "read_only", "cap_drop", "security_opt"):
        assert setup[name] == pipeline["blotter"][name]
    # The image's check is of the daily job.
    assert setup["healthcheck"] == {"disable": True}
    assert "ports" not in setup


def test_the_image_has_the_dashboards():
    assert "\n!metabase/\n" in (ROOT / ".dockerignore").read_text()


def test_images_are_of_a_version_and_keep_their_data():
    for name in ("postgres", "metabase"):
        assert re.search(r":v?\d", SERVICES[name]["image"])
        (volume,) = SERVICES[name]["volumes"]
        assert volume.split(":")[0] in FILE["volumes"]
