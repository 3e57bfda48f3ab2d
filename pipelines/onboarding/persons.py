"""Find the columns that name persons: they are left out before anything is loaded."""

import re
from collections.abc import Iterable

from pipelines.onboarding.facts import Finding, Seen
from pipelines.onboarding.times import share
from pipelines.onboarding.words import (
    OF_PLACES,
    is_free_text,
    is_offense_like,
    names_persons,
    words,
)

# GOMEZ, EMILY; O'Neil, Mary A.
NAME = re.compile(r"[A-Z][A-Za-z'’-]+, ?[A-Z][A-Za-z'’-]+(?: [A-Z]\.?| [A-Z][a-z]+)?")

# More than this share of values that look like names, most of them different: an
# offense such as ROBBERY, ARMED comes again and again.
FEWEST_NAMES, SHARE_OF_NAMES, DIFFERENT = 5, 0.05, 0.5

LONG_TEXT = 100

# A column named like an account, but whose values are short and few, is a class.
SHORT_TEXT, FEW_DIFFERENT, ENOUGH = 60, 0.3, 50


def person_columns(seen: Seen) -> dict[str, str]:
    """Columns that name or describe persons, and why."""
    found = {}
    for column in seen.described.columns:
        if names_persons(column.name) or (
            column.label and column.label != column.name and labeled(column.label)
        ):
            found[column.name] = "by its name"
        elif why := looks_like_names(seen.column(column.name), column.name):
            found[column.name] = why
    return found


def labeled(label: str) -> bool:
    """Whether a label says so; only by plain words, as labels are longer."""
    said = set(words(label))
    about = {"complainant", "victim", "suspect", "arrestee", "officer", "defendant"}
    return bool(said & about) and bool(
        said & {"name", "race", "age", "sex", "gender", "badge", "address", "ethnicity"}
    )


def looks_like_names(values: list[str], name: str) -> str | None:
    """Why a column's values look like persons' names; None if they don't."""
    like = [value for value in values if NAME.fullmatch(value)]
    if len(like) < FEWEST_NAMES or len(like) <= SHARE_OF_NAMES * len(values):
        return None
    if len(set(like)) < DIFFERENT * len(like):
        return None
    is_place = OF_PLACES.match("".join(words(name))) or is_offense_like(name)
    if is_place and len(set(like)) < len(like):
        return None
    return f"{share(len(like), len(values))} of its values look like names of persons"


def free_text_columns(seen: Seen, besides: Iterable[str]) -> dict[str, str]:
    """Columns that may hold an account of what happened, and why."""
    found = {}
    for column in seen.described.columns:
        if column.name in besides or column.kind != "text":
            continue
        values = seen.column(column.name)
        mean = sum(map(len, values)) / max(len(values), 1)
        if mean > LONG_TEXT:
            found[column.name] = f"its values have {mean:.0f} characters on average"
        elif is_free_text(column.name) and not is_class(values, mean):
            found[column.name] = "by its name"
    return found


def is_class(values: list[str], mean: float) -> bool:
    """Whether values are short and come again: of a list, not written by hand."""
    few = len(set(values)) <= FEW_DIFFERENT * len(values)
    return len(values) >= ENOUGH and few and mean <= SHORT_TEXT


def findings(persons: dict[str, str], accounts: dict[str, str]) -> list[Finding]:
    """What is left out and why, said aloud."""
    said = "; ".join(f"{name} {why}" for name, why in persons.items())
    told = "; ".join(f"{name}: {why}" for name, why in accounts.items())
    return [
        Finding(
            "persons",
            list(persons),
            f"left out, never loaded: {said}" if persons else "no column names any",
            "proposed",
        ),
        *(
            [
                Finding(
                    "free text",
                    list(accounts),
                    f"left out, as an account may name persons: {told}; move a column "
                    "to `columns` only after reading it",
                    "asked",
                )
            ]
            if accounts
            else []
        ),
    ]
