"""A data set: what is published, and where."""

import hashlib
import math
from datetime import date
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import msgspec

from pipelines.datasets.windows import WHOLE_TABLE, Window, daily_window
from pipelines.errors import ConfigError
from pipelines.settings import schema

# A column of pages, not of tables: why a row can't be loaded; null where it can.
REJECT = ":reject"


class CouncilList(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """A city's own list of its council members: a Socrata table on the same portal."""

    url: str
    """Address of the rows, without an ending."""
    district: str
    """The column of the district's number."""
    member: str
    """The column of the name."""


Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees, as in GeoJSON's `bbox`."""


class Dataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One published table. Column names are the publisher's, as its API spells them."""

    name: str = ""
    """`<source>__<entity>`, the file's name."""
    title: str
    url: str
    """Address of the rows, without an ending such as `.csv`; of a file with it."""
    formerly: list[str] = []
    """Former values of `url`, newest first, where the same rows were under the same
    keys: what was read there is not read again. A table that took the place of another
    has none."""
    query: dict[str, str] = {}
    """What a file's address is asked with, such as `f = "geojson"`."""
    files: list[str] = []
    """Where one table comes in several files: their paths below `url`."""
    due: dict[str, date] = {}
    """Of `files` those that are not published yet: the first day from which on the lack
    of one is a failure. Before it, and until something of it is loaded, a run only
    warns."""
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    """Of CSV files."""
    file_column: str | None = None
    """The declared column that the name of a row's file is written into."""
    also_called: dict[str, list[str]] = {}
    """Other headers of a declared column in files; capitals, blanks and line breaks do
    not count. The second column of one name is called `Name 2`, and so on."""
    api: Literal["soda2", "arcgis", "file", "geojson"]
    """`file`: whole files, which have no windows; each is read and compared whole.
    `geojson`: such a file of areas, of any name; `geometry` is the column of shapes."""
    box: Box | None = None
    """Of areas: where all of them lie. One beyond it is set aside, and a file of which
    most are is refused: latitude and longitude may have been swapped."""
    zone: str
    """IANA name of the zone whose wall clock the publisher writes."""
    backfill_from: date = date.min
    """First month that a backfill reads."""
    window_column: str | None = None
    """The date that windows and months go by: of the report where there is one. Of a
    file only what its newest row is told by."""
    key: list[str]
    """Columns that make `row_id`, the most telling first."""
    key_is_unique: bool = True
    """False where rows share a key: `row_id` then ends in an ordinal for ties."""
    newest_by: str | None = None
    """Column that tells which of two rows with one key is newer."""
    columns: list[str]
    """What is requested and loaded; a missing one stops the data set."""
    optional_columns: list[str] = []
    """Loaded where published, null elsewhere."""
    later_columns: list[str] = []
    """Like `optional_columns`, but declared after rows had been read without them: no
    month is read again for them, and they alone change no row. Rows that are held keep
    null there until something else of them changes."""
    left_out: list[str] = []
    """Published and deliberately not loaded; any other unknown column is reported."""
    unhashed: list[str] = []
    """Columns whose change is no change of the row: stamps of the publisher's load."""
    kept_part: dict[str, str] = {}
    """Of a column only what the one named group of a pattern matches is ever kept.

    For a column that runs on into what must not be held, such as a narrative that names
    people: the rest of it reaches no table, file or log. A value that does not match
    becomes empty, null stays null. Patterns are RE2's, found anywhere unless anchored
    with `\\A` and `\\z` (https://github.com/google/re2/wiki/Syntax).
    """
    read_every_days: int = 1
    """A daily run asks for nothing where the last good look is less than so many days
    ago, by the city's calendar, unless the data set is named on the command line."""
    reread_days: int = 7
    """How long a version that does not move is believed, in days of the city's: then
    window, late edits and months are read as on any day, and a file without asking
    whether it changed. Portals cache their dates of change, and derived views keep
    theirs. 0: for ever."""
    enabled: bool = True
    """False: only loaded when named on the command line."""
    moving_window: bool = False
    """True where rows leave the table with age, which is then no removal."""
    page_rows: int = 20_000
    removal_limit_rows: int = 50
    removal_limit_pct: float = 2.0
    """A read that would remove more rows than both limits is refused as a whole."""
    removal_most_pct: float = 10.0
    """Nor is one taken that would remove such a share of what is held, or more: fifty
    rows are few of a month and all of a city's areas. Ten rows are never refused by
    it, of areas (`geojson`) one may be."""
    heeds_movement: bool = True
    """False: rows may be removed though the table changed during the read."""
    heeds_out_of_date: bool = True
    """False: rows may be removed though the portal says that its copy lags."""
    change_column: str | None = None
    """The publisher's date of a row's last change; late edits are swept by it, or by
    the portal's own `:updated_at` where it has one."""
    sweeps: bool = True
    """False: rows older than the window are not asked for what changed in them."""
    sweep_overlap_days: int = 2
    """How far a sweep reaches back before the last one: publishers load with delay."""
    sweep_limit_rows: int = 1_000
    sweep_limit_pct: float = 25.0
    """A sweep of more rows than both limits is skipped: the publisher has replaced the
    table."""
    standstill_days: int = 10
    """After how many days without an update `blotter doctor` wonders."""
    council_list: CouncilList | None = None
    """Of a city's incidents: whom `blotter doctor` compares the council members of the
    seeds with. Nothing of it is loaded."""
    has_notes: bool = False
    """Of a file kept by hand: lines above the header, and those of one filled cell, are
    notes, and its last line need not end."""
    compare_days: int = 7
    """How often the counts of all months are compared with the portal's; 0: never."""
    compare_by: list[str] = []
    """Columns whose values are counted by month too: they tell an edit that leaves the
    number of rows alone."""
    reread_months: int = 1
    """How many old months a day are read whole, the oldest look first, where no sweep
    could tell which of their rows changed since: a layer without a date of change, a
    table that is replaced every night. 0: none; such edits are left to `reconcile`."""
    reject_limit_rows: int = 10
    reject_limit_pct: float = 1.0
    """A read with more rows without a key, or unreadable, than both limits stops the
    data set."""

    @property
    def source(self) -> str:
        return self.name.split("__")[0]

    @property
    def entity(self) -> str:
        return self.name.split("__")[1]

    @property
    def schema(self) -> str:
        return schema(f"raw_{self.source}")

    @property
    def is_file(self) -> bool:
        """Read whole each time: it has no windows, and no months."""
        return self.api in ("file", "geojson")

    def window_on(self, day: date) -> Window:
        """What is read on a day: the rolling window, or the whole of a file."""
        return WHOLE_TABLE if self.is_file else daily_window(day)

    @property
    def addresses(self) -> list[str]:
        """Where its files are."""
        return [f"{self.url}/{path}" for path in self.files] or [self.url]

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def label(self) -> str:
        """Data set and portal, as every message about them begins."""
        return f"{self.name}: {self.host}"

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def loaded_columns(self) -> list[str]:
        """Every declared column by its name in the raw table: lower case."""
        return [name.lower() for name in (*self.columns, *self.dispensable_columns)]

    @property
    def windowed_by(self) -> str:
        """The column that windows go by; what is read whole has none."""
        if self.window_column is None:
            raise ValueError(f"{self.name} has no window column")
        return self.window_column

    @property
    def dispensable_columns(self) -> list[str]:
        """What is loaded where it is published, and null elsewhere."""
        return [*self.optional_columns, *self.later_columns]

    @property
    def fingerprint(self) -> str:
        """Changes with what is read or how rows are keyed, not with limits.

        Nor with where they are read: of its addresses the oldest stands for the table.
        """
        return self._fingerprint_at([self.url, *self.formerly][-1])

    @property
    def former_fingerprints(self) -> set[str]:
        """What `fingerprint` was while less of `formerly` was known."""
        addresses = [self.url, *self.formerly]
        return {self._fingerprint_at(a) for a in addresses} - {self.fingerprint}

    def _fingerprint_at(self, address: str) -> str:
        parts: list[Any] = [
            address,
            self.key,
            self.columns,
            self.optional_columns,
            self.unhashed,
        ]
        if self.kept_part:
            parts.append(sorted(self.kept_part.items()))
        if self.is_file:
            parts.append([self.files, self.encoding, sorted(self.also_called.items())])
        if self.query:
            parts.append(sorted(self.query.items()))
        return hashlib.md5(repr(tuple(parts)).encode()).hexdigest()

    def with_removal_limit(self, rows: int) -> "Dataset":
        """The data set with a limit of removals in rows alone."""
        return msgspec.structs.replace(
            self,
            removal_limit_rows=rows,
            removal_limit_pct=0.0,
            removal_most_pct=math.inf,
        )

    def at_portal(self, portal: str | None) -> "Dataset":
        """The data set with scheme and host replaced by `portal`'s, if given.

        It is the same table: its declared addresses are former ones there, and its
        `fingerprint` stays.
        """
        if not portal:
            return self
        declared = [self.url, *self.formerly]
        url, *formerly = [moved(address, portal) for address in declared]
        return msgspec.structs.replace(self, url=url, formerly=[*formerly, *declared])


def moved(address: str, portal: str) -> str:
    """An address with scheme and host replaced by those of BLOTTER_PORTAL.

    Raises:
        ConfigError: That is no address.
    """
    wrong = ConfigError(
        f"BLOTTER_PORTAL is {portal!r}; it must be an address like "
        "http://127.0.0.1:8765."
    )
    try:
        there, here = urlsplit(portal), urlsplit(address)
        _ = there.port
    except ValueError:
        raise wrong from None
    if there.scheme not in ("http", "https") or not there.hostname:
        raise wrong
    return urlunsplit((there.scheme, there.netloc, here.path, here.query, ""))
