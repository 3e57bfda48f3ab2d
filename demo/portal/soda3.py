"""Answer as a Socrata portal does by SODA 3: the same tables, queried by a statement.

https://dev.socrata.com/docs/queries/; a GET with the options as parameters works, too.
"""

import re
from dataclasses import dataclass
from typing import Any

from demo.portal.exchange import Asked, Reply, problem
from demo.portal.soda import RENDER, SodaDataset, answer
from demo.portal.soql.expression import SoqlError, column
from demo.portal.soql.query import Query, parse
from demo.portal.store import Dataset

QUERY = re.compile(r"/api/v3/views/([^/.]+)/query\.(\w+)")

# By page numbers as well as by options, true and false are words in an address.
FALSE = (False, "false")

ORDERINGS = ("total", "discard")


@dataclass(frozen=True)
class Options:
    """What a request asks for beside its statement."""

    size: int | None
    """Rows of a page; None: all rows that the statement has."""
    number: int
    """The page, from 1."""
    has_system: bool
    has_synthetic: bool
    ordering: str | None


def statement_reply(
    datasets: dict[str, Dataset], asked: Asked, name: str, form: str, salt: int
) -> Reply:
    """Answer a statement about a table, in a format that SODA 2 has, too."""
    dataset = datasets.get(name)
    if not isinstance(dataset, SodaDataset):
        return problem(404, "dataset.missing", "Not found", id=name)
    if form not in RENDER:
        return problem(406, "schema-invalid-for-mime-type", f"No such form: {form}")
    if asked.body and asked.posted is None:
        return problem(400, "invalid", "The body is not a JSON object")
    given: dict[str, Any] = {**asked.query, **(asked.posted or {})}
    statement = str(given.get("query", "select *"))

    def parsed() -> Query:
        return as_query(statement, options_of(given), dataset)

    return answer(dataset, asked, form, salt, parsed, statement)


def options_of(given: dict[str, Any]) -> Options:
    """Read the options.

    Raises:
        SoqlError: One is wrong.
    """
    page, ordering = given.get("page", given), given.get("orderingSpecifier")
    try:
        size = int(page["pageSize"]) if "pageSize" in page else None
        number = int(page.get("pageNumber", 1))
    except (AttributeError, TypeError, ValueError):
        raise SoqlError("req.bad-page", "A page has two whole numbers") from None
    if number < 1 or (size is not None and size < 1):
        raise SoqlError("req.bad-page", "Pages are counted from 1")
    if ordering not in (None, *ORDERINGS):
        raise SoqlError("req.bad-ordering", f"No such ordering: {ordering}")
    has_system = given.get("includeSystem") not in FALSE
    has_synthetic = given.get("includeSynthetic") not in FALSE
    return Options(size, number, has_system, has_synthetic, ordering)


def as_query(statement: str, options: Options, dataset: SodaDataset) -> Query:
    """The query of a statement under the options.

    A portal has no limit but that of the statement or the page. What a star stands for
    and whether a system column that is named comes without `includeSystem` is not
    documented: here a star has all, and a column only under another name.
    """
    query = parse({"$query": starred(statement, options)}, dataset, default_limit=None)
    hidden = [
        name
        for name in query.outputs
        if (name.startswith(":@") and not options.has_synthetic)
        or (re.match(":[a-z]", name) and not options.has_system)
    ]
    for name in hidden:
        del query.outputs[name]
    if options.ordering == "discard":
        query.order = []
    elif (options.size or options.ordering) and not query.is_grouped:
        make_total(query)
    if options.size:
        turn_to_page(query, options)
    return query


def make_total(query: Query) -> None:
    """Let the rows that an order leaves undecided follow `:id`."""
    row_id = column(":id", "row_identifier")
    if row_id.sql not in [expression.sql for expression, _ in query.order]:
        query.order.append((row_id, "asc nulls last"))


def starred(statement: str, options: Options) -> str:
    """A statement whose star stands for the system columns, too, if they are wanted."""
    if not options.has_system:
        return statement
    return re.sub(r"(?i)^(\s*select\s+)\*", r"\1:*, *", statement)


def turn_to_page(query: Query, options: Options) -> None:
    """Let a query read one page of what it would."""
    size = options.size or 0
    begin = (options.number - 1) * size
    left = size if query.limit is None else max(0, min(size, query.limit - begin))
    query.limit, query.offset = left, query.offset + begin
