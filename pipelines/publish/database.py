"""One DuckDB file of the marts, for clients that open a database.

It is rewritten when any table has changed: what DuckDB deletes from a file stays
there, readable, until other rows take its place. So it holds only so many rows that
this costs little: of a table that is split into several files, the last days.

Its bytes can't be reproduced. DuckDB leaves old contents of its memory between the
values of a block, and compresses text by random samples: even with one thread, no
method that samples, cleared memory and fixed addresses, the bytes differed each time.
So the file is taken over from the previous publication if no table differs, and is
written by a separate process, whose memory has never held any other rows.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from pipelines.publish.described import TERMS, Table, parts_in
from pipelines.publish.edition import DATA, Edition
from pipelines.sql import quote, text

DATABASE = "marts.duckdb"

# DuckDB 1.0 and later can read it.
STORAGE = "v1.0.0"

# A large table is limited to its last days, and its name says so.
RECENT = "_recent"

WRITER = "import duckdb, sys; duckdb.connect().execute(sys.stdin.read())"


def write_database(tables: list[Table], edition: Edition, memory: str) -> None:
    """Have a DuckDB file of the tables in a publication.

    Args:
        memory: DuckDB's memory limit, such as `150MB`.

    Raises:
        OSError: It can't be written.
    """
    statements = [statement for table in tables for statement in in_duckdb(table)]
    files = [edition.data(path).sha256 for table in tables for path in table.paths]
    edition.file(
        f"{DATA}/{DATABASE}",
        [STORAGE, statements, files],
        lambda path: written(statements, path, memory),
    )


def written(statements: list[str], path: Path, memory: str) -> None:
    """Write a DuckDB file by a process of its own."""
    script = [
        f"set threads = 1; set memory_limit = '{memory}'; set timezone = 'UTC'",
        "set temp_directory = '.spill'",
        f"attach '{path.name}' as marts (storage_version '{STORAGE}'); use marts",
        *statements,
        f"create table about as select {text(TERMS)} as terms",
        "use memory; detach marts",
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-c", WRITER],
        input=";\n".join(script),
        cwd=path.parent,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise OSError(f"{path.name}: {done.stderr.strip().splitlines()[-1]}")


def in_duckdb(table: Table) -> Iterator[str]:
    """The statements that make a table in the DuckDB file, with its comments."""
    name, where, note = table.name, "", ""
    if table.is_partitioned and table.recent_from and table.day:
        name += RECENT
        where = f"where {quote(table.day)} >= date '{table.recent_from}'"
        note = f" Only from {table.recent_from} on; all rows are in {table.name}/."
        table = replace(table, paths=recent(table.paths, table.recent_from))
    # Points are left out: DuckDB 1.0 has no type for them.
    columns = [f.name for f in table.schema if not pa.types.is_binary(f.type)]
    yield (
        f"create table {name} as "
        f"select {', '.join(map(quote, columns))} from {table.read(Path())} {where}"
    )
    yield f"comment on table {name} is {text(table.model.description + note)}"
    for column in columns:
        if meaning := table.model.columns.get(column):
            yield f"comment on column {name}.{quote(column)} is {text(meaning)}"


def recent(paths: list[str], first: str) -> list[str]:
    """The files that may have rows of a day or later ones; at least one file.

    To open a file takes as long as to read a thousand rows.
    """
    found = []
    for path in paths:
        told = parts_in(path)
        period = told.get("day") or told.get("month") or told.get("year") or first
        if period >= first[: len(period)]:
            found.append(path)
    return found or paths[-1:]
