"""Declare made-up cities in a copy of the project, like one that it has."""

import csv
import io
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]

LIKE = "memphis"

# What a city is made of: declaration, staging, and its rows in these seeds.
SEEDS = ("cities", "publishers", "offense_categories", "holidays")


def copy_project(to: Path) -> Path:
    """Copy the files of the project that are under version control, or will be."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, names.stdout.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def declare(project: Path, cities: Iterable[str], enabled: bool) -> None:
    """Declare cities in a project, each with incidents and areas at its own address."""
    for city in cities:
        for path in (project / "pipelines" / "datasets").glob(f"{LIKE}__*.toml"):
            host = f'url = "https://{city.replace("_", "-")}.example/'
            text = re.sub('(?m)^url = "https://[^/]+/', host, renamed(path, city))
            state = f"enabled = {str(enabled).lower()}\n"
            at = text.index("api = ")
            named(path, city).write_text(text[:at] + state + text[at:])
        for path in (project / "models" / "staging" / LIKE).rglob("*.*"):
            to = named(path, city)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(renamed(path, city))
    for seed in SEEDS:
        add_rows(project / "seeds" / f"{seed}.csv", cities)


def named(path: Path, city: str) -> Path:
    """The path of another city's file."""
    return Path(str(path).replace(LIKE, city))


def renamed(path: Path, city: str) -> str:
    """A file's text for another city."""
    text = path.read_text().replace(LIKE, city)
    return text.replace(LIKE.capitalize(), city.replace("_", " ").title())


def add_rows(seed: Path, cities: Iterable[str]) -> None:
    """Add to a seed the rows of cities, sorted in."""
    with seed.open(newline="") as file:
        header, *rows = csv.reader(file)
    like = [row for row in rows if row[0].split("__")[0] == LIKE]
    for city in cities:
        title = city.replace("_", " ").title()
        rows += [
            [cell.replace(LIKE, city).replace(LIKE.capitalize(), title) for cell in row]
            for row in like
        ]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *sorted(rows)])
    seed.write_text(out.getvalue())
