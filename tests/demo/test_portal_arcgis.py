"""The local portal's ArcGIS layer."""

import json
import time

import pytest
import requests

from demo.portal.server import Fault, Portal, serve

LAYER = "/org/arcgis/rest/services/MPD_Public_Safety_Incidents/FeatureServer/0"
COLUMNS = {
    "ObjectId": "oid",
    "Crime_ID": "string",
    "Offense_Datetime": "date",
    "Precinct": "string",
    "Latitude": "double",
}
# 2020-01-01T06:00:00Z, midnight in Memphis, as epoch milliseconds
MIDNIGHT = 1_577_858_400_000


def offense(number, **fields):
    return {
        "Crime_ID": f"C{number}",
        "Offense_Datetime": MIDNIGHT + number * 1000,
        "Precinct": "CRUMP ",
        "Latitude": 35.125,
        **fields,
    }


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    rows = [offense(number) for number in range(2500)]
    rows[7]["Precinct"] = None
    rows[8]["Latitude"] = 0
    portal.add_layer(LAYER, rows, COLUMNS)
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def query(served):
    portal, url = served
    yield lambda **parameters: requests.get(
        f"{url}{LAYER}/query", params={"f": "json", **parameters}
    ).json()
    portal.heal()


def numbers(answer):
    return [feature["attributes"]["ObjectId"] for feature in answer["features"]]


def test_the_layer_tells_its_fields_and_its_latest_edit(served):
    portal, url = served
    told = requests.get(url + LAYER, params={"f": "json"}).json()
    assert [field["name"] for field in told["fields"]] == list(COLUMNS)
    assert [field["type"] for field in told["fields"]][:3] == [
        "esriFieldTypeOID",
        "esriFieldTypeString",
        "esriFieldTypeDate",
    ]
    assert told["maxRecordCount"] == 1000
    assert told["objectIdField"] == "ObjectId"
    edited = portal.datasets[LAYER].rows_updated_at.timestamp() * 1000
    assert told["editingInfo"]["lastEditDate"] == edited


def test_values_are_numbers_epochs_and_untrimmed_text(query):
    answer = query(where="ObjectId in (8, 9)", outFields="*", orderByFields="ObjectId")
    assert [feature["attributes"] for feature in answer["features"]] == [
        {
            "ObjectId": 8,
            "Crime_ID": "C7",
            "Offense_Datetime": MIDNIGHT + 7000,
            "Precinct": None,
            "Latitude": 35.125,
        },
        {
            "ObjectId": 9,
            "Crime_ID": "C8",
            "Offense_Datetime": MIDNIGHT + 8000,
            "Precinct": "CRUMP ",
            "Latitude": 0.0,
        },
    ]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("1=1", 2500),
        ("ObjectId > 2498", 2),
        ("objectid > 2498 AND NOT Crime_ID = 'C2499'", 1),
        ("Precinct IS NULL", 1),
        ("Precinct IS NOT NULL", 2499),
        ("Crime_ID IN ('C1','C2','nope')", 2),
        ("Latitude < 35.1 OR Precinct IS NULL", 2),
        ("Offense_Datetime < TIMESTAMP '2020-01-01 06:00:30'", 30),
        (
            "Offense_Datetime >= TIMESTAMP '2020-01-01 06:41:00' "
            "AND Offense_Datetime < TIMESTAMP '2020-01-02 06:00:00'",
            40,
        ),
        ("Offense_Datetime < DATE '2020-01-01'", 0),
    ],
)
def test_a_condition_counts_its_rows(query, where, expected):
    assert query(where=where, returnCountOnly="true") == {"count": expected}


def test_a_timestamp_is_utc_wherever_the_portal_runs(query, monkeypatch):
    with monkeypatch.context() as context:
        context.setenv("TZ", "America/Chicago")
        time.tzset()
        where = "Offense_Datetime < TIMESTAMP '2020-01-01 06:00:30'"
        assert query(where=where, returnCountOnly="true") == {"count": 30}
    time.tzset()


def test_pages_by_object_id_hold_every_row_once(query):
    seen, last = [], 0
    while page := numbers(
        query(
            where=f"ObjectId > {last}", outFields="ObjectId", orderByFields="ObjectId"
        )
    ):
        seen, last = seen + page, page[-1]
    assert seen == list(range(1, 2501))


def test_a_page_is_capped_and_says_that_there_is_more(query):
    answer = query(where="1=1", resultRecordCount=5000)
    assert len(answer["features"]) == 1000
    assert answer["exceededTransferLimit"] is True
    assert "exceededTransferLimit" not in query(where="ObjectId > 1500")


def test_rows_come_shuffled_without_an_order(query):
    first, second = query(where="1=1"), query(where="1=1")
    assert numbers(first) != sorted(numbers(first))
    assert numbers(first) != numbers(second)


@pytest.mark.parametrize(
    ("parameters", "detail"),
    [
        ({"where": "Nope = 1"}, "nope"),
        ({"where": "1=1", "outFields": "ObjectId,Nope"}, "Nope"),
        ({"where": "Offense_Datetime > TIMESTAMP '2020'"}, "2020"),
        ({"where": "ObjectId >"}, "end of input"),
        ({}, "where"),
    ],
)
def test_an_error_comes_inside_a_200(served, parameters, detail):
    _, url = served
    answer = requests.get(f"{url}{LAYER}/query", params={"f": "json", **parameters})
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == 400
    assert detail in answer.json()["error"]["details"][0]


def test_statistics_are_of_all_rows_or_of_groups(query):
    asked = [
        {"statisticType": kind, "onStatisticField": name, "outStatisticFieldName": out}
        for kind, name, out in (
            ("count", "Precinct", "n"),
            ("min", "Offense_Datetime", "least"),
            ("max", "Latitude", "most"),
        )
    ]
    told = {"where": "1=1", "outStatistics": json.dumps(asked)}
    (one,) = query(**told)["features"]
    assert one["attributes"] == {"n": 2499, "least": MIDNIGHT, "most": 35.125}
    by = {"groupByFieldsForStatistics": "EXTRACT(YEAR FROM Offense_Datetime),Latitude"}
    groups = [row["attributes"] for row in query(**told, **by)["features"]]
    assert [(g["EXPR_1"], g["Latitude"], g["n"]) for g in groups] == [
        (2020, 0, 1),
        (2020, 35.125, 2498),
    ]


def test_different_values_are_counted(query):
    asked = {"returnDistinctValues": "true", "returnCountOnly": "true"}
    assert query(where="1=1", outFields="Latitude", **asked) == {"count": 2}
    assert query(where="1=1", outFields="Crime_ID", **asked) == {"count": 2500}


@pytest.mark.parametrize(
    "asked",
    [
        {"statisticType": "median", "onStatisticField": "Latitude"},
        {"statisticType": "count", "onStatisticField": "Longitude"},
    ],
)
def test_statistics_that_a_layer_has_not_are_refused(query, asked):
    asked = [{**asked, "outStatisticFieldName": "n"}]
    told = query(where="1=1", outStatistics=json.dumps(asked))
    assert told["error"]["code"] == 400


def test_a_missing_layer_is_an_error_inside_a_200(served):
    _, url = served
    answer = requests.get(f"{url}/org/rest/services/X/FeatureServer/0?f=json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, 400)


def test_a_long_condition_may_be_posted(served):
    _, url = served
    keys = ",".join(f"'C{number}'" for number in range(2000))
    form = {"where": f"Crime_ID IN ({keys})", "returnCountOnly": "true", "f": "json"}
    assert requests.post(f"{url}{LAYER}/query", data=form).json() == {"count": 2000}


def test_faults_reach_layers_too(served, query):
    portal, _ = served
    portal.fail(Fault("cap", rows=3, path=f"{LAYER}/query"))
    assert len(query(where="1=1")["features"]) == 3


def test_the_publisher_changes_rows_by_object_id_and_a_replace_renumbers_them():
    portal = Portal()
    layer = portal.add_layer(LAYER, [offense(0), offense(1)], COLUMNS)
    layer.upsert([{"ObjectId": 2, "Precinct": "RAINES"}, offense(5)])
    layer.delete(["1"])
    rows = layer.rows().to_pylist()
    assert [(row["ObjectId"], row["Crime_ID"]) for row in rows] == [
        ("2", "C1"),
        ("3", "C5"),
    ]
    assert rows[0]["Precinct"] == "RAINES"
    layer.replace(layer.rows())
    assert layer.rows()["ObjectId"].to_pylist() == ["4", "5"]
