"""An error that comes inside an answer whose status is a good one.

ArcGIS tells every error so, {"error": {"code": 499, "message": "Token Required"}}; SODA
now and then, {"message": "..."} in place of rows.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.errors import PortalError, Retryable

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset

# By https://developers.arcgis.com/rest/services-reference/enterprise/error-codes/
NEEDS_TOKEN = (498, 499)

MAY_PASS = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Told:
    """What an answer says in place of what was asked for."""

    words: str
    code: Any = None
    """A number, of ArcGIS; SODA's is a text, or there is none."""
    is_soda: bool = False


class Body(msgspec.Struct):
    """Where the two have their words."""

    error: Any = None
    message: Any = None


def told_in(body: bytes) -> Told | None:
    """The error inside a body; None where it is something else."""
    if not body[:64].lstrip().startswith(b"{"):
        return None
    try:
        found = msgspec.json.decode(body, type=Body)
    except (ValueError, RecursionError):
        return None  # Who reads the answer says that it is broken.
    if isinstance(found.message, str) and found.message:
        return Told(found.message, is_soda=True)
    if not found.error:
        return None
    told = found.error if isinstance(found.error, dict) else {"message": found.error}
    details = told.get("details")
    details = details if isinstance(details, list) else []
    words = " ".join(map(str, [told.get("message", ""), *details]))
    return Told(words, told.get("code"))


def check_told(dataset: "Dataset", told: Told | None) -> None:
    """Raise what an error inside an answer means.

    Raises:
        Retryable: It may pass; of SODA's it is not told which do, but that a smaller
            page may help.
        PortalError: It stays: the data set needs a token, or the query is refused.
    """
    if told is None:
        return
    words = repr(told.words[:200])
    if told.is_soda:
        raise Retryable(f"an error came with status 200, {words}", slow=True)
    if told.code in MAY_PASS:
        raise Retryable(f"error {told.code} inside the answer, {words}", slow=True)
    if told.code in NEEDS_TOKEN:
        raise PortalError(
            f"{dataset.label} wants a token (error {told.code}, {words}): it is not "
            "public any more, and Blotter has no token to send. Ask the publisher, or "
            f"set `enabled = false` in {dataset.name}.toml."
        )
    raise PortalError(f"{dataset.label} refused: {words}.")
