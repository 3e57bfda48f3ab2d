"""Say what a publisher says of itself: title, license, and what its table lacks."""

import html
import re

from pipelines.onboarding.facts import Finding
from pipelines.onboarding.tables import Description

MOVING = re.compile(
    r"\brolling\b|\b(?:last|past|previous|most recent|prior) (?:\d+|[a-z]+ ?-?)?[\s-]?"
    r"(?:days?|months?|year)\b|\byear[- ]to[- ]date\b|\bcurrent year\b"
    r"|\bone year prior\b|\b365 days\b"
    r"|\b(?:past|last) (?:\d+|one|two|three|five) years\b",
    re.IGNORECASE,
)

LACKING = re.compile(
    r"[^.!?\n]*\b(?:exclud|not includ|does not contain|omit|withh|redact|remov|left out"
    r"|not (?:be )?(?:mapped|geocoded|displayed|shown|published)|juvenile|sexual"
    r"|sex (?:crimes?|offenses?)|part i\b|group a\b)[^.!?\n]*[.!?]?",
    re.IGNORECASE,
)

MOST_WORDS = 300


YEAR = re.compile(r"(?<![0-9])20[0-9]{2}(?![0-9])")


def year_finding(url: str, title: str, this: int) -> Finding | None:
    """Whether a table is of one year, by its address or title: others are parts."""
    years = {str(this), str(this - 1)}
    path = url.partition("://")[2]
    for place, said in ("address", path), ("title", title):
        found = [year for year in YEAR.findall(said) if year in years]
        if found:
            why = f"the {place} names {found[-1]}: see [[parts]] in docs/add-a-city.md"
            return Finding("other years", "tables of their own", why, "asked")
    return None


def publishing_findings(described: Description) -> tuple[list[Finding], bool, str]:
    """Title and license, whether rows leave with age, and what the table lacks."""
    text = plain_text(f"{described.title}. {described.text}")
    moving, lacking = MOVING.search(text), LACKING.search(text)
    missing = " ".join(lacking[0].split())[:MOST_WORDS] if lacking else ""
    findings = [
        Finding("title", plain_text(described.title), "as published", "sure"),
        license_finding(described),
        attribution_finding(described),
    ]
    if described.part_of:
        why = "a view of that table: its filter is not seen here, and may change"
        findings.append(Finding("filtered view", described.part_of, why, "asked"))
    if moving:
        why = f"the description says {moving[0].strip()!r}: rows may leave with age"
        findings.append(Finding("moving window", True, why, "proposed"))
    if missing:
        findings.append(Finding("missing", True, f"it says: {missing}", "proposed"))
    return findings, bool(moving), missing


def license_finding(described: Description) -> Finding:
    license = plain_text(described.license)
    why = "as published" if license else "blank: none is published, so none is claimed"
    return Finding("license", license, why, "sure" if license else "asked")


def attribution_finding(described: Description) -> Finding:
    name = plain_text(described.attribution)
    why = "as published" if name else "blank: the publisher is not named"
    return Finding("attribution", name, why, "sure" if name else "asked")


def plain_text(text: str) -> str:
    """Text without markup, on one line."""
    bare = re.sub(r"<[^>]{0,2000}>", " ", text[:100_000])
    return " ".join(html.unescape(bare).split())
