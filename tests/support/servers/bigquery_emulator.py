"""BigQuery and Cloud Storage by emulators, on loopback.

They have an environment of their own (`make emulator`): they need another DuckDB than
the project's.
"""

import contextlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ENVIRONMENT = Path(__file__).parents[3] / ".emulator"
PROGRAM = ENVIRONMENT / "bin" / "bqemulator"
PROJECT, BUCKET = "blotter-test", "blotter-staging"
# Seconds until both must answer.
LIMIT = 60.0


@contextlib.contextmanager
def running_emulator(folder: Path) -> Iterator[dict[str, str]]:
    """Run both servers, with all that they keep under a folder.

    Yields:
        The settings under which Google's clients, dlt and dbt find them.
    """
    files, home = folder / "files", folder / "home"
    (files / BUCKET).mkdir(parents=True)
    link_extensions(home)
    ports = [free_port() for _ in range(3)]
    storage, rest = (f"http://127.0.0.1:{port}" for port in ports[:2])
    (server,) = ENVIRONMENT.rglob("fake-gcs-server-linux-amd64")
    commands = [
        [
            *(server, "-scheme", "http", "-backend", "filesystem"),
            *("-filesystem-root", files, "-host", "127.0.0.1"),
            *("-port", ports[0], "-external-url", storage),
        ],
        [
            *(
                ENVIRONMENT / "bin" / "python",
                Path(__file__).with_name("emulator_start.py"),
            ),
            *("start", "--ephemeral", "--log-level", "error"),
            *("--rest-port", ports[1], "--grpc-port", ports[2]),
        ],
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "BQEMU_GCS_LOCAL_ROOT": str(files),
    }
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("w"))
        for command in commands:
            process = subprocess.Popen(
                list(map(str, command)), env=environment, stdout=log, stderr=log
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
        wait_for(f"{storage}/storage/v1/b?project={PROJECT}")
        wait_for(f"{rest}/bigquery/v2/projects/{PROJECT}/datasets")
        yield {
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "BIGQUERY_EMULATOR_HOST": rest,
            "STORAGE_EMULATOR_HOST": storage,
            "BLOTTER_BUCKET": f"gs://{BUCKET}",
        }


def link_extensions(home: Path) -> None:
    """Have DuckDB find the extensions that came as wheels; it would download them."""
    for file in ENVIRONMENT.rglob("*.duckdb_extension"):
        place = home / ".duckdb" / "extensions" / file.parent.name / "linux_amd64"
        place.mkdir(parents=True, exist_ok=True)
        (place / file.name).symlink_to(file)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(url: str) -> None:
    """Wait until a server answers with JSON."""
    end = time.monotonic() + LIMIT
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                json.load(response)
                return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < end, f"{url} does not answer"
            time.sleep(0.1)
