"""What is installed, and by what: known byte for byte."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def requirements(text: str) -> list[str]:
    """The requirements of a lock file, each with its options on one line."""
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [line for line in lines if line and not line.lstrip().startswith("#")]


def unhashed(text: str) -> list[str]:
    """Requirements that are not of one version with the digest of its files."""
    pinned = (
        r"[\w.\-]+(\[[\w, \-]+\])?==[\w.!+]+( ?;[^#]+?)?( ?--hash=sha256:[0-9a-f]{64})+"
    )
    return [line for line in requirements(text) if not re.fullmatch(pinned, line)]


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-test.lock",
        "tests/emulator-requirements.lock",
    ],
)
def test_every_requirement_is_of_one_version_with_hashes(name):
    text = (ROOT / name).read_text()
    assert unhashed(text) == []
    assert len(requirements(text)) > 50


@pytest.mark.parametrize(
    "line",
    [
        "dlt==1.31.0",
        "dlt>=1 --hash=sha256:" + "0" * 64,
        "dlt @ https://example.org/dlt.whl",
        "-e git+https://example.org/dlt",
        "--index-url https://example.org",
    ],
)
def test_a_requirement_without_version_or_hash_is_noticed(line):
    assert unhashed(line) == [line]


def test_installing_asks_for_the_hashes():
    """In the image and by make; the project itself brings nothing along."""
    scripts = {DOCKERFILE: 2, (ROOT / "Makefile").read_text(): 3}
    for script, count in scripts.items():
        joined = re.sub(r"\\\n\s*", "", script)
        installs = [line for line in joined.splitlines() if " install --" in line]
        installs = [line for line in installs if "pip" in line]
        assert len(installs) == count
        for line in installs:
            assert "--require-hashes" in line or "--no-deps" in line, line


def test_the_image_fetches_nothing_but_packages():
    """No data and no script from elsewhere; what it copies is the repository."""
    assert not re.search(r"\b(curl|wget|git|https?:|ADD)\b", comments_cut(DOCKERFILE))
    users = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert users[-1:] == ["10001:10001"]


def comments_cut(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))


def test_every_action_is_pinned_to_a_commit_and_may_only_read():
    assert WORKFLOWS
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert {"contents": "read"}.items() <= workflow["permissions"].items()
        assert workflow["permissions"].keys() <= {"contents", "actions"}
        assert set(workflow["permissions"].values()) == {"read"}
        for job in workflow["jobs"].values():
            assert "permissions" not in job
            assert job["timeout-minutes"] <= 60
            used = [step["uses"] for step in job["steps"] if "uses" in step]
            for action in [*used, *([job["uses"]] if "uses" in job else [])]:
                assert re.fullmatch(r"[\w.\-]+/[\w.\-/]+@[0-9a-f]{40}", action), path


def test_what_a_pull_request_runs_gets_no_secret_but_its_own_repositorys():
    """Nor is text that its author chose, a branch's name, part of a script."""
    for path in WORKFLOWS:
        text = path.read_text()
        assert "pull_request_target" not in text
        assert "workflow_run" not in text
        for job in yaml.safe_load(text)["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", ""), path
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False


def test_the_check_of_a_pull_request_ends_with_dropping_its_schemas():
    path = ROOT / ".github" / "workflows" / "pull_request.yml"
    (job,) = yaml.safe_load(path.read_text())["jobs"].values()
    check, drop = job["steps"][-2:]
    assert check["run"] == '.venv/bin/blotter check --state "state/$BLOTTER_TARGET"'
    assert drop["run"] == ".venv/bin/blotter check --drop"
    assert drop["if"] == "always()"
    assert drop["env"] == check["env"]
