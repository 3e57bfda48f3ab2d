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

    None if it is not on a Socrata portal, or neither answers: then what is asked next
    fails, and says why.
    """
    if not isinstance(reader, SocrataReader):
        return
    used, other = reader, reader.by_soda(5 - reader.dataset.soda)
    why_not_used, why_not_other = why_silent(used), why_silent(other)
    if why_not_used and why_not_other:
        return
    by, at = f"SODA {used.dataset.soda}", f"SODA {other.dataset.soda}"
    if why_not_used:
        said = f"it answers {at}, but not {by}, by which it is read ({why_not_used})"
        yield Finding("warn", used.dataset.name, f"{said}. {how_to_change(other)}")
        return
    end = used.end_of_soda2 or other.end_of_soda2
    said = f"it answers {by}, by which it is read, and {at}"
    if why_not_other:
        said = f"it answers {by}, by which it is read, but not {at} ({why_not_other})"
    if end:
        said += f"; the portal announces the end of SODA 2 ({end})"
    if end and used.dataset.soda == 2:
        yield Finding("warn", used.dataset.name, f"{said}. {how_to_change(other)}")
    else:
        yield Finding("ok", used.dataset.name, said)


def why_silent(reader: SocrataReader) -> str | None:
    """Why a portal does not answer a request for one row; None if it does.

    Raises:
        PortalMovedError: It has moved to an address that it tells.
    """
    one = Query(reader.dataset.key[0], limit=1)
    try:
        reader.answer(one, list[dict[str, Any]], "one row")
    except PortalError as error:
        if isinstance(error, PortalMovedError) and error.address:
            raise
        return str(error).removeprefix(f"{reader.dataset.label} ").rstrip(".")
    return None


def how_to_change(other: SocrataReader) -> str:
    """What to do so that the other API is used."""
    version, name = other.dataset.soda, other.dataset.name
    setting = "set BLOTTER_SODA=3" if version == 3 else "unset BLOTTER_SODA"
    return f'Put `api = "soda{version}"` into {name}.toml, or {setting}.'
