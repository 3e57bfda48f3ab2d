"""The golden days on DuckDB come to the tables and files that are kept as digests."""

import pytest

from tests.support import golden_digests, golden_tables
from tests.support.golden_tables import Golden

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Golden:
    settings = {"BLOTTER_TARGET": "duckdb"}
    home = tmp_path_factory.mktemp("golden")
    return golden_tables.run_days(home, settings, tests=True)


def test_every_table_and_file_has_the_digest_that_is_kept(golden: Golden) -> None:
    told = golden_digests.differing(golden)
    assert told == [], f"if this is meant: {golden_digests.REWRITE}"


def test_the_days_hold_every_kind_of_change(golden: Golden) -> None:
    kinds = {"added", "changed", "removed", "restored"}
    cities = ("san_francisco", "chicago", "memphis", "cambridge")
    logs = [f"raw_{city}.incidents_changes" for city in cities]
    for name in (*logs, "raw_washington_post.shootings_changes"):
        log = golden.last[name]
        place = list(log.columns).index("change")
        assert {row[place] for row in log.rows} == kinds


def test_large_tables_are_published_in_parts(golden: Golden) -> None:
    assert "fct_incidents/city=cambridge/year=2025/rows.parquet" in golden.files
    assert len(golden.files) > 40


def test_a_difference_names_table_column_and_rows(
    golden: Golden, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOTTER_TEST_CACHE", str(tmp_path))
    assert golden_digests.differing(golden) == []
    day, name = "2026-03-10", "marts.dim_cities"
    table = golden.last[name]
    place = list(table.columns).index("city")
    row = list(table.rows[0])
    city, row[place] = row[place], "Springfield"
    table.rows[0], kept = tuple(row), table.rows[0]
    try:
        told = golden_digests.differing(golden)
    finally:
        table.rows[0] = kept
    assert told[0].startswith(f"{day} {name}: ")
    assert told[1].strip() == "in city"
    assert [line.split()[0] for line in told[2:]] == ["-", "+"]
    assert city in told[2]
    assert "Springfield" in told[3]
