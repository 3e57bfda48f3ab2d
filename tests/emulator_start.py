"""Start the emulator of BigQuery, with what it lacks put right.

Run by the emulator's own Python. DuckDB, which it translates to, declares no columns in
`create table (...) as`, as dbt writes for a contract; there the query tells them. And
where it works out types it takes tables of one name in several datasets for one, and
forgets that NUMERIC has nine decimals beside a division.
"""

import dataclasses
import re
import sys

import sqlglot
from bqemulator.cli import main
from bqemulator.sql.translator import SQLTranslator
from sqlglot import exp

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


SQLTranslator.translate = put_right
SQLTranslator._annotate_tree = staticmethod(lambda tree, schema: tree)
sys.exit(main())
