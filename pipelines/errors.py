"""What can go wrong; each error carries the exit code it ends the command with."""

import errno
import os
from pathlib import Path


class BlotterError(Exception):
    """One sentence for the operator: what failed, where, and what to do."""

    exit_code = 1


class ConfigError(BlotterError):
    """A setting, a data set's file or an argument is wrong."""

    exit_code = 2


class RunUnderWayError(BlotterError):
    """Another run holds the lock of this home."""

    exit_code = 3


class PortalError(BlotterError):
    """The portal refused, kept failing or sent what it should not."""


class Retryable(PortalError):
    """Worth another try.

    `after`: seconds the portal asks to wait. `slow`: a smaller page may help.
    """

    def __init__(self, message: str, after: float | None = None, slow: bool = False):
        super().__init__(message)
        self.after = after
        self.slow = slow


class PortalMovedError(PortalError):
    """The data set is not where it was: redirected, withdrawn or replaced by a page.

    `address`: what its `url` should become, if the portal says.
    """

    def __init__(self, message: str, address: str | None = None):
        super().__init__(message)
        self.address = address


class AbsentError(PortalMovedError):
    """The portal has nothing at the data set's address."""


class SchemaDriftError(PortalError):
    """A declared column is no longer published."""


class PartsError(PortalError):
    """Some of a data set's files or tables could not be read; the others are loaded."""


class IncompleteReadError(PortalError):
    """The portal sent fewer or more rows than it counts, again and again."""


class TooManyRemovalsError(PortalError):
    """More rows vanished at once than the data set's guard allows."""


class RekeyedError(TooManyRemovalsError):
    """Keys were reissued for a whole table, or were said to be and were not."""


class TooManyRejectsError(PortalError):
    """More rows without a usable key than the data set's limit allows."""


class WarehouseError(BlotterError):
    """The warehouse can't be opened, read or written."""


class HeldError(WarehouseError):
    """Another program has the warehouse's file open."""


class ModelsError(BlotterError):
    """dbt could not build the models, or one of their tests failed."""


class StoppedError(BlotterError):
    """The run was asked to stop (SIGTERM)."""


# What to do about each reason the system gives for refusing a write.
REMEDIES = {
    errno.ENOSPC: "Free up space there.",
    errno.EDQUOT: "Free up space there.",
    errno.EACCES: "Grant write permission there.",
    errno.EPERM: "Grant write permission there.",
    errno.EROFS: "Grant write permission there.",
}


def remedy(error: BaseException) -> str:
    """What to do about a file that can't be written, judging by the error.

    DuckDB and Arrow pass on the system's message without its number.
    """
    for number, advice in REMEDIES.items():
        has_number = getattr(error, "errno", None) == number
        if has_number or os.strerror(number) in str(error):
            return advice
    return "The cause is not a full disk or a permission: report it, with the log."


def unwritable(home: Path, error: OSError) -> WarehouseError:
    """One sentence for a home that the system does not let Blotter write to."""
    return WarehouseError(
        f"{home} can't be written ({error.strerror or error}). {remedy(error)} "
        "Or set BLOTTER_HOME to another folder."
    )


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the error's name if it has none."""
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def root_cause(error: BaseException) -> str:
    """First line of the innermost error's message."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return first_line(error)
