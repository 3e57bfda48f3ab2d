"""The marts as the files of a publication, for people without access to the warehouse.

<table>.parquet                          a mart or report, sorted by key
<table>/city=<city>/.../rows.parquet     the same, for a large table; see `parts`
<report>.csv                             for spreadsheets
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import parquet

from pipelines.errors import WarehouseError, first_line, remedy
from pipelines.publish.described import Json, Table
from pipelines.publish.edition import DATA, Edition, MadeOf
from pipelines.publish.parquet import write_csv, write_parquet
from pipelines.publish.parts import (
    Part,
    divided,
    is_large,
    read_together,
    recent_from,
)
from pipelines.publish.scratch import scratch
from pipelines.publish.source import Source, rows_of, source_of
from pipelines.transform.manifest import Model
from pipelines.warehouse.warehouse import Warehouse

StateOf = Callable[[Model], MadeOf]
"""What a model's rows were built from; None if that is not known."""


def write_tables(
    warehouse: Warehouse,
    models: list[Model],
    edition: Edition,
    memory: str,
    state_of: StateOf,
) -> list[Table]:
    """Have every mart and report in a publication.

    Args:
        memory: DuckDB's memory limit, such as `150MB`.

    Raises:
        WarehouseError: The folder can't be written, or the warehouse not read.
    """
    data = edition.folder / DATA
    with explained(edition.folder), scratch(edition.folder, memory) as db:
        tables = [
            kept(edition, model, state_of(model))
            or write_table(warehouse, db, model, edition, state_of(model))
            for model in models
        ]
        for table in [table for table in tables if table.model.is_report]:
            digests = [edition.data(path).sha256 for path in table.paths]
            write = partial(write_csv, db, table, data)
            edition.file(f"{DATA}/{table.name}.csv", digests, write)
    return tables


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn a failure into a one-sentence error."""
    try:
        yield
    except (OSError, duckdb.Error, pa.ArrowException) as error:
        raise WarehouseError(
            f"The marts can't be written to {folder}: {first_line(error)}. "
            f"{remedy(error)}"
        ) from error


def kept(edition: Edition, model: Model, state: MadeOf) -> Table | None:
    """A table of the last publication, if it was built from the same."""
    known = edition.last_facts.get(model.name)
    if state is None or known is None or known["state"] != state:
        return None
    if not edition.keep_all([f"{DATA}/{path}" for path in known["paths"]]):
        return None
    return table_of(edition, model, known)


def write_table(
    warehouse: Warehouse,
    db: duckdb.DuckDBPyConnection,
    model: Model,
    edition: Edition,
    state: MadeOf,
) -> Table:
    """Have a table in a publication; rewrite those of its parts that changed."""
    source = source_of(model, warehouse, db)
    groups = source.groups()
    cities = {group.city for group in groups if group.city}
    by_city = is_large(groups) and {g.city for g in groups} <= cities_of(warehouse)
    parts = divided(model.name, groups, source.day, by_city)
    changed = [p for p in parts if not edition.keep_same(at(p), p.made_of)]
    for together in read_together(changed):
        write_parts(source, together, model.key, edition)
    days = [str(group.day) for group in groups if group.day is not None]
    recent = recent_from(groups)
    facts = {
        "state": state,
        "paths": [part.path for part in parts],
        "rows": sum(part.rows for part in parts),
        "span": [min(days), max(days)] if days else None,
        "cities": sorted(cities),
        "recent_from": str(recent) if recent else None,
    }
    return table_of(edition, model, facts)


def write_parts(
    source: Source, parts: list[Part], key: list[str], edition: Edition
) -> None:
    """Write parts of a table as Parquet, each sorted by its key."""
    with source.sorted(parts, key) as (schema, batches):
        for part, rows in rows_of(parts, batches):
            write = partial(write_parquet, schema, rows)
            edition.file(at(part), part.made_of, write)


def at(part: Part) -> str:
    """Where a part is in a publication."""
    return f"{DATA}/{part.path}"


def table_of(edition: Edition, model: Model, facts: Json) -> Table:
    """A table whose files are in a publication; the next will know its facts."""
    edition.facts[model.name] = facts
    known = {name: value for name, value in facts.items() if name != "state"}
    schema = parquet.read_schema(edition.folder / DATA / facts["paths"][0])
    return Table(model=model, schema=schema, **known)


def cities_of(warehouse: Warehouse) -> set[str]:
    """The loaded cities; in some tables `city` is any town's name."""
    cities = f"{warehouse.engine.schema('seeds')}.cities"
    with warehouse.connect() as connection:
        rows = connection.execute(f"select city from {cities}").fetchall()
    return {city for (city,) in rows}
