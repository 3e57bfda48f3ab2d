"""Recognize errors inside responses whose status is 200.

ArcGIS reports every error that way, {"error": {"code": 499, "message": "Token
Required"}}; SODA does now and then, with {"message": "..."} instead of rows.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from pipelines.errors import AbsentError, PortalError, Retryable

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset

# See https://developers.arcgis.com/rest/services-reference/enterprise/error-codes/
NEEDS_TOKEN = (498, 499)

# The request for a layer's description has nothing else that could be wrong than its
# address. ArcGIS Online says "Invalid URL", with 400.
NOT_THERE = (400, 404)

MAY_PASS = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Told:
    """An error that a response contains instead of what was requested."""

    words: str
    code: Any = None
    """A number from ArcGIS; from SODA it is text, or missing."""
    is_soda: bool = False


class Body(msgspec.Struct):
    """Where ArcGIS and SODA put their error message."""

    error: Any = None
    message: Any = None


def told_in(body: bytes) -> Told | None:
    """The error inside a body; None if the body is something else."""
    if not body[:64].lstrip().startswith(b"{"):
        return None
    try:
        found = msgspec.json.decode(body, type=Body)
    except (ValueError, RecursionError):
        return None  # Whoever parses the response reports that it is broken.
    if isinstance(found.message, str) and found.message:
        return Told(found.message, is_soda=True)
    if not found.error:
        return None
    told = found.error if isinstance(found.error, dict) else {"message": found.error}
    details = told.get("details")
    details = details if isinstance(details, list) else []
    words = " ".join(map(str, [told.get("message", ""), *details]))
    return Told(words, told.get("code"))


def absent(dataset: "Dataset", told: Told) -> AbsentError:
    """The error for an address at which there is no layer."""
    return AbsentError(
        f"{dataset.label} no longer has it (error {told.code}, {told.words[:200]!r}); "
        "it may have been moved or withdrawn. Check the address in "
        f"{dataset.name}.toml."
    )


def check_told(dataset: "Dataset", told: Told | None) -> None:
    """Raise an error that was found inside a response.

    Raises:
        Retryable: It may be transient; SODA does not say which errors are, but a
            smaller page may help.
        PortalError: It is permanent: the data set needs a token, or the query is
            refused.
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
            f"{dataset.label} requires a token (error {told.code}, {words}): it is no "
            "longer public, and Blotter has no token to send. Ask the publisher, or "
            f"set `enabled = false` in {dataset.name}.toml."
        )
    raise PortalError(f"{dataset.label} refused: {words}.")
