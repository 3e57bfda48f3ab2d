"""Run a command, then make a folder hold exactly what is published.

    python container/publish_to.py /published blotter daily

For a home that is lost after each run, next to a bucket that is mounted as a folder
(Cloud Storage FUSE). Such a folder accepts files but can't lock files or rename
folders, so it can't be a home itself. Pages are copied after the files they show; then
what is no longer published is deleted, because a row that a city removed must not stay
in an old file. Until the copying ends, a reader may see files of both publications.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path


def run(command: list[str]) -> int:
    """Run a command to its end; it is asked to stop when this process is."""
    with subprocess.Popen(command) as child:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: child.send_signal(number))
        return child.wait()


def mirror(published: Path, to: Path) -> None:
    """Copy every file, pages last, and delete all others.

    Raises:
        OSError: A file can't be written or deleted.
    """
    files = [path for path in published.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda path: (path.suffix == ".html", path)):
        copy = to / path.relative_to(published)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    kept = {to / path.relative_to(published) for path in files}
    for path in [path for path in to.rglob("*") if path.is_file()]:
        if path not in kept:
            path.unlink()


def main(to: Path, command: list[str]) -> int:
    """Return the command's exit code, or 1 if only the folder can't be written."""
    code = run(command)
    published = Path(os.environ["BLOTTER_HOME"]) / "published"
    if not published.exists():  # The run failed before it published anything.
        return code
    try:
        mirror(published.resolve(), to)
    except OSError as error:
        sys.stderr.write(f"{to} is not what was published: {error}.\n")
        return code or 1
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
