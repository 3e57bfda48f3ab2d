"""Fill a portal with made-up rows of the declared cities, or with files."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from demo.generator import COLUMNS, generate
from demo.portal import Portal
from demo.store import Dataset

DECLARATIONS = Path(__file__).parent.parent / "pipelines" / "datasets"
# name: share of the rows, first day published
STOCK = {
    "san_francisco__incidents": (0.45, date(2018, 1, 1)),
    "chicago__incidents": (0.40, date(2018, 1, 1)),
    "memphis__incidents": (0.12, date(2020, 1, 1)),
    "cambridge__incidents": (0.03, date(2025, 1, 1)),
}
RECENT = "chicago__recent_incidents"


def stock(portal: Portal, rows: int, today: date, seed: int) -> dict[str, Dataset]:
    """Publish about `rows` made-up rows of four cities at their declared addresses.

    Chicago's table of the last year, off by default in the pipelines, comes on top
    with a ninth of Chicago's rows.

    Returns: The portal's data sets by the pipelines' names.
    """
    shares = {name: (round(rows * s), first) for name, (s, first) in STOCK.items()}
    a_year_ago = today - timedelta(days=365)
    shares[RECENT] = (shares["chicago__incidents"][0] // 9, a_year_ago)
    return {
        name: publish(portal, name, generate(name, count, first, today, seed))
        for name, (count, first) in shares.items()
    }


def publish(portal: Portal, name: str, rows: object) -> Dataset:
    """Publish rows of a declared data set where its declaration says they are."""
    declared = tomllib.loads((DECLARATIONS / f"{name}.toml").read_text())
    path = urlsplit(declared["url"]).path
    if declared["api"] == "arcgis":
        return portal.add_layer(path, rows, COLUMNS[name])
    is_single = len(declared["key"]) == 1 and declared.get("key_is_unique", True)
    key = declared["key"][0] if is_single else None
    title = declared["title"]
    dataset_id = path.removeprefix("/resource/")
    return portal.add_soda(dataset_id, rows, COLUMNS[name], key, title=title)
