"""A PostgreSQL server of the test's own, on loopback.

Its settings are made to show what hangs on a server's settings: a language's sort
order, a time zone with an odd offset, and a user who is no superuser.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2


def programs() -> Path | None:
    """The newest server's programs, where Debian keeps them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextlib.contextmanager
def running_server() -> Iterator[dict[str, str]]:
    """Run a server of its own, which is gone afterwards.

    Yields:
        libpq's settings for its user `blotter`, who may connect and make schemas in
        the database `blotter`. The user `reader`, of that password, may only connect.
    """
    bin_folder = programs()
    assert bin_folder, "no PostgreSQL is installed"
    # Not below pytest's folder, which it closes to all others, and so to `postgres`.
    folder = Path(tempfile.mkdtemp(prefix="blotter-postgres-"))
    data = folder / "data"
    # The server refuses root, whom containers run tests as.
    user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
    options = {"user": user.pw_uid, "group": user.pw_gid} if user else {}
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [bin_folder / program, *arguments],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            **options,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    locale = ("--locale-provider=icu", "--icu-locale=en-US", "--encoding=UTF8")
    run("initdb", "-D", data, "-U", "admin", "--auth=trust", "--no-sync", *locale)
    (data / "pg_hba.conf").write_text(
        "host all admin 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
        "-c timezone=Asia/Kathmandu -c fsync=off -c synchronous_commit=off "
        "-c full_page_writes=off"
    )
    log = str(folder / "log")
    run("pg_ctl", "-D", data, "-w", "-l", log, "-o", settings, "start")
    try:
        password = secrets.token_hex(8)
        admin = psycopg2.connect(
            f"host=127.0.0.1 port={port} user=admin dbname=postgres"
        )
        admin.autocommit = True
        with contextlib.closing(admin), admin.cursor() as cursor:
            cursor.execute("create role blotter login password %s", [password])
            cursor.execute("create role reader login password 'reader'")
            cursor.execute("create database blotter")
            cursor.execute("grant create on database blotter to blotter")
        yield {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(port),
            "PGUSER": "blotter",
            "PGPASSWORD": password,
            "PGDATABASE": "blotter",
        }
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)
