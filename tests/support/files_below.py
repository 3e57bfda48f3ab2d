"""What lies below a folder."""

import hashlib
from pathlib import Path


def files_below(folder: Path) -> dict[str, str]:
    """Digests by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
