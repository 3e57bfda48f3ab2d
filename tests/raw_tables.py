"""Fill a scratch DuckDB with hand-made raw tables, as the pipelines leave them."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

DATASETS = Path(__file__).parent.parent / "pipelines" / "datasets"
LOADED_AT = datetime(2024, 3, 1, 12, tzinfo=UTC)

LEDGER = """
create table if not exists ledger.runs (
    run_id text, command text, dataset text,
    started_at timestamptz, finished_at timestamptz, window_start date,
    portal_version text, portal_rows bigint, rows_read bigint, added bigint,
    changed bigint, removed bigint, restored bigint, rejected bigint,
    seconds double, outcome text, error text
)
"""
CHANGES = """
create table if not exists {table}_changes (
    row_id text, change text, changed_fields text, run_id text, changed_at timestamptz
)
"""


def declared_columns(dataset: str) -> list[str]:
    """The published columns of a data set, in lower case, without `row_id`."""
    declared = tomllib.loads((DATASETS / f"{dataset}.toml").read_text())
    names = declared["columns"] + declared.get("optional_columns", [])
    return [name.lower() for name in names if name.lower() != "row_id"]


def table_of(dataset: str) -> str:
    """`raw_<source>.<entity>` of a data set named `<source>__<entity>`."""
    source, entity = dataset.split("__")
    return f"raw_{source}.{entity}"


def make_raw(
    path: Path | str, rows_by_dataset: Mapping[str, Iterable[Mapping[str, str]]]
) -> None:
    """Create every raw table, change log and the ledger where absent; add rows.

    Args:
        path: The DuckDB file; made when absent.
        rows_by_dataset: Rows by data set, `{"memphis__incidents": [{"row_id": "1",
            "crime_id": "A", ...}]}`: text as published under names in lower case;
            what a row leaves out is null. `row_id` is required; `loaded_at`
            (2024-03-01 12:00 UTC unless given) and `removed_at` may be given as
            aware datetimes.
    """
    with duckdb.connect(str(path)) as warehouse, transaction(warehouse):
        warehouse.execute("create schema if not exists ledger")
        warehouse.execute(LEDGER)
        for declaration in sorted(DATASETS.glob("*.toml")):
            _make_tables(warehouse, declaration.stem)
        for dataset, rows in rows_by_dataset.items():
            for row in rows:
                _upsert(warehouse, dataset, row)


def remove(
    path: Path | str, dataset: str, row_ids: list[str], removed_at: datetime
) -> None:
    """Do to raw rows what the pipeline does when the portal withdrew them."""
    erased = ", ".join(f'"{name}" = null' for name in declared_columns(dataset))
    with duckdb.connect(str(path)) as warehouse:
        warehouse.execute(
            f"update {table_of(dataset)} set {erased}, removed_at = $2, "
            "loaded_at = $2 where list_contains($1, row_id)",
            [row_ids, removed_at],
        )


@contextmanager
def transaction(warehouse: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Write to disk once, at the end; after an error the file closes unchanged."""
    warehouse.begin()
    yield
    warehouse.commit()


def _make_tables(warehouse: duckdb.DuckDBPyConnection, dataset: str) -> None:
    table = table_of(dataset)
    columns = ", ".join(f'"{name}" text' for name in declared_columns(dataset))
    warehouse.execute(f"create schema if not exists {table.split('.')[0]}")
    warehouse.execute(
        f"create table if not exists {table} (row_id text, {columns}, row_hash text,"
        " run_id text, loaded_at timestamptz, removed_at timestamptz)"
    )
    warehouse.execute(CHANGES.format(table=table))


def _upsert(
    warehouse: duckdb.DuckDBPyConnection, dataset: str, row: Mapping[str, object]
) -> None:
    table = table_of(dataset)
    row = {"run_id": "run", "row_hash": "hash", "loaded_at": LOADED_AT, **row}
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    warehouse.execute(f"delete from {table} where row_id = ?", [row["row_id"]])
    warehouse.execute(
        f"insert into {table} ({names}) values ({marks})", list(row.values())
    )
