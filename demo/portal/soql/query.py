"""Parse a whole SoQL query and write it as DuckDB SQL."""

from dataclasses import dataclass, field

from demo.portal.soql.expression import Expression, SoqlError, column
from demo.portal.soql.parser import Parser
from demo.portal.sql import SYSTEM_COLUMNS, text_literal
from demo.portal.store import Dataset

DEFAULT_LIMIT = 1000
CLAUSES = {
    "$select": "select",
    "$where": "where",
    "$group": "group by",
    "$having": "having",
    "$order": "order by",
    "$limit": "limit",
    "$offset": "offset",
}


@dataclass
class Query:
    """A parsed query; `outputs` are the answer's columns by name."""

    outputs: dict[str, Expression] = field(default_factory=dict)
    where: Expression | None = None
    groups: list[Expression] = field(default_factory=list)
    having: Expression | None = None
    order: list[tuple[Expression, str]] = field(default_factory=list)
    limit: int | None = DEFAULT_LIMIT
    """None: all rows."""
    offset: int = 0
    search: str = ""

    @property
    def is_grouped(self) -> bool:
        """Whether the answer's rows are groups, not rows of the table."""
        return bool(self.groups) or any(e.is_aggregate for e in self.outputs.values())

    @property
    def follows_id(self) -> bool:
        """Whether the rows are requested in the order of `:id` alone."""
        return [(e.sql, d) for e, d in self.order] == [('":n"', "asc nulls last")]


def as_statement(parameters: dict[str, str]) -> str:
    """Return `$select`, `$where`, ... and simple filters as one SoQL statement."""
    if "$query" in parameters:
        return parameters["$query"]
    filters = [
        f"`{name}` = {text_literal(value)}"
        for name, value in parameters.items()
        if not name.startswith("$") and name != "queryTimeoutSeconds"
    ]
    if "$where" in parameters:
        filters.insert(0, f"({parameters['$where']})")
    given = {"$select": "*", **parameters}
    if filters:
        given["$where"] = " and ".join(filters)
    return " ".join(
        f"{keyword} {given[name]}" for name, keyword in CLAUSES.items() if name in given
    )


def parse(
    parameters: dict[str, str],
    dataset: Dataset,
    *,
    ignore_case: bool = False,
    default_limit: int | None = DEFAULT_LIMIT,
) -> Query:
    """Parse a request's parameters.

    Raises:
        SoqlError: The portal would refuse the query.
    """
    columns = {
        name: column(name, kind)
        for name, kind in {**SYSTEM_COLUMNS, **dataset.columns}.items()
    }
    parser = Parser(as_statement(parameters), columns, ignore_case=ignore_case)
    query = Query(search=parameters.get("$q", ""), limit=default_limit)
    parser.expect("select")
    selected = select_list(parser)
    clauses(parser, query)
    shows_regions = not query.order
    for name, chosen in selected:
        for alias, expression in expand(name, chosen, dataset, columns, shows_regions):
            add_output(query.outputs, alias, expression, chosen is not None)
    return query


def clauses(parser: Parser, query: Query) -> None:
    """Parse the clauses after the select list, in SoQL's order."""
    if parser.take("where"):
        query.where = parser.expression()
        if query.where.is_aggregate:
            code = "query.soql.aggregate-in-ungrouped-context"
            raise SoqlError(code, "Aggregate function in WHERE")
    if parser.take("group"):
        parser.expect("by")
        query.groups = [parser.expression()]
        while parser.take(","):
            query.groups.append(parser.expression())
    if parser.take("having"):
        query.having = parser.expression()
    if parser.take("order"):
        parser.expect("by")
        query.order = [order_term(parser)]
        while parser.take(","):
            query.order.append(order_term(parser))
    if parser.take("limit"):
        query.limit = parser.whole_number()
    if parser.take("offset"):
        query.offset = parser.whole_number()
    parser.done()


def order_term(parser: Parser) -> tuple[Expression, str]:
    """Parse one expression of `$order`; nulls sort as the largest values."""
    expression = parser.expression()
    if parser.take("desc"):
        return expression, "desc nulls first"
    parser.take("asc")
    return expression, "asc nulls last"


def select_list(parser: Parser) -> list[tuple[str, Expression | None]]:
    """Parse `[:*][, *][, expressions]` into names; a star has no expression.

    Raises:
        SoqlError: A star follows an expression, or `:*` follows `*`.
    """
    items: list[tuple[str, Expression | None]] = []
    while True:
        if star := parser.take(":*", "*"):
            check_star(star, items)
            items.append((star, None))
        else:
            expression = parser.expression()
            name = parser.word() if parser.take("as") else expression.name
            parser.aliases[name] = expression
            items.append((name, expression))
        if not parser.take(","):
            return items


def check_star(star: str, before: list[tuple[str, Expression | None]]) -> None:
    """Refuse a star at the wrong place in the select list."""
    message = ""
    if any(expression is not None for _, expression in before):
        message = "Star selections must come at the start of the select-list"
    elif star == ":*" and before:
        message = (
            "System column star selections must come before user column star selections"
        )
    if message:
        raise SoqlError("soql.parser.unexpected-star-select", message)


def expand(
    name: str,
    chosen: Expression | None,
    dataset: Dataset,
    columns: dict[str, Expression],
    shows_regions: bool,
) -> list[tuple[str, Expression]]:
    """Return the columns that a star stands for, or the expression itself.

    A star leaves out computed regions (`:@computed_region_..`) if there is an `$order`.
    """
    if chosen is not None:
        return [(name, chosen)]
    names = list(SYSTEM_COLUMNS) if name == ":*" else list(dataset.columns)
    return [
        (name, columns[name])
        for name in names
        if shows_regions or not name.startswith(":@")
    ]


def add_output(
    outputs: dict[str, Expression], name: str, expression: Expression, is_chosen: bool
) -> None:
    """Add an output; a duplicate name gets a number, a duplicate alias is refused."""
    if name in outputs and is_chosen and name != expression.name:
        raise SoqlError("query.soql.duplicate-alias", f"Duplicate alias: {name}")
    if name in outputs and expression.stored is not None:
        return
    number = 1
    unique = name
    while unique in outputs:
        unique, number = f"{name}_{number}", number + 1
    outputs[unique] = expression


def condition(query: Query, dataset: Dataset) -> str:
    """Return the SQL condition for the rows that the query reads."""
    parts = [query.where.sql] if query.where else []
    if query.search:
        texts = [
            f'"{name}"' for name, kind in dataset.columns.items() if kind == "text"
        ]
        document = f"lower(concat_ws(' ', {', '.join(texts)}))"
        for word in query.search.lower().split():
            parts.append(f"contains({document}, {text_literal(word)})")
    return " and ".join(parts) or "true"


def to_sql(
    query: Query, dataset: Dataset, salt: int, span: tuple[int, int] | None = None
) -> str:
    """Return the query as SQL with columns named by position.

    Args:
        query: What to read.
        dataset: The table.
        salt: Shuffles the rows if the query specifies no order.
        span: First and last hidden number of the page, if they are known.
    """
    outputs = ", ".join(
        f'{expression.text} as "{position}"'
        for position, expression in enumerate(query.outputs.values())
    )
    sql = f"select {outputs} from {dataset.table} where {condition(query, dataset)}"
    if span:
        sql += f' and ":n" between {span[0]} and {span[1]}'
    if query.groups:
        sql += " group by " + ", ".join(e.stored or e.sql for e in query.groups)
    if query.having:
        sql += f" having {query.having.sql}"
    order = [f"{expression.sql} {direction}" for expression, direction in query.order]
    if not order and not query.is_grouped:
        order = [shuffled(salt)]
    elif not order and query.groups:
        order = [f"hash(concat({query.groups[0].text}, '{salt}'))"]
    if order:
        sql += " order by " + ", ".join(order)
    return sql if span else f"{sql} {stretch(query)}"


def stretch(query: Query) -> str:
    """Return the SQL for which of the rows, in their order, a query reads."""
    limit = "" if query.limit is None else f"limit {query.limit} "
    return f"{limit}offset {query.offset}"


def first_and_last(query: Query, dataset: Dataset) -> str:
    """Return SQL for the range of hidden numbers that a page in `:id` order spans.

    Sorting whole rows costs ten times as much as sorting their numbers.
    """
    where = condition(query, dataset)
    return (
        'select min(":n") as first, max(":n") as last from '
        f'(select ":n" from {dataset.table} where {where} '
        f'order by ":n" {stretch(query)})'
    )


def shuffled(salt: int) -> str:
    """Return SQL for an order of rows that differs for every salt."""
    return f'hash(":n" + {salt * 1_000_000_007})'
