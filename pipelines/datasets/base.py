"""What every data set declares, however it is published."""

import hashlib
import math
import re
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import msgspec

from pipelines.errors import ConfigError
from pipelines.settings import schema

# A limit's number: not a number (nan) is in no range.
Rows = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]

Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]

DaysApart = Annotated[int, msgspec.Meta(ge=1, le=3650)]


class BaseDataset(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """One published table. Column names are the publisher's, as its API spells them.

    A kind of data set adds what it alone has; see `dataset`.
    """

    path_shape: ClassVar[re.Pattern[str]]
    """What the path of every address is like."""
    path_example: ClassVar[str]
    """One such path."""
    few_removals: ClassVar[int] = 10
    """So few rows may vanish from any table, be it ever so small; of areas not one."""

    name: str = ""
    """`<source>__<entity>`, the file's name."""
    title: str
    url: str
    """Address of the rows, without an ending such as `.csv`; of a file with it."""
    formerly: list[str] = []
    """Former values of `url`, newest first, where the same rows were under the same
    keys: what was read there is not read again. A table that took the place of another
    has none."""
    zone: str
    """IANA name of the zone whose wall clock the publisher writes."""
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
    read_every_days: DaysApart = 1
    """A daily run asks for nothing where the last good look is less than so many days
    ago, by the city's calendar, unless the data set is named on the command line."""
    reread_days: Days = 7
    """How long a version that does not move is believed, in days of the city's: then
    window, late edits and months are read as on any day, and a file without asking
    whether it changed. Portals cache their dates of change, and derived views keep
    theirs. 0: for ever."""
    enabled: bool = True
    """False: only loaded when named on the command line."""
    removal_limit_rows: Rows = 50
    removal_limit_pct: Percent = 2.0
    """A read that would remove more rows than both limits is refused as a whole."""
    removal_most_pct: Percent = 10.0
    """Nor is one taken that would remove such a share of what is held, or more: fifty
    rows are few of a month and all of a city's areas. Ten rows are never refused by
    it, of areas (`geojson`) one may be."""
    standstill_days: DaysApart = 10
    """After how many days without an update `blotter doctor` wonders."""
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
        return schema(f"raw_{self.source}")

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
    def named_columns(self) -> list[str]:
        """Columns that other keys name, which must be among `columns`."""
        named = [self.window_column, self.newest_by]
        return [*self.key, *filter(None, named)]

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
        parts += self._how_it_is_read()
        return hashlib.md5(repr(tuple(parts)).encode()).hexdigest()

    def _how_it_is_read(self) -> list[Any]:
        """What a kind adds to the fingerprint."""
        return []

    def with_removal_limit(self, rows: int) -> Self:
        """The data set with a limit of removals in rows alone."""
        return msgspec.structs.replace(
            self,
            removal_limit_rows=rows,
            removal_limit_pct=0.0,
            removal_most_pct=math.inf,
        )

    def at_portal(self, portal: str | None) -> Self:
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
