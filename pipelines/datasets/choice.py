"""Which of the declared data sets an installation has: BLOTTER_DATASETS."""

import difflib
from collections.abc import Iterable, Mapping

import msgspec

from pipelines.datasets.dataset import Dataset
from pipelines.errors import ConfigError

INCIDENTS = "incidents"


def choose(
    declared: Mapping[str, Dataset], named: Iterable[str] = ()
) -> dict[str, Dataset]:
    """The data sets that an installation has, each enabled if it is chosen.

    A city of which no data set is chosen is left out whole: it has no table, no model,
    no page. Other sources stay, since models read their tables, however empty.

    Args:
        declared: Every declaration, by name.
        named: Sources and data sets, as BLOTTER_DATASETS names them. A source stands
            for its data sets that are declared as enabled, or for all if none is.
            Without any name, what is declared as enabled is chosen.

    Raises:
        ConfigError: A name is unknown, or no city is chosen.
    """
    named = list(named)
    usual = [name for name, dataset in declared.items() if dataset.enabled]
    chosen = {each for name in named for each in meant(declared, name)}
    if not named:
        chosen = set(usual)
    elif not any(declared[name].entity == INCIDENTS for name in chosen):
        raise ConfigError(
            "BLOTTER_DATASETS chooses no city's incidents; add a city to it, such as "
            f"{', '.join(cities_of(declared)[:3])}."
        )
    shown = {declared[name].source for name in chosen}
    left_out = set(cities_of(declared)) - shown
    return {
        name: msgspec.structs.replace(dataset, enabled=name in chosen)
        for name, dataset in declared.items()
        if dataset.source not in left_out
    }


def meant(declared: Mapping[str, Dataset], name: str) -> list[str]:
    """The data sets for which a name stands.

    Raises:
        ConfigError: It is neither a source nor a data set.
    """
    if name in declared:
        return [name]
    theirs = [d for d in declared.values() if d.source == name]
    if not theirs:
        known = [*dict.fromkeys(d.source for d in declared.values()), *declared]
        near = difflib.get_close_matches(name, known, 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise ConfigError(
            f"BLOTTER_DATASETS names {name!r}, which is neither a city or other source "
            f"nor a data set{hint}; `blotter list` shows them."
        )
    return [d.name for d in theirs if d.enabled] or [d.name for d in theirs]


def cities_of(datasets: Mapping[str, Dataset]) -> list[str]:
    """The sources that publish incidents: cities."""
    return [d.source for d in datasets.values() if d.entity == INCIDENTS]
