"""Make a Metabase server match the files; leave alone what already does."""

from collections import Counter
from typing import Any

from metabase import payloads
from metabase.files import Card, Dashboard, Filter
from metabase.server import Server

COLLECTION = "Blotter"
DATABASE = "Blotter"


class Changes(Counter[str]):
    """How many things were created and updated, in words for the log."""

    def __str__(self) -> str:
        said = [f"{count} {what}" for what, count in sorted(self.items())]
        return ", ".join(said) or "everything matches the files"


def apply(
    server: Server,
    dashboards: list[Dashboard],
    details: dict[str, Any],
    marts: str,
) -> Changes:
    """Create what is missing, and update what differs.

    Questions and dashboards are identified by their names in the collection; anything
    else, there or elsewhere, is left alone.

    Args:
        details: How Metabase reaches the warehouse. marts: The name of the schema
        `marts` there.

    Raises:
        MetabaseError: The server refused something.
    """
    changes = Changes()
    database_id = database(server, details, changes)
    collection_id = collection(server, changes)
    present = items(server, collection_id)
    card_ids: dict[str, int] = {}
    for card, filters in questions(dashboards):
        body = payloads.card_body(card, filters, database_id, collection_id, marts)
        found_id = present.get(("card", card.name))
        card_ids[card.name] = question(server, body, found_id, changes)
    for position, dashboard in enumerate(dashboards, 1):
        found_id = present.get(("dashboard", dashboard.name))
        if found_id is None:
            body = {"name": dashboard.name, "collection_id": collection_id}
            found_id = server.ask("POST", "/api/dashboard", body)["id"]
            changes["dashboards created"] += 1
        fill(server, dashboard, found_id, position, card_ids, changes)
    return changes


def database(server: Server, details: dict[str, Any], changes: Changes) -> int:
    """The warehouse's id. The password is sent only when Metabase needs it."""
    body = {"name": DATABASE, "engine": "postgres", "details": details}
    listed = server.ask("GET", "/api/database")["data"]
    found_ids = [one["id"] for one in listed if one["name"] == DATABASE]
    if not found_ids:
        changes["databases created"] += 1
        return int(server.ask("POST", "/api/database", body)["id"])
    path = f"/api/database/{found_ids[0]}"
    # Metabase shows asterisks in place of the password.
    shown = {name: value for name, value in details.items() if name != "password"}
    same = payloads.holds(server.ask("GET", path).get("details"), shown)
    if not same or server.ask("GET", f"{path}/healthcheck")["status"] != "ok":
        server.ask("PUT", path, body)
        changes["databases updated"] += 1
    return int(found_ids[0])


def collection(server: Server, changes: Changes) -> int:
    """The id of the top-level collection that holds everything."""
    for one in server.ask("GET", "/api/collection"):
        if one["name"] == COLLECTION and one.get("location") == "/":
            return int(one["id"])
    changes["collections created"] += 1
    about = "Made from Blotter's files; what is changed here is changed back."
    body = {"name": COLLECTION, "description": about, "parent_id": None}
    return int(server.ask("POST", "/api/collection", body)["id"])


def items(server: Server, collection_id: int) -> dict[tuple[str, str], int]:
    """Ids of what the collection holds, by kind and name."""
    path = f"/api/collection/{collection_id}/items?models=card&models=dashboard"
    listed = server.ask("GET", path)["data"]
    # If several share a name, the oldest is ours.
    listed.sort(key=lambda one: one["id"], reverse=True)
    return {(one["model"], one["name"]): one["id"] for one in listed}


def questions(dashboards: list[Dashboard]) -> list[tuple[Card, list[Filter]]]:
    """All questions, each once, starting with those behind the filters."""
    found: dict[str, tuple[Card, list[Filter]]] = {}
    for dashboard in dashboards:
        behind = [payloads.choices_card(one) for one in dashboard.filters]
        found |= {card.name: (card, []) for card in behind if card}
    for dashboard in dashboards:
        found |= {card.name: (card, dashboard.filters) for card in dashboard.cards}
    return list(found.values())


def question(
    server: Server, body: dict[str, Any], found_id: int | None, changes: Changes
) -> int:
    """Create or update a question, and return its id."""
    if found_id is None:
        changes["questions created"] += 1
        return int(server.ask("POST", "/api/card", body)["id"])
    # From 0.57 on Metabase returns queries in another form unless asked for this one.
    found = server.ask("GET", f"/api/card/{found_id}?legacy-mbql=true")
    if not payloads.holds(found, body):
        server.ask("PUT", f"/api/card/{found_id}", body)
        changes["questions updated"] += 1
    return found_id


def fill(
    server: Server,
    dashboard: Dashboard,
    dashboard_id: int,
    position: int,
    card_ids: dict[str, int],
    changes: Changes,
) -> None:
    """Give a dashboard its filters and charts, unless it already has them."""
    path = f"/api/dashboard/{dashboard_id}"
    found = server.ask("GET", path)
    present = found.get("dashcards") or []
    wanted = payloads.dashcards(dashboard, card_ids)
    body: payloads.Body = {
        "description": dashboard.description.strip(),
        "collection_position": position,
        "width": "full",
        "parameters": [
            payloads.parameter(dashboard, one, card_ids) for one in dashboard.filters
        ],
        "dashcards": payloads.with_ids(wanted, present),
    }
    order = {one["id"]: place for place, one in enumerate(body["dashcards"])}
    found["dashcards"] = sorted(
        present, key=lambda one: order.get(one["id"], len(order))
    )
    if not payloads.holds(found, body):
        server.ask("PUT", path, body)
        changes["dashboards filled"] += 1
