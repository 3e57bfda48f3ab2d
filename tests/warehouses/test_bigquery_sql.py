"""What is sent to BigQuery, judged by its dialect, since the emulator is no BigQuery.

The emulator runs DuckDB underneath: it neither prunes partitions nor refuses what only
DuckDB knows.
"""

import re
from datetime import date

import pytest
import sqlglot
from sqlglot import exp

from pipelines.warehouse.engines.bigquery import merge

STRATEGY = "dbt_bigquery_validate_get_incremental_strategy"
FACTS = {
    "fct_incidents": (
        "occurred_date",
        ["city", "incident_category", "neighborhood", "supervisor_name"],
    ),
    "fct_incident_changes": ("changed_date", ["city", "change"]),
}
# What models and tests call, each known from BigQuery's reference of functions.
KNOWN = {
    *("abs", "cast", "coalesce", "concat", "count", "date", "date_add", "date_diff"),
    *("date_trunc", "datetime", "extract", "first_value", "format_date", "greatest"),
    *("if", "last_day", "lag", "lead", "least", "length", "logical_and", "logical_or"),
    *(
        "lower",
        "lpad",
        "ltrim",
        "max",
        "min",
        "mod",
        "nullif",
        "rank",
        "regexp_extract",
    ),
    *("regexp_replace", "replace", "round", "row_number", "safe_cast", "split"),
    *("strpos", "substr", "substring", "sum", "timestamp_millis", "translate", "trim"),
    *(
        "unix_micros",
        "unnest",
        "upper",
        "generate_date_array",
        "dense_rank",
        "starts_with",
    ),
    *(
        "string_agg",
        "array_agg",
        "any_value",
        "countif",
        "rtrim",
        "avg",
        "current_date",
    ),
    *("ceiling", "datetime_add", "datetime_diff", "instr", "timestamp_trunc"),
    *(
        "timestamp",
        "current_timestamp",
        "last_value",
        "sign",
        "floor",
        "ceil",
        "left",
        "right",
    ),
}
FOREIGN_TYPES = re.compile(
    r"\bas (varchar|text|timestamptz|double precision|integer\[\])\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory, bigquery_settings):
    """Every model and test of the data as dbt compiles it for BigQuery, by name."""
    from dbt.cli.main import dbtRunner

    from pipelines.transform.plan import PROJECT
    from pipelines.transform.runner import vars_for

    target = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_TARGET", "bigquery")
        patch.setenv("BLOTTER_PREFIX", "compiled_")
        for name, value in bigquery_settings.items():
            patch.setenv(name, value)
        folders = ["--project-dir", PROJECT, "--profiles-dir", PROJECT]
        folders += ["--target-path", target, "--log-path", target / "logs"]
        outcome = dbtRunner().invoke(
            ["compile", "--quiet", *map(str, folders), *vars_for()]
        )
    assert outcome.exception is None, outcome.exception
    return {
        result.node.name: result.node.compiled_code
        for result in outcome.result
        if str(result.node.resource_type) in ("model", "test")
    }


def parsed(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql, read="bigquery")


def called(sql: str) -> set[str]:
    """The functions that a statement calls, as BigQuery writes them."""
    names = set()
    for function in parsed(sql).find_all(exp.Func):
        written = function.sql("bigquery")
        if found := re.match(r"([A-Za-z_][\w.]*)\(", written):
            names.add(found[1].lower())
    return names


def test_every_statement_is_of_bigquerys_dialect(compiled):
    assert len(compiled) > 150
    for name, sql in compiled.items():
        assert parsed(sql), name
        assert "::" not in sql, name
        assert not FOREIGN_TYPES.search(sql), name
        assert not re.search(r"\b(distinct on|ilike|similar to)\b", sql), name
        # A union is distinct or it keeps all: BigQuery wants it said.
        assert not re.search(r"\bunion\s+(?!all|distinct)\w", sql), name


def test_no_function_is_called_that_bigquery_does_not_have(compiled):
    unknown = {name: called(sql) - KNOWN for name, sql in compiled.items()}
    assert {name: found for name, found in unknown.items() if found} == {}


def test_a_function_of_another_warehouse_is_noticed():
    assert "regexp_matches" not in KNOWN
    assert called("select foo(a), trim(b, ' ') from t") == {"foo", "trim"}


def test_no_outer_join_lacks_an_equality(compiled):
    """BigQuery refuses a left or full join on inequalities alone."""
    for name, sql in compiled.items():
        for join in parsed(sql).find_all(exp.Join):
            if join.side in ("LEFT", "FULL", "RIGHT") and join.args.get("on"):
                assert list(join.args["on"].find_all(exp.EQ)), (name, join.sql())


@pytest.mark.parametrize("months", [[date(2024, 1, 1), date(2024, 3, 1)], [None], []])
def test_a_merge_of_raw_rows_reads_the_months_that_hold_one_and_no_other(months):
    statement = parsed(merge("r.t", "r.t_incoming", ["row_id", "order"], months))
    assert isinstance(statement, exp.Merge)
    named = {
        literal.this
        for condition in statement.args["on"].find_all(exp.In)
        for literal in condition.find_all(exp.Literal)
    }
    assert named == {str(month) for month in months if month}
    is_null = any(
        condition.this.name == "window_month"
        for condition in statement.args["on"].find_all(exp.Is)
    )
    assert is_null == (None in months)
    if not months:
        assert list(statement.args["on"].find_all(exp.Boolean))


@pytest.mark.parametrize("fact", FACTS)
def test_facts_are_partitioned_by_month_and_clustered(fact):
    from dbt.cli.main import dbtRunner

    from pipelines.transform.plan import PROJECT
    from pipelines.transform.runner import vars_for

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_TARGET", "bigquery")
        patch.setenv("GOOGLE_CLOUD_PROJECT", "none")
        folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        manifest = (
            dbtRunner().invoke(["parse", "--quiet", *folders, *vars_for()]).result
        )
    config = manifest.nodes[f"model.blotter.{fact}"].config
    field, clusters = FACTS[fact]
    partition = {"field": field, "data_type": "date", "granularity": "month"}
    assert config.extra["partition_by"] == partition
    assert config.extra["cluster_by"] == clusters
    # dbt-bigquery's own, so that nothing has to ask which warehouse it is.
    assert config.incremental_strategy is None
    default = manifest.macros[f"macro.dbt_bigquery.{STRATEGY}"].macro_sql
    assert "or 'merge'" in default
