"""Words that this project does not use in prose: they read as if translated.

A pattern is here once no text holds it any more; what stands after `:` says what to
write instead.
"""

import calendar
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The prose that is held to it.
PLACES = (
    "*.md",
    "docs/*.md",
    "terraform/*.md",
    "container/*.py",
    "demo/**/*.py",
    "metabase/**/*.yaml",
    "models/**/*.yml",
    "macros/*.yml",
    "seeds/*.yml",
    "pipelines/*.py",
    "pipelines/datasets/*.py",
    "pipelines/ops/*.py",
    "pipelines/portals/**/*.py",
    "pipelines/publish/*.py",
    "pipelines/site/*.py",
    "pipelines/sync/*.py",
    "pipelines/transform/*.py",
    "pipelines/warehouse/**/*.py",
    "site/**/*.css",
    "site/**/*.html",
    "site/**/*.js",
    "site/**/*.json",
    "tools/*.py",
    ".env.example",
)

MONTHS = "|".join(calendar.month_name[1:])

INSTEAD = {
    r"(?<!here )(?:is|are) no (?!longer\b|larger\b|more\b)[a-z]+": "is not a ...",
    r"anew": "again",
    r"as (it|they) stands?\b": "as it is; current",
    r"fault of Blotter": "bug in Blotter",
    r"was(?: not)? told": "was reported",
    r"that can be meant": "plausible",
    r"a line a ": "one line per",
    r"misspelt": "misspelled",
    r"any more(?! [a-z])": "no longer",
    r"asked for by ": "looked up by",
    r"[Ll]et(?:ting)? go of": "close; release",
    r"nothing of(?: (?:it|its|that|the)\b|$)": "none of",
    r"See that ": "Check that",
    r"spelled otherwise": "spelled differently",
    rf"[0-9]{{1,2}} (?:{MONTHS}) [0-9]{{4}}": "Month D, YYYY",
}


def found(pattern: str) -> list[str]:
    """Where a pattern stands, as file:line: text."""
    wanted = re.compile(rf"\b{pattern}")
    files = sorted({path for place in PLACES for path in ROOT.glob(place)})
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if wanted.search(line)
    ]


@pytest.mark.parametrize("pattern", INSTEAD)
def test_words_that_read_as_if_translated_are_not_used(pattern):
    assert found(pattern) == [], f"write: {INSTEAD[pattern]}"


def test_every_place_is_there():
    assert [place for place in PLACES if not list(ROOT.glob(place))] == []
