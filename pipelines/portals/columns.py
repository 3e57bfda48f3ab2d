"""Compare the declared columns with the published ones."""

from typing import TYPE_CHECKING

from pipelines.errors import (
    SchemaDriftError,
)
from pipelines.portals.reader import Published

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset


def check_columns(dataset: "Dataset", published: Published) -> list[str]:
    """Compare the declared columns with the published ones.

    Returns:
        Warnings about columns that are published but not declared.

    Raises:
        SchemaDriftError: A declared column is gone; names it. Nothing was written yet.
    """
    gone = [name for name in dataset.columns if name not in published.columns]
    if gone:
        raise SchemaDriftError(
            f"{dataset.label} no longer publishes {', '.join(gone)}; a column may have "
            f"been renamed. Correct {dataset.name}.toml; nothing was written."
        )
    declared = {*dataset.columns, *dataset.dispensable_columns, *dataset.left_out}
    new = [name for name in published.columns if name not in declared]
    if not new:
        return published.warnings
    return [
        *published.warnings,
        f"{dataset.label} publishes new columns that are not loaded: "
        f"{', '.join(new)}. Add them to `columns` or `left_out` in "
        f"{dataset.name}.toml.",
    ]
