"""Tell the platform and the id of a table from the shape of its address."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pipelines.errors import ConfigError

Platform = Literal["soda2", "arcgis", "ckan", "carto", "file", "service", "item"]

SOCRATA_ID = r"[a-z0-9]{4}-[a-z0-9]{4}"
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
Format = Literal["csv", "zip", "xlsx"]

ENDINGS: dict[str, Format] = {"csv": "csv", "zip": "zip", "xlsx": "xlsx"}


@dataclass(frozen=True)
class Address:
    """Where a table is, as a declaration names it."""

    platform: Platform
    """`api` of the declaration; a `service` or an `item` must be asked for it first."""
    url: str
    page: str
    """What a person opens in a browser."""
    format: Format | None = None
    """Of a file, if the address does not end in it."""
    query: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def id(self) -> str:
        """The last part of the path: a table's id, a layer's number, a file's name."""
        return self.url.rpartition("/")[2]


def parse(text: str) -> Address:
    """Tell what an address is.

    Raises:
        ConfigError: It is none, or none of a table that Blotter can read.
    """
    given = text.strip()
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        _ = parts.port
    except ValueError:
        raise refused(text) from None
    host = parts.netloc.rpartition("@")[2].lower()
    if parts.scheme not in ("http", "https") or not re.fullmatch(
        r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?|localhost(:\d+)?", host
    ):
        raise refused(text)
    root, path = f"https://{host}", unquote(parts.path).rstrip("/")
    found = (
        layer_at(root, path)
        or item_at(root, path, parts.query, parts.fragment)
        or ckan_at(root, path)
        or carto_at(root, path)
        or exported_at(root, path)
        or file_at(root, path, parts.query)
        or socrata_at(root, path)
    )
    if found is None:
        raise refused(text)
    return found


def layer_at(root: str, path: str) -> Address | None:
    """A layer of an ArcGIS service, or a service without a layer's number."""
    match = re.match(r"(/[\w./-]+/(?:Feature|Map)Server)(?:/(\d+))?(?=/|$)", path)
    if match is None:
        return None
    service, number = root + match[1], match[2]
    if number is None:
        return Address("service", service, service)
    return Address("arcgis", f"{service}/{number}", f"{service}/{number}")


def item_at(root: str, path: str, query: str, fragment: str) -> Address | None:
    """A page of an item of ArcGIS, of which its service must be asked."""
    ids = parse_qs(query).get("id") or parse_qs(fragment.lstrip("?")).get("id") or [""]
    hub = re.search(
        r"/(?:datasets|maps|items)/(?:[\w-]*::)?([0-9a-f]{32})(?![0-9a-f])", path
    )
    name = hub[1] if hub else ids[0]
    if not re.fullmatch("[0-9a-f]{32}", name):
        return None
    host = root if "arcgis.com" in root and not hub else "https://www.arcgis.com"
    if "/portal/" in path and not hub:
        host = root + path.partition("/portal/")[0] + "/portal"
    return Address("item", f"{host}/sharing/rest/content/items/{name}", root + path)


def ckan_at(root: str, path: str) -> Address | None:
    """A resource of a CKAN portal, under the address of its page or its dump."""
    match = re.search(rf"((?:/[\w.-]+)*/resource/{UUID})\b", path)
    if match:
        return Address("ckan", root + match[1], root + match[1])
    dump = re.search(rf"/datastore/dump/({UUID})$", path)
    if dump:
        url = f"{root}/dataset/incidents/resource/{dump[1]}"
        return Address("ckan", url, url)
    return None


def carto_at(root: str, path: str) -> Address | None:
    """A table of Carto."""
    match = re.match(r"((?:/u/[\w-]+)?/tables/[a-z_][a-z0-9_]*)", path)
    if match and root.endswith(".carto.com"):
        return Address("carto", root + match[1], root + match[1])
    return None


def exported_at(root: str, path: str) -> Address | None:
    """A data set of OpenDataSoft, which is read as its export to CSV."""
    match = re.search(r"/(?:explore/dataset|catalog/datasets)/([\w@.-]+)", path)
    if match is None:
        return None
    url = f"{root}/api/explore/v2.1/catalog/datasets/{match[1]}/exports/csv"
    page = f"{root}/explore/dataset/{match[1]}"
    return Address("file", url, page, "csv", (("delimiter", ","),))


def file_at(root: str, path: str, query: str) -> Address | None:
    """A file, by the ending of its address or by what its query asks for."""
    ending = path.rpartition(".")[2].lower()
    pairs = tuple((name, values[-1]) for name, values in parse_qs(query).items())
    if "/" not in ending and ending in ENDINGS and not of_socrata(path):
        return Address("file", root + path, root + path, query=pairs)
    named = dict(pairs).get("format", "").lower()
    if named in ENDINGS:
        return Address("file", root + path, root + path, ENDINGS[named], pairs)
    return None


def of_socrata(path: str) -> bool:
    """Whether a file is a way to ask a Socrata table; its whole export is a file."""
    asked = re.search(rf"/(?:resource|api/views)/{SOCRATA_ID}\b", path)
    return bool(asked) and not path.endswith("/rows.csv")


def socrata_at(root: str, path: str) -> Address | None:
    """A table of Socrata: `/d/ID`, `/resource/ID`, `/api/views/ID` or its page."""
    match = re.search(rf"/({SOCRATA_ID})(?=[./]|$)", path)
    if match is None:
        return None
    return Address("soda2", f"{root}/resource/{match[1]}", f"{root}/d/{match[1]}")


def refused(text: str) -> ConfigError:
    shown = re.sub(r"//[^/@]*@", "//", text)[:200]
    return ConfigError(
        f"{shown!r} is not the address of a table: give that of a Socrata, CKAN, "
        "Carto or OpenDataSoft page, of an ArcGIS layer or item, or of a .csv, .xlsx "
        "or .zip file."
    )
