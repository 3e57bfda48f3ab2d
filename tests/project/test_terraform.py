"""The Terraform files hold together: what can be told of them without a cloud."""

import re
from pathlib import Path
from typing import Any

import hcl2
import pytest

from pipelines.datasets.declarations import read_datasets
from tests.support.set_up import VARIABLES

FOLDER = Path(__file__).parents[2] / "terraform"
FILES = sorted(FOLDER.glob("*.tf"))
TEXT = "\n".join(path.read_text() for path in FILES)


def plain(value: Any) -> Any:
    """A parsed value without the quotes and marks of its parser."""
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items() if not k.startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


def blocks(kind: str) -> list[dict[str, Any]]:
    parsed = [hcl2.loads(path.read_text()) for path in FILES]
    return [plain(block) for file in parsed for block in file.get(kind, [])]


def resources(kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: body
        for block in blocks("resource")
        for found, named in block.items()
        for name, body in named.items()
        if found == kind
    }


def names(kind: str) -> set[str]:
    return {name for block in blocks(kind) for name in block}


def test_every_reference_leads_to_something_declared():
    assert set(re.findall(r"\bvar\.(\w+)", TEXT)) == names("variable")
    assert set(re.findall(r"\blocal\.(\w+)", TEXT)) <= names("locals")
    declared = {
        f"{kind}.{name}"
        for block in blocks("resource")
        for kind, named in block.items()
        for name in named
    }
    referred = set(re.findall(r"(?<![.\w\"])(google_\w+\.\w+)", TEXT))
    assert referred - declared == set()
    assert referred


# What a new project has not, and `apply` would stumble over.
INTERFACES = {
    "google_bigquery_dataset": "bigquery",
    "google_billing_budget": "billingbudgets",
    "google_cloud_run_v2_job": "run",
    "google_cloud_scheduler_job": "cloudscheduler",
    "google_project_iam_custom_role": "iam",
    "google_project_iam_member": "cloudresourcemanager",
    "google_secret_manager_secret_iam_member": "secretmanager",
    "google_service_account": "iam",
    "google_storage_bucket": "storage",
}
# They reach the project through what they are part of.
PARTS = {
    "google_bigquery_dataset_iam_member",
    "google_cloud_run_v2_job_iam_member",
    "google_storage_bucket_iam_member",
}


def test_the_interfaces_that_resources_need_are_enabled():
    needed = resources("google_project_service")["needed"]["for_each"]
    enabled = set(re.findall(r"(\w+)\.googleapis\.com", needed))
    kinds = {kind for block in blocks("resource") for kind in block}
    assert kinds == {*INTERFACES, *PARTS, "google_project_service"}
    # The loader reads through the last one, if its client has it.
    assert enabled == {*INTERFACES.values(), "bigquerystorage"}


def test_no_resource_is_made_before_its_interface_is_enabled():
    waits = {"google_project_service.needed"}
    bodies = {
        f"{kind}.{name}": str(body)
        for block in blocks("resource")
        for kind, named in block.items()
        for name, body in named.items()
    }
    bodies |= {f"local.{k}": str(v) for b in blocks("locals") for k, v in b.items()}
    for _ in bodies:
        waits |= {
            name
            for name, body in bodies.items()
            if any(re.search(rf"\b{re.escape(found)}\b", body) for found in waits)
        }
    assert {name for name in bodies if name.startswith("google_")} - waits == set()


def test_the_job_is_made_after_it_may_read_its_secret():
    (job,) = resources("google_cloud_run_v2_job").values()
    waits = "google_secret_manager_secret_iam_member.loader"
    assert waits in str(job["depends_on"])


def test_a_person_who_is_logged_in_may_make_the_budget():
    (provider,) = [block["google"] for block in blocks("provider")]
    assert provider["user_project_override"] is True
    assert provider["billing_project"] == "${var.project}"


def test_the_lifecycle_rule_deletes_staged_files_and_touches_nothing_else():
    bucket = resources("google_storage_bucket")["blotter"]
    (rule,) = bucket["lifecycle_rule"]
    assert rule == {
        "condition": [{"age": "${var.staged_days}", "matches_prefix": ["staging/"]}],
        "action": [{"type": "Delete"}],
    }


@pytest.mark.parametrize(
    ("name", "public"), [("blotter", "enforced"), ("published", "inherited")]
)
def test_what_is_deleted_from_a_bucket_is_gone(name, public):
    bucket = resources("google_storage_bucket")[name]
    assert bucket["versioning"] == [{"enabled": False}]
    assert bucket["soft_delete_policy"] == [{"retention_duration_seconds": 0}]
    assert bucket["public_access_prevention"] == public
    assert "allUsers" not in TEXT


def test_the_job_publishes_into_a_bucket_that_outlives_it():
    """Its own folders are lost; a mounted bucket locks no file, so is no home."""
    (job,) = resources("google_cloud_run_v2_job").values()
    (task,) = job["template"][0]["template"]
    (volume,), (container,) = task["volumes"], task["containers"]
    assert volume["gcs"][0]["bucket"] == "${google_storage_bucket.published.name}"
    (mount,) = container["volume_mounts"]
    assert mount["name"] == volume["name"]
    script, to, *command = map(plain, container["args"])
    assert (plain(container["command"]), to) == (["python"], mount["mount_path"])
    assert (FOLDER.parent / script).exists()
    assert command == ["blotter", "daily"]
    assert "BLOTTER_HOME" not in TEXT
    dockerfile = (FOLDER.parent / "Dockerfile").read_text()
    user = re.search(r"^USER (\d+):(\d+)$", dockerfile, re.M)
    assert plain(volume["gcs"][0]["mount_options"]) == [
        f"uid={user[1]}",
        f"gid={user[2]}",
    ]


def test_rights_are_the_least():
    given = {
        (kind, name): body["role"]
        for kind in (
            "google_bigquery_dataset_iam_member",
            "google_storage_bucket_iam_member",
            "google_secret_manager_secret_iam_member",
            "google_cloud_run_v2_job_iam_member",
        )
        for name, body in resources(kind).items()
    }
    assert given == {
        ("google_bigquery_dataset_iam_member", "loader"): "roles/bigquery.dataEditor",
        ("google_bigquery_dataset_iam_member", "reader"): "roles/bigquery.dataViewer",
        ("google_storage_bucket_iam_member", "loader"): "roles/storage.objectAdmin",
        (
            "google_storage_bucket_iam_member",
            "loader_publishes",
        ): "roles/storage.objectUser",
        (
            "google_storage_bucket_iam_member",
            "loader_lists",
        ): "${google_project_iam_custom_role.lister.id}",
        (
            "google_secret_manager_secret_iam_member",
            "loader",
        ): "roles/secretmanager.secretAccessor",
        ("google_cloud_run_v2_job_iam_member", "scheduler"): "roles/run.invoker",
    }
    on_project = set(re.findall(r'"(roles/[\w.]+)"', TEXT)) - set(given.values())
    assert on_project == {
        "roles/bigquery.jobUser",
        "roles/bigquery.readSessionUser",
    }
    reader = resources("google_bigquery_dataset_iam_member")["reader"]
    assert 'blotter["${var.prefix}marts"]' in reader["dataset_id"]
    loader = resources("google_storage_bucket_iam_member")["loader"]
    assert "objects/${each.value}" in loader["condition"][0]["expression"]
    assert "google_service_account_key" not in TEXT


def test_every_declared_source_has_a_dataset():
    found = {}
    for block in blocks("locals"):
        found |= block
    assert "pipelines/datasets" in found["declarations"]
    assert 'split("__", file)[0]' in found["sources"]
    stems = {path.name for path in (FOLDER / "../pipelines/datasets").glob("*.toml")}
    sources = {stem.split("__")[0] for stem in stems}
    assert {d.source for d in read_datasets().values()} == sources
    # dlt's own beside each: it opens them after every load, and would make them.
    assert "raw_${source}" in str(found["raw"])
    assert "raw_${source}_staging" in str(found["staged"])
    assert "concat(local.raw, local.staged, local.built)" in str(found["datasets"])
    assert set(found["built"]) == {
        "ledger",
        "staging",
        "intermediate",
        "seeds",
        "marts",
    }


def test_the_job_is_given_settings_that_there_are():
    found = {}
    for block in blocks("locals"):
        found |= block
    own = {name for name in found["settings"] if name.startswith("BLOTTER_")}
    assert own <= VARIABLES
    assert set(found["settings"]) - own == {"GOOGLE_CLOUD_PROJECT"}


@pytest.mark.parametrize("name", sorted(names("variable")))
def test_every_variable_says_what_it_is_for(name):
    (variable,) = [block[name] for block in blocks("variable") if name in block]
    assert variable["description"].endswith((".", "BLOTTER_LOCATION.", ")"))
    assert variable["type"]
