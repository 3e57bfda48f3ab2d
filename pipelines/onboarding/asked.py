"""What only a person knows: taken from the command line, or asked on a terminal."""

import click

from pipelines.errors import ConfigError
from pipelines.onboarding.options import Options


def asked_for(
    is_terminal: bool,
    name: str | None,
    state: str | None,
    zone: str | None,
    population: int | None,
    key: str | None,
    window: str | None,
) -> Options:
    """The answers; what nobody can be asked stays open, but not the city's name.

    Raises:
        ConfigError: The name is not given, and there is no terminal.
    """
    if is_terminal:
        name = name or click.prompt("The city's name for readers", type=str)
        if not (state or zone):
            state = click.prompt("Its state (WA)", default="", show_default=False)
        if population is None:
            said = "Its population in the census of 2020 (blank: later)"
            population = click.prompt(said, default=0, show_default=False, type=int)
    if not name:
        raise ConfigError("Give the city's name with --name, such as --name Seattle.")
    columns = tuple(part.strip() for part in (key or "").split(",") if part.strip())
    return Options(name, state or None, zone, population or None, columns, window)
