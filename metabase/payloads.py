"""Requests for Metabase's API, as pure functions of the files.

The shapes are those of Metabase 0.53 (src/metabase/api/card.clj and dashboard.clj).
"""

import re
import uuid
from typing import Any

from metabase.files import Card, Dashboard, Filter, Heading, Place, tags

Body = dict[str, Any]

NAMESPACE = uuid.UUID("5f0c6d2e-6f7b-4a3e-9d55-0f6f0a1c7b11")
# The kinds of a filter, on the dashboard.
PARAMETER_TYPES = {"text": ("string/=", "string"), "date": ("date/single", "date")}


def stable_id(*words: str) -> str:
    """An id that is the same in every run."""
    return str(uuid.uuid5(NAMESPACE, "/".join(words)))


def in_schema(sql: str, marts: str) -> str:
    """A statement with the schema `marts` under its name in this warehouse."""
    return re.sub(r"\bmarts\.", f"{marts}.", sql.strip())


def query(sql: str, filters: list[Filter], database_id: int) -> Body:
    """A question's query: SQL, and the meaning of each `{{slug}}` in it."""
    by_slug = {one.slug: one for one in filters}
    return {
        "type": "native",
        "database": database_id,
        "native": {
            "query": sql,
            "template-tags": {slug: tag(by_slug[slug]) for slug in tags(sql)},
        },
    }


def tag(one: Filter) -> Body:
    found: Body = {
        "id": stable_id("tag", one.slug),
        "name": one.slug,
        "display-name": one.name,
        "type": one.type,
    }
    if one.default is not None:
        found |= {"default": one.default, "required": True}
    return found


def card_body(
    card: Card, filters: list[Filter], database_id: int, collection_id: int, marts: str
) -> Body:
    """A question on a dashboard."""
    return {
        "name": card.name,
        "description": card.description.strip(),
        "type": "question",
        "display": card.display,
        "visualization_settings": card.settings,
        "dataset_query": query(in_schema(card.sql, marts), filters, database_id),
        "collection_id": collection_id,
    }


def choices_card(one: Filter) -> Card | None:
    """The question behind a filter; dashboards do not show it."""
    if one.choices is None:
        return None
    return Card(
        name=one.choices.name,
        description="What a filter of the dashboards offers.",
        display="table",
        place=Place(0, 0, 1, 1),
        settings={},
        sql=one.choices.sql,
    )


def parameter(dashboard: Dashboard, one: Filter, card_ids: dict[str, int]) -> Body:
    """A filter, as the dashboard holds it."""
    kind, section = PARAMETER_TYPES[one.type]
    found: Body = {
        "id": parameter_id(dashboard, one.slug),
        "name": one.name,
        "slug": one.slug,
        "type": kind,
        "sectionId": section,
    }
    if one.default is not None:
        found |= {"default": [one.default], "required": True}
    if one.choices is not None:
        column = ["field", one.choices.column, {"base-type": "type/Text"}]
        found |= {
            "isMultiSelect": False,
            "values_query_type": "list",
            "values_source_type": "card",
            "values_source_config": {
                "card_id": card_ids[one.choices.name],
                "value_field": column,
            },
        }
    return found


def parameter_id(dashboard: Dashboard, slug: str) -> str:
    """A parameter's id; eight characters, like Metabase's own."""
    return stable_id("filter", dashboard.name, slug)[:8]


def dashcards(dashboard: Dashboard, card_ids: dict[str, int]) -> list[Body]:
    """A dashboard's contents, without ids, from top to bottom."""
    ordered = sorted(dashboard.placed(), key=lambda one: (one.place.row, one.place.col))
    return [dashcard(dashboard, one, card_ids) for one in ordered]


def dashcard(
    dashboard: Dashboard, one: Card | Heading, card_ids: dict[str, int]
) -> Body:
    found: Body = {
        "row": one.place.row,
        "col": one.place.col,
        "size_x": one.place.width,
        "size_y": one.place.height,
        "series": [],
    }
    if isinstance(one, Heading):
        virtual = {"name": None, "display": "heading", "archived": False}
        settings = {
            "virtual_card": {**virtual, "visualization_settings": {}},
            "dashcard.background": False,
            "text": one.text,
        }
        nothing: Body = {"card_id": None, "parameter_mappings": []}
        return found | nothing | {"visualization_settings": settings}
    card_id = card_ids[one.name]
    mappings = [
        {
            "parameter_id": parameter_id(dashboard, slug),
            "card_id": card_id,
            "target": ["variable", ["template-tag", slug]],
        }
        for slug in tags(one.sql)
    ]
    return found | {
        "card_id": card_id,
        "visualization_settings": {},
        "parameter_mappings": mappings,
    }


def with_ids(wanted: list[Body], present: list[Body]) -> list[Body]:
    """Give each the id that Metabase has for it; new ones get a negative id.

    Existing ones that are not wanted are left out, which deletes them.
    """
    ids = {identity(one): one["id"] for one in reversed(present)}
    return [
        {"id": ids.get(identity(one), -number), **one}
        for number, one in enumerate(wanted, 1)
    ]


def identity(one: Body) -> object:
    """What identifies it across runs: the question, or the text."""
    return one.get("card_id") or (one.get("visualization_settings") or {}).get("text")


def holds(found: Any, wanted: Any) -> bool:
    """Whether `found` has everything wanted; Metabase adds fields of its own."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            holds(found.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(map(holds, found, wanted))
        )
    return bool(found == wanted)
