"""Write a city's files: all of them or none, and none over another."""

import os
import re
import shutil
import tempfile
import unicodedata
from pathlib import Path

from pipelines.datasets.declarations import read_dataset
from pipelines.errors import ConfigError
from pipelines.onboarding import models, seed_rows, yaml_files
from pipelines.onboarding.options import Project
from pipelines.onboarding.proposal import Proposal
from pipelines.onboarding.toml import declaration

Files = dict[Path, str]


def slug(name: str) -> str:
    """A city's name as the project's files have it: san_francisco.

    Raises:
        ConfigError: It has no letters to make one of.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    found = re.sub(r"[^a-z0-9]+", "_", plain.lower().replace("'", "")).strip("_")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", found) or "__" in found:
        raise ConfigError(
            f"{name[:80]!r} is not a name for a city's files: give --name in letters "
            "from A to Z, such as 'San Francisco'."
        )
    return found


def check_is_new(project: Project, city: str) -> None:
    """Refuse a city that there is.

    Raises:
        ConfigError: A file of it exists; names it.
    """
    for path in (
        project.datasets / f"{city}__incidents.toml",
        project.staging / city,
    ):
        if path.exists():
            raise ConfigError(
                f"{path.relative_to(project.root)} exists already: nothing is "
                "overwritten. Remove it first, or give another --name."
            )
    for record in seed_rows.records((project.seeds / "cities.csv").read_text("utf-8")):
        if seed_rows.cells(record)[0] == city:
            raise ConfigError(
                f"seeds/cities.csv has {city} already: nothing is overwritten. Give "
                "another --name."
            )


def new_files(made: Proposal, project: Project, city: str) -> Files:
    """The files that a city needs, with what they hold."""
    folder = project.staging / city
    return {
        project.datasets / f"{city}__incidents.toml": declaration(made),
        folder / f"_{city}__sources.yml": yaml_files.sources(city, made.options.name),
        folder / "base" / f"base_{city}__incidents.sql": models.base_sql(made, city),
        folder / "base" / f"base_{city}__incidents.yml": yaml_files.base(made, city),
        folder / f"stg_{city}__incidents.sql": models.staging_sql(made, city),
        folder / f"stg_{city}__incidents.yml": yaml_files.staging(made, city),
        folder / f"stg_{city}__incident_changes.sql": models.changes_sql(city),
        folder / f"stg_{city}__incident_changes.yml": yaml_files.changes(made, city),
    }


def changed_seeds(made: Proposal, project: Project, city: str) -> Files:
    """The seeds with the city's rows."""
    added = {
        "cities.csv": ([seed_rows.city_row(made, city)], 1),
        "publishers.csv": ([seed_rows.publisher_row(made, city)], 1),
        "offense_categories.csv": (seed_rows.offense_rows(made, city), 2),
        "holidays.csv": (seed_rows.holiday_rows(made, city), 2),
    }
    return {
        path: seed_rows.with_rows(path.read_text("utf-8"), rows, key)
        for name, (rows, key) in added.items()
        if rows and (path := project.seeds / name)
    }


def write(made: Proposal, project: Project, city: str) -> list[Path]:
    """Write everything aside, check it, and only then move it into place.

    Raises:
        ConfigError: The declaration is not valid, or the project can't be written.
    """
    check_is_new(project, city)
    files = new_files(made, project, city)
    seeds = changed_seeds(made, project, city)
    try:
        with tempfile.TemporaryDirectory(dir=project.root, prefix=".add_") as folder:
            aside = Path(folder)
            staged = {}
            for number, (path, text) in enumerate({**files, **seeds}.items()):
                staged[path] = aside / str(number) / path.name
                staged[path].parent.mkdir()
                staged[path].write_text(text, encoding="utf-8", newline="")
            read_dataset(staged[next(iter(files))])
            move(staged, set(seeds), aside)
    except OSError as error:
        raise ConfigError(
            f"{project.root} can't be written ({error.strerror or error}): run "
            "`blotter add` in a checkout of the project; in an image it is read-only."
        ) from error
    return [*files, *seeds]


def move(staged: dict[Path, Path], seeds: set[Path], aside: Path) -> None:
    """Move files into place; undo all of it if one can't be.

    Raises:
        OSError: One could not be moved.
    """
    kept = {path: aside / f"kept_{path.name}" for path in seeds}
    for path, copy in kept.items():
        shutil.copy2(path, copy)
    done: list[Path] = []
    folders = {
        folder for path in staged for folder in (path.parent.parent, path.parent)
    }
    made = sorted((f for f in folders if not f.exists()), reverse=True)
    try:
        for path, source in staged.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            done.append(path)
            os.replace(source, path)
    except OSError:
        for path in done:
            if path in kept:
                os.replace(kept[path], path)
            else:
                path.unlink(missing_ok=True)
        for folder in made:
            if folder.exists():
                folder.rmdir()
        raise
