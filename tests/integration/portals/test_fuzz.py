"""Answers that are cut, flipped, repeated, reordered or of the wrong types.

What may be spoilt without a trace is left out: a byte flipped on the wire is caught by
gzip's checksum, but a portal that itself publishes `Thefu` for `Theft` can't be found
out by any reader. So bytes of rows are spoilt as they are sent, packed; unpacked, rows
lose their structure: lines, columns, headers, types. Counts and descriptions hold
nothing that is not checked against something else: they are flipped unpacked, too.

`BLOTTER_FUZZ=1000` runs so many examples of each test, and others every time.
"""

import itertools
import json
import os
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.generator import generate
from demo.portal.exchange import Asked, Reply
from demo.portal.server import Portal, serve
from demo.stock import publish
from pipelines.datasets.declarations import read_datasets
from pipelines.datasets.overrides import by_soda
from pipelines.datasets.windows import Window
from pipelines.errors import BlotterError
from pipelines.portals.columns import check_columns
from pipelines.portals.registry import reader_for
from pipelines.sync.keys import key_rows
from pipelines.sync.window import check_rejects, read_window
from tests.support import live_portal as live
from tests.support.live_portal import IMPATIENT, SHELBYVILLE, SPRINGFIELD

EXAMPLES = int(os.environ.get("BLOTTER_FUZZ", "0"))
OPEN = Window(date(2026, 2, 1), undated=True)
ROWS = 12
WRONG = [True, 7, 7.5, -1, "", "x", [], {}, [1], {"a": 1}, "1e9", 10**30, None]
STATUSES = [200, 201, 204, 206, 304, 400, 403, 404, 410, 418, 429, 500]


class SpoilingPortal(Portal):
    """Spoils the answers that a test picks, before or after they are packed."""

    pick: Callable[[Asked], bool] = staticmethod(lambda asked: False)
    unpacked: Callable[[Asked, Reply], None] = staticmethod(lambda asked, reply: None)
    packed: Callable[[Reply], None] = staticmethod(lambda reply: None)
    left = 0

    def spoil(self, pick, times, unpacked=None, packed=None):
        """Spoil the next `times` answers that `pick` picks."""
        self.pick, self.left = pick, times
        self.unpacked = unpacked or (lambda asked, reply: None)
        self.packed = packed or (lambda reply: None)

    def _answer(self, asked: Asked, number: int) -> Reply:
        reply = super()._answer(asked, number)
        asked.is_spoilt = self.left > 0 and self.pick(asked)
        if asked.is_spoilt:
            self.left -= 1
            self.unpacked(asked, reply)
        return reply

    def _reply(self, asked, faults, number):
        reply = super()._reply(asked, faults, number)
        if asked.is_spoilt:
            self.packed(reply)
        return reply


def examples(number):
    """Hypothesis's settings: the same examples every time, or those asked for."""
    return settings(
        max_examples=EXAMPLES or number,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def served():
    portal = SpoilingPortal()
    with serve(portal) as url:
        yield portal, url


@pytest.fixture(scope="module", params=["soda2", "soda3", "arcgis"])
def published(request, served):
    """A declaration, read in pages of five rows, and what the portal shows of it."""
    portal, url = served
    if request.param == "arcgis":
        dataset, table = SHELBYVILLE, live.shelbyville(portal, live.layer_rows(ROWS))
    else:
        dataset = by_soda(SPRINGFIELD, int(request.param[-1]))
        table = portal.datasets.get("abcd-1234")
        table = table or live.springfield(portal, live.soda_rows(ROWS))
    dataset = msgspec.structs.replace(dataset.at_portal(url), page_rows=5)
    yield dataset, live.shown(table, dataset)
    portal.spoil(lambda asked: False, 0)


def is_of_rows(asked):
    return asked.path.endswith(".csv") or "outFields" in asked.query


def is_of_no_rows(asked):
    return not is_of_rows(asked)


def read_all(dataset):
    """What a run makes of the window: its good rows, in the order of their keys.

    And how many rows it sets aside.
    """
    reader = reader_for(dataset, IMPATIENT)
    check_columns(dataset, reader.probe())
    pages = read_window(reader, OPEN).pages
    keyed = key_rows(dataset, pages)
    check_rejects(dataset, keyed, OPEN)
    rows = keyed.rows.select(dataset.loaded_columns).to_pylist()
    return sorted(tuple(row.values()) for row in rows), keyed.rejects.num_rows


def read_is_true(dataset, expected):
    """The rows are those published, less those set aside, or one sentence says no."""
    try:
        rows, odd = read_all(dataset)
    except BlotterError as error:
        said = str(error)
        assert said.startswith(dataset.name)
        assert "\n" not in said
        return False
    assert set(rows) <= set(expected)
    assert len(rows) + odd == len(expected)
    return True


def spoilt_bytes(rng, body):
    """A body with bytes cut off, flipped, lost, repeated or put in."""
    start = rng.randrange(max(len(body), 1))
    end = min(len(body), start + rng.randint(1, 40))
    head, part, tail = body[:start], body[start:end], body[end:]
    return rng.choice(
        [
            head,
            head + bytes(byte ^ 1 << rng.randrange(8) for byte in part) + tail,
            head + tail,
            head + part + part + tail,
            head + rng.randbytes(rng.randint(1, 20)) + part + tail,
            body + body,
            rng.randbytes(rng.randint(0, 60)),
        ]
    )


def spoilt_csv(rng, body):
    """A CSV whose lines, columns or header are not what they were."""
    header, *lines = body.decode().splitlines(keepends=True)
    some = rng.randrange(max(len(lines), 1))
    line = "".join(lines[some : some + 1])
    names = header.strip().split(",")
    rng.shuffle(names)
    cells = line.strip().split(",")
    hole = rng.randrange(len(cells))
    without = ",".join(cells[:hole] + cells[hole + 1 :]) + "\n"
    before, after = lines[:some], lines[some + 1 :]
    return "".join(
        rng.choice(
            [
                [header, *before, *after],  # a row lost
                [header, *lines, line],  # a row twice
                [header, *before, *before[-1:], *after],  # one lost, another twice
                [header],
                [header, *lines, header],
                lines,
                [*lines, header],
                [",".join(names) + "\n", *lines],
                [header.replace('"', ""), *lines],
                [header.upper(), *lines],
                [header.strip() + ',"more"\n', *lines],
                [header, *before, line + without, *after],
                [header, *before, without, *after],
                [header, *before, line.replace("2026", "2025"), *after],
                [header, *before, line.replace("2026-03", "soon"), *after],
                [header, *before, line.replace('"', "", 1), *after],
                [header, *before, ",".join([""] * len(cells)) + "\n", *after],
                [header, *before, "\n", line, *after],
                [header, *before, line[: rng.randrange(len(line) + 1)]],
                [header, *before, line[: rng.randrange(len(line) + 1)], "\n", *after],
            ]
        )
    ).encode()


def spoilt_value(rng, value):
    """A JSON value with something in it lost, or of a type that it was not."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        name = rng.choice(list(value))
        if rng.random() < 0.2:
            return {k: v for k, v in value.items() if k != name}
        return {**value, name: spoilt_value(rng, value[name])}
    if isinstance(value, list) and value and rng.random() < 0.85:
        some = rng.randrange(len(value))
        other = spoilt_value(rng, value[some])
        return rng.choice(
            [
                value[:some] + value[some + 1 :],
                [*value, value[some]],
                [*value[:some], *value[some + 1 :], *value[:1]],
                value[::-1],
                *3 * [[*value[:some], other, *value[some + 1 :]]],
            ]
        )
    # A text for a text, or null, is what a portal may say.
    return rng.choice(
        [w for w in WRONG if w is not None and type(w) is not type(value)]
    )


def spoilt_features(rng, body):
    """An answer of a layer with features lost, repeated, or of other types."""
    answer = json.loads(body)
    if rng.random() < 0.1:
        return json.dumps({**answer, "error": rng.choice(WRONG)}).encode()
    answer["features"] = spoilt_value(rng, answer["features"])
    return json.dumps(answer).encode()


def spoilt_rows(rng, body):
    return spoilt_csv(rng, body) if body[:1] == b'"' else spoilt_features(rng, body)


def spoilt_words(rng, body):
    """A description or a count, flipped or of other types."""
    if rng.random() < 0.5:
        return spoilt_bytes(rng, body)
    value = json.loads(body)
    return json.dumps(rng.choice([*WRONG, *5 * [spoilt_value(rng, value)]])).encode()


def spoil(portal, rng, times, how, only):
    """Let the portal spoil answers in one way, a few of them or all."""

    def unpacked(asked, reply):
        if how == "status":
            reply.status = rng.choice(STATUSES)
            if reply.status in (204, 304):  # which have no body
                reply.body = b""
        elif how == "kind":
            reply.headers["Content-Type"] = rng.choice(["text/html", "", "image/png"])
        elif how == "structure":
            change = spoilt_rows if is_of_rows(asked) else spoilt_words
            reply.body = change(rng, reply.body)

    def packed(reply):
        if how == "wire":
            reply.body = spoilt_bytes(rng, reply.body)

    portal.spoil(
        lambda asked: only(asked) and rng.random() < 0.7, times, unpacked, packed
    )


WAYS = ["wire", "structure", "structure", "status", "kind"]


@pytest.mark.parametrize("only", [is_of_rows, is_of_no_rows])
def test_rows_are_those_published_or_refused_in_one_sentence(served, published, only):
    portal, _ = served
    dataset, expected = published
    outcomes = set()

    @examples(40)
    @given(
        seed=st.integers(0, 2**32),
        how=st.sampled_from(WAYS),
        times=st.sampled_from([1, 2, 10_000]),
    )
    def check(seed, how, times):
        spoil(portal, random.Random(seed), times, how, only)
        outcomes.add(read_is_true(dataset, expected))

    check()
    assert outcomes == {True, False}


LOAD = ("--window-only", "--no-build", "--today", "2026-03-10")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return live.prepared(tmp_path_factory.mktemp("fuzz") / "home")


def comparable(dataset):
    """The columns in which a layer's numbers are text, or come as one to both."""
    columns = [c for c in dataset.columns if c not in ("Latitude", "Longitude")]
    return msgspec.structs.replace(
        dataset, columns=columns, optional_columns=[], later_columns=[]
    )


@pytest.mark.parametrize("name", ["chicago__incidents", "memphis__incidents"])
def test_a_run_ends_with_0_only_where_the_warehouse_is_the_portal(
    home, name, monkeypatch, capsys
):
    """One home through it all: what a spoilt run leaves, the next one starts from."""
    minutes = itertools.count()
    portal = SpoilingPortal(
        clock=lambda: (
            datetime(2026, 3, 10, tzinfo=UTC) + timedelta(minutes=next(minutes))
        )
    )
    dataset = comparable(read_datasets()[name])
    made = generate(name, 90, date(2026, 2, 2), date(2026, 3, 9), seed=5)
    published = publish(portal, name, made.slice(0, 60))
    ever = set(live.shown(published, dataset))

    def run(url):
        code = live.command_here(monkeypatch, home, url, "daily", name, *LOAD)
        assert "Traceback" not in capsys.readouterr().err
        held, shown = live.held(home, dataset), live.shown(published, dataset)
        ever.update(shown)
        assert set(held) <= ever
        assert code in (0, 1)
        # Where a count was spoilt, rows seemed to come or go: the next run reads on.
        is_moving = live.ledger(home, "outcome")[-1] == ("moving",)
        equal = sorted(map(str, held)) == sorted(map(str, shown))
        rejects = f"from {dataset.schema}.{dataset.entity}_rejects"
        is_short = bool(live.select(home, rejects)) and len(held) < len(shown)
        assert code or equal or is_moving or is_short
        return code

    with serve(portal) as url:
        assert run(url) == 0
        codes = set()

        @examples(6)
        @given(
            seed=st.integers(0, 2**32),
            how=st.sampled_from(WAYS),
            times=st.sampled_from([1, 10_000]),
        )
        def check(seed, how, times):
            rng = random.Random(seed)
            published.delete(rng.sample(published.rows()[published.key].to_pylist(), 1))
            add = published.append if published.key == "ObjectId" else published.upsert
            add(made.slice(rng.randrange(60, 90), 1))
            spoil(portal, rng, times, how, lambda asked: rng.random() < 0.6)
            codes.add(run(url))

        check()
        portal.left = 0
        assert run(url) == 0
    assert codes == {0, 1}
