"""Read settings from the environment."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pipelines import __version__
from pipelines.environment import Settings
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
    said = Settings.from_environment().home
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
    said = Settings.from_environment().lake or None
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
    wanted = Settings.from_environment().site
    if wanted not in ("on", "off"):
        raise ConfigError(f"BLOTTER_SITE is {wanted!r}; it must be on or off.")
    return wanted == "on"


def site_address() -> str:
    """BLOTTER_SITE_URL, where the site is on the web, with a slash at its end; or none.

    Raises:
        ConfigError: It is no address.
    """
    url = Settings.from_environment().site_url
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
    said = Settings.from_environment().site_contact or None
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
    said = Settings.from_environment().prefix
    if not re.fullmatch(r"([a-z][a-z0-9_]{0,30})?", said):
        raise ConfigError(
            f"BLOTTER_PREFIX is {said!r}; it must be small letters, digits and _, "
            "31 at most, a letter first."
        )
    return said


def schema(name: str) -> str:
    """A schema's name in the warehouse."""
    return prefix() + name


@dataclass(frozen=True)
class Patience:
    """How long to wait for a portal and how often to ask it again."""

    timeout: float = 120.0
    retries: int = 5
    backoff: float = 60.0

    @classmethod
    def from_environment(cls) -> "Patience":
        """Read BLOTTER_TIMEOUT, BLOTTER_RETRIES and BLOTTER_BACKOFF."""
        return cls(
            timeout=number_from_environment(
                "BLOTTER_TIMEOUT", 120.0, float, least=0.001
            ),
            retries=number_from_environment("BLOTTER_RETRIES", 5, int, least=0),
            backoff=number_from_environment("BLOTTER_BACKOFF", 60.0, float, least=0.0),
        )


def user_agent() -> str:
    """Names the project, and whom to write to when BLOTTER_CONTACT says so."""
    contact = Settings.from_environment().contact
    return f"blotter/{__version__}" + (f" ({contact})" if contact else "")


def seconds_to_wait() -> float:
    """How long a run waits for the file: BLOTTER_WAIT."""
    return number_from_environment("BLOTTER_WAIT", 60.0, float, least=0.0)


def address(setting: str) -> str | None:
    """An address from the environment, if one is set.

    Raises:
        ConfigError: It is none; does not repeat it, for such addresses are secrets.
    """
    value = os.environ.get(setting)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_one = False
    if not is_one or re.search(r"\s", value):
        raise ConfigError(f"{setting} is no address that begins with https://.")
    return value
