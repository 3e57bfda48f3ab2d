"""The fact of changes equals a replay, in plain Python, of what befell the rows."""

import csv
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.raw_tables import make_raw, published_names, remove
from tests.support.scratch_warehouse import ROOT, Warehouse

CHANGES, REPORTS = "fct_incident_changes", "rpt_reclassifications_by_month"
MODELS = [CHANGES, REPORTS, "rpt_incident_changes_by_day"]
SF, CHICAGO = "san_francisco__incidents", "chicago__incidents"
ZONES = {
    SF: ZoneInfo("America/Los_Angeles"),
    CHICAGO: ZoneInfo("America/Chicago"),
}
# Half past four in the morning UTC is the evening before in both cities.
FIRST = datetime(2024, 2, 28, 4, 30, 0, 123457, tzinfo=UTC)
MARKER = "Sealed by a court"
CHECKS = {
    "assert_changes_are_conserved",
    "assert_changes_lead_to_present_values",
    "assert_raw_columns_have_one_type",
    "assert_removed_incidents_hold_no_values",
    "assert_rows_are_conserved",
}
COLUMNS = [
    *("change_id", "incident_id", "city", "row_id", "change", "changed_date"),
    *("run_id", "changed_fields", "has_values"),
    *(
        f"{name}_{moment}"
        for name in (
            *("incident_category", "resolution", "police_district"),
            *("council_district", "neighborhood"),
            *("occurred_at_local", "reported_at_local"),
        )
        for moment in ("before", "after")
    ),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("changes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_HOME", str(folder))
        patch.setenv("BLOTTER_TARGET", "duckdb")
        yield folder


@pytest.fixture(scope="module")
def seeded(home: Path) -> Path:
    """A warehouse file with empty raw tables, the seeds and the views."""
    warehouse = Warehouse(home)
    make_raw(warehouse.path, {})
    selection = ("--select", "resource_type:seed", *(f"+{m}" for m in MODELS))
    statuses = warehouse.dbt("build", *selection, "--resource-type", "model", "seed")
    assert set(statuses.values()) == {"success"}, statuses
    return shutil.move(warehouse.path, home / "seeded.duckdb")


@pytest.fixture
def warehouse(home: Path, seeded: Path) -> Warehouse:
    warehouse = Warehouse(home)
    shutil.copy(seeded, warehouse.path)
    return warehouse


def text_or_none(value: str | None) -> str | None:
    return (value or "").strip() or None


def moment_or_none(value: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(value or "")
    except ValueError:
        return None


def supervisor_district(row: dict[str, str]) -> str | None:
    """By the lines of the day, so none without a day; all days are after 2022."""
    if moment_or_none(row.get("incident_datetime")) is None:
        return None
    return (row.get("supervisor_district") or "").removesuffix(".0") or None


def read_san_francisco(row: dict[str, str]) -> tuple:
    """The analytic fields of a published row, in the order of the fact's columns."""
    return (
        text_or_none(row.get("incident_category")),
        text_or_none(row.get("resolution")),
        text_or_none(row.get("police_district")),
        supervisor_district(row),
        text_or_none(row.get("analysis_neighborhood")),
        moment_or_none(row.get("incident_datetime")),
        moment_or_none(row.get("report_datetime")),
    )


def community_areas() -> dict[str, str]:
    with (ROOT / "seeds" / "neighborhoods.csv").open() as file:
        return {
            row["neighborhood_code"]: row["neighborhood"]
            for row in csv.DictReader(file)
            if row["city"] == "chicago"
        }


def read_chicago(row: dict[str, str]) -> tuple:
    area = (row.get("community_area") or "").removesuffix(".0") or None
    district = row.get("district")
    return (
        text_or_none(row.get("primary_type")),
        None,
        district.rjust(3, "0") if district else None,
        (row.get("ward") or "").lstrip("0") or None,
        community_areas().get(area, area),
        moment_or_none(row.get("date")),
        None,
    )


READ = {SF: read_san_francisco, CHICAGO: read_chicago}


@dataclass
class Replay:
    """What was done to the rows, and what the fact has to say of it."""

    path: Path
    shown: dict[tuple[str, str], dict[str, str] | None] = field(default_factory=dict)
    log: dict[str, dict[str, Any]] = field(default_factory=dict)

    def load(self, dataset: str, instant: datetime, rows: list[dict[str, str]]) -> None:
        """Show rows on a portal and load them."""
        for row in rows:
            self._show(dataset, instant, row)
        stamps = {"loaded_at": instant, "run_id": f"run {instant:%d}"}
        make_raw(self.path, {dataset: [row | stamps for row in rows]})

    def remove(self, dataset: str, instant: datetime, row_ids: list[str]) -> None:
        for row_id in row_ids:
            if self.shown.get((dataset, row_id)) is None:
                continue
            for entry in self.log.values():
                if entry["incident_id"] == incident_id(dataset, row_id):
                    erase(entry)
            self._enter(dataset, instant, row_id, "removed", "run")
            self.shown[dataset, row_id] = None
        remove(self.path, dataset, row_ids, instant)

    def _show(self, dataset: str, instant: datetime, row: dict[str, str]) -> None:
        key, run_id = (dataset, row["row_id"]), f"run {instant:%d}"
        if key not in self.shown:
            self._enter(dataset, instant, row["row_id"], "added", run_id)
        elif (before := self.shown[key]) is None:
            self._enter(dataset, instant, row["row_id"], "restored", run_id)
        elif fields := [
            name
            for name in published_names(dataset)
            if before.get(name.lower()) != row.get(name.lower())
        ]:
            entry = self._enter(dataset, instant, row["row_id"], "changed", run_id)
            values = zip(READ[dataset](before), READ[dataset](row), strict=True)
            entry |= zip(COLUMNS[9:], [v for pair in values for v in pair], strict=True)
            entry |= {"changed_fields": ",".join(fields), "has_values": True}
        self.shown[key] = row

    def _enter(
        self, dataset: str, instant: datetime, row_id: str, change: str, run_id: str
    ) -> dict[str, Any]:
        microseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
            microseconds=1
        )
        key = f"{incident_id(dataset, row_id)}:{microseconds}"
        self.log[key] = dict.fromkeys(COLUMNS) | {
            "change_id": key,
            "incident_id": incident_id(dataset, row_id),
            "city": dataset.split("__")[0],
            "row_id": row_id,
            "change": change,
            "changed_date": instant.astimezone(ZONES[dataset]).date(),
            "run_id": run_id,
            "has_values": False,
        }
        return self.log[key]


def incident_id(dataset: str, row_id: str) -> str:
    return f"{dataset.split('__')[0]}:{row_id}"


def erase(entry: dict[str, Any]) -> None:
    entry |= dict.fromkeys(COLUMNS[9:]) | {"changed_fields": None, "has_values": False}


def facts(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    rows = warehouse.query(f"select {', '.join(COLUMNS)} from marts.{CHANGES}")
    found = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows}
    assert len(found) == len(rows)
    return found


def report(row_id: str, **fields: str) -> dict[str, str]:
    """A San Francisco row as published."""
    return {
        "row_id": row_id,
        "incident_number": row_id,
        "incident_datetime": "2024-01-07T22:00:00.000",
        "report_datetime": "2024-01-08T09:00:00.000",
        "incident_category": "Robbery",
        "resolution": "Open or Active",
        "police_district": "Central",
        "supervisor_district": "4",
        "analysis_neighborhood": "Chinatown",
        **fields,
    }


def crime(row_id: str, **fields: str) -> dict[str, str]:
    """A Chicago row as published."""
    return {
        "row_id": row_id,
        "date": "2024-02-01T10:00:00.000",
        "primary_type": "THEFT",
        "district": "1",
        "ward": "07",
        "community_area": "25",
        **fields,
    }


def any_report(dice: random.Random, row_id: str) -> dict[str, str]:
    row = report(
        row_id,
        incident_category=dice.choice(["Robbery", " Fraud ", "", "Arson"]),
        resolution=dice.choice(["Open or Active", "Cite or Arrest Adult"]),
        supervisor_district=dice.choice(["4", "4.0", "11"]),
        incident_datetime=dice.choice(["2024-01-07T22:00:00.000", "soon"]),
        intersection=dice.choice(["A ST", "B ST"]),
    )
    if dice.random() < 0.2:
        del row["report_datetime"], row["analysis_neighborhood"]
    return row


def any_crime(dice: random.Random, row_id: str) -> dict[str, str]:
    return crime(
        row_id,
        primary_type=dice.choice(["THEFT", "BATTERY"]),
        district=dice.choice(["1", "012"]),
        community_area=dice.choice(["25", "25.0", "1", "99"]),
    )


def test_the_fact_replays_added_changed_removed_and_restored_rows(
    warehouse: Warehouse,
) -> None:
    """Of one row each kind in turn, beside a hundred rows with a life of their own.

    Two loads lie between some builds; the last build is compared with one in full.
    """
    dice, replay = random.Random(11), Replay(warehouse.path)
    days = [FIRST + timedelta(days=n) for n in range(7)]
    script = [
        [report("1"), report("2", incident_category=MARKER)],
        [report("1", incident_category="Fraud"), report("2", resolution=MARKER)],
        [report("1", incident_category="Arson"), report("2")],
        [report("1", incident_category="Arson", resolution="Unfounded")],
        [],
        [report("1", incident_category="Vandalism")],
        [report("1", incident_category="Robbery")],
    ]
    for number, (day, rows) in enumerate(zip(days, script, strict=True)):
        ids = [str(n) for n in dice.sample(range(10, 60), 30)]
        replay.load(SF, day, rows + [any_report(dice, n) for n in ids[:25]])
        evening = day + timedelta(hours=9)
        replay.load(CHICAGO, evening, [any_crime(dice, n) for n in ids[:20]])
        if number == 4:
            assert MARKER in str(warehouse.query(f"from marts.{CHANGES}"))
            replay.remove(SF, day + timedelta(hours=1), ["1", "2"])
        replay.remove(SF, day + timedelta(hours=2), ids[25:])
        replay.remove(CHICAGO, evening + timedelta(hours=2), ids[18:])
        if number != 2:
            warehouse.build(*MODELS)
            assert facts(warehouse) == replay.log, f"day {number}"
    kinds = [entry["change"] for entry in replay.log.values() if entry["row_id"] == "1"]
    assert kinds == [
        *("added", "changed", "changed", "changed", "removed", "restored", "changed")
    ]
    assert sum(entry["has_values"] for entry in replay.log.values()) > 50
    assert MARKER not in str(everything(warehouse))
    assert reclassified(warehouse) == moves(replay)
    statuses = warehouse.dbt("test", "--select", *CHECKS)
    assert statuses == dict.fromkeys(CHECKS, "pass")
    assert warehouse.difference_to_full_refresh(CHANGES) == []


def everything(warehouse: Warehouse) -> list[list[tuple]]:
    relations = warehouse.query(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_schema in ('staging', 'intermediate', 'marts')"
    )
    return [warehouse.query(f"from {name}") for (name,) in relations]


def reclassified(warehouse: Warehouse) -> dict[tuple, int]:
    rows = warehouse.query(
        "select city, month_start, incident_category_before, incident_category_after,"
        f" row_count from marts.{REPORTS}"
    )
    return {tuple(row[:4]): row[4] for row in rows}


def moves(replay: Replay) -> dict[tuple, int]:
    """Rows by city, month and the categories between which they moved."""
    moved: dict[tuple, set[str]] = {}
    for entry in replay.log.values():
        pair = entry["incident_category_before"], entry["incident_category_after"]
        if entry["has_values"] and pair[0] != pair[1]:
            month = entry["changed_date"].replace(day=1)
            key = (entry["city"], month, *(name or "Unknown" for name in pair))
            moved.setdefault(key, set()).add(entry["row_id"])
    assert {month for _, month, *_ in moved} == {date(2024, 2, 1), date(2024, 3, 1)}
    return {key: len(rows) for key, rows in moved.items()}


def test_a_build_without_new_changes_leaves_the_fact_as_it_is(
    warehouse: Warehouse,
) -> None:
    replay = Replay(warehouse.path)
    replay.load(SF, FIRST, [report("1"), report("2")])
    replay.load(SF, FIRST + timedelta(1), [report("1", resolution="Unfounded")])
    warehouse.build(*MODELS)
    # A value that a rebuilt entry would lose.
    warehouse.change(f"update marts.{CHANGES} set run_id = 'untouched'")
    # A late load of another city is older than the newest change.
    replay.load(CHICAGO, FIRST + timedelta(hours=1), [crime("1")])
    warehouse.build(*MODELS)
    assert warehouse.query(
        f"select incident_id, change, run_id from marts.{CHANGES} order by all"
    ) == [
        ("chicago:1", "added", "run 28"),
        ("san_francisco:1", "added", "untouched"),
        ("san_francisco:1", "changed", "untouched"),
        ("san_francisco:2", "added", "untouched"),
    ]


@pytest.mark.parametrize(
    ("sabotage", "caught_by"),
    [
        (
            "delete from marts.fct_incident_changes where change = 'added' and "
            "row_id = '1'",
            "assert_changes_are_conserved",
        ),
        (
            "insert into raw_san_francisco.incidents_changes (row_id, change) "
            "values ('9', 'removed')",
            "assert_changes_are_conserved",
        ),
        (
            "update marts.fct_incident_changes set resolution_after = 'Open' "
            "where has_values and changed_date = '2024-02-28'",
            "assert_changes_lead_to_present_values",
        ),
        (
            "update marts.fct_incidents set resolution = 'Open' where row_id = '1'",
            "assert_changes_lead_to_present_values",
        ),
        (
            "update marts.fct_incident_changes set neighborhood_before = 'Chinatown' "
            "where change = 'removed'",
            "assert_removed_incidents_hold_no_values",
        ),
        (
            "update marts.fct_incident_changes set resolution_after = 'Open' "
            "where change = 'changed' and row_id = '2'",
            "assert_removed_incidents_hold_no_values",
        ),
        (
            "update marts.fct_incidents set incident_id = 'san_francisco:2', "
            "row_id = '2'",
            "assert_removed_incidents_hold_no_values",
        ),
        (
            "alter table raw_memphis.incidents_rejects add column reason__v_text text",
            "assert_raw_columns_have_one_type",
        ),
    ],
)
def test_a_broken_log_fails_the_build(
    changed_and_removed: Path, warehouse: Warehouse, sabotage: str, caught_by: str
) -> None:
    shutil.copy(changed_and_removed, warehouse.path)
    warehouse.change(sabotage)
    assert warehouse.dbt("test", "--select", caught_by) == {caught_by: "fail"}


@pytest.fixture(scope="module")
def changed_and_removed(home: Path, seeded: Path) -> Path:
    """A warehouse with a row changed twice and one removed after a change."""
    warehouse = Warehouse(home)
    shutil.copy(seeded, warehouse.path)
    replay, days = Replay(warehouse.path), [FIRST + timedelta(n) for n in range(4)]
    replay.load(SF, days[0], [report("1"), report("2")])
    for day, words in zip(days[1:3], ["Unfounded", "Closed"], strict=True):
        replay.load(SF, day, [report(n, resolution=words) for n in ("1", "2")])
    replay.remove(SF, days[3], ["2"])
    warehouse.build(*MODELS)
    statuses = warehouse.dbt("test", "--select", *CHECKS)
    assert statuses == dict.fromkeys(CHECKS, "pass")
    return shutil.move(warehouse.path, home / "changed_and_removed.duckdb")
