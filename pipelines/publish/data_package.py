"""A Data Package 2.0: every file with its columns, hash, terms and sources.

The standard is at https://datapackage.org; programs use it to load the files.

Descriptions come from the models' YAML and `dim_publishers`. The clock is not read: the
same files, last read at the same instants, give the same description byte for byte.
"""

from pathlib import Path

import pyarrow as pa

from pipelines.publish.described import (
    DESCRIPTION,
    TERMS,
    TITLE,
    Described,
    File,
    Json,
    Source,
    Table,
    column_type,
    instant,
    newest,
)
from pipelines.transform.manifest import Model

PROFILES = "https://datapackage.org/profiles/2.0"

# A license's short name in its publisher's row, and at https://opendefinition.org.
LICENSES = {
    "(PDDL)": "ODC-PDDL-1.0",
    "(CC BY 4.0)": "CC-BY-4.0",
    "(CC BY-NC-SA 4.0)": "CC-BY-NC-SA-4.0",
}


def data_package(described: list[Described], database: File) -> Json:
    """Describe all files."""
    every = {source.dataset: source for one in described for source in one.sources}
    used = [every[name] for name in sorted(every)]
    at = newest(used)
    return {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": "blotter",
        "title": TITLE,
        "description": f"{DESCRIPTION} {TERMS}",
        **({"created": instant(at)} if at else {}),
        **terms(used),
        "resources": [
            *(resource(one, file) for one in described for file in one.files),
            {
                "$schema": f"{PROFILES}/dataresource.json",
                "name": Path(database.path).name,
                "title": "The tables as a DuckDB database",
                "description": (
                    "For DuckDB 1.0 and later. Tables that are split into several "
                    "files elsewhere are limited to their last two years, and their "
                    "names say so."
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
    known = column_type(column.type)
    constraints: Json = {}
    if column.name in model.required:
        constraints["required"] = True
    if [column.name] == model.key:
        constraints["unique"] = True
    if column.name in model.accepted:
        constraints["enum"] = model.accepted[column.name]
    content = {
        "name": column.name,
        "type": known.table_schema if known else "any",
        "description": meaning(model, column.name),
        "constraints": constraints,
    }
    return {name: value for name, value in content.items() if value}


def meaning(model: Model, column: str) -> str:
    """What a column means."""
    if column == "geometry" and column not in model.columns:
        return "The point at longitude and latitude (WGS 84), as WKB (GeoParquet)."
    return model.columns.get(column, "")


def terms(sources: list[Source]) -> Json:
    """A file's licenses and sources; empty if the project itself made it."""
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
        "retrieved_at": source.retrieved_at and instant(source.retrieved_at),
    }
    return {name: value for name, value in content.items() if value}
