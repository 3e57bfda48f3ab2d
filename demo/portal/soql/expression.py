"""Typed SQL expressions and SoQL's functions.

The table holds text; an expression has a type and compares by it: numbers as decimals,
calendar dates as ISO text, `:id` as the number that it hides.
https://dev.socrata.com/docs/functions/
"""

import re
from dataclasses import dataclass, replace

from demo.portal.sql import SYSTEM_COLUMNS, hidden_number, quote, text_literal

NUMBER = "decimal(38, 14)"
FLOATING = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?")
FIXED = re.compile(FLOATING.pattern + r"(Z|[+-]\d\d:?\d\d)?")


class SoqlError(Exception):
    """The portal refuses a query; becomes the body of a 400."""

    def __init__(self, code: str, message: str, **data: str):
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


@dataclass(frozen=True)
class Expression:
    """A translated expression.

    `sql` compares by type; `stored` is the column's own text, if it is a column;
    `literal` is set for text in quotes, which takes the type of its counterpart.
    """

    sql: str
    type: str
    name: str = ""
    stored: str | None = None
    literal: str | None = None
    is_aggregate: bool = False

    @property
    def text(self) -> str:
        """SQL for the value as the portal writes it."""
        if self.stored is not None:
            return self.stored
        if self.type == "number":
            plain = f"cast(cast({self.sql} as {NUMBER}) as varchar)"
            return f"rtrim(rtrim({plain}, '0'), '.')"
        if self.type == "fixed_timestamp":
            return f"strftime({self.sql}, '%Y-%m-%dT%H:%M:%S.%gZ')"
        if self.type == "row_identifier":
            return f"disguise('row-', {self.sql})"
        return f"cast({self.sql} as varchar)"


def as_number(text: str) -> str:
    """Return SQL for text as a number, null if it is none.

    DuckDB takes 12 microseconds to read a text as a decimal of this size, and a
    hundredth of that as a whole number, which nearly all are that queries filter by.
    """
    return (
        f"case when regexp_full_match({text}, '-?[0-9]{{1,18}}') "
        f"then cast(try_cast({text} as bigint) as {NUMBER}) "
        f"else try_cast({text} as {NUMBER}) end"
    )


def column(name: str, kind: str) -> Expression:
    """Return a published or system column as an expression."""
    stored = quote(name)
    if kind == "number":
        return Expression(as_number(stored), kind, name, stored)
    if kind == "checkbox":
        return Expression(f"({stored} = 'true')", kind, name, stored)
    if kind == "row_identifier":
        return Expression('":n"', kind, name, stored)
    if kind == "fixed_timestamp" and name in SYSTEM_COLUMNS:
        return Expression(stored, kind, name)
    return Expression(stored, kind, name, stored)


def coerce(value: Expression, kind: str) -> Expression:
    """Return text in quotes as a literal of the type it is compared with.

    Other expressions are returned unchanged.

    Raises:
        SoqlError: The text is not a literal of that type: for example, a calendar date
            has no zone and no space.
    """
    if (text := value.literal) is None:
        return value
    sql = None
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        sql = f"cast('{text}' as {NUMBER})"
    elif kind == "calendar_date" and (match := FLOATING.fullmatch(text)):
        sql = text_literal(full_timestamp(match))
    elif kind == "fixed_timestamp" and (match := FIXED.fullmatch(text)):
        zone = (match[5] or "Z").replace("Z", "+00:00")
        zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
        instant = f"timestamptz '{full_timestamp(match)}{zone}'"
        sql = f"make_timestamp(epoch_us({instant}))"
    elif kind == "checkbox" and text in ("true", "false"):
        sql = text
    elif kind == "row_identifier" and (number := hidden_number(text)) is not None:
        sql = str(number)
    elif kind not in ("number", "calendar_date", "fixed_timestamp", "checkbox"):
        sql = None if kind == "row_identifier" else text_literal(text)
    if sql is None:
        raise mismatch(f"{text!r} is not a literal of type {kind}")
    return replace(value, sql=sql, type=kind, literal=None)


def full_timestamp(match: re.Match[str]) -> str:
    """Return a matched timestamp with seconds and milliseconds."""
    day, minutes, seconds, fraction = match.group(1, 2, 3, 4)
    fraction = (fraction or "").ljust(3, "0")
    return f"{day}T{minutes or '00:00'}:{seconds or '00'}.{fraction}"


def mismatch(message: str) -> SoqlError:
    """Return the error for operands of incompatible types."""
    return SoqlError("query.soql.type-mismatch", f"Type mismatch: {message}")


def unify(*parts: Expression) -> tuple[Expression, ...]:
    """Give literals the type of the other expressions; all types must agree."""
    kinds = [part.type for part in parts if part.literal is None]
    kind = kinds[0] if kinds else "text"
    if any(other != kind for other in kinds):
        raise mismatch(f"{' and '.join(dict.fromkeys(kinds))} do not compare")
    return tuple(coerce(part, kind) for part in parts)


# name: types of the arguments, type of the result, SQL
FUNCTIONS = {
    "upper": (["text"], "text", "upper({})"),
    "lower": (["text"], "text", "lower({})"),
    "length": (["text"], "number", "length({})"),
    "starts_with": (["text", "text"], "checkbox", "starts_with({}, {})"),
    "contains": (["text", "text"], "checkbox", "contains({}, {})"),
    "date_trunc_y": (
        ["date"],
        "calendar_date",
        "(substr({}, 1, 4) || '-01-01T00:00:00.000')",
    ),
    "date_trunc_ym": (
        ["date"],
        "calendar_date",
        "(substr({}, 1, 7) || '-01T00:00:00.000')",
    ),
    "date_trunc_ymd": (
        ["date"],
        "calendar_date",
        "(substr({}, 1, 10) || 'T00:00:00.000')",
    ),
    "date_extract_y": (["date"], "number", "cast(substr({}, 1, 4) as bigint)"),
    "date_extract_m": (["date"], "number", "cast(substr({}, 6, 2) as bigint)"),
    "date_extract_d": (["date"], "number", "cast(substr({}, 9, 2) as bigint)"),
    "date_extract_hh": (["date"], "number", "cast(substr({}, 12, 2) as bigint)"),
    "date_extract_mm": (["date"], "number", "cast(substr({}, 15, 2) as bigint)"),
    "date_extract_ss": (["date"], "number", "cast(substr({}, 18, 2) as bigint)"),
    "date_extract_dow": (["date"], "number", "dayofweek(cast({} as timestamp))"),
    "date_extract_woy": (["date"], "number", "weekofyear(cast({} as timestamp))"),
}
# name: type of the result (None: that of the argument), SQL
AGGREGATES = {
    "count": ("number", "count({})"),
    "min": (None, "min({})"),
    "max": (None, "max({})"),
    "sum": ("number", "sum({})"),
    "avg": ("number", "avg({})"),
}


def call(name: str, arguments: list[Expression]) -> Expression:
    """Return the translation of a function call.

    Raises:
        SoqlError: The function does not exist, or takes other arguments.
    """
    label = "_".join([name, *(part.name for part in arguments if part.name)])
    if name in AGGREGATES:
        return aggregate(name, arguments, label)
    if name in ("coalesce", "case"):
        return choose(name, arguments)
    if name not in FUNCTIONS:
        raise SoqlError(
            "query.soql.no-such-function", f"No such function: {name}", function=name
        )
    kinds, result, pattern = FUNCTIONS[name]
    if len(kinds) != len(arguments):
        raise mismatch(f"{name} takes {len(kinds)} arguments")
    pairs = zip(arguments, kinds, strict=True)
    sides = [argument(name, part, kind) for part, kind in pairs]
    grouped = any(part.is_aggregate for part in arguments)
    return Expression(pattern.format(*sides), result, label, is_aggregate=grouped)


def argument(function: str, part: Expression, kind: str) -> str:
    """Return SQL for an argument; `date` stands for either kind of timestamp."""
    wanted = "calendar_date" if kind == "date" else kind
    part = coerce(part, wanted)
    if kind == "date" and part.type == "fixed_timestamp":
        return part.text
    if part.type != wanted:
        raise mismatch(f"{function} does not take a {part.type}")
    return part.sql


def aggregate(name: str, arguments: list[Expression], label: str) -> Expression:
    """Return an aggregate of one expression (`count(*)` is made by the parser)."""
    if len(arguments) != 1:
        raise mismatch(f"{name} takes 1 argument")
    kind, pattern = AGGREGATES[name]
    part = arguments[0]
    if name in ("sum", "avg") and part.type != "number":
        raise mismatch(f"{name} does not take a {part.type}")
    inner = part.stored or part.sql if name == "count" else part.sql
    return Expression(
        pattern.format(inner), kind or part.type, label, is_aggregate=True
    )


def choose(name: str, arguments: list[Expression]) -> Expression:
    """Return `coalesce(a, b, ..)` or `case(condition, value, ..)`."""
    values = list(unify(*(arguments if name == "coalesce" else arguments[1::2])))
    grouped = any(part.is_aggregate for part in arguments)
    if name == "coalesce":
        sql = f"coalesce({', '.join(value.sql for value in values)})"
    else:
        pairs = zip(arguments[::2], values, strict=True)
        whens = " ".join(f"when {test.sql} then {value.sql}" for test, value in pairs)
        sql = f"(case {whens} end)"
    return Expression(sql, values[0].type, name, is_aggregate=grouped)
