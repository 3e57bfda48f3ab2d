"""The image: what is in it, that it does the whole job without rights, that it stops.

Needs root, buildah and debootstrap, which `.ci/run` installs; see container_image.py.
"""

import json
import os
import subprocess
import tarfile
import time
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from demo.portal.server import Fault, Portal, serve
from demo.stock import stock
from tests.support import needs
from tests.support.live_portal import NO_DATA_TESTS
from tests.support.servers.container_image import (
    REPOSITORY,
    base_root,
    built_image,
    copy_with_decoys,
    missing_tools,
)

# An image is built, from a Debian root made here.
pytestmark = pytest.mark.timeout(1800)

SECRET = "decoy-of-a-secret-3f1c"
TOKEN = "token-of-the-test"
UID = 10001
ENABLED = [
    "san_francisco__incidents",
    "chicago__incidents",
    "memphis__incidents",
    "cambridge__incidents",
]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    if missing := missing_tools():
        needs.container(missing).skip()
    folder = tmp_path_factory.mktemp("image")
    with built_image(copy_with_decoys(folder / "context", SECRET)) as image:
        yield image


@pytest.fixture
def volume(tmp_path):
    return new_volume(tmp_path)


def new_volume(folder: Path) -> Path:
    """An empty volume, owned as an engine makes it: like the image's folder."""
    volume = folder / "volume"
    volume.mkdir()
    os.chown(volume, UID, UID)
    return volume


@pytest.fixture(scope="module")
def portal():
    return Portal(seed=1)


@pytest.fixture(scope="module")
def published(portal):
    return stock(portal, rows=300, today=date.today(), seed=1)


@pytest.fixture(scope="module")
def settings(portal, published):
    """The environment of a container that reads the local portal."""
    with serve(portal) as url:
        yield {
            "BLOTTER_PORTAL": url,
            "SOCRATA_APP_TOKEN": TOKEN,
            **dict([NO_DATA_TESTS]),
        }


@pytest.fixture(scope="module")
def first_start(image, settings, tmp_path_factory):
    """The volume and output of a container left alone on an empty volume."""
    volume = new_volume(tmp_path_factory.mktemp("first"))
    with image.start(volume, **settings) as container:
        container.wait_for("next run", seconds=300)
        assert container.stop(seconds=10) == 0
        return volume, container.output


def wait_until(has_come, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not has_come():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_image_states_how_it_runs(image):
    assert image.config["User"] == f"{UID}:{UID}"
    assert image.config["Entrypoint"] == ["/usr/bin/tini", "--"]
    assert list(image.config["Volumes"]) == ["/data"]
    assert image.environment["BLOTTER_HOME"] == "/data"
    # Docker counts in nanoseconds.
    assert image.config["Healthcheck"] == {
        "Test": ["CMD", "blotter", "status", "--max-age", "36h"],
        "StartPeriod": 24 * 3600 * 10**9,
        "Interval": 300 * 10**9,
        "Timeout": 30 * 10**9,
        "Retries": 2,
    }


def test_the_image_keeps_nothing_of_the_machine_that_built_it(image):
    assert set(image.environment) == {
        "BLOTTER_HOME",
        "HOME",
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
    }
    certificates = "etc/ssl/certs/ca-certificates.crt"
    with tarfile.open(base_root()) as base:
        untouched = base.extractfile(f"./{certificates}").read()
    assert (image.root / certificates).read_bytes() == untouched
    assert not (image.root / "etc/pip.conf").exists()
    assert not (image.root / "root/.cache").exists()


def test_the_image_holds_what_the_job_reads_and_no_more(image):
    app = image.root / "app"
    assert {path.name for path in app.iterdir()} == {
        *("pipelines", "models", "macros", "seeds", "site", "metabase", "tests"),
        *("demo", "container"),
        *("pyproject.toml", "requirements.lock", "dbt_project.yml", "profiles.yml"),
        *("README.md", "cronfile"),
        *(["LICENSE"] if (REPOSITORY / "LICENSE").exists() else []),
    }
    files = [path for path in app.rglob("*") if path.is_file()]
    tests = [path for path in files if "tests" in path.parts]
    assert {path.suffix for path in tests} == {".sql"}
    assert [p for p in files if SECRET.encode() in p.read_bytes()] == []
    assert not (image.root / "usr/bin/git").exists()


def test_nothing_of_the_image_belongs_to_its_user_but_the_volume(image):
    command = ["find", str(image.root), "-xdev", "-uid", str(UID)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(image.root / "data")]


def test_a_command_runs_as_given_by_a_user_without_rights(image, volume):
    code, output = image.run(volume, "blotter", "--help")
    assert code == 0
    assert "daily" in output
    code, output = image.run(volume, "sh", "-c", "id -u; id -g; pwd; touch /app/x")
    assert code == 1
    assert output.splitlines()[:3] == ["10001", "10001", "/app"]
    assert "Read-only file system" in output


def test_started_on_an_empty_volume_it_loads_what_is_published(first_start, published):
    volume, output = first_start
    assert "`blotter daily` ended with 0" in output
    with duckdb.connect(str(volume / "blotter.duckdb"), read_only=True) as warehouse:
        for name in ENABLED:
            source, entity = name.split("__")
            query = f"select count(*) from raw_{source}.{entity}"
            assert warehouse.execute(query).fetchone() == (published[name].count,)
        (incidents,) = warehouse.execute(
            "select count(*) from marts.fct_incidents"
        ).fetchone()
    assert incidents == sum(published[name].count for name in ENABLED)
    assert {path.stat().st_uid for path in volume.rglob("*")} == {UID}


def test_it_is_healthy_from_the_first_good_run_on(image, volume, first_start):
    loaded, _ = first_start
    check = image.config["Healthcheck"]["Test"][1:]
    code, output = image.run(volume, *check)
    assert (code, "No run has ended" in output) == (1, True)
    assert image.run(loaded, *check)[0] == 0
    status = json.loads((loaded / "status.json").read_text())
    status["last_good_run"] = "2020-01-01T00:00:00+00:00"
    stale = volume / "status.json"
    stale.write_text(json.dumps(status))
    code, output = image.run(volume, *check)
    assert (code, "succeeded in the last 36h" in output) == (1, True)


def test_the_cronfile_runs_the_job_on_time_with_environment_and_output(
    image, first_start, settings, portal, tmp_path
):
    volume, _ = first_start
    every_minute = tmp_path / "cronfile"
    daily = (REPOSITORY / "cronfile").read_text()
    every_minute.write_text(daily.replace("15 6 * * * blotter", "* * * * * blotter"))
    asked_before = len(portal.requests)
    with image.start(volume, cronfile=every_minute, **settings) as container:
        container.wait_for("`blotter daily` begins", seconds=90)
        container.wait_for("`blotter daily` ended with 0", seconds=120)
        assert container.stop(seconds=10) == 0
    lines = container.output.splitlines()
    # The last run is recent, so none was made up for; then the minute came.
    assert "next run" in lines[0]
    assert "(America/Los_Angeles)" in lines[0]
    assert "`blotter daily` begins" in lines[1]
    assert any("san_francisco__incidents" in line for line in lines[2:])
    requests = portal.requests[asked_before:]
    socrata = [r for r in requests if r.path.startswith(("/resource/", "/api/views/"))]
    assert {record.headers["x-app-token"] for record in socrata} == {TOKEN}
    others = [r.headers for r in requests if r not in socrata]
    assert others
    assert TOKEN not in str(others)


def test_the_app_token_is_written_nowhere(first_start):
    volume, output = first_start
    files = [path for path in volume.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert TOKEN not in output


@pytest.mark.parametrize(("command", "code"), [((), 0), (("blotter", "daily"), 1)])
def test_a_job_under_way_ends_cleanly_when_the_container_stops(
    image, settings, portal, volume, command, code
):
    portal.fail(Fault(kind="slow", seconds=60, times=None))
    asked_before = len(portal.requests)
    try:
        with image.start(volume, *command, **settings) as container:
            wait_until(lambda: len(portal.requests) > asked_before, seconds=60)
            begin = time.monotonic()
            assert container.stop(seconds=30) == code
    finally:
        portal.heal()
    assert time.monotonic() - begin < 15
    assert "Stopped by SIGTERM" in container.output
    if not command:
        assert "`blotter daily` ended with 1" in container.output
        assert container.output.endswith("scheduler: stopped\n")


def test_compose_gives_the_container_no_more_rights_than_this_test():
    service = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())["services"]
    blotter = service["blotter"]
    assert blotter["read_only"] is True
    assert blotter["cap_drop"] == ["ALL"]
    assert blotter["security_opt"] == ["no-new-privileges:true"]
    assert (blotter["volumes"], blotter["tmpfs"]) == (["blotter:/data"], ["/tmp"])
    assert blotter["stop_grace_period"] == "5m"
