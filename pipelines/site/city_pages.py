"""A city's pages and packed files."""

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from pipelines.site import city_figures
from pipelines.site.figures import Db, Row
from pipelines.site.map_areas import areas_of
from pipelines.site.packed import Packed

PAGES = [("index.html", "Overview"), ("when.html", "When"), ("where.html", "Where")]

WritePage = Callable[..., None]
"""Takes a path, a template and what the template shows."""


class CityPages:
    """The pages of one city that has incidents."""

    def __init__(
        self,
        db: Db,
        city: Row,
        publishers: list[Row],
        packed: Packed,
        write_page: WritePage,
    ):
        """Count what all pages show."""
        self.db, self.city, self.name = db, city, city["city"]
        self.write_page, self.publishers = write_page, publishers
        self.counted, self.in_districts = city_figures.days(db, city)
        self.tiles = self.counted.tiles()
        self.districts = titled(city_figures.police_districts(db, self.name))
        # For the script; days as ISO text.
        self.packed = {
            "city": self.name,
            "base": "packed/",
            "first": self.counted.first.isoformat(),
            "complete": self.counted.complete.isoformat(),
            "newest": city["newest_day"].isoformat(),
            "provisional": city["provisional_day_count"],
            "labels": packed.labels,
            "years": packed.years,
            "holidays": city_figures.holiday_days(db, self.name),
            "titles": {row["code"]: row["title"] for row in self.districts},
        }

    def write(self) -> None:
        """Write every page."""
        self._overview()
        self._when()
        self._where()
        for district in self.districts:
            if district["href"]:
                self._district(district)

    def _page(self, file: str, template: str, **values: Any) -> None:
        given = {"packed": self.packed, **values}
        self.write_page(
            f"{self.name}/{file}",
            template,
            here_in_city=file,
            city=self.city,
            has_charts=True,
            period=self.counted.compared.now,
            publishers=self.publishers,
            **given,
        )

    def _overview(self) -> None:
        compared = self.counted.compared
        self._page(
            "index.html",
            "overview.html",
            tiles=self.tiles,
            categories=city_figures.categories(self.db, self.city, compared),
            latest=city_figures.latest_changes(self.db, self.name),
            left_out=city_figures.undated(self.db, self.city),
        )

    def _when(self) -> None:
        months = city_figures.months(self.db, self.city)
        self._page(
            "when.html",
            "when.html",
            months=months,
            months_drawn=[
                {
                    name: row[name]
                    for name in ("year", "month_name", "incidents", "per_day")
                }
                for row in in_calendar_order(months)
            ],
            holidays=city_figures.holidays(self.db, self.name),
        )

    def _where(self) -> None:
        areas = areas_of(self.db, self.name, self.packed["labels"])
        self._page(
            "where.html",
            "where.html",
            packed=self.packed | ({"areas": areas.for_script()} if areas else {}),
            placeless=city_figures.placeless(self.db, self.name),
            districts=named(self.districts),
            councils=named(city_figures.council_districts(self.db, self.name)),
        )

    def _district(self, district: Row) -> None:
        counted = self.in_districts[district["code"]]
        fixed = {"district": district["code"]}
        self._page(
            district["href"],
            "district.html",
            packed=self.packed | {"base": "../packed/", "fixed": fixed},
            district=district,
            tiles=counted.tiles(),
        )


def named(districts: list[Row]) -> list[Row]:
    """The districts; none of them if no named one had an incident."""
    known = [row for row in districts if row["code"] != "Unknown"]
    return districts if any(row["incident_count"] for row in known) else []


def titled(districts: Iterable[Row]) -> list[Row]:
    """Add each police district's title, and the address of its page if it has one."""
    return [
        {
            **row,
            "title": f"{row['code']} {row['name'] or ''}".strip()
            if row["code"].isdigit()
            else row["name"] or row["code"],
            "href": f"districts/{slug(row['code'], row['name'] is not None)}.html"
            if row["incident_count"] and row["code"] != "Unknown"
            else None,
        }
        for row in districts
    ]


def slug(code: str, is_listed: bool) -> str:
    """A district in an address, made from its code alone so that links stay valid.

    Args:
        is_listed: Whether `dim_police_districts` has exactly this spelling. If so, the
            address is just its words. Any other code, which may be anything, gets a
            digest at its end: file systems may ignore differences in case or
            punctuation, and limit the length of names.
    """
    words = re.sub(r"[^a-z0-9]+", "-", code.lower()).strip("-")[:40].strip("-")
    if is_listed and words:
        return words
    digest = hashlib.sha256(code.encode()).hexdigest()[:12]
    return f"{words or 'district'}--{digest}"


def in_calendar_order(months: list[Row]) -> list[Row]:
    """Sort by month of the year, then by year: charts keep the order of their rows."""
    return sorted(months, key=lambda row: (row["month_start"].month, row["year"]))
