"""Start the emulator of BigQuery, with what it lacks put right.

Run by the emulator's own Python. DuckDB, which it translates to, declares no columns in
`create table (...) as`, as dbt writes for a contract; there the query tells them. And
where it works out types it takes tables of one name in several datasets for one, and
forgets that NUMERIC has nine decimals beside a division.

It is also made quicker, without another answer: most of its time it parses the same
statement some twenty times over.
"""

import dataclasses
import gc
import re
import sys

import sqlglot
from bqemulator.cli import main
from bqemulator.sql import inner_query
from bqemulator.sql.translator import SQLTranslator
from sqlglot import exp
from sqlglot.parser import Parser

translate = SQLTranslator.translate


def without_declared_columns(sql: str) -> str:
    if "create" not in sql.lower():
        return sql
    statements = sqlglot.parse(sql, read="bigquery")
    for statement in statements:
        if isinstance(statement, exp.Create) and statement.expression:
            declared = statement.this
            if isinstance(declared, exp.Schema) and statement.kind == "TABLE":
                statement.set("this", declared.this)
                return ";\n".join(s.sql("bigquery") for s in statements if s)
    return sql


def put_right(self, sql: str, **options):
    result = translate(self, without_declared_columns(sql), **options)
    if not isinstance(getattr(result, "value", None), str):
        return result
    told = re.sub(r"\bDECIMAL(\(18, 3\))?\)", "DECIMAL(38, 9))", result.value)
    return dataclasses.replace(result, value=told)


translated: dict[str, object] = {}


def translate_once(self, sql: str, **options):
    """The translation hangs on the text alone, since no types are worked out."""
    if sql not in translated:
        translated[sql] = put_right(self, sql, **options)
    return translated[sql]


find_unnests = Parser._implicit_unnests_to_explicit


def where_joins_may_be_unnests(self, this):
    """A join with a condition is none; to look at it copies all that it joins."""
    joins = this.args.get("joins") or []
    return this if all(j.args.get("on") for j in joins) else find_unnests(self, this)


gc.set_threshold(50_000, 20, 100)
SQLTranslator.translate = translate_once
SQLTranslator._annotate_tree = staticmethod(lambda tree, schema: tree)
inner_query.build_catalog_schema = lambda *given, **options: {}
# No table here has a row access policy. Looking for one copies the SQL of every view,
# and of the views below it, into each statement that reads it.
inner_query.rewrite_for_row_access = lambda sql, **options: sql
Parser._implicit_unnests_to_explicit = where_joins_may_be_unnests
sys.exit(main())
