"""What reading and loading costs, compared with DuckDB alone reading the same pages."""

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
import requests

from demo.generator import COLUMNS, corrected, generate
from demo.portal.server import Portal, serve

DATASET = "san_francisco__incidents"
VIEW = "wg3w-h783"
FIRST, LAST = date(2018, 1, 1), date(2026, 11, 20)
TODAY, TOMORROW = "2026-11-21", "2026-11-22"
CHANGED_ROWS = 1_000
# In MB; loads of a million rows must use less memory than this.
MEMORY_BAR = 1_024


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system) and peak memory in MB of one process."""

    cpu: float
    memory: int


# On Linux, a program's peak memory includes that of the process that started it. This
# one may be large, so it starts a small one, which starts the program.
MEASURE = """
import resource, subprocess, sys
code = subprocess.call([sys.executable, *sys.argv[1:]], stdout=sys.stderr)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)
sys.exit(code)
"""


def cost_of(*arguments: str, **environment: str) -> Cost:
    """Run a Python process to its end and measure it; its output goes to stderr."""
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    if measured.returncode:
        raise click.ClickException(f"{' '.join(arguments)} failed")
    cpu, memory = measured.stdout.split()
    return Cost(float(cpu), int(memory))


def serve_rows(rows: int) -> None:
    """Serve made-up rows until interrupted; `POST /_portal/day` changes some."""
    portal = Portal(seed=1)
    table = generate(DATASET, rows, FIRST, LAST, seed=1)
    published = portal.add_soda(
        VIEW, table, columns=COLUMNS[DATASET], row_identifier="row_id"
    )
    with serve(portal) as url:
        click.echo(url)
        sys.stdin.readline()
        recent = table.slice(rows - rows // 20)
        published.upsert(corrected(recent, CHANGED_ROWS, seed=2))
        click.echo("changed")
        threading.Event().wait()


def save_pages(url: str, folder: Path) -> None:
    """Download what Blotter reads, month by month, as files for DuckDB."""
    from pipelines.datasets.declarations import read_datasets
    from pipelines.datasets.windows import Window
    from pipelines.portals.socrata import SocrataReader
    from pipelines.settings import Patience

    dataset = read_datasets()[DATASET].at_portal(url)
    reader = SocrataReader(dataset, Patience())
    reader.probe()
    where = reader._where(Window(FIRST))
    last, number = "", 0
    while True:
        query = {
            "$select": ",".join([*reader.requested(), ":id"]),
            "$where": where + (f" AND :id > '{last}'" if last else ""),
            "$order": ":id",
            "$limit": str(dataset.page_rows),
        }
        answer = requests.get(
            f"{dataset.url}.csv", params=query, timeout=60, stream=True
        )
        packed = answer.raw.read()
        body = gzip.decompress(packed)
        tail = body.rstrip(b"\n").rsplit(b"\n", 1)[-1]
        if tail == body.rstrip(b"\n"):
            return
        last = tail.rsplit(b",", 1)[-1].strip(b'"').decode()
        (folder / f"{number:05}.csv.gz").write_bytes(packed)
        number += 1


DUCKDB_ALONE = """
import duckdb, sys
connection = duckdb.connect(sys.argv[2])
connection.execute("set enable_progress_bar = false")
connection.execute(
    "create table incidents as select * from "
    f"read_csv('{sys.argv[1]}/*.csv.gz', all_varchar = true, header = true)"
)
connection.close()
"""


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--serve", "as_server", is_flag=True, hidden=True)
def main(rows: int, as_server: bool) -> None:
    """Print the CPU seconds and memory of a first load and of a day, and the ratio."""
    if as_server:
        serve_rows(rows)
        return
    room = Path(tempfile.mkdtemp(prefix="blotter-bench-"))
    server = subprocess.Popen(
        [sys.executable, "-m", "tools.bench_loading", "--rows", str(rows), "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = server.stdout.readline().strip()
        settings = {"BLOTTER_PORTAL": url, "BLOTTER_HOME": str(room / "home")}
        command = ("-m", "pipelines", "daily", DATASET, "--no-build", "--today")
        first = cost_of(*command, TODAY, **settings)
        quiet = cost_of(*command, TODAY, **settings)
        (room / "pages").mkdir()
        save_pages(url, room / "pages")
        alone = cost_of("-c", DUCKDB_ALONE, str(room / "pages"), str(room / "alone.db"))
        server.stdin.write("\n")
        server.stdin.flush()
        server.stdout.readline()
        day = cost_of(*command, TOMORROW, **settings)
        click.echo(
            f"\n{rows:,} rows      CPU s   peak MB\n"
            f"DuckDB alone    {alone.cpu:8.1f}{alone.memory:10,}\n"
            f"first load      {first.cpu:8.1f}{first.memory:10,}   "
            f"ratio {first.cpu / alone.cpu:.2f}, bar 1.5 and 3 s: "
            f"{1.5 * alone.cpu + 3:.1f} s; {MEMORY_BAR:,} MB\n"
            f"unchanged day   {quiet.cpu:8.1f}{quiet.memory:10,}\n"
            f"a day, {CHANGED_ROWS:,} rows changed {day.cpu:.1f} s {day.memory:,} MB\n"
        )
        if max(first.memory, quiet.memory, day.memory) > MEMORY_BAR:
            raise click.ClickException(f"more than {MEMORY_BAR:,} MB were used")
    finally:
        server.kill()
        shutil.rmtree(room)


if __name__ == "__main__":
    main()
