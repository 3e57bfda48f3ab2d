"""The parts of a data set: which of them answer, and what is missed of the others."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.datasets.columns import raw_name
from pipelines.datasets.dataset import (
    ArcgisDataset,
    CartoDataset,
    CkanDataset,
    SodaDataset,
)
from pipelines.datasets.parts import Part
from pipelines.datasets.windows import Window
from pipelines.errors import AbsentError, PortalError, PortalMovedError
from pipelines.portals.http.moves import to_paste
from pipelines.portals.parts_found import Marks, as_version, marks_of, may_lie
from pipelines.portals.reader import Published, Reader
from pipelines.settings import Identity, Patience

log = logging.getLogger(__name__)

T = TypeVar("T")

Tables: TypeAlias = ArcgisDataset | CartoDataset | CkanDataset | SodaDataset


class MissedParts(Reader):
    """A reader of several tables, of which some may fail: what is known despite that.

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
        self.counts: dict[str, int] = {}
        """By address: how many rows a part last counted in a window."""
        self.told: dict[str, Published] = {}
        """By address: what a part reported."""

    def missed_parts(self) -> dict[str, str]:
        """Why parts could not be read, by their address as it is shown."""
        return {
            self.parts[url].place: self._why(url, error)
            for url, error in self.missed.items()
        }

    def is_new_part(self, path: str) -> bool:
        """Whether a part is not there yet, and need not be."""
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

    def _is_awaited(self, part: Part) -> bool:
        """Whether a part need not be there yet, and is not: nothing is missed."""
        is_absent = isinstance(self.missed.get(part.url), AbsentError)
        is_new = part.identity not in (self.loaded or {})
        return is_absent and is_new and part.due is not None

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
