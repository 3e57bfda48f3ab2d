"""Declarations: what is wrong with one is said with its file and key."""

import re

import pytest

from pipelines.datasets.declarations import FOLDER, pick, read_dataset, read_datasets
from pipelines.errors import ConfigError

GOOD = (FOLDER / "cambridge__incidents.toml").read_text()
GOOD_FILES = (FOLDER / "bls__county_unemployment.toml").read_text()
GOOD_LAYER = (FOLDER / "memphis__incidents.toml").read_text()
GOOD_AREAS = (FOLDER / "memphis__district_boundaries.toml").read_text()
APIS = "`api` must be one of soda2, soda3, arcgis, ckan, carto, file, geojson"


def refusal(tmp_path, text, name="springfield__incidents.toml"):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_dataset(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_declarations_are_good():
    """These come with Blotter; a city that is added has its own tests."""
    enabled = {name: dataset.enabled for name, dataset in read_datasets().items()}
    assert list(enabled) == sorted(enabled)
    expected = [
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
    assert dict(expected).items() <= enabled.items()


def test_the_narrative_that_names_people_is_not_declared():
    assert "description" not in read_datasets()["cambridge__incidents"].loaded_columns


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((r"^title = .*$", "title = 7"), r"\$\.title"),
        ((r"^title = .*$", "titel = 'x'"), "unknown key `titel` .did you mean `title`"),
        ((r"^zone = .*$", ""), "`zone` must be given"),
        ((r"^zone = .*$", "zone = 'America/Gotham'"), "America/Gotham"),
        ((r"^api = .*$", "api = 'ftp'"), APIS),
        ((r"^url = .*$", "url = 'http://plain.example/resource/abcd-1234'"), "https"),
        ((r"^api = .*$", "api = ['soda2']"), APIS),
        ((r"^api = .*$", ""), APIS),
        ((r"^api", "backfill_to = 2020-01-01\napi"), "unknown key `backfill_to`"),
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
            "must be a file that ends in .csv, .zip, .xlsx",
        ),
        (
            (r"laucnty15.xlsx", "../laucnty15.csv"),
            "'/lau/../laucnty15.csv' leads out of its folder",
        ),
        ((r"laucnty15.xlsx", "laucnty15"), "or `format` be given"),
        ((r"^has_notes = .*$", "format = 'pdf'"), r"\$.format"),
        ((r"^has_notes = .*$", "delimiter = ';;'"), r"\$.delimiter"),
        (
            (r"^has_notes = .*$", "redirects_to = 'https://a.example'"),
            "`redirects_to` 'https://a.example' is not a host",
        ),
        ((r"laucnty15.xlsx", "a/laucnty16.xlsx"), "two files with the same name"),
        (
            (r"^api = .*$", "api = 'file'\ndue = {'laucnty99.xlsx' = 2100-06-01}"),
            "`due` names 'laucnty99.xlsx', which is not among the `files`",
        ),
        ((r"^file_column = .*$", ""), "`file_column` to tell their rows apart"),
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


FILES = '`api = "file"`'
WHOLE = '`api = "file"` or `api = "geojson"`'
SODA = '`api = "soda2"` or `api = "soda3"`'
TABLES = f'{SODA} or `api = "arcgis"` or `api = "ckan"` or `api = "carto"`'


@pytest.mark.parametrize(
    ("good", "api", "line", "goes_with"),
    [
        (GOOD, "soda2", "files = ['a.csv']", FILES),
        (GOOD, "soda2", "file_column = 'location'", FILES),
        (GOOD, "soda2", "also_called = {location = ['Place']}", WHOLE),
        (GOOD, "soda2", "query = {f = 'csv'}", WHOLE),
        (GOOD, "soda2", "box = [-72, 42, -71, 43]", '`api = "geojson"`'),
        (GOOD_LAYER, "arcgis", "compare_by = ['Ward']", SODA),
        (GOOD_LAYER, "arcgis", "heeds_out_of_date = false", SODA),
        (GOOD_LAYER, "arcgis", "council_list = {}", SODA),
        (GOOD_LAYER, "arcgis", "has_notes = true", FILES),
        (GOOD_FILES, "file", "box = [-72, 42, -71, 43]", '`api = "geojson"`'),
        (GOOD_FILES, "file", "backfill_from = 2020-01-01", TABLES),
        (GOOD_FILES, "file", "compare_days = 7", TABLES),
        (GOOD_FILES, "file", "page_rows = 7", TABLES),
        (GOOD_AREAS, "geojson", "encoding = 'latin-1'", FILES),
        (GOOD_AREAS, "geojson", "due = {}", FILES),
        (GOOD_AREAS, "geojson", "sweeps = false", TABLES),
    ],
)
def test_a_key_of_another_kind_of_data_set_is_refused(
    tmp_path, good, api, line, goes_with
):
    key = line.split(" ")[0]
    assert refusal(tmp_path, f"{line}\n{good}") == (
        "springfield__incidents.toml can't be used: "
        f'`{key}` goes with {goes_with}, not with "{api}".'
    )


@pytest.mark.parametrize("key", ["window_column", "backfill_from"])
def test_a_table_needs_a_window(tmp_path, key):
    text = re.sub(f"^{key} = .*$", "", GOOD, flags=re.MULTILINE)
    assert f": `{key}` must be given." in refusal(tmp_path, text)


def test_all_missing_keys_are_named_at_once(tmp_path):
    text = re.sub("^(zone|window_column) = .*$", "", GOOD, flags=re.MULTILINE)
    assert ": `zone` and `window_column` must be given." in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("page_rows", 1, 50_000),
        ("removal_limit_rows", 0, 1_000_000_000),
        ("reject_limit_rows", 0, 1_000_000_000),
        ("sweep_limit_rows", 0, 1_000_000_000),
        ("sweep_limit_pct", 0, 100),
        ("sweep_overlap_days", 0, 3650),
        ("compare_days", 0, 3650),
        ("reread_days", 0, 3650),
        ("reread_months", 0, 1_000),
        ("read_every_days", 1, 3650),
        ("standstill_days", 1, 3650),
        ("removal_limit_pct", 0, 100),
        ("removal_most_pct", 0, 100),
        ("reject_limit_pct", 0, 100),
    ],
)
def test_a_limit_is_a_number_of_its_range(tmp_path, key, least, most):
    path = tmp_path / "springfield__incidents.toml"
    for number in (least, most):
        path.write_text(f"{key} = {number}\n{GOOD}")
        assert getattr(read_dataset(path), key) == number
    said = f": `{key}` must be {least:,} to {most:,}."
    for wrong in (least - 1, most + 1, "nan", "'7'", "true"):
        assert said in refusal(tmp_path, f"{key} = {wrong}\n{GOOD}")


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
