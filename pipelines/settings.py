"""Read settings from the environment."""

import os
from collections.abc import Callable
from typing import TypeVar

from pipelines.errors import ConfigError

Number = TypeVar("Number", int, float)


def number_from_environment(
    name: str, default: Number, kind: Callable[[str], Number], least: Number
) -> Number:
    """A number from `least` to 86400.

    Raises:
        ConfigError: It is none, or lies outside.
    """
    text = os.environ.get(name, "")
    try:
        number = kind(text) if text else default
    except ValueError:
        raise ConfigError(f"{name} is {text!r}; it must be a number.") from None
    # A day at most: and not a number (nan) is neither.
    if not least <= number <= 86_400:
        raise ConfigError(f"{name} is {text!r}; it must be {least} to 86400.")
    return number
