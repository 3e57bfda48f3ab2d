"""A data set: what is published, and where. Its kind goes by the key `api`.

    SodaDataset     api = "soda2"     a table of a Socrata portal    read by windows
    Soda3Dataset    api = "soda3"     the same, by its newer API     read by windows
    ArcgisDataset   api = "arcgis"    an ArcGIS feature layer        read by windows
    CkanDataset     api = "ckan"      a table of a CKAN portal       read by windows
    CartoDataset    api = "carto"     a table of a Carto account     read by windows
    FileDataset     api = "file"      files, CSV or workbooks        read whole
    AreasDataset    api = "geojson"   a file of areas                read whole

Each has the keys of `BaseDataset` too.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from pipelines.datasets.base import BaseDataset, Days, Percent, Rows
from pipelines.datasets.columns import (
    DOTTED,
    DOTTED_RULE,
    QUOTABLE,
    QUOTABLE_RULE,
)
from pipelines.datasets.date_pattern import DatePattern, pattern_of
from pipelines.datasets.parts import InParts
from pipelines.datasets.windows import WHOLE_TABLE, Window, daily_window


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


Literals: TypeAlias = Literal["utc", "local"]
"""A clock on which a server reads times."""


class TableDataset(InParts, frozen=True, kw_only=True):
    """A table that is read by windows of time: the days around now, and old months."""

    is_file: ClassVar[bool] = False
    files: ClassVar[list[str]] = []
    redirects_to: ClassVar[str | None] = None

    window_column: str
    """The date that windows and months use: of the report if there is one."""
    window_format: str | None = None
    """If the window column is text: its pattern in strptime's directives, such as
    `%m/%d/%Y`. Rows whose text is none of it count as undated."""
    backfill_from: date
    """First month that a backfill reads."""
    where: str = ""
    """A condition in the portal's query language that every row meets which is read,
    such as `nibrs_code is not null`, where a table has much else. A row that no longer
    meets it counts as removed."""
    moving_window: bool = False
    """True if rows leave the table with age, which does not count as a removal."""
    page_rows: Annotated[int, msgspec.Meta(ge=1, le=50_000)] = 20_000
    heeds_movement: bool = True
    """False: rows may be removed even if the table changed during the read."""
    change_column: str | None = None
    """The publisher's date of a row's last change. Late edits are found by it, or by
    the portal's own `:updated_at` if it has one."""
    sweeps: bool = True
    """False: changes in rows older than the window are not requested."""
    sweep_overlap_days: Days = 2
    """How far a sweep reaches back before the last one: publishers load with a
    delay."""
    sweep_limit_rows: Rows = 1_000
    sweep_limit_pct: Percent = 25.0
    """A sweep of more rows than both limits is skipped: the publisher has replaced the
    table."""
    compare_days: Days = 7
    """How often the counts of all months are compared with the portal's; 0: never."""
    reread_months: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 1
    """How many old months per day are read whole, least recently read first, if no
    sweep could find which of their rows changed: a layer without a date of change, a
    table that is replaced every night. 0: none; such edits are left to `reconcile`."""

    @property
    def named_columns(self) -> list[str]:
        """Columns that other keys name, which must be among `columns`."""
        changes = [self.change_column] if self.change_column else []
        return [*super().named_columns, *changes]

    @property
    def window_pattern(self) -> DatePattern | None:
        """The pattern of the window column's texts, if it is declared."""
        return pattern_of(self.window_format)

    def window_on(self, day: date) -> Window:
        """What is read on a day: the rolling window."""
        return daily_window(day)

    def among_read(self, condition: str) -> str:
        """A condition, in the portal's query language, on the rows that are read."""
        return f"({self.where}) AND ({condition})" if self.where else condition

    def _how_it_is_read(self) -> list[Any]:
        # Left out where there is none, so that no month is read again.
        return [each for each in (self.where, self.window_format) if each]


class SodaDataset(
    TableDataset, frozen=True, kw_only=True, tag_field="api", tag="soda2"
):
    """A table of a Socrata portal, read by SODA 2."""

    soda: ClassVar[int] = 2

    path_shape = re.compile(r"/resource/[a-z0-9]{4}-[a-z0-9]{4}")
    path_example = "/resource/abcd-1234"

    heeds_out_of_date: bool = True
    """False: rows may be removed even if the portal says that its copy is out of
    date."""
    compare_by: list[str] = []
    """Columns whose values are also counted by month, which finds edits that do not
    change the number of rows."""
    council_list: CouncilList | None = None
    """For a city's incidents: the list with which `blotter doctor` compares the council
    members in the seeds. It is not loaded."""

    @property
    def named_columns(self) -> list[str]:
        """Columns that other keys name, which must be among `columns`."""
        return [*super().named_columns, *self.compare_by]


class Soda3Dataset(SodaDataset, frozen=True, kw_only=True, tag="soda3"):
    """The same table, read by SODA 3. Its `url` is the one of SODA 2: it identifies the
    table, so going from one API to the other reads nothing again."""

    soda: ClassVar[int] = 3


class SpatialDataset(TableDataset, frozen=True, kw_only=True):
    """A table of a map server: its dates are instants, its rows may have points."""

    # Such a table does not report that it lags, and can't group.
    heeds_out_of_date: ClassVar[bool] = True
    compare_by: ClassVar[list[str]] = []

    times: Literal["utc", "local", "day"] = "utc"
    """What its dates are: instants, the city's clock written as if it were UTC, or days
    written as their midnight in UTC. `blotter doctor` and a first load prove it."""

    @property
    def point_columns(self) -> list[str]:
        """Those of `geometry_x` and `geometry_y` that are declared: the longitude and
        latitude of a row's point, which is not among the other columns."""
        declared = [*self.columns, *self.dispensable_columns]
        return [name for name in declared if name in ("geometry_x", "geometry_y")]

    @property
    def clock(self) -> ZoneInfo:
        """The zone in which its dates, read as instants, show the city's time."""
        return self.tzinfo if self.times == "utc" else ZoneInfo("UTC")

    def as_published(self, instant: datetime) -> datetime:
        """An instant as its dates have it, in UTC."""
        shown = instant.astimezone(self.tzinfo).replace(tzinfo=self.clock)
        return shown.astimezone(UTC)


class ArcgisDataset(
    SpatialDataset, frozen=True, kw_only=True, tag_field="api", tag="arcgis"
):
    """An ArcGIS feature layer."""

    path_shape = re.compile(r"/[\w./%()-]+/(Feature|Map)Server/[0-9]+", re.ASCII)
    path_example = "/.../FeatureServer/0"
    column_shape = DOTTED
    column_rule = DOTTED_RULE

    literals: Literals = "utc"
    """On which clock its server reads the times that a request names."""

    @property
    def literal_clock(self) -> ZoneInfo:
        """The zone of the times in requests."""
        return self.tzinfo if self.literals == "local" else ZoneInfo("UTC")

    def _how_it_is_read(self) -> list[Any]:
        # Left out where it is as ever, so that no month is read again.
        is_usual = (self.times, self.literals) == ("utc", "utc")
        clock = [] if is_usual else [self.times, self.literals]
        return [*clock, *super()._how_it_is_read()]


class CartoDataset(
    SpatialDataset, frozen=True, kw_only=True, tag_field="api", tag="carto"
):
    """A table of a Carto account, which its SQL API reads."""

    path_shape = re.compile(r"(/u/[\w-]+)?/tables/[a-z_][a-z0-9_]{0,62}", re.ASCII)
    path_example = "/tables/incidents"
    column_shape = QUOTABLE
    column_rule = QUOTABLE_RULE

    @property
    def table(self) -> str:
        """Its name."""
        return self.url.rpartition("/")[2]

    def _how_it_is_read(self) -> list[Any]:
        clock = [] if self.times == "utc" else [self.times]
        return [*clock, *super()._how_it_is_read()]


class CkanDataset(TableDataset, frozen=True, kw_only=True, tag_field="api", tag="ckan"):
    """A table in the DataStore of a CKAN portal: a resource, by its id."""

    path_shape = re.compile(
        r"(/[\w.-]+)*/resource/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII
    )
    path_example = "/dataset/incidents/resource/01234567-89ab-cdef-0123-456789abcdef"
    column_shape = QUOTABLE
    column_rule = QUOTABLE_RULE

    # A table does not report that it lags.
    heeds_out_of_date: ClassVar[bool] = True
    compare_by: ClassVar[list[str]] = []

    @property
    def resource(self) -> str:
        """The id of the resource."""
        return self.url.rpartition("/")[2]


class WholeDataset(BaseDataset, frozen=True, kw_only=True):
    """A data set that is read and compared whole: it has no windows and no months."""

    path_shape = re.compile(r"/[\w./-]+", re.ASCII)

    is_file: ClassVar[bool] = True
    where: ClassVar[str] = ""
    # So there are no months to read, sweep or compare, and no rows age out.
    backfill_from: ClassVar[date] = date.min
    moving_window: ClassVar[bool] = False
    heeds_movement: ClassVar[bool] = True
    heeds_out_of_date: ClassVar[bool] = True
    sweeps: ClassVar[bool] = False
    sweep_overlap_days: ClassVar[int] = 0
    sweep_limit_rows: ClassVar[int] = 0
    sweep_limit_pct: ClassVar[float] = 0.0
    compare_days: ClassVar[int] = 0
    compare_by: ClassVar[list[str]] = []
    reread_months: ClassVar[int] = 0

    redirects_to: str | None = None
    """A host to which the addresses may redirect, such as that of a store of files."""
    query: dict[str, str] = {}
    """Parameters of a file's address, such as `f = "geojson"`."""
    also_called: dict[str, list[str]] = {}
    """Other headers of a declared column in files; case, spaces and line breaks are
    ignored. The second column of a name is called `Name 2`, and so on."""

    def window_on(self, day: date) -> Window:
        """What is read on a day: all of it."""
        return WHOLE_TABLE

    def _how_it_is_read(self) -> list[Any]:
        return [sorted(self.query.items())] if self.query else []


class FileDataset(WholeDataset, frozen=True, kw_only=True, tag_field="api", tag="file"):
    """Files of rows: CSV, zipped CSV or workbooks. Several make one table."""

    path_example = "/folder/file.csv"

    files: list[str] = []
    """If one table comes in several files: their paths below `url`."""
    due: dict[str, date] = {}
    """Files among `files` that are not published yet, with the day from which a missing
    one is a failure. Before that day, and as long as none of it is loaded, a run only
    warns."""
    format: Literal["csv", "zip", "xlsx"] | None = None
    """What every file is, if that is not the ending of its address."""
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    """The encoding of CSV files."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    """What stands between the cells of CSV files."""
    file_column: str | None = None
    """The declared column that receives the name of a row's file."""
    has_notes: bool = False
    """For a file kept by hand: lines above the header, and lines with only one filled
    cell, are notes, and the last line need not end in a line break."""

    @property
    def addresses(self) -> list[str]:
        """Where its files are."""
        return [f"{self.url}/{path}" for path in self.files] or [self.url]

    @property
    def named_columns(self) -> list[str]:
        """Columns that other keys name, which must be among `columns`."""
        of_file = [self.file_column] if self.file_column else []
        return [*super().named_columns, *of_file]

    def _how_it_is_read(self) -> list[Any]:
        cells = [self.files, self.encoding, sorted(self.also_called.items())]
        # Left out where they are as ever, so that no file is read again.
        is_usual = (self.format, self.delimiter) == (None, ",")
        written = [] if is_usual else [self.format, self.delimiter]
        return [cells, *written, *super()._how_it_is_read()]


class AreasDataset(
    WholeDataset, frozen=True, kw_only=True, tag_field="api", tag="geojson"
):
    """A GeoJSON file of areas, of any name; `geometry` is the column of shapes."""

    path_example = "/folder/areas.geojson"

    # It is always one file, whose name is irrelevant.
    files: ClassVar[list[str]] = []
    due: ClassVar[dict[str, date]] = {}
    file_column: ClassVar[str | None] = None
    few_removals: ClassVar[int] = 0

    box: Box | None = None
    """The box in which all of its areas lie. An area outside it is set aside, and a
    file with mostly such areas is refused: latitude and longitude may have been
    swapped."""

    def _how_it_is_read(self) -> list[Any]:
        cells = [[], "utf-8", sorted(self.also_called.items())]
        return [cells, *super()._how_it_is_read()]


Dataset: TypeAlias = (
    SodaDataset
    | Soda3Dataset
    | ArcgisDataset
    | CkanDataset
    | CartoDataset
    | FileDataset
    | AreasDataset
)
"""A data set of any kind."""
