"""Declarations: what is wrong with one is said with its file and key."""

import re

import pytest

from pipelines.datasets.declarations import FOLDER, pick, read_dataset, read_datasets
from pipelines.errors import ConfigError

GOOD = (FOLDER / "cambridge__incidents.toml").read_text()
GOOD_FILES = (FOLDER / "bls__county_unemployment.toml").read_text()


def refusal(tmp_path, text, name="springfield__incidents.toml"):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_dataset(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_declarations_are_good():
    datasets = read_datasets()
    assert [(d.name, d.enabled) for d in datasets.values()] == [
        ("bls__county_unemployment", True),
        ("cambridge__incidents", True),
        ("cambridge__neighborhood_boundaries", True),
        ("census__county_population", True),
        ("chicago__incidents", True),
        ("chicago__neighborhood_boundaries", True),
        ("chicago__recent_incidents", False),
        ("memphis__district_boundaries", True),
        ("memphis__incidents", True),
        ("san_francisco__incidents", True),
        ("san_francisco__neighborhood_boundaries", True),
        ("simplemaps__cities", True),
        ("washington_post__agencies", True),
        ("washington_post__shootings", True),
        ("washington_post__shootings_v1", False),
    ]


def test_the_narrative_that_names_people_is_not_declared():
    assert "description" not in read_datasets()["cambridge__incidents"].loaded_columns


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((r"^title = .*$", "title = 7"), r"\$\.title"),
        ((r"^title = .*$", "titel = 'x'"), "titel"),
        ((r"^zone = .*$", ""), "zone"),
        ((r"^zone = .*$", "zone = 'America/Gotham'"), "America/Gotham"),
        ((r"^api = .*$", "api = 'ftp'"), r"\$\.api"),
        ((r"^url = .*$", "url = 'http://plain.example/resource/abcd-1234'"), "https"),
        ((r"^window_column = .*$", "window_column = 'when'"), "when"),
        ((r"^key = .*$", "key = []"), "key"),
        ((r"^unhashed = .*$", "unhashed = ['nope']"), "nope"),
        ((r"^title = .*$", "title = 'unclosed"), "line 1"),
        ((r"^api", "formerly = ['/resource/abcd-1234']\napi"), "`formerly` must begin"),
        ((r"^api", "formerly = ['https://a.example/b']\napi"), "path of `formerly`"),
        ((r"^(url = )(.*)$", r"\1\2\nformerly = [\2]"), "names `url` itself"),
    ],
)
def test_a_bad_declaration_is_refused_with_file_and_key(tmp_path, change, said):
    text = re.sub(*change, GOOD, flags=re.MULTILINE)
    message = refusal(tmp_path, text)
    assert message.startswith("springfield__incidents.toml can't be used")
    assert re.search(said, message)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            (r"laucnty15.xlsx", "laucnty15.pdf"),
            "no file that ends in .csv, .zip, .xlsx",
        ),
        ((r"laucnty15.xlsx", "../laucnty15.csv"), "'/lau/../laucnty15.csv' is no file"),
        ((r"laucnty15.xlsx", "a/laucnty16.xlsx"), "two files of one name"),
        (
            (r"^api = .*$", "api = 'file'\ndue = {'laucnty99.xlsx' = 2100-06-01}"),
            "`due` names 'laucnty99.xlsx', which is not among the `files`",
        ),
        ((r"^file_column = .*$", ""), "`file_column` that tells their rows apart"),
        ((r'"file_name", "state', '"state'), "lacks 'file_name'"),
        ((r"^laus_code = ", "code = "), "`also_called` names 'code'"),
        ((r"^has_notes = .*$", "encoding = 'utf-16'"), r"\$.encoding"),
        ((r"^standstill_days = .*$", "standstill_days = 0"), "must be 1 to 3,650"),
        ((r"^standstill_days = .*$", "read_every_days = 0"), "must be 1 to 3,650"),
    ],
)
def test_a_bad_declaration_of_files_is_refused_with_file_and_key(
    tmp_path, change, said
):
    text = re.sub(*change, GOOD_FILES, flags=re.MULTILINE)
    message = refusal(tmp_path, text, name="springfield__jobs.toml")
    assert message.startswith("springfield__jobs.toml can't be used")
    assert re.search(said, message)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("files = ['a.csv']", 'go with `api = "file"`'),
        ("file_column = 'location'", 'go with `api = "file"`'),
        ("also_called = {location = ['Place']}", 'go with `api = "file"`'),
    ],
)
def test_what_belongs_to_files_is_refused_elsewhere(tmp_path, line, said):
    assert said in refusal(tmp_path, f"{line}\n{GOOD}")


@pytest.mark.parametrize("key", ["window_column", "backfill_from"])
def test_a_table_needs_a_window(tmp_path, key):
    text = re.sub(f"^{key} = .*$", "", GOOD, flags=re.MULTILINE)
    assert "`window_column` and `backfill_from` must be given" in refusal(
        tmp_path, text
    )


def test_a_file_name_without_source_and_entity_is_refused(tmp_path):
    assert "<source>__<entity>" in refusal(tmp_path, GOOD, name="springfield.toml")


def test_a_column_with_the_name_of_a_system_column_is_refused(tmp_path):
    text = GOOD.replace('"last_updated"]\n#', '"last_updated", "loaded_at"]\n#')
    assert "'loaded_at'" in refusal(tmp_path, text)


def test_an_unknown_data_set_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"'gotham__incidents'.*chicago__incidents"):
        pick(read_datasets(), ["gotham__incidents"])


def test_a_data_set_that_is_off_is_only_picked_by_name():
    datasets = read_datasets()
    off = "chicago__recent_incidents"
    assert off not in [d.name for d in pick(datasets, [])]
    assert [d.name for d in pick(datasets, [off])] == [off]


def test_another_portal_replaces_scheme_and_host_and_keeps_the_path():
    dataset = read_datasets()["memphis__incidents"].at_portal("http://127.0.0.1:8765")
    assert dataset.url == (
        "http://127.0.0.1:8765/saWmpKJIUAjyyNVc/arcgis/rest/services/"
        "MPD_Public_Safety_Incidents/FeatureServer/0"
    )


def test_a_portal_that_is_no_address_is_refused():
    with pytest.raises(ConfigError, match="BLOTTER_PORTAL is 'localhost'"):
        read_datasets()["memphis__incidents"].at_portal("localhost")
