"""Set up Metabase from the files: `python -m metabase`. Run again, it changes nothing.

Exit codes: 0 everything matches the files; 1 Metabase or the warehouse refused; 2 a
setting or a file is wrong.
"""

import logging
import os
import sys
from typing import Any

from metabase.apply import apply
from metabase.files import read_dashboards
from metabase.server import Server
from pipelines import logs
from pipelines.environment import name_prefix, number, read
from pipelines.errors import BlotterError, ConfigError
from pipelines.settings import Settings

log = logging.getLogger("metabase")

SECONDS_TO_START = 300
NEEDED = (
    "METABASE_ADMIN_EMAIL",
    "METABASE_ADMIN_PASSWORD",
    "METABASE_PGPASSWORD",
    "PGHOST",
    "PGDATABASE",
)


def connection(marts: str) -> dict[str, Any]:
    """How Metabase reaches the warehouse: as an account that only reads marts."""
    return {
        "host": os.environ["PGHOST"],
        "port": number(int, 1, 65_535)("PGPORT", os.environ.get("PGPORT") or "5432"),
        "dbname": os.environ["PGDATABASE"],
        "user": os.environ.get("METABASE_PGUSER") or "metabase",
        "password": os.environ["METABASE_PGPASSWORD"],
        "schema-filters-type": "inclusion",
        "schema-filters-patterns": marts,
    }


def run(seconds: float = SECONDS_TO_START) -> None:
    """Wait for Metabase, sign in, and apply the files.

    Raises:
        BlotterError: What failed, in one sentence.
    """
    for name in NEEDED:
        if not os.environ.get(name):
            raise ConfigError(f"{name} is not set; docs/bi.md explains it.")
    prefix = name_prefix("BLOTTER_PREFIX", os.environ.get("BLOTTER_PREFIX", ""))
    marts = f"{prefix}marts"
    details = connection(marts)
    dashboards = read_dashboards()
    server = Server(os.environ.get("METABASE_URL") or "http://localhost:3000")
    server.wait(seconds)
    is_new = server.sign_in(
        os.environ["METABASE_ADMIN_EMAIL"], os.environ["METABASE_ADMIN_PASSWORD"]
    )
    if is_new:
        log.info("Metabase at %s: administrator created", server.url)
    log.info(
        "Metabase at %s: %s", server.url, apply(server, dashboards, details, marts)
    )


def main() -> None:
    """Exit codes: see above."""
    found = read(Settings, os.environ)
    form = found.settings.log
    try:
        logs.set_up(form)
        found.check("BLOTTER_LOG")
        run()
    except BlotterError as error:
        sys.stderr.write(logs.last_words(str(error), form) + "\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
