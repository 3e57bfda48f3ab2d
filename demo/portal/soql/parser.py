"""Parse SoQL and translate it into DuckDB SQL.

https://dev.socrata.com/docs/queries/
"""

import re
from dataclasses import replace

from demo.portal.soql.expression import (
    Expression,
    SoqlError,
    as_number,
    call,
    coerce,
    mismatch,
    unify,
)

TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^']|'')*')
  | (?P<quoted>`[^`]+`)
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<sign>::|<=|>=|!=|<>|\|\||[-=<>(),*+/%])
  | (?P<star>:\*)
  | (?P<word>:?@?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
  | (?P<end>$)
  | (?P<other>.)
    )""",
    re.VERBOSE,
)


class Parser:
    """A recursive-descent parser of expressions.

    Args:
        source: The SoQL text.
        columns: Published and system columns by name.
        ignore_case: Compare text case-insensitively, as SODA 2.0 does.
    """

    def __init__(
        self, source: str, columns: dict[str, Expression], *, ignore_case: bool = False
    ):
        self.source, self.columns, self.ignore_case = source, columns, ignore_case
        self.aliases: dict[str, Expression] = {}
        self.tokens = [
            (kind, match[kind], match.start(kind))
            for match in TOKEN.finditer(source)
            if (kind := match.lastgroup)
        ]
        self.at = 0
        if any(token[:2] == ("other", "'") for token in self.tokens):
            raise SoqlError("query.soql.unterminated-string", "Unterminated string")

    def peek(self, *words: str) -> bool:
        """Whether the next token is one of these signs or words."""
        kind, text, _ = self.tokens[self.at]
        return kind in ("sign", "star", "word") and text.lower() in words

    def take(self, *words: str) -> str | None:
        """Consume the next token if it is one of these; return it in lower case."""
        if not self.peek(*words):
            return None
        self.at += 1
        return self.tokens[self.at - 1][1].lower()

    def expect(self, word: str) -> None:
        """Consume the given token or refuse the query."""
        if not self.take(word):
            raise self.unexpected()

    def unexpected(self) -> SoqlError:
        """Return the error for the next token, which is not allowed there."""
        kind, text, position = self.tokens[self.at]
        what = "end of input" if kind == "end" else f"`{text}`"
        return SoqlError(
            "query.soql.bad-parse", f"Unexpected {what} at column {position + 1}"
        )

    def done(self) -> None:
        """Refuse anything after a complete expression or list."""
        if self.tokens[self.at][0] != "end":
            raise self.unexpected()

    def expression(self) -> Expression:
        """Parse a whole expression."""
        left = self._and()
        while self.take("or"):
            right = self._and()
            left = self._logical(f"({left.sql} or {right.sql})", left, right)
        return left

    def _and(self) -> Expression:
        left = self._not()
        while self.take("and"):
            right = self._not()
            left = self._logical(f"({left.sql} and {right.sql})", left, right)
        return left

    def _not(self) -> Expression:
        if self.take("not"):
            inner = self._not()
            return self._logical(f"(not {inner.sql})", inner)
        return self._comparison()

    def _logical(self, sql: str, *parts: Expression) -> Expression:
        return Expression(
            sql, "checkbox", "", is_aggregate=any(p.is_aggregate for p in parts)
        )

    def _comparison(self) -> Expression:
        left = self._sum()
        if self.take("is"):
            negated = "not " if self.take("not") else ""
            self.expect("null")
            return self._logical(f"({left.stored or left.sql} is {negated}null)", left)
        if sign := self.take("=", "!=", "<>", "<", "<=", ">", ">="):
            return self._compare("{} " + sign + " {}", left, self._sum())
        negated = "not " if self.take("not") else ""
        if self.take("between"):
            low = self._sum()
            self.expect("and")
            pattern = "{} " + negated + "between {} and {}"
            return self._compare(pattern, left, low, self._sum())
        if self.take("like"):
            return self._compare("{} " + negated + "like {}", left, self._sum())
        if self.take("in"):
            items = self._list()
            holes = ", ".join("{}" for _ in items)
            return self._compare("{} " + negated + f"in ({holes})", left, *items)
        if negated:
            raise self.unexpected()
        return left

    def _compare(self, pattern: str, *parts: Expression) -> Expression:
        parts = unify(*parts)
        folds = self.ignore_case and parts[0].type == "text"
        sides = [f"lower({part.sql})" if folds else part.sql for part in parts]
        return self._logical("(" + pattern.format(*sides) + ")", *parts)

    def _list(self) -> list[Expression]:
        self.expect("(")
        items = [self.expression()]
        while self.take(","):
            items.append(self.expression())
        self.expect(")")
        return items

    def _sum(self) -> Expression:
        left = self._product()
        while sign := self.take("+", "-", "||"):
            left = self._arithmetic(left, sign, self._product())
        return left

    def _product(self) -> Expression:
        left = self._unary()
        while sign := self.take("*", "/", "%"):
            left = self._arithmetic(left, sign, self._unary())
        return left

    def _arithmetic(self, left: Expression, sign: str, right: Expression) -> Expression:
        kind = "text" if sign == "||" else "number"
        parts = [coerce(part, kind) for part in (left, right)]
        if any(part.type != kind for part in parts):
            raise mismatch(f"{sign} needs two operands of type {kind}")
        sql = f"({parts[0].sql} {sign} {parts[1].sql})"
        return Expression(
            sql, kind, "", is_aggregate=any(p.is_aggregate for p in parts)
        )

    def _unary(self) -> Expression:
        if self.take("-"):
            inner = self._unary()
            return replace(inner, sql=f"(-{inner.sql})", stored=None)
        value = self._primary()
        while self.take("::"):
            value = self._cast(value)
        return value

    def _cast(self, value: Expression) -> Expression:
        kind = self.word()
        if kind not in ("number", "text"):
            raise mismatch(f"no cast to {kind}")
        sql = as_number(value.text) if kind == "number" else value.text
        return Expression(sql, kind, value.name, is_aggregate=value.is_aggregate)

    def word(self) -> str:
        """Consume a name."""
        kind, text, _ = self.tokens[self.at]
        if kind not in ("word", "quoted"):
            raise self.unexpected()
        self.at += 1
        return text.strip("`").lower()

    def whole_number(self) -> int:
        """Consume an integer, as for `limit`."""
        kind, text, _ = self.tokens[self.at]
        if kind != "number" or not text.isdigit():
            raise self.unexpected()
        self.at += 1
        return int(text)

    def _primary(self) -> Expression:
        kind, text, _ = self.tokens[self.at]
        if self.take("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if kind == "text":
            self.at += 1
            content = text[1:-1].replace("''", "'")
            return Expression(text, "text", literal=content)
        if kind == "number":
            self.at += 1
            return Expression(f"cast('{text}' as decimal(38, 14))", "number")
        if word := self.take("true", "false"):
            return Expression(word, "checkbox")
        name = self.word()
        if kind == "word" and self.take("("):
            return self._call(name)
        return self._name(name)

    def _name(self, name: str) -> Expression:
        found = self.columns.get(name) or self.aliases.get(name)
        if found is None:
            raise SoqlError(
                "query.soql.no-such-column", f"No such column: {name}", column=name
            )
        return found

    def _call(self, name: str) -> Expression:
        if name == "count" and self.take("*"):
            self.expect(")")
            return Expression("count(*)", "number", "count", is_aggregate=True)
        distinct = bool(self.take("distinct"))
        arguments = [] if self.peek(")") else [self.expression()]
        while self.take(","):
            arguments.append(self.expression())
        self.expect(")")
        result = call(name, arguments)
        if distinct and result.is_aggregate:
            return replace(result, sql=result.sql.replace("(", "(distinct ", 1))
        return result
