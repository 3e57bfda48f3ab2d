"""Rows of PostgreSQL are read in the types of published files."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from pipelines.errors import ConfigError, WarehouseError
from pipelines.warehouse.engines.postgres import PostgresEngine
from tests.support.set_up import settings_in

EVERY_TYPE = """
select
    'Größe'::text as words,
    'short'::varchar as word,
    true as truth,
    7::int as short,
    8::bigint as long,
    0.5::double precision as fraction,
    12.34::numeric(5, 2) as share,
    sum(n)::numeric as total,
    null::numeric as nothing,
    date '2026-03-08' as day,
    timestamp '2026-03-08 01:59:59.25' as wall_clock,
    timestamptz '2026-03-08 01:59:59.25-08' as instant
from generate_series(1, 3) as series(n)
"""


@pytest.fixture
def engine(tmp_path, postgres_settings, monkeypatch):
    for name, value in {"BLOTTER_TARGET": "postgres", **postgres_settings}.items():
        monkeypatch.setenv(name, value)
    engine = PostgresEngine(settings_in(tmp_path))
    yield engine
    engine.close()


def test_every_type_is_read_as_it_is_published(engine):
    with engine.reading(EVERY_TYPE) as (schema, batches):
        rows = [row for batch in batches for row in batch.to_pylist()]
    assert rows == [
        {
            "words": "Größe",
            "word": "short",
            "truth": True,
            "short": 7,
            "long": 8,
            "fraction": 0.5,
            "share": 12.34,
            "total": 6.0,
            "nothing": None,
            "day": date(2026, 3, 8),
            "wall_clock": datetime(2026, 3, 8, 1, 59, 59, 250_000),
            "instant": datetime(2026, 3, 8, 9, 59, 59, 250_000, UTC),
        }
    ]
    types = {field.name: field.type for field in schema}
    assert types["short"] == types["long"] == pa.int64()
    assert types["share"] == types["total"] == types["nothing"] == pa.float64()


def test_no_rows_have_their_columns(engine):
    with engine.reading("select 1.5 as share where false") as (schema, batches):
        assert schema == pa.schema([("share", pa.float64())])
        assert list(batches) == []


def test_a_table_that_is_gone_is_named_in_one_sentence(engine):
    with (
        pytest.raises(WarehouseError) as error,
        engine.reading("select * from marts.nowhere"),
    ):
        pass
    assert str(error.value) == (
        f'{engine.place} lacks a table (relation "marts.nowhere" does not exist); '
        "`blotter daily` creates those of every declared data set."
    )


def test_a_reader_without_the_right_to_read_is_told_whom_to_ask(engine):
    with (
        pytest.raises(ConfigError, match="refuses blotter: permission denied for"),
        engine.reading("select * from pg_catalog.pg_authid"),
    ):
        pass


def test_a_password_that_is_refused_is_not_repeated(engine):
    engine._facts["password"] = "not-the-password"
    with pytest.raises(ConfigError) as error, engine.reading("select 1 as one"):
        pass
    assert "refuses blotter: password authentication failed" in str(error.value)
    assert "not-the-password" not in str(error.value)


def test_a_percent_sign_may_stand_beside_a_value(engine):
    with engine.connect() as connection:
        found = connection.execute(
            "select name from (values ('build 100%'), ('daily')) as runs (name) "
            "where name like 'build%' and name <> $other",
            {"other": "build%"},
        ).fetchall()
    assert found == [("build 100%",)]
