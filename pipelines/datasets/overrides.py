"""What settings change of a declaration: where it is read, and by which API."""

import msgspec

from pipelines.datasets.dataset import Dataset, Soda3Dataset, SodaDataset
from pipelines.settings import Settings

KINDS = {2: SodaDataset, 3: Soda3Dataset}


def as_set(dataset: Dataset, settings: Settings) -> Dataset:
    """The data set as BLOTTER_PORTAL and BLOTTER_SODA have it read.

    It is the same table: its `fingerprint` stays the same.
    """
    there = dataset.at_portal(settings.portal)
    if settings.soda == "3" and isinstance(there, SodaDataset):
        return by_soda(there, 3)
    return there


def by_soda(dataset: SodaDataset, version: int) -> SodaDataset:
    """The same table, read by SODA 2 or 3."""
    return KINDS[version](**msgspec.structs.asdict(dataset))
