"""Build and test the models: dbt, in this process."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pipelines import signals
from pipelines.errors import HeldError, ModelsError
from pipelines.transform.manifest import keep_manifest, kept_manifest
from pipelines.transform.plan import PROJECT
from pipelines.warehouse.engines.duckdb_lock import is_held
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

# How a run tells its day to the models: nothing that a person sets.
TODAY = "BLOTTER_TODAY"


def build(warehouse: Warehouse, arguments: list[str], today: date | None = None) -> str:
    """Run dbt.

    Args:
        warehouse: Is closed: dbt opens the file in its own way.
        arguments: What `plan` tells.
        today: The day that the models take it to be in every city, if not the clock's.

    Returns:
        What was built and tested, in a few words.

    Raises:
        ModelsError: A model, seed or test of severity error failed; names the first.
        HeldError: Another program has the file open, for longer than is waited.
    """
    if not arguments:
        return "as they were: no row changed since they were built"
    with told_that_it_is(today):
        nodes = warehouse.engine.when_free(lambda: build_once(warehouse, arguments))
    if warehouse.engine.bytes_billed is not None:
        warehouse.engine.bytes_billed += bytes_billed(nodes)
    for node in nodes:
        if str(node.status) == "warn":
            log.warning("models: %s: %s", node.node.name, one_line(node.message))
    return counted(nodes)


@contextmanager
def told_that_it_is(today: date | None) -> Iterator[None]:
    """Let the models take this to be the day; see `run_day` in macros/times.sql."""
    if today is None:
        yield
        return
    os.environ[TODAY] = today.isoformat()
    try:
        yield
    finally:
        del os.environ[TODAY]


def build_once(warehouse: Warehouse, arguments: list[str]) -> list[Any]:
    """Call dbt and return what it did, node by node.

    Raises:
        ModelsError: Something failed; names the first.
        HeldError: Another program has the file open; nothing was begun.
    """
    outcome, nodes = call(warehouse, arguments)
    if not outcome.success or failed(nodes):
        raise ModelsError(why_failed(outcome, failed(nodes), warehouse.home))
    keep_manifest(warehouse.home)
    return nodes


def call(
    warehouse: Warehouse, arguments: list[str], folder: str = "target"
) -> tuple[Any, list[Any]]:
    """Call dbt; how it ended, and what it did, node by node.

    Raises:
        HeldError: Another program has the file open; nothing was begun.
    """
    outcome = invoke(warehouse.home, arguments, folder)
    nodes = list(outcome.result or [])
    if not nodes and is_held(str(outcome.exception)):
        # It came while dbt read the project.
        raise HeldError(
            f"{warehouse.engine.place} is open in another program."
        ) from outcome.exception
    return outcome, nodes


def failed(nodes: list[Any]) -> list[Any]:
    """The models, seeds and tests that failed, but for tests that only warn."""
    return [node for node in nodes if str(node.status) in ("error", "fail")]


def describe(warehouse: Warehouse) -> None:
    """Have dbt describe the project again where the home has lost its description.

    A home that is a container's own, or was restored from the warehouse's file alone,
    has none until something is built.

    Raises:
        ModelsError: dbt can't read the project.
    """
    if kept_manifest(warehouse.home).exists():
        return
    warehouse.close()
    outcome = invoke(warehouse.home, ["parse"])
    if not outcome.success:
        raise ModelsError(why_failed(outcome, [], warehouse.home))
    keep_manifest(warehouse.home)


def invoke(home: Path, arguments: list[str], folder: str = "target") -> Any:
    """Call dbt with everything it writes under the home; its log goes to a file.

    Args:
        folder: Where, among dbt's, it keeps what it read and compiled.
    """
    os.environ["BLOTTER_HOME"] = str(home)
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    from dbt.cli.main import dbtRunner

    with signals.as_keyboard_interrupt():
        return dbtRunner().invoke(
            [
                "--log-level",
                "none",
                "--log-level-file",
                "info",
                "--log-path",
                str(log_file(home).parent),
                *arguments,
                "--project-dir",
                str(PROJECT),
                "--profiles-dir",
                str(PROJECT),
                "--target-path",
                str(home / "dbt" / folder),
            ]
        )


def bytes_billed(nodes: list[Any]) -> int:
    """What dbt's statements were billed for, on a warehouse that bills them."""
    return sum(node.adapter_response.get("bytes_billed") or 0 for node in nodes)


def log_file(home: Path) -> Path:
    """What dbt did and said, of every call."""
    return home / "dbt" / "logs" / "dbt.log"


def why_failed(outcome: Any, failed: list[Any], home: Path) -> str:
    """One sentence that names the first failure and where the rest is told."""
    logs = log_file(home)
    if failed:
        first = failed[0]
        return (
            f"models: {len(failed)} failed, first {first.node.name}: "
            f"{one_line(first.message)}. See {logs}."
        )
    return f"models: dbt failed: {one_line(str(outcome.exception))}. See {logs}."


def counted(nodes: list[Any]) -> str:
    """How many seeds, models and tests there were."""
    kinds = [str(node.node.resource_type) for node in nodes]
    warned = sum(str(node.status) == "warn" for node in nodes)
    words = ", ".join(
        f"{kinds.count(kind)} {kind}s" for kind in ("seed", "model", "test")
    )
    return words + (f", {warned} warnings" if warned else "")


def one_line(message: str | None) -> str:
    """A message without its line breaks, cut to what a log line bears."""
    return " ".join((message or "").split())[:300]
