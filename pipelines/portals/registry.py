"""Choose the reader for a data set's API."""

from pipelines.datasets.dataset import (
    ArcgisDataset,
    CartoDataset,
    CkanDataset,
    Dataset,
    SodaDataset,
    TableDataset,
)
from pipelines.portals.arcgis import ArcgisReader
from pipelines.portals.carto import CartoReader
from pipelines.portals.ckan import CkanReader
from pipelines.portals.files import FileReader
from pipelines.portals.parts import PartsReader
from pipelines.portals.reader import Reader
from pipelines.portals.socrata import SocrataReader
from pipelines.settings import NOBODY, Identity, Patience


def reader_for(
    dataset: Dataset, patience: Patience, identity: Identity = NOBODY
) -> Reader:
    """The reader for the data set's API, or for each of its parts."""
    if isinstance(dataset, TableDataset) and dataset.is_in_parts:
        return PartsReader(dataset, patience, identity, reader_of_one)
    return reader_of_one(dataset, patience, identity)


def reader_of_one(dataset: Dataset, patience: Patience, identity: Identity) -> Reader:
    """The reader for a data set that is a single table, or files."""
    if isinstance(dataset, SodaDataset):
        return SocrataReader(dataset, patience, identity)
    if isinstance(dataset, ArcgisDataset):
        return ArcgisReader(dataset, patience, identity)
    if isinstance(dataset, CkanDataset):
        return CkanReader(dataset, patience, identity)
    if isinstance(dataset, CartoDataset):
        return CartoReader(dataset, patience, identity)
    return FileReader(dataset, patience, identity)
