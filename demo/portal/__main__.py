"""Serve a local portal with made-up rows: `python -m demo.portal`."""

import threading
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import click

from demo.portal.server import Portal, serve
from demo.stock import stock


@click.command()
@click.option("--port", default=8765, show_default=True, help="0 takes a free one.")
@click.option("--rows", default=100_000, show_default=True, help="Made-up rows.")
@click.option("--seed", default=1, show_default=True)
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The portal's day.")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(
    port: int, rows: int, seed: int, today: datetime | None, data: Path | None
) -> None:
    """Serve made-up rows of four cities and of the US until interrupted.

    With --data FOLDER serve the CSV and JSON files of a folder instead, each at
    /resource/NAME and, as it is, at /NAME.csv or /NAME.json.
    """
    portal = Portal(seed)
    if data is None:
        stock(portal, rows, today.date() if today else date.today(), seed)
    else:
        add_folder(portal, data)
    with serve(portal, port) as url:
        click.echo(url)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def add_folder(portal: Portal, folder: Path) -> None:
    """Publish every CSV and JSON file of a folder as a data set and as a file."""
    for path in sorted(folder.iterdir()):
        stem, *suffixes = path.name.split(".")
        if suffixes and suffixes[0] in ("csv", "json"):
            portal.add_file_as_dataset(stem, path)
            portal.add_file(f"/{path.name}", path.read_bytes())


if __name__ == "__main__":
    main()
