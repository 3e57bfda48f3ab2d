"""A day on which no portal has anything new costs little."""

import subprocess
import sys

import pyarrow as pa
import pytest

from tests.support.memory_portal import PLACE, new_warehouse

QUIET = """
import sys
from datetime import date
from pathlib import Path
import pipelines.sync.daily as runs
from tests.support.memory_portal import MemoryReader, new_run, new_warehouse

reader = MemoryReader(rows=[("1", "2026-03-01T10:00:00.000", "Theft", None)])
reader.version_now = "of today"
runs.reader_for = lambda *_: reader
run = new_run(new_warehouse(Path(sys.argv[1])))
assert runs.daily(run, reader.dataset, window_only=True) is None
print(len(reader.reads), "dlt" in sys.modules)
"""


def test_a_day_without_news_does_without_dlt(tmp_path):
    """To import dlt takes as long as the rest of such a day."""
    said = []
    for _ in range(2):
        command = [sys.executable, "-c", QUIET, str(tmp_path / "home")]
        said.append(subprocess.run(command, capture_output=True, text=True).stdout)
    assert said == ["1 True\n", "0 False\n"]


@pytest.mark.parametrize("steps", [["extract"], ["extract", "normalize"]])
def test_what_a_killed_run_left_in_dlt_is_dropped_by_the_next(tmp_path, steps):
    pipeline = new_warehouse(tmp_path / "home").loader.pipeline(PLACE)
    rows = pa.table({"row_id": pa.array(["1"], pa.string())})
    pipeline.extract(rows, table_name="incidents", loader_file_format="parquet")
    for step in steps[1:]:
        getattr(pipeline, step)()
    assert pipeline.has_pending_data
    loader = new_warehouse(tmp_path / "home").loader
    loader.abort(PLACE)
    assert not loader.pipeline(PLACE).has_pending_data
