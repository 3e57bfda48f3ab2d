"""Whatever a publisher does, and whenever a run comes: the warehouse follows.

Hypothesis makes up histories of one table: rows added, edited, deleted, brought back,
the whole table replaced, a column added; runs and days between them. BLOTTER_FUZZ sets
how many histories are tried.
"""

import itertools
import math
import os
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from demo.portal.server import Portal, serve
from pipelines.datasets.windows import daily_window
from pipelines.sync import daily as runs
from pipelines.sync.run import Run
from tests.support import live_portal as live
from tests.support.live_portal import SPRINGFIELD

# A test is many histories of many runs.
pytestmark = pytest.mark.timeout(600)

HISTORIES = int(os.environ.get("BLOTTER_FUZZ", "20"))
BEGIN = datetime(2026, 3, 10, 12, tzinfo=UTC)
RAW = "raw_springfield.incidents"

# A key's row is dated by the key: half of them lie before any window.
KEYS = [f"{number:02d}" for number in range(16)]
DATES = {
    key: f"2026-0{1 + number % 4}-{1 + number:02d}T10:00:00.000"
    for number, key in enumerate(KEYS)
}

keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True)
steps = st.one_of(
    st.tuples(st.just("write"), keys),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("replace"), keys),
    st.tuples(st.just("add_column"), st.just([])),
    st.tuples(st.just("days"), st.integers(0, 40)),
    st.tuples(st.sampled_from(["daily", "daily", "window", "reconcile"]), st.just([])),
)


@dataclass
class History:
    """A portal with one table, a home, and what is known of both."""

    home: Path
    sweep_limit: int
    """Rows; 0 lets most sweeps be skipped, as after a replacement."""
    now: datetime = BEGIN
    written: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By key, every text that a row of it ever held: no two the same."""
    touched: set[str] = field(default_factory=set)
    """Keys written since the last run that sweeps, and not by a replacement."""

    def __post_init__(self):
        self.numbers = itertools.count()
        self.portal = Portal(clock=lambda: self.now)
        self.table = live.springfield(self.portal, [])

    def open(self, url):
        self.dataset = msgspec.structs.replace(
            SPRINGFIELD.at_portal(url),
            optional_columns=["unit"],
            removal_limit_rows=1_000,
            removal_most_pct=math.inf,
            sweep_limit_rows=self.sweep_limit,
            compare_by=["id"],
        )

    def present(self):
        return {row["id"]: row for row in self.table.rows().to_pylist()}

    def row(self, key):
        """A row of a key that says what none has said before."""
        text = f"text-{next(self.numbers)}-of-{key}"
        self.written[key].append(text)
        unit = {"unit": text} if "unit" in self.table.columns else {}
        return {"id": key, "reported": DATES[key], "category": text, **unit}

    def write(self, keys):
        self.table.upsert([self.row(key) for key in keys])
        self.touched |= set(keys)

    def delete(self, keys):
        there = sorted(self.present().keys() & set(keys))
        if there:
            self.table.delete(there)
        self.touched -= set(there)

    def replace(self, keys):
        """Keep what is there but for these keys: edited if there, else added."""
        rows = [row for key, row in self.present().items() if key not in keys]
        self.table.replace([*rows, *(self.row(key) for key in keys)])
        # All rows are new to a sweep; in the month's counts an edit is not seen.
        self.touched |= self.present().keys()

    def add_column(self, _):
        if "unit" not in self.table.columns:
            self.table.add_column("unit", "text")

    def days(self, number):
        self.now += timedelta(days=number)

    def daily(self, _=None, reconcile=False, **options):
        self.now += timedelta(minutes=1)
        with live.opened(self.home, self.dataset) as warehouse:
            run = Run(warehouse, "daily", self.now, patience=live.IMPATIENT)
            work = runs.reconcile if reconcile else runs.daily
            assert work(run, self.dataset, **options) is None
        check(self, reconcile=reconcile, **options)
        if not options.get("window_only"):
            self.touched.clear()

    def window(self, _):
        self.daily(window_only=True)

    def reconcile(self, _):
        self.daily(reconcile=True)


def held(history):
    names = ", ".join(["row_id", *history.dataset.loaded_columns])
    rows = live.select(
        history.home, f"select {names} from {RAW} where removed_at is null"
    )
    return {row_id: tuple(values) for row_id, *values in rows}


def shown(history):
    names = history.dataset.loaded_columns
    return {
        key: tuple(row.get(name) for name in names)
        for key, row in history.present().items()
    }


def check(history, window_only=False, reconcile=False):
    """What must hold after every run."""
    ours, theirs = held(history), shown(history)
    opens = f"{daily_window(history.now.date()).start}T00:00:00.000"
    first = f"{history.dataset.backfill_from}"
    for key in KEYS:
        in_window = DATES[key] >= opens
        can_see = in_window or (not window_only and DATES[key] >= first)
        is_swept = can_see and history.sweep_limit and key in history.touched
        if in_window or is_swept:
            assert ours.get(key) == theirs.get(key), key
        elif reconcile and can_see:
            assert (key in ours) == (key in theirs), key
        elif key in ours:
            assert ours[key][2] in history.written[key], key
    check_log(history, ours)
    check_erasure(history, ours)


def check_log(history, ours):
    """From nothing, entry by entry, the log leads to the rows that are there."""
    entries = live.select(
        history.home,
        "select row_id, change, changed_fields, changed_at "
        f"from {RAW}_changes order by changed_at, row_id",
    )
    assert len({(row_id, at) for row_id, _, _, at in entries}) == len(entries)
    state, edits = {}, defaultdict(list)
    follows = {
        "added": (None,),
        "changed": ("there",),
        "removed": ("there",),
        "restored": ("gone",),
    }
    for row_id, change, fields, at in entries:
        assert state.get(row_id) in follows[change], (row_id, change)
        state[row_id] = "gone" if change == "removed" else "there"
        if change == "changed":
            edits[row_id].append((at, fields))
        else:
            edits[row_id].clear()  # A removal erases what was before it.
    assert {row_id for row_id, is_ in state.items() if is_ == "there"} == ours.keys()
    check_versions(history, ours, edits)


def check_versions(history, ours, edits):
    """Each edit's former version differs from the next in the fields it names."""
    names = history.dataset.loaded_columns
    former = defaultdict(list)
    for row_id, at, *values in live.select(
        history.home,
        f"select row_id, replaced_at, {', '.join(names)} "
        f"from {RAW}_former order by replaced_at",
    ):
        former[row_id].append((at, tuple(values)))
    for row_id in former.keys() | edits.keys():
        versions = former[row_id]
        assert [at for at, _ in versions] == [at for at, _ in edits[row_id]], row_id
        chain = [values for _, values in versions] + [ours.get(row_id)]
        for before, after, (_, fields) in zip(
            chain, chain[1:], edits[row_id], strict=False
        ):
            pairs = zip(names, before, after, strict=True)
            assert ",".join(n for n, b, a in pairs if b != a) == fields


def check_erasure(history, ours):
    """Of a row that is gone no text is left, in no table and no other file."""
    content = str(live.raw_tables(history.home))
    content += str(live.select(history.home, "from ledger.runs"))
    for path in history.home.rglob("*"):
        if path.is_file() and path.name != "blotter.duckdb":
            content += path.read_bytes().decode("latin-1")
    for key, texts in history.written.items():
        if key not in ours:
            assert [text for text in texts if f"{text}'" in content] == []


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    home = tmp_path_factory.mktemp("prepared") / "home"
    wider = msgspec.structs.replace(SPRINGFIELD, optional_columns=["unit"])
    with live.opened(home, wider):
        return home


@settings(
    max_examples=HISTORIES,
    deadline=None,
    derandomize="BLOTTER_FUZZ" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(steps, min_size=4, max_size=12), st.sampled_from([1_000, 0]))
@example(
    [
        *[("write", KEYS[:8]), ("daily", []), ("write", KEYS[:4]), ("daily", [])],
        *[("delete", KEYS[:6]), ("daily", []), ("write", KEYS[:3]), ("daily", [])],
        *[("add_column", []), ("write", KEYS[2:7]), ("daily", [])],
        *[("replace", KEYS[5:12]), ("days", 40), ("reconcile", []), ("window", [])],
    ],
    0,
)
def test_after_every_run_the_warehouse_is_what_it_could_see(
    prepared, history, sweep_limit
):
    home = prepared.with_name("history")
    shutil.rmtree(home, ignore_errors=True)
    told = History(live.copied(prepared, home), sweep_limit)
    with serve(told.portal) as url:
        told.open(url)
        for name, argument in [*history, ("daily", [])]:
            getattr(told, name)(argument)
