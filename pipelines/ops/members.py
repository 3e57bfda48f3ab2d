"""Compare the council members of the seeds with the cities' own lists of them.

The lists can't replace the seeds: they have no terms, and are days late or early. So a
difference is only reported, for a person to look up.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from pipelines.datasets.addresses import moved
from pipelines.datasets.dataset import CouncilList, Dataset, SodaDataset
from pipelines.datasets.overrides import as_set
from pipelines.datasets.windows import local_day
from pipelines.errors import BlotterError, PortalError
from pipelines.ops.findings import Finding, short
from pipelines.portals.socrata import SocrataReader
from pipelines.portals.soda_requests import Query
from pipelines.settings import Settings

SEED = Path(__file__).parents[2] / "seeds" / "council_districts.csv"

# More than any council has.
MOST_MEMBERS = 1_000

SUFFIXES = {"jr", "sr", "ii", "iii", "iv"}

# "Matt" matches Matthew; "Al" matches only Al.
LEAST_NAME = 3

Members = dict[str, str]
"""Names by district, which is text without leading zeros; vacant seats are left out."""


def council_findings(
    datasets: Iterable[Dataset], settings: Settings, now: datetime
) -> Iterator[Finding]:
    """Compare each city that has a list, with one request; a failure only warns."""
    for declared in datasets:
        dataset = as_set(declared, settings)
        if not isinstance(dataset, SodaDataset) or dataset.council_list is None:
            continue
        subject = f"{dataset.source} council"
        try:
            theirs = listed(dataset, dataset.council_list, settings)
        except BlotterError as error:
            said = str(error).removeprefix(f"{dataset.name}: ")
            yield Finding("warn", subject, f"could not read the city's list: {said}")
            continue
        ours = in_office(dataset.source, local_day(now, dataset.tzinfo))
        yield council_finding(subject, dataset.council_list.url, ours, theirs)


def council_finding(
    subject: str, address: str, ours: Members, theirs: Members
) -> Finding:
    """One line, with every district whose member differs."""
    differing = [
        f"district {district} has {ours.get(district, 'nobody')} in the seed but "
        f"{theirs.get(district, 'nobody')} on the city's list"
        for district in sorted({*ours, *theirs}, key=lambda name: (len(name), name))
        if not is_same(ours.get(district), theirs.get(district))
    ]
    if differing:
        return Finding(
            "warn",
            subject,
            f"{'; '.join(differing)} ({address}). Look up who is in office, and "
            "correct seeds/council_districts.csv.",
        )
    return Finding("ok", subject, f"all {len(ours)} members match the city's list")


def in_office(city: str, day: date) -> Members:
    """Who holds each seat of a city's council on a day, according to the seed."""
    with SEED.open(encoding="utf-8", newline="") as file:
        terms = [row for row in csv.DictReader(file) if row["city"] == city]
    return {
        row["council_district"]: row["member_name"]
        for row in terms
        if row["valid_from"] <= day.isoformat()
        and (not row["valid_to"] or day.isoformat() < row["valid_to"])
    }


def listed(dataset: SodaDataset, council: CouncilList, settings: Settings) -> Members:
    """Who holds each seat according to the city's own list.

    Raises:
        PortalError: It can't be read, or is empty; names the data set and portal.
    """
    portal = settings.portal
    url = moved(council.url, portal) if portal else council.url
    query = Query(
        f"{council.district},{council.member}",
        order=council.district,
        limit=MOST_MEMBERS,
    )
    reader = SocrataReader(dataset, short(settings.patience), settings.identity)
    rows = reader.answer(query, list[dict[str, str]], "council members", url)
    found = {
        row[council.district].removesuffix(".0").lstrip("0"): row[council.member]
        for row in rows
        if council.district in row and words(row.get(council.member, ""))
    }
    if not found:
        raise PortalError(f"{dataset.label} lists no council members at {url}.")
    return found


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two names, however spelled, are the same person's.

    Ignores accents, capitals, punctuation, initials, "Jr." and middle names; a given
    name may be shortened.
    """
    if one is None or other is None:
        return one is other
    first, second = words(one), words(other)
    if first[-1] != second[-1]:
        return False
    given = sorted((first[0], second[0]), key=len)
    if given[0] == given[1]:
        return True
    return len(given[0]) >= LEAST_NAME and given[1].startswith(given[0])


def words(name: str) -> list[str]:
    """Given and family names in plain lower case; empty for a vacant seat."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # "Burnett, Jr., Walter": what follows the last comma goes first.
    family, comma, given = plain.lower().rpartition(",")
    if comma and given.strip().rstrip(".") not in SUFFIXES:
        plain = f"{given} {family}"
    found = [
        word
        for word in re.findall(r"[a-z]+", plain.lower().replace("'", ""))
        if len(word) > 1 and word not in SUFFIXES
    ]
    return [] if "vacant" in found else found
