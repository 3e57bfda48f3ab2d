"""The published files are described: columns, terms, sources, hashes, for programs."""

import copy
import csv
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipelines.publish.described import dictionary
from pipelines.publish.edition import Edition
from pipelines.publish.publication import unknown, write_data, write_descriptions
from pipelines.transform.manifest import keep_manifest, marts, read_manifest
from pipelines.transform.runner import invoke
from pipelines.warehouse.warehouse import Warehouse
from tests.support.raw_tables import make_raw
from tests.support.set_up import settings_in

LOOKED = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
MOMENTS = {
    "chicago__incidents": LOOKED,
    "memphis__incidents": datetime(2026, 3, 9, 12, tzinfo=UTC),
    "cambridge__incidents": None,
}
ROWS = {
    "chicago__incidents": [
        {"row_id": "1", "id": "1", "date": "2024-01-31T10:00:00.000"},
        {"row_id": "2", "id": "2", "date": "2025-02-01T10:00:00.000"},
    ],
    "memphis__incidents": [
        {"row_id": "1", "crime_id": "1", "offense_datetime": "2024-03-01T10:00:00.000"}
    ],
}
SCHEMAS = Path(__file__).parent
PUBLISHERS = Path(__file__).parents[3] / "seeds" / "publishers.csv"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("catalogue")
    make_raw(home / "blotter.duckdb", ROWS)
    outcome = invoke(home, ["build", "--exclude-resource-type", "unit_test", "test"])
    assert outcome.success
    keep_manifest(home)
    return home


@pytest.fixture(scope="module")
def folder(home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    describe(home, folder)
    return folder


def describe(home, folder):
    warehouse, edition = Warehouse(settings_in(home)), Edition(folder)
    models = marts(read_manifest(home))
    tables = write_data(warehouse, models, edition, unknown)
    write_descriptions(warehouse, tables, edition, MOMENTS)
    warehouse.close()


@pytest.fixture(scope="module")
def package(folder):
    return json.loads((folder / "datapackage.json").read_text())


@pytest.fixture(scope="module")
def resources(package):
    return {resource["name"]: resource for resource in package["resources"]}


@pytest.fixture(scope="module")
def catalogue(folder):
    return json.loads((folder / "dcat-us.json").read_text())


@pytest.fixture(scope="module")
def published(home, tmp_path_factory):
    """The catalog of a site with an address and a contact."""
    folder = tmp_path_factory.mktemp("on_the_web")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_SITE_URL", "https://data.example.org/police")
        patch.setenv("BLOTTER_SITE_CONTACT", "data@example.org")
        describe(home, folder)
    return json.loads((folder / "dcat-us.json").read_text())


@pytest.fixture(scope="module")
def publishers():
    with PUBLISHERS.open(newline="", encoding="utf-8") as file:
        return {row["dataset"]: row for row in csv.DictReader(file)}


def test_every_file_is_described_with_its_size_and_hash(folder, resources):
    paths = {str(path.relative_to(folder)) for path in folder.glob("data/**/*.*")}
    assert {resource["path"] for resource in resources.values()} == paths
    assert len(resources) == len(paths)
    for resource in resources.values():
        content = (folder / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def faults(standard: str, content: object) -> set[str]:
    """Where a description is not as its standard demands, as paths of JSON."""
    schema = json.loads((SCHEMAS / f"{standard}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    found = jsonschema.Draft202012Validator(schema).iter_errors(content)
    return {each.json_path for each in found}


def test_the_package_is_a_data_package(package):
    assert faults("data_package", package) == set()


def test_the_catalog_of_a_site_with_address_and_contact_is_of_dcat_us(published):
    assert faults("dcat_us", published) == set()


def test_a_catalog_without_address_and_contact_lacks_these_alone(catalogue):
    lacking = {re.sub(r"\d+", "0", path) for path in faults("dcat_us", catalogue)}
    assert lacking == {
        "$.dataset[0].contactPoint",
        "$.dataset[0].distribution[0].downloadURL",
    }


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (["$schema"], None, "$"),
        (["profile"], "data-package", "$"),
        (["created"], "yesterday", "$.created"),
        (["resources"], [], "$.resources"),
        (["resources", 0, "path"], "../data/x.csv", "$.resources[0].path"),
        (["resources", 0, "hash"], "d41d8cd98f00", "$.resources[0].hash"),
        (["resources", 0, "type"], None, "$.resources[0]"),
        (
            ["resources", 0, "licenses"],
            [{"title": "Mine"}],
            "$.resources[0].licenses[0]",
        ),
        (
            ["resources", 0, "schema", "fields", 0, "type"],
            "text",
            "$.resources[0].schema.fields[0].type",
        ),
        (
            ["resources", 0, "schema", "primaryKey"],
            "city",
            "$.resources[0].schema.primaryKey",
        ),
    ],
)
def test_a_package_that_breaks_the_standard_is_seen(package, path, value, fault):
    assert faults("data_package", changed(package, path, value)) == {fault}


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (["title"], None, "$.dataset[0]"),
        (["publisher"], {"@type": "Organization"}, "$.dataset[0].publisher"),
        (
            ["contactPoint", "hasEmail"],
            "a@b.example",
            "$.dataset[0].contactPoint.hasEmail",
        ),
        (["modified"], "10 March", "$.dataset[0].modified"),
        (["accrualPeriodicity"], "every day", "$.dataset[0].accrualPeriodicity"),
        (["distribution", 0, "mediaType"], None, "$.dataset[0].distribution[0]"),
        (["distribution", 0, "byteSize"], 12, "$.dataset[0].distribution[0].byteSize"),
        (["distribution", 0, "checksum"], {}, "$.dataset[0].distribution[0].checksum"),
    ],
)
def test_a_catalog_that_breaks_the_standard_is_seen(published, path, value, fault):
    found = faults("dcat_us", changed(published, ["dataset", 0, *path], value))
    assert found == {fault}


def changed(content, path, value):
    """A copy with another value at a path, or with none."""
    content = copy.deepcopy(content)
    *way, last = path
    there = content
    for step in way:
        there = there[step]
    there[last] = value
    if value is None:
        del there[last]
    return content


def test_names_are_those_that_the_standard_takes(package, resources):
    assert all(re.fullmatch(r"[-a-z0-9._/]+", name) for name in resources)
    assert package["name"] == "blotter"
    incidents = resources["fct_incidents"]
    assert (incidents["format"], incidents["mediatype"]) == (
        "parquet",
        "application/vnd.apache.parquet",
    )
    report = resources["rpt_incidents_by_hour.csv"]
    assert (report["format"], report["mediatype"], report["encoding"]) == (
        "csv",
        "text/csv",
        "utf-8",
    )
    assert incidents["type"] == report["type"] == "table"
    assert "type" not in resources["marts.duckdb"]


def test_every_column_has_the_type_of_its_file_and_a_meaning(folder, resources):
    types = {
        "string": "string",
        "int64": "integer",
        "double": "number",
        "bool": "boolean",
        "date32[day]": "date",
        "timestamp[us]": "datetime",
        "timestamp[us, tz=UTC]": "datetime",
        "binary": "any",
    }
    for name, resource in resources.items():
        if resource["format"] != "parquet":
            continue
        columns = parquet.read_schema(folder / resource["path"])
        fields = resource["schema"]["fields"]
        assert [(f["name"], f["type"]) for f in fields] == [
            (column.name, types[str(column.type)]) for column in columns
        ]
        assert all(field["description"] for field in fields), name
        assert resource["description"]


def test_keys_and_references_are_those_that_are_tested(resources):
    incidents = resources["fct_incidents"]["schema"]
    assert incidents["primaryKey"] == ["incident_id"]
    fields = {field["name"]: field for field in incidents["fields"]}
    assert fields["incident_id"]["constraints"] == {"required": True, "unique": True}
    assert fields["time_of_day"]["constraints"] == {
        "enum": ["night", "morning", "afternoon", "evening", "unknown"]
    }
    assert incidents["foreignKeys"] == [
        {
            "fields": ["city"],
            "reference": {"resource": "dim_cities", "fields": ["city"]},
        }
    ]
    assert fields["is_counted"]["constraints"] == {"required": True}
    assert "constraints" not in fields["place"]
    bridge = resources["bridge_shooting_races"]["schema"]
    assert bridge["primaryKey"] == ["shooting_id", "race_code"]
    assert bridge["foreignKeys"] == [
        {
            "fields": ["shooting_id"],
            "reference": {"resource": "fct_shootings", "fields": ["shooting_id"]},
        }
    ]
    assert all(
        reference["reference"]["resource"] in resources
        for resource in resources.values()
        for reference in resource.get("schema", {}).get("foreignKeys", [])
    )


def test_a_table_names_all_that_it_is_made_of_in_the_publishers_words(
    resources, publishers
):
    def sources(name):
        return {each["dataset"]: each for each in resources[name].get("sources", [])}

    cities = {f"{c}__incidents" for c in ("cambridge", "chicago", "memphis")}
    cities.add("san_francisco__incidents")
    for name in ("fct_incidents", "rpt_incidents_by_hour", "fct_incident_changes"):
        assert set(sources(name)) == cities
    assert set(sources("rpt_shootings_by_county")) == {
        "bls__county_unemployment",
        "census__county_population",
        "simplemaps__cities",
        "washington_post__shootings",
    }
    assert sources("dim_offense_categories") == {}
    assert "licenses" not in resources["dim_offense_categories"]
    chicago = sources("fct_incidents")["chicago__incidents"]
    said = publishers["chicago__incidents"]
    assert chicago["disclaimer"] == said["disclaimer"]
    assert chicago["attribution"] == said["attribution"]
    assert chicago["path"] == said["url"]
    assert chicago["retrieved_at"] == "2026-03-10T12:30:00Z"
    assert "retrieved_at" not in sources("fct_incidents")["cambridge__incidents"]
    (newspaper,) = sources("bridge_shooting_races").values()
    assert newspaper["coverage_from"] == "2015-01-01"
    assert newspaper["coverage_to"] == "2024-12-31"
    assert "coverage_to" not in chicago


def test_licenses_are_called_by_their_names(resources):
    named = {
        license_["title"]: license_.get("name")
        for license_ in resources["fct_incidents"]["licenses"]
    }
    assert named == {
        "Open Data Commons Public Domain Dedication and License 1.0 (PDDL)": (
            "ODC-PDDL-1.0"
        ),
        "City of Chicago terms of use "
        "(https://www.chicago.gov/city/en/narr/foia/data_disclaimer.html)": None,
        "No License Provided - Request permission to use": None,
    }
    (newspaper,) = resources["bridge_shooting_races"]["licenses"]
    assert newspaper["name"] == "CC-BY-NC-SA-4.0"
    every = [each for r in resources.values() for each in r.get("licenses", [])]
    assert all(each["path"].startswith("https://") for each in every)


def test_the_package_is_as_old_as_the_last_look(package):
    assert package["created"] == "2026-03-10T12:30:00Z"
    assert "dim_publishers" in package["description"]
    assert {s["dataset"] for s in package["sources"]} >= set(ROWS)


def test_the_same_files_have_the_same_description(home, folder, package, tmp_path):
    describe(home, tmp_path)
    dcat = (folder / "dcat-us.json").read_text()
    assert (tmp_path / "dcat-us.json").read_text() == dcat
    again = json.loads((tmp_path / "datapackage.json").read_text())
    # But for the one file that is not made twice alike.
    assert again["resources"].pop()["name"] == "marts.duckdb"
    assert again["resources"] == package["resources"][:-1]


def test_dcat_has_what_the_standard_demands(catalogue, folder):
    assert catalogue["conformsTo"]["title"] == "DCAT-US 3.0"
    assert len(catalogue["dataset"]) > 30
    for dataset in catalogue["dataset"]:
        assert dataset["@type"] == "Dataset"
        for name in ("title", "description"):
            assert dataset[name]
        assert dataset["publisher"]["name"]
        assert dataset["contactPoint"]["fn"]
        assert dataset["identifier"]["@id"]
        assert dataset["accrualPeriodicity"] == "daily"
        for distribution in dataset["distribution"]:
            content = (folder / distribution["downloadURL"]).read_bytes()
            assert distribution["byteSize"] == str(len(content))
            digest = distribution["checksum"]["checksumValue"]
            assert digest == hashlib.sha256(content).hexdigest()


def test_dcat_tells_time_place_and_terms(catalogue, publishers):
    datasets = {dataset["title"]: dataset for dataset in catalogue["dataset"]}
    incidents = datasets["fct_incidents"]
    assert incidents["temporal"] == [
        {
            "@type": "PeriodOfTime",
            "startDate": "2024-01-31",
            "endDate": "2025-02-01",
        }
    ]
    assert [place["prefLabel"] for place in incidents["spatial"]] == [
        "Chicago, IL",
        "Memphis, TN",
    ]
    assert incidents["modified"] == "2026-03-10T12:30:00Z"
    assert publishers["chicago__incidents"]["disclaimer"] in incidents["rights"]
    assert "City of Chicago terms of use" in incidents["license"]
    assert [
        d["mediaType"] for d in datasets["rpt_incidents_by_hour"]["distribution"]
    ] == [
        "application/vnd.apache.parquet",
        "text/csv",
    ]
    shootings = datasets["bridge_shooting_races"]
    assert [place["prefLabel"] for place in shootings["spatial"]] == ["United States"]


def test_addresses_and_contact_are_the_settings(published):
    (incidents,) = (d for d in published["dataset"] if d["title"] == "fct_incidents")
    assert incidents["distribution"][0]["downloadURL"] == (
        "https://data.example.org/police/data/fct_incidents.parquet"
    )
    assert incidents["identifier"]["@id"] == (
        "https://data.example.org/police/dictionary.html#fct_incidents"
    )
    assert incidents["publisher"]["name"] == "data.example.org"
    assert incidents["contactPoint"]["hasEmail"] == "mailto:data@example.org"


def test_the_dictionary_has_every_column_of_every_table(home, folder):
    entries = {entry["model"]: entry for entry in dictionary(read_manifest(home))}
    files = {path.stem: path for path in folder.glob("data/*.parquet")}
    assert set(entries) == set(files)
    for name, entry in entries.items():
        columns = [
            field.name
            for field in parquet.read_schema(files[name])
            if not pa.types.is_binary(field.type)
        ]
        assert [column["name"] for column in entry["columns"]] == columns, name
        assert all(column["description"] for column in entry["columns"]), name
        assert entry["key"] == [c["name"] for c in entry["columns"] if c["key"]]
        assert entry["key"], name
        assert entry["description"].startswith(entry["grain"][:-1])
        assert entry["grain"].startswith("One row per "), name
    incidents = entries["fct_incidents"]
    assert incidents["grain"] == (
        "One row per published row that the portal still shows."
    )
    types = {column["name"]: column["type"] for column in incidents["columns"]}
    assert (types["city"], types["occurred_date"]) == ("text", "date")
