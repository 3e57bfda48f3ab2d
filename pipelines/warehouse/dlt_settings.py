"""dlt's settings; none of them is a setting for users."""

import os
from pathlib import Path
from typing import Any

# By section and name.
SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    # Failures are reported in one sentence: dlt would add tracebacks.
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    # The command handles signals: dlt would wait, and may lose them.
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    # Names as declared: `case_` would lose its underscore.
    "SCHEMA__NAMING": "direct",
    # Loaded packages and the staging tables hold published values.
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    "RESTORE_FROM_DESTINATION": "false",
    # Of what is not Parquet, so of tables without rows.
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
}
# Each name stands in one section only, so the section need not be looked for.
BY_NAME = {key.rpartition("__")[2].lower(): value for key, value in SETTINGS.items()}


def configure_dlt(home: Path) -> None:
    """Give dlt its settings, and have it look for them nowhere else.

    Else it looks for each in the environment, in files of the working folder and in
    `/run/secrets`, section by section, some thousand times a load: a quarter of the
    time that a small one takes. And a file found there would change the load.
    """
    # What is read while dlt is imported.
    os.environ.update(SETTINGS)
    os.environ["DLT_DATA_DIR"] = str(home / "dlt")
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.providers.provider import ConfigProvider
    from dlt.common.configuration.specs.pluggable_run_context import (
        PluggableRunContext,
    )

    class Provider(ConfigProvider):
        name = "Blotter"
        supports_secrets = True
        supports_sections = False

        def get_value(self, key: str, *rest: Any) -> tuple[str | None, str]:
            return BY_NAME.get(key), key

    Container()[PluggableRunContext].providers.providers = [Provider()]
