"""A publication being written: each of its files is new, or the last one's own.

`state/publication.json` says of every file of the last publication how large it is, its
SHA-256 digest, and a digest of what it was made of. A file that would be made of the
same again is linked, not written.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines.transform.plan import PROJECT

# What writes files, in the project and beside it: another version may write others.
WRITERS = ("pipelines/publish", "pipelines/site", "pipelines/cells.py", "site")
LIBRARIES = ("duckdb", "jinja2", "numpy", "pyarrow", "shapely", "vl-convert-python")

DATA = "data"
"""The folder of a publication that holds the tables."""

# What a file can be made of: anything that JSON holds.
MadeOf = Any


@dataclass(frozen=True)
class Entry:
    """A published file."""

    size: int
    sha256: str
    made_of: str | None
    """A digest; None if it must be written each time."""


class Edition:
    """A publication being written.

    Args:
        folder: An empty folder for it.
        record: Where it is kept what the last one is made of; None to write everything.
    """

    def __init__(self, folder: Path, record: Path | None = None):
        self.folder = folder
        self.entries: dict[str, Entry] = {}
        self.facts: dict[str, Any] = {}
        """What else the next publication has to know, as JSON."""
        self.last: Path | None = None
        self.last_entries: dict[str, Entry] = {}
        self.last_facts: dict[str, Any] = {}
        if record is not None:
            self._read(record)

    def _read(self, record: Path) -> None:
        """Read what the last publication is made of, if the same version wrote it.

        Without that, everything is written.
        """
        try:
            known = json.loads(record.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return
        if known["version"] == writers_version():
            self.last = self.folder.parent / known["folder"]
            files = known["files"].items()
            self.last_entries = {path: Entry(**entry) for path, entry in files}
            self.last_facts = known["facts"]

    def file(
        self, path: str, made_of: MadeOf, write: Callable[[Path], object]
    ) -> Entry:
        """Have a file in the publication, and return its entry.

        Args:
            path: Relative to the publication's folder.
            made_of: What its content depends on, apart from the project; None if that
                is not known.
            write: Writes it to a path; not called if the last one is made of the same.

        Raises:
            OSError: It can't be written.
        """
        if self.keep_same(path, made_of):
            return self.entries[path]
        to = self._place(path)
        write(to)
        digest = None if made_of is None else digest_of(made_of)
        entry = Entry(to.stat().st_size, sha256_of(to), digest)
        known = self.last_entries.get(path)
        if known and known.sha256 == entry.sha256:
            # Copies of a publication compare the times of files.
            self._link(path, known)
        self.entries[path] = entry
        return entry

    def data(self, path: str) -> Entry:
        """The entry of a file in `data/`."""
        return self.entries[f"{DATA}/{path}"]

    def changed(self) -> list[str]:
        """The files that the last publication had not, or not with this content."""
        return [
            path
            for path, entry in self.entries.items()
            if path not in self.last_entries
            or self.last_entries[path].sha256 != entry.sha256
        ]

    def keep_same(self, path: str, made_of: MadeOf) -> bool:
        """Take over a file of the last publication if it was made of the same."""
        known = self.last_entries.get(path)
        if made_of is None or known is None or known.made_of != digest_of(made_of):
            return False
        return self.keep(path)

    def keep(self, path: str) -> bool:
        """Take over a file of the last publication; False if it is not there whole."""
        known = self.last_entries.get(path)
        if known is None or not self._link(path, known):
            return False
        self.entries[path] = known
        return True

    def keep_all(self, paths: Iterable[str]) -> bool:
        """Take over files of the last publication; False if one is not there whole."""
        return all(self.keep(path) for path in paths)

    def _link(self, path: str, known: Entry) -> bool:
        assert self.last is not None
        there = self.last / path
        if not there.is_file() or there.stat().st_size != known.size:
            return False
        to = self._place(path)
        try:
            os.link(there, to)
        except OSError:
            # A file system without hard links, or one that limits them.
            shutil.copy2(there, to)
        return True

    def _place(self, path: str) -> Path:
        to = self.folder / path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.unlink(missing_ok=True)
        return to

    def finish(self, record: Path, folder: Path) -> None:
        """Keep what this publication is made of, for the next one.

        Args:
            folder: Where this one is now.
        """
        known = {
            "folder": folder.name,
            "version": writers_version(),
            "facts": self.facts,
            "files": {path: asdict(e) for path, e in sorted(self.entries.items())},
        }
        record.parent.mkdir(exist_ok=True)
        fresh = record.with_suffix(".new")
        fresh.write_text(json.dumps(known, indent=1) + "\n")
        os.replace(fresh, record)


def digest_of(made_of: MadeOf) -> str:
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def writers_version() -> str:
    """A digest of the code and the libraries that write publications."""
    digest = hashlib.sha256()
    for name in WRITERS:
        for path in sorted([PROJECT / name, *(PROJECT / name).rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(PROJECT)).encode())
                digest.update(path.read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()
