"""Serve the publication on this machine, for viewing."""

import socket
from pathlib import Path

import click
import uvicorn
from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles

from pipelines.errors import ConfigError

HOST = "127.0.0.1"


def serve_folder(folder: Path, port: int) -> None:
    """Serve a folder's files until interrupted.

    Raises:
        ConfigError: The port is taken.
    """
    app = Starlette()
    app.mount("/", StaticFiles(directory=folder, html=True))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
        except OSError as error:
            raise ConfigError(
                f"Port {port} of {HOST} can't be used ({error.strerror}); choose "
                "another with --port."
            ) from error
        port = listener.getsockname()[1]
        click.echo(f"{folder} is at http://{HOST}:{port}/ (Ctrl+C stops it)")
        config = uvicorn.Config(app, log_level="critical", lifespan="off")
        config.timeout_graceful_shutdown = 1
        uvicorn.Server(config).run(sockets=[listener])
