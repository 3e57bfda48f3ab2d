"""Read a data set that is published as several tables, each by its own reader."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TypeAlias, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import PART, raw_name
from pipelines.datasets.dataset import ArcgisDataset, CkanDataset, SodaDataset
from pipelines.datasets.parts import Part
from pipelines.datasets.windows import Window
from pipelines.errors import AbsentError, PortalError, PortalMovedError
from pipelines.portals.columns import check_columns
from pipelines.portals.http.moves import to_paste
from pipelines.portals.parts_found import (
    NO_COUNTS,
    Marks,
    as_version,
    marks_of,
    may_lie,
    surveyed,
    text_before,
)
from pipelines.portals.reader import Published, Read, Reader, Survey
from pipelines.settings import Identity, Patience

log = logging.getLogger(__name__)

T = TypeVar("T")

Tables: TypeAlias = ArcgisDataset | CkanDataset | SodaDataset


class PartsReader(Reader):
    """Read several tables as one; a part that fails spares the others.

    Each part's reader has the part as its data set, under the part's names.
    """

    dataset: Tables

    def __init__(
        self,
        dataset: Tables,
        patience: Patience,
        identity: Identity,
        reader_of: Callable[[Tables, Patience, Identity], Reader],
    ):
        super().__init__(dataset, patience, identity)
        self.parts = {part.url: part for part in dataset.parts}
        self.readers = {
            url: reader_of(dataset.as_part(part), patience, identity)
            for url, part in self.parts.items()
        }
        self.missed: dict[str, PortalError] = {}
        """By address: why a part could not be read. It is not asked again."""
        self.loaded: Marks | None = None
        """What was loaded before this run, as far as it is known."""
        self.tells_versions = True
        self.told: dict[str, Published] = {}
        """By address: what a part reported."""

    def describe(self, known: str | None) -> Published:
        """Ask each part for columns and version.

        Of a missed part, the version keeps what was last loaded from it.
        """
        if not self.parts:
            raise PortalError(
                f"{self.dataset.label} has no part of this year or an earlier one: see "
                f"`from_year` in {self.dataset.name}.toml."
            )
        marks = self._marks(known)
        if self.loaded is None:
            self.loaded = marks
        told = {
            url: self._tried(url, partial(self._describe, reader, url, marks))
            for url, reader in self._answering().items()
        }
        found = {url: published for url, published in told.items() if published}
        self.told |= found
        now = {self.parts[url].identity: p.version for url, p in found.items()}
        moments = [published.updated_at for published in found.values()]
        self.tells_versions = all(now.values())
        return Published(
            self._columns(),
            as_version(marks | now, self._identities()),
            max(filter(None, moments), default=None),
            [warning for published in found.values() for warning in published.warnings],
        )

    def count(self, window: Window) -> int:
        """How many rows the parts count; one that stands in two counts twice."""
        counts = [
            self._tried(url, partial(reader.count, self._asked(url, window)))
            for url, reader in self._answering(window).items()
        ]
        return sum(filter(None, counts))

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows, one part after the other."""
        for url, reader in self._answering(window).items():
            of_part = Read()
            asked = self._asked(url, window)
            pages = self._tried(url, partial(all_pages, reader, asked, of_part))
            if pages is None:
                read.is_short = True
                continue
            read.is_stale |= of_part.is_stale
            read.is_moving |= of_part.is_moving
            # Two tables may number their rows alike.
            read.ids += [text_before(url, ids) for ids in of_part.ids]
            yield from (self._ours(url, page) for page in pages)

    def rows_of(self, key_values: list[str]) -> pa.Table:
        """Every row, of any part, whose first key column holds one of these values."""
        found = {
            url: self._tried(url, partial(reader.rows_of, key_values))
            for url, reader in self._answering().items()
        }
        tables = [
            self._ours(url, rows) for url, rows in found.items() if rows is not None
        ]
        return pa.concat_tables(tables, promote_options="default")

    def bound(self, day: date) -> str | int:
        """The window column's value at a day's local midnight, as published."""
        return next(iter(self.readers.values())).bound(day)

    def check_clock(self) -> str | None:
        """Prove each part's clock; a part on another than declared counts as missed."""
        return self._check_clocks(list(self._answering()))

    def check_new_clock(self, has_read: bool) -> None:
        """Prove the clock of each part that was never loaded."""
        loaded = (self.loaded or {}) if has_read else {}
        new = [u for u in self._answering() if self.parts[u].identity not in loaded]
        self._check_clocks(new)

    @property
    def can_sweep(self) -> bool:
        """Whether each part can list the rows that changed since a given time."""
        return all(reader.can_sweep for reader in self.readers.values())

    def monthly_counts(
        self, windows: list[Window], column: str | None = None
    ) -> pa.Table:
        """Count rows by window and value, by part: only their sum is meaningful."""
        counts = [NO_COUNTS]
        for url, reader in self._answering().items():
            part = self.parts[url]
            mine = [window for window in windows if part.may_hold(window)]
            theirs = part.also_called.get(column, column) if column else None
            if mine:
                ask = partial(reader.monthly_counts, mine, theirs)
                counts.append(self._tried(url, ask) or NO_COUNTS)
        return pa.concat_tables(counts, promote_options="permissive")

    def missed_parts(self) -> dict[str, str]:
        """Why parts could not be read, by their address as it is shown."""
        return {
            self.parts[url].place: self._why(url, error)
            for url, error in self.missed.items()
        }

    def is_new_part(self, path: str) -> bool:
        """Whether a part is not there, and was never loaded."""
        return any(p.place == path and self._is_awaited(p) for p in self.parts.values())

    def reaches(self, window: Window) -> bool:
        """Whether every part was read that may hold rows of a window."""
        missed = [self.parts[url] for url in self.missed]
        return not any(p.may_hold(window) and not self._is_awaited(p) for p in missed)

    def within_reach(self, held: pa.Table) -> pa.Table:
        """The rows that the warehouse holds, except those that a missed part may have.

        That goes by their days: no row says of which part it is.
        """
        for part in (self.parts[url] for url in self.missed):
            first = self.bound(part.start) if part.start else None
            after = self.bound(part.end + timedelta(days=1)) if part.end else None
            dates = held[raw_name(self.dataset.window_column)]
            held = held.filter(pc.invert(may_lie(dates, first, after)))
        return held

    def loaded_version(self, version: str | None) -> str | None:
        """The version of what is loaded now: of a missed part, what was before."""
        marks, before = self._marks(version), self.loaded or {}
        for url in self.missed:
            identity = self.parts[url].identity
            marks.pop(identity, None)
            marks |= {i: mark for i, mark in before.items() if i == identity}
        return as_version(marks, self._identities())

    def survey(self, window: Window) -> Survey:
        """Add up the figures of the parts that may hold a window's rows."""
        figures = [
            self._tried(url, partial(reader.survey, self._asked(url, window)))
            for url, reader in self._answering(window).items()
        ]
        return surveyed([found for found in figures if found])

    def found(self) -> list[tuple[Part, Published]]:
        """The parts that answer, with what each reported."""
        return [(self.parts[url], self.told[url]) for url in self._answering()]

    def count_of(self, part: Part, window: Window) -> int:
        """How many rows a part by itself counts in any window."""
        return self._tried(part.url, partial(self.readers[part.url].count, window)) or 0

    def token_state(self) -> str | None:
        """What became of the app token, at worst."""
        states = {reader.token_state() for reader in self.readers.values()}
        return next((s for s in ("refused", "accepted", "none") if s in states), None)

    def _check_clocks(self, urls: list[str]) -> str | None:
        """What the clocks of some parts have proved, each if they differ."""
        told = {url: self._tried(url, self.readers[url].check_clock) for url in urls}
        said = {self.parts[url].place: why for url, why in told.items() if why}
        if len(set(said.values())) < 2:
            return next(iter(said.values()), None)
        return "; ".join(f"{place}: {why}" for place, why in said.items())

    def _describe(self, reader: Reader, url: str, marks: Marks) -> Published:
        """A part's columns and version, and warnings about columns."""
        published = reader.probe(marks.get(self.parts[url].identity))
        warnings = check_columns(reader.dataset, published)
        return replace(published, warnings=warnings)

    def _columns(self) -> list[str]:
        """The declared columns that some part publishes."""
        published = {
            name
            for url, reader in self._answering().items()
            for name in self.dataset.dispensable_columns
            if self.parts[url].also_called.get(name, name) in reader.published
        }
        return [*self.dataset.columns, *sorted(published)]

    def _answering(self, window: Window | None = None) -> dict[str, Reader]:
        """Readers by address, without those missed; for a window, those of its days."""
        return {
            url: reader
            for url, reader in self.readers.items()
            if url not in self.missed
            and (window is None or self.parts[url].may_hold(window))
        }

    def _tried(self, url: str, ask: Callable[[], T]) -> T | None:
        """What a part answers; None if it fails, which makes it a missed one.

        Raises:
            PortalError: Every part has failed.
        """
        try:
            return ask()
        except PortalError as error:
            self.missed[url] = error
            if not self._is_awaited(self.parts[url]):
                log.warning("%s", error)
            if len(self.missed) == len(self.readers):
                raise self._worst() from error
            return None

    def _worst(self) -> PortalError:
        """The first failure; one of a part that is there before others."""
        missed = list(self.missed.values())
        there = [error for error in missed if not isinstance(error, AbsentError)]
        return [*there, *missed][0]

    def _asked(self, url: str, window: Window) -> Window:
        """A window as a part is asked for it.

        Rows without a date are read with the last month of a part that has ended: the
        open window, to which they belong, is not asked of it.
        """
        is_last = self.parts[url].ends_in(window) and not window.changed_since
        return replace(window, undated=window.undated or is_last)

    def _ours(self, url: str, rows: pa.Table) -> pa.Table:
        """A part's rows under the data set's names; which part's, where keys tie."""
        called = self.parts[url].also_called.items()
        ours = {raw_name(theirs): raw_name(name) for name, theirs in called}
        rows = rows.rename_columns([ours.get(n, n) for n in rows.column_names])
        if self.dataset.key_is_unique:
            return rows
        return rows.append_column(PART, pa.repeat(url, rows.num_rows))

    def _is_awaited(self, part: Part) -> bool:
        """Whether a part is not there, and was never loaded: nothing is missed."""
        is_absent = isinstance(self.missed.get(part.url), AbsentError)
        return is_absent and part.identity not in (self.loaded or {})

    def _why(self, url: str, error: PortalError) -> str:
        """Why a part could not be read, and what to do if it has moved."""
        dataset = self.readers[url].dataset
        if isinstance(error, PortalMovedError) and error.address:
            pasted = to_paste(dataset, error.address)
            return f"has moved: put {pasted} into its part of {dataset.name}.toml."
        said = str(error).removeprefix(f"{dataset.label} ")
        # It is said of a data set as a whole; the others' rows were written.
        return said.replace("; nothing was written.", ".")

    def _marks(self, version: str | None) -> Marks:
        return marks_of(version, self._identities()[0])

    def _identities(self) -> list[str]:
        return [part.identity for part in self.parts.values()]


def all_pages(reader: Reader, window: Window, read: Read) -> list[pa.Table]:
    """A window's rows, once all of them have come."""
    return list(reader.pages(window, read))
