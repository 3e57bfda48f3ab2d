"""Write a query as SODA 2 or as SODA 3 takes it: https://dev.socrata.com/docs/queries

SODA 2 is asked at /resource/<id>.<format>, by parameters of the address. SODA 3 is
asked at /api/v3/views/<id>/query.<format>, by one statement in posted JSON.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# A row's `:id` in a list of columns, and the column's name in the response. SODA 3 may
# leave out columns whose names begin with a colon (`includeSystem`), so it has another.
ROW_IDS = {2: (":id", ":id"), 3: (":id as portal_row_id", "portal_row_id")}


@dataclass(frozen=True)
class Query:
    """A query by its clauses, in SoQL."""

    select: str
    where: str = ""
    group: str = ""
    order: str = ""
    limit: int | None = None


@dataclass(frozen=True)
class Request:
    """A request: its address, the parameters of that, and what is posted, if it is."""

    url: str
    params: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None


def request_for(query: Query, table: str, form: str, soda: int) -> Request:
    """The request for a query's rows.

    Args:
        table: The address of the table: https://host/resource/<id>.
        form: `csv` or `json`.
        soda: The version of the API.
    """
    if soda == 2:
        return Request(f"{table}.{form}", as_parameters(query))
    url = f"{root(table)}/api/v3/views/{name_of(table)}/query.{form}"
    return Request(url, body=as_body(query))


def description_of(table: str) -> Request:
    """The request for a table's columns and version, which has no part in SODA."""
    return Request(f"{root(table)}/api/views/{name_of(table)}.json")


def as_parameters(query: Query) -> dict[str, str]:
    """A query as the parameters that SODA 2 takes."""
    clauses = {
        "$select": query.select,
        "$where": query.where,
        "$group": query.group,
        "$order": query.order,
        "$limit": "" if query.limit is None else str(query.limit),
    }
    return {name: clause for name, clause in clauses.items() if clause}


def as_body(query: Query) -> dict[str, Any]:
    """A query as the JSON that SODA 3 takes.

    The first page of a limit's size: later ones follow by a condition on `:id`,
    since pages by number slow down and shift when rows come or go.
    """
    clauses = {
        "SELECT": query.select,
        "WHERE": query.where,
        "GROUP BY": query.group,
        "ORDER BY": query.order,
    }
    words = [f"{word} {clause}" for word, clause in clauses.items() if clause]
    body: dict[str, Any] = {
        "query": " ".join(words),
        "includeSystem": False,
        "includeSynthetic": False,
    }
    if query.limit is not None:
        body["page"] = {"pageNumber": 1, "pageSize": query.limit}
        body["orderingSpecifier"] = "total"
    return body


def root(table: str) -> str:
    """Scheme and host of a table's portal."""
    address = urlsplit(table)
    return f"{address.scheme}://{address.netloc}"


def name_of(table: str) -> str:
    """The id of a table, such as `wg3w-h783`."""
    return urlsplit(table).path.rpartition("/")[2]
