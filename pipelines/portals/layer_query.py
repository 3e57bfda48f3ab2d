"""What a request to a feature layer says."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipelines.datasets.dataset import ArcgisDataset
from pipelines.datasets.windows import Window, utc_midnight
from pipelines.portals.dates import PatternDates
from pipelines.portals.layer_rows import GEOMETRY

# Degrees of WGS 84, rounded to a centimeter: the digits beyond differ between versions
# of a server.
AS_DEGREES = {"returnGeometry": "true", "outSR": "4326", "geometryPrecision": "7"}


def condition(dataset: ArcgisDataset, window: Window) -> str:
    """The condition that a window's rows meet."""
    changed = ""
    if window.changed_since:
        since = dataset.as_published(window.changed_since)
        changed = f"{dataset.change_column} > {literal(since, dataset.literal_clock)}"
    column, pattern = dataset.window_column, dataset.window_pattern
    if pattern:
        where = PatternDates(pattern).condition(column, window, changed)
        return dataset.among_read(where)
    where = f"{column} >= {midnight(dataset, window.start)}"
    if window.end:
        where += f" AND {column} < {midnight(dataset, window.end)}"
    where += f" AND {changed}" if changed else ""
    if window.undated:
        where = f"({where}) OR {column} IS NULL"
    return dataset.among_read(where)


def midnight(dataset: ArcgisDataset, day: date) -> str:
    """A day's start, as a request names it."""
    return literal(utc_midnight(day, dataset.clock), dataset.literal_clock)


def literal(instant: datetime, zone: ZoneInfo) -> str:
    """An instant, as published, as a server reads it on a zone's clock."""
    return f"TIMESTAMP '{instant.astimezone(zone):%F %T}'"


def page_query(
    dataset: ArcgisDataset, where: str, fields: list[str], order: str
) -> dict[str, str]:
    """The parameters of a request for a page of rows."""
    query = {
        "where": where,
        "outFields": ",".join(name for name in fields if name not in GEOMETRY),
        "orderByFields": order,
        "resultRecordCount": str(dataset.page_rows),
        "returnGeometry": "false",
    }
    return query | (AS_DEGREES if set(fields) & set(GEOMETRY) else {})
