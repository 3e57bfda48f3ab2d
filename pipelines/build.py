"""Build and test the models: dbt, in this process."""

import hashlib
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pipelines import stop
from pipelines.errors import HeldError, ModelsError
from pipelines.held import is_held
from pipelines.load import Warehouse

log = logging.getLogger(__name__)

PROJECT = Path(__file__).parent.parent

# How a run tells its day to the models: nothing that a person sets.
TODAY = "BLOTTER_TODAY"

# What a model's rows come from, beside the raw tables. When any of it changes, facts
# that only follow the changes would keep rows of the old making.
MADE_OF = ("dbt_project.yml", "models", "macros", "seeds")


def plan(warehouse: Warehouse, full_refresh: bool, everything: bool) -> list[str]:
    """What to ask of dbt: seeds, models and tests of the data.

    The models' unit tests are for who changes them; they are among the project's tests.

    All is built, and facts in full, when asked, and by itself after a change of a
    model, a macro or a seed since the last good build. Else what is made of data sets
    that changed since then: nothing but rows and the project make a table.

    Args:
        everything: Build also what should be as it is.

    Returns:
        dbt's arguments; none where nothing changed.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    last = warehouse.ledger.last_build()
    is_other = last is not None and last["declaration"] != fingerprint(PROJECT)
    if is_other:
        log.info("models: a model, macro or seed changed: building facts in full")
    if full_refresh or last is None or is_other:
        return [*arguments, "--full-refresh"]
    if everything:
        return arguments
    changed = warehouse.ledger.changed_since(last["number"])
    sources = sorted({name.split("__")[0] for name in changed})
    selected = [f"source:{source}+" for source in sources]
    return [*arguments, "--select", *selected] if selected else []


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


def kept_manifest(home: Path) -> Path:
    """Where the project is described as it was when last built well."""
    return home / "state" / "manifest.json"


def keep_manifest(home: Path) -> None:
    """Keep dbt's description of the project: the next command writes over its own."""
    kept = kept_manifest(home)
    kept.parent.mkdir(exist_ok=True)
    fresh = kept.with_suffix(".new")
    shutil.copyfile(home / "dbt" / "target" / kept.name, fresh)
    os.replace(fresh, kept)


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

    with stop.as_keyboard_interrupt():
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


def fingerprint(project: Path) -> str:
    """A digest of every file that models are made of."""
    digest = hashlib.md5()
    for name in MADE_OF:
        for path in sorted([project / name, *(project / name).rglob("*")]):
            if path.is_file() and path.suffix in (".sql", ".yml", ".csv"):
                digest.update(str(path.relative_to(project)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


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
