"""Erase a source from the warehouse, the lake copy and dlt's folder."""

import shutil

from pipelines.errors import WarehouseError, first_line, remedy
from pipelines.warehouse.lake import file_system
from pipelines.warehouse.schema import BUILT
from pipelines.warehouse.warehouse import Warehouse


def held_of(warehouse: Warehouse, source: str) -> list[str]:
    """The data sets of a source of which anything is held, by name.

    Their declarations may be gone.
    """
    of_source = f"{source}__"
    schema = warehouse.engine.schema(f"raw_{source}")
    tables = {name for _, name in warehouse.engine.columns([schema])}
    entities = [name.removesuffix("_changes") for name in tables]
    named = {f"{of_source}{e}" for e in entities if f"{e}_changes" in tables}
    return sorted(named | warehouse.ledger.datasets_of(of_source))


def erase(warehouse: Warehouse, source: str, datasets: list[str]) -> None:
    """Drop a source's raw tables and staging views, and forget that it was read.

    Last of all its lines in the ledger: after a kill the command finds them again.

    Raises:
        WarehouseError: A file, folder or table can't be deleted.
    """
    engine = warehouse.engine
    staging = engine.schema(BUILT[1])
    of_source = (f"stg_{source}__", f"base_{source}__")
    views = [n for _, n in engine.columns([staging]) if n.startswith(of_source)]
    # What another view reads comes last.
    with warehouse.connect() as connection:
        for view in sorted(views, reverse=True):
            connection.execute(f"drop view if exists {staging}.{view}")
    for name in (f"raw_{source}", f"raw_{source}_staging"):
        engine.drop_schema(engine.schema(name))
    for dataset in datasets:
        _erase_files(warehouse, dataset)
    warehouse.ledger.erase(datasets)


def _erase_files(warehouse: Warehouse, dataset: str) -> None:
    """Delete a data set's lake copy and dlt's folder of it."""
    settings = warehouse.settings
    folder = warehouse.home / "dlt" / dataset
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise WarehouseError(
            f"{folder} can't be deleted: {first_line(error)}. {remedy(error)}"
        ) from error
    if settings.lake is None:
        return
    try:
        files, root = file_system(settings.lake, settings.impersonate)
        if files.exists(f"{root}/{dataset}"):
            files.rm(f"{root}/{dataset}", recursive=True)
    except OSError as error:
        raise WarehouseError(
            f"{dataset}: the lake copy in {settings.lake} can't be deleted "
            f"({first_line(error)}). Check BLOTTER_LAKE. {remedy(error)}"
        ) from error
