"""Take the README's picture of the site.

    python -m tools.screenshot [HOME]

Without a home, the picture shows the demo's rows.
"""

import sys
import tempfile
from datetime import date
from pathlib import Path

from demo import __main__ as demo
from tests.support.servers import browser

PICTURE = Path(__file__).parent.parent / "docs" / "site.png"
SIZE = {"width": 1160, "height": 1120}


def take(published: Path, to: Path = PICTURE) -> None:
    """Take a picture of San Francisco's first page."""
    with browser.served(published) as address, browser.browser() as chromium:
        context = chromium.new_context(viewport=SIZE)
        page, _ = browser.opened(context, f"{address}san_francisco/index.html")
        page.screenshot(path=str(to))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take(Path(sys.argv[1]) / "published")
    else:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            demo.show(100_000, demo.FIRST_DAY, date(2026, 11, 25), home)
            take(home / "published")
