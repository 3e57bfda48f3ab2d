"""Find in a response's headers whether its API is announced to end."""

import re
from collections.abc import Iterator, Mapping

from requests.utils import parse_header_links

LONGEST = 120

# 299 is the code of a warning that stays; others are about caches.
LASTING = re.compile(r"\b299\b|deprecat|sunset", re.IGNORECASE)


def announced_end(headers: Mapping[str, str]) -> str | None:
    """How headers announce that the API will end; None if they don't.

    By `Deprecation` (RFC 9745), `Sunset` (RFC 8594), a `Link` to either's page, or a
    `Warning`.
    """
    return ", ".join(announcements(headers)) or None


def announcements(headers: Mapping[str, str]) -> Iterator[str]:
    """Each announcement, as the header that makes it."""
    for name in ("Deprecation", "Sunset"):
        # "false" was allowed in a draft of the RFC.
        if headers.get(name, "false").lower() != "false":
            yield shortened(name, headers[name])
    for link in parse_header_links(headers.get("Link", "")):
        if {"deprecation", "sunset"} & set(link.get("rel", "").lower().split()):
            yield shortened("Link", link["url"])
    warning = headers.get("Warning", "")
    if LASTING.search(warning):
        yield shortened("Warning", warning)


def shortened(name: str, value: str) -> str:
    """A header for a message; what can't be printed in it is left out."""
    return f"{name}: {''.join(filter(str.isprintable, value[:LONGEST]))}"
