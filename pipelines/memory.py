"""How much of the memory DuckDB may use while the models are built."""

import os
from pathlib import Path

MB = 1_000_000

# Of what there is, DuckDB gets a quarter while the models are built: Python, and what
# DuckDB does not count, take some 500 MB beside it, and other programs run, too. With
# less than the least it would write to disk what it could keep; with more than the most
# it was not faster on four million rows.
SHARE, LEAST, MOST = 4, 400 * MB, 1_000 * MB

# The groups that this process is in, and where each version of Linux's control groups
# has the limit of one.
OWN_GROUPS = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


def share_for_duckdb(own: Path = OWN_GROUPS, groups: Path = GROUPS) -> str:
    """A limit for DuckDB in its own words, in steps of 100 MB.

    In steps: dbt parses the project again whenever a setting in its profile changes.
    """
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    available = min([pages * size, *limits(own, groups)])
    share = min(max(available // SHARE, LEAST), MOST)
    return f"{share // (100 * MB) * 100}MB"


def limits(own: Path, groups: Path) -> list[int]:
    """The limits of the process's container or service, in bytes; maybe none."""
    told = []
    for path in limit_files(own, groups):
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        # "max" in version 2; version 1 tells a number beyond any machine.
        told += [int(text)] if text.isdecimal() else []
    return told


def limit_files(own: Path, groups: Path) -> list[Path]:
    """Where limits may be told: of each group that the process is in, and above it.

    A container may see its own group as the root, whatever its name is outside.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []  # Not Linux.
    found = []
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            root, file = groups, "memory.max"
        elif "memory" in controllers.split(","):
            root, file = groups / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = root / name.strip("/")
        found += [
            folder / file
            for folder in (group, *group.parents)
            if folder.is_relative_to(root)
        ]
    return found
