"""A Metabase that keeps what it is told, and is strict about how.

Paths, fields and answers are those of Metabase 0.53, read in its source (api/card.clj,
api/dashboard.clj, api/database.clj, setup/api.clj). The real one ignores fields that it
does not know; this one refuses them, so that a misspelt one is noticed.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "setup-token-1"
SESSION = "session-1"
STARS = "**MetabasePass**"

POSITIVE = "value must be an integer greater than zero."
TEXT = "value must be a non-blank string."
MAP = "Value must be a map."


def text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else TEXT


def positive(value: Any) -> str | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return None if whole and value > 0 else POSITIVE


def not_negative(value: Any) -> str | None:
    return None if value == 0 or not positive(value) else "value must be >= 0"


def whole(value: Any) -> str | None:
    return None if isinstance(value, int) else "value must be an integer."


def anything(value: Any) -> str | None:
    return None


def a_map(value: Any) -> str | None:
    return None if isinstance(value, dict) else MAP


def maybe(rule):
    return lambda value: None if value is None else rule(value)


def one_of(*words: str):
    return lambda value: None if value in words else f"value must be one of {words}"


def each(rule):
    def check(value: Any) -> str | None:
        if not isinstance(value, list):
            return "value must be a sequence."
        return next((said for one in value if (said := rule(one))), None)

    return check


def shape(needed: dict, optional: dict | None = None):
    """Exactly these fields, each by its rule."""
    rules = {**needed, **(optional or {})}

    def check(value: Any) -> dict[str, str] | None:
        if not isinstance(value, dict):
            return {"": MAP}
        found = dict.fromkeys(needed.keys() - value.keys(), "missing required key")
        found |= dict.fromkeys(value.keys() - rules.keys(), "unknown key")
        for name in rules.keys() & value.keys():
            if said := rules[name](value[name]):
                found[name] = said
        return found or None

    return check


template_tag = shape(
    {"id": text, "name": text, "display-name": text, "type": one_of("text", "date")},
    {"default": text, "required": one_of(True)},
)
native = shape({"query": text, "template-tags": a_map})
native_query = shape({"type": one_of("native"), "database": positive, "native": native})
CARD = {
    "name": text,
    "description": maybe(text),
    "type": one_of("question"),
    "display": text,
    "visualization_settings": a_map,
    "dataset_query": native_query,
    "collection_id": maybe(positive),
}
parameter = shape(
    {"id": text, "type": one_of("string/=", "date/single")},
    {
        "name": text,
        "slug": text,
        "sectionId": one_of("string", "date"),
        "default": each(text),
        "required": one_of(True),
        "isMultiSelect": one_of(False),
        "values_query_type": one_of("none", "list", "search"),
        "values_source_type": one_of("card", "static-list"),
        "values_source_config": shape(
            {"card_id": positive, "value_field": each(anything)}
        ),
    },
)
dashcard = shape(
    {
        "id": whole,
        "size_x": positive,
        "size_y": positive,
        "row": not_negative,
        "col": not_negative,
    },
    {
        "card_id": maybe(positive),
        "series": each(a_map),
        "visualization_settings": a_map,
        "parameter_mappings": each(
            shape({"parameter_id": text, "target": anything, "card_id": positive})
        ),
    },
)
DASHBOARD = {
    "name": text,
    "description": maybe(text),
    "parameters": each(parameter),
    "collection_id": maybe(positive),
    "collection_position": maybe(positive),
}
BODIES = {
    "/api/setup": shape(
        {
            "token": one_of(TOKEN),
            "user": shape(
                {"email": text, "password": text},
                {"first_name": text, "last_name": text},
            ),
            "prefs": shape({"site_name": text}),
        }
    ),
    "/api/session": shape({"username": text, "password": text}),
    "/api/database": shape({"name": text, "engine": text, "details": a_map}),
    "/api/collection": shape(
        {"name": text}, {"description": maybe(text), "parent_id": maybe(positive)}
    ),
    "/api/card": shape(CARD),
    "/api/dashboard": shape({"name": text}, DASHBOARD),
}
UPDATES = {
    "database": shape({}, {"name": text, "engine": text, "details": a_map}),
    "card": shape({}, CARD),
    "dashboard": shape(
        {},
        {
            **DASHBOARD,
            "width": one_of("fixed", "full"),
            "dashcards": each(dashcard),
        },
    ),
}


class Refused(Exception):
    def __init__(self, status: int, body: Any):
        super().__init__(status)
        self.status, self.body = status, body


class FakeMetabase:
    """What it holds, by kind and id; what it was asked; how it is to misbehave."""

    def __init__(self, warehouse_password: str):
        self.held: dict[str, dict[int, dict]] = {
            kind: {} for kind in ("database", "collection", "card", "dashboard")
        }
        self.user: dict[str, str] | None = None
        self.warehouse_password = warehouse_password
        self.starting = 0
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.next_id = 0

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Requests but for reading and signing in."""
        return [
            one
            for one in self.requests
            if one[0] != "GET" and one[1] not in ("/api/session", "/api/setup")
        ]

    def named(self, kind: str) -> dict[str, dict]:
        found = {one["name"]: one for one in self.held[kind].values()}
        assert len(found) == len(self.held[kind]), f"{kind}: one is there twice"
        return found

    def answer(self, method: str, address: str, body: Any, session: str | None) -> Any:
        path = urlsplit(address).path
        self.requests.append((method, path))
        self.bodies.append(body)
        if self.starting > 0:
            self.starting -= 1
            raise Refused(503, {"status": "initializing", "progress": 0.5})
        if (method, path) == ("GET", "/api/health"):
            return {"status": "ok"}
        if (method, path) == ("GET", "/api/session/properties"):
            is_set_up = self.user is not None
            token = None if is_set_up else TOKEN
            return {"setup-token": token, "has-user-setup": is_set_up}
        if method == "POST" and path in ("/api/setup", "/api/session"):
            self.check(BODIES[path], body)
            return self.set_up(body) if path == "/api/setup" else self.sign_in(body)
        if session != SESSION:
            raise Refused(401, "Unauthenticated")
        return self.signed_in(method, path, parse_qs(urlsplit(address).query), body)

    def check(self, rule, body: Any) -> None:
        if errors := rule(body):
            # As the real one does, it repeats what it was sent.
            raise Refused(
                400, {"errors": errors, "specific-errors": {"received": repr(body)}}
            )

    def set_up(self, body: dict) -> dict:
        if self.user:
            raise Refused(403, "The /api/setup route can only create the first user.")
        if body["user"]["password"] == "12345678":
            self.check(lambda _: {"password": "password is too common."}, body)
        self.user = body["user"]
        return {"id": SESSION}

    def sign_in(self, body: dict) -> dict:
        mine = self.user or {}
        if (body["username"], body["password"]) != (
            mine.get("email"),
            mine.get("password"),
        ):
            raise Refused(
                401, {"errors": {"password": "did not match stored password"}}
            )
        return {"id": SESSION}

    def signed_in(self, method: str, path: str, query: dict, body: Any) -> Any:
        _, _, kind, *rest = path.split("/")
        if kind not in self.held:
            raise Refused(404, "API endpoint does not exist.")
        if not rest:
            return self.listed(kind) if method == "GET" else self.create(kind, body)
        found = self.held[kind].get(int(rest[0]))
        if found is None:
            raise Refused(404, "Not found.")
        if rest[1:] == ["items"]:
            assert query["models"] == ["card", "dashboard"]
            return {"data": self.items(found["id"]), "total": 0, "limit": None}
        if rest[1:] == ["healthcheck"]:
            well = found["details"]["password"] == self.warehouse_password
            return {"status": "ok" if well else "error"}
        if rest[1:]:
            raise Refused(404, "API endpoint does not exist.")
        return self.update(kind, found, body) if method == "PUT" else self.shown(found)

    def listed(self, kind: str) -> Any:
        if kind == "database":
            found = [self.shown(one) for one in self.held[kind].values()]
            return {"data": found, "total": len(found)}
        assert kind == "collection"
        root = {"id": "root", "name": "Our analytics", "is_personal": False}
        return [root, *self.held[kind].values()]

    def items(self, collection_id: int) -> list[dict]:
        return [
            {"id": one["id"], "name": one["name"], "model": kind}
            for kind in ("card", "dashboard")
            for one in self.held[kind].values()
            if one["collection_id"] == collection_id
        ]

    def create(self, kind: str, body: Any) -> dict:
        self.check(BODIES[f"/api/{kind}"], body)
        self.check_more(kind, body)
        self.next_id += 1
        made = {"id": self.next_id, "archived": False, **body}
        if kind == "collection":
            made["location"] = "/"
        if kind == "dashboard":
            made |= {"dashcards": [], "width": "fixed", "parameters": []}
        self.held[kind][made["id"]] = made
        return self.shown(made)

    def update(self, kind: str, found: dict, body: Any) -> dict:
        self.check(UPDATES[kind], body)
        self.check_more(kind, body)
        body = dict(body)
        if "dashcards" in body:
            body["dashcards"] = self.new_dashcards(found, body["dashcards"])
        found |= body
        return self.shown(found)

    def new_dashcards(self, found: dict, sent: list[dict]) -> list[dict]:
        """Ids below zero are new; others must be there already."""
        present = {one["id"] for one in found["dashcards"]}
        ids = [one["id"] for one in sent]
        if len(set(ids)) < len(ids):
            self.check(lambda _: {"dashcards": "ids must be unique"}, sent)
        kept = []
        for one in sent:
            if one["id"] >= 0 and one["id"] not in present:
                raise Refused(404, "Not found.")
            if one["id"] < 0:
                self.next_id += 1
                one = {**one, "id": self.next_id}
            kept.append({**one, "entity_id": "x", "dashboard_id": found["id"]})
        return kept[::-1]  # in an order of its own

    def check_more(self, kind: str, body: dict) -> None:
        """What is no matter of shape."""
        if (
            kind == "database"
            and body["details"]["password"] != self.warehouse_password
        ):
            raise Refused(
                400, {"message": 'FATAL: password authentication failed for "metabase"'}
            )
        if kind == "card":
            native = body["dataset_query"]["native"]
            self.check(
                lambda tags: next(
                    (said for one in tags.values() if (said := template_tag(one))), None
                ),
                native["template-tags"],
            )
            assert body["dataset_query"]["database"] in self.held["database"]
        if kind == "dashboard":
            self.check_dashboard(body)

    def check_dashboard(self, body: dict) -> None:
        """Mappings are of this dashboard's filters, and of slugs in the question."""
        ids = {one["id"] for one in body.get("parameters", [])}
        for one in body.get("dashcards", []):
            for mapping in one["parameter_mappings"]:
                assert mapping["parameter_id"] in ids
                card = self.held["card"][mapping["card_id"]]
                kind, (tag, slug) = mapping["target"]
                assert (kind, tag) == ("variable", "template-tag")
                assert slug in card["dataset_query"]["native"]["template-tags"]

    def shown(self, one: dict) -> dict:
        if "details" not in one:
            return {**one, "created_at": "2026-03-09T12:00:00Z"}
        return {**one, "details": {**one["details"], "ssl": True, "password": STARS}}


@contextlib.contextmanager
def serve(metabase: FakeMetabase, port: int = 0) -> Iterator[str]:
    """Serve it on loopback, at any port or a certain one; its address."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            session = self.headers.get("X-Metabase-Session")
            try:
                status, said = (
                    200,
                    metabase.answer(self.command, self.path, body, session),
                )
            except Refused as refused:
                status, said = refused.status, refused.body
            sent = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
