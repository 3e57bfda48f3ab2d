"""What to ask dbt for: everything, or what depends on the data sets that changed."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.transform.manifest import Model
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

PROJECT = Path(__file__).parents[2]

# What a model's rows come from, apart from the raw tables. After a change to any of it,
# incremental facts would keep rows that were made the old way.
MADE_OF = ("dbt_project.yml", "models", "macros", "seeds")


def plan(warehouse: Warehouse, full_refresh: bool, everything: bool) -> list[str]:
    """What to ask dbt for: seeds, models and tests of the data.

    The models' unit tests are for developers; they are among the project's tests.

    Everything is built, and facts in full, on request and whenever a model, macro or
    seed has changed since the last good build. Otherwise only what depends on data sets
    that have changed since then: a table depends on nothing but rows and the project.

    Args:
        everything: Also build what should be up to date.

    Returns:
        dbt's arguments; empty if nothing changed.
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
    sources = sorted({source_of(dataset) for dataset in changed})
    selected = [f"source:{source}+" for source in sources]
    return [*arguments, "--select", *selected] if selected else []


def states(warehouse: Warehouse) -> Callable[[Model], list[Any] | None]:
    """What each model was last built from: when it differs, so may the model's rows.

    The counterpart of `plan`: a day builds a model again only if this has changed.
    """
    last = warehouse.ledger.last_build()
    if last is None:
        return lambda model: None
    changes = warehouse.ledger.last_changes(until=last["number"])
    rebuilt = warehouse.ledger.last_rebuild()
    newest: dict[str, int] = {}
    for dataset, number in changes.items():
        source = source_of(dataset)
        newest[source] = max(number, newest.get(source, 0))

    def state(model: Model) -> list[Any]:
        sources = sorted({source_of(dataset) for dataset in model.sources})
        numbers = [newest.get(source, 0) for source in sources]
        return [last["declaration"], rebuilt, numbers]

    return state


def source_of(dataset: str) -> str:
    """The part of a data set's name by which dbt selects what depends on it."""
    return dataset.split("__")[0]


def fingerprint(project: Path) -> str:
    """A digest of every file that models are made of."""
    digest = hashlib.md5()
    for name in MADE_OF:
        for path in sorted([project / name, *(project / name).rglob("*")]):
            if path.is_file() and path.suffix in (".sql", ".yml", ".csv"):
                digest.update(str(path.relative_to(project)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
