"""What to ask dbt for: everything, or what depends on the data sets that changed."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipelines.datasets.choice import choose
from pipelines.datasets.declarations import read_datasets
from pipelines.transform.manifest import (
    Model,
    kept_manifest,
    read_manifest,
    standing_views,
)
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

PROJECT = Path(__file__).parents[2]

# What a model's rows come from, apart from the raw tables. After a change to any of it,
# incremental facts would keep rows that were made the old way.
MADE_OF = ("dbt_project.yml", "models", "macros", "seeds")

# Tests that read a large table as a whole, of what others prove of each day's rows.
WHOLE = "tag:whole"


def plan(warehouse: Warehouse, full_refresh: bool, everything: bool) -> list[str]:
    """What to ask dbt for: seeds, models and tests of the data.

    The models' unit tests are for developers; they are among the project's tests.

    Everything is built, and facts in full, on request and whenever a model, macro or
    seed has changed since the last good build. Otherwise only what depends on data sets
    that have changed since then: a table depends on nothing but rows and the project.
    Of that, views that stay as they are and tests of WHOLE tables are left out.

    Args:
        everything: Also build what should be up to date.

    Returns:
        dbt's arguments; empty if nothing changed.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    last = warehouse.ledger.last_build()
    is_other = last is not None and last["declaration"] != fingerprint(
        PROJECT, warehouse.settings.datasets
    )
    if is_other:
        log.info("models: the project, or a key, changed: building facts in full")
    if full_refresh or last is None or is_other:
        return [*arguments, "--full-refresh"]
    if everything:
        return arguments
    changed = warehouse.ledger.changed_since(last["number"])
    if not changed:
        return []
    known = kept_manifest(warehouse.home).exists()
    views = standing_views(read_manifest(warehouse.home)) if known else []
    return [
        *arguments,
        "--select",
        *(f"source:{tables_of(dataset)}+" for dataset in sorted(changed)),
        "--exclude",
        *(WHOLE, *views),
        # Else a test that reads one of these views would be left out, too.
        *("--indirect-selection", "empty"),
    ]


def states(warehouse: Warehouse) -> Callable[[Model], list[Any] | None]:
    """What each model was last built from: when it differs, so may the model's rows.

    The counterpart of `plan`: a day builds a model again only if this has changed.
    """
    last = warehouse.ledger.last_build()
    if last is None:
        return lambda model: None
    changes = warehouse.ledger.last_changes(until=last["number"])
    rebuilt = warehouse.ledger.last_rebuild()

    def state(model: Model) -> list[Any]:
        numbers = [changes.get(dataset, 0) for dataset in sorted(model.sources)]
        return [last["declaration"], rebuilt, numbers]

    return state


def tables_of(dataset: str) -> str:
    """How dbt's sources call a data set's table and those beside it."""
    source, entity = dataset.split("__")
    return f"{source}.{entity}*"


def fingerprint(project: Path, named: Iterable[str] = ()) -> str:
    """A digest of every file that models are made of, and of the cities among them.

    Args:
        named: What BLOTTER_DATASETS names.
    """
    chosen = choose(read_datasets(), named)
    digest = hashlib.md5(" ".join(sorted(chosen)).encode())
    for name in MADE_OF:
        for path in sorted([project / name, *(project / name).rglob("*")]):
            if path.is_file() and path.suffix in (".sql", ".yml", ".csv"):
                digest.update(str(path.relative_to(project)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
