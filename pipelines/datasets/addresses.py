"""Addresses of rows: what one must be like, and the same at another portal."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from pipelines.errors import ConfigError

if TYPE_CHECKING:
    from pipelines.datasets.base import BaseDataset

HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")


def wrong_url(key: str, address: str, kind: "type[BaseDataset]") -> Iterable[str]:
    """What is wrong with a key's value as the address of a kind of data set."""
    try:
        url = urlsplit(address)
        _ = url.port
    except ValueError:
        yield f"`{key}` {address!r} is not an address"
        return
    host = url.netloc.rsplit("@", 1)[-1]
    is_whole = url.scheme == "https" and url.geturl() == address
    if not (is_whole and HOST.fullmatch(host)):
        yield f"`{key}` must begin with https:// and a host"
    if "@" in url.netloc or url.query or url.fragment:
        yield f"`{key}` must not have a user, password, query or fragment"
    if not kind.path_shape.fullmatch(url.path):
        yield f"the path of `{key}` must be like {kind.path_example}"


def moved(address: str, portal: str) -> str:
    """An address with scheme and host replaced by those of BLOTTER_PORTAL.

    Raises:
        ConfigError: BLOTTER_PORTAL is not an address.
    """
    wrong = ConfigError(
        f"BLOTTER_PORTAL is {portal!r}; it must be an address like "
        "http://127.0.0.1:8765."
    )
    try:
        there, here = urlsplit(portal), urlsplit(address)
        _ = there.port
    except ValueError:
        raise wrong from None
    if there.scheme not in ("http", "https") or not there.hostname:
        raise wrong
    return urlunsplit((there.scheme, there.netloc, here.path, here.query, ""))
