"""Read what portals answer: values as text, and counts over all rows."""

from typing import Any

import msgspec

from pipelines.onboarding.tables import Figures, Row
from pipelines.onboarding.times import moment_of


def figures_of(one: Row, keys: list[str], dates: list[str]) -> Figures:
    """Counts by the names under which they are asked for.

    Args:
        one: n; filled_i of `keys` and `dates` together; different_i of `keys`; least_i
            and most_i of `dates`.
    """
    names = dict.fromkeys([*keys, *dates])
    return Figures(
        rows=whole(one.get("n")),
        filled={n: whole(one.get(f"filled_{i}")) for i, n in enumerate(names)},
        different={n: whole(one.get(f"different_{i}")) for i, n in enumerate(keys)},
        spans={
            n: (moment_of(one.get(f"least_{i}")), moment_of(one.get(f"most_{i}")))
            for i, n in enumerate(dates)
        },
    )


def text_of(value: Any) -> str | None:
    """A JSON value as text; a point as its coordinates are written in a CSV."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict) and isinstance(value.get("coordinates"), list):
        return f"POINT ({' '.join(map(str, value['coordinates']))})"
    if isinstance(value, dict) and "latitude" in value:
        return f"({value['latitude']}, {value.get('longitude')})"
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def whole(text: str | None) -> int:
    """A count, which SODA sends as text."""
    try:
        return int(float(text or 0))
    except ValueError:
        return 0
