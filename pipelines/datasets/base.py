"""What every data set declares, however it is published."""

import hashlib
import math
import re
from datetime import date
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from pipelines.datasets.addresses import moved
from pipelines.datasets.columns import IDENTIFIER, raw_name
from pipelines.datasets.date_pattern import DatePattern

# The number of a limit: nan is in no range.
Rows = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]

Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]

DaysApart = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class BaseDataset(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """One published table. Column names are the publisher's, as its API spells them.

    Each kind of data set adds its own keys; see `dataset`.
    """

    path_shape: ClassVar[re.Pattern[str]]
    """Pattern of every address's path."""
    path_example: ClassVar[str]
    """An example of such a path."""
    column_shape: ClassVar[re.Pattern[str]] = IDENTIFIER
    """Pattern of every column's name."""
    column_rule: ClassVar[str] = "use only letters, digits and _"
    """The same in words."""
    few_removals: ClassVar[int] = 10
    """This many rows may vanish from any table, however small; of areas, none may."""

    name: str = ""
    """`<source>__<entity>`, the file's name."""
    title: str
    url: str
    """Address of the rows, without an ending such as `.csv`; with it for a file."""
    formerly: list[str] = []
    """Former values of `url`, newest first, which had the same rows under the same
    keys: what was read there is not read again. A table that replaced another has
    none."""
    zone: str
    """IANA name of the time zone in which the publisher writes times."""
    window_column: str | None = None
    """The date that windows and months use: of the report if there is one. In a file it
    only identifies the newest row."""
    key: list[str]
    """Columns that make up `row_id`, the most selective first."""
    key_is_unique: bool = True
    """False if rows may share a key: `row_id` then ends in an ordinal for ties."""
    newest_by: str | None = None
    """Column that shows which of two rows with one key is newer."""
    columns: list[str]
    """What is requested and loaded; a missing one stops the data set."""
    optional_columns: list[str] = []
    """Loaded if published, else null."""
    later_columns: list[str] = []
    """Like `optional_columns`, but declared after rows had been read without them: no
    month is read again for them, and a row does not count as changed because of them.
    Rows already held keep null there until something else in them changes."""
    left_out: list[str] = []
    """Published and deliberately not loaded; any other unknown column is reported."""
    unhashed: list[str] = []
    """Columns ignored when deciding whether a row changed, such as load timestamps."""
    kept_part: dict[str, str] = {}
    """Keeps only the part of a column that a pattern's one named group matches.

    For a column that runs on into text that must not be held, such as a narrative that
    names people: the rest reaches no table, file or log. A value that does not match
    becomes empty, null stays null. Patterns are RE2's, found anywhere unless anchored
    with `\\A` and `\\z` (https://github.com/google/re2/wiki/Syntax).
    """
    read_every_days: DaysApart = 1
    """A daily run sends no request if the last good look is less than this many days
    ago, by the city's calendar, unless the data set is named on the command line."""
    reread_days: Days = 7
    """How many of the city's days an unchanged version is trusted. After that, window,
    late edits and months are read as on any day, and a file is read without asking
    whether it changed: portals cache their dates of change, and derived views keep
    theirs. 0: forever."""
    enabled: bool = True
    """False: loaded only when named on the command line."""
    removal_limit_rows: Rows = 50
    removal_limit_pct: Percent = 2.0
    """A read that would remove more rows than both limits is refused as a whole."""
    removal_most_pct: Percent = 10.0
    """A read that would remove this share of the rows held, or more, is also refused:
    fifty rows are few for a month, but all of a city's areas. Up to ten rows are never
    refused by this limit, except that for areas (`geojson`) even one may be."""
    standstill_days: DaysApart = 10
    """`blotter doctor` warns after this many days without an update."""
    reject_limit_rows: Rows = 10
    reject_limit_pct: Percent = 1.0
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
        """Of its raw tables, by its name in the project: an engine adds the prefix."""
        return f"raw_{self.source}"

    @property
    def addresses(self) -> list[str]:
        """Where its rows are."""
        return [self.url]

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
    def clock(self) -> ZoneInfo:
        """The zone in which instants, as they are published, show the city's time."""
        return self.tzinfo

    @property
    def loaded_columns(self) -> list[str]:
        """Every declared column under its name in the raw table; see `raw_name`."""
        return [raw_name(name) for name in (*self.columns, *self.dispensable_columns)]

    @property
    def windowed_by(self) -> str:
        """The column that windows use; a data set that is read whole has none."""
        if self.window_column is None:
            raise ValueError(f"{self.name} has no window column")
        return self.window_column

    @property
    def window_pattern(self) -> DatePattern | None:
        """The pattern of the window column's texts, if it is declared."""
        return None

    @property
    def dispensable_columns(self) -> list[str]:
        """Columns that are loaded if published, else null."""
        return [*self.optional_columns, *self.later_columns]

    @property
    def named_columns(self) -> list[str]:
        """Columns that other keys name, which must be among `columns`."""
        named = [self.window_column, self.newest_by]
        return [*self.key, *filter(None, named)]

    @property
    def fingerprint(self) -> str:
        """Changes with what is read or how rows are keyed, not with limits.

        Nor with where they are read: the oldest of its addresses identifies the table.
        """
        return self._fingerprint_at([self.url, *self.formerly][-1])

    @property
    def former_fingerprints(self) -> set[str]:
        """What `fingerprint` was while less of `formerly` was known."""
        addresses = [self.url, *self.formerly]
        return {self._fingerprint_at(a) for a in addresses} - {self.fingerprint}

    def declaration_of(self, month: date) -> str:
        """`fingerprint`, as far as it concerns a month, by its first day."""
        return self.fingerprint

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
        parts += self._how_it_is_read()
        return hashlib.md5(repr(tuple(parts)).encode()).hexdigest()

    def _how_it_is_read(self) -> list[Any]:
        """A kind's own part of the fingerprint."""
        return []

    def with_removal_limit(self, rows: int) -> Self:
        """The data set with a limit on removals in rows only."""
        return msgspec.structs.replace(
            self,
            removal_limit_rows=rows,
            removal_limit_pct=0.0,
            removal_most_pct=math.inf,
        )

    def on_day(self, day: date) -> Self:
        """The data set as it is published on a day."""
        return self

    def at_portal(self, portal: str | None) -> Self:
        """The data set with scheme and host replaced by `portal`'s, if given.

        It is the same table: its declared addresses become former ones, and its
        `fingerprint` stays the same.
        """
        if not portal:
            return self
        declared = [self.url, *self.formerly]
        url, *formerly = [moved(address, portal) for address in declared]
        return msgspec.structs.replace(self, url=url, formerly=[*formerly, *declared])
