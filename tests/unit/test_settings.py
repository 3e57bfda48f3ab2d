"""Settings are read from their variables all at once, and what is wrong is told."""

import pytest

from pipelines.environment import declared, read
from pipelines.errors import ConfigError
from pipelines.settings import Settings


def test_an_empty_variable_counts_as_not_set():
    empty = dict.fromkeys((s.variable for s in declared(Settings).values()), "")
    assert read(Settings, empty) == read(Settings, {})


def test_no_value_is_shown():
    given = {"BLOTTER_TARGET": "postgres", "PGHOST": "h", "PGUSER": "u"}
    given |= {"PGDATABASE": "d", "PGPASSWORD": "markersecret"}
    settings = read(Settings, given).well()
    assert settings.pg_password == "markersecret"
    assert "markersecret" not in f"{settings} {settings!r}"


WRONG = {
    "BLOTTER_TARGET": ("oracle", "it must be duckdb, postgres or bigquery."),
    "BLOTTER_PREFIX": ("A", "beginning with a letter."),
    "BLOTTER_HOME": ("s3://x", "must be a folder on this machine"),
    "BLOTTER_LAKE": ("s3://x", "or a bucket like gs://name/folder."),
    "BLOTTER_WAIT": ("-1", "it must be 0.0 to 86400."),
    "BLOTTER_LOG": ("xml", "it must be text or json."),
    "BLOTTER_TIMEOUT": ("nan", "it must be 0.001 to 86400."),
    "BLOTTER_RETRIES": ("1.5", "it must be a number."),
    "BLOTTER_BACKOFF": ("86401", "it must be 0.0 to 86400."),
    "BLOTTER_SODA": ("2.1", "it must be 2 or 3."),
    "BLOTTER_SITE": ("yes", "it must be on or off."),
    "BLOTTER_SITE_URL": ("x", "like https://data.example.org/blotter/."),
    "BLOTTER_SITE_CONTACT": ("x", "like data@example.org."),
    "BLOTTER_WEBHOOK": ("x", "must be an address that begins with https://."),
    "BLOTTER_HEARTBEAT": ("x", "must be an address that begins with https://."),
}


def test_all_that_is_wrong_is_found_in_one_reading_and_the_first_is_raised():
    found = read(Settings, {name: said for name, (said, _) in WRONG.items()})
    assert list(found.wrong) == list(WRONG)
    for name, (_, words) in WRONG.items():
        assert found.wrong[name].startswith(name), name
        assert found.wrong[name].endswith(words) or words in found.wrong[name], name
    assert found.settings == read(Settings, {}).settings
    with pytest.raises(ConfigError, match="BLOTTER_TARGET is 'oracle'"):
        found.well()


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("duckdb", set()),
        ("postgres", {"PGPORT", "BLOTTER_TARGET"}),
        (
            "bigquery",
            {"BLOTTER_BUCKET", "BLOTTER_MAX_BYTES_BILLED", "BLOTTER_TARGET"},
        ),
    ],
)
def test_a_warehouses_settings_count_where_it_is_the_target(target, wrong):
    given = {"PGPORT": "x", "BLOTTER_BUCKET": "x", "BLOTTER_MAX_BYTES_BILLED": "x"}
    assert set(read(Settings, {"BLOTTER_TARGET": target, **given}).wrong) == wrong


@pytest.mark.parametrize("said", ["0", "65536", "1" * 5000, "-1", "\u00b2"])
def test_a_port_is_1_to_65535(said):
    found = read(Settings, {"BLOTTER_TARGET": "postgres", "PGPORT": said})
    assert found.wrong["PGPORT"].endswith("it must be a port, 1 to 65535.")


def test_a_variable_that_looks_like_a_setting_is_told():
    given = {"BLOTTER_WEBHOK": "x", "PGHOTS": "x", "BLOTTER_HOME": "x"}
    assert read(Settings, given).unknown == ["BLOTTER_WEBHOK"]


def test_a_bucket_and_a_sites_address_end_as_what_is_added_to_them_wants():
    given = {"BLOTTER_TARGET": "bigquery", "GOOGLE_CLOUD_PROJECT": "p"}
    given |= {"BLOTTER_BUCKET": "gs://name/", "BLOTTER_SITE_URL": "https://x.org/y"}
    settings = read(Settings, given).well()
    assert (settings.bucket, settings.site_url) == ("gs://name", "https://x.org/y/")
