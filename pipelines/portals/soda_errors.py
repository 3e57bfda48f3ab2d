"""Interpret the errors with which a Socrata portal refuses a request."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipelines.errors import PortalError, SchemaDriftError
from pipelines.portals.http.request import RefusedError, body_of, message_of

if TYPE_CHECKING:
    from pipelines.datasets.dataset import SodaDataset


def meaning(
    error: RefusedError, dataset: "SodaDataset", has_token: bool
) -> PortalError:
    """The error that a refusal means, if its body gives more than the status."""
    body = body_of(error.answer)
    code = body.get("errorCode") or body.get("code") or ""
    status = error.answer.status
    is_closed = status == 401 or code == "authentication_required"
    # By SODA 3 who has no token may be refused, in whatever words.
    if is_closed or (dataset.soda == 3 and status == 403 and not has_token):
        return needs_token(dataset, has_token)
    if "no-such-column" not in str(code):
        return error
    data = body.get("data")
    named = data.get("column") if isinstance(data, dict) else None
    column = str(named)[:80] if named else message_of(error.answer)
    return SchemaDriftError(
        f"{dataset.label} no longer has a column {column}. "
        f"Correct {dataset.name}.toml; nothing was written."
    )


def needs_token(dataset: "SodaDataset", has_token: bool) -> PortalError:
    """Where to get an app token, or what may be wrong with the one that is set."""
    what = "set SOCRATA_APP_TOKEN"
    if has_token:
        what = "it refused SOCRATA_APP_TOKEN, which may be a secret or a key's ID"
    address = urlsplit(dataset.url)
    page = f"{address.scheme}://{address.netloc}/profile/edit/developer_settings"
    return PortalError(
        f"{dataset.label} requires an app token: {what}. App tokens are free "
        f"of charge: {page}"
    )
