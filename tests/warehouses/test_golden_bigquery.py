"""The golden days on BigQuery come to the same as on DuckDB, by kept digests."""

import pytest

from tests.support import golden_digests, golden_tables

# Three days, and three more on DuckDB if anything differs.
pytestmark = pytest.mark.timeout(1200)


def test_every_table_and_file_has_the_digest_that_is_kept(
    tmp_path, bigquery_settings: dict[str, str]
) -> None:
    settings = {"BLOTTER_TARGET": "bigquery", "BLOTTER_PREFIX": "golden_"}
    golden = golden_tables.run_days(tmp_path, {**settings, **bigquery_settings})
    assert golden_digests.explained(golden) == []
