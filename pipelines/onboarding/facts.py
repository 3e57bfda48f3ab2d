"""What was found out: each with its evidence and how sure it is."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.onboarding.tables import Column, Description, Figures, Row

Sure = Literal["sure", "measured", "proposed", "asked"]
"""As published; counted; by names and samples; for a person to say."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found out."""

    subject: str
    value: Any
    evidence: str
    sure: Sure

    @property
    def shown(self) -> str:
        """The value, for a person."""
        if isinstance(self.value, list | tuple):
            return ", ".join(map(str, self.value)) or "none"
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return str(self.value) if self.value not in (None, "") else "none"


@dataclass
class Seen:
    """All that was asked of a table."""

    described: Description
    rows: list[Row] = field(default_factory=list)
    newest: list[Row] = field(default_factory=list)
    figures: Figures = field(default_factory=lambda: Figures(0))
    values: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def both(self) -> list[Row]:
        return self.rows + self.newest

    def column(self, name: str) -> list[str]:
        """A column's values in the samples, without those that say nothing."""
        return [v for row in self.both if (v := meant(row.get(name)))]

    def counted(self, name: str) -> Counter[str]:
        """Values and how often they are: of all rows if asked for, else sampled."""
        return Counter(self.values.get(name) or Counter(self.column(name)))

    def filled(self, name: str) -> float:
        """The share of sampled rows that have a value."""
        return len(self.column(name)) / max(len(self.both), 1)

    def named(self, name: str) -> Column:
        """A column's description."""
        return next(c for c in self.described.columns if c.name == name)


NOTHING = {"", "(null)", "null", "none", "nan", "n/a", "na", "-", "--"}


def meant(text: str | None) -> str | None:
    """A value, or None for the ways in which publishers write that there is none."""
    trimmed = (text or "").strip()
    return None if trimmed.lower() in NOTHING else trimmed


def number_of(text: str | None) -> float | None:
    """A text as a number."""
    try:
        return float((text or "").replace(",", ""))
    except ValueError:
        return None


def listed(names: Iterable[str]) -> str:
    return ", ".join(names)
