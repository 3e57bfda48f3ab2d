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


# What an address of any kind begins with, and no folder: `s3://`, `file:/`.
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/+")


def home_folder() -> Path:
    """BLOTTER_HOME, absolute.

    Raises:
        ConfigError: It is no folder of this machine but an address.
    """
    said = os.environ.get("BLOTTER_HOME") or "blotter_home"
    if scheme := SCHEME.match(said):
        raise ConfigError(
            f"BLOTTER_HOME begins with {scheme[0]}; it must be a folder of this "
            "machine, where files can be locked."
        )
    return Path(said).resolve()


def lake_place() -> str | None:
    """BLOTTER_LAKE: a folder, or `gs://bucket/folder`; None where it is not set.

    Raises:
        ConfigError: It is an address of another kind; does not repeat it, for there
            may be a secret in it.
    """
    said = os.environ.get("BLOTTER_LAKE") or None
    if said and re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]+(/.*)?", said):
        return said
    if said and (scheme := SCHEME.match(said)):
        raise ConfigError(
            f"BLOTTER_LAKE begins with {scheme[0]}; it must be a folder, or a bucket "
            "like gs://name/folder."
        )
    return said


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


def site_contact() -> str | None:
    """BLOTTER_SITE_CONTACT, an e-mail address; None where it is not set.

    Raises:
        ConfigError: It is none.
    """
    said = os.environ.get("BLOTTER_SITE_CONTACT") or None
    if said and not re.fullmatch(r"[^\s@:/]+@[^\s@:/]+", said):
        raise ConfigError(
            f"BLOTTER_SITE_CONTACT is {said!r}; it must be an e-mail address like "
            "data@example.org."
        )
    return said


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
