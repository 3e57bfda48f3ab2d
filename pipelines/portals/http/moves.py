"""Work out from a redirect where a table has moved. Redirects are never followed."""

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
    """The declaration's new `url` after a redirect; None if that can't be determined.

    It can't if the redirect leads to a page, such as a login page, or to a URL that is
    valid only for this request, such as a signed one.

    Args:
        asked: The requested URL, of the rows or of their description.
        params: The query that was sent with it.
        location: Where the redirect leads; may be relative to `asked`.
    """
    there, here = target(asked, location), urlsplit(asked)
    if there is None or not set(parse_qsl(there.query)) <= set(params.items()):
        return None
    declared = urlsplit(dataset.url)
    ending = here.path.removeprefix(declared.path)
    path = there.path.removesuffix(ending)
    if there.path == here.path:
        path = declared.path  # Only the host differs.
    url = urlunsplit((there.scheme, there.netloc, path, "", ""))
    if url == dataset.url or any(wrong_url("url", url, type(dataset))):
        return None
    if dataset.is_file and kind_of(there.path) != kind_of(here.path):
        return None
    return url


def target(asked: str, location: str) -> SplitResult | None:
    """The URL that a redirect leads to; None if it is invalid."""
    try:
        there = urlsplit(urljoin(asked, location))
        _ = there.port
    except ValueError:
        return None
    return there


def shown(asked: str, location: str) -> str:
    """A redirect's URL for a message, without the query, which may contain a secret."""
    there = target(asked, location)
    if there is None or not there.hostname:
        return "elsewhere"
    host = there.netloc.rsplit("@", 1)[-1]
    return urlunsplit((there.scheme, host, there.path, "", ""))[:200]


def to_paste(declared: "Dataset", address: str) -> str:
    """The lines to put into a declaration so that it keeps its history after a move."""
    former = [a for a in [declared.url, *declared.formerly] if a != address]
    return f"`url = {json.dumps(address)}` and `formerly = {json.dumps(former)}`"


def kind_of(path: str) -> str:
    """A file's extension."""
    return PurePosixPath(path).suffix.lower()
