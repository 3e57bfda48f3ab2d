"""A mart's rows, as they are read to be published."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.publish.described import ColumnType, column_type
from pipelines.publish.parts import Group, Part
from pipelines.sql import quote
from pipelines.transform.manifest import BUILT_AT, Model
from pipelines.warehouse.engines.base import Batches
from pipelines.warehouse.warehouse import Warehouse

# How many rows to hand on at a time.
BATCH = 50_000

# The column for the part that a row is in.
PART_NUMBER = "part_number"


class Source(ABC):
    """A table that is to be published.

    Args:
        place: Its name where it is.
    """

    columns: pa.Schema
    """Those that are published, in the types of the warehouse."""
    newest = "null"
    """SQL for when the newest rows of a group were built, if rows tell that."""

    def __init__(self, place: str):
        self.place = place

    @abstractmethod
    def ask(self, statement: str) -> list[dict[str, Any]]:
        """The rows of a query, which reads `place`."""

    @abstractmethod
    def sorted(
        self, parts: list[Part], key: list[str]
    ) -> AbstractContextManager[Batches]:
        """The rows of parts, one after another, by the bytes of a key.

        Only a batch or two are in memory. Batches have one column more than the schema,
        which has the types of the files: PART_NUMBER, the part's number in the list.
        """

    @property
    def city(self) -> str | None:
        return "city" if "city" in self.columns.names else None

    @property
    def day(self) -> str | None:
        """Its first column of days, or that of years."""
        days = [field.name for field in self.columns if pa.types.is_date(field.type)]
        years = ["year"] if "year" in self.columns.names else []
        return next(iter([*days, *years]), None)

    def groups(self) -> list[Group]:
        """How many rows there are for each city and day."""
        by = [quote(name) if name else "null" for name in (self.city, self.day)]
        grouped = [name for name in by if name != "null"]
        rows = self.ask(
            f"select {by[0]} as city, {by[1]} as day, count(*) as row_count, "
            f"{self.newest} as built_at from {self.place}"
            + (f" group by {', '.join(grouped)}" if grouped else "")
        )
        return [
            Group(row["city"], row["day"], row["row_count"], row["built_at"])
            for row in rows
        ]


class Fact(Source):
    """A table whose rows tell when they were built: read part by part, where it is."""

    newest = f"max({BUILT_AT})"

    def __init__(self, place: str, columns: pa.Schema, warehouse: Warehouse):
        super().__init__(place)
        self.columns, self.warehouse = columns, warehouse

    def ask(self, statement: str) -> list[dict[str, Any]]:
        with self.warehouse.engine.reading(statement) as (_, batches):
            return [row for batch in batches for row in batch.to_pylist()]

    @contextmanager
    def sorted(self, parts: list[Part], key: list[str]) -> Iterator[Batches]:
        engine = self.warehouse.engine
        names = ", ".join(map(quote, self.columns.names))
        order = ", ".join(engine.in_byte_order(quote(name)) for name in key)
        statement = in_parts(names, self.place, parts, order)
        with engine.reading(statement) as (held, batches):
            schema = pa.schema([(field.name, type_of(field).arrow) for field in held])
            yield without_part(schema), (batch.cast(schema) for batch in batches)


class Copy(Source):
    """A table that is read once, and whole: a warehouse bills each statement."""

    def __init__(self, place: str, warehouse: Warehouse, db: duckdb.DuckDBPyConnection):
        super().__init__("copied")
        self.db = db
        with warehouse.engine.reading(f"select * from {place}") as (held, batches):
            self.columns = held
            db.register("arriving", pa.RecordBatchReader.from_batches(held, batches))
            db.execute(
                f"create or replace table {self.place} as "
                f"select {cast(held)} from arriving"
            )
            db.unregister("arriving")

    def ask(self, statement: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            self.db.execute(statement).to_arrow_table().to_pylist()
        )
        return found

    @contextmanager
    def sorted(self, parts: list[Part], key: list[str]) -> Iterator[Batches]:
        order = ", ".join(map(quote, key))
        statement = in_parts("*", self.place, parts, order)
        rows = self.db.execute(statement).to_arrow_reader(BATCH)
        yield without_part(rows.schema), iter(rows)


def in_parts(names: str, place: str, parts: list[Part], order: str) -> str:
    """SQL for the rows of parts, one part after another; see `Source.sorted`."""
    cases = [f"when {part.where} then {n}" for n, part in enumerate(parts)]
    number = f"case {' '.join(cases)} end" if len(parts) > 1 else "0"
    where = " or ".join(f"({part.where})" for part in parts)
    return (
        f"select {names}, {number} as {PART_NUMBER} from {place} where {where} "
        f"order by {PART_NUMBER}, {order}"
    )


def without_part(schema: pa.Schema) -> pa.Schema:
    return schema.remove(schema.get_field_index(PART_NUMBER))


def rows_of(
    parts: list[Part], batches: Iterable[pa.RecordBatch]
) -> Iterator[tuple[Part, Iterator[pa.RecordBatch]]]:
    """Each part with its rows, of the batches that `Source.sorted` yields.

    The rows of one part must be read before the next part.
    """
    if len(parts) == 1:
        yield parts[0], (batch.drop_columns([PART_NUMBER]) for batch in batches)
        return
    for number, pieces in groupby(pieces_of(batches), key=itemgetter(0)):
        yield parts[number], (piece for _, piece in pieces)


def pieces_of(
    batches: Iterable[pa.RecordBatch],
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Batches cut where a part ends, each with the part's number."""
    for batch in batches:
        rows, begin = batch.drop_columns([PART_NUMBER]), 0
        for run in pc.value_counts(batch.column(PART_NUMBER)).to_pylist():
            yield run["values"], rows.slice(begin, run["counts"])
            begin += run["counts"]


def source_of(
    model: Model, warehouse: Warehouse, db: duckdb.DuckDBPyConnection
) -> Source:
    """A model's table.

    Args:
        db: For a copy of it.
    """
    place = f"{warehouse.engine.schema('marts')}.{model.name}"
    if model.tells_builds:
        # Of no rows: it is not billed.
        with warehouse.engine.reading(f"select * from {place} where false") as (
            held,
            _,
        ):
            shown = [field for field in held if field.name != BUILT_AT]
        # Else an earlier version of the project built it.
        if len(shown) < len(held):
            return Fact(place, pa.schema(shown), warehouse)
    return Copy(place, warehouse, db)


def cast(columns: pa.Schema) -> str:
    """SQL for columns in the types of the files."""
    return ", ".join(
        f"cast({quote(f.name)} as {type_of(f).duckdb}) as {quote(f.name)}"
        for f in columns
    )


def type_of(field: pa.Field) -> ColumnType:
    """A column's type in the files, whatever its type in the warehouse.

    Raises:
        TypeError: No type fits; the model must cast it.
    """
    known = column_type(field.type)
    if known is None:
        raise TypeError(f"{field.name} is of type {field.type}, which no file has.")
    return known
