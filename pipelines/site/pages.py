"""The static site: pages, script and packed data, from the marts.

Pages load nothing from other hosts, and nothing in them depends on the clock: the same
marts give the same bytes. When each portal was last read is told by the status page,
and by a script that puts it into the others: a day on which nothing changed writes
these alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import jinja2

from pipelines.site import city_pages, figures, wording
from pipelines.site.assets import FOLDER, LAST_READ, write_assets
from pipelines.site.city_pages import CityPages
from pipelines.site.figures import Db, Row
from pipelines.site.files import WriteFile
from pipelines.site.packed import pack
from pipelines.site.summaries import IncidentFile

Moments = Mapping[str, datetime]
"""When each data set was last read successfully (UTC)."""

PAGES = [
    ("compare.html", "Compare"),
    ("shootings.html", "Police shootings"),
    ("changes.html", "Changes"),
    ("method.html", "Data and method"),
    ("status.html", "Status"),
]

# The filters with which templates write numbers, days and instants.
FILTERS = (
    wording.against,
    wording.arrest_share,
    wording.base,
    wording.before,
    wording.change,
    wording.day,
    wording.days,
    wording.decimal,
    wording.earlier_arrest_share,
    wording.minute,
    wording.moment,
    wording.month,
    wording.number,
    wording.of_period,
    wording.share,
    wording.signed,
    wording.span,
)

PRIVACY = (
    "Pages never show the neighborhood of sensitive offenses (sex and family offenses, "
    "human trafficking, prostitution and similar offenses). The report of violent "
    "incidents by place leaves out counts below three. Row-level tables have what the "
    "cities publish, and are only as precise."
)


@dataclass(frozen=True)
class Shown:
    """What the pages show that is not in the marts."""

    read: list[str]
    """The data sets that were ever read successfully."""
    tests: dict[str, Any] | None = None
    """How many `passed`; name and message of those that `warned`; None if unknown."""
    dictionary: list[Any] = field(default_factory=list)
    downloads: list[dict[str, Any]] = field(default_factory=list)
    """`path` and `size` of each file; of a large table also its `files`."""


class Site:
    """A site being written.

    Args:
        db: Has every mart, and what `summaries` counted of the incidents.
        write_file: How its files get into the folder.
        incident_files: The files of `fct_incidents`.
    """

    def __init__(
        self,
        db: Db,
        write_file: WriteFile,
        shown: Shown,
        incident_files: list[IncidentFile] | None = None,
    ):
        self.db, self.write_file, self.shown = db, write_file, shown
        self.incident_files = incident_files or []
        self.cities = figures.cities(db)
        self.publishers = figures.publishers(db)
        self.env = environment()
        has_shootings = bool(figures.shootings_by_day(db))
        self.pages = [p for p in PAGES if p[0] != "shootings.html" or has_shootings]

    def build(self) -> None:
        """Write every page but that of the status."""
        write_assets(self.write_file)
        for city in self.cities:
            if city["newest_day"]:
                self._city(city)
        self.page("index.html", "home.html", publishers=self._shown())
        self._compare()
        self._changes()
        if ("shootings.html", "Police shootings") in self.pages:
            self._shootings()
        self.page(
            "method.html",
            all_publishers=self.publishers,
            tests=self.shown.tests,
            downloads=self.shown.downloads,
            privacy=PRIVACY,
            mapping=figures.mapping(self.db),
            unmapped=figures.unmapped(self.db),
        )
        self.page("dictionary.html", dictionary=self.shown.dictionary)

    def write_status(self, status: dict[str, Any], moments: Moments) -> None:
        """Write the status page, and the script that tells when portals were read."""
        self.page("status.html", status=status)
        last_read = {dataset: wording.moment(at) for dataset, at in moments.items()}
        for city in self.cities:
            read = [moments.get(p["dataset"]) for p in self._publishers_of(city)]
            if newest := max((at for at in read if at), default=None):
                last_read[city["city"]] = wording.moment(newest)
        script = (FOLDER / "script" / LAST_READ).read_text()
        told = f"window.lastRead = {json.dumps(last_read, sort_keys=True)};\n{script}"
        self.write_file(f"script/{LAST_READ}", None, lambda path: path.write_text(told))

    def page(self, path: str, template: str | None = None, **values: Any) -> None:
        """Write one page; links in it are relative to it."""
        depth = path.count("/")
        text = self.env.get_template(template or path).render(
            root="../" * depth,
            here=path,
            cities=self.cities,
            pages=self.pages,
            city_pages=city_pages.PAGES,
            **{"city": None, "publishers": [], **values},
        )
        self.write_file(path, None, lambda to: to.write_text(text, encoding="utf-8"))

    def _publishers_of(self, city: Row) -> list[Row]:
        """The publishers whose data sets are named `<city>__<entity>`."""
        prefix = f"{city['city']}__"
        return [p for p in self.publishers if p["dataset"].startswith(prefix)]

    def _read(self, publishers: list[Row]) -> list[Row]:
        """Those of which something was read."""
        return [p for p in publishers if p["dataset"] in self.shown.read]

    def _shown(self) -> list[Row]:
        """The publishers whose incidents are shown, each once."""
        read = [
            p for city in self.cities for p in self._read(self._publishers_of(city))
        ]
        return list({p["attribution"]: p for p in read}.values())

    def _city(self, city: Row) -> None:
        packed = pack(
            self.db,
            city["city"],
            city["first_day"],
            city["newest_day"],
            self.incident_files,
            self.write_file,
        )
        read = self._read(self._publishers_of(city))
        pages = CityPages(self.db, city, read, packed, self.page)
        pages.write()
        city |= {"tiles": pages.tiles, "complete": pages.counted.complete}

    def _compare(self) -> None:
        rows = figures.indexed(self.db)
        self.page(
            "compare.html",
            has_charts=True,
            data=[{**row, "month": row["month"].isoformat()} for row in rows],
            rows=rows,
            publishers=self._shown(),
        )

    def _changes(self) -> None:
        rows = figures.changes_by_month(self.db)
        self.page(
            "changes.html",
            has_charts=bool(rows),
            data=of_all_cities(rows),
            rows=rows,
            moved=figures.reclassifications(self.db),
            publishers=self._shown(),
        )

    def _shootings(self) -> None:
        race = figures.shootings_by_race(self.db)
        self.page(
            "shootings.html",
            has_charts=True,
            last_day=figures.last_shooting_day(self.db),
            closed=covered_to(self.publishers, "washington_post__shootings"),
            days=figures.shootings_by_day(self.db),
            race=race,
            race_drawn=[
                {key: row[key] for key in ("label", "rate", "shootings")}
                for row in race
                if row["rate"] is not None
            ],
            states=figures.shootings_by_state(self.db),
            publishers=[
                p
                for p in self._read(self.publishers)
                if p["dataset"].startswith("washington_post__")
            ],
        )


def of_all_cities(rows: list[Row]) -> list[Row]:
    """The changed rows of all cities combined, by month and change."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        at = (wording.month(row["month"]), row["change"])
        counts[at] = counts.get(at, 0) + row["rows"]
    return [
        {"month": month, "change": change, "rows": count}
        for (month, change), count in counts.items()
    ]


def covered_to(publishers: list[Row], dataset: str) -> date | None:
    """The last day that a closed publisher covers; None if it is still active."""
    to = next(p["coverage_to"] for p in publishers if p["dataset"] == dataset)
    return to if isinstance(to, date) else None


def environment() -> jinja2.Environment:
    """The templates; every value is escaped, since it may come from a publisher."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.ChainableUndefined,
    )
    env.globals |= {"small": wording.SMALL, "a_year_ago": wording.YEAR_AGO}
    for each in (coded, *FILTERS):
        env.filters[each.__name__] = each
    return env


def coded(labels: list[str]) -> list[tuple[str, int]]:
    """Labels in alphabetical order, each with its code in the packed files."""
    codes = ((label, code) for code, label in enumerate(labels, 1))
    return sorted(codes, key=lambda pair: (pair[0].casefold(), pair[0]))
