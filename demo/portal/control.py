"""Let another process act as the publisher, or see what was requested.

POST /_portal/upsert/{id} and /_portal/replace/{id} take a JSON array of rows,
/_portal/delete/{id} an array of keys; {id} is a data set's id or a layer's path.
GET /_portal/requests lists the requests so far, without the values of headers.
"""

import json
from collections.abc import Iterable, Mapping

from demo.portal.exchange import Asked, Record, Reply, problem
from demo.portal.store import Dataset

ACTIONS = ("upsert", "replace", "delete")


def control(
    asked: Asked, datasets: Mapping[str, Dataset], requests: Iterable[Record]
) -> Reply:
    """Answer a request to `/_portal/`; a wrong one gets a 400 that says why."""
    if asked.path == "/_portal/requests":
        return as_json([describe(record) for record in requests])
    verb, _, name = asked.path.removeprefix("/_portal/").partition("/")
    dataset = datasets.get(name) or datasets.get(f"/{name}")
    if verb not in ACTIONS or dataset is None:
        return problem(404, "not_found", "Not found")
    try:
        getattr(dataset, verb)(json.loads(asked.body))
    except (KeyError, ValueError) as error:
        return problem(400, "invalid", str(error))
    return as_json({"count": dataset.count})


def describe(record: Record) -> dict[str, object]:
    """Return a request as a JSON object, with only the names of its headers."""
    return {
        "method": record.method,
        "path": record.path,
        "query": record.query,
        "status": record.status,
        "headers": sorted(record.headers),
    }


def as_json(value: object) -> Reply:
    """Return a value as a JSON reply."""
    return Reply(200, json.dumps(value).encode(), {"Content-Type": "application/json"})
