"""DuckDB's share of the memory follows the machine and the container's limit."""

import os
from pathlib import Path

import pytest

from pipelines import memory

GB = 1_000_000_000


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Says what a machine has, and what its control groups are and allow."""

    def made(total: int, own: str | None = None, **limits: str) -> str:
        sizes = {"SC_PHYS_PAGES": total // 4_096, "SC_PAGE_SIZE": 4_096}
        monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
        if own is not None:
            (tmp_path / "own").write_text(own)
        for name, text in limits.items():
            path = tmp_path / "groups" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return memory.share_for_duckdb(tmp_path / "own", tmp_path / "groups")

    return made


@pytest.mark.parametrize(
    ("total", "share"),
    [
        (GB, "400MB"),
        (2 * GB, "500MB"),
        (int(2.39 * GB), "500MB"),
        (3 * GB, "700MB"),
        (4 * GB, "1000MB"),
        (64 * GB, "1000MB"),
    ],
)
def test_a_quarter_of_the_machine_within_bounds(machine, total, share):
    total += 4_096
    assert machine(total) == share
    assert machine(total, "0::/\n", **{"memory.max": "max"}) == share


V2 = {
    "a container": ("0::/\n", "memory.max"),
    "a service": ("0::/system.slice/blotter.service\n", "system.slice/memory.max"),
    "a name from outside": ("0::/docker/a1b2\n", "memory.max"),
}
V1 = {
    "a container": ("9:cpu,memory:/\n0::/\n", "memory/memory.limit_in_bytes"),
    "a name from outside": ("4:memory:/docker/a1\n", "memory/memory.limit_in_bytes"),
    "a service": ("4:memory:/a/b\n", "memory/a/b/memory.limit_in_bytes"),
}


@pytest.mark.parametrize(("own", "path"), [*V2.values(), *V1.values()])
def test_a_containers_limit_counts_where_it_is_lower(machine, own, path):
    assert machine(64 * GB, own, **{path: str(2 * GB)}) == "500MB"
    assert machine(2 * GB + 4_096, own, **{path: str(2**63 - 4096)}) == "500MB"


def test_the_limit_of_another_group_does_not_count(machine):
    assert machine(64 * GB, "0::/a\n", **{"b/memory.max": str(2 * GB)}) == "1000MB"
    assert machine(64 * GB, "4:cpu:/\n", **{"memory.max": str(2 * GB)}) == "1000MB"
