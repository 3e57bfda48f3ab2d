"""The local portal as a reader meets it over HTTP."""

import csv
import io
import random
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise

import pyarrow as pa
import pytest
import requests

from demo.portal.server import Portal, serve
from demo.portal.values import to_text

COLUMNS = {
    "row_id": "text",
    "report_datetime": "calendar_date",
    "size": "number",
    "filed_online": "checkbox",
    "point": "point",
    "note": "text",
}
POINT = {"type": "Point", "coordinates": [-122.42, 37.77]}
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def incident(number, **fields):
    return {
        "row_id": f"{number:05d}",
        "report_datetime": "2026-09-01T00:00:30.000",
        "size": number,
        **fields,
    }


class Clock:
    """A clock that the tests set."""

    now = NOON

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def served():
    portal = Portal(clock=Clock())
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    portal.store.clock.now = NOON
    return portal


@pytest.fixture
def get(served):
    _, url = served
    with requests.Session() as session:
        yield lambda path, headers=None, **parameters: session.get(
            url + path, params=parameters, headers=headers
        )


@pytest.fixture
def publish(portal, request):
    """Publish rows under an id of the test's own; return data set and path."""
    name = f"t{abs(hash(request.node.name)) % 10**6:06d}"

    def add(rows, row_identifier="row_id", **options):
        dataset = portal.add_soda(name, rows, COLUMNS, row_identifier, **options)
        return dataset, f"/resource/{name}"

    yield add
    portal.store.run(f'drop table "{name}"')
    del portal.datasets[name]


def test_json_leaves_nulls_out_and_writes_numbers_as_text(publish, get):
    rows = [
        incident(7, filed_online=True, point=POINT, note=""),
        incident(8, size=-122.5, filed_online=False, note='a "b"\n'),
    ]
    _, path = publish(rows)
    answer = get(path + ".json", **{"$order": ":id"})
    assert answer.text == (
        '[{"row_id":"00007","report_datetime":"2026-09-01T00:00:30.000","size":"7",'
        '"filed_online":true,"point":{"type":"Point","coordinates":[-122.42,37.77]},'
        '"note":""}\n'
        ',{"row_id":"00008","report_datetime":"2026-09-01T00:00:30.000",'
        '"size":"-122.5","filed_online":false,"note":"a \\"b\\"\\n"}]\n'
    )


def test_csv_quotes_every_value_and_keeps_null_and_empty_apart(publish, get):
    rows = [incident(7, filed_online=True, point=POINT, note=""), incident(8)]
    rows[1]["note"] = 'a "b"'
    _, path = publish(rows)
    answer = get(path + ".csv", **{"$order": ":id"})
    assert answer.content.decode() == (
        '"row_id","report_datetime","size","filed_online","point","note"\n'
        '"00007","2026-09-01T00:00:30.000","7","true","POINT (-122.42 37.77)",""\n'
        '"00008","2026-09-01T00:00:30.000","8",,,"a ""b"""\n'
    )


def test_an_empty_answer_is_an_empty_array_or_a_header(publish, get):
    _, path = publish([incident(1)])
    none = {"$where": "size > 1", "$select": "row_id"}
    assert get(path + ".json", **none).text == "[]\n"
    assert get(path + ".csv", **none).text == '"row_id"\n'


def test_geojson_makes_the_point_the_geometry_and_keeps_nulls(publish, get):
    _, path = publish([incident(7, point=POINT)])
    (feature,) = get(path + ".geojson").json()["features"]
    assert feature["geometry"] == POINT
    assert feature["properties"]["note"] is None


def test_a_location_is_an_object_in_json_and_lines_in_csv(portal, get):
    place = {
        "latitude": "41.88",
        "longitude": "-87.62",
        "human_address": '{"address":"","city":"","state":"","zip":""}',
    }
    portal.add_soda("loca-tion", [{"location": place}], {"location": "location"})
    assert get("/resource/loca-tion.csv").text == '"location"\n"(41.88, -87.62)"\n'
    (row,) = get("/resource/loca-tion.json").json()
    assert (row["location"]["latitude"], row["location"]["longitude"]) == (
        "41.88",
        "-87.62",
    )


def test_no_more_than_1000_rows_come_unless_asked(publish, get):
    _, path = publish([incident(number) for number in range(1001)])
    assert len(get(path + ".json").json()) == 1000
    assert len(get(path + ".json", **{"$limit": 5000}).json()) == 1001


def test_the_accept_header_stands_for_the_extension(publish, get):
    _, path = publish([incident(1)])
    assert get(path, {"Accept": "text/csv"}).text.startswith('"row_id",')
    assert get(path, {"Accept": "application/json"}).json()[0]["size"] == "1"


def test_one_row_is_an_object(publish, get):
    _, path = publish([incident(1), incident(2)])
    assert get(path + "/00002.json").json()["size"] == "2"
    missing = get(path + "/00003.json")
    assert missing.status_code == 404
    assert missing.json()["code"] == "soda.row.not-found"


def test_a_parameter_without_dollar_is_a_filter(publish, get):
    _, path = publish([incident(1), incident(2)])
    assert [row["size"] for row in get(path + ".json", row_id="00002").json()] == ["2"]
    refused = get(path + ".json", nope="1")
    assert (refused.status_code, refused.json()["data"]["column"]) == (400, "nope")


def test_a_refused_query_names_the_column(publish, get):
    _, path = publish([incident(1)])
    refused = get(path + ".csv", **{"$select": "row_id,nope_col"})
    assert refused.status_code == 400
    assert refused.json()["errorCode"] == "query.soql.no-such-column"
    assert refused.json()["data"]["column"] == "nope_col"
    assert refused.json()["message"].startswith(
        "Query coordinator error: query.soql.no-such-column; No such column: nope_col;"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(8.0, "8"), (-0.5, "-0.5"), (24e6, "24000000"), (1e-7, "0.0000001"), (70, "70")],
)
def test_numbers_are_published_in_plain_notation(value, text):
    assert to_text(value) == text


def test_a_kept_connection_answers_without_waiting_for_acknowledgments(publish, get):
    _, path = publish([incident(1)])
    moments = [time.perf_counter()]
    for _ in range(40):
        get(path + ".csv")
        moments.append(time.perf_counter())
    seconds = [after - before for before, after in pairwise(moments)]
    # Delayed acknowledgments cost 0.04 s a time, once a connection is no longer new.
    assert min(seconds[-10:]) < 0.03


# Paging


def keyset(get, path, limit):
    """Read everything page by page in the order of `:id`, until a page is empty."""
    seen, after = [], ""
    while True:
        parameters = {"$select": "row_id,:id", "$order": ":id", "$limit": limit}
        if after:
            parameters["$where"] = f":id > '{after}'"
        page = list(csv.reader(io.StringIO(get(path, **parameters).text)))[1:]
        if not page:
            return seen
        seen += [row_id for row_id, _ in page]
        after = page[-1][1]


@pytest.mark.parametrize("limit", [1, 70, 300, 1000, 2500, 5000])
def test_keyset_paging_reads_every_row_once(publish, get, limit):
    count = 25 if limit == 1 else 2500
    rows = [incident(number) for number in range(count)]
    random.Random(limit).shuffle(rows)
    _, path = publish(rows)
    seen = keyset(get, path + ".csv", limit)
    assert len(seen) == count
    assert len(set(seen)) == count


def test_paging_without_order_repeats_rows_and_misses_as_many(publish, get):
    _, path = publish([incident(number) for number in range(2500)])
    seen = []
    for offset in range(0, 2500, 500):
        page = get(path + ".json", **{"$limit": 500, "$offset": offset}).json()
        seen += [row["row_id"] for row in page]
    assert len(seen) == 2500
    assert len(set(seen)) < 2250


def test_offset_paging_with_an_order_reads_every_row_once(publish, get):
    _, path = publish([incident(number) for number in range(2500)])
    seen = []
    for offset in range(0, 2500, 400):
        page = {"$limit": 400, "$offset": offset, "$order": ":id"}
        seen += [row["row_id"] for row in get(path + ".json", **page).json()]
    assert seen == [f"{number:05d}" for number in range(2500)]


# The publisher


def test_an_upsert_keeps_id_and_birth_and_dates_every_row_sent(publish, portal):
    dataset, _ = publish([incident(1), incident(2), incident(3)])
    before = dataset.rows(system=True).to_pylist()
    portal.store.clock.now += timedelta(minutes=1)
    dataset.upsert([{"row_id": "00002", "size": 9}, incident(3), incident(4)])
    after = dataset.rows(system=True).to_pylist()
    assert [row["size"] for row in after] == ["1", "9", "3", "4"]
    assert [row[":id"] for row in after[:3]] == [row[":id"] for row in before]
    assert [row[":created_at"].minute for row in after] == [0, 0, 0, 1]
    assert [row[":updated_at"].minute for row in after] == [0, 1, 1, 1]
    assert after[1]["report_datetime"] == "2026-09-01T00:00:30.000"


def test_a_replace_changes_all_ids_and_times(publish, portal):
    dataset, _ = publish([incident(1), incident(2)])
    before = dataset.rows(system=True)
    portal.store.clock.now += timedelta(minutes=1)
    dataset.replace(dataset.rows())
    after = dataset.rows(system=True)
    assert after.select(["row_id", "size"]) == before.select(["row_id", "size"])
    assert not set(after[":id"].to_pylist()) & set(before[":id"].to_pylist())
    assert {moment.minute for moment in after[":created_at"].to_pylist()} == {1}


def test_ids_after_a_replace_follow_those_before_it(publish, get):
    dataset, path = publish([incident(1), incident(2)])
    last = dataset.rows(system=True)[":id"][1].as_py()
    dataset.replace([incident(3)])
    after = get(path + ".json", **{"$where": f":id > '{last}'"}).json()
    assert [row["row_id"] for row in after] == ["00003"]


def test_deleted_and_sealed_rows_leave_no_trace(publish):
    dataset, _ = publish([incident(number) for number in range(4)])
    dataset.delete(["00000"])
    dataset.seal(["00001", "00002"])
    assert dataset.rows()["row_id"].to_pylist() == ["00003"]
    assert dataset.count == 1


def test_deleting_what_is_not_there_changes_nothing(publish):
    dataset, _ = publish([incident(1)])
    moment = dataset.rows_updated_at
    with pytest.raises(KeyError, match="00009"):
        dataset.delete(["00001", "00009"])
    assert (dataset.count, dataset.rows_updated_at) == (1, moment)


def test_without_row_identifier_an_upsert_appends(publish):
    dataset, _ = publish([incident(1)], row_identifier=None)
    dataset.upsert([incident(1)])
    assert dataset.rows()["row_id"].to_pylist() == ["00001", "00001"]
    dataset.delete([dataset.rows(system=True)[":id"][0].as_py()])
    assert dataset.count == 1


def test_a_renamed_column_keeps_its_place_and_the_old_name_is_refused(publish, get):
    dataset, path = publish([incident(1)])
    dataset.rename_column("size", "extent")
    dataset.add_column("size_class", "text")
    dataset.drop_column("note")
    assert list(dataset.columns)[2] == "extent"
    assert list(dataset.columns)[-1] == "size_class"
    refused = get(path + ".csv", **{"$select": "size"})
    assert refused.json()["data"]["column"] == "size"
    assert get(path + ".json").json()[0]["extent"] == "1"
    assert dataset.metadata()["rowIdentifierColumnId"] == 500_000_001


def test_rows_may_be_an_arrow_table(publish):
    table = pa.table({"row_id": ["00001", "00002"], "note": [None, ""]})
    dataset, _ = publish(table)
    assert dataset.rows().select(["row_id", "note"]) == table
    with pytest.raises(ValueError, match="nope"):
        dataset.append([{"nope": 1}])


# Versions


def test_every_publication_moves_the_version_by_a_second_at_least(publish, get):
    dataset, path = publish([incident(1)])
    id_ = path.rpartition("/")[2]
    moments = []
    for number in range(3):
        dataset.upsert([incident(number)])
        told = get(f"/api/views/{id_}.json").json()["rowsUpdatedAt"]
        header = parsedate_to_datetime(get(path + ".csv").headers["Last-Modified"])
        assert header.timestamp() == told
        moments.append(told)
    assert moments == [moments[0], moments[0] + 1, moments[0] + 2]


def test_an_unchanged_answer_is_a_304_without_body(publish, get):
    dataset, path = publish([incident(1)])
    first = get(path + ".json")
    again = get(path + ".json", {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert get(path + ".json", since).status_code == 304
    other = get(path + ".json", {"If-None-Match": first.headers["ETag"]}, row_id="1")
    assert other.status_code == 200
    dataset.upsert([incident(1)])
    changed = get(path + ".json", {"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert get(path + ".json", since).status_code == 200


def test_headers_name_columns_and_types_unless_they_are_too_long(publish, portal, get):
    _, path = publish([incident(1)])
    headers = get(path + ".csv", **{"$select": "row_id,:updated_at,point"}).headers
    assert headers["X-SODA2-Fields"] == '["row_id",":updated_at","point"]'
    assert headers["X-SODA2-Types"] == '["text","fixed_timestamp","point"]'
    wide = {f"a_column_with_a_long_name_{number}": "text" for number in range(150)}
    portal.add_soda("wide-wide", [], wide)
    headers = get("/resource/wide-wide.json").headers
    assert "X-SODA2-Fields" not in headers
    assert "X-SODA2-Warning" in headers


def test_answers_are_packed_only_for_readers_who_unpack(publish, get):
    _, path = publish([incident(1)])
    assert get(path + ".csv").headers["Content-Encoding"] == "gzip"
    plain = get(path + ".csv", {"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


def test_the_old_version_caps_the_limit(publish, get):
    _, path = publish([incident(1, note="Ab")], is_legacy=True)
    answer = get(path + ".json", **{"$where": "note = 'aB'"})
    assert answer.headers["X-SODA2-Legacy-Types"] == "true"
    assert len(answer.json()) == 1
    refused = get(path + ".json", **{"$limit": 50_001})
    assert refused.status_code == 400
    assert "length must be <= 50000" in refused.json()["message"]


def test_the_portal_remembers_what_it_was_asked(publish, portal, get):
    _, path = publish([incident(1)])
    get(path + ".json", {"X-App-Token": "abc"}, **{"$limit": 5})
    record = portal.requests[-1]
    assert (record.method, record.path, record.status) == ("GET", path + ".json", 200)
    assert record.query == {"$limit": "5"}
    assert record.headers["x-app-token"] == "abc"


def test_plain_files_are_served_as_they_are(portal, get):
    portal.add_file("/some/file.csv", b"a,b\r\n1,\xe9\r\n")
    assert get("/some/file.csv").content == b"a,b\r\n1,\xe9\r\n"
    assert get("/some/other.csv").status_code == 404


def test_another_process_can_publish(publish, served):
    _, url = served
    dataset, path = publish([incident(1)])
    name = path.rpartition("/")[2]
    control = f"{url}/_portal"
    sent = requests.post(f"{control}/upsert/{name}", json=[incident(1, size=5)])
    assert sent.json() == {"count": 1}
    assert dataset.rows()["size"].to_pylist() == ["5"]
    assert requests.post(f"{control}/delete/{name}", json=["7"]).status_code == 400
    requests.post(f"{control}/delete/{name}", json=["00001"])
    assert dataset.count == 0
    assert requests.get(f"{control}/requests").status_code == 200
