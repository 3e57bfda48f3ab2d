"""What a request to a feature layer says."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipelines.datasets.dataset import ArcgisDataset
from pipelines.datasets.windows import Window, utc_midnight
from pipelines.portals.layer_rows import GEOMETRY

# Degrees of WGS 84, rounded to a centimeter: the digits beyond differ between versions
# of a server.
AS_DEGREES = {"returnGeometry": "true", "outSR": "4326", "geometryPrecision": "7"}


def condition(dataset: ArcgisDataset, window: Window) -> str:
    """The condition that a window's rows meet."""
    column, zone = dataset.window_column, dataset.literal_clock

    def midnight(day: date) -> str:
        return literal(utc_midnight(day, dataset.clock), zone)

    where = f"{column} >= {midnight(window.start)}"
    if window.end:
        where += f" AND {column} < {midnight(window.end)}"
    if window.changed_since:
        changed = literal(dataset.as_published(window.changed_since), zone)
        where += f" AND {dataset.change_column} > {changed}"
    if window.undated:
        where = f"({where}) OR {column} IS NULL"
    return dataset.among_read(where)


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
