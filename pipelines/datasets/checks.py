"""Find what is wrong with a declaration, beyond the types of its values."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from pipelines.datasets.addresses import HOST, wrong_url
from pipelines.datasets.columns import IDENTIFIER, SYSTEM_COLUMNS, raw_name
from pipelines.datasets.dataset import (
    AreasDataset,
    CouncilList,
    Dataset,
    FileDataset,
    SodaDataset,
    TableDataset,
    WholeDataset,
)
from pipelines.datasets.date_pattern import DatePattern
from pipelines.datasets.part_checks import wrong_parts

NAME_PART = re.compile(r"[a-z][a-z0-9_]*")

# Endings that a published file may have; a file of areas may have any.
ENDINGS = (".csv", ".zip", ".xlsx")


def problems(dataset: Dataset) -> Iterable[str]:
    """Report what is wrong with a declaration beyond the types of its values."""
    parts = dataset.name.split("__")
    if len(parts) != 2 or not all(map(NAME_PART.fullmatch, parts)):
        yield "its name must be <source>__<entity>.toml, in lower-case letters"
    try:
        _ = dataset.tzinfo
    except (KeyError, ValueError, OSError):
        yield f"`zone` {dataset.zone!r} is not a time zone"
    yield from wrong_address(dataset)
    yield from wrong_columns(dataset)
    if isinstance(dataset, WholeDataset):
        yield from wrong_headers(dataset)
    if pattern := dataset.window_pattern:
        yield from wrong_pattern(dataset, pattern)
    match dataset:
        case SodaDataset(council_list=CouncilList() as council):
            yield from wrong_council(dataset, council)
        case FileDataset():
            yield from wrong_files(dataset)
        case AreasDataset():
            yield from wrong_areas(dataset)


def wrong_address(dataset: Dataset) -> Iterable[str]:
    """Addresses that can't be a data set's, or that contain more than its place."""
    if dataset.redirects_to and not HOST.fullmatch(dataset.redirects_to):
        yield f"`redirects_to` {dataset.redirects_to!r} is not a host"
    if isinstance(dataset, TableDataset) and dataset.parts:
        yield from wrong_parts(dataset)
        return
    yield from wrong_url("url", dataset.url, type(dataset))
    for address in dataset.formerly:
        yield from wrong_url("formerly", address, type(dataset))
    addresses = [dataset.url, *dataset.formerly]
    if len(set(addresses)) < len(addresses):
        yield "`formerly` repeats an address, or names `url` itself"


def wrong_pattern(dataset: Dataset, pattern: DatePattern) -> Iterable[str]:
    """A pattern of dates that is none, or other keys that need true dates."""
    if pattern.problem:
        yield f"`window_format` {pattern.text!r} {pattern.problem}"
    if dataset.compare_by:
        yield "`compare_by` needs a window column of dates, not of text"


def wrong_council(dataset: SodaDataset, council: CouncilList) -> Iterable[str]:
    """A list of council members that can't be asked for."""
    yield from wrong_url("council_list.url", council.url, SodaDataset)
    if urlsplit(council.url).netloc != dataset.host:
        yield "`council_list.url` must be on the host of `url`"
    for name in (council.district, council.member):
        if not IDENTIFIER.fullmatch(name):
            yield f"{name!r} is not a column name: use only letters, digits and _"


def wrong_columns(dataset: Dataset) -> Iterable[str]:
    """Columns that are named elsewhere but not declared, or can't be columns."""
    if not dataset.key:
        yield "`key` names no column"
    declared = [*dataset.columns, *dataset.dispensable_columns]
    for name in declared:
        if not dataset.column_shape.fullmatch(name):
            yield f"{name!r} is not a column name: {dataset.column_rule}"
    for column in dataset.named_columns:
        if column not in dataset.columns:
            yield f"`columns` lacks {column!r}, which the file uses elsewhere"
    for name in dataset.unhashed:
        if name not in declared:
            yield f"`unhashed` names {name!r}, which is not among the columns"
    for name, pattern in dataset.kept_part.items():
        if name not in declared:
            yield f"`kept_part` names {name!r}, which is not among the columns"
        if not has_one_group(pattern):
            yield f"`kept_part` of {name!r} must have one group, (?P<name>...)"
    names = dataset.loaded_columns
    for name in names:
        if names.count(name) > 1:
            yield f"column {name!r} is declared twice"
        if name in SYSTEM_COLUMNS and [name] != [
            raw_name(part) for part in dataset.key
        ]:
            yield f"column {name!r} has the name of a column that the pipeline adds"


def wrong_headers(dataset: WholeDataset) -> Iterable[str]:
    """Other headers for what is not a column."""
    for name in dataset.also_called:
        if name not in (*dataset.columns, *dataset.dispensable_columns):
            yield f"`also_called` names {name!r}, which is not among the columns"


def wrong_files(dataset: FileDataset) -> Iterable[str]:
    """Files that can't be read or distinguished."""
    for path in dataset.due:
        if path not in dataset.files:
            yield f"`due` names {path!r}, which is not among the `files`"
    for address in dataset.addresses:
        path = urlsplit(address).path
        if ".." in path:
            yield f"{path!r} leads out of its folder"
        elif not (dataset.format or path.lower().endswith(ENDINGS)):
            known = ", ".join(ENDINGS)
            yield f"{path!r} must be a file that ends in {known}, or `format` be given"
    names = [address.rsplit("/", 1)[1] for address in dataset.addresses]
    if len(set(names)) < len(names):
        yield "`files` lists two files with the same name"
    if len(names) > 1 and not dataset.file_column:
        yield "`files` need a `file_column` to tell their rows apart"


def wrong_areas(dataset: AreasDataset) -> Iterable[str]:
    """What a file of areas lacks, or must not have."""
    if "geometry" not in dataset.columns or "geometry" in dataset.key:
        yield "`columns` must include 'geometry', the areas' shapes, and `key` must not"
    if ".." in dataset.url:
        yield f"{dataset.url!r} leads out of its folder"
    west, south, east, north = dataset.box or (-180, -90, 180, 90)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        yield "`box` must be [west, south, east, north], in degrees"


def has_one_group(pattern: str) -> bool:
    """Whether a pattern names one group; RE2 itself, slow to import, reads it later."""
    return len(re.findall(r"\(\?P?<\w+>", pattern)) == 1
