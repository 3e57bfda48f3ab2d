"""Read settings from the environment."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipelines.errors import ConfigError

Number = TypeVar("Number", int, float)


def number_from_environment(
    name: str,
    default: Number,
    kind: Callable[[str], Number],
    least: Number,
    most: int = 86_400,
) -> Number:
    """A number from `least` to `most`.

    Raises:
        ConfigError: It is none, or lies outside.
    """
    text = os.environ.get(name, "")
    try:
        number = kind(text) if text else default
    except ValueError:
        raise ConfigError(f"{name} is {text!r}; it must be a number.") from None
    # Not a number (nan) is neither.
    if not least <= number <= most:
        raise ConfigError(f"{name} is {text!r}; it must be {least} to {most}.")
    return number


def home_folder() -> Path:
    """BLOTTER_HOME, absolute."""
    return Path(os.environ.get("BLOTTER_HOME") or "blotter_home").resolve()


def publishes() -> bool:
    """BLOTTER_SITE: whether runs end with a publication.

    Raises:
        ConfigError: It is neither on nor off.
    """
    wanted = os.environ.get("BLOTTER_SITE") or "on"
    if wanted not in ("on", "off"):
        raise ConfigError(f"BLOTTER_SITE is {wanted!r}; it must be on or off.")
    return wanted == "on"


def site_address() -> str:
    """BLOTTER_SITE_URL, where the site is on the web, with a slash at its end; or none.

    Raises:
        ConfigError: It is no address.
    """
    url = os.environ.get("BLOTTER_SITE_URL") or ""
    if url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", url):
        raise ConfigError(
            f"BLOTTER_SITE_URL is {url!r}; it must be an address like "
            "https://data.example.org/blotter/."
        )
    return url.rstrip("/") + "/" if url else ""


def prefix() -> str:
    """BLOTTER_PREFIX, which every schema's name begins with.

    Raises:
        ConfigError: It can be part of no name.
    """
    said = os.environ.get("BLOTTER_PREFIX", "")
    if not re.fullmatch(r"([a-z][a-z0-9_]{0,30})?", said):
        raise ConfigError(
            f"BLOTTER_PREFIX is {said!r}; it must be small letters, digits and _, "
            "31 at most, a letter first."
        )
    return said


def schema(name: str) -> str:
    """A schema's name in the warehouse."""
    return prefix() + name
