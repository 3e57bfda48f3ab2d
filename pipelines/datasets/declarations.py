"""Read the data sets' declarations: one TOML file each, in this folder."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from pipelines.datasets.checks import problems
from pipelines.datasets.dataset import Dataset
from pipelines.errors import ConfigError

FOLDER = Path(__file__).parent


def read_dataset(path: Path) -> Dataset:
    """Read one declaration.

    Raises:
        ConfigError: The file is no TOML, lacks a key, or has one that is unknown or of
            the wrong kind; names the file and the key.
    """
    try:
        declared = msgspec.toml.decode(path.read_bytes(), type=Dataset)
    except (msgspec.DecodeError, OSError) as error:
        raise ConfigError(f"{path.name} can't be used: {error}.") from error
    dataset = msgspec.structs.replace(declared, name=path.stem)
    for problem in problems(dataset):
        raise ConfigError(f"{path.name} can't be used: {problem}.")
    return dataset


def read_datasets(folder: Path = FOLDER) -> dict[str, Dataset]:
    """Every declaration of a folder, by name, in the order of names."""
    return {path.stem: read_dataset(path) for path in sorted(folder.glob("*.toml"))}


def pick(datasets: dict[str, Dataset], names: Iterable[str]) -> list[Dataset]:
    """The named data sets, or the enabled ones when none is named.

    Raises:
        ConfigError: A name is unknown.
    """
    names = list(names)
    for name in names:
        if name not in datasets:
            known = ", ".join(datasets)
            raise ConfigError(f"There is no data set {name!r}; there are: {known}.")
    return [
        d for d in datasets.values() if d.name in names or (not names and d.enabled)
    ]
