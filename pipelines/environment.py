"""How a setting is declared, and how the text of its variable is read."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from pipelines.errors import ConfigError

OWN = "BLOTTER_"

Reader = Callable[[str, str], Any]
"""Reads a text, given its variable's name for messages.

Raises ConfigError if the text is wrong.
"""


@dataclasses.dataclass(frozen=True)
class Setting:
    """The declaration of a setting."""

    section: str
    """Its heading in docs/settings.md."""
    variable: str
    default: str | None
    """The text of an unset or empty variable; None: the setting is then None."""
    sentence: str
    read: Reader
    target: str | None
    """The only warehouse that uses it: with another one it is not read."""
    needed: bool
    """Without a default: its warehouse can't do without it."""
    secret: bool
    shown: str | None
    """The default that the page shows, if it is not the text."""

    def value(self, said: str | None) -> Any:
        """Read the variable's text.

        Raises:
            ConfigError: It is wrong.
        """
        text = said or self.default
        return None if text is None else self.read(self.variable, text)


def as_it_is(name: str, said: str) -> str:
    return said


def setting(
    section: str,
    variable: str,
    default: str | None,
    sentence: str,
    read: Reader = as_it_is,
    *,
    target: str | None = None,
    needed: bool = False,
    secret: bool = False,
    shown: str | None = None,
) -> Any:
    """Declare a dataclass field that is read from an environment variable."""
    declared = Setting(
        section, variable, default, sentence, read, target, needed, secret, shown
    )
    return dataclasses.field(metadata={"setting": declared})


def declared(settings: type) -> dict[str, Setting]:
    """The declaration of each field, in order."""
    return {
        field.name: field.metadata["setting"] for field in dataclasses.fields(settings)
    }


T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Found(Generic[T]):
    """What was found in an environment."""

    settings: T
    """A wrong setting has its default."""
    wrong: dict[str, str]
    """What is wrong, by variable, in the order in which they are declared."""
    unknown: list[str]
    """Variables that look like settings but are not."""

    def well(self) -> T:
        """Return the settings.

        Raises:
            ConfigError: A setting is wrong; names the first.
        """
        for variable in self.wrong:
            self.check(variable)
        return self.settings

    def check(self, variable: str) -> None:
        """Refuse to go on if a setting is wrong.

        Raises:
            ConfigError: It is.
        """
        if variable in self.wrong:
            raise ConfigError(self.wrong[variable])


def read(settings: type[T], environ: Mapping[str, str]) -> Found[T]:
    """Read every setting; `target` decides which warehouse's settings are read."""
    known, wrong = declared(settings), dict[str, str]()
    values: dict[str, Any] = {}
    for field, each in known.items():
        is_used = each.target in (None, values.get("target"))
        try:
            values[field] = each.value(environ.get(each.variable) if is_used else None)
        except ConfigError as error:
            values[field], wrong[each.variable] = each.value(None), str(error)
    if missing := missing_of(known.values(), values["target"], environ):
        wrong.setdefault(known["target"].variable, missing)
    variables = {each.variable for each in known.values()}
    unknown = sorted(n for n in environ if n.startswith(OWN) and n not in variables)
    return Found(settings(**values), wrong, unknown)


def missing_of(
    known: Iterable[Setting], target: str, environ: Mapping[str, str]
) -> str | None:
    """A sentence about required settings that are not set; None if all are set."""
    missing = [
        each.variable
        for each in known
        if each.needed and each.target == target and not environ.get(each.variable)
    ]
    if not missing:
        return None
    needs = " and ".join(missing)
    return f"BLOTTER_TARGET is {target}, which needs {needs} set, too."


def one_of(*known: str) -> Reader:
    """One of several words."""

    def read(name: str, said: str) -> str:
        if said not in known:
            among = f"{', '.join(known[:-1])} or {known[-1]}"
            raise ConfigError(f"{name} is {said!r}; it must be {among}.")
        return said

    return read


def names(name: str, said: str) -> tuple[str, ...]:
    """Names, separated by commas or blanks."""
    return tuple(re.findall(r"[^\s,]+", said))


def on_or_off(name: str, said: str) -> bool:
    return bool(one_of("on", "off")(name, said) == "on")


def number(kind: type[int] | type[float], least: float, most: int = 86_400) -> Reader:
    """A number from `least` to `most`."""

    def read(name: str, said: str) -> int | float:
        try:
            found = kind(said)
        except ValueError:
            raise ConfigError(f"{name} is {said!r}; it must be a number.") from None
        # False for nan, too.
        if not least <= found <= most:
            raise ConfigError(f"{name} is {said!r}; it must be {least} to {most}.")
        return found

    return read


def port(name: str, said: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", said) or not 0 < int(said) < 65536:
        raise ConfigError(f"{name} is {said!r}; it must be a port, 1 to 65535.")
    return int(said)


# The start of an address of any kind, but not of a folder: `s3://`, `file:/`.
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/+")


def folder(name: str, said: str) -> Path:
    """A folder on this machine, absolute."""
    if scheme := SCHEME.match(said):
        raise ConfigError(
            f"{name} begins with {scheme[0]}; it must be a folder on this machine, "
            "where files can be locked."
        )
    return Path(said).resolve()


def folder_or_bucket(name: str, said: str) -> str:
    """A folder, or `gs://bucket/folder`.

    An address of another kind is not repeated: it may contain a secret.
    """
    if re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]+(/.*)?", said):
        return said
    if scheme := SCHEME.match(said):
        raise ConfigError(
            f"{name} begins with {scheme[0]}; it must be a folder, or a bucket like "
            "gs://name/folder."
        )
    return said


def gs_bucket(name: str, said: str) -> str:
    """`gs://name`, without a final slash."""
    if not re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]+/?", said):
        raise ConfigError(f"{name} is {said!r}; it must be a bucket like gs://name.")
    return said.rstrip("/")


def site_address(name: str, said: str) -> str:
    """Where a site is on the web, with a final slash."""
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", said):
        raise ConfigError(
            f"{name} is {said!r}; it must be an address like "
            "https://data.example.org/blotter/."
        )
    return said.rstrip("/") + "/"


def secret_address(name: str, said: str) -> str:
    """An address that is a secret: a wrong one is not repeated."""
    try:
        parts = urlsplit(said)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_one = False
    if not is_one or re.search(r"\s", said):
        raise ConfigError(f"{name} must be an address that begins with https://.")
    return said


def email(name: str, said: str) -> str:
    if not re.fullmatch(r"[^\s@:/]+@[^\s@:/]+", said):
        raise ConfigError(
            f"{name} is {said!r}; it must be an email address like data@example.org."
        )
    return said


def name_prefix(name: str, said: str) -> str:
    """A valid start of a schema's name, or empty."""
    if not re.fullmatch(r"([a-z][a-z0-9_]{0,30})?", said):
        raise ConfigError(
            f"{name} is {said!r}; it must be at most 31 lower-case letters, digits "
            "and _, beginning with a letter."
        )
    return said
