"""Chromium on a folder that is served on this machine, and what it met there."""

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The shell prepares no windows, which a whole Chromium does even unseen.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
# It has no business elsewhere: without these it looks up hosts at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files, as a plain web server has them, without a word."""

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; yields its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@dataclass
class Met:
    """What a page said and asked for."""

    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium with an empty profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def opened(context: Any, address: str, seconds: float = 30) -> tuple[Any, Met]:
    """Open an address in a new page and wait until it is ready."""
    page, met = context.new_page(), Met()
    page.on("console", lambda message: met.said.append(message.text))
    page.on("pageerror", lambda error: met.said.append(str(error)))
    page.on("request", lambda request: met.asked.append(request.url))
    page.goto(address)
    wait(page, seconds)
    return page, met


def wait(page: Any, seconds: float = 30) -> None:
    """Wait until the page's script, if it has one, has drawn all."""
    page.wait_for_load_state("domcontentloaded")  # a click may have left this page
    if page.query_selector("script[src$='page.js']"):
        page.wait_for_selector(
            "html[data-ready]", state="attached", timeout=1000 * seconds
        )
