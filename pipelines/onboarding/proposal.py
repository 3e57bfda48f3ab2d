"""What was found out about a table: a city that can be declared."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from pipelines.onboarding import offenses
from pipelines.onboarding.addresses import Address
from pipelines.onboarding.facts import Finding, Seen
from pipelines.onboarding.options import Options
from pipelines.onboarding.places import Coordinates
from pipelines.onboarding.times import is_iso, pattern_of_values


@dataclass
class Proposal:
    """A city's incidents, as far as they were found out."""

    address: Address
    seen: Seen
    options: Options
    findings: list[Finding] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    key_is_unique: bool = True
    counting: str | None = None
    window: str | None = None
    occurred: str | None = None
    reported: str | None = None
    changed: str | None = None
    loads: list[str] = field(default_factory=list)
    clocks: dict[str, str] = field(default_factory=dict)
    backfill_from: date | None = None
    first_year: int | None = None
    zone: str = ""
    times: str = "utc"
    literals: str = "utc"
    moving_window: bool = False
    offense: offenses.Offenses = field(default_factory=offenses.Offenses)
    areas: dict[str, str] = field(default_factory=dict)
    window_format: str | None = None
    """The pattern of a window column of text."""
    place: Coordinates = field(default_factory=lambda: Coordinates("none"))
    columns: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """Columns that are not loaded, and why."""
    missing: str = ""
    """What the publisher leaves out, in its own words."""

    @property
    def stands_for_occurrence(self) -> bool:
        """Whether the date of report is the only one, and so stands for the day on
        which an incident occurred."""
        return self.reported in self.columns and self.occurred not in self.columns

    def finding(self, subject: str) -> Finding | None:
        """What was found of a subject."""
        return next((f for f in self.findings if f.subject == subject), None)

    def why(self, subject: str) -> str:
        found = self.finding(subject)
        return found.evidence if found else ""


def pattern_in(made: Proposal, name: str) -> str | None:
    """The pattern of a column of text that no cast reads; None if a cast does."""
    if made.seen.named(name).kind != "text":
        return None
    if not has_odd_dates(made, [name]) and name != made.window:
        return None
    pattern = pattern_of_values(made.seen.column(name))
    return None if pattern in CAST else pattern


def is_unreadable(made: Proposal, name: str) -> bool:
    """Whether a file's dates are in a form for which there is no macro."""
    is_file = made.address.platform == "file"
    return is_file and has_odd_dates(made, [name]) and not pattern_in(made, name)


# Patterns of which a cast to a timestamp reads the texts on every warehouse.
CAST = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.000")


def has_odd_dates(made: Proposal, columns: Iterable[str | None]) -> bool:
    """Whether dates are written in another way than ISO's."""
    return any(
        not is_iso(value)
        for name in columns
        if name
        for value in made.seen.column(name)[:50]
    )
