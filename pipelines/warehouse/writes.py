"""Write rows to the warehouse, and roll back a load that was interrupted.

A load writes the change log before the rows, so that `repair` can undo whatever a crash
leaves behind, and the next run finds those rows again. The order of a write and the
code that undoes it are therefore kept together here.
"""

import logging
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window
from pipelines.warehouse.differences import Differences
from pipelines.warehouse.lookups import Bound, in_window
from pipelines.warehouse.tables import (
    INSTANT,
    incoming_name,
    reject_table,
    stamped,
    window_months,
)
from pipelines.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def write(
    warehouse: Warehouse,
    dataset: Dataset,
    differences: Differences,
    rejects: pa.Table,
    run_id: str,
) -> None:
    """Write rows, change log and rejects; do nothing if there are none.

    If all rows are new they are appended, otherwise merged by key. Former versions of
    changed rows are kept until the row is removed.
    """
    changes = differences.changes
    if not (changes.num_rows or rejects.num_rows):
        return
    instant = warehouse.next_instant()
    new_rejects = _new_rejects(warehouse, dataset, rejects)
    logs = _logs(dataset, differences, new_rejects, run_id, instant)
    if not changes.num_rows:
        if logs:
            warehouse.loader.load(dataset, logs, "append")
        return
    rows = _as_held(dataset, differences, run_id, instant)
    if differences.number("added") == changes.num_rows:
        warehouse.loader.load(dataset, {**logs, dataset.entity: rows}, "append")
        return
    warehouse.loader.load(dataset, logs, "append")
    warehouse.loader.merge(dataset, rows)
    if differences.number("removed"):
        erase_former(warehouse, dataset)


def _logs(
    dataset: Dataset,
    differences: Differences,
    rejects: pa.Table,
    run_id: str,
    instant: datetime,
) -> dict[str, pa.Table]:
    """The tables to write before the rows, by name, without empty ones."""
    entity, former, changes = dataset.entity, differences.former, differences.changes
    logs = {
        f"{entity}_former": stamped(former, run_id, replaced_at=instant),
        f"{entity}_changes": stamped(changes, run_id, changed_at=instant),
        f"{entity}_rejects": stamped(rejects, run_id, rejected_at=instant),
    }
    return {name: log for name, log in logs.items() if log.num_rows}


def _as_held(
    dataset: Dataset, differences: Differences, run_id: str, instant: datetime
) -> pa.Table:
    """The rows with the timestamps and the month that their table has."""
    changes = differences.changes
    gone = changes.filter(pc.equal(changes["change"], "removed"))["row_id"]
    rows = stamped(differences.rows, run_id, loaded_at=instant)
    removed_at = pc.if_else(
        pc.is_in(rows["row_id"], gone),
        pa.scalar(instant, INSTANT),
        pa.scalar(None, INSTANT),
    )
    rows = rows.append_column("removed_at", removed_at)
    return rows.append_column("window_month", window_months(dataset, rows))


def _new_rejects(warehouse: Warehouse, dataset: Dataset, rejects: pa.Table) -> pa.Table:
    """Rejects as JSON with a reason, without those already recorded."""
    found = reject_table(dataset, rejects)
    if not rejects.num_rows:
        return found
    with warehouse.connect() as connection:
        connection.register("rejects", found.select(["row"]))
        before = connection.execute(
            f'select "row" from {warehouse.table(dataset)}_rejects '
            'where "row" in (select "row" from rejects)'
        ).to_arrow_table()
    return found.filter(pc.invert(pc.is_in(found["row"], before["row"])))


def erase_former(warehouse: Warehouse, dataset: Dataset) -> None:
    """Delete the former versions of removed rows."""
    rows = warehouse.table(dataset)
    removed = f"select row_id from {rows} where removed_at is not null"
    _delete(warehouse, {f"{rows}_former": f"row_id in ({removed})"})


def forget_rejects(
    warehouse: Warehouse,
    dataset: Dataset,
    bound: Bound,
    window: Window,
    received: pa.Table,
) -> None:
    """Delete the rejects of a window that the portal no longer shows."""
    inside = in_window(warehouse, dataset, bound, window, "window_value")
    rejects = f"{warehouse.table(dataset)}_rejects"
    shown = set(reject_table(dataset, received)["row"].to_pylist())
    with warehouse.connect() as connection:
        rows = connection.execute(
            f'select "row" from {rejects} where {inside}'
        ).to_arrow_table()["row"]
        gone = [row for row in rows.to_pylist() if row not in shown]
        if gone:
            connection.register("gone", pa.table({"row": gone}))
            connection.execute(
                f"delete from {rejects} where {inside} "
                'and "row" in (select "row" from gone)'
            )


def rename(warehouse: Warehouse, dataset: Dataset, pairs: pa.Table) -> None:
    """Give rows, their former versions and their log another `row_id`.

    All at once where the warehouse has transactions. On BigQuery the rows come last:
    after a kill they are found to be renamed again, and what was renamed stays.

    Args:
        pairs: former, present; no `present` is in the warehouse.
    """
    rows = warehouse.table(dataset)
    with warehouse.engine.transaction() as connection:
        connection.register("pairs", pairs)
        for table in (f"{rows}_former", f"{rows}_changes", rows):
            connection.execute(
                f"update {table} as held set row_id = pairs.present from pairs "
                "where held.row_id = pairs.former"
            )


def repair(warehouse: Warehouse, dataset: Dataset) -> None:
    """Roll back what a killed run left half done.

    dlt's pending packages are dropped, not loaded: they would write yesterday's rows
    over today's. Rows are written after their entries in the change log, or along with
    them, so only the newest load can be incomplete: entries and former versions without
    their rows are deleted, and so are new rows without their entries. This run finds
    them again.
    """
    warehouse.loader.abort(dataset)
    _clear_staging(warehouse, dataset)
    take_back(warehouse, dataset)


def take_back(warehouse: Warehouse, dataset: Dataset) -> None:
    """Roll back the newest load if it is incomplete: no model may be built from it."""
    newest = _newest_load(warehouse, dataset)
    if newest is None:
        return
    rows = warehouse.table(dataset)
    changes, former = f"{rows}_changes", f"{rows}_former"
    logged = f"select row_id from {changes} where changed_at = $newest"
    loaded = f"select row_id from {rows} where loaded_at = $newest"
    torn = {
        changes: f"changed_at = $newest and row_id not in ({loaded})",
        rows: f"loaded_at = $newest and row_id not in ({logged})",
        former: f"replaced_at = $newest and row_id not in ({loaded})",
    }
    numbers = _delete(warehouse, torn, newest=newest)
    erase_former(warehouse, dataset)
    if sum(numbers):
        log.warning(
            "%s: rolling back %d entries, %d rows and %d former versions that a "
            "killed run left incomplete; they will be found again.",
            dataset.name,
            *numbers,
        )


def _newest_load(warehouse: Warehouse, dataset: Dataset) -> datetime | None:
    """The newest timestamp in a data set's tables: that of the last load."""
    rows = warehouse.table(dataset)
    with warehouse.connect() as connection:
        newest: datetime | None
        ((newest,),) = connection.execute(
            f"""
            select max(instant) from (
                select max(changed_at) as instant from {rows}_changes
                union all
                select max(replaced_at) from {rows}_former
                union all
                select max(loaded_at) from {rows}
            ) as instants
            """
        ).fetchall()
    return newest


def _clear_staging(warehouse: Warehouse, dataset: Dataset) -> None:
    """Truncate dlt's staging tables: a killed merge leaves published values there."""
    schema = warehouse.engine.schema(dataset.schema)
    merged = {
        (f"{schema}_staging", dataset.entity),
        (schema, incoming_name(dataset)),
    }
    made = warehouse.engine.columns([place for place, _ in merged])
    with warehouse.connect() as connection:
        for place, name in merged & made.keys():
            held = connection.execute(f"select 1 from {place}.{name} limit 1")
            if held.fetchall():
                connection.execute(f"truncate table {place}.{name}")


def _delete(warehouse: Warehouse, where: dict[str, str], **values: Any) -> list[int]:
    """Delete each table's rows that match its condition; return how many.

    All are counted before any are deleted: a condition may read another's table, and a
    delete of no rows is still a write, and billed as one.
    """
    with warehouse.connect() as connection:
        counts = ", ".join(
            f"(select count(*) from {name} where {condition})"
            for name, condition in where.items()
        )
        (numbers,) = connection.execute(f"select {counts}", values).fetchall()
        for (name, condition), number in zip(where.items(), numbers, strict=True):
            if number:
                connection.execute(f"delete from {name} where {condition}", values)
    return list(numbers)
