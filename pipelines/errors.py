"""What can go wrong, each with the exit code that it ends the command with."""

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
    """May go well the next time.

    `after`: seconds that the portal asks to wait. `slow`: a smaller page may help.
    """

    def __init__(self, message: str, after: float | None = None, slow: bool = False):
        super().__init__(message)
        self.after = after
        self.slow = slow


class PortalMovedError(PortalError):
    """The data set is not where it was: redirected, withdrawn or replaced by a page.

    `address`: what its `url` is to be, where the portal tells.
    """

    def __init__(self, message: str, address: str | None = None):
        super().__init__(message)
        self.address = address


class SchemaDriftError(PortalError):
    """A declared column is not published any more."""


class PartsError(PortalError):
    """Of a data set's files some could not be read; the others are loaded."""


class IncompleteReadError(PortalError):
    """The portal sent fewer or more rows than it counts, again and again."""


class TooManyRemovalsError(PortalError):
    """More rows vanished at once than the data set's guard allows."""


class TooManyRejectsError(PortalError):
    """More rows without a usable key than the data set's limit allows."""


class WarehouseError(BlotterError):
    """The warehouse can't be opened, read or written."""


class HeldError(WarehouseError):
    """Another program has the warehouse's file open."""


class ModelsError(BlotterError):
    """dbt could not build the models, or a test of theirs failed."""


class StoppedError(BlotterError):
    """The run was asked to stop (SIGTERM)."""


# What the system says of a file, and what to do about it.
REMEDIES = {
    errno.ENOSPC: "Make room there.",
    errno.EDQUOT: "Make room there.",
    errno.EACCES: "Give back the right to write.",
    errno.EPERM: "Give back the right to write.",
    errno.EROFS: "Give back the right to write.",
}


def remedy(error: BaseException) -> str:
    """What to do about a file that can't be written, as far as its error tells.

    DuckDB and Arrow hand the system's words on without its number.
    """
    for number, advice in REMEDIES.items():
        told = getattr(error, "errno", None) == number
        if told or os.strerror(number) in str(error):
            return advice
    return "Neither room nor rights are named as the reason: report it, with the log."


def unwritable(home: Path, error: OSError) -> WarehouseError:
    """One sentence for a home that the system lets no one write into."""
    return WarehouseError(
        f"{home} can't be written ({error.strerror or error}). {remedy(error)} "
        "BLOTTER_HOME may name another folder."
    )


def first_line(error: BaseException) -> str:
    """An error's message without what follows its first line, or its name."""
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def root_cause(error: BaseException) -> str:
    """First line of the innermost error's message."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return first_line(error)
