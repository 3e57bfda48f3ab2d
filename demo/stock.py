"""Fill a portal with made-up rows of the declared data sets."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyarrow as pa

from demo.generator import COLUMNS, FILES, generate
from demo.rows import council as rows_council

if TYPE_CHECKING:
    # `python -m demo.portal` hands its portal over; at run time none is needed here.
    from demo.portal.served_files import FileOptions
    from demo.portal.server import Portal
    from demo.portal.store import Dataset
    from demo.portal.values import Rows

DECLARATIONS = Path(__file__).parent.parent / "pipelines" / "datasets"
# name: share of the rows, first day published
STOCK = {
    "san_francisco__incidents": (0.45, date(2018, 1, 1)),
    "chicago__incidents": (0.40, date(2018, 1, 1)),
    "memphis__incidents": (0.12, date(2020, 1, 1)),
    "cambridge__incidents": (0.03, date(2025, 1, 1)),
}
RECENT = "chicago__recent_incidents"
FILES_BEGIN = date(2015, 1, 2)
# The first serves every file as text to display; the URLs of the other have no file
# name from which to tell the type.
CONTENT_TYPES = {
    "raw.githubusercontent.com": "text/plain; charset=utf-8",
    "services2.arcgis.com": "application/geo+json",
}


def stock(portal: "Portal", rows: int, today: date, seed: int) -> dict[str, "Dataset"]:
    """Publish about `rows` made-up rows of four cities at their declared addresses.

    Chicago's table of the last year, off by default in the pipelines, comes on top
    with a ninth of Chicago's rows, and so do the whole files.

    Returns: The portal's data sets by the pipelines' names.
    """
    cities = {
        name: publish(portal, name, made_up(name, rows, today, seed)) for name in STOCK
    }
    recent = round(rows * STOCK["chicago__incidents"][0]) // 9
    made = generate(RECENT, recent, today - timedelta(days=365), today, seed)
    cities[RECENT] = publish(portal, RECENT, made)
    for name in STOCK:
        publish_council(portal, name, today)
    return cities | stock_files(portal, today, seed)


def made_up(name: str, rows: int, today: date, seed: int) -> pa.Table:
    """Make a city's share of `rows` rows of the four cities."""
    share, first = STOCK[name]
    return generate(name, round(rows * share), first, today, seed)


def stock_files(portal: "Portal", today: date, seed: int) -> dict[str, "Dataset"]:
    """Publish made-up shootings up to `today`, and their reference tables, as files."""
    return {
        name: publish(
            portal, name, generate(name, publisher.ROWS, FILES_BEGIN, today, seed)
        )
        for name, publisher in FILES.items()
    }


def publish(portal: "Portal", name: str, rows: "Rows") -> "Dataset":
    """Publish rows of a declared data set where its declaration says they are."""
    declared = tomllib.loads((DECLARATIONS / f"{name}.toml").read_text())
    path = urlsplit(declared["url"]).path
    if declared["api"] == "arcgis":
        return portal.add_layer(path, rows, COLUMNS[name])
    is_single = len(declared["key"]) == 1 and declared.get("key_is_unique", True)
    key = declared["key"][0] if is_single else None
    if declared["api"] in ("file", "geojson"):
        return publish_files(portal, name, declared, rows, key)
    title = declared["title"]
    dataset_id = path.removeprefix("/resource/")
    return portal.add_soda(dataset_id, rows, COLUMNS[name], key, title=title)


def publish_council(portal: "Portal", name: str, today: date) -> None:
    """Publish the city's list of council members, if the data set declares one."""
    declared = tomllib.loads((DECLARATIONS / f"{name}.toml").read_text())
    if council := declared.get("council_list"):
        columns = (council["district"], council["member"])
        listed = rows_council.rows(name.split("__")[0], today, *columns)
        dataset_id = council["url"].rpartition("/")[2]
        portal.add_soda(dataset_id, listed, dict.fromkeys(columns, "text"), columns[0])


def publish_files(
    portal: "Portal", name: str, declared: dict[str, Any], rows: "Rows", key: str | None
) -> "Dataset":
    """Publish rows as the files of a declaration, at its address or below it."""
    url = urlsplit(declared["url"])
    below = declared.get("files", [])
    paths = {file.rpartition("/")[2]: f"{url.path}/{file}" for file in below}
    options: FileOptions = {}
    if url.hostname in CONTENT_TYPES:
        options["content_type"] = CONTENT_TYPES[url.hostname]
    return portal.add_file_table(
        *(url.path, rows, COLUMNS[name], key),
        paths=paths or {"": url.path},
        write=FILES[name].write,
        file_column=declared.get("file_column"),
        **options,
    )
