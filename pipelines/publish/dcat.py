"""A DCAT-US 3.0 catalog of the published tables, for harvesters such as data.gov's.

The standard's JSON Schema is at https://github.com/GSA/dcat-us. Each table here is a
data set there, and each file a distribution. The standard requires a contact address,
BLOTTER_SITE_CONTACT, which is published. Without one the catalog is incomplete, and
harvesters reject it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pyarrow import parquet

from pipelines.publish.described import (
    DESCRIPTION,
    TITLE,
    Described,
    File,
    Json,
    Source,
    Table,
    instant,
    newest,
)
from pipelines.publish.edition import DATA


def read_cities(tables: list[Table], folder: Path) -> dict[str, str]:
    """Each city's name with its state, as the written files have them."""
    (cities,) = (table for table in tables if table.name == "dim_cities")
    rows = parquet.read_table(folder / DATA / cities.paths[0]).to_pylist()
    return {row["city"]: f"{row['city_name']}, {row['state_code']}" for row in rows}


@dataclass(frozen=True)
class Host:
    """Who serves the files."""

    address: str
    """Where they are on the web, ending in a slash; empty if not set."""
    contact: str | None
    """An email address."""

    @property
    def name(self) -> str:
        """Who runs this: the site's host."""
        return urlsplit(self.address).hostname or "Blotter"


def catalogue(described: list[Described], cities: dict[str, str], host: Host) -> Json:
    """A catalog with one data set per table.

    Args:
        cities: Each city's name.
    """
    return {
        "@type": "Catalog",
        "conformsTo": {
            "@type": "Standard",
            "@id": "https://resources.data.gov/dcat-us/3.0.0",
            "title": "DCAT-US 3.0",
        },
        "title": TITLE,
        "description": DESCRIPTION,
        "language": "en",
        "dataset": [dataset(one, cities, host) for one in described],
    }


def dataset(one: Described, cities: dict[str, str], host: Host) -> Json:
    """A table as a data set."""
    model, at = one.table.model, newest(one.sources)
    content: Json = {
        "@type": "Dataset",
        "identifier": {"@type": "Identifier", "@id": identifier(model.name, host)},
        "title": model.name,
        "description": model.description,
        "publisher": {"@type": "Organization", "name": host.name},
        "contactPoint": contact(host),
        "license": license_terms(one),
        "rights": list(dict.fromkeys(rights(one.sources))),
        "provenance": [source.url for source in one.sources],
        "accrualPeriodicity": "daily",
        "modified": instant(at) if at else None,
        "temporal": temporal(one),
        "spatial": spatial(one, cities),
        "distribution": [distribution(one, file, host) for file in one.files],
    }
    return {name: value for name, value in content.items() if value not in ([], None)}


def distribution(one: Described, file: File, host: Host) -> Json:
    """One file of a table."""
    parts = [f"{what} {which}" for what, which in file.parts.items()]
    content: Json = {
        "@type": "Distribution",
        "title": ", ".join([one.table.name, *parts, file.kind[1:]]),
        # Below the site's address, or relative to the catalog.
        "downloadURL": host.address + file.path,
        "mediaType": file.media_type,
        "format": {".parquet": "Parquet", ".csv": "CSV"}[file.kind],
        "byteSize": str(file.size),
        "license": license_terms(one),
        "checksum": {
            "@type": "Checksum",
            "algorithm": "SHA-256",
            "checksumValue": file.sha256,
        },
    }
    return {name: value for name, value in content.items() if value is not None}


def identifier(name: str, host: Host) -> str:
    there = host.address
    return f"{there}dictionary.html#{name}" if there else f"urn:blotter:{name}"


def contact(host: Host) -> Json:
    """The contact address, if the settings have one."""
    content = {"@type": "Kind", "fn": f"The operator of {host.name}"}
    if email := host.contact:
        content["hasEmail"] = f"mailto:{email}"
    return content


def license_terms(one: Described) -> str | None:
    """The publishers' licenses, each once."""
    return "; ".join(dict.fromkeys(source.licence for source in one.sources)) or None


def rights(sources: list[Source]) -> Iterator[str]:
    """What must be shown with figures, in the publishers' own words."""
    for source in sources:
        yield source.attribution
        yield source.disclaimer
        if source.retrieval_note:
            yield source.retrieval_note


def temporal(one: Described) -> list[Json]:
    """From the table's first day, or year, to its last."""
    if one.table.span is None:
        return []
    first, last = one.table.span
    return [{"@type": "PeriodOfTime", "startDate": first, "endDate": last}]


def spatial(one: Described, cities: dict[str, str]) -> list[Json]:
    """The cities with rows in the table; the country if it is not about cities."""
    names = ["United States"] if one.sources else []
    if "city" in one.table.schema.names:
        names = sorted(cities.get(city, city) for city in one.table.cities)
    return [{"@type": "Location", "prefLabel": name} for name in names]
