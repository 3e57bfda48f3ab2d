"""Examine a set-up: what is well, what is not, and what to do about it.

Writes nothing but, for an instant, an unnamed file to see that the home can be written.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import filelock
import msgspec

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.declarations import FOLDER, pick, read_dataset, read_datasets
from pipelines.environment import DECLARED
from pipelines.errors import BlotterError, ConfigError, WarehouseError
from pipelines.ops.members import council_findings
from pipelines.ops.portal_survey import Finding, portals, short_patience
from pipelines.ops.status import read_status
from pipelines.ops.status_words import is_fresh
from pipelines.redaction import redacted
from pipelines.settings import (
    Patience,
    address,
    lake_place,
    prefix,
    publishes,
    site_address,
    site_contact,
)
from pipelines.warehouse.warehouse import Warehouse

SETTINGS = {
    setting.variable
    for setting in DECLARED.values()
    if setting.variable.startswith("BLOTTER_")
}

# A day's run writes a part of the warehouse anew, and dbt builds the facts beside it.
FREE_TIMES, FREE_LEAST = 3, 10**9


def examine(home: Path, names: Iterable[str], now: datetime) -> Iterator[Finding]:
    """Examine everything; of the portals, those of the named data sets.

    Raises:
        ConfigError: The configuration is wrong; nothing else was looked at.
        BlotterError: Something else failed.
    """
    configured = configuration(home)
    yield from configured
    if any(finding.level == "fail" for finding in configured):
        raise ConfigError("The configuration is wrong; see above.")
    declared = read_datasets()
    picked, levels = pick(declared, names), []
    for finding in chain(
        place(home, list(declared.values()), now),
        portals(picked, now),
        council_findings(picked, now, short_patience()),
    ):
        levels.append(finding.level)
        yield finding
    if failed := levels.count("fail"):
        raise BlotterError(f"{failed} of {len(levels)} checks failed; see above.")


def configuration(home: Path) -> list[Finding]:
    """Examine settings and declarations; nothing is asked or opened.

    A failure here is a wrong configuration: there is no use in going on.
    """
    checks: list[Callable[[], object]] = [
        Patience.from_environment,
        partial(address, "BLOTTER_WEBHOOK"),
        partial(address, "BLOTTER_HEARTBEAT"),
        partial(Warehouse, home),
        prefix,
        publishes,
        site_address,
        site_contact,
        lake_place,
        check_token,
    ]
    files = sorted(FOLDER.glob("*.toml"))
    checks += [partial(read_here, path) for path in files]
    wrong: dict[str, None] = {}  # A wrong BLOTTER_PORTAL is so for every data set.
    for check in checks:
        try:
            check()
        except ConfigError as error:
            wrong[str(error)] = None
    findings = [Finding("fail", "settings", said) for said in wrong]
    for name in sorted(os.environ):
        if name.startswith("BLOTTER_") and name not in SETTINGS:
            known = f"{name} is no setting; is it misspelt? See README.md."
            findings.append(Finding("warn", "settings", known))
    well = f"good, and so are the files of {len(files)} data sets"
    return findings or [Finding("ok", "settings", well)]


def read_here(path: Path) -> Dataset:
    """A declaration, at the portal that BLOTTER_PORTAL names."""
    return read_dataset(path).at_portal(os.environ.get("BLOTTER_PORTAL"))


def check_token() -> None:
    """Refuse an app token that can be none.

    Raises:
        ConfigError: It holds blanks, quotes or the like; does not repeat it.
    """
    token = os.environ.get("SOCRATA_APP_TOKEN", "")
    if not re.fullmatch(r"[\w-]*", token):
        raise ConfigError(
            "SOCRATA_APP_TOKEN holds something beside letters and digits: blanks or "
            "quotes around it?"
        )


def place(home: Path, datasets: list[Dataset], now: datetime) -> Iterator[Finding]:
    """Examine home, disk, warehouse, lock and the last run."""
    yield home_finding(home)
    yield disk_finding(home)
    yield from warehouse_findings(home, datasets)
    yield last_run_finding(home, now)


def home_finding(home: Path) -> Finding:
    there = nearest(home)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return Finding(
            "fail",
            "home",
            f"{there} can't be written ({error.strerror}); set BLOTTER_HOME to a "
            "folder that can, or give the right to write.",
        )
    if there != home:
        return Finding("ok", "home", f"{home} is made by the first run")
    return Finding("ok", "home", f"{home} can be written")


def nearest(home: Path) -> Path:
    """The home, or the folder above in which it would be made."""
    return next(path for path in (home, *home.parents) if path.exists())


def disk_finding(home: Path) -> Finding:
    file = home / "blotter.duckdb"
    held = file.stat().st_size if file.exists() else 0
    free, wanted = (
        shutil.disk_usage(nearest(home)).free,
        max(FREE_TIMES * held, FREE_LEAST),
    )
    said = f"{free / 1e9:,.1f} GB free"
    if held:
        said += f", the warehouse takes {held / 1e9:,.1f} GB"
    if free < wanted:
        return Finding(
            "warn", "disk", f"{said}; make room up to {wanted / 1e9:,.1f} GB."
        )
    return Finding("ok", "disk", said)


def warehouse_findings(home: Path, datasets: list[Dataset]) -> Iterator[Finding]:
    """Look into the warehouse, unless a run has it: a reader would make it fail."""
    warehouse = Warehouse(home, read_only=True)
    if not warehouse.engine.exists():
        yield Finding("ok", "warehouse", "none yet; `blotter daily` makes it")
        return
    try:
        # Let go of at once: a run that begins meanwhile must find it free.
        with filelock.FileLock(home / "lock", blocking=False):
            pass
        with closing(warehouse):
            rows = warehouse.examine(datasets)
    except filelock.Timeout:
        yield Finding("ok", "run", "one is under way; the warehouse was left alone")
    except OSError as error:
        yield Finding("fail", "warehouse", f"{home}/lock: {error.strerror}.")
    except (ConfigError, WarehouseError) as error:
        yield Finding("fail", "warehouse", str(error))
    else:
        yield Finding(
            "ok", "warehouse", f"{warehouse.engine.place} opens; {rows:,} rows"
        )


def last_run_finding(home: Path, now: datetime) -> Finding:
    if not (home / "status.json").exists():
        return Finding("ok", "last run", "none yet; run `blotter daily`")
    try:
        status = read_status(home)
    except WarehouseError as error:
        return Finding("warn", "last run", str(error))
    last, good = status["last_run"], status["last_good_run"]
    if not status["healthy"]:
        failed = f"{last['command']} failed; " if last else ""
        return Finding("warn", "last run", f"{failed}`blotter status` says why.")
    if good and not is_fresh(status, "36h", now):
        return Finding(
            "warn",
            "last run",
            f"the last good daily run ended {good}; is it scheduled?",
        )
    return Finding(
        "ok", "last run", f"{last['command']} went well, {last['finished_at']}"
    )


def in_words(finding: Finding) -> str:
    """A finding for a person."""
    return redacted(f"{finding.level:6}{finding.subject:40}{finding.message}")


def in_json(findings: list[Finding]) -> str:
    """The findings for a program."""
    return redacted(msgspec.json.format(msgspec.json.encode(findings)).decode())
