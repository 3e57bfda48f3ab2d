"""A layer that joins tables has names with dots, and services may have odd names."""

from urllib.parse import unquote

import pytest

from pipelines.datasets.declarations import read_dataset
from pipelines.errors import ConfigError
from tests.support import live_portal as live

PATH = "/arcgis/rest/services/Police%20(internal)/MapServer/3"

DECLARED = """
title = "Springfield"
url = "https://maps.springfield.example{path}"
api = "arcgis"
zone = "America/Chicago"
backfill_from = 2026-01-01
window_column = "dbo.Crime.Occurred"
key = ["dbo.Crime.Crime_ID"]
columns = ["dbo.Crime.Crime_ID", "dbo.Crime.Occurred", "gis.Beat.Name"]
"""

TYPES = {
    "dbo.Crime.ObjectId": "oid",
    "dbo.Crime.Crime_ID": "string",
    "dbo.Crime.Occurred": "date",
    "gis.Beat.Name": "string",
}


def declared(folder, path=PATH, **names):
    file = folder / "springfield__incidents.toml"
    text = DECLARED.format(path=path)
    for name, other in names.items():
        text = text.replace(name, other)
    file.write_text(text)
    return read_dataset(file)


def rows(count):
    """Rows a minute apart from noon of 1 March 2026 UTC."""
    return [
        {
            "dbo.Crime.Crime_ID": row["Crime_ID"],
            "dbo.Crime.Occurred": row["Occurred"],
            "gis.Beat.Name": "12",
        }
        for row in live.layer_rows(count)
    ]


def test_a_joined_layer_is_loaded_under_plain_names(portal, url, tmp_path):
    published = portal.add_layer(unquote(PATH), rows(3), TYPES)
    dataset = declared(tmp_path).at_portal(url)
    home = tmp_path / "home"
    assert live.daily(home, dataset) is None
    published.upsert([{"dbo.Crime.ObjectId": "2", "gis.Beat.Name": "13"}])
    assert live.daily(home, dataset) is None
    found = live.select(
        home,
        "select row_id, dbo_crime_crime_id, gis_beat_name"
        " from raw_springfield.incidents order by 1",
    )
    assert found == [
        ("00000", "00000", "12"),
        ("00001", "00001", "13"),
        ("00002", "00002", "12"),
    ]
    assert live.log_of(home, dataset)[1] == ("00001", "added", None)
    assert ("00001", "changed", "gis_beat_name") in live.log_of(home, dataset)


@pytest.mark.parametrize("name", ["gis..Name", "gis.Beat.", "gis.Beat Name", "a;b"])
def test_other_names_are_refused_as_ever(name, tmp_path):
    with pytest.raises(ConfigError, match="use only letters, digits, _ and dots"):
        declared(tmp_path, **{"gis.Beat.Name": name})
