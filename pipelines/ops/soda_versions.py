"""Check which of Socrata's two APIs a portal answers, and whether SODA 2 is to end."""

from collections.abc import Iterator
from typing import Any

from pipelines.errors import PortalError, PortalMovedError
from pipelines.ops.findings import Finding
from pipelines.portals.reader import Reader
from pipelines.portals.socrata import SocrataReader
from pipelines.portals.soda_requests import Query


def version_findings(reader: Reader) -> Iterator[Finding]:
    """Which APIs answer for a table, asked for one row by each.

    None if it is not on a Socrata portal. None either if neither answers, or it has
    moved: then what is asked next fails, and says why.
    """
    if not isinstance(reader, SocrataReader):
        return
    other = reader.by_soda(5 - reader.dataset.soda)
    failed, other_failed = failure_of(reader), failure_of(other)
    has_moved = isinstance(failed, PortalMovedError) and failed.address
    if has_moved or (failed and other_failed):
        return
    if failed:
        yield unread_finding(reader, other, failed)
    else:
        yield read_finding(reader, other, other_failed)


def failure_of(reader: SocrataReader) -> PortalError | None:
    """How a request for one row fails; None if it is answered."""
    one = Query(reader.dataset.key[0], limit=1)
    try:
        reader.answer(one, list[dict[str, Any]], "one row")
    except PortalError as error:
        return error
    return None


def unread_finding(
    used: SocrataReader, other: SocrataReader, failed: PortalError
) -> Finding:
    """A portal answers, but not the API that is used."""
    return Finding(
        "warn",
        used.dataset.name,
        f"the portal answers {api(other)}, but not {api(used)}, by which it is read "
        f"({why(used, failed)}). {how_to_use(other)}",
    )


def read_finding(
    used: SocrataReader, other: SocrataReader, other_failed: PortalError | None
) -> Finding:
    """A portal answers the API that is used; the end of SODA 2 may be announced."""
    said = f"the portal answers {api(used)}, by which it is read, "
    said += f"but not {api(other)}" if other_failed else f"and {api(other)}"
    if other_failed:
        said += f" ({why(other, other_failed)})"
    if end := used.end_of_soda2 or other.end_of_soda2:
        said += f"; it announces the end of SODA 2 ({end})"
    if end and used.dataset.soda == 2:
        return Finding("warn", used.dataset.name, f"{said}. {how_to_use(other)}")
    return Finding("ok", used.dataset.name, said)


def api(reader: SocrataReader) -> str:
    return f"SODA {reader.dataset.soda}"


def why(reader: SocrataReader, failed: PortalError) -> str:
    return str(failed).removeprefix(f"{reader.dataset.label} ").rstrip(".")


def how_to_use(other: SocrataReader) -> str:
    """What to do so that the other API is used."""
    version, name = other.dataset.soda, other.dataset.name
    setting = "or set BLOTTER_SODA=3" if version == 3 else "and unset BLOTTER_SODA"
    return f'Put `api = "soda{version}"` into {name}.toml, {setting}.'
