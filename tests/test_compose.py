"""The compose files: what they publish, keep and tell nobody."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
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
    assert "PGPASSWORD=\n" in (ROOT / ".env.example").read_text()
    found = re.findall(r"password:? '?(\S+)", TEXT, re.IGNORECASE)
    assert len(found) == 3
    assert all(value.startswith("${PGPASSWORD:?") for value in found)


def test_the_pipelines_user_is_no_superuser():
    statements = FILE["configs"]["roles"]["content"]
    assert "create role blotter login password" in statements
    assert "superuser" not in statements
    assert SERVICES["blotter"]["environment"]["PGUSER"] == "blotter"
    assert "POSTGRES_USER" not in SERVICES["postgres"]["environment"]


def test_images_are_of_a_version_and_keep_their_data():
    for name in ("postgres", "metabase"):
        assert re.search(r":v?\d", SERVICES[name]["image"])
        (volume,) = SERVICES[name]["volumes"]
        assert volume.split(":")[0] in FILE["volumes"]
