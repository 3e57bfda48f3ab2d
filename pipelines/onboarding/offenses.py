"""Find the columns that say what happened: NIBRS codes first, then names."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.onboarding.facts import Finding, Seen, Sure
from pipelines.onboarding.offense_names import Offense, map_values
from pipelines.onboarding.times import share
from pipelines.onboarding.words import is_offense_like, run

# Codes beside those of the seed: what is not reportable, and local ones for no crime.
NO_CRIMES = {"999", "99X", "99Z", "90I", "740", "800", "810", "850", "000"}

MOSTLY = 0.9

# A column with fewer values says too little, with more too much to be mapped by hand.
FEWEST, FEW, MOST = 3, 6, 400


@dataclass
class Offenses:
    """The columns that say what happened."""

    code: str | None = None
    """The column of NIBRS codes, if there is one."""
    category: str | None = None
    description: str | None = None
    mapped: dict[str, Offense] = field(default_factory=dict)
    """Values of `category`, in capitals, that a NIBRS offense is named like."""
    unmapped: dict[str, int] = field(default_factory=dict)
    """The others, with how many rows have them."""
    no_crimes: list[str] = field(default_factory=list)
    """Values of `code` that stand for no NIBRS offense, such as 999."""
    lists_several: bool = False
    """Whether a value of `code` may list several codes."""
    findings: list[Finding] = field(default_factory=list)


def nibrs(seed: Path) -> dict[str, Offense]:
    """The NIBRS offenses by code."""
    with seed.open(encoding="utf-8", newline="") as file:
        return {
            row["nibrs_code"]: Offense(
                row["nibrs_code"], row["offense_name"], row["offense_group"]
            )
            for row in csv.DictReader(file)
        }


def offense_columns(
    seen: Seen, left_out: Iterable[str], places: Iterable[str]
) -> list[str]:
    """Columns that may say what happened, by name or because they hold NIBRS codes."""
    out = {*left_out, *places}
    return [
        c.name
        for c in seen.described.columns
        if c.name not in out
        and c.kind in ("text", "number")
        and (is_offense_like(c.name) or is_offense_like(c.label))
    ]


def code_share(counts: Counter[str], codes: Iterable[str]) -> float:
    """The share of rows whose value is a NIBRS code, zeros padded."""
    known = {*codes, *NO_CRIMES}
    good = sum(n for value, n in counts.items() if code_of(value) in known)
    return good / max(sum(counts.values()), 1)


def code_of(value: str) -> str:
    """A value's first code as NIBRS writes it: 9A as 09A, 120.0 as 120."""
    first = re.split("[;,|]", value)[0]
    plain = re.sub(r"\.0+$", "", first.strip().upper())
    return plain.zfill(3)


def find_code(seen: Seen, names: list[str], codes: Iterable[str]) -> str | None:
    """The column whose values are NIBRS codes."""
    shares = {}
    for name in names:
        counts = seen.counted(name)
        if len(counts) >= FEWEST and seen.filled(name) >= 0.5:
            shares[name] = code_share(counts, codes)
    good = [name for name in shares if shares[name] >= MOSTLY]
    # Of codes that are as good, the one that is named after NIBRS.
    rank = {n: ("nibr" not in run(n) and "ibr" not in run(n), -shares[n]) for n in good}
    return min(good, key=lambda name: rank[name], default=None)


def find_category(seen: Seen, names: list[str], code: str | None) -> str | None:
    """The column of names with neither too few values nor too many."""
    fitting = {}
    for name in names:
        counts = seen.counted(name)
        words = [value for value in counts if re.search("[A-Za-z]{3}", value)]
        is_few = FEWEST <= len(counts) <= MOST
        if name != code and is_few and len(words) > 0.7 * len(counts):
            fitting[name] = (
                len(counts) < FEW,
                rank_of(name),
                seen.filled(name) < 0.9,
                abs(len(counts) - 30),
            )
    return min(fitting, key=lambda name: fitting[name], default=None)


# How well a name suits a category, the best first.
BEST = (
    r"offensecat|crimecat|ofnsdesc|crmcddesc|crimetype|generaloffense|primarytype"
    r"|textgeneralcode|nibrs?(?:\w*desc|crime|offense|codename)|crimename1"
    r"|parentgroup|offensegroup|^offense$|^crime$",
    r"offensetype|category|nibr|ibr|offen[sc]e?desc|ucrdesc|ucrname|group",
    r"offen|crime|class|type",
)


def rank_of(name: str) -> int:
    plain = run(name)
    hits = (i for i, pattern in enumerate(BEST) if re.search(pattern, plain))
    return next(hits, len(BEST))


def find_description(seen: Seen, names: list[str], taken: set[str]) -> str | None:
    """The most detailed column of words beside the category."""
    rest = [n for n in names if n not in taken and seen.filled(n) >= 0.5]
    worded = {
        n: len(set(seen.column(n)))
        for n in rest
        if sum(bool(re.search("[A-Za-z]{4}", v)) for v in seen.column(n))
        > 0.7 * len(seen.column(n))
    }
    return max(worded, key=lambda name: worded[name], default=None)


def settle(
    seen: Seen, names: list[str], code: str | None, known: dict[str, Offense]
) -> Offenses:
    """What says what happened, with the findings."""
    category = find_category(seen, names, code)
    found = Offenses(code=code, category=category)
    taken = {name for name in (code, category) if name}
    found.description = find_description(seen, names, taken)
    if code:
        counts = seen.counted(code)
        plain_codes = {re.split("[;,|]", value)[0].strip() for value in counts}
        found.no_crimes = sorted(
            c for c in plain_codes if code_of(c) in NO_CRIMES - {*known}
        )
        covered = share(code_share(counts, known), 1)
        why = f"{covered} of its values are NIBRS codes: groups come by code"
        if several := sum(n for v, n in counts.items() if re.search("[;,|]", v)):
            found.lists_several = True
            why += f"; {several:,} list several, of which the first counts here"
        found.findings.append(Finding("offense code", code, why, "measured"))
    if category:
        counts = seen.counted(category)
        why = f"{len(counts)} values, such as {', '.join(list(counts)[:3])}"
        found.findings.append(Finding("offense category", category, why, "proposed"))
        if not code:
            found.mapped, found.unmapped = map_values(counts, known)
            found.findings.append(mapping_finding(found))
    if not (code or category):
        why = "no column holds NIBRS codes or a short list of names: say which one does"
        found.findings.append(Finding("offense", None, why, "asked"))
    return found


def mapping_finding(found: Offenses) -> Finding:
    """Which values are mapped, and which a person must map."""
    several = len(found.mapped) + len(found.unmapped)
    rest = "; ".join(f"{v} ({n:,})" for v, n in list(found.unmapped.items())[:12])
    why = f"{len(found.mapped)} of {several} values tell a NIBRS offense by their words"
    if found.unmapped:
        why += f"; map the others by hand: {rest}"
    sure: Sure = "asked" if found.unmapped else "proposed"
    return Finding("offense groups", len(found.mapped), why, sure)
