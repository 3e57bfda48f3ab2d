"""The reader of each API."""

from collections.abc import Callable

from pipelines.datasets.dataset import Dataset
from pipelines.portals.arcgis import ArcgisReader
from pipelines.portals.files import FileReader
from pipelines.portals.reader import Reader
from pipelines.portals.socrata import SocrataReader
from pipelines.settings import Patience

READERS: dict[str, Callable[[Dataset, Patience], Reader]] = {
    "soda2": SocrataReader,
    "arcgis": ArcgisReader,
    "file": FileReader,
    "geojson": FileReader,
}


def reader_for(dataset: Dataset, patience: Patience) -> Reader:
    """The reader of the data set's API."""
    return READERS[dataset.api](dataset, patience)
