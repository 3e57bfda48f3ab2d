"""The yardstick of a benchmark: DuckDB alone, reading the pages that a load reads."""

import gzip
from datetime import date
from pathlib import Path

import requests

from pipelines.datasets.dataset import SodaDataset
from pipelines.datasets.declarations import read_datasets
from pipelines.datasets.windows import Window
from pipelines.portals.socrata import SocrataReader
from pipelines.settings import Patience
from tools.measured import Cost, cost_of

FIRST = date(2018, 1, 1)

DUCKDB_ALONE = """
import duckdb, sys
connection = duckdb.connect(sys.argv[2])
connection.execute("set enable_progress_bar = false")
connection.execute(
    "create table incidents as select * from "
    f"read_csv('{sys.argv[1]}/*.csv.gz', all_varchar = true, header = true)"
)
connection.close()
"""


def duckdb_alone(url: str, name: str, place: Path) -> Cost:
    """What it costs to read a Socrata data set's pages, from files, into a table.

    Args:
        url: A portal that serves them.
        place: A folder for the files.
    """
    (place / "pages").mkdir()
    save_pages(url, name, place / "pages")
    return cost_of("-c", DUCKDB_ALONE, str(place / "pages"), str(place / "alone.db"))


def save_pages(url: str, name: str, folder: Path) -> None:
    """Download what Blotter reads, page by page, as files."""
    dataset = read_datasets()[name].at_portal(url)
    assert isinstance(dataset, SodaDataset)
    reader = SocrataReader(dataset, Patience())
    reader.probe()
    where = reader._where(Window(FIRST))
    last, number = "", 0
    while True:
        query = {
            "$select": ",".join([*reader.requested(), ":id"]),
            "$where": where + (f" AND :id > '{last}'" if last else ""),
            "$order": ":id",
            "$limit": str(dataset.page_rows),
        }
        answer = requests.get(
            f"{dataset.url}.csv", params=query, timeout=60, stream=True
        )
        packed = answer.raw.read()
        lines = gzip.decompress(packed).rstrip(b"\n").rsplit(b"\n", 1)
        if len(lines) == 1:
            return
        last = lines[-1].rsplit(b",", 1)[-1].strip(b'"').decode()
        (folder / f"{number:05}.csv.gz").write_bytes(packed)
        number += 1
