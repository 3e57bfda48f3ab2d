"""The ways in which the local portal fails on demand, seen from a reader."""

import time

import pytest
import requests

from demo.portal.server import Fault, Portal, serve

PATH = "/resource/abcd-1234.csv"
ROWS = [{"row_id": f"{number:03d}"} for number in range(100)]
BODY = '"row_id"\n' + "".join(f'"{number:03d}"\n' for number in range(100))


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    portal.datasets.clear()
    portal.store.run('drop table if exists "abcd-1234"')
    portal.add_soda("abcd-1234", ROWS, {"row_id": "text"}, "row_id")
    yield portal
    portal.heal()


@pytest.fixture
def get(portal, served):
    _, url = served
    with requests.Session() as session:
        yield lambda path=PATH, headers=None, timeout=5, **more: session.get(
            url + path,
            params={"$order": ":id", "$limit": 100, **more},
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        )


def test_a_fault_strikes_its_path_and_its_requests_only(portal, get):
    portal.fail(Fault("status", path=PATH, after=1, times=2))
    assert [get().status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    portal.fail(Fault("status", path="/resource/*.json", times=None))
    assert get().status_code == 200
    json_path = PATH.replace("csv", "json")
    assert [get(json_path).status_code for _ in range(3)] == [503] * 3
    portal.heal()
    assert get(json_path).status_code == 200


def test_a_fault_may_strike_certain_queries_only(portal, get):
    portal.fail(Fault("status", query="count(", times=None))
    assert get().status_code == 200
    assert get(**{"$select": "count(*) as n"}).status_code == 503


@pytest.mark.parametrize("wait", ["3", "Sun, 01 Nov 2026 06:30:00 GMT", "soon", None])
def test_a_throttled_reader_is_told_when_to_return_if_at_all(portal, get, wait):
    headers = {} if wait is None else {"Retry-After": wait}
    portal.fail(Fault("status", 429, headers))
    answer = get()
    assert (answer.status_code, answer.headers.get("Retry-After")) == (429, wait)
    assert answer.json()["code"] == "too-many-requests"
    assert len(answer.headers["X-Socrata-RequestId"]) == 32


@pytest.mark.parametrize("status", [408, 500, 503, 504])
def test_a_failing_portal_says_so_in_json(portal, get, status):
    portal.fail(Fault("status", status))
    answer = get()
    assert (answer.status_code, answer.json()["error"]) == (status, True)


def test_a_failing_edge_says_so_in_html(portal, get):
    portal.fail(Fault("status", 502))
    portal.fail(Fault("html", after=1))
    failing, maintenance = get(), get()
    assert (failing.status_code, maintenance.status_code) == (502, 200)
    for answer in (failing, maintenance):
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.text.startswith("<!DOCTYPE html>")


def test_a_body_of_ones_own_may_come_with_a_status(portal, get):
    body = '{"message": "You must be logged in to access this resource", "error": true}'
    portal.fail(Fault("status", 403, body=body))
    assert get().json()["message"] == "You must be logged in to access this resource"


def test_a_query_still_under_way_is_a_202_and_then_the_rows(portal, get):
    portal.fail(Fault("processing", times=2))
    assert [get().status_code for _ in range(3)] == [202, 202, 200]
    assert portal.requests[-1].status == 200


def test_a_slow_portal_sends_its_first_byte_late(portal, get):
    portal.fail(Fault("slow", seconds=0.3))
    started = time.monotonic()
    assert get().text == BODY
    assert time.monotonic() - started >= 0.3


def test_a_reader_with_less_patience_times_out(portal, get):
    portal.fail(Fault("slow", seconds=30))
    with pytest.raises(requests.ReadTimeout):
        get(timeout=0.2)


def test_a_stalled_body_times_out_a_reader_too(portal, get):
    portal.fail(Fault("stall", size=20, seconds=30))
    with pytest.raises(requests.ConnectionError, match="timed out"):
        get(timeout=0.3)
    assert get().text == BODY


@pytest.mark.parametrize("size", [0, 20])
def test_a_reset_connection_is_an_error_of_the_connection(portal, get, size):
    portal.fail(Fault("reset", size=size))
    with pytest.raises(
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
        match="reset by peer",
    ):
        get()
    assert get().text == BODY


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_cut_csv_looks_whole(portal, get, encoding):
    portal.fail(Fault("cut", size=len('"row_id"\n"000"\n"0')))
    answer = get(headers={"Accept-Encoding": encoding})
    assert answer.status_code == 200
    assert answer.text == '"row_id"\n"000"\n"0'


def test_a_cut_json_does_not_parse(portal, get):
    portal.fail(Fault("cut", size=30))
    with pytest.raises(requests.JSONDecodeError):
        get(PATH.replace("csv", "json")).json()


def test_a_spoilt_gzip_body_does_not_unpack(portal, get):
    portal.fail(Fault("bad_gzip"))
    with pytest.raises(requests.exceptions.ContentDecodingError):
        get()


def test_a_wrong_content_length_is_noticed(portal, get):
    portal.fail(Fault("wrong_length"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="Incomplete"):
        get(headers={"Accept-Encoding": "identity"})
    assert get().text == BODY


def test_a_cap_shortens_pages_without_a_word(portal, get):
    portal.fail(Fault("cap", rows=50, times=None))
    assert get().text.count("\n") == 51
    assert get(**{"$limit": 20}).text.count("\n") == 21


def test_rows_may_come_twice(portal, get):
    portal.fail(Fault("duplicates"))
    assert get(**{"$limit": 3}).text == '"row_id"\n"000"\n"001"\n"002"\n"000"\n'


def test_the_copy_that_answers_may_lag(portal, get):
    assert get().headers["X-SODA2-Data-Out-Of-Date"] == "false"
    portal.fail(Fault("out_of_date"))
    assert get().headers["X-SODA2-Data-Out-Of-Date"] == "true"


def test_the_headers_with_types_may_be_missing(portal, get):
    portal.fail(Fault("no_types"))
    headers = get().headers
    assert "X-SODA2-Fields" not in headers
    assert "X-SODA2-Types" not in headers


def test_a_wrong_token_is_worse_than_none(portal, get):
    portal.fail(Fault("bad_token", times=None))
    refused = get(headers={"X-App-Token": "secret"})
    assert refused.status_code == 403
    assert refused.json() == {
        "code": "permission_denied",
        "error": True,
        "message": "Invalid app_token specified",
    }
    assert get(**{"$$app_token": "secret"}).status_code == 403
    assert get().status_code == 200


def test_only_known_tokens_are_valid_where_the_portal_knows_some(portal, get):
    portal.app_tokens = {"good"}
    assert get(headers={"X-App-Token": "good"}).status_code == 200
    assert get(headers={"X-App-Token": "bad"}).status_code == 403
    portal.app_tokens = None
    assert get(headers={"X-App-Token": "bad"}).status_code == 200


def test_the_publisher_may_act_between_two_pages(portal, get):
    dataset = portal.datasets["abcd-1234"]
    portal.fail(Fault("hook", hook=lambda: dataset.replace(ROWS[:7]), after=1))
    pages = [get(), get(), get()]
    assert [page.text.count("\n") for page in pages] == [101, 8, 8]
    versions = [page.headers["Last-Modified"] for page in pages]
    assert versions[0] != versions[1] == versions[2]


def test_a_portal_that_moved_redirects_to_another_host(portal, get):
    portal.move("https://elsewhere.example/")
    answer = get(row_id="001")
    assert answer.status_code == 302
    assert answer.headers["Location"] == (
        "https://elsewhere.example" + PATH + "?%24order=%3Aid&%24limit=100&row_id=001"
    )
    assert get("/api/views/abcd-1234.json").status_code == 302
    portal.heal()
    assert get().status_code == 200


def test_one_path_may_move_alone(portal, get):
    portal.fail(Fault("redirect", path=PATH, location="https://elsewhere.example"))
    assert get().status_code == 302


def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="no such fault: gremlin"):
        Fault("gremlin")


def test_a_portal_stops_while_a_reader_waits():
    portal = Portal()
    portal.add_file("/a.csv", b"a\n")
    portal.fail(Fault("slow", seconds=30))
    started = time.monotonic()
    with serve(portal) as url, pytest.raises(requests.ReadTimeout):
        requests.get(f"{url}/a.csv", timeout=0.1)
    assert time.monotonic() - started < 3
