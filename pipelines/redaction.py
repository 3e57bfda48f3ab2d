"""Keep secrets, and values of rows, out of all that leaves the process."""

import functools
import json
import os
import re
from urllib.parse import quote, quote_plus, urlsplit

from pipelines import redaction

SECRET_NAMES = re.compile(r"(TOKEN|SECRET|PASSWORD|KEY|WEBHOOK|HEARTBEAT)$")

# Shorter ones are none; to replace them would garble every message.
SHORTEST_SECRET = 4

USER_AND_PASSWORD = re.compile(r"(?<=://)([^\s/@:]*):[^\s/]+@")


def redacted(text: str) -> str:
    """A text without the values of secret settings, however they are written in it.

    For all that leaves the process: log lines, sentences, the ledger, alerts.
    """
    for secret in secrets():
        text = text.replace(secret, "***")
    return USER_AND_PASSWORD.sub(r"\1:***@", text)


def secrets() -> list[str]:
    """What `secrets_of` finds in the environment as it is now.

    It is read here, and not handed down: whatever a variable is for, and wherever a
    text leaves the process, a secret must be known.
    """
    return secrets_of(frozenset(os.environ.items()))


@functools.lru_cache(maxsize=1)
def secrets_of(variables: frozenset[tuple[str, str]]) -> list[str]:
    """Values of secret settings, plain and as addresses, JSON and Python write them.

    Of an address that is one, and of any address with a password, the part behind the
    host is secret too: an error about a connection names host and path apart. The
    longest comes first, for one may hold another.
    """
    found = set()
    for name, value in variables:
        if SECRET_NAMES.search(name.upper()):
            found.add(value)
            if "://" in value:
                found |= parts_behind_host(value)
        if "://" in value and "@" in value:
            found.add(password_of(value))
    forms = {
        form
        for value in found
        if len(value) >= SHORTEST_SECRET
        for form in (
            value,
            quote(value),
            quote(value, safe=""),
            quote_plus(value),
            json.dumps(value)[1:-1],
            repr(value)[1:-1],
        )
    }
    return sorted(forms, key=len, reverse=True)


def parts_behind_host(address: str) -> set[str]:
    """An address's path and query, in whole and alone."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return set()
    path = parts.path.rstrip("/")
    return {path, parts.query, f"{parts.path}?{parts.query}" if parts.query else path}


def password_of(address: str) -> str:
    """The password in an address; empty where there is none."""
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


# Quoted text may be a row's: DuckDB, Arrow and Python quote the value that broke.
QUOTED = re.compile(r"""(?<!\w)(['"`]).*?\1(?!\w)""", re.DOTALL)


def without_values(sentence: str) -> str:
    """A sentence without secrets and what stands in quotes: it may be a row's."""
    return QUOTED.sub(r"\1...\1", redaction.redacted(sentence))
