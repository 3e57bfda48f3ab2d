"""Build and test the models: dbt, in this process."""

import gc
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pipelines import signals
from pipelines.datasets.choice import choose
from pipelines.datasets.declarations import read_datasets
from pipelines.errors import HeldError, ModelsError
from pipelines.memory import share_for_duckdb
from pipelines.transform.manifest import keep_manifest, kept_manifest
from pipelines.transform.plan import PROJECT
from pipelines.warehouse.engines.duckdb_lock import is_held
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

# How a run passes its day to the models; not a setting for people.
TODAY = "BLOTTER_TODAY"

# Whether tests of a fact read all of its rows ("all") or what was built ("built").
TESTS = "BLOTTER_TESTS"

# A setting whose default depends on the machine, which profiles.yml can't ask.
MEMORY = "BLOTTER_MEMORY"

# dbt's own setting: whether it writes its manifest, its graph and its results.
WRITES = "DBT_WRITE_JSON"


def build(warehouse: Warehouse, arguments: list[str], today: date | None = None) -> str:
    """Run dbt.

    Args:
        warehouse: Must be closed: dbt opens the file itself.
        arguments: What `plan` returns.
        today: The day that models use as today in every city, if not the clock's.

    Returns:
        What was built and tested, in a few words.

    Raises:
        ModelsError: A model, seed or test of severity error failed; names the first.
        HeldError: Another program kept the file open for longer than BLOTTER_WAIT.
    """
    if not arguments:
        return "up to date: no row changed since they were built"
    # See `run_day` in macros/times.sql, `touched_by_build` in macros/incremental.sql.
    told = {TESTS: "built" if "--select" in arguments else "all"}
    if today:
        told[TODAY] = today.isoformat()
    with environment(told):
        nodes = warehouse.engine.when_free(lambda: build_once(warehouse, arguments))
    if warehouse.engine.bytes_billed is not None:
        warehouse.engine.bytes_billed += bytes_billed(nodes)
    for node in nodes:
        if str(node.status) == "warn":
            log.warning("models: %s: %s", node.node.name, one_line(node.message))
    return counted(nodes)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have dbt find these variables in the block, and then what was there before.

    dbt takes settings from the process's environment alone, by `env_var`: this is the
    one place that writes it for dbt. All else it finds is what the settings came from.
    """
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def build_once(warehouse: Warehouse, arguments: list[str]) -> list[Any]:
    """Call dbt and return what it did, node by node.

    Raises:
        ModelsError: Something failed; names the first.
        HeldError: Another program has the file open; nothing was begun.
    """
    # A project that is still that of the last good build is described already: dbt
    # then need not write its manifest, twice, which takes it longer than to read it.
    is_described = (
        "--full-refresh" not in arguments and kept_manifest(warehouse.home).exists()
    )
    with environment({WRITES: "false"} if is_described else {}):
        outcome, nodes = call(warehouse, arguments)
    if is_described and outcome.result:
        outcome.result.write(str(results_file(warehouse.home)))
    if not outcome.success or failed(nodes):
        raise ModelsError(why_failed(outcome, failed(nodes), warehouse.home))
    if not is_described:
        keep_manifest(warehouse.home)
    return nodes


def call(
    warehouse: Warehouse, arguments: list[str], folder: str = "target"
) -> tuple[Any, list[Any]]:
    """Call dbt; return its outcome, and what it did, node by node.

    Raises:
        HeldError: Another program has the file open; nothing was begun.
    """
    datasets = warehouse.settings.datasets
    outcome = invoke(warehouse.home, arguments, folder, datasets)
    nodes = list(outcome.result or [])
    if not nodes and is_held(str(outcome.exception)):
        # The other program came while dbt was reading the project.
        raise HeldError(
            f"{warehouse.engine.place} is locked by another program."
        ) from outcome.exception
    return outcome, nodes


def failed(nodes: list[Any]) -> list[Any]:
    """The models, seeds and tests that failed, without tests that only warn."""
    return [node for node in nodes if str(node.status) in ("error", "fail")]


def describe(warehouse: Warehouse) -> None:
    """Have dbt parse the project again if the home has lost its manifest.

    A home inside a container, or one restored from only the warehouse's file, has none
    until something is built.

    Raises:
        ModelsError: dbt can't read the project.
    """
    if kept_manifest(warehouse.home).exists():
        return
    warehouse.close()
    outcome = invoke(warehouse.home, ["parse"], "target", warehouse.settings.datasets)
    if not outcome.success:
        raise ModelsError(why_failed(outcome, [], warehouse.home))
    keep_manifest(warehouse.home)


def vars_for(named: Iterable[str] = ()) -> list[str]:
    """The option that tells dbt which data sets BLOTTER_DATASETS chooses.

    A variable, not the environment: dbt then reads the whole project again when it
    changes. From its last parse it would miss that unit tests lost their models.
    """
    return ["--vars", json.dumps({"chosen": [*choose(read_datasets(), named)]})]


def invoke(
    home: Path,
    arguments: list[str],
    folder: str = "target",
    datasets: Iterable[str] = (),
) -> Any:
    """Call dbt with everything it writes under the home; its log goes to a file.

    Args:
        folder: Subfolder of dbt's folder for what it parses and compiles.
        datasets: What BLOTTER_DATASETS names.
    """
    told = {
        "BLOTTER_HOME": str(home),
        MEMORY: os.environ.get(MEMORY) or share_for_duckdb(),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    with environment(told), signals.as_keyboard_interrupt(), rarely_collected():
        from dbt.cli.main import dbtRunner

        return dbtRunner().invoke(
            [
                "--log-level",
                "none",
                "--log-level-file",
                "info",
                "--log-path",
                str(log_file(home).parent),
                *arguments,
                *vars_for(datasets),
                "--project-dir",
                str(PROJECT),
                "--profiles-dir",
                str(PROJECT),
                "--target-path",
                str(home / "dbt" / folder),
            ]
        )


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Have Python look for garbage rarely in the block.

    dbt keeps the project's half a million objects until it ends. To walk them again and
    again for what might be freed takes a quarter of its time.
    """
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def bytes_billed(nodes: list[Any]) -> int:
    """The bytes billed for dbt's statements, on a warehouse that bills them."""
    return sum(node.adapter_response.get("bytes_billed") or 0 for node in nodes)


def results_file(home: Path) -> Path:
    """What the last build did, node by node, as dbt writes it."""
    return home / "dbt" / "target" / "run_results.json"


def log_file(home: Path) -> Path:
    """dbt's log of every call."""
    return home / "dbt" / "logs" / "dbt.log"


def why_failed(outcome: Any, failed: list[Any], home: Path) -> str:
    """One sentence that names the first failure and the log with the rest."""
    logs = log_file(home)
    if failed:
        first = failed[0]
        return (
            f"models: {len(failed)} failed, first {first.node.name}: "
            f"{one_line(first.message)}. See {logs}."
        )
    return f"models: dbt failed: {one_line(str(outcome.exception))}. See {logs}."


def counted(nodes: list[Any]) -> str:
    """The number of seeds, models and tests."""
    kinds = [str(node.node.resource_type) for node in nodes]
    warned = sum(str(node.status) == "warn" for node in nodes)
    words = ", ".join(
        f"{kinds.count(kind)} {kind}s" for kind in ("seed", "model", "test")
    )
    return words + (f", {warned} warnings" if warned else "")


def one_line(message: str | None) -> str:
    """A message on one line, cut to a length that suits a log line."""
    return " ".join((message or "").split())[:300]
