"""The marts by dbt's manifest: columns, keys, and what they are made of."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Manifest = dict[str, Any]

# Suffixes of the tables that the pipelines keep next to a data set's present rows.
BESIDE = re.compile(r"_(changes|former|rejects|versions)$")


# A fact's column that tells when a build wrote the row. It is in no published file:
# the same rows would give other bytes.
BUILT_AT = "built_at"


@dataclass(frozen=True)
class Reference:
    """A column whose values a test expects in another model's column."""

    column: str
    to: str
    """The other model's name."""
    field: str


@dataclass(frozen=True)
class Model:
    """A mart or report, as its YAML describes it."""

    name: str
    description: str
    columns: dict[str, str]
    """Each published column's description, in the YAML's order."""
    key: list[str]
    """The columns that identify a row: tested to be unique and never null."""
    required: list[str]
    """The columns that are never null: by contract or by a test."""
    accepted: dict[str, list[Any]]
    """The accepted values, by column."""
    references: list[Reference]
    sources: list[str]
    """The data sets that it is made of, directly or through other models."""
    tells_builds: bool
    """Whether its rows have BUILT_AT."""

    @property
    def is_report(self) -> bool:
        return self.name.startswith("rpt_")

    @property
    def grain(self) -> str:
        """The first sentence of its description: what one row is."""
        return self.description.split(". ")[0].split(": ")[0].rstrip(".") + "."


def read_manifest(home: Path) -> Manifest:
    """The project as of its last good build."""
    manifest: Manifest = json.loads(kept_manifest(home).read_text())
    return manifest


def marts(manifest: Manifest) -> list[Model]:
    """Every model below `models/marts`, by name."""
    found = [
        model_of(manifest, unique_id, node)
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    ]
    return sorted(found, key=lambda model: model.name)


def standing_views(manifest: Manifest) -> list[str]:
    """The views that stay as they are while the project does.

    Not those of a table: with the old table PostgreSQL drops what reads it.
    """
    nodes = manifest["nodes"]

    def stands(unique_id: str) -> bool:
        node = nodes.get(unique_id)
        if node is None or node["resource_type"] == "seed":
            return True
        is_view = node["config"]["materialized"] == "view"
        return is_view and all(map(stands, node["depends_on"]["nodes"]))

    return sorted(
        node["name"]
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model" and stands(unique_id)
    )


def model_of(manifest: Manifest, unique_id: str, node: dict[str, Any]) -> Model:
    tests = tests_of(manifest, unique_id)
    key = key_of(tests)
    never_null = [
        column
        for column, test in tests
        if column and test["name"] in ("not_null", "unique_and_not_null")
    ]
    for name, column in node["columns"].items():
        kinds = [str(constraint["type"]) for constraint in column["constraints"]]
        never_null += [name] if "not_null" in kinds else []
    return Model(
        name=node["name"],
        description=words(node["description"]),
        columns={
            name: words(column["description"])
            for name, column in node["columns"].items()
            if name != BUILT_AT
        },
        key=key,
        required=sorted({*key, *never_null} - {BUILT_AT}),
        accepted={
            column: test["kwargs"]["values"]
            for column, test in tests
            if column and test["name"] == "accepted_values"
        },
        references=references_of(manifest, tests),
        sources=sources_of(manifest, unique_id),
        tells_builds=BUILT_AT in node["columns"],
    )


def tests_of(
    manifest: Manifest, unique_id: str
) -> list[tuple[str | None, dict[str, Any]]]:
    """The tests that every row of a model must pass, each with its column."""
    return [
        (node["column_name"], node["test_metadata"])
        for node in manifest["nodes"].values()
        if node.get("attached_node") == unique_id
        and node.get("test_metadata")
        and node["config"]["severity"].lower() == "error"
        and not node["config"]["where"]
    ]


def key_of(tests: list[tuple[str | None, dict[str, Any]]]) -> list[str]:
    """The key's columns, from the test that every mart has."""
    for column, test in tests:
        if column and test["name"] == "unique_and_not_null":
            return [column]
        if test["name"] == "unique_together":
            return list(test["kwargs"]["columns"])
    return []


def references_of(
    manifest: Manifest, tests: list[tuple[str | None, dict[str, Any]]]
) -> list[Reference]:
    """Columns that refer to another mart."""
    names = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }
    found = []
    for column, test in tests:
        if column and test["name"] == "relationships":
            to = test["kwargs"]["to"].split("'")[1]
            if to in names:
                found.append(Reference(column, to, test["kwargs"]["field"]))
    return sorted(found, key=lambda reference: reference.column)


def sources_of(manifest: Manifest, unique_id: str) -> list[str]:
    """The data sets behind a model, as `<source>__<entity>`, without the ledger."""
    found, ahead, seen = set(), [unique_id], set()
    while ahead:
        one = ahead.pop()
        if one in seen:
            continue
        seen.add(one)
        if source := manifest["sources"].get(one):
            entity = BESIDE.sub("", source["name"])
            found.add(f"{source['source_name']}__{entity}")
        ahead += manifest["parent_map"].get(one, [])
    return sorted(name for name in found if not name.startswith("ledger__"))


def words(text: str) -> str:
    """A description on one line."""
    return " ".join(text.split())


def kept_manifest(home: Path) -> Path:
    """Where the manifest of the last good build is kept."""
    return home / "state" / "manifest.json"


def keep_manifest(home: Path) -> None:
    """Keep dbt's manifest: its own copy is overwritten by the next command."""
    kept = kept_manifest(home)
    kept.parent.mkdir(exist_ok=True)
    fresh = kept.with_suffix(".new")
    shutil.copyfile(home / "dbt" / "target" / kept.name, fresh)
    os.replace(fresh, kept)
