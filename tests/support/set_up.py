"""The settings of this process, as the command reads them, for a home."""

import dataclasses
from pathlib import Path
from typing import Any

from pipelines.environment import OWN, declared
from pipelines.settings import Settings

VARIABLES = {
    setting.variable
    for setting in declared(Settings).values()
    if setting.variable.startswith(OWN)
}
"""The variables of the project's own settings."""


def settings_in(home: Path, **changed: Any) -> Settings:
    """What the environment says, but for the home; a held file is not waited for."""
    given = {"home": home, "wait": 0.0, **changed}
    return dataclasses.replace(Settings.from_environment(), **given)
