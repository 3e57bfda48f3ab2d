"""Check a setup: what works, what does not, and how to fix it.

Writes nothing except, for an instant, an unnamed file that shows the home is writable.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import filelock
import msgspec

from pipelines.datasets.choice import choose
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.declarations import FOLDER, pick, read_dataset, read_datasets
from pipelines.environment import Found
from pipelines.errors import BlotterError, ConfigError, WarehouseError
from pipelines.ops.findings import Finding
from pipelines.ops.members import council_findings
from pipelines.ops.portal_survey import portals
from pipelines.ops.status import read_status
from pipelines.ops.status_words import is_fresh
from pipelines.redaction import redacted
from pipelines.settings import Settings
from pipelines.warehouse.warehouse import Warehouse

SETTINGS_PAGE = "docs/settings.md lists them all."

# A daily run rewrites part of the warehouse, and dbt builds new facts next to the old.
FREE_TIMES, FREE_LEAST = 3, 10**9


def examine(
    found: Found[Settings], names: Iterable[str], now: datetime
) -> Iterator[Finding]:
    """Check everything, but only the portals of the named data sets.

    Raises:
        ConfigError: The configuration is wrong; nothing else was checked.
        BlotterError: Another check failed.
    """
    found.check("BLOTTER_HOME")
    configured = configuration(found)
    yield from configured
    if any(finding.level == "fail" for finding in configured):
        raise ConfigError("The configuration is wrong; see above.")
    settings = found.settings
    declared = choose(read_datasets(), settings.datasets)
    picked, levels = pick(declared, names), []
    for finding in chain(
        place(settings, list(declared.values()), now),
        portals(picked, settings, now),
        council_findings(picked, settings, now),
    ):
        levels.append(finding.level)
        yield finding
    if failed := levels.count("fail"):
        raise BlotterError(f"{failed} of {len(levels)} checks failed; see above.")


def configuration(found: Found[Settings]) -> list[Finding]:
    """Check settings and declarations; sends no request and opens no warehouse.

    A failure here means a wrong configuration: further checks would be pointless.
    """
    files = sorted(FOLDER.glob("*.toml"))
    # A wrong BLOTTER_PORTAL is so for every data set.
    wrong = dict.fromkeys(found.wrong.values())
    checks = [partial(check_token, found.settings.app_token)]
    checks += [partial(read_there, path, found.settings.portal) for path in files]
    for check in checks:
        try:
            check()
        except ConfigError as error:
            wrong[str(error)] = None
    findings = [Finding("fail", "settings", said) for said in wrong]
    for name in found.unknown:
        unknown = f"Unknown setting {name}. Check the spelling; " + SETTINGS_PAGE
        findings.append(Finding("warn", "settings", unknown))
    well = f"valid, and so are all {len(files)} data set files"
    return findings or [Finding("ok", "settings", well)]


def read_there(path: Path, portal: str | None) -> None:
    """Read a declaration, pointed at the portal that BLOTTER_PORTAL names."""
    read_dataset(path).at_portal(portal)


def check_token(token: str | None) -> None:
    """Refuse a malformed app token; a run goes on without one that a portal refuses.

    Raises:
        ConfigError: It contains spaces, quotes or the like; does not repeat it.
    """
    if not re.fullmatch(r"[\w-]*", token or ""):
        raise ConfigError(
            "SOCRATA_APP_TOKEN contains something other than letters and digits; "
            "remove any spaces or quotes around it."
        )


def place(
    settings: Settings, datasets: list[Dataset], now: datetime
) -> Iterator[Finding]:
    """Check home, disk, warehouse, lock and the last run."""
    yield home_finding(settings.home)
    yield disk_finding(settings.home)
    yield from warehouse_findings(settings, datasets)
    yield last_run_finding(settings.home, now)


def home_finding(home: Path) -> Finding:
    there = nearest(home)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        return Finding(
            "fail",
            "home",
            f"{there} is not writable ({error.strerror}); set BLOTTER_HOME to a "
            "folder that is, or grant write permission.",
        )
    if there != home:
        return Finding("ok", "home", f"the first run will create {home}")
    return Finding("ok", "home", f"{home} is writable")


def nearest(home: Path) -> Path:
    """The home, or the nearest existing folder above it."""
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
        said += f", the warehouse uses {held / 1e9:,.1f} GB"
    if free < wanted:
        return Finding(
            "warn",
            "disk",
            f"{said}; free up space until there are {wanted / 1e9:,.1f} GB.",
        )
    return Finding("ok", "disk", said)


def warehouse_findings(
    settings: Settings, datasets: list[Dataset]
) -> Iterator[Finding]:
    """Open the warehouse, unless a run is using it: a reader would make that fail."""
    home, warehouse = settings.home, Warehouse(settings, read_only=True)
    if not warehouse.engine.exists():
        yield Finding("ok", "warehouse", "none yet; `blotter daily` creates it")
        return
    try:
        # Released at once: a run that starts meanwhile must find it free.
        with filelock.FileLock(home / "lock", blocking=False):
            pass
        with closing(warehouse):
            rows = warehouse.examine(datasets)
    except filelock.Timeout:
        yield Finding("ok", "run", "one is under way; the warehouse was not opened")
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
        return Finding("warn", "last run", f"{failed}`blotter status` shows why.")
    if good and not is_fresh(status, "36h", now):
        return Finding(
            "warn",
            "last run",
            f"the last good daily run ended {good}; check that it is scheduled.",
        )
    return Finding(
        "ok", "last run", f"{last['command']} succeeded, {last['finished_at']}"
    )


def in_words(finding: Finding) -> str:
    """A finding for a person."""
    return redacted(f"{finding.level:6}{finding.subject:40}{finding.message}")


def in_json(findings: list[Finding]) -> str:
    """The findings for a program."""
    return redacted(msgspec.json.format(msgspec.json.encode(findings)).decode())
