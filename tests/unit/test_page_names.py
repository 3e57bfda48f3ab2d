"""Names of pages, made from what cities publish: no two meet, none is too long."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.site.city_pages import slug, titled

SEED = Path(__file__).parents[2] / "seeds" / "police_districts.csv"
# Districts' codes, as they might be published.
ALIKE = ["Central", "CENTRAL", "central", "A B", "a b", "A  B", "A/B", "A-B", "A_B"]
ODD = [
    "",
    " ",
    "x" * 140,
    "é" * 140,
    "中央",
    "центр",
    "\u202eabc",
    "a\x00b",
    "../..",
    '"',
]


def pages(*codes: str, listed: tuple[str, ...] = ()) -> list[str]:
    rows = [
        {"code": code, "name": code if code in listed else None, "incident_count": 1}
        for code in codes
    ]
    return [row["href"] for row in titled(rows)]


def test_districts_that_differ_by_capitals_or_signs_have_a_page_each():
    found = pages(*ALIKE, *ODD, listed=("Central", "A B"))
    assert len({name.casefold() for name in found}) == len(ALIKE) + len(ODD)


@pytest.mark.parametrize("code", [*ALIKE, *ODD])
def test_a_name_is_short_and_plain_whatever_is_published(code):
    (name,) = pages(code)
    assert re.fullmatch(r"districts/[a-z0-9-]{14,54}\.html", name)


def test_a_page_keeps_its_address_when_other_districts_appear():
    alone = pages("CENTRAL")
    assert pages("Central", "CENTRAL", "central", listed=("Central",))[1:2] == alone
    assert alone == ["districts/central--d7c29838b6e0.html"]


def test_a_listed_district_has_its_words_for_an_address():
    known = ("008", "Out of SF", "APPLING FARMS")
    assert pages(*known, listed=known) == [
        "districts/008.html",
        "districts/out-of-sf.html",
        "districts/appling-farms.html",
    ]


@given(st.lists(st.text(max_size=200), unique=True, max_size=20))
def test_no_two_texts_have_one_name(texts):
    names = {slug(text, is_listed=False).casefold() for text in texts}
    assert len(names) == len(texts)


def test_no_listed_district_takes_the_address_of_another():
    """Of one city: what the seed lists has its words alone."""
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {(row["city"], slug(row["police_district"], True)) for row in rows}
    assert len(names) == len(rows)
