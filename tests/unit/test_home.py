"""The home: one run at a time."""

import pytest

from pipelines.errors import RunUnderWayError
from pipelines.home import lock


def test_a_home_is_held_by_one_run_at_a_time(tmp_path):
    with (
        lock(tmp_path),
        pytest.raises(
            RunUnderWayError, match=f"Another run is under way in {tmp_path}"
        ),
        lock(tmp_path),
    ):
        pass


def test_a_home_is_free_after_a_run_even_one_that_failed(tmp_path):
    with pytest.raises(ZeroDivisionError), lock(tmp_path / "home"):
        raise ZeroDivisionError
    with lock(tmp_path / "home"):
        pass
