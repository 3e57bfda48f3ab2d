"""One DuckDB file of the marts, for clients that open a database.

Its bytes can't be reproduced. DuckDB leaves old contents of its memory between the
values of a block, and compresses text by random samples: even with one thread, no
method that samples, cleared memory and fixed addresses, the bytes differed each time.
So the file is copied from the previous publication if no table differs, and is written
by a separate process, whose memory has never held any other rows.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.publish.described import TERMS, Table
from pipelines.sql import quote

DATABASE = "marts.duckdb"

# DuckDB 1.0 and later can read it.
STORAGE = "v1.0.0"

# A large table is limited to its last years, and its name says so.
RECENT = "_two_years"

YEARS = 2

WRITER = "import duckdb, sys; duckdb.connect().execute(sys.stdin.read())"


def write_database(
    tables: list[Table], folder: Path, before: Path, memory: str
) -> None:
    """Write a DuckDB file of the tables, or copy the previous one if none differs.

    Args:
        before: The folder of the previous publication, if there was one.
        memory: DuckDB's memory limit, such as `150MB`.

    Raises:
        OSError: It can't be written.
    """
    statements = [statement for table in tables for statement in in_duckdb(table)]
    digest = digest_of(statements, tables, folder)
    if digest == digest_in(before / DATABASE):
        shutil.copyfile(before / DATABASE, folder / DATABASE)
        return
    script = [
        f"set threads = 1; set memory_limit = '{memory}'; set timezone = 'UTC'",
        "set temp_directory = '.spill'",
        f"attach '{DATABASE}' as marts (storage_version '{STORAGE}'); use marts",
        *statements,
        f"create table about as select '{digest}' as digest, {text(TERMS)} as terms",
        "use memory; detach marts",
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-c", WRITER],
        input=";\n".join(script),
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise OSError(f"{DATABASE}: {done.stderr.strip().splitlines()[-1]}")


def in_duckdb(table: Table) -> Iterator[str]:
    """The statements that make a table in the DuckDB file, with its comments."""
    name, where, note = table.name, "", ""
    rows = table.read(Path())
    if table.is_partitioned and table.day:
        name += RECENT
        newest = f"(select max({table.day}) from {rows})"
        where = f"where {table.day} > {newest} - interval {YEARS} year"
        note = f" Only the last {YEARS} years; all rows are in {table.name}/."
    # Points are left out: DuckDB 1.0 has no type for them.
    columns = [f.name for f in table.schema if not pa.types.is_binary(f.type)]
    yield (
        f"create table {name} as "
        f"select {', '.join(map(quote, columns))} from {rows} {where}"
    )
    yield f"comment on table {name} is {text(table.model.description + note)}"
    for column in columns:
        if meaning := table.model.columns.get(column):
            yield f"comment on column {name}.{quote(column)} is {text(meaning)}"


def digest_of(statements: list[str], tables: list[Table], folder: Path) -> str:
    """A digest of what a DuckDB file is made from."""
    digest = hashlib.sha256("\n".join([STORAGE, *statements]).encode())
    for path in sorted(path for table in tables for path in table.paths):
        with (folder / path).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def digest_in(database: Path) -> str | None:
    """The digest of an existing DuckDB file; None if it has none."""
    if not database.exists():
        return None
    try:
        with duckdb.connect(str(database), read_only=True) as db:
            ((digest,),) = db.execute("select digest from about").fetchall()
    except duckdb.Error:
        return None
    return str(digest)


def text(words: str) -> str:
    """A text as a SQL literal."""
    return "'" + words.replace("'", "''") + "'"
