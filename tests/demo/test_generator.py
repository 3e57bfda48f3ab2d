"""Made-up tables are what was asked for, days add to them, corrections change them."""

import os
import subprocess
import sys
import textwrap
import tomllib
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from demo.generator import COLUMNS, corrected, day_rows, generate, sample, without

REPOSITORY = Path(__file__).parents[2]
FILED = ["washington_post", "census", "bls", "simplemaps"]
START, END = date(2024, 1, 1), date(2025, 12, 31)
ROWS = 30_000
KEYS = {
    "san_francisco__incidents": ["row_id"],
    "chicago__incidents": ["id"],
    "chicago__recent_incidents": ["case_", "_iucr", "date_of_occurrence"],
    "memphis__incidents": ["Crime_ID", "UCR_Category", "UCR_Description"],
    "cambridge__incidents": ["id", "type", "subtype", "date_time"],
    "washington_post__shootings": ["id"],
}
# Of a size of their own; all but the agencies stand still.
STANDING = {
    "washington_post__shootings_v1": ["id"],
    "washington_post__agencies": ["id"],
    "census__county_population": ["STATE", "COUNTY", "YEAR", "AGEGRP", "file_name"],
    "bls__county_unemployment": ["state_fips", "county_fips", "file_name"],
    "simplemaps__cities": ["id"],
    "san_francisco__neighborhood_boundaries": ["nhood"],
    "chicago__neighborhood_boundaries": ["area_numbe"],
    "memphis__district_boundaries": ["precinct"],
    "cambridge__neighborhood_boundaries": ["NAME"],
}


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    return {name: generate(name, ROWS, START, END, seed=7) for name in KEYS}


@pytest.fixture(scope="module")
def frames(tables) -> dict[str, pd.DataFrame]:
    return {name: table.to_pandas() for name, table in tables.items()}


@pytest.mark.parametrize("name", [*KEYS, *STANDING])
def test_every_declared_column_is_made_up(name):
    declared = declaration(name)
    missing = set(declared["columns"]) - set(COLUMNS[name])
    assert missing == set()


def declaration(name: str) -> dict:
    path = REPOSITORY / "pipelines" / "datasets" / f"{name}.toml"
    return tomllib.loads(path.read_text())


@pytest.mark.parametrize("name", STANDING)
def test_a_table_of_a_size_of_its_own_is_the_same_for_the_same_arguments(name):
    made = generate(name, 100_000, date(2015, 1, 2), END, seed=7)
    assert made.column_names == list(COLUMNS[name])
    assert set(made.schema.types) == {pa.string()}
    assert made.equals(generate(name, 100_000, date(2015, 1, 2), END, seed=7))
    assert not made.to_pandas().duplicated(STANDING[name]).any()
    assert generate(name, 3, date(2015, 1, 2), END, seed=7).num_rows <= 3


def test_rows_are_the_same_in_every_process():
    """A set's order is another in each, unless it is told."""
    program = textwrap.dedent("""
        from datetime import date
        from demo.generator import COLUMNS, DAILY, FILES, corrected, day_rows, generate

        days = date(2024, 1, 2), date(2024, 2, 1)
        made = {name: generate(name, 50, *days, seed=7) for name in COLUMNS}
        print([table.to_pylist() for table in made.values()])
        print([day_rows(name, days[1], 9, seed=7).to_pylist() for name in DAILY])
        daily = [made[name].slice(0, 20) for name in DAILY]
        print([corrected(table, 3, seed=7).to_pylist() for table in daily])
        print([FILES[name].write(made[name]) for name in FILES])
    """)
    printed = {
        subprocess.check_output(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=REPOSITORY,
        )
        for seed in ("1", "2")
    }
    assert len(printed) == 1


def is_filed(name: str) -> bool:
    """Whether it is published as a file."""
    return name.split("__")[0] in FILED or name.endswith("_boundaries")


@pytest.mark.parametrize("name", [n for n in STANDING if is_filed(n)])
def test_a_file_has_the_columns_that_its_declaration_knows_and_no_other(name):
    declared = declaration(name)
    kinds = ("columns", "optional_columns", "later_columns")
    known = [name for kind in kinds for name in declared.get(kind, [])]
    assert set(COLUMNS[name]) == {*known, *declared.get("left_out", [])}


@pytest.mark.parametrize("name", KEYS)
def test_a_table_has_the_rows_asked_for_in_text_columns_as_published(name, tables):
    table = tables[name]
    assert table.num_rows == ROWS
    assert table.column_names == list(COLUMNS[name])
    assert set(table.schema.types) == {pa.string()}


@pytest.mark.parametrize("name", KEYS)
def test_the_same_arguments_make_the_same_rows(name, tables):
    assert generate(name, ROWS, START, END, seed=7).equals(tables[name])
    assert not generate(name, ROWS, START, END, seed=8).equals(tables[name])


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("rows", [0, 1, 2, 37])
def test_small_tables_can_be_made(name, rows):
    assert generate(name, rows, START, END, seed=1).num_rows == rows


@pytest.mark.parametrize("name", KEYS)
def test_a_day_adds_rows_that_the_table_does_not_have(name, tables):
    new = day_rows(name, date(2026, 1, 1), 200, seed=9).to_pandas()
    assert len(new) == 200
    assert not new.duplicated(KEYS[name]).any()
    known = tables[name].to_pandas()[KEYS[name]]
    both = pd.concat([known.drop_duplicates(), new[KEYS[name]]])
    assert not both.duplicated().any()


def test_days_add_rows_of_the_days_that_the_portals_show_then():
    day = date(2026, 1, 31)
    reported = day_rows("san_francisco__incidents", day, 90, 1)["report_datetime"]
    assert {text[:10] for text in reported.to_pylist()} == {"2026-01-31"}
    dates = [
        t[:10] for t in day_rows("chicago__incidents", day, 90, 1)["date"].to_pylist()
    ]
    assert max(dates) == "2026-01-24"
    assert min(dates) >= "2026-01-10"
    logged = day_rows("cambridge__incidents", day, 90, 1)["date_time"].to_pylist()
    assert max(logged)[:10] == "2026-01-31"
    assert min(logged)[:10] >= "2026-01-17"


@pytest.mark.parametrize(
    ("name", "may_change"),
    [
        ("san_francisco__incidents", {"resolution"}),
        (
            "chicago__incidents",
            {
                *("arrest", "updated_on"),
                *("iucr", "primary_type", "description", "fbi_code"),
            },
        ),
        ("chicago__recent_incidents", {"arrest"}),
        ("memphis__incidents", {"Precinct", "Ward"}),
        ("cambridge__incidents", {"location", "last_updated"}),
        ("washington_post__shootings", {"race", "race_source", "age"}),
    ],
)
def test_corrected_rows_keep_their_keys_and_differ(name, may_change, tables, frames):
    new = corrected(tables[name], 40, seed=3).to_pandas()
    key = KEYS[name]
    assert len(new.drop_duplicates(key)) == 40
    pairs = new.merge(frames[name], on=key, suffixes=("", "_before"))
    assert len(pairs) == 40
    changed = pd.DataFrame(
        {
            column: pairs[column].fillna("?") != pairs[f"{column}_before"].fillna("?")
            for column in set(COLUMNS[name]) - set(key)
        }
    )
    assert {column for column in changed if changed[column].any()} == may_change
    telling = list(may_change - {"updated_on", "last_updated"})
    assert changed[telling].any(axis=1).all()


def test_a_corrected_street_differs_before_the_account_behind_it(tables):
    """What follows a street is never loaded: a change there would not show."""
    rows = tables["cambridge__incidents"]
    told = rows.filter(pc.match_substring(rows["location"], "  "))
    was = sample(told, 20, seed=3)["location"].to_pylist()
    now = corrected(told, 20, seed=3)["location"].to_pylist()
    streets, accounts = zip(*(text.split("  ", 1) for text in was), strict=True)
    assert now == [
        f"{street} EXT  {account}"
        for street, account in zip(streets, accounts, strict=True)
    ]


def test_a_sample_leaves_repeated_keys_alone():
    row = dict.fromkeys(COLUMNS["cambridge__incidents"], "1")
    other = row | {"id": "2", "subtype": None}
    table = pa.Table.from_pylist([row, other, row | {"location": "2"}])
    assert sample(table, 1, seed=1).to_pylist() == [other]
    with pytest.raises(ValueError, match="2 rows requested, 1"):
        sample(table, 2, seed=1)
    assert without(table, table.slice(0, 1)).to_pylist() == [other]
    assert without(table, table.slice(1, 1)).num_rows == 2


def test_a_table_of_no_data_set_is_refused():
    with pytest.raises(ValueError, match="no data set has the columns a, b"):
        corrected(pa.table({"a": ["1"], "b": ["2"]}), 1, seed=1)


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("san_francisco__incidents", date(2017, 12, 31), END),
        ("memphis__incidents", date(2019, 12, 31), END),
        ("chicago__incidents", date(2025, 12, 25), END),
        ("cambridge__incidents", date(2026, 1, 1), END),
        ("washington_post__shootings", date(2014, 12, 31), END),
    ],
)
def test_days_that_a_portal_does_not_show_are_refused(name, start, end):
    with pytest.raises(ValueError, match=str(start)):
        generate(name, 10, start, end, seed=1)


def test_data_sets_are_among_those_declared():
    declared = {p.stem for p in (REPOSITORY / "pipelines" / "datasets").glob("*.toml")}
    assert set(COLUMNS) <= declared
