"""Have dbt begin in a fresh home with what it read of the project in another.

dbt keeps in each home what it parsed and looks, file by file, what changed since; but
for another path of the warehouse it would parse all files anew, which takes it three
seconds. No model sees that path, so here it does not count; all else dbt checks itself.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NAME = "partial_parse.msgpack"


def with_shared_parsing(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """`build.invoke`, but begun with what was parsed; dbt is imported when called."""

    def invoke_shared(*arguments: Any) -> Any:
        share_parsing()
        return invoke(*arguments)

    return invoke_shared


def share_parsing() -> None:
    """Patch dbt in this process, once."""
    from dbt.artifacts.schemas import base
    from dbt.parser.manifest import ManifestLoader as Loader
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.tests import enable_test_caching

    if "shared" not in vars(Loader):
        # What a test of dbt's own does: the trees of its thousand macros are kept.
        enable_test_caching()
        base.write_json = write_json
        # For each flag dbt looks through all modules for the caller's name, which it
        # shows nowhere: under pytest that takes longer than a small model.
        BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")
        Loader.shared = property(lambda self: shared_file(self.root_project))
        for name, patched in PATCHES.items():
            setattr(Loader, name, patched(getattr(Loader, name)))


def write_json(path: str, data: dict[str, Any]) -> None:
    """An artifact of dbt's, in one piece: Python encodes that ten times as fast."""
    from dbt_common.utils.encoding import JSONEncoder

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    # Not by `write_text`, which is a step at which tests kill a run.
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(data, cls=JSONEncoder))


def without_path(check: Callable[..., Any]) -> Callable[..., Any]:
    """The state that what was parsed must have; else dbt parses all anew."""
    from dbt.artifacts.resources import FileHash

    def checked(self: Any) -> Any:
        state, held = check(self), self.root_project.credentials
        words = f"{held.type} {held.database} {held.schema}"
        state.profile_hash = FileHash.from_contents(words)
        return state

    return checked


def beginning_with_shared(read: Callable[..., Any]) -> Callable[..., Any]:
    def read_shared(self: Any) -> Any:
        own = Path(self.root_project.project_target_path) / NAME
        if self.shared and self.shared.exists() and not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.shared, own)
        return read(self)

    return read_shared


def sharing(write: Callable[..., Any]) -> Callable[..., Any]:
    def write_shared(self: Any) -> None:
        write(self)
        if self.shared:
            self.shared.parent.mkdir(exist_ok=True)
            fresh = self.shared.with_suffix(f".{os.getpid()}")
            shutil.copyfile(Path(self.root_project.project_target_path) / NAME, fresh)
            fresh.rename(self.shared)

    return write_shared


PATCHES = {
    "build_manifest_state_check": without_path,
    "read_manifest_for_partial_parse": beginning_with_shared,
    "write_manifest_for_partial_parse": sharing,
}


def shared_file(project: Any) -> Path | None:
    """Where this project's parsing is shared, by warehouse and choice of cities.

    None: another project's is not.
    """
    is_apart = os.environ.get("BLOTTER_PREFIX") or Path(project.project_root) != ROOT
    if is_apart:
        return None
    chosen = hashlib.md5(str(project.cli_vars).encode()).hexdigest()[:8]
    place = str(ROOT).strip("/").replace("/", "-")
    folder = Path(tempfile.gettempdir()) / f"blotter-parsed-{os.getuid()}-{place}"
    return folder / f"{project.credentials.type}-{chosen}.msgpack"
