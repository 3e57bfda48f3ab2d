"""Models read the layer below and never the one above."""

from pathlib import Path
from typing import Any

from tests.support import parsed_project

# A layer and what its models may read.
READS = {
    "base": {"source"},
    "staging": {"source", "base"},
    "intermediate": {"seed", "base", "staging", "intermediate"},
    "marts": {"seed", "intermediate", "marts"},
    "report_inputs": {"seed", "intermediate", "marts", "report_inputs"},
    "reports": {"seed", "intermediate", "marts", "report_inputs"},
}


def layer(node: dict[str, Any]) -> str:
    """The innermost folder that is a layer; of what is no model, its kind."""
    if node["resource_type"] != "model":
        return str(node["resource_type"])
    folders = Path(node["original_file_path"]).parent.parts
    return next(name for name in reversed(folders) if name in READS)


def wrong_edges(nodes: dict[str, dict[str, Any]]) -> list[str]:
    """What reads something that its layer may not, in words."""
    return [
        f"{node['name']} ({layer(node)}) reads "
        f"{nodes[parent]['name']} ({layer(nodes[parent])})"
        for node in nodes.values()
        if node["resource_type"] == "model"
        for parent in node["depends_on"]["nodes"]
        if layer(nodes[parent]) not in READS[layer(node)]
    ]


def all_nodes() -> dict[str, dict[str, Any]]:
    found = parsed_project.manifest()
    return {**found["nodes"], **found["sources"]}


def test_models_read_the_layers_below_them_alone():
    assert wrong_edges(all_nodes()) == []


def test_a_model_that_reads_a_layer_above_is_named():
    nodes = all_nodes()
    reader = nodes["model.blotter.int_shooting_days"]
    above = [*reader["depends_on"]["nodes"], "model.blotter.fct_shootings"]
    nodes[reader["unique_id"]] = {**reader, "depends_on": {"nodes": above}}
    assert wrong_edges(nodes) == [
        "int_shooting_days (intermediate) reads fct_shootings (marts)"
    ]


def test_a_staging_model_reads_one_table():
    several = {
        name: node["depends_on"]["nodes"]
        for name, node in parsed_project.models().items()
        if layer(node) in ("base", "staging") and len(node["depends_on"]["nodes"]) != 1
    }
    assert several == {}


def test_a_layer_is_told_by_the_beginning_of_a_models_name():
    begin = {
        "base": ("base_",),
        "staging": ("stg_",),
        "intermediate": ("int_",),
        "marts": ("fct_", "dim_", "bridge_"),
        "report_inputs": ("int_",),
        "reports": ("rpt_",),
    }
    misnamed = [
        name
        for name, node in parsed_project.models().items()
        if not name.startswith(begin[layer(node)])
    ]
    assert misnamed == []
