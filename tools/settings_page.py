"""Make the tables of `docs/settings.md` from the settings' declarations.

The rest of the page is left unchanged. Run it with `make settings-page`.
"""

import re
from pathlib import Path

from pipelines.environment import Setting, declared
from pipelines.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
TABLE = re.compile(r"^## (?P<section>[^\n]+)\n(?P<words>[^|#]*)(?:\|[^\n]*\n)+", re.M)


def with_tables(page: str) -> str:
    """The page with a new table below each heading."""
    return TABLE.sub(lambda m: f"## {m[1]}\n{m[2]}{table(m[1])}", page)


def table(section: str) -> str:
    """A section's settings, in the order in which they are declared."""
    rows = ["| setting | default | |", "|---|---|---|"]
    for setting in declared(Settings).values():
        if setting.section == section:
            notes = [*["a secret"][: setting.secret], setting.sentence]
            words = "; ".join(filter(None, notes))
            cells = f"`{setting.variable}` | {default_of(setting)} | {words}"
            rows.append(f"| {cells.rstrip()} |")
    return "\n".join(rows) + "\n"


def default_of(setting: Setting) -> str:
    """The default in words."""
    needed = "needed" if setting.needed else None
    return needed or setting.shown or setting.default or "none"


def main() -> None:
    PAGE.write_text(with_tables(PAGE.read_text()))


if __name__ == "__main__":
    main()
