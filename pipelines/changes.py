"""What the change logs say."""

from datetime import date
from typing import Any

from pipelines.dataset import Dataset
from pipelines.load import Warehouse

KINDS = ("added", "changed", "removed", "restored")


def changes_since(
    warehouse: Warehouse, datasets: list[Dataset], since: date | None
) -> list[dict[str, Any]]:
    """Rows by data set and day (UTC), newest day last.

    Args:
        since: First day; None means the newest run that wrote anything.

    Returns:
        dataset, day, a number for each kind of change, and the changed fields with
        how many rows each changed in.
    """
    found = []
    for dataset in datasets:
        log = f"{dataset.schema}.{dataset.entity}_changes"
        condition = (
            "changed_at >= cast(? as date)"
            if since
            else f"run_id = (select run_id from ledger.runs where dataset = ? "
            f"and run_id in (select run_id from {log}) "
            "order by number desc nulls last, started_at desc limit 1)"
        )
        counts = ", ".join(f"count(*) filter (change = '{k}') as {k}" for k in KINDS)
        with warehouse.connect() as connection:
            days = connection.execute(
                f"select cast(changed_at as date) as day, {counts} from {log} "
                f"where {condition} group by day order by day",
                [since or dataset.name],
            ).to_arrow_table()
            fields = connection.execute(
                "select day, field, count(*) as n from ("
                "select cast(changed_at as date) as day, "
                "unnest(string_split(changed_fields, ',')) as field "
                f"from {log} where {condition} and changed_fields is not null"
                ") as fields group by day, field order by n desc, field",
                [since or dataset.name],
            ).to_arrow_table()
        for row in days.to_pylist():
            day = row.pop("day")
            named = {f["field"]: f["n"] for f in fields.to_pylist() if f["day"] == day}
            found.append(
                {
                    "dataset": dataset.name,
                    "day": str(day),
                    **row,
                    "changed_fields": named,
                }
            )
    return found


def in_words(rows: list[dict[str, Any]]) -> str:
    """A line a data set and day."""
    if not rows:
        return "No change."
    head = "".join(f"{kind:>10}" for kind in KINDS)
    lines = [f"{'data set':34}{'day':12}{head}  most changed fields"]
    for row in rows:
        numbers = "".join(f"{row[kind]:>10,}" for kind in KINDS)
        fields = ", ".join(
            f"{f} {n:,}" for f, n in list(row["changed_fields"].items())[:3]
        )
        lines.append(f"{row['dataset']:34}{row['day']:12}{numbers}  {fields}")
    return "\n".join(lines)
