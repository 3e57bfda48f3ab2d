"""What a check of `blotter doctor` finds."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from pipelines.settings import Patience


@dataclass(frozen=True)
class Finding:
    """The result of one check, in one line."""

    level: Literal["ok", "warn", "fail"]
    subject: str
    """`settings`, `home`, ..., or the data set."""
    message: str


def short(patience: Patience) -> Patience:
    """Retry at most once, and soon: a person is waiting for the answer."""
    return replace(
        patience, retries=min(patience.retries, 1), backoff=min(patience.backoff, 2.0)
    )


def age_in_words(age: timedelta) -> str:
    """An age in its largest unit of minutes, hours and days."""
    minutes = max(age, timedelta(0)) // timedelta(minutes=1)
    if minutes < 120:
        return f"{minutes} minutes"
    hours = minutes // 60
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
