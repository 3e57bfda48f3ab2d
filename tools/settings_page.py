"""Make the tables of `docs/settings.md` from the settings' declarations.

The page's other words stay as they are. Run it by `make settings-page`.
"""

import re
from pathlib import Path

from pipelines.environment import DECLARED, Settings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
TABLE = re.compile(r"^## (?P<section>[^\n]+)\n(?P<words>[^|#]*)(?:\|[^\n]*\n)+", re.M)


def with_tables(page: str) -> str:
    """The page with the table below each heading made anew."""
    return TABLE.sub(lambda m: f"## {m[1]}\n{m[2]}{table(m[1])}", page)


def table(section: str) -> str:
    """A section's settings, in the order in which they are declared."""
    defaults = Settings()
    rows = ["| setting | default | |", "|---|---|---|"]
    for field, setting in DECLARED.items():
        if setting.section == section:
            default = setting.shown or getattr(defaults, field) or "none"
            said = [*["a secret"][: setting.secret], setting.sentence]
            words = "; ".join(filter(None, said))
            cells = f"`{setting.variable}` | {default} | {words}"
            rows.append(f"| {cells.rstrip()} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    PAGE.write_text(with_tables(PAGE.read_text()))


if __name__ == "__main__":
    main()
