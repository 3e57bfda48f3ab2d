"""Run a command, then make a folder hold what is published, and nothing else.

    python container/publish_to.py /published blotter daily

For a home that is lost after each run, beside a bucket that is mounted as a folder
(Cloud Storage FUSE). Such a folder takes files, but it locks none, and renames no
folder: it can't be a home itself. Pages are copied after what they show; then what is
no longer published is deleted, for a row that a city removed must not stay in an old
file. A reader may meet files of both publications until the copying ends.
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
    """The command's exit code; 1 where that is 0 and the folder can't be written."""
    code = run(command)
    published = Path(os.environ["BLOTTER_HOME"]) / "published"
    if not published.exists():  # The run failed before it came so far.
        return code
    try:
        mirror(published.resolve(), to)
    except OSError as error:
        sys.stderr.write(f"{to} is not what was published: {error}.\n")
        return code or 1
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
