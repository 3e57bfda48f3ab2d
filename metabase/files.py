"""Read the dashboards' files, and report what is wrong with one."""

import re
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import msgspec

from pipelines.errors import ConfigError

DASHBOARDS = Path(__file__).parent / "dashboards"
COLUMNS = 24  # of Metabase's grid

TAG = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place on the grid, in cells from the top left."""

    row: int
    col: int
    width: int
    height: int

    def cells(self) -> set[tuple[int, int]]:
        """Every cell that is covered."""
        rows = range(self.row, self.row + self.height)
        columns = range(self.col, self.col + self.width)
        return {(row, column) for row in rows for column in columns}


class Choices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question whose answer is the choices of a filter."""

    name: str
    column: str
    sql: str


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A filter of a dashboard; `{{slug}}` in its questions stands for the value.

    With a default it always has a value; without one, what stands in `[[...]]` around
    the slug is left out until it has.
    """

    slug: str
    name: str
    type: Literal["text", "date"]
    default: str | None = None
    choices: Choices | None = None


class Heading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of text over the charts below it."""

    text: str
    place: Place


class Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question and its chart."""

    name: str
    description: str
    display: Literal["bar", "line", "map", "pie", "row", "scalar", "table"]
    place: Place
    settings: dict[str, Any]
    sql: str


class Dashboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file. Metabase identifies dashboards and questions by their names."""

    name: str
    description: str
    filters: list[Filter]
    headings: list[Heading]
    cards: list[Card]

    def placed(self) -> list[Heading | Card]:
        """Everything on the grid."""
        return [*self.headings, *self.cards]

    def statements(self) -> list[str]:
        """The SQL of all questions, those behind the filters included."""
        behind = [one.choices.sql for one in self.filters if one.choices]
        return [card.sql for card in self.cards] + behind


def tags(sql: str) -> list[str]:
    """The slugs in a statement, each once, in their order."""
    return list(dict.fromkeys(TAG.findall(sql)))


def read_dashboards(folder: Path = DASHBOARDS) -> list[Dashboard]:
    """Read every file of the folder.

    Raises:
        ConfigError: A file can't be read or contradicts itself; names it.
    """
    found = {path.name: read(path) for path in sorted(folder.glob("*.yaml"))}
    for name, dashboard in found.items():
        if problem := problem_of(dashboard):
            raise ConfigError(f"{name}: {problem}.")
    if several := first_ambiguous(list(found.values())):
        raise ConfigError(f"{folder}: several questions are named {several!r}.")
    return list(found.values())


def first_ambiguous(dashboards: list[Dashboard]) -> str | None:
    """A name of two different questions; filters may share the same one."""
    cards = [(card.name, card.sql) for one in dashboards for card in one.cards]
    filters = [one for dashboard in dashboards for one in dashboard.filters]
    shared = {(one.choices.name, one.choices.sql) for one in filters if one.choices}
    names = Counter(name for name, _ in [*cards, *shared])
    return next((name for name, count in names.items() if count > 1), None)


def read(path: Path) -> Dashboard:
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Dashboard)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path.name}: {error}.") from error


def problem_of(dashboard: Dashboard) -> str | None:
    """The contradiction in a dashboard, in a few words; None if there is none."""
    slugs = {one.slug for one in dashboard.filters}
    used = {tag for card in dashboard.cards for tag in tags(card.sql)}
    for tag in sorted(used ^ slugs):
        return f"{tag} is not a filter" if tag in used else f"no question has {tag}"
    covered: set[tuple[int, int]] = set()
    for one in dashboard.placed():
        if one.place.col + one.place.width > COLUMNS:
            return f"{one.place} is wider than the grid of {COLUMNS}"
        if covered & one.place.cells():
            return f"{one.place} overlaps another"
        covered |= one.place.cells()
    return None
