"""What the published files are, for programs and people that look for data.

    datapackage.json    a Data Package 2.0: every file with its columns, hash, terms and
                        sources (https://datapackage.org)
    dcat-us.json        a DCAT-US 3.0 catalogue, for harvesters such as data.gov's
                        (https://resources.data.gov/resources/dcat-us/)

Words are dbt's and the publishers' own: nothing is told of a table here that its YAML
or `dim_publishers` does not say. No clock is read: the same files, last looked at at
the same instants, are described in the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from pipelines.publish import dcat
from pipelines.publish.database import DATABASE, TERMS, Table
from pipelines.publish.dcat import (
    DESCRIPTION,
    TITLE,
    Described,
    File,
    Json,
    Source,
    iso,
    newest,
)
from pipelines.settings import schema
from pipelines.transform.manifest import Manifest, Model, marts
from pipelines.warehouse.warehouse import Warehouse

Moments = Mapping[str, datetime | None]

PACKAGE = "datapackage.json"
PROFILES = "https://datapackage.org/profiles/2.0"
CATALOGUE = "dcat-us.json"

# What a license is called in its publisher's row, and at https://opendefinition.org.
LICENSES = {
    "(PDDL)": "ODC-PDDL-1.0",
    "(CC BY 4.0)": "CC-BY-4.0",
    "(CC BY-NC-SA 4.0)": "CC-BY-NC-SA-4.0",
}


def write_catalogue(
    warehouse: Warehouse, tables: list[Table], folder: Path, moments: Moments
) -> None:
    """Describe what `export.write_data` has written to `data/` below a folder.

    Args:
        moments: When each data set was last looked at and found well.
    """
    sources = read_sources(tables, folder, moments)
    described = [
        Described(
            table,
            files_of(table, folder),
            [sources[name] for name in table.model.sources if name in sources],
        )
        for table in tables
    ]
    database = file_at(folder, f"data/{DATABASE}")
    write_json(folder / PACKAGE, data_package(described, database))
    catalogue = dcat.catalogue(described, read_cities(warehouse), folder)
    write_json(folder / CATALOGUE, catalogue)


def dictionary(manifest: Manifest) -> list[Json]:
    """Every mart and report with its grain and columns, as their YAML describes them.

    A column's type is its contract's, in the words of the warehouse that was built;
    empty where the model has no contract.
    """
    types = {
        node["name"]: {c["name"]: c["data_type"] for c in node["columns"].values()}
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    return [
        {
            "model": model.name,
            "description": model.description,
            "grain": model.grain,
            "key": model.key,
            "columns": [
                {
                    "name": name,
                    "type": types[model.name][name] or "",
                    "description": description,
                    "key": name in model.key,
                }
                for name, description in model.columns.items()
            ],
        }
        for model in marts(manifest)
    ]


def write_json(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_sources(
    tables: list[Table], folder: Path, moments: Moments
) -> dict[str, Source]:
    """The publishers' terms, of the files themselves, by data set."""
    (publishers,) = (table for table in tables if table.name == "dim_publishers")
    rows = parquet.read_table(folder / "data" / publishers.paths[0]).to_pylist()
    return {
        row["dataset"]: Source(**row, retrieved_at=moments.get(row["dataset"]))
        for row in rows
    }


def read_cities(warehouse: Warehouse) -> dict[str, str]:
    """What the cities are called."""
    with warehouse.connect() as connection:
        rows = connection.execute(
            f"select city, city_name, state_code from {schema('seeds')}.cities"
        ).fetchall()
    return {city: f"{name}, {state}" for city, name, state in rows}


def files_of(table: Table, folder: Path) -> list[File]:
    """A table's files, its CSV file last."""
    paths = [*table.paths, *([f"{table.name}.csv"] if table.model.is_report else [])]
    return [file_at(folder, f"data/{path}") for path in paths]


def file_at(folder: Path, path: str) -> File:
    with (folder / path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path, (folder / path).stat().st_size, digest)


def data_package(described: list[Described], database: File) -> Json:
    """The description of all files."""
    every = {source.dataset: source for one in described for source in one.sources}
    used = [every[name] for name in sorted(every)]
    at = newest(used)
    return {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "blotter",
        "title": TITLE,
        "description": f"{DESCRIPTION} {TERMS}",
        **({"created": iso(at)} if at else {}),
        **terms(used),
        "resources": [
            *(resource(one, file) for one in described for file in one.files),
            {
                "$schema": f"{PROFILES}/dataresource.json",
                "name": DATABASE,
                "title": "The tables as a DuckDB database",
                "description": (
                    "For DuckDB 1.0 and later. Of a table that is several files here "
                    "it has the last two years, under a name that says so."
                ),
                **of_file(database),
                **terms(used),
            },
        ],
    }


def resource(one: Described, file: File) -> Json:
    """One file of a table."""
    is_csv, name = file.kind == ".csv", one.table.name
    parts = file.parts
    return {
        "$schema": f"{PROFILES}/dataresource.json",
        "name": "-".join([name, *(each.strip("_").lower() for each in parts.values())])
        + (file.kind if is_csv else ""),
        "title": ", ".join(
            [name, *(f"{what} {which}" for what, which in parts.items())]
        ),
        "description": one.table.model.description,
        **of_file(file),
        "type": "table",
        "schema": table_schema(one.table),
        **terms(one.sources),
    }


def of_file(file: File) -> Json:
    encoding = {"encoding": "utf-8"} if file.kind == ".csv" else {}
    return {
        "path": file.path,
        "format": file.kind[1:],
        "mediatype": file.media_type,
        **encoding,
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }


def table_schema(table: Table) -> Json:
    """A table's columns, key and references: a Table Schema."""
    model = table.model
    content: Json = {
        "fields": [table_field(model, column) for column in table.schema],
        "primaryKey": model.key,
        "foreignKeys": [
            {
                "fields": [reference.column],
                "reference": {"resource": reference.to, "fields": [reference.field]},
            }
            for reference in model.references
        ],
    }
    return {name: value for name, value in content.items() if value != []}


def table_field(model: Model, column: pa.Field) -> Json:
    constraints: Json = {}
    if column.name in model.required:
        constraints["required"] = True
    if [column.name] == model.key:
        constraints["unique"] = True
    if column.name in model.accepted:
        constraints["enum"] = model.accepted[column.name]
    content = {
        "name": column.name,
        "type": field_type(column.type),
        "description": meaning(model, column.name),
        "constraints": constraints,
    }
    return {name: value for name, value in content.items() if value}


def field_type(kind: pa.DataType) -> str:
    """A type of the files as Table Schema has it."""
    for is_it, name in (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "datetime"),
        (pa.types.is_string, "string"),
    ):
        if is_it(kind):
            return name
    return "any"


def meaning(model: Model, column: str) -> str:
    """What a column means."""
    if column == "geometry" and column not in model.columns:
        return (
            "The point of longitude and latitude (WGS 84), as GeoParquet has it: WKB."
        )
    return model.columns.get(column, "")


def terms(sources: list[Source]) -> Json:
    """Licenses and sources of a file; neither where the project alone has made it."""
    if not sources:
        return {}
    found: dict[str, Json] = {}
    for source in sources:
        names = [name for words, name in LICENSES.items() if words in source.licence]
        known = {"name": names[0]} if names else {}
        found.setdefault(
            source.licence, {**known, "title": source.licence, "path": source.url}
        )
    return {
        "licenses": list(found.values()),
        "sources": [source_of(source) for source in sources],
    }


def source_of(source: Source) -> Json:
    content = {
        "title": f"{source.publisher}: {source.dataset}",
        "path": source.url,
        "dataset": source.dataset,
        "publisher": source.publisher,
        "licence": source.licence,
        "attribution": source.attribution,
        "disclaimer": source.disclaimer,
        "note": source.retrieval_note,
        "coverage_from": source.coverage_from and source.coverage_from.isoformat(),
        "coverage_to": source.coverage_to and source.coverage_to.isoformat(),
        "retrieved_at": source.retrieved_at and iso(source.retrieved_at),
    }
    return {name: value for name, value in content.items() if value}
