"""The published files described for programs: Frictionless Data and DCAT-US.

`datapackage.json` follows https://datapackage.org/standard/data-package/ (version 2),
`dcat-us.json` DCAT-US 3.0 (https://github.com/GSA/dcat-us). Licences, attributions and
disclaimers are the publishers' own, by the raw tables that a table is made of.
"""

import hashlib
import json
import mimetypes
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from pyarrow import parquet
from pyarrow import types as kinds

from pipelines.export import DATABASE, Table
from pipelines.settings import site_address

PACKAGE = "datapackage.json"
DCAT = "dcat-us.json"
DIGEST_BYTES = 1 << 20
MEDIA = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".duckdb": "application/vnd.duckdb",
}
TITLE = "Blotter: police incidents of US cities"
DCAT_US = "https://resources.data.gov/dcat-us/3.0.0"
ORGANIZATION = {"@type": "Organization", "name": "Blotter"}

# Arrow's types as the Table Schema has them.
TYPES = [
    (kinds.is_boolean, "boolean"),
    (kinds.is_integer, "integer"),
    (kinds.is_floating, "number"),
    (kinds.is_decimal, "number"),
    (kinds.is_date, "date"),
    (kinds.is_timestamp, "datetime"),
    (kinds.is_string, "string"),
    (kinds.is_large_string, "string"),
]


def write_catalogue(
    tables: list[Table], folder: Path, moments: dict[str, datetime]
) -> None:
    """Describe the files of `folder`, in it.

    Args:
        moments: When each data set was last read well (UTC).
    """
    publishers = read_publishers(folder, moments)
    resources = [
        resource
        for table in tables
        for resource in resources_of(table, folder, publishers)
    ]
    database = file_facts(folder / DATABASE, folder)
    resources.append(
        {
            "name": "marts-duckdb",
            "title": "All tables in one DuckDB file, facts of the last two years",
            **database,
        }
    )
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "blotter",
        "title": TITLE,
        "description": "Tables made of what cities and other publishers publish. The "
        "licences of those that a table is made of hold for it; see each resource.",
        "licenses": licences(publishers.values()),
        "sources": sources(publishers.values()),
        "resources": resources,
    }
    write_json(package, folder / PACKAGE)
    write_json(dcat(tables, resources, publishers), folder / DCAT)


def write_json(content: Any, path: Path) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_publishers(
    folder: Path, moments: dict[str, datetime]
) -> dict[str, dict[str, Any]]:
    """Who publishes what was read, by raw table."""
    with duckdb.connect() as db:
        rows = db.execute(
            f"from read_parquet('{folder / 'dim_publishers.parquet'}') order by dataset"
        ).to_arrow_table()
    return {
        row["dataset"].replace("__", ".", 1): row
        | {"retrieved": moments[row["dataset"]].isoformat()}
        for row in rows.to_pylist()
        if row["dataset"] in moments
    }


def resources_of(
    table: Table, folder: Path, publishers: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """A table's Parquet files as one resource, and its CSV as another."""
    files = table.files(folder)
    if not files:
        return []
    read = [publishers[name] for name in table.sources if name in publishers]
    described = {
        "description": table.description,
        "licenses": licences(read),
        "sources": sources(read),
        "schema": table_schema(table, files[0]),
    }
    facts = [file_facts(path, folder) for path in files]
    whole = facts[0]
    if table.partition:
        whole = {
            "path": [each["path"] for each in facts],
            "format": "parquet",
            "mediatype": MEDIA[".parquet"],
            "bytes": sum(each["bytes"] for each in facts),
            "files": facts,
        }
    found = [{"name": table.name, **whole, **described}]
    csv = folder / f"{table.name}.csv"
    if csv.exists():
        name = f"{table.name}_csv"
        found.append({"name": name, **file_facts(csv, folder), **described})
    return found


def file_facts(path: Path, folder: Path) -> dict[str, Any]:
    """Where a file is, of what kind and size, and its digest."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(DIGEST_BYTES):
            digest.update(block)
    kind = MEDIA.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    facts = {
        "path": str(path.relative_to(folder)),
        "format": path.suffix.removeprefix("."),
        "mediatype": kind,
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest.hexdigest()}",
    }
    return facts | ({"encoding": "utf-8"} if path.suffix == ".csv" else {})


def table_schema(table: Table, file: Path) -> dict[str, Any]:
    """A table's columns and key, as the Table Schema has them."""
    fields = []
    for column in parquet.read_schema(file):
        kind = next((name for is_it, name in TYPES if is_it(column.type)), "any")
        fields.append({"name": column.name, "type": kind})
        if column.name in table.key:
            fields[-1]["constraints"] = {"required": True}
        if words := table.columns.get(column.name):
            fields[-1]["description"] = words
    return {"fields": fields, "primaryKey": table.key}


def licences(publishers: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """Every licence once."""
    titles = dict.fromkeys(each["licence"] for each in publishers)
    return [{"name": short_name(title), "title": title} for title in titles]


def short_name(title: str) -> str:
    """A licence's usual abbreviation where its title tells it, else the title."""
    for name in ("PDDL", "CC BY-NC-SA 4.0", "CC BY 4.0"):
        if f"({name})" in title:
            return name.replace(" ", "-")
    return "other"


def sources(publishers: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """Publishers as sources, with what they ask to be told and when they were read."""
    return [
        {
            "title": each["attribution"],
            "path": each["url"],
            "dataset": each["dataset"],
            "publisher": each["publisher"],
            "disclaimer": each["disclaimer"],
            "retrieved": each["retrieved"],
        }
        for each in publishers
    ]


# ------------------------------------------------------------------------- DCAT-US


def dcat(
    tables: list[Table],
    resources: list[dict[str, Any]],
    publishers: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """A catalog with one data set for each table."""
    return {
        "@type": "Catalog",
        "conformsTo": {
            "@type": "Standard",
            "title": "DCAT-US 3.0",
            "identifier": {"@type": "Identifier", "notation": DCAT_US},
        },
        "title": TITLE,
        "description": "Police incidents and fatal police shootings, as tables.",
        "publisher": ORGANIZATION,
        "dataset": [
            dcat_dataset(table, resources, publishers)
            for table in tables
            if any(each["name"] == table.name for each in resources)
        ],
    }


def dcat_dataset(
    table: Table,
    resources: list[dict[str, Any]],
    publishers: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """A table as a data set, each of its files a distribution."""
    read = [publishers[name] for name in table.sources if name in publishers]
    names = (table.name, f"{table.name}_csv")
    own = [each for each in resources if each["name"] in names]
    files = [file for each in own for file in each.get("files", [each])]
    entry = {
        "@type": "Dataset",
        "identifier": {"@type": "Identifier", "notation": f"blotter:{table.name}"},
        "title": table.name,
        "description": table.description,
        "publisher": ORGANIZATION,
        "accessRights": "public",
        "keyword": ["police", "public safety"],
        "provenance": [f"{each['attribution']} ({each['url']})" for each in read],
        "rights": [f"{each['licence']}. {each['disclaimer']}" for each in read],
        "distribution": [distribution(file) for file in files],
    }
    if read:
        entry["modified"] = max(each["retrieved"] for each in read)
    # It must be read by somebody: none is made up.
    if "@" in (contact := os.environ.get("BLOTTER_CONTACT") or ""):
        email = contact.removeprefix("mailto:")
        entry["contactPoint"] = {
            "@type": "Kind",
            "fn": "Blotter",
            "hasEmail": f"mailto:{email}",
        }
    return entry


def distribution(file: dict[str, Any]) -> dict[str, Any]:
    """A file as DCAT-US has it; its address is whole where BLOTTER_SITE_URL is set."""
    return {
        "@type": "Distribution",
        "title": file["path"],
        "downloadURL": f"{site_address()}data/{file['path']}",
        "mediaType": file["mediatype"],
        "byteSize": str(file["bytes"]),
        "checksum": {
            "@type": "Checksum",
            "algorithm": "SHA-256",
            "checksumValue": file["hash"].removeprefix("sha256:"),
        },
    }
