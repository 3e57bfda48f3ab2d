"""Read the data sets' declarations: one TOML file each, in this folder."""

import difflib
import functools
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, get_args

import msgspec

from pipelines.datasets.checks import problems
from pipelines.datasets.dataset import Dataset
from pipelines.errors import ConfigError

FOLDER = Path(__file__).parent

# The kinds of data sets, by the value of `api`.
KINDS: dict[str, type[Dataset]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Dataset)
}


def read_dataset(path: Path) -> Dataset:
    """Read one declaration.

    Raises:
        ConfigError: The file is not TOML, lacks a key, or has a key that is unknown,
            another kind's or of a wrong value; names the file and the key.
    """
    try:
        return declared_as(path.stem, path.read_bytes())
    except (msgspec.DecodeError, OSError) as error:
        raise ConfigError(f"{path.name} can't be used: {error}.") from error


@functools.cache
def declared_as(name: str, content: bytes) -> Dataset:
    """The data set that a file declares; a run asks for all of them several times.

    Raises:
        ConfigError: See `read_dataset`.
        msgspec.DecodeError: It is not TOML.
    """
    file = f"{name}.toml"
    declared = msgspec.toml.decode(content)
    for problem in [*wrong_address(declared), *wrong_keys(with_address(declared))]:
        raise ConfigError(f"{file} can't be used: {problem}.")
    declared = with_address(declared)
    try:
        # Dates are TOML's own type, so that text is not taken for one.
        typed: Dataset = msgspec.convert(declared, Dataset, builtin_types=(date,))
    except msgspec.ValidationError as error:
        said = wrong_value(KINDS[declared["api"]], str(error))
        raise ConfigError(f"{file} can't be used: {said}.") from error
    dataset: Dataset = msgspec.structs.replace(typed, name=name)
    for problem in problems(dataset):
        raise ConfigError(f"{file} can't be used: {problem}.")
    return dataset


def read_datasets(folder: Path = FOLDER) -> dict[str, Dataset]:
    """Every declaration of a folder, by name, in the order of names."""
    return {path.stem: read_dataset(path) for path in sorted(folder.glob("*.toml"))}


def wrong_address(declared: dict[str, Any]) -> Iterable[str]:
    """An address beside those of the parts."""
    for key in ("url", "formerly"):
        if key in declared and declared.get("parts"):
            yield f"`{key}` can't be given beside `parts`: each part has its own"


def with_address(declared: dict[str, Any]) -> dict[str, Any]:
    """The keys with the address of the first part, if the data set has parts."""
    match declared.get("parts"):
        case [{"url": url, **part}, *_] if "url" not in declared:
            return {"url": url, "formerly": part.get("formerly", []), **declared}
    return declared


def wrong_keys(declared: dict[str, Any]) -> Iterable[str]:
    """Keys that are unknown, belong to another kind of data set, or are missing."""
    api = declared.get("api")
    if api not in list(KINDS):
        yield f"`api` must be one of {', '.join(KINDS)}"
        return
    fields = msgspec.structs.fields(KINDS[api])
    own = ["api", *(field.name for field in fields)]
    for key in declared:
        if key not in own:
            yield misplaced(key, api) or unknown(key, own)
    missing = [f"`{f.name}`" for f in fields if f.required and f.name not in declared]
    if missing:
        yield f"{' and '.join(missing)} must be given"


def misplaced(key: str, api: str) -> str | None:
    """Say which other kinds have a key; None if no kind has it."""
    theirs = [name for name, kind in KINDS.items() if key in kind.__struct_fields__]
    with_these = " or ".join(f'`api = "{name}"`' for name in theirs)
    return f'`{key}` goes with {with_these}, not with "{api}"' if theirs else None


def unknown(key: str, known: list[str]) -> str:
    """Say that a key is unknown, and which one may be meant."""
    near = difflib.get_close_matches(key, known, 1)
    return f"unknown key `{key}`" + (f" (did you mean `{near[0]}`?)" if near else "")


def wrong_value(kind: type[Dataset], said: str) -> str:
    """What is wrong with a value: a limit's range, or else msgspec's message."""
    path = re.search(r" - at `\$\.(\w+)`$", said)
    for field in msgspec.structs.fields(kind):
        for limit in getattr(field.type, "__metadata__", ()):
            if path and path[1] == field.name:
                return f"`{field.name}` must be {limit.ge:,} to {limit.le:,}"
    return said


def pick(datasets: dict[str, Dataset], names: Iterable[str]) -> list[Dataset]:
    """The named data sets, or the enabled ones when none is named.

    Raises:
        ConfigError: A name is unknown.
    """
    names = list(names)
    for name in names:
        if name not in datasets:
            known = ", ".join(datasets)
            raise ConfigError(f"Unknown data set {name!r}; there are: {known}.")
    return [
        d for d in datasets.values() if d.name in names or (not names and d.enabled)
    ]
