"""How the site's files get into a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

WriteFile = Callable[[str, Any, Callable[[Path], object]], object]
"""Takes a path in the folder, what the file is made of, and what writes it.

If the folder has a file that was made of the same, as JSON tells it, it need not be
written. None: it is written each time.
"""


def into(folder: Path) -> WriteFile:
    """Write every file into a folder."""

    def write_file(path: str, made_of: Any, write: Callable[[Path], object]) -> None:
        to = folder / path
        to.parent.mkdir(parents=True, exist_ok=True)
        write(to)

    return write_file
