"""Retry requests to a portal, with exponential backoff and jitter."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import tenacity

from pipelines.errors import Retryable
from pipelines.settings import Patience

if TYPE_CHECKING:
    from pipelines.datasets.dataset import Dataset

T = TypeVar("T")

LONGEST_RETRY_AFTER = 300


def ask(send: Callable[[], T], dataset: "Dataset", patience: Patience, what: str) -> T:
    """Call `send` until it succeeds, with exponential backoff and jitter.

    Raises:
        PortalError: It kept failing, or failed in a way that no retry fixes; names the
            data set, the portal and `what` was requested.
    """
    jitter = tenacity.wait_random_exponential(multiplier=1, max=patience.backoff)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "after", None)
        # A portal may ask for a longer wait than our own maximum, within reason.
        return jitter(state) if asked is None else min(asked, LONGEST_RETRY_AFTER)

    attempt = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Retryable),
        stop=tenacity.stop_after_attempt(patience.retries + 1),
        wait=wait,
        reraise=True,
    )
    try:
        return attempt(send)
    except Retryable as error:
        raise Retryable(
            f"{dataset.label} kept failing ({what}): {error}; "
            f"gave up after {patience.retries + 1} tries. Try again later.",
            slow=error.slow,
        ) from error
