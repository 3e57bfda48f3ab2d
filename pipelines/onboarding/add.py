"""`blotter add`: from an address to a city's files, or to one sentence."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pipelines.onboarding.addresses import Address, parse
from pipelines.onboarding.asking import Line
from pipelines.onboarding.facts import Finding
from pipelines.onboarding.options import Options, Project
from pipelines.onboarding.proposal import Proposal
from pipelines.onboarding.proposing import propose
from pipelines.onboarding.survey import as_file, open_table
from pipelines.onboarding.tables import Description
from pipelines.onboarding.whole_files import FileTable
from pipelines.onboarding.writer import check_is_new, slug, write
from pipelines.ops.findings import short
from pipelines.redaction import redacted
from pipelines.settings import Settings
from pipelines.transform.plan import PROJECT

Say = Callable[[str], None]


@dataclass
class Added:
    """What came of it."""

    proposal: Proposal
    city: str
    written: list[Path]
    requests: int


def add(
    text: str,
    options: Options,
    settings: Settings,
    now: datetime,
    say: Say,
    *,
    dry_run: bool = False,
    root: Path | None = None,
) -> Added:
    """Ask a portal about a table, say what was found, and write a city's files.

    Args:
        now: The time in UTC.
        root: The project's folder, if it is another than this one's.

    Raises:
        ConfigError: The address is none of a table; no key, date or zone was found; the
            city is declared already, or its files can't be written.
        PortalError: The portal refused, failed or sent something else.
    """
    root = root or PROJECT
    project, city = Project(root), slug(options.name)
    if not dry_run:
        check_is_new(project, city)
    line = Line(settings.portal, short(settings.patience), settings.identity)
    made = proposal(parse(text), line, options, project, now.replace(tzinfo=None))
    for finding in made.findings:
        say(in_words(finding))
    say(in_words(Finding("requests", line.requests, "sent to the portal", "measured")))
    written = [] if dry_run else write(made, project, city)
    for path in written:
        say(f"wrote {path.relative_to(root)}")
    say(what_next(f"{city}__incidents", made, dry_run))
    return Added(made, city, written, line.requests)


def proposal(
    address: Address, line: Line, options: Options, project: Project, now: datetime
) -> Proposal:
    """A proposal; of a CKAN table that can't be asked by SQL, as a file."""
    address, table = open_table(address, line)
    described = table.describe()
    if address.platform == "ckan" and not described.query_language:
        address = as_file(address)
        table = FileTable(address, line)
        described = as_published(table.describe(), described)
    return propose(address, table, described, options, project, now)


def as_published(file: Description, described: Description) -> Description:
    """A file's description, with what its portal says of it."""
    return replace(
        file,
        title=described.title,
        text=described.text,
        license=described.license,
        attribution=described.attribution,
    )


def in_words(finding: Finding) -> str:
    """A finding for a person: sure or not, what, and by which evidence."""
    value = finding.shown
    short = value if len(value) < 120 else f"{value[:117]}..."
    said = f"{finding.sure:9}{finding.subject:17}{short}: {finding.evidence}"
    return redacted("".join(c if c.isprintable() else " " for c in said))


def what_next(name: str, made: Proposal, dry_run: bool) -> str:
    """The three commands that prove a declaration."""
    if dry_run:
        return "Nothing was written (--dry-run)."
    if made.address.platform == "file":
        load = f"`blotter daily {name} --no-build` twice"
    else:
        month = f"{made.backfill_from}"
        once = f"blotter backfill {name} --from {month} --to {month} --no-build"
        load = f"`{once}`, then with --again: no row may change"
    return (
        f"Now prove it: `blotter doctor {name}`; {load}; `blotter check`. Lines marked "
        "TODO(you) are for you."
    )
