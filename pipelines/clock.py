"""Instants, as this project writes them."""

from datetime import UTC, datetime


def iso(value: object) -> str:
    """An instant as ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return str(value)
