"""What a portal, a declaration or a row must not be able to do."""

import ast
import gzip
import itertools
import json
import re
import time
from datetime import date

import msgspec
import pyarrow as pa
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.portal.exchange import Reply
from demo.portal.server import Fault, Portal, serve
from demo.rows.cambridge import COLUMNS, TAIL_MARKER
from pipelines.datasets.declarations import FOLDER, read_dataset, read_datasets
from pipelines.datasets.windows import Window
from pipelines.errors import (
    ConfigError,
    IncompleteReadError,
    PortalError,
    PortalMovedError,
    Retryable,
    TooManyRejectsError,
)
from pipelines.portals.http import body as answer
from pipelines.portals.http.request import get
from pipelines.portals.registry import reader_for
from pipelines.settings import Patience
from pipelines.sync.keys import key_rows
from pipelines.sync.window import read_window
from tests.support import live_portal as live
from tests.support.live_portal import ROOT, SHELBYVILLE, SPRINGFIELD

CSV, JSON = "/resource/abcd-1234.csv", "/resource/abcd-1234.json"
VIEW = "/api/views/abcd-1234.json"
VERSIONS = itertools.count(1_772_366_400)
LAYER = SHELBYVILLE.url.removeprefix("https://maps.shelbyville.example")
OPEN = Window(date(2026, 2, 1), undated=True)
ONCE = Patience(timeout=1.0, retries=0, backoff=0.01)
HEADER = b'"id","reported","category","district",":id"\n'


class ScriptedPortal(Portal):
    """Answers some paths with what a test wrote."""

    def __init__(self):
        super().__init__()
        self.script = {}

    def _answer(self, asked, number):
        written = self.script.get(asked.path)
        if asked.form.get("returnCountOnly") or written is None:
            return super()._answer(asked, number)
        reply = written(asked) if callable(written) else written
        return Reply(reply.status, reply.body, dict(reply.headers))


@pytest.fixture(scope="module")
def served():
    portal = ScriptedPortal()
    live.springfield(portal, [])
    live.shelbyville(portal, [])
    with serve(portal) as url:
        yield portal, url


@pytest.fixture
def portal(served):
    portal, _ = served
    portal.script.clear()
    portal.requests.clear()
    yield portal
    portal.heal()


@pytest.fixture
def springfield(served, portal):
    portal.datasets["abcd-1234"].replace(live.soda_rows(5))
    return SPRINGFIELD.at_portal(served[1])


@pytest.fixture
def shelbyville(served, portal):
    portal.datasets[LAYER].replace(live.layer_rows(5))
    return SHELBYVILLE.at_portal(served[1])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "home"
    with live.opened(home, SPRINGFIELD, SHELBYVILLE):
        return home


@pytest.fixture
def home(prepared, tmp_path):
    return live.copied(prepared, tmp_path / "home")


def read(dataset, patience=ONCE, window=OPEN):
    """The rows of a window, without a warehouse."""
    reader = reader_for(dataset, patience)
    reader.probe()
    pages = read_window(reader, window).pages
    return [row for page in pages for row in page.to_pylist()]


def csv(*lines, header=HEADER):
    return Reply(200, header + b"".join(lines), {"Content-Type": "text/csv"})


def as_json(body):
    return Reply(200, body, {"Content-Type": "application/json"})


def line(number, **other):
    """A row of Springfield as CSV; null for None."""
    row = {**live.soda_rows(1, number)[0], ":id": f"row-{number:04d}", **other}
    cells = [v if v is None else '"' + v.replace('"', '""') + '"' for v in row.values()]
    return ",".join(cell or "" for cell in cells).encode() + b"\n"


def once(*lines):
    """Serve a page of CSV lines, and an empty one after it."""
    return lambda asked: csv(*lines) if ":id >" not in asked.form["$where"] else csv()


# Where requests go


def test_nothing_is_sent_to_another_host(portal, springfield):
    with serve(Portal()) as elsewhere, requests.Session() as session:
        for url in (elsewhere + CSV, springfield.url.replace("http", "https")):
            with pytest.raises(PortalError, match="the only host"):
                get(session, url, {}, springfield, 1.0, "csv")
    assert portal.requests == []


def test_nothing_but_the_one_function_sends_to_portals():
    senders = []
    for path in (ROOT / "pipelines").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ("send", "get_adapter"):
                senders.append(path.name)
            if path.parent.name in ("portals", "sync", "warehouse"):
                is_call = isinstance(node, ast.Call)
                called = ast.unparse(node.func) if is_call else ""
                assert not re.fullmatch(r"(requests|.*session|.*client)\.get", called)
    assert senders == ["request.py", "request.py"]


def test_a_redirect_is_not_followed_nor_its_body_unpacked(portal, springfield):
    """A session that is told not to follow one reads its body all the same."""
    bomb = gzip.compress(b"0" * 50_000_000)
    headers = {"Location": "https://elsewhere.example/x", "Content-Encoding": "gzip"}
    portal.fail(Fault("status", 302, headers, bomb, path=CSV))
    with pytest.raises(
        PortalMovedError, match=r"redirects to https://elsewhere\.example"
    ):
        read(springfield)


# How much and how long


def packed(monkeypatch, portal, body, **headers):
    """Let the portal answer for rows with these bytes, said to be gzip."""
    monkeypatch.setattr(Reply, "compress", lambda reply, level: None)
    kind = {"Content-Type": "text/csv", "Content-Encoding": "gzip", **headers}
    portal.script[CSV] = Reply(200, body, kind)


def test_a_bomb_is_left_while_it_unpacks(monkeypatch, portal, springfield):
    monkeypatch.setattr(answer, "LARGEST_BYTES", 1_000_000)
    made = []
    unpacked = answer.unpacked
    monkeypatch.setattr(
        answer,
        "unpacked",
        lambda parts: (made.append(len(p)) or p for p in unpacked(parts)),
    )
    packed(monkeypatch, portal, gzip.compress(b"0" * 30_000_000))
    with pytest.raises(PortalError, match="over 1,000,000 bytes"):
        read(springfield)
    # Asked again with a smaller page each time, and never much more was unpacked.
    assert max(made) <= answer.UNPACKED_BYTES
    limits = [int(r.query["$limit"]) for r in portal.requests if r.path == CSV]
    assert limits == [20_000, 10_000, 5_000, 2_500, 1_250, 625, 500]
    assert len(made) == len(limits)


def test_a_body_that_drips_is_left(monkeypatch, portal, springfield):
    """No single read takes long."""
    monkeypatch.setattr(answer, "PACKED_BYTES", 1)

    def slowly(raw, seconds):
        for part in answer.received(raw, seconds):
            time.sleep(0.02)
            yield part

    started = time.monotonic()
    with (
        requests.get(springfield.url + ".csv", stream=True, timeout=5) as response,
        pytest.raises(Retryable, match=r"over 0\.3 s") as caught,
    ):
        for _ in slowly(response.raw, 0.3):
            pass
    assert caught.value.slow
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip"])
def test_another_packing_is_not_unpacked(monkeypatch, portal, springfield, encoding):
    packed(monkeypatch, portal, b"?", **{"Content-Encoding": encoding})
    with pytest.raises(PortalError, match="not with gzip"):
        read(springfield)


BODY = HEADER + b"".join(line(n) for n in range(5))
# Without a time of packing, which would be part of a test's name.
GZIP = gzip.compress(BODY, mtime=0)


@pytest.mark.parametrize(
    "body",
    {
        "without its checksum": GZIP[:-8],
        "without a byte of it": GZIP[:-1],
        "cut in the middle": GZIP[: len(GZIP) // 2],
        "with another checksum": GZIP[:-8] + bytes(4) + GZIP[-4:],
        "with another length": GZIP[:-4] + bytes(4),
        "followed by something": GZIP + b"more",
        "no gzip": BODY,
        "empty": b"",
    }.values(),
)
def test_a_gzip_body_that_is_not_whole_is_noticed(
    monkeypatch, portal, springfield, body
):
    packed(monkeypatch, portal, body)
    with pytest.raises(PortalError, match=r"gzip body (is broken|was cut short)"):
        read(springfield)


def test_a_gzip_body_of_two_members_is_one_body(monkeypatch, portal, springfield):
    """A proxy may pack in parts."""
    parts = gzip.compress(BODY[:70]) + gzip.compress(BODY[70:])
    empty = gzip.compress(HEADER)
    monkeypatch.setattr(Reply, "compress", lambda reply, level: None)
    kind = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    portal.script[CSV] = lambda asked: Reply(
        200, empty if ":id >" in asked.form["$where"] else parts, dict(kind)
    )
    assert [row["id"] for row in read(springfield)] == [f"{n:05d}" for n in range(5)]


# What comes is what was asked for: SODA


WRONG_PAGES = {
    "a row twice, another lost": [line(0), line(1), line(1), line(3), line(4)],
    "a row of January": [line(n) for n in range(4)]
    + [line(4, reported="2026-01-31T23:59:59.999")],
    "a row without its id": [line(n) for n in range(4)] + [line(4, **{":id": None})],
    "a cell too many": [line(n) for n in range(4)] + [b'"x",' + line(4)],
    "a quote lost": [line(n) for n in range(4)] + [line(4)[1:]],
}


@pytest.mark.parametrize("lines", WRONG_PAGES.values(), ids=WRONG_PAGES.keys())
def test_a_page_of_other_rows_stops_the_data_set(portal, springfield, home, lines):
    before = live.raw_tables(home)
    portal.script[CSV] = once(*lines)
    failure = live.daily(home, springfield)
    assert isinstance(failure, PortalError)
    assert str(failure).startswith("springfield__incidents: 127.0.0.1:")
    assert live.raw_tables(home) == before


def test_a_row_repeated_on_a_later_page_cannot_stand_for_one_that_is_lost(
    portal, springfield, home
):
    """Five rows counted, five received, each page good: only four are different."""

    def pages(asked):
        after = asked.form["$where"].rpartition(":id > 'row-")[2][:4]
        numbers = {"": [0, 1], "0001": [1, 3], "0003": [4]}
        return csv(*(line(number) for number in numbers.get(after, [])))

    portal.script[CSV] = pages
    failure = live.daily(home, springfield)
    assert isinstance(failure, IncompleteReadError)
    assert live.held(home, springfield) == []


def test_rows_without_a_date_come_only_where_they_were_asked_for(portal, springfield):
    portal.datasets["abcd-1234"].replace(
        [*live.soda_rows(1), {"id": "9", "category": "Theft"}]
    )
    assert len(read(springfield)) == 2
    portal.script[CSV] = once(line(0), line(9, reported=None))
    portal.script[JSON] = as_json(b'[{"n":"2"}]')
    with pytest.raises(PortalError, match="for 2026-03-01 to 2026-04-01 have no date"):
        read(springfield, window=Window(date(2026, 3, 1), date(2026, 4, 1)))


def test_a_page_of_more_rows_than_asked_for_is_refused(portal, springfield):
    small = msgspec.structs.replace(springfield, page_rows=4)
    portal.script[CSV] = once(*(line(n) for n in range(5)))
    with pytest.raises(PortalError, match="more than 4 rows"):
        read(small)


@pytest.mark.parametrize(
    "body",
    [
        b'[{"n":true}]',
        b'[{"n":-1}]',
        b'[{"n":"-1"}]',
        b'[{"n":5.5}]',
        b'[{"n":"five"}]',
        b'[{"n":null}]',
        b'[{"n":"5"},{"n":"5"}]',
        b"[]",
        b"{}",
        b"5",
        b'[{"n":NaN}]',
        b"[" * 100_000,
        b'[{"n":"\xff"}]',
    ],
)
def test_a_count_that_is_no_number_is_refused(portal, springfield, body):
    portal.script[JSON] = as_json(body)
    with pytest.raises(PortalError, match=r"the JSON (is not what|was cut short)"):
        read(springfield)


def test_a_count_of_nothing_is_not_believed(portal, springfield):
    portal.script[JSON] = as_json(b'[{"n":"0"}]')
    with pytest.raises(IncompleteReadError, match="sent 5 rows of 2026-02-01 on but"):
        read(springfield)


def test_a_header_that_is_lost_puts_no_value_into_the_message(portal, springfield):
    portal.script[CSV] = csv(line(1), header=line(0, category="Jane Roe"))
    with pytest.raises(PortalError, match="other columns") as caught:
        read(springfield)
    assert "Jane Roe" not in str(caught.value)


# What comes is what was asked for: ArcGIS


def feature(number, **other):
    return {
        "attributes": {"ObjectId": number, **live.layer_rows(1, number)[0], **other}
    }


def without(row, name):
    return {"attributes": {k: v for k, v in row["attributes"].items() if k != name}}


WRONG_FEATURES = {
    "a date of January": feature(3, Occurred=1769925599999),
    "an attribute lost": without(feature(3), "Category"),
    "the object id lost": without(feature(3), "ObjectId"),
    "an object id that is a text": feature(3, ObjectId="3"),
    "an object id that is a boolean": feature(3, ObjectId=True),
    "an object id once more": feature(2),
    "an object id below": feature(0),
    "no attributes": {},
    "attributes that are none": {"attributes": None},
    "no object": 7,
}


@pytest.mark.parametrize("row", WRONG_FEATURES.values(), ids=WRONG_FEATURES.keys())
def test_a_feature_of_another_shape_stops_the_data_set(portal, shelbyville, home, row):
    before = live.raw_tables(home)
    body = json.dumps({"features": [feature(1), feature(2), row]}).encode()
    portal.script[LAYER + "/query"] = as_json(body)
    failure = live.daily(home, shelbyville)
    assert isinstance(failure, PortalError)
    assert str(failure).startswith("shelbyville__incidents: 127.0.0.1:")
    assert live.raw_tables(home) == before


@pytest.mark.parametrize("name", ["x; drop table incidents", "ObjectId > 0 OR 1", "é"])
def test_an_object_id_that_is_no_name_goes_into_no_query(portal, shelbyville, name):
    layer = {"fields": [{"name": "Crime_ID"}], "objectIdField": name}
    portal.script[LAYER] = as_json(json.dumps(layer).encode())
    with pytest.raises(PortalError, match="no usable object id"):
        read(shelbyville)
    assert len(portal.requests) == 1


# Declarations

GOOD = (FOLDER / "chicago__incidents.toml").read_text()
LAYER_OF = "https://a.example/rest/services/X/FeatureServer/0"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("url = 'https://data.x.org/resource/abcd-12345'", "/resource/abcd-1234"),
        ("url = 'https://data.x.org/resource/ABCD-1234'", "/resource/abcd-1234"),
        ("url = 'https://data.x.org/resource/abcd-1234.csv'", "/resource/abcd-1234"),
        ("url = 'https://data.x.org/resource/../abcd-1234'", "/resource/abcd-1234"),
        (f"url = '{LAYER_OF}'", "/resource/abcd-1234"),
        ("url = 'https://me:pw@data.x.org/resource/abcd-1234'", "a user, password"),
        ("url = 'https://data.x.org/resource/abcd-1234?x=1'", "a user, password"),
        ("url = 'https://data.x.org/resource/abcd-1234#x'", "a user, password"),
        ('url = "https://data.x.org/resource/abcd-1234\\n"', "https://"),
        ("url = 'https://data.x.org:http/resource/abcd-1234'", "not an address"),
        ("url = 'https://[::1/resource/abcd-1234'", "not an address"),
        ("url = 'https:///resource/abcd-1234'", "https://"),
        ("key = ['id']\noptional_columns = ['a) or (1=1']", "not a column name"),
        ("key = ['id']\noptional_columns = ['a\"b']", "not a column name"),
        ("key = ['id']\noptional_columns = [':id']", "not a column name"),
        ("key = ['id']\noptional_columns = ['']", "not a column name"),
        ("key = ['id']\npage_rows = 0", "`page_rows` must be 1 to 50,000"),
        ("key = ['id']\npage_rows = 1000000", "`page_rows` must be 1 to 50,000"),
        ("key = ['id']\nremoval_limit_rows = -1", "`removal_limit_rows`"),
        ("key = ['id']\nremoval_limit_pct = nan", "`removal_limit_pct`"),
        ("key = ['id']\nreject_limit_pct = inf", "`reject_limit_pct`"),
        ("key = ['id']\nkept_part = {nope = '(?P<a>a)'}", "kept_part.*nope"),
        ("key = ['id']\nkept_part = {block = '(a)'}", "kept_part.*one group"),
        ("key = ['id']\nkept_part = {block = 'a'}", "kept_part.*one group"),
    ],
)
def test_a_declaration_that_could_ask_for_something_else_is_refused(
    tmp_path, line, said
):
    path = tmp_path / "springfield__incidents.toml"
    name = line.partition(" ")[0]
    text, times = re.subn(rf"(?m)^{name} = .*$", lambda _: line, GOOD, count=1)
    assert times == 1
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_dataset(path)


@pytest.mark.parametrize(
    "name",
    ["Springfield__incidents", "a b__c", "a__b;c", "__b", "a__", "a__b__c", "1__a"],
)
def test_a_name_that_is_no_name_of_tables_is_refused(tmp_path, name):
    path = tmp_path / f"{name}.toml"
    path.write_text(GOOD)
    with pytest.raises(ConfigError, match="its name must be"):
        read_dataset(path)


# Values in queries


TEXTS = st.text(
    st.one_of(
        st.sampled_from("'\"%_\\\t\n\r \x1f\x7f;-&+#?éñ–\u2028😀"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufdd0\ufffd"),
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize("api", ["springfield", "shelbyville"])
def test_every_text_can_be_asked_for_by_key(request, portal, api):
    dataset = request.getfixturevalue(api)
    key, published = (
        dataset.key[0],
        portal.datasets["abcd-1234" if api == "springfield" else LAYER],
    )
    rows = live.soda_rows(1) if api == "springfield" else live.layer_rows(1)
    reader = reader_for(dataset, ONCE)
    reader.probe()

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(TEXTS, min_size=1, max_size=3, unique=True))
    def check(texts):
        published.replace([{**rows[0], key: text} for text in [*texts, "another"]])
        found = reader.rows_of(texts)[key.lower()].to_pylist()
        assert sorted(found) == sorted(set(texts))

    check()


# Rows that can't be read


def bytes_in(number, what=b"\xff\xfe", **other):
    """A row of Springfield with bytes that are not UTF-8 where its category is."""
    return line(number, **other).replace(b"Theft", b"The" + what + b"ft")


def many(*odd, count=200):
    """Serve rows of Springfield, those among `odd` in their places; count all."""
    given = dict(odd)
    lines = [given.get(n, line(n)) for n in range(count)]
    number = json.dumps([{"n": str(count)}]).encode()
    columns = [{"fieldName": name} for name in SPRINGFIELD.columns]
    view = {"columns": columns, "rowsUpdatedAt": next(VERSIONS)}
    return {
        CSV: once(*lines),
        JSON: as_json(number),
        VIEW: as_json(json.dumps(view).encode()),
    }


def rejects(home):
    return live.select(
        home, "select reason, row from raw_springfield.incidents_rejects order by all"
    )


def keys(home):
    return [row[0] for row in live.held(home, SPRINGFIELD)]


def numbered(*numbers):
    return [f"{number:05d}" for number in numbers]


def test_a_row_that_is_no_utf8_is_set_aside_and_the_others_are_loaded(
    portal, springfield, home
):
    portal.script |= many((7, bytes_in(7)), (9, bytes_in(9, "Peña".encode())))
    assert live.daily(home, springfield) is None
    assert keys(home) == numbered(*(n for n in range(200) if n != 7))
    ((reason, row),) = rejects(home)
    assert reason == "not UTF-8"
    assert json.loads(row)["category"] == "The\ufffd\ufffdft"
    assert live.held(home, SPRINGFIELD)[8][2] == "ThePeñaft"
    # Met again it is no second reject.
    portal.script |= many((7, bytes_in(7)), (9, bytes_in(9, "Peña".encode())))
    assert live.daily(home, springfield) is None
    assert len(rejects(home)) == 1


def test_bytes_that_are_right_when_asked_again_are_no_reject(portal, springfield, home):
    portal.script |= many()
    good, answers = portal.script[CSV], []

    def bad_at_first(asked):
        answers.append(asked)
        return csv(bytes_in(7)) if len(answers) == 1 else good(asked)

    portal.script[CSV] = bad_at_first
    assert live.daily(home, springfield) is None
    assert keys(home) == numbered(*range(200))
    assert rejects(home) == []


@pytest.mark.parametrize(
    "unreadable",
    [
        bytes_in(7),
        line(7, category="The\0ft"),
        line(7).replace(b"00007", b"0000\xff7"),
    ],
    ids=["in a value", "a NUL", "in its key"],
)
def test_a_row_that_became_unreadable_is_neither_removed_nor_changed(
    portal, springfield, home, unreadable
):
    portal.script |= many()
    assert live.daily(home, springfield) is None
    before, log = live.held(home, SPRINGFIELD), live.log_of(home, SPRINGFIELD)
    portal.script |= many((7, unreadable))
    as_served = portal.script[CSV]

    def by_key_too(asked):
        return csv(unreadable) if " in(" in asked.form["$where"] else as_served(asked)

    def counted(asked):
        by_key = " in(" in asked.form["$where"]
        return as_json(b'[{"n":"1"}]' if by_key else b'[{"n":"200"}]')

    portal.script |= {CSV: by_key_too, JSON: counted}
    assert live.daily(home, springfield) is None
    assert live.held(home, SPRINGFIELD) == before
    assert live.log_of(home, SPRINGFIELD) == log
    assert len(rejects(home)) == 1


def test_too_many_unreadable_rows_stop_the_data_set(portal, springfield, home):
    before = live.raw_tables(home)
    portal.script |= many(*((n, bytes_in(n)) for n in range(11)))
    failure = live.daily(home, springfield)
    assert isinstance(failure, TooManyRejectsError)
    assert "sent 11 of 200 rows" in str(failure)
    assert "unreadable, more than the limit of 10" in str(failure)
    assert live.raw_tables(home) == before


def test_odd_rows_are_loaded_or_set_aside_but_stop_nothing(portal, springfield, home):
    """No key; a megabyte in a field; a number that is none; a key that comes twice."""
    nothing = line(12, **dict.fromkeys(SPRINGFIELD.columns))
    portal.script |= many(
        (3, line(3, id=None)),
        (5, line(5, category="x" * 3_000_000)),
        (6, line(6, category="NaN", district="Infinity")),
        (8, line(8, id="00009")),
        (12, nothing),
        count=400,
    )
    assert live.daily(home, springfield) is None
    held = {row[0]: row for row in live.held(home, SPRINGFIELD)}
    assert set(held) == set(numbered(*(n for n in range(400) if n not in (3, 8, 12))))
    assert len(held["00005"][2]) == 3_000_000
    assert held["00006"][2:] == ("NaN", "Infinity")
    assert [reason for reason, _ in rejects(home)] == ["no key", "no key"]


def test_a_feature_that_is_no_utf8_is_set_aside_too(portal, shelbyville, home):
    rows = [json.dumps(feature(n)).encode() for n in range(1, 201)]
    rows[6] = rows[6].replace(b"Theft", b"The\xe2\x80ft")
    rows[7] = rows[7].replace(b"Theft", b"The\\u0000ft")

    def served(asked):
        some = rows if "> -1" in asked.form["where"] else []
        return as_json(b'{"features":[' + b",".join(some) + b"]}")

    portal.datasets[LAYER].replace(live.layer_rows(200))
    portal.script[LAYER + "/query"] = served
    assert live.daily(home, shelbyville) is None
    held = [row[0] for row in live.held(home, SHELBYVILLE)]
    assert held == numbered(*(n for n in range(1, 201) if n not in (7, 8)))
    found = "select reason from raw_shelbyville.incidents_rejects order by all"
    assert live.select(home, found) == [("NUL character",), ("not UTF-8",)]


# The narrative in Cambridge's locations

LOCATIONS = {
    "AMES ST": "AMES ST",
    f"AMES ST                    {TAIL_MARKER}, 30, was arrested.": "AMES ST",
    " MASSACHUSETTS AVE & WESTERN AVE ": "MASSACHUSETTS AVE & WESTERN AVE",
    f"INMAN ST\t{TAIL_MARKER}\nwas placed under arrest.": "INMAN ST",
    f"INMAN ST\n{TAIL_MARKER}": "INMAN ST",
    f"INMAN ST \r\n{TAIL_MARKER}": "INMAN ST ",
    f"INMAN ST\u00a0{TAIL_MARKER}": "INMAN ST",
    f"INMAN ST\u2003{TAIL_MARKER}": "INMAN ST",
    f"INMAN ST\u2028{TAIL_MARKER}": "INMAN ST",
    f"INMAN ST\x85{TAIL_MARKER}": "INMAN ST",
    f"{TAIL_MARKER} of Cambridge was placed under arrest on Main Street after a short "
    "pursuit on foot, and taken to the station.": "",
    f"\t{TAIL_MARKER}": "",
    f"PEARL ST  {TAIL_MARKER}\n  was placed under arrest.": "PEARL ST",
    "   ": " ",
    "": "",
    "É" * 100: "É" * 100,
    "É" * 101: "",
}


@pytest.mark.parametrize(("published", "kept"), LOCATIONS.items())
def test_only_the_street_of_a_location_is_kept(published, kept):
    dataset = read_datasets()["cambridge__incidents"]
    row = {name: ["1", "2"] for name in dataset.columns}
    rows = pa.table({**row, "location": pa.array([published, None])})
    keyed = key_rows(dataset, [rows])
    assert keyed.rows["location"].to_pylist() == [kept, None]


@pytest.mark.parametrize("pattern", ["(?P<a>a", "(?P<a>a)(b)", "(?P<a>[)"])
def test_a_pattern_that_is_none_lets_no_row_through(pattern):
    dataset = msgspec.structs.replace(SPRINGFIELD, kept_part={"category": pattern})
    rows = pa.table({name: ["1"] for name in dataset.columns})
    with pytest.raises(
        ConfigError, match=r"incidents\.toml can't be used: `kept_part`"
    ):
        key_rows(dataset, [rows])


def test_the_narrative_reaches_no_table_file_or_message(served, portal, tmp_path):
    """New, changed, without a key, unreadable, gone and asked for by key."""
    home = tmp_path / "home"
    dataset = read_datasets()["cambridge__incidents"].at_portal(served[1])

    def entry(number, location, **other):
        row = dict.fromkeys(COLUMNS, "2026-03-01T12:00:00.000")
        words = {"id": f"{number:08d}", "type": "ARREST", "subtype": "X", **other}
        return row | words | {"location": location, "description": TAIL_MARKER}

    def told(place, number):
        return f"{place}          {TAIL_MARKER}, {number}, was arrested."

    rows = [entry(n, told("AMES ST", n)) for n in range(300)]
    rows[4] = entry(4, told("AMES ST", 4), id=None)
    rows[5] = entry(5, told("AMES\0ST", 5))
    published = portal.add_soda("3gki-wyrb", rows, COLUMNS)
    assert live.daily(home, dataset) is None
    rows[1] = entry(1, told("INMAN ST", 1))
    rows[2] = entry(2, told("AMES ST", 222))
    rows[3] = entry(3, told("AMES ST", 3), date_time="2025-01-01T00:00:00.000")
    published.replace(rows[:9] + rows[10:])
    assert live.daily(home, dataset) is None
    log = live.log_of(home, dataset)
    assert sum(change == "changed" for _, change, _ in log) == 1
    rejected = live.select(home, "select row from raw_cambridge.incidents_rejects")
    assert len(rejected) == 2
    everything = {str(p): p.read_bytes() for p in home.rglob("*") if p.is_file()}
    everything |= {name: str(r).encode() for name, r in live.raw_tables(home).items()}
    assert {"raw_cambridge.incidents", "raw_cambridge.incidents_rejects"} <= set(
        everything
    )
    for name, content in everything.items():
        assert TAIL_MARKER.encode() not in content, name


def test_a_row_loaded_before_it_was_cut_is_cut_and_its_former_self_with_it(
    served, portal, tmp_path
):
    """A warehouse of an earlier version held the whole of it."""
    home, whole = tmp_path / "home", read_datasets()["cambridge__incidents"]
    whole = whole.at_portal(served[1])
    row = dict.fromkeys(COLUMNS, "2026-03-01T12:00:00.000")
    row |= {"id": "1", "location": f"AMES ST      {TAIL_MARKER}"}
    portal.datasets.pop("3gki-wyrb", None)
    portal.store.run('drop table if exists "3gki-wyrb"')
    portal.add_soda("3gki-wyrb", [row], COLUMNS)
    assert live.daily(home, msgspec.structs.replace(whole, kept_part={})) is None
    assert TAIL_MARKER in str(live.held(home, whole))
    assert live.daily(home, whole) is None
    assert TAIL_MARKER not in str(live.raw_tables(home))
    assert live.held(home, whole)[0][4] == "AMES ST"
