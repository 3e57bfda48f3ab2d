"""Keys that are reissued for a whole table: told, and followed on request."""

from datetime import UTC, datetime

import pytest

from demo.portal.server import Portal, serve
from pipelines.errors import RekeyedError, TooManyRemovalsError
from pipelines.sync import daily as runs
from pipelines.sync.run import Run
from tests.support import live_portal as live
from tests.support.live_portal import SPRINGFIELD, TODAY, soda_rows, springfield

FORMER = [{**row, "district": f"{n:02d}"} for n, row in enumerate(soda_rows(60))]
RENAMED = [{**row, "id": f"SP2026-{row['id']}"} for row in FORMER]


@pytest.fixture
def portal():
    return Portal()


@pytest.fixture
def url(portal):
    with serve(portal) as address:
        yield address


@pytest.fixture
def home(portal, url, tmp_path):
    """A home with sixty rows, one of them corrected on the second day."""
    published = springfield(portal, FORMER)
    assert live.daily(tmp_path, at(url), whole=True) is None
    published.upsert([{**FORMER[7], "category": "Robbery"}])
    assert live.daily(tmp_path, at(url), whole=True) is None
    return tmp_path


def at(url):
    return SPRINGFIELD.at_portal(url)


def rekeyed(home, url):
    dataset = at(url)
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    with live.opened(home, dataset) as warehouse:
        run = Run(warehouse, "reconcile", noon, patience=live.IMPATIENT)
        return runs.reconcile(run, dataset, rekeyed=True)


def corrected(rows):
    """The table as it stands, with row 7's correction."""
    return [{**r, "category": "Robbery"} if n == 7 else r for n, r in enumerate(rows)]


def republish(portal, rows):
    """Replace the table, as publishers do who issue keys."""
    published = portal.datasets["abcd-1234"]
    published.replace(rows)


def test_a_day_with_new_keys_says_so_and_writes_nothing(portal, url, home):
    before = live.raw_tables(home)
    republish(portal, corrected(RENAMED))
    failure = live.daily(home, at(url), whole=True)
    assert isinstance(failure, RekeyedError)
    assert "shows 60 of 60 rows of 2026-02-01 on under other keys" in str(failure)
    assert "`blotter reconcile springfield__incidents --rekeyed`" in str(failure)
    assert live.raw_tables(home) == before


def test_rows_are_carried_over_with_their_history_and_log(portal, url, home):
    republish(portal, corrected(RENAMED))
    assert rekeyed(home, url) is None
    held = live.held(home, SPRINGFIELD)
    assert held == [
        (r["id"], r["reported"], r["category"], r["district"])
        for r in corrected(RENAMED)
    ]
    log = live.log_of(home, SPRINGFIELD)
    # Each is one row: added once, never removed; the change of its key is a change.
    assert sorted(log) == sorted(
        [(r["id"], "added", None) for r in RENAMED]
        + [(r["id"], "changed", "id") for r in RENAMED]
        + [("SP2026-00007", "changed", "category")]
    )
    former = live.select(
        home, "select row_id, id, category from raw_springfield.incidents_former"
    )
    assert ("SP2026-00007", "00007", "Theft") in former
    assert ("SP2026-00007", "00007", "Robbery") in former
    assert len(former) == 61
    # The next day finds nothing to do.
    assert live.daily(home, at(url), whole=True) is None
    assert len(live.log_of(home, SPRINGFIELD)) == len(log)


def test_what_changed_along_with_the_keys_is_logged_as_what_it_is(portal, url, home):
    """Two rows sealed, one new, one corrected in the same night."""
    rows = corrected(RENAMED)[2:]
    rows[10] = {**rows[10], "category": "Arson"}
    rows.append({**soda_rows(1, first=99)[0], "district": "99"})
    republish(portal, rows)
    assert rekeyed(home, url) is None
    log = live.log_of(home, SPRINGFIELD)
    kinds = [change for _, change, _ in log]
    # The corrected row has no partner: under the new keys it is another one.
    assert kinds.count("removed") == 3
    assert kinds.count("added") == 60 + 2
    assert kinds.count("changed") == 57 + 1


def test_keys_that_were_not_reissued_are_refused(portal, url, home):
    """Other rows in their place are removals and additions."""
    before = live.raw_tables(home)
    others = [
        {**row, "id": f"SP2026-{row['id']}", "district": f"x{number}"}
        for number, row in enumerate(soda_rows(60, first=500))
    ]
    republish(portal, others)
    failure = live.daily(home, at(url), whole=True)
    assert type(failure) is TooManyRemovalsError
    failure = rekeyed(home, url)
    assert isinstance(failure, TooManyRemovalsError)
    assert live.raw_tables(home) == before


def test_the_next_build_makes_every_fact_again(portal, url, home):
    with live.opened(home) as warehouse:
        line = {"run_id": "1", "dataset": "(models)", "outcome": "dbt_ok"}
        warehouse.ledger.open_run({**line, "declaration": "as it was"})
    republish(portal, corrected(RENAMED))
    assert rekeyed(home, url) is None
    asked = "select declaration from ledger.runs where run_id = '1'"
    assert live.select(home, asked) == [(None,)]
