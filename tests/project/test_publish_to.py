"""What a job publishes outlives it: copied into a folder that is a mounted bucket."""

import shutil
import sys
from pathlib import Path

import pytest

from container import publish_to

OLD, NEW = {"a.html": "1", "data/gone.csv": "x"}, {"a.html": "2", "data/b/c.csv": "y"}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def files_in(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """The folder as a run before left it; the home is empty."""
    monkeypatch.setenv("BLOTTER_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    write(tmp_path / "bucket", OLD)
    return tmp_path / "bucket"


def publish(tmp_path: Path, files: dict[str, str]) -> None:
    """As a run does: a link to a folder."""
    write(tmp_path / "home" / "publications" / "run", files)
    (tmp_path / "home" / "published").symlink_to("publications/run")


def command(code: int) -> list[str]:
    return [sys.executable, "-c", f"raise SystemExit({code})"]


@pytest.mark.parametrize("code", [0, 1])
def test_the_folder_holds_what_is_published_and_nothing_else(bucket, tmp_path, code):
    """Also where one part of the run failed and the others were published."""
    publish(tmp_path, NEW)
    assert publish_to.main(bucket, command(code)) == code
    assert files_in(bucket) == NEW
    assert not [path for path in bucket.rglob("*") if path.is_symlink()]


def test_a_run_that_publishes_nothing_leaves_the_folder(bucket):
    assert publish_to.main(bucket, command(1)) == 1
    assert files_in(bucket) == OLD


def test_a_page_is_copied_after_what_it_shows(bucket, tmp_path, monkeypatch):
    publish(tmp_path, NEW | {"z/packed.bin": "z", "b/index.html": "b"})
    copied = []
    copy = shutil.copyfile
    monkeypatch.setattr(
        shutil, "copyfile", lambda a, b: copied.append(b.name) or copy(a, b)
    )
    publish_to.main(bucket, command(0))
    assert copied == ["c.csv", "packed.bin", "a.html", "index.html"]


def test_a_folder_that_takes_no_file_fails_the_job(
    bucket, tmp_path, monkeypatch, capsys
):
    def refused(*paths):
        raise OSError(5, "Input/output error")

    publish(tmp_path, NEW)
    monkeypatch.setattr(shutil, "copyfile", refused)
    assert publish_to.main(bucket, command(0)) == 1
    assert "is not what was published: [Errno 5]" in capsys.readouterr().err
    assert files_in(bucket) == OLD
