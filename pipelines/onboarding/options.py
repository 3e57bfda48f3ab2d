"""What a person told `blotter add`, and the project that it writes to."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Answers that can't be found out; None where nobody said."""

    name: str
    """The city's name for readers."""
    state: str | None = None
    zone: str | None = None
    population: int | None = None
    key: tuple[str, ...] = ()
    window: str | None = None


@dataclass(frozen=True)
class Project:
    """The folder of the declarations, models and seeds."""

    root: Path

    @property
    def datasets(self) -> Path:
        return self.root / "pipelines" / "datasets"

    @property
    def seeds(self) -> Path:
        return self.root / "seeds"

    @property
    def staging(self) -> Path:
        return self.root / "models" / "staging"
