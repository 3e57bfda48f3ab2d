"""Look up and count the warehouse's rows, by window or by key."""

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.windows import Window, month_start
from pipelines.sql import query, quote
from pipelines.warehouse.tables import empty_tables, version_columns
from pipelines.warehouse.warehouse import Warehouse

Bound = Callable[[date], str | int]
"""The window column's value at a day's local midnight, as the portal publishes it."""


def known(
    warehouse: Warehouse,
    dataset: Dataset,
    bound: Bound,
    window: Window,
    received: pa.Table,
) -> pa.Table:
    """The warehouse's rows of the window, and of the received keys.

    Columns: row_id, row_hash, is_removed, in_window. A received key may lie outside of
    the window in the warehouse: its date was corrected, or it was removed. For a window
    of late edits only the received keys are looked up.
    """
    columns = "row_id, row_hash, removed_at is not null as is_removed"
    inside = "false"
    if not window.changed_since:
        inside = in_window(warehouse, dataset, bound, window)
    keys = received.select(["row_id"])
    with warehouse.connect() as connection:
        found = connection.execute(
            f"select {columns}, true as in_window from {warehouse.table(dataset)} "
            f"where removed_at is null and {inside}"
        ).to_arrow_table()
        if found.num_rows:
            keys = keys.filter(pc.invert(pc.is_in(keys["row_id"], found["row_id"])))
        connection.register("received", keys)
        others = connection.execute(
            f"select {columns}, false as in_window from {warehouse.table(dataset)} "
            "where row_id in (select row_id from received)"
        ).to_arrow_table()
    return pa.concat_tables([found, others])


def rows(warehouse: Warehouse, dataset: Dataset, row_ids: list[str]) -> pa.Table:
    """The declared columns and `row_id` of rows in the warehouse, by key."""
    columns = version_columns(dataset)
    if not row_ids:
        return empty_tables(dataset)[dataset.entity].select(columns)
    with warehouse.connect() as connection:
        connection.register(
            "wanted", pa.table({"row_id": pa.array(row_ids, pa.string())})
        )
        return connection.execute(
            f"select {', '.join(map(quote, columns))} from {warehouse.table(dataset)} "
            "where row_id in (select row_id from wanted)"
        ).to_arrow_table()


def count_rows(warehouse: Warehouse, dataset: Dataset, condition: str = "true") -> int:
    """Count the rows in the warehouse that are not removed."""
    with warehouse.connect() as connection:
        count: int
        ((count,),) = connection.execute(
            f"select count(*) from {warehouse.table(dataset)} "
            f"where removed_at is null and {condition}"
        ).fetchall()
    return count


def monthly_counts(
    warehouse: Warehouse,
    dataset: Dataset,
    bound: Bound,
    windows: list[Window],
    column: str | None = None,
) -> pa.Table:
    """Count the rows held by window and, if given, by the values of a column.

    Returns:
        month (the window's first day), value, row_count; no row for zero.
    """
    bounds = bounds_of(windows, bound)
    dated = warehouse.engine.in_byte_order(dated_by(dataset))
    held = f"{warehouse.table(dataset)} where removed_at is null"
    with warehouse.connect() as connection:
        connection.register("bounds", bounds)
        return connection.execute(
            counting(held, dated, bounds, column)
        ).to_arrow_table()


def monthly_counts_of(
    counted: pa.Table,
    dataset: Dataset,
    bound: Bound,
    windows: list[Window],
    column: str | None = None,
) -> pa.Table:
    """Like `monthly_counts`, but for the given rows instead of those held."""
    bounds = bounds_of(windows, bound)
    dated = dated_by(dataset)
    statement = counting("counted", dated, bounds, column)
    return query(statement, counted=counted, bounds=bounds)


def bounds_of(windows: list[Window], bound: Bound) -> pa.Table:
    """The bounds of windows, as published; `month` is the first day of each."""
    return pa.table(
        {
            "month": pa.array([w.start for w in windows], pa.date32()),
            "opens": [bound(w.start) for w in windows],
            "ends": [bound(w.end) for w in windows if w.end],
        }
    )


def dated_by(dataset: Dataset) -> str:
    """SQL for the window column's dates, as text or numbers that sort as they do."""
    column, pattern = quote(raw_name(dataset.windowed_by)), dataset.window_pattern
    return f"({pattern.day_of(column)})" if pattern else column


def counting(counted: str, dated: str, bounds: pa.Table, column: str | None) -> str:
    """SQL that counts rows by the months of `bounds` and by the values of a column."""
    value = quote(raw_name(column)) if column else "cast(null as text)"
    return f"""
        select month, value, count(*) as row_count
        from (
            select {as_bound(dated, bounds["opens"][0].as_py())} as dated,
                {value} as value
            from {counted}
        ) as rows_of_months
        inner join bounds on dated >= opens and dated < ends
        group by month, value
    """


def in_window(
    warehouse: Warehouse,
    dataset: Dataset,
    bound: Bound,
    window: Window,
    column: str | None = None,
) -> str:
    """The window as a SQL condition on the raw table, or on the given column."""
    if dataset.is_file:
        return "true"
    name = quote(column or raw_name(dataset.windowed_by))
    condition = condition_of(warehouse, dataset, bound, window, name)
    if column:
        return f"({condition})"
    # Redundant, but it lets the warehouse skip partitions.
    has_start = window.start > date.min
    months = [f"window_month >= date '{month_start(window.start)}'"] * has_start
    if window.end:
        months.append(f"window_month < date '{window.end}'")
    return f"(({condition}) and ({' and '.join(months)} or window_month is null))"


def condition_of(
    warehouse: Warehouse, dataset: Dataset, bound: Bound, window: Window, name: str
) -> str:
    """The window as a SQL condition on a quoted column."""
    if pattern := dataset.window_pattern:
        dated = warehouse.engine.in_byte_order(name)
        condition = pattern.between(dated, window.start, window.end)
        if window.undated:
            condition = f"({condition}) or {pattern.missing(name)}"
        return condition
    # Any bound shows whether they are text or numbers.
    kind = bound(window.end or window.start)
    value = as_bound(warehouse.engine.in_byte_order(name), kind)
    has_start = window.start > date.min
    bounds = [f"{value} >= {literal(bound(window.start))}"] * has_start
    if window.end:
        bounds.append(f"{value} < {literal(bound(window.end))}")
    condition = " and ".join(bounds)
    if not has_start:
        condition = f"({condition} or {value} is null and {name} is not null)"
    if window.undated:
        condition = f"({condition} or {name} is null)"
    return condition


def as_bound(column: str, bound: str | int) -> str:
    """A text column cast to the type of the window's bounds; null if it can't be."""
    if isinstance(bound, str):
        return column
    is_number = f"regexp_matches({column}, '^-?[0-9]{{1,18}}$')"
    return f"case when {is_number} then cast({column} as bigint) end"


def literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else f"'{value}'"
