"""What a process costs, measured from outside and by its parts."""

import json
import subprocess
import sys

import pytest

from tests.support import needs
from tools.measured import Cost, Parts, cost_of


@pytest.fixture
def linux():
    """Elsewhere neither what a process writes nor its peak is known."""
    if sys.platform != "linux":
        needs.LINUX.skip()


WORKS = """
import pathlib, sys, time
begin = time.process_time()
held = bytearray(200_000_000)
pathlib.Path(sys.argv[1]).write_bytes(held[:7_000_000])
while time.process_time() < begin + 0.5:
    pass
"""


def test_a_process_is_measured_without_the_one_that_started_it(linux, tmp_path):
    ours = bytearray(400_000_000)
    cost = cost_of("-c", WORKS, str(tmp_path / "written"))
    assert 0.5 <= cost.cpu < 2
    assert 190 < cost.memory < 300 < len(ours) / 1e6
    assert cost.written == 7


IN_PARTS = """
import json, pathlib, sys
from dataclasses import asdict
from tools.measured import Parts
parts = Parts("small")
parts.begin("large")
held = bytearray(200_000_000)
del held
parts.begin("writes")
pathlib.Path(sys.argv[1]).write_bytes(bytes(7_000_000))
parts.begin("")
print(json.dumps({name: asdict(cost) for name, cost in parts.costs.items()}))
"""


def test_parts_of_a_process_are_told_apart(linux, tmp_path):
    said = subprocess.run(
        [sys.executable, "-c", IN_PARTS, str(tmp_path / "written")],
        capture_output=True,
        check=True,
    ).stdout
    parts = {name: Cost(**cost) for name, cost in json.loads(said).items()}
    assert list(parts) == ["small", "large", "writes"]
    small, large, writes = parts.values()
    assert large.memory > small.memory + 180
    assert large.memory > writes.memory + 150
    assert (large.written, writes.written) == (0, 7)
    # All that was imported is the first part's. What it takes to get 200 MB of a busy
    # machine may be as much.
    assert small.cpu > writes.cpu > 0


def test_a_call_begins_a_part():
    parts = Parts("loading")
    build = parts.begun_by(
        lambda rows, all_of_them=False: (rows, all_of_them), "models"
    )
    assert build(3, all_of_them=True) == (3, True)
    assert (list(parts.costs), parts.name) == (["loading"], "models")
