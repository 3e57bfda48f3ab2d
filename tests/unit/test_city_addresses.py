"""What an address is, by its shape."""

import pytest

from pipelines.errors import ConfigError
from pipelines.onboarding.addresses import parse

UUID = "01234567-89ab-cdef-0123-456789abcdef"
ITEM = "0123456789abcdef0123456789abcdef"
FILES = "https://x.example/api/explore/v2.1/catalog/datasets"


@pytest.mark.parametrize(
    ("address", "platform", "url"),
    [
        ("https://x.gov/d/abcd-1234", "soda2", "https://x.gov/resource/abcd-1234"),
        ("x.gov/resource/abcd-1234.json", "soda2", "https://x.gov/resource/abcd-1234"),
        (
            "http://x.gov/api/views/abcd-1234",
            "soda2",
            "https://x.gov/resource/abcd-1234",
        ),
        (
            "https://x.gov/Public-Safety/Crime-Data/abcd-1234/about_data?a=b#c",
            "soda2",
            "https://x.gov/resource/abcd-1234",
        ),
        (
            "https://x.gov/resource/abcd-1234.csv?$limit=1",
            "soda2",
            "https://x.gov/resource/abcd-1234",
        ),
        (
            "https://x.gov/api/views/abcd-1234/rows.csv?accessType=DOWNLOAD",
            "file",
            "https://x.gov/api/views/abcd-1234/rows.csv",
        ),
        (
            "https://s1.arcgis.com/a/arcgis/rest/services/Crime/FeatureServer/3/query?a=b",
            "arcgis",
            "https://s1.arcgis.com/a/arcgis/rest/services/Crime/FeatureServer/3",
        ),
        (
            "https://gis.x.gov/arcgis/rest/services/PD/Crime/MapServer/0/",
            "arcgis",
            "https://gis.x.gov/arcgis/rest/services/PD/Crime/MapServer/0",
        ),
        (
            "https://gis.x.gov/arcgis/rest/services/Crime/MapServer",
            "service",
            "https://gis.x.gov/arcgis/rest/services/Crime/MapServer",
        ),
        (
            f"https://x.maps.arcgis.com/home/item.html?id={ITEM}",
            "item",
            f"https://x.maps.arcgis.com/sharing/rest/content/items/{ITEM}",
        ),
        (
            f"https://data.x.gov/datasets/x::{ITEM}_0/explore",
            "item",
            f"https://www.arcgis.com/sharing/rest/content/items/{ITEM}",
        ),
        (
            f"https://data.x.gov/dataset/crime/resource/{UUID}?view_id=1",
            "ckan",
            f"https://data.x.gov/dataset/crime/resource/{UUID}",
        ),
        (
            f"https://data.x.gov/datastore/dump/{UUID}",
            "ckan",
            f"https://data.x.gov/dataset/incidents/resource/{UUID}",
        ),
        (
            "https://x.carto.com/tables/incidents/public",
            "carto",
            "https://x.carto.com/tables/incidents",
        ),
        (
            "https://x.example/explore/dataset/crimes/table/",
            "file",
            f"{FILES}/crimes/exports/csv",
        ),
        ("https://x.gov/a/b.CSV", "file", "https://x.gov/a/b.CSV"),
        ("https://x.gov/a/b.xlsx", "file", "https://x.gov/a/b.xlsx"),
        ("https://x.gov/a?format=csv", "file", "https://x.gov/a"),
    ],
)
def test_an_address_tells_platform_and_table(address, platform, url):
    found = parse(address)
    assert (found.platform, found.url) == (platform, url)


def test_an_export_of_opendatasoft_is_a_csv_with_commas():
    found = parse("https://x.example/explore/dataset/crimes")
    assert (found.format, dict(found.query)) == ("csv", {"delimiter": ","})


@pytest.mark.parametrize(
    "address",
    [
        *("", "crime", "https://", "ftp://x.gov/a.csv", "file:///etc/passwd"),
        *("https://x.gov/", "https://x.gov/a.pdf", "https://[::1", "javascript:1"),
        *("https://x.gov/d/abcd-12345", "https://x.gov:port/d/abcd-1234"),
    ],
)
def test_another_address_is_refused_in_one_sentence(address):
    with pytest.raises(ConfigError, match="is not the address of a table"):
        parse(address)


def test_a_password_is_not_kept():
    found = parse("https://me:secret@x.gov/d/abcd-1234")
    assert "secret" not in repr(found)
