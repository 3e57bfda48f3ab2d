"""Find what is wrong with the parts that a declaration lists."""

import re
from collections.abc import Iterable
from typing import Any

from pipelines.datasets.addresses import wrong_url
from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import TableDataset
from pipelines.datasets.parts import YEAR, Part, Years

# Keys of a part for one table, and for one a year, as they are spelled in a file.
OF_ONE = {"from": "start", "to": "end", "due": "due"}

OF_YEARS = {"from_year": "from_year", "to_year": "to_year", "due_days": "due_days"}


def wrong_parts(dataset: TableDataset) -> Iterable[str]:
    """What is wrong with parts, each named by its place in the list, from 0."""
    for number, part in enumerate(dataset.parts):
        yield from wrong_part(dataset, part, f"parts[{number}]")
    addresses = [part.url for part in dataset.parts]
    for address in addresses:
        if addresses.count(address) > 1:
            yield f"`parts` lists {address} twice"


def wrong_part(dataset: TableDataset, part: Part, key: str) -> Iterable[str]:
    addresses = [part.url, *part.formerly]
    for name, address in zip(
        ["url", *["formerly"] * len(part.formerly)], addresses, strict=True
    ):
        shown = address.replace(YEAR, str(Years[0]))
        yield from wrong_url(f"{key}.{name}", shown, type(dataset))
    if len({YEAR in address for address in addresses}) > 1:
        yield f"`{key}.formerly` must have {YEAR} where `url` has it"
    if len(set(addresses)) < len(addresses):
        yield f"`{key}.formerly` repeats an address, or names `url` itself"
    yield from wrong_years(part, key) if part.is_yearly else wrong_days(part, key)
    yield from wrong_names(dataset, part, key)


def wrong_years(part: Part, key: str) -> Iterable[str]:
    """Years of a part for one table a year."""
    if part.from_year is None:
        yield f"`{key}` needs `from_year`, the first year of its {YEAR}"
    if given := given_of(part, OF_ONE):
        yield f"`{key}.{given[0]}` can't be given beside {YEAR}: a year has its days"
    first, last = part.from_year or Years[0], part.to_year or Years[-1]
    if not Years[0] <= first <= last <= Years[-1]:
        yield (
            f"`{key}` must have years from {Years[0]} to {Years[-1]}, `from_year` first"
        )


def wrong_days(part: Part, key: str) -> Iterable[str]:
    """Days of a part for one table."""
    if given := given_of(part, OF_YEARS):
        yield f"`{key}.{given[0]}` needs a `url` with {YEAR}"
    if part.start and part.end and part.start > part.end:
        yield f"`{key}.from` is after `to`"
    if part.due and not part.start:
        # Else it might hold rows of any month, none of which would be read in full.
        yield f"`{key}.due` needs `from`: what is declared ahead has no earlier rows"


def given_of(part: Part, keys: dict[str, str]) -> list[str]:
    """Those of some keys that a part has, other than with their default."""
    plain: Any = Part(url="")
    return [k for k, f in keys.items() if getattr(part, f) != getattr(plain, f)]


def wrong_names(dataset: TableDataset, part: Part, key: str) -> Iterable[str]:
    """Other names of columns that are not declared, or that can't be columns."""
    declared = [*dataset.columns, *dataset.dispensable_columns]
    for name, theirs in part.also_called.items():
        if name not in declared:
            yield f"`{key}.also_called` names {name!r}, which is not among the columns"
        if not dataset.column_shape.fullmatch(theirs):
            yield f"{theirs!r} is not a column name: {dataset.column_rule}"
        if re.search(rf"\b{re.escape(name)}\b", dataset.where):
            yield f"`where` names {name!r}, which `{key}` calls otherwise"
    names = [raw_name(part.also_called.get(name, name)) for name in declared]
    for name in names:
        if names.count(name) > 1:
            yield f"`{key}.also_called` gives two columns the name {name!r}"
