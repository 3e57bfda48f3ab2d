"""Declarations: what is wrong with one is said with its file and key."""

import re

import pytest

from pipelines.dataset import FOLDER, pick, read_dataset, read_datasets
from pipelines.errors import ConfigError

GOOD = (FOLDER / "cambridge__incidents.toml").read_text()


def refusal(tmp_path, text, name="springfield__incidents.toml"):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_dataset(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_the_five_declarations_are_good():
    datasets = read_datasets()
    assert [(d.name, d.enabled) for d in datasets.values()] == [
        ("cambridge__incidents", True),
        ("chicago__incidents", True),
        ("chicago__recent_incidents", False),
        ("memphis__incidents", True),
        ("san_francisco__incidents", True),
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
    ],
)
def test_a_bad_declaration_is_refused_with_file_and_key(tmp_path, change, said):
    text = re.sub(*change, GOOD, flags=re.MULTILINE)
    message = refusal(tmp_path, text)
    assert message.startswith("springfield__incidents.toml can't be used")
    assert re.search(said, message)


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
