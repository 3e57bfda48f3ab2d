"""Clocks, and instants as this project writes them."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells what time it is, as an instant in UTC. Handed down from the command."""


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def iso(value: object) -> str:
    """An instant as ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return str(value)
