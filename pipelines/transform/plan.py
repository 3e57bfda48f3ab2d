"""What to ask of dbt: all, or what follows from the data sets that changed."""

import hashlib
import logging
from pathlib import Path

from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

PROJECT = Path(__file__).parents[2]

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


def fingerprint(project: Path) -> str:
    """A digest of every file that models are made of."""
    digest = hashlib.md5()
    for name in MADE_OF:
        for path in sorted([project / name, *(project / name).rglob("*")]):
            if path.is_file() and path.suffix in (".sql", ".yml", ".csv"):
                digest.update(str(path.relative_to(project)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
