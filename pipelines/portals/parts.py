"""Read a data set that is published as several tables, each by its own reader."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial

import pyarrow as pa

from pipelines.datasets.columns import PART, raw_name
from pipelines.datasets.parts import Part
from pipelines.datasets.windows import Window
from pipelines.errors import IncompleteReadError, PortalError
from pipelines.portals.columns import check_columns
from pipelines.portals.missed_parts import MissedParts
from pipelines.portals.parts_found import (
    NO_COUNTS,
    Marks,
    as_version,
    surveyed,
    text_before,
)
from pipelines.portals.reader import Published, Read, Reader, Survey

# How many times to read a part whose rows don't match its count.
READS = 3


class PartsReader(MissedParts):
    """Read several tables as one; a part that fails spares the others."""

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
        counts = {
            url: self._tried(url, partial(reader.count, self._asked(url, window)))
            for url, reader in self._answering(window).items()
        }
        self.counts = {url: count for url, count in counts.items() if count is not None}
        return sum(self.counts.values())

    def pages(self, window: Window, read: Read) -> Iterator[pa.Table]:
        """Yield the window's rows, one part after the other."""
        for url in self._answering(window):
            of_part = Read()
            pages = self._tried(url, partial(self._pages, url, window, of_part))
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

    def _pages(self, url: str, window: Window, read: Read) -> list[pa.Table]:
        """A part's rows of a window, as many as it last counted.

        Raises:
            IncompleteReadError: Again and again it sends another number: it must not
                keep the other parts from being loaded.
        """
        reader, asked = self.readers[url], self._asked(url, window)
        expected = self.counts[url] if url in self.counts else reader.count(asked)
        for _ in range(READS):
            read.ids.clear()
            pages = list(reader.pages(asked, read))
            received = sum(page.num_rows for page in pages)
            if received == expected and not read.repeats():
                return pages
            if reader.count(asked) != expected:
                return pages  # It moves; whoever counts all parts finds that out.
        raise IncompleteReadError(
            f"{reader.dataset.label} sent {received:,} rows of {window} but counts "
            f"{expected:,}, in {READS} attempts."
        )

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
