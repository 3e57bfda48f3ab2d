"""dbt's description of the project as it stands: read, not run."""

import functools
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from pipelines.transform.runner import vars_for
from tests.support import parsed_once

ROOT = Path(__file__).parents[2]


@functools.cache
def manifest() -> dict[str, Any]:
    """What `dbt parse` finds, for DuckDB; no warehouse is opened."""
    from dbt.cli.main import dbtRunner

    parsed_once.share_parsing()
    with tempfile.TemporaryDirectory() as home:
        settings = {"BLOTTER_HOME": home, "BLOTTER_TARGET": "duckdb"}
        folders = ["--project-dir", ROOT, "--profiles-dir", ROOT, "--log-path", home]
        folders += ["--target-path", f"{home}/target"]
        with mock.patch.dict(os.environ, settings):
            outcome = dbtRunner().invoke(
                ["parse", "--quiet", *map(str, folders), *vars_for()]
            )
    assert outcome.success, outcome.exception
    return outcome.result.to_dict()


def models() -> dict[str, dict[str, Any]]:
    """Every model of the project, by name."""
    return {
        node["name"]: node
        for node in manifest()["nodes"].values()
        if node["resource_type"] == "model"
    }
