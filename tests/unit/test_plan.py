"""A plan of what a run reads, from its wish and from what is known; no portal asked."""

from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec

from pipelines.datasets.dataset import AreasDataset, FileDataset, SodaDataset
from pipelines.datasets.windows import WHOLE_TABLE, Window
from pipelines.sync.plan import Known, Plan, plan_backfill, plan_day, rests

TODAY = date(2026, 5, 14)
PLACE = SodaDataset(
    name="springfield__incidents",
    title="Springfield",
    url="https://data.springfield.example/resource/abcd-1234",
    zone="America/Chicago",
    backfill_from=date(2026, 1, 1),
    window_column="reported",
    key=["id"],
    columns=["id", "reported", "category"],
)
FILE = FileDataset(
    name="springfield__counties",
    title="Counties",
    url="https://files.springfield.example/counties.csv",
    zone="America/Chicago",
    key=["id"],
    columns=["id", "people"],
)
AREAS = AreasDataset(
    name="springfield__areas",
    title="Areas",
    url="https://files.springfield.example/areas.geojson",
    zone="America/Chicago",
    key=["id"],
    columns=["id", "geometry"],
    box=(-90.0, 39.0, -89.0, 40.0),
)

# The two months up to today, and those before them.
WINDOW = Window(date(2026, 4, 1), None, undated=True)
MARCH = Window(date(2026, 3, 1), date(2026, 4, 1))
FEBRUARY = Window(date(2026, 2, 1), date(2026, 3, 1))
JANUARY = Window(date(2026, 1, 1), date(2026, 2, 1))
MONTHS = frozenset({date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)})
YESTERDAY = datetime(2026, 5, 13, 12, tzinfo=UTC)
NOTHING_READ = Plan(WINDOW, reads_window=False, is_unchanged=True, looks_back=True)


def line(dataset, start, version="7", swept_to=YESTERDAY):
    """The ledger's line of a good read."""
    return {
        "portal_version": version,
        "window_start": start,
        "declaration": dataset.fingerprint,
        "swept_to": swept_to,
    }


# All was read yesterday, at version 7, and the portal shows version 8.
ORDINARY = Known(
    today=TODAY,
    version="8",
    can_sweep=True,
    last_read=line(PLACE, WINDOW.start),
    finished=MONTHS,
    swept_to=YESTERDAY,
    read_on=date(2026, 5, 13),
    compared_on=date(2026, 5, 12),
)
UNCHANGED = replace(ORDINARY, version="7")


def test_a_first_load_reads_the_window_and_then_every_month_since_the_first():
    known = Known(today=TODAY, version="7", can_sweep=True)
    assert plan_day(PLACE, known) == Plan(
        WINDOW, months=(MARCH, FEBRUARY, JANUARY), looks_back=True, reread=1
    )


def test_an_ordinary_day_reads_the_window_and_sweeps_from_the_last_sweep_on():
    plan = plan_day(PLACE, ORDINARY)
    assert plan == Plan(WINDOW, looks_back=True, sweep_from=YESTERDAY, reread=1)
    assert plan.windows == [WINDOW]


def test_where_no_sweep_is_possible_or_declared_none_is_planned():
    no_sweep = Plan(WINDOW, looks_back=True, sweep_from=None, reread=1)
    assert plan_day(PLACE, replace(ORDINARY, can_sweep=False)) == no_sweep
    never = msgspec.structs.replace(PLACE, sweeps=False)
    assert plan_day(never, ORDINARY) == no_sweep


def test_a_version_that_did_not_move_is_believed_and_nothing_is_read():
    plan = plan_day(PLACE, UNCHANGED)
    assert plan == NOTHING_READ
    assert plan.windows == []


def test_a_version_is_not_believed_where_anything_else_is_another():
    moved = {
        "no version": replace(UNCHANGED, version=None),
        "never read": replace(UNCHANGED, last_read=None),
        "no version then": replace(
            UNCHANGED, last_read=line(PLACE, WINDOW.start, version=None)
        ),
        "another window": replace(UNCHANGED, last_read=line(PLACE, date(2026, 3, 1))),
        "another declaration": replace(UNCHANGED, last_read=line(FILE, WINDOW.start)),
        "older rows were left out": replace(
            UNCHANGED, last_read=line(PLACE, WINDOW.start, swept_to=None)
        ),
    }
    for why, known in moved.items():
        plan = plan_day(PLACE, known)
        assert (plan.windows, plan.doubts_version) == ([WINDOW], False), why


def test_after_a_week_a_version_that_did_not_move_is_read_all_the_same():
    doubted = Plan(
        WINDOW, doubts_version=True, looks_back=True, sweep_from=YESTERDAY, reread=1
    )
    six_days = replace(UNCHANGED, read_on=date(2026, 5, 8))
    assert plan_day(PLACE, six_days) == NOTHING_READ
    assert plan_day(PLACE, replace(UNCHANGED, read_on=date(2026, 5, 7))) == doubted
    assert plan_day(PLACE, replace(UNCHANGED, read_on=None)) == doubted
    for_ever = msgspec.structs.replace(PLACE, reread_days=0)
    assert plan_day(for_ever, replace(UNCHANGED, read_on=None)) == NOTHING_READ


def test_months_are_compared_once_a_week():
    six_days = replace(ORDINARY, compared_on=date(2026, 5, 8))
    assert plan_day(PLACE, six_days).compare is False
    seven_days = replace(ORDINARY, compared_on=date(2026, 5, 7))
    assert plan_day(PLACE, seven_days).compare is True
    never = msgspec.structs.replace(PLACE, compare_days=0)
    assert plan_day(never, seven_days).compare is False
    assert plan_day(PLACE, replace(UNCHANGED, compared_on=date(2026, 5, 7))) == Plan(
        WINDOW,
        doubts_version=True,
        looks_back=True,
        sweep_from=YESTERDAY,
        compare=True,
        reread=1,
    )


def test_a_month_that_was_never_read_is_read_though_the_version_stands():
    known = replace(UNCHANGED, finished=MONTHS - {date(2026, 2, 1)})
    plan = plan_day(PLACE, known)
    assert plan.windows == [WINDOW, FEBRUARY]
    assert plan.doubts_version is True


def test_to_reconcile_is_to_compare_and_to_read_again_all_that_no_sweep_told_of():
    assert plan_day(PLACE, ORDINARY, reconcile=True) == Plan(
        WINDOW, looks_back=True, sweep_from=YESTERDAY, compare=True, reread=None
    )
    stands = plan_day(PLACE, UNCHANGED, reconcile=True)
    assert (stands.windows, stands.compare) == ([WINDOW], True)


def test_window_only_reads_no_month_and_looks_back_at_nothing():
    known = replace(ORDINARY, finished=frozenset(), compared_on=date(2026, 5, 1))
    assert plan_day(PLACE, known, window_only=True) == Plan(WINDOW)
    left_out = replace(UNCHANGED, last_read=line(PLACE, WINDOW.start, swept_to=None))
    assert plan_day(PLACE, left_out, window_only=True) == Plan(
        WINDOW, reads_window=False, is_unchanged=True
    )
    week_old = replace(UNCHANGED, read_on=date(2026, 5, 7))
    assert plan_day(PLACE, week_old, window_only=True) == Plan(
        WINDOW, doubts_version=True
    )


def test_a_backfill_reads_the_named_months_that_were_not_read_yet():
    known = replace(ORDINARY, finished=frozenset({date(2026, 2, 1)}))
    plan = plan_backfill(PLACE, known, date(2026, 1, 20), date(2026, 3, 2))
    assert plan.windows == [MARCH, JANUARY]
    again = plan_backfill(PLACE, known, date(2026, 1, 20), date(2026, 3, 2), again=True)
    assert again.windows == [MARCH, FEBRUARY, JANUARY]
    assert (plan.looks_back, plan.compare, plan.reread) == (False, False, 0)


def test_a_backfill_that_reaches_the_window_reads_all_of_it():
    known = replace(ORDINARY, finished=frozenset())
    assert plan_backfill(PLACE, known).windows == [WINDOW, MARCH, FEBRUARY, JANUARY]
    into_april = plan_backfill(PLACE, known, date(2026, 3, 1), date(2026, 4, 1))
    assert into_april.windows == [WINDOW, MARCH]
    older = plan_backfill(PLACE, known, date(2025, 12, 31), date(2025, 12, 31))
    assert older.windows == [Window(date(2025, 12, 1), date(2026, 1, 1))]


def test_files_and_areas_are_read_whole_and_have_no_months():
    for whole in (FILE, AREAS):
        known = Known(
            today=TODAY,
            version="8",
            last_read=line(whole, date.min),
            read_on=date(2026, 5, 13),
        )
        read = Plan(WHOLE_TABLE, looks_back=True, reread=0)
        assert plan_day(whole, known) == read
        believed = plan_day(whole, replace(known, version="7"))
        assert believed == replace(read, reads_window=False, is_unchanged=True)
        doubted = replace(known, version="7", read_on=date(2026, 5, 7))
        assert plan_day(whole, doubted) == replace(read, doubts_version=True)
        named = plan_backfill(whole, known, date(2026, 1, 1), date(2026, 1, 1))
        assert named.windows == [WHOLE_TABLE]


def test_a_data_set_that_is_read_every_seven_days_rests_for_six():
    weekly = msgspec.structs.replace(PLACE, read_every_days=7)
    last = line(weekly, WINDOW.start, swept_to=datetime(2026, 5, 8, 12, tzinfo=UTC))
    assert rests(weekly, last, TODAY) is True
    assert rests(weekly, last, date(2026, 5, 15)) is False
    # A look that lies ahead; and one in the evening of the city's day before.
    assert rests(weekly, last, date(2026, 5, 7)) is False
    evening = {**last, "swept_to": datetime(2026, 5, 8, 3, tzinfo=UTC)}
    assert rests(weekly, evening, TODAY) is False
    assert rests(weekly, None, TODAY) is False
    assert rests(weekly, {**last, "swept_to": None}, TODAY) is False
    assert rests(weekly, {**last, "declaration": "another"}, TODAY) is False
    assert rests(PLACE, last, date(2026, 5, 8)) is False
