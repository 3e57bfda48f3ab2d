"""What is wrong with a declaration, beyond the kinds of its values."""

import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset

# Names go into the portals' query languages and into SQL as they are.
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

NAME_PART = re.compile(r"[a-z][a-z0-9_]*")

ADDRESSES = {
    "soda2": (re.compile(r"/resource/[a-z0-9]{4}-[a-z0-9]{4}"), "/resource/abcd-1234"),
    "arcgis": (
        re.compile(r"/[\w./-]+/(Feature|Map)Server/[0-9]+", re.ASCII),
        "/.../FeatureServer/0",
    ),
    "file": (re.compile(r"/[\w./-]+", re.ASCII), "/folder/file.csv"),
    "geojson": (re.compile(r"/[\w./-]+", re.ASCII), "/folder/areas.geojson"),
}

HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")

# What a published file may be, by its ending; one of areas may have any.
ENDINGS = (".csv", ".zip", ".xlsx")

# Columns that the pipeline adds to every raw table. A publisher's own `row_id` (San
# Francisco) is the key and so the same column.
SYSTEM_COLUMNS = (
    "row_id",
    "row_hash",
    "run_id",
    "loaded_at",
    "removed_at",
    "replaced_at",
)


def problems(dataset: "Dataset") -> Iterable[str]:
    """Say what is wrong with a declaration beyond the kinds of its values."""
    parts = dataset.name.split("__")
    if len(parts) != 2 or not all(map(NAME_PART.fullmatch, parts)):
        yield "its name must be <source>__<entity>.toml, in lower-case letters"
    try:
        _ = dataset.tzinfo
    except (KeyError, ValueError, OSError):
        yield f"`zone` {dataset.zone!r} is no time zone"
    yield from wrong_address(dataset)
    yield from wrong_columns(dataset)
    yield from wrong_council(dataset)
    yield from wrong_limits(dataset)
    yield from wrong_files(dataset)


def wrong_address(dataset: "Dataset") -> Iterable[str]:
    """An address that is no data set's, or that holds more than where it is."""
    yield from wrong_url("url", dataset.url, dataset.api)
    for address in dataset.formerly:
        yield from wrong_url("formerly", address, dataset.api)
    addresses = [dataset.url, *dataset.formerly]
    if len(set(addresses)) < len(addresses):
        yield "`formerly` repeats an address, or names `url` itself"


def wrong_url(key: str, address: str, api: str) -> Iterable[str]:
    """What is wrong with one address, as the value of a key."""
    try:
        url = urlsplit(address)
        _ = url.port
    except ValueError:
        yield f"`{key}` {address!r} is no address"
        return
    host = url.netloc.rsplit("@", 1)[-1]
    is_whole = url.scheme == "https" and url.geturl() == address
    if not (is_whole and HOST.fullmatch(host)):
        yield f"`{key}` must begin with https:// and a host"
    if "@" in url.netloc or url.query or url.fragment:
        yield f"`{key}` must hold no user, password, query or fragment"
    shape, example = ADDRESSES[api]
    if not shape.fullmatch(url.path):
        yield f"the path of `{key}` must be like {example}"


def wrong_council(dataset: "Dataset") -> Iterable[str]:
    """A list of council members that can't be asked for."""
    if dataset.council_list is None:
        return
    council = dataset.council_list
    yield from wrong_url("council_list.url", council.url, "soda2")
    if urlsplit(council.url).netloc != dataset.host:
        yield "`council_list.url` must be on the host of `url`"
    for name in (council.district, council.member):
        if not IDENTIFIER.fullmatch(name):
            yield f"{name!r} is no name of a column: letters, digits and _ only"


def wrong_columns(dataset: "Dataset") -> Iterable[str]:
    """Columns that are named elsewhere and not declared, or can't be columns."""
    if not dataset.key:
        yield "`key` names no column"
    declared = [*dataset.columns, *dataset.dispensable_columns]
    for name in declared:
        if not IDENTIFIER.fullmatch(name):
            yield f"{name!r} is no name of a column: letters, digits and _ only"
    named = [dataset.window_column, dataset.newest_by, dataset.change_column]
    named.append(dataset.file_column)
    for column in (*dataset.key, *named, *dataset.compare_by):
        if column is not None and column not in dataset.columns:
            yield f"`columns` lacks {column!r}, which the file names elsewhere"
    for name in dataset.unhashed:
        if name not in declared:
            yield f"`unhashed` names {name!r}, which is not among the columns"
    for name, pattern in dataset.kept_part.items():
        if name not in declared:
            yield f"`kept_part` names {name!r}, which is not among the columns"
        if not has_one_group(pattern):
            yield f"`kept_part` of {name!r} is no pattern with one group, (?P<name>...)"
    names = dataset.loaded_columns
    for name in names:
        if names.count(name) > 1:
            yield f"column {name!r} is declared twice"
        if name in SYSTEM_COLUMNS and [name] != [part.lower() for part in dataset.key]:
            yield f"column {name!r} has the name of one that the pipeline adds"


def wrong_files(dataset: "Dataset") -> Iterable[str]:
    """What only files have, or only tables with windows."""
    if dataset.box and dataset.api != "geojson":
        yield '`box` goes with `api = "geojson"`'
    for path in dataset.due:
        if path not in dataset.files:
            yield f"`due` names {path!r}, which is not among the `files`"
    if not dataset.is_file:
        if dataset.window_column is None or dataset.backfill_from == date.min:
            yield "`window_column` and `backfill_from` must be given"
        if dataset.files or dataset.also_called or dataset.file_column:
            yield '`files`, `also_called` and `file_column` go with `api = "file"`'
        if dataset.query:
            yield '`query` goes with `api = "file"` or `api = "geojson"`'
        return
    if dataset.api == "geojson":
        yield from wrong_areas(dataset)
    for address in dataset.addresses if dataset.api == "file" else []:
        path = urlsplit(address).path
        if not path.lower().endswith(ENDINGS) or ".." in path:
            yield f"{path!r} is no file that ends in {', '.join(ENDINGS)}"
    names = [address.rsplit("/", 1)[1] for address in dataset.addresses]
    if len(set(names)) < len(names):
        yield "`files` names two files of one name"
    if len(names) > 1 and not dataset.file_column:
        yield "`files` need a `file_column` that tells their rows apart"
    for name in dataset.also_called:
        if name not in (*dataset.columns, *dataset.dispensable_columns):
            yield f"`also_called` names {name!r}, which is not among the columns"


def wrong_areas(dataset: "Dataset") -> Iterable[str]:
    """What a file of areas lacks, or can't have."""
    if "geometry" not in dataset.columns or "geometry" in dataset.key:
        yield "`columns` need 'geometry', the areas' shapes, which is no key"
    if ".." in dataset.url:
        yield f"{dataset.url!r} leads out of its folder"
    west, south, east, north = dataset.box or (-180, -90, 180, 90)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        yield "`box` must be [west, south, east, north], in degrees"
    if dataset.files or dataset.file_column:
        yield '`files` and `file_column` go with `api = "file"`'


def has_one_group(pattern: str) -> bool:
    """Whether a pattern names one group; RE2 itself, slow to import, reads it later."""
    return len(re.findall(r"\(\?P?<\w+>", pattern)) == 1


def wrong_limits(dataset: "Dataset") -> Iterable[str]:
    """Numbers that no limit can have; not a number (nan) is in no range."""
    ranges = {
        "page_rows": (1, 50_000),
        "removal_limit_rows": (0, 1_000_000_000),
        "reject_limit_rows": (0, 1_000_000_000),
        "sweep_limit_rows": (0, 1_000_000_000),
        "sweep_limit_pct": (0, 100),
        "sweep_overlap_days": (0, 3650),
        "compare_days": (0, 3650),
        "reread_days": (0, 3650),
        "reread_months": (0, 1_000),
        "read_every_days": (1, 3650),
        "standstill_days": (1, 3650),
        "removal_limit_pct": (0, 100),
        "removal_most_pct": (0, 100),
        "reject_limit_pct": (0, 100),
    }
    for name, (least, most) in ranges.items():
        if not least <= getattr(dataset, name) <= most:
            yield f"`{name}` must be {least:,} to {most:,}"
