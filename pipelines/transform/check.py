"""Check a change to the project: build what it affects, in separate schemas."""

import hashlib
import json
import logging
import platform
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigError, ModelsError
from pipelines.home import lock
from pipelines.settings import Settings
from pipelines.transform import manifest as manifest
from pipelines.transform import runner
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

FOLDER = "check"

PREFIX = "BLOTTER_CHECK_PREFIX"

MODIFIED = "state:modified+"

# Everything that differs; then its incremental models again, as on a normal day.
STEPS = ["*", "config.materialized:incremental"]

# The models' unit tests are among the project's tests.
BUILD = ["build", "--exclude-resource-type", "unit_test"]


def check(settings: Settings, state: Path | None, only_drop: bool = False) -> None:
    """Build and test what differs from a former state, and always drop it again.

    Models that do not differ are read in place. Only schemas with the check's prefix
    are written; what a killed check left there is dropped.

    Args:
        state: A folder with the `manifest.json` to compare with; by default that of
            the home's last good build. Without one, everything is built.
        only_drop: Only drop what a check may have left.

    Raises:
        ConfigError: A setting is wrong, or there is no warehouse yet.
        ModelsError: A model, seed or test of severity error failed.
        HeldError: Another program kept the file open for longer than BLOTTER_WAIT.
        RunUnderWayError: Another check is under way in this home.
    """
    home, own = settings.home, own_prefix(settings)
    with closing(Warehouse(settings)) as warehouse:
        warehouse.must_exist()
        with lock(folder(home)):
            # From its last parse dbt would miss some changes in YAML.
            (folder(home) / "partial_parse.msgpack").unlink(missing_ok=True)
            with schemas_apart(warehouse, own):
                if only_drop:
                    return
                build_touched(warehouse, state or manifest.kept_manifest(home).parent)


def folder(home: Path) -> Path:
    """Where dbt keeps what it parses and compiles for a check."""
    return home / "dbt" / FOLDER


def own_prefix(settings: Settings) -> str:
    """BLOTTER_CHECK_PREFIX, or a prefix that no other home has.

    It is the same every time, so that a check finds what a killed one left.

    Raises:
        ConfigError: It does not set a check's schemas apart from the others.
    """
    place = f"{platform.node()}:{settings.home}".encode()
    digest = hashlib.md5(place).hexdigest()[:8]
    begin = f"{settings.prefix}check_"
    said = settings.check_prefix or f"{begin}{digest}_"
    if not re.fullmatch(begin + "[a-z0-9]+_", said):
        raise ConfigError(
            f"{PREFIX} is {said!r}; it must be {begin}, lower-case letters or digits, "
            "and _."
        )
    return said


@contextmanager
def schemas_apart(warehouse: Warehouse, own: str) -> Iterator[None]:
    """Have dbt build in schemas of a prefix, dropped before and after."""
    with runner.environment({PREFIX: own}):
        # If dbt can't read the project, this stops before anything is created.
        drop_schemas(warehouse, own)
        try:
            yield
        finally:
            drop_schemas(warehouse, own)


def drop_schemas(warehouse: Warehouse, own: str) -> None:
    """Drop every schema with a check's prefix."""
    given = ["--args", json.dumps({"prefix": own})]
    outcome, _ = dbt(warehouse, ["run-operation", "drop_check_schemas", *given])
    if not outcome.success:
        raise ModelsError(
            f"The schemas that begin with {own} could not be dropped; the next check "
            f"tries again. See {runner.log_file(warehouse.home)}."
        )


def build_touched(warehouse: Warehouse, state: Path) -> None:
    """Build and test what differs, in STEPS, until one fails."""
    manifest, compared, touched = state / "manifest.json", [], "*"
    if manifest.is_file():
        compared, touched = ["--state", str(state.resolve()), "--defer"], MODIFIED
    else:
        log.warning("check: no %s to compare with, so everything is built", manifest)
    nodes: list[Any] = []
    for which in STEPS:
        select = ["--select", f"{touched},{which}"]
        nodes += built(warehouse, [*BUILD, *compared, *select])
    if nodes:
        log.info("check: good: %s", in_words(nodes))
    else:
        log.info("check: nothing differs from %s", manifest)


def in_words(nodes: list[Any]) -> str:
    """The names of what was built, and the number of tests."""
    kinds = [str(node.node.resource_type) for node in nodes]
    made = {
        node.node.name: None
        for node, kind in zip(nodes, kinds, strict=True)
        if kind in ("seed", "model")
    }
    names = f"built {', '.join(made)}" if made else "no model differs"
    return f"{names}; {kinds.count('test')} tests of the data"


def built(warehouse: Warehouse, arguments: list[str]) -> list[Any]:
    """Have dbt build and test, and return what it did, node by node.

    Raises:
        ModelsError: Something failed; each is logged by its name.
    """
    outcome, nodes = dbt(warehouse, arguments)
    failed = runner.failed(nodes)
    for node in failed:
        log.error("check: %s: %s", node.node.name, runner.one_line(node.message))
    if not outcome.success or failed:
        raise ModelsError(runner.why_failed(outcome, failed, warehouse.home))
    return nodes


def dbt(warehouse: Warehouse, arguments: list[str]) -> tuple[Any, list[Any]]:
    """Call dbt once the warehouse is free; return its outcome, and what it did.

    Raises:
        ModelsError: It can't read the project.
        HeldError: Another program has the file open; nothing was begun.
    """
    outcome, nodes = warehouse.engine.when_free(
        lambda: runner.call(warehouse, arguments, FOLDER)
    )
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    if outcome.exception:
        raise ModelsError(runner.why_failed(outcome, [], warehouse.home))
    return outcome, nodes
