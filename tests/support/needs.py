"""What a test needs that a machine may lack, and how to get it.

A test without it skips, and a run of pytest ends with a table of all that skipped.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

import pytest


@dataclass(frozen=True)
class Need:
    """Something that no test can do without, and what installs it."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"needs {self.what}: {self.remedy}"

    def skip(self) -> NoReturn:
        pytest.skip(str(self))


POSTGRES = Need("a PostgreSQL server", "apt-get install postgresql")
BIGQUERY = Need("emulators of BigQuery and Cloud Storage", "make emulator")
CHROMIUM = Need("Chromium", "apt-get install chromium-headless-shell")
MOUNTS = Need("the right to mount file systems", "run as root, with CAP_SYS_ADMIN")
LINUX = Need("Linux, which tells what a process used", "run on Linux")
REAL_ROWS = Need("real rows", "see CONTRIBUTING.md; licenses forbid to ship them")


def container(missing: list[str]) -> Need:
    """What building and entering an image takes, of which some programs are missing."""
    return Need(", ".join(missing), "as root, apt-get install buildah debootstrap")


def reason_of(report: Any) -> str:
    """Why a test, or a module while it was collected, skipped."""
    _, _, reason = report.longrepr
    return reason.removeprefix("Skipped: ")


def table(skipped: Iterable[Any]) -> list[str]:
    """How many reports of a run skipped for each reason, the commonest first.

    Two columns: what was missing, what to install. A reason that is not a need stands
    whole in the first.
    """
    counts = Counter(reason_of(report) for report in skipped)
    rows = [
        (str(count), *reason.removeprefix("needs ").partition(": ")[::2])
        for reason, count in counts.most_common()
    ]
    rows.insert(0, ("tests", "need", "to run them"))
    wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [
        f"{count:>{wide[0]}}  {what:<{wide[1]}}  {remedy}".rstrip()
        for count, what, remedy in rows
    ]
