"""The local portal serves files as real servers do, and fails on them as those do."""

import hashlib
from datetime import UTC, datetime

import pytest
import requests

from demo.portal.server import Fault, Portal, serve

BODY = b"id,city\n1,Se\xc3\xb1alta\n2,Amberbeck\n"
DIGEST = f'"{hashlib.sha256(BODY).hexdigest()}"'
PATH = "/folder/rows.csv"


class Clock:
    """A time that tests set."""

    now = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def served():
    portal = Portal()
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    portal.store.clock = Clock()
    portal.files.clear()
    portal.add_file(PATH, BODY)
    yield portal
    portal.heal()


@pytest.fixture
def ask(portal, served):
    def asked(method="GET", path=PATH, timeout=5, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(
            method,
            served[1] + path,
            headers={"Accept-Encoding": "identity", **named},
            timeout=timeout,
            allow_redirects=False,
        )

    return asked


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/a.csv", "text/csv"),
        ("/a.b/cities.ZIP", "application/zip"),
        (
            "/lau/laucnty19.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ("/a.json", "application/json"),
        ("/a.b/no_ending", "application/octet-stream"),
    ],
)
def test_a_file_is_typed_by_its_ending(portal, ask, path, kind):
    portal.add_file(path, b"x")
    assert ask(path=path).headers["Content-Type"] == kind


def test_a_file_may_be_given_another_type(portal, ask):
    portal.add_file(PATH, BODY, content_type="text/plain; charset=utf-8")
    assert ask().headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_file_comes_with_its_digest_and_the_moment_of_its_publication(ask):
    answer = ask()
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["ETag"] == DIGEST
    assert answer.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"


def test_only_other_bytes_make_a_file_newer(portal, ask):
    portal.store.clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    portal.add_file(PATH, BODY)
    assert ask().headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    portal.add_file(PATH, BODY + b"3,\n")
    answer = ask(If_None_Match=DIGEST)
    assert (answer.status_code, answer.content) == (200, BODY + b"3,\n")
    assert answer.headers["Last-Modified"] == "Mon, 02 Mar 2026 12:00:00 GMT"
    assert answer.headers["ETag"] != DIGEST


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("If_None_Match", DIGEST, 304),
        ("If_None_Match", f'"other", W/{DIGEST}', 304),
        ("If_None_Match", "*", 304),
        ("If_None_Match", '"other"', 200),
        ("If_Modified_Since", "Sun, 01 Mar 2026 12:00:00 GMT", 304),
        ("If_Modified_Since", "Mon, 02 Mar 2026 00:00:00 GMT", 304),
        ("If_Modified_Since", "Sun, 01 Mar 2026 11:59:59 GMT", 200),
        ("If_Modified_Since", "yesterday", 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("packing", ["identity", "gzip"])
def test_a_copy_that_is_still_good_is_not_sent_again(
    ask, method, packing, header, value, status
):
    answer = ask(method, Accept_Encoding=packing, **{header: value})
    assert answer.status_code == status
    assert answer.headers["ETag"] == DIGEST
    assert answer.content == (BODY if (method, status) == ("GET", 200) else b"")
    if status == 304:
        assert "Content-Type" not in answer.headers
        assert "Content-Length" not in answer.headers


def test_an_etag_counts_before_a_date(ask):
    new = {"If_None_Match": '"other"', "If_Modified_Since": "Mon, 02 Mar 2026 00:00:00"}
    assert ask(**new).status_code == 200


def test_a_file_without_validators_is_sent_every_time(portal, ask):
    portal.add_file(PATH, BODY, has_etag=False)
    assert "ETag" not in ask().headers
    assert ask(If_None_Match=DIGEST).status_code == 200
    date = {"If_Modified_Since": "Sun, 01 Mar 2026 12:00:00 GMT"}
    assert ask(**date).status_code == 304
    portal.add_file(PATH, BODY, has_last_modified=False)
    assert "Last-Modified" not in ask().headers
    assert ask(**date).status_code == 200
    assert ask(If_None_Match=DIGEST).status_code == 304


def test_head_tells_what_get_would_send(ask):
    answer = ask("HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(BODY))
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.headers["ETag"] == DIGEST


def test_a_packed_file_unpacks_to_the_same(ask):
    answer = ask(Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content == BODY
    assert answer.headers["ETag"] == DIGEST


def test_a_file_may_be_cut_in_good_form(portal, ask):
    portal.fail(Fault("cut", path=PATH, size=12))
    assert ask().content == BODY[:12]
    assert ask().content == BODY


def test_a_file_may_stall(portal, ask):
    portal.fail(Fault("stall", path=PATH, size=12, seconds=30))
    with pytest.raises(requests.ConnectionError):
        ask(timeout=0.2)
    assert ask().content == BODY


def test_a_file_may_be_short_of_its_length(portal, ask):
    portal.fail(Fault("wrong_length", path=PATH))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask()


def test_a_file_may_be_out_of_service_whatever_a_reader_holds(portal, ask):
    portal.fail(Fault("status", path=PATH, status=503, times=2))
    assert ask().status_code == 503
    assert ask(If_None_Match=DIGEST).status_code == 503
    assert ask(If_None_Match=DIGEST).status_code == 304


def test_a_file_may_have_moved(portal, ask):
    portal.fail(Fault("redirect", path=PATH, location="https://elsewhere.example"))
    answer = ask()
    assert answer.status_code == 302
    assert answer.headers["Location"] == "https://elsewhere.example/folder/rows.csv"


def test_a_page_may_come_in_place_of_a_file(portal, ask):
    portal.fail(Fault("html", path=PATH))
    answer = ask()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "ETag" not in answer.headers
