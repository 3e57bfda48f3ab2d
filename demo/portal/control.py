"""Let another process act as the publisher, or see what was asked.

POST /_portal/upsert/{id} and /_portal/replace/{id} take a JSON array of rows,
/_portal/delete/{id} an array of keys; {id} is a data set's id or a layer's path.
GET /_portal/requests tells the requests so far, without what headers held.
"""

import json
import re
from typing import TYPE_CHECKING

from demo.portal.exchange import Asked, Reply, problem

if TYPE_CHECKING:
    from demo.portal.server import Portal

ACTION = re.compile(r"/_portal/(upsert|replace|delete)/(.+)")


def control(portal: "Portal", asked: Asked) -> Reply:
    """Answer a request to `/_portal/`; a wrong one gets a 400 that says why."""
    if asked.path == "/_portal/requests":
        return as_json([describe(record) for record in portal.requests])
    action = ACTION.fullmatch(asked.path)
    datasets = portal.datasets
    name = action and next(
        (n for n in (action[2], f"/{action[2]}") if n in datasets), ""
    )
    if not name:
        return problem(404, "not_found", "Not found")
    try:
        getattr(datasets[name], action[1])(json.loads(asked.body))
    except (KeyError, ValueError) as error:
        return problem(400, "invalid", str(error))
    return as_json({"count": datasets[name].count})


def describe(record: object) -> dict:
    """Return a request as JSON tells it: of the headers the names only."""
    seen = {
        name: getattr(record, name) for name in ("method", "path", "query", "status")
    }
    return seen | {"headers": sorted(record.headers)}


def as_json(value: object) -> Reply:
    """Return a value as a JSON reply."""
    return Reply(200, json.dumps(value).encode(), {"Content-Type": "application/json"})
