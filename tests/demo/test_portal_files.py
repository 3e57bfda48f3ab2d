"""Files of any origin, and made-up rows, as data sets of the local portal."""

import gzip
import json

import pytest

from demo.portal.__main__ import add_folder
from demo.portal.read_files import read_file
from demo.portal.server import Portal


def test_a_download_becomes_rows_with_field_names_and_told_types(tmp_path):
    path = tmp_path / "download.csv.gz"
    path.write_bytes(
        gzip.compress(
            b"Incident Datetime,Row ID,Filed Online,point,Note\n"
            b'2018/12/01 12:25:00 AM,07433,True,"(37.73, -122.43)",""\n'
            b'2018/12/01 01:00:00 PM,07434,,,"two\nlines"\n'
        )
    )
    types = {
        "incident_datetime": "calendar_date",
        "filed_online": "checkbox",
        "point": "point",
    }
    rows, columns = read_file(path, types)
    assert columns == {
        "incident_datetime": "calendar_date",
        "row_id": "text",
        "filed_online": "checkbox",
        "point": "point",
        "note": "text",
    }
    assert [list(row.values()) for row in rows.to_pylist()] == [
        ["2018-12-01T00:25:00.000", "07433", "true", "POINT (-122.43 37.73)", ""],
        ["2018-12-01T13:00:00.000", "07434", None, None, "two\nlines"],
    ]


def test_old_encodings_and_numbers_of_pandas_are_read(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"Place,Ward\nPe\xf1a Blvd,37.0\n")
    rows, _ = read_file(path, {"ward": "number"})
    assert rows.to_pylist() == [{"place": "Peña Blvd", "ward": "37"}]


def test_json_rows_keep_their_types_and_nothing_is_guessed_but_dates(tmp_path):
    path = tmp_path / "rows.json"
    point = {"type": "Point", "coordinates": [-122.43, 37.73]}
    rows = [
        {"id": "0512", "at": "2026-09-01T00:00:00.000", "ok": True, "place": point},
        {"id": "7", "size": 3},
    ]
    path.write_text(json.dumps(rows))
    table, columns = read_file(path)
    assert columns == {
        "id": "text",
        "at": "calendar_date",
        "ok": "checkbox",
        "place": "point",
        "size": "text",
    }
    assert table["id"].to_pylist() == ["0512", "7"]
    assert table["size"].to_pylist() == [None, "3"]


def test_a_value_that_is_not_of_its_told_type_is_refused(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("at\nyesterday\n")
    with pytest.raises(ValueError, match="'yesterday' is not a date"):
        read_file(path, {"at": "calendar_date"})
    with pytest.raises(ValueError, match="'yesterday' is not a number"):
        read_file(path, {"at": "number"})
    with pytest.raises(ValueError, match="neither CSV nor JSON"):
        read_file(path.rename(tmp_path / "rows.xlsx"))


def test_a_folder_is_served_as_data_sets_and_as_files(tmp_path):
    (tmp_path / "wg3w-h783.csv").write_text("Row ID\n05151\n")
    (tmp_path / "ijzp-q8t2.json").write_text('[{"id": "1"}, {"id": "2"}]')
    (tmp_path / "notes.txt").write_text("left alone")
    portal = Portal()
    add_folder(portal, tmp_path)
    assert {name: data.count for name, data in portal.datasets.items()} == {
        "wg3w-h783": 1,
        "ijzp-q8t2": 2,
    }
    assert portal.datasets["wg3w-h783"].rows().to_pylist() == [{"row_id": "05151"}]
    assert portal.files["/wg3w-h783.csv"].body == b"Row ID\n05151\n"
