"""Cells of CSV files that no spreadsheet takes for a formula.

OWASP's page on CSV injection (https://owasp.org/www-community/attacks/CSV_Injection)
lists what begins one: `=`, `+`, `-`, `@`, their full-width forms, tab, line feed and
carriage return; its Application Security Verification Standard (1.2.10) adds NUL. Such
a text gets an apostrophe before it. A program that trims cells, or takes quotes off,
meets a sign behind them, so that blanks and quotes before a sign do not hide it.
Numbers stay numbers, negative ones too.
"""

import json
import re
from typing import Any

# The same in Python, in RE2 (DuckDB) and in site/script/wording.js.
FORMULA = (
    r"^([\t\n\r\x00]|"
    "[\\x00-\\x20\u00a0\u3000\ufeff\"']*[=+@\uff1d\uff0b\uff20\uff0d-])"
)


def csv_cell(value: Any) -> Any:
    """A cell; what a value holds of its own is JSON."""
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, str) and re.match(FORMULA, value):
        return f"'{value}"
    return value


def csv_cell_in_sql(column: str) -> str:
    """The same of a column of texts, in DuckDB's SQL."""
    pattern = FORMULA.replace("'", "''")
    return f"if(regexp_matches({column}, '{pattern}'), '''' || {column}, {column})"
