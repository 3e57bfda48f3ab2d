"""Where a table has moved to, as a portal's redirect tells it. Nothing follows one."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit, urlunsplit

from pipelines.datasets.addresses import wrong_url

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset


def new_address(
    dataset: "Dataset", asked: str, params: Mapping[str, str], location: str
) -> str | None:
    """What `url` is to be after a redirect; None where that can't be told.

    It can't where the redirect leads to a page, such as one to log in, or to an address
    that holds for this one request, such as a signed one.

    Args:
        asked: The address that was asked, of the rows or of what describes them.
        params: The query that it was asked with.
        location: Where the redirect leads, relative to `asked` or not.
    """
    there, here = target(asked, location), urlsplit(asked)
    if there is None or not set(parse_qsl(there.query)) <= set(params.items()):
        return None
    declared = urlsplit(dataset.url)
    ending = here.path.removeprefix(declared.path)
    path = there.path.removesuffix(ending)
    if there.path == here.path:
        path = declared.path  # The host alone is another.
    url = urlunsplit((there.scheme, there.netloc, path, "", ""))
    if url == dataset.url or any(wrong_url("url", url, type(dataset))):
        return None
    if dataset.is_file and kind_of(there.path) != kind_of(here.path):
        return None
    return url


def target(asked: str, location: str) -> SplitResult | None:
    """The address that a redirect leads to; None where that is no address."""
    try:
        there = urlsplit(urljoin(asked, location))
        _ = there.port
    except ValueError:
        return None
    return there


def shown(asked: str, location: str) -> str:
    """A redirect's address for a message: without a query, which may hold a secret."""
    there = target(asked, location)
    if there is None or not there.hostname:
        return "elsewhere"
    host = there.netloc.rsplit("@", 1)[-1]
    return urlunsplit((there.scheme, host, there.path, "", ""))[:200]


def to_paste(declared: "Dataset", address: str) -> str:
    """The lines of a declaration by which it is found again, its history kept."""
    former = [a for a in [declared.url, *declared.formerly] if a != address]
    return f"`url = {json.dumps(address)}` and `formerly = {json.dumps(former)}`"


def kind_of(path: str) -> str:
    """A file's ending."""
    return PurePosixPath(path).suffix.lower()
