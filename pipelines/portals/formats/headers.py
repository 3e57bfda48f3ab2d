"""Find the header of a published file and match its columns to declared names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.errors import Retryable

if TYPE_CHECKING:
    from pipelines.datasets.dataset import FileDataset, WholeDataset

# At most this many lines of notes may precede a header.
NOTE_LINES = 20

# The prefix of the placeholder for a column without a name.
UNNAMED = ":column "


@dataclass(frozen=True)
class Sheet:
    """One file's rows."""

    header: list[str]
    """Its columns, by their declared names if they have one."""
    rows: pa.Table
    """The columns to load, by their names in the raw table, all text; an empty cell is
    null. If rows can't be loaded, `REJECT` has the reason."""


def header_of(
    dataset: "FileDataset", rows: Iterable[tuple[int, Sequence[str | None]]]
) -> tuple[int, list[str]]:
    """Find the header: the first row or, below notes, the first with every column.

    Args:
        rows: Each with the line number on which it ends.

    Returns:
        The number of its last line, and its names, declared ones if they match.

    Raises:
        Retryable: The file is empty.
    """
    found = [(line, named(dataset, cells)) for line, cells in rows]
    if not found:
        raise Retryable("the file is empty")
    for line, names in found if dataset.has_notes else []:
        if has_columns(dataset, names):
            return line, names
    return found[0]


def has_columns(dataset: "FileDataset", header: list[str]) -> bool:
    """Whether no declared column is missing."""
    return set(dataset.columns) - {dataset.file_column} <= set(header)


def named(dataset: "WholeDataset", cells: Sequence[str | None]) -> list[str]:
    """The names of a header's cells: the declared ones if they match, or as published.

    A column without a name gets a placeholder, `UNNAMED` and its position.
    """
    declared = [*dataset.columns, *dataset.dispensable_columns, *dataset.left_out]
    meant = {plain(name): name for name in declared}
    for name, others in dataset.also_called.items():
        meant |= {plain(other): name for other in others}
    names: list[str] = []
    seen: dict[str, int] = {}
    for position, cell in enumerate(cells, start=1):
        title = " ".join((cell or "").split()) or f"{UNNAMED}{position}"
        seen[plain(title)] = seen.get(plain(title), 0) + 1
        if seen[plain(title)] > 1:
            title += f" {seen[plain(title)]}"
        names.append(meant.get(plain(title), title))
    return names


def plain(title: str) -> str:
    """A header without what varies between copies: case, whitespace, underscores."""
    return " ".join(title.replace("_", " ").split()).casefold()


def loaded(dataset: "WholeDataset", header: list[str]) -> list[str]:
    """The columns of a file that are loaded."""
    return [n for n in (*dataset.columns, *dataset.dispensable_columns) if n in header]
