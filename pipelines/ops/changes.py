"""Summaries of the change logs."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from pipelines.cells import csv_cell
from pipelines.clock import iso
from pipelines.datasets.dataset import Dataset
from pipelines.warehouse.warehouse import Warehouse

KINDS = ("added", "changed", "removed", "restored")


def changes_since(
    warehouse: Warehouse, dataset: Dataset, since: date | None
) -> list[dict[str, Any]]:
    """Rows of a data set by day (UTC), newest day last.

    Args:
        since: First day; None means the newest run that wrote anything.

    Returns:
        dataset, day, a count per kind of change, and the changed fields with the
        number of rows in which each changed.
    """
    changes = f"{warehouse.table(dataset)}_changes"
    if since is None:
        condition = f"run_id = ({newest_run(warehouse, changes)})"
        values: dict[str, Any] = {"dataset": dataset.name}
    else:
        condition, values = "changed_at >= $since", {"since": start_of(since)}
    with warehouse.connect() as connection:
        rows = connection.execute(
            "select cast(changed_at as date) as day, change, changed_fields, "
            f"count(*) as n from {changes} where {condition} "
            "group by cast(changed_at as date), change, changed_fields",
            values,
        ).fetchall()
    return [{"dataset": dataset.name, **day} for day in by_day(rows)]


def newest_run(warehouse: Warehouse, changes: str) -> str:
    """SQL of the newest run of $dataset that wrote anything to its change log."""
    return f"""
        select run_id from {warehouse.ledger.runs}
        where dataset = $dataset and run_id in (select run_id from {changes})
        order by number desc nulls last, started_at desc limit 1
    """


def by_day(rows: Iterable[tuple[date, str, str | None, int]]) -> list[dict[str, Any]]:
    """Counts by day, kind of change and changed fields, as one entry per day."""
    days: dict[date, dict[str, int]] = {}
    fields: dict[date, Counter[str]] = {}
    for day, change, changed_fields, count in rows:
        days.setdefault(day, dict.fromkeys(KINDS, 0))[change] += count
        names = changed_fields.split(",") if changed_fields else []
        fields.setdefault(day, Counter()).update(dict.fromkeys(names, count))
    return [
        {"day": str(day), **days[day], "changed_fields": most_first(fields[day])}
        for day in sorted(days)
    ]


def most_first(counts: Counter[str]) -> dict[str, int]:
    """Counts in descending order, then by name."""
    return dict(sorted(counts.items(), key=lambda field: (-field[1], field[0])))


def start_of(day: date) -> datetime:
    """The start of a day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def removals_since(
    warehouse: Warehouse, dataset: Dataset, since: date | None
) -> list[dict[str, Any]]:
    """Removed rows of a data set, oldest removal first, even if restored since.

    Args:
        since: First day of the removal in UTC; None means all.

    Returns:
        dataset, row_id, added_at, removed_at, run_id of the removal, restored_at (null
        while removed). Instants are ISO 8601 in UTC.
    """
    key = "removal.row_id"
    with warehouse.connect() as connection:
        rows = connection.execute(
            f"""
            select removal.row_id, min(addition.changed_at) as added_at,
                removal.changed_at as removed_at, removal.run_id,
                min(restoration.changed_at) as restored_at
            from {warehouse.table(dataset)}_changes as removal
            left join {warehouse.table(dataset)}_changes as addition
                on removal.row_id = addition.row_id and addition.change = 'added'
            left join {warehouse.table(dataset)}_changes as restoration
                on removal.row_id = restoration.row_id
                and restoration.change = 'restored'
                and restoration.changed_at > removal.changed_at
            where removal.change = 'removed'
                and removal.changed_at >= $since
            group by removal.row_id, removal.changed_at, removal.run_id
            order by removal.changed_at, {warehouse.engine.in_byte_order(key)}
            """,
            {"since": start_of(since or date.min)},
        ).to_arrow_table()
    return [
        {"dataset": dataset.name}
        | {name: iso(value) if value else None for name, value in row.items()}
        for row in rows.to_pylist()
    ]


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV, with a header; nested values are JSON."""
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0] if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: csv_cell(v) for k, v in row.items()} for row in rows)
    return file.getvalue()


def removals_in_words(rows: list[dict[str, Any]]) -> str:
    """One line per removal."""
    if not rows:
        return "No rows were removed."
    lines = [f"{'data set':40}{'row':26}{'removed':27}run"]
    for row in rows:
        back = f"  restored {row['restored_at']}" if row["restored_at"] else ""
        lines.append(
            f"{row['dataset']:40}{row['row_id']:26}{row['removed_at']:27}"
            f"{row['run_id']}{back}"
        )
    return "\n".join(lines)


def in_words(rows: list[dict[str, Any]]) -> str:
    """One line per data set and day."""
    if not rows:
        return "No changes."
    head = "".join(f"{kind:>10}" for kind in KINDS)
    lines = [f"{'data set':40}{'day':12}{head}  most changed fields"]
    for row in rows:
        numbers = "".join(f"{row[kind]:>10,}" for kind in KINDS)
        fields = ", ".join(
            f"{f} {n:,}" for f, n in list(row["changed_fields"].items())[:3]
        )
        lines.append(f"{row['dataset']:40}{row['day']:12}{numbers}  {fields}")
    return "\n".join(lines)
