"""Read settings from the environment."""

import os
from collections.abc import Callable
from pathlib import Path
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


def home_folder() -> Path:
    """BLOTTER_HOME, absolute."""
    return Path(os.environ.get("BLOTTER_HOME") or "blotter_home").resolve()


def existing_home() -> Path:
    """The home of a warehouse that some run has made.

    Raises:
        ConfigError: There is none yet.
    """
    home = home_folder()
    if not (home / "blotter.duckdb").exists():
        raise ConfigError(
            f"There is no warehouse in {home} yet. Run `blotter daily`, or set "
            "BLOTTER_HOME."
        )
    return home
