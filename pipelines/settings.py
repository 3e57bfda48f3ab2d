"""The settings: every one with its variable, its default and a sentence about it.

They are read once, in the command, and handed down. `blotter doctor`'s list of known
settings and the tables of docs/settings.md (`make settings-page`) come from here.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from pipelines import __version__
from pipelines.environment import (
    email,
    folder,
    folder_or_bucket,
    gs_bucket,
    name_prefix,
    names,
    number,
    on_or_off,
    one_of,
    port,
    read,
    secret_address,
    setting,
    site_address,
)

PORTALS, FILES, ALERTS = "Portals", "Published files", "Alerts"

POSTGRES, BIGQUERY = "PostgreSQL", "BigQuery"


@dataclass(frozen=True)
class Patience:
    """How long to wait for a portal, in seconds, and how often to retry."""

    timeout: float = 120.0
    retries: int = 5
    backoff: float = 60.0


@dataclass(frozen=True)
class Identity:
    """Who asks a portal."""

    contact: str | None = None
    """How to reach the person responsible."""
    app_token: str | None = None
    """App token of a Socrata account."""

    @property
    def user_agent(self) -> str:
        """The project's name and, if set, the contact."""
        return f"blotter/{__version__}" + (f" ({self.contact})" if self.contact else "")


NOBODY = Identity()


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """All settings. Those of a warehouse are only read if it is the target."""

    target: str = setting(
        "All",
        "BLOTTER_TARGET",
        "duckdb",
        "the warehouse: `duckdb`, `postgres` or `bigquery`",
        one_of("duckdb", "postgres", "bigquery"),
    )
    prefix: str = setting(
        "All",
        "BLOTTER_PREFIX",
        "",
        "prefix of every schema or dataset: lower-case letters, digits and `_`, at "
        "most 31; lets installations share a database or project",
        name_prefix,
    )
    datasets: tuple[str, ...] = setting(
        "All",
        "BLOTTER_DATASETS",
        "",
        "cities, other sources and data sets, separated by commas: what is loaded, "
        "built and shown; `blotter list` shows all that are declared",
        names,
        shown="what is declared as enabled",
    )
    home: Path = setting(
        "All",
        "BLOTTER_HOME",
        "blotter_home",
        "the folder that holds everything that a run writes, on a file system that can "
        "lock files and keep links; `/data` in the image",
        folder,
        shown="`./blotter_home`",
    )
    lake: str | None = setting(
        "All",
        "BLOTTER_LAKE",
        None,
        "a folder or `gs://bucket/folder`, nothing else, for a copy of the raw rows in "
        "Parquet: [lake.md](lake.md)",
        folder_or_bucket,
    )
    memory: str | None = setting(
        "All",
        "BLOTTER_MEMORY",
        None,
        "memory for DuckDB while the models are built, beside some 500 MB for Python; "
        "without it a quarter of what the machine has, or its container may use, from "
        "400MB to 1000MB; what needs more is written to disk meanwhile",
        shown="a quarter",
    )
    wait: float = setting(
        "All",
        "BLOTTER_WAIT",
        "60",
        "seconds that a run waits for another program to close DuckDB's file",
        number(float, 0.0),
    )
    log: str = setting(
        "All",
        "BLOTTER_LOG",
        "text",
        "`json`: one object per line",
        one_of("text", "json"),
    )
    check_prefix: str | None = setting(
        "All",
        "BLOTTER_CHECK_PREFIX",
        None,
        "prefix of the schemas that `blotter check` creates and drops: "
        "`BLOTTER_PREFIX`, `check_`, lower-case letters or digits, and `_`",
        shown="`check_<home>_`",
    )

    app_token: str | None = setting(
        PORTALS,
        "SOCRATA_APP_TOKEN",
        None,
        "sent in a header, never in an address",
        secret=True,
    )
    contact: str | None = setting(
        PORTALS,
        "BLOTTER_CONTACT",
        None,
        "your email address, sent to the portals in `User-Agent`",
    )
    timeout: float = setting(
        PORTALS,
        "BLOTTER_TIMEOUT",
        "120",
        "seconds that a portal may stay silent; a complete answer may take five times "
        "as long",
        number(float, 0.001),
    )
    retries: int = setting(
        PORTALS,
        "BLOTTER_RETRIES",
        "5",
        "how often a failed request is retried",
        number(int, 0),
    )
    backoff: float = setting(
        PORTALS,
        "BLOTTER_BACKOFF",
        "60",
        "longest wait between two tries, in seconds",
        number(float, 0.0),
    )
    soda: str = setting(
        PORTALS,
        "BLOTTER_SODA",
        "2",
        "`3`: every Socrata data set is read by SODA 3, whatever its `api` "
        "([operations.md](operations.md#soda-2-comes-to-its-end))",
        one_of("2", "3"),
    )
    portal: str | None = setting(
        PORTALS,
        "BLOTTER_PORTAL",
        None,
        "replaces scheme and host of every address (demo, tests)",
    )

    publishes: bool = setting(
        FILES,
        "BLOTTER_SITE",
        "on",
        "`off`: runs do not publish; `blotter site` still does",
        on_or_off,
    )
    site_url: str | None = setting(
        FILES,
        "BLOTTER_SITE_URL",
        None,
        "where `published/` is served, `https://host/folder/`: addresses in "
        "`dcat-us.json` begin with it; without it they are relative",
        site_address,
    )
    site_contact: str | None = setting(
        FILES,
        "BLOTTER_SITE_CONTACT",
        None,
        "an email address, published in `dcat-us.json`; harvesters reject a catalog "
        "without one",
        email,
    )

    webhook: str | None = setting(
        ALERTS,
        "BLOTTER_WEBHOOK",
        None,
        "called when a run fails and when it recovers",
        secret_address,
        secret=True,
    )
    heartbeat: str | None = setting(
        ALERTS,
        "BLOTTER_HEARTBEAT",
        None,
        "called for each `daily`: first `/start`, then itself or `/fail`",
        secret_address,
        secret=True,
    )

    pg_host: str = setting(
        POSTGRES, "PGHOST", "", "the server", target="postgres", needed=True
    )
    pg_port: int = setting(POSTGRES, "PGPORT", "5432", "", port, target="postgres")
    pg_user: str = setting(
        POSTGRES,
        "PGUSER",
        "",
        "the account that loads",
        target="postgres",
        needed=True,
    )
    pg_password: str = setting(
        POSTGRES, "PGPASSWORD", "", "", target="postgres", secret=True
    )
    pg_database: str = setting(
        POSTGRES, "PGDATABASE", "", "", target="postgres", needed=True
    )
    # Read by libpq itself, and listed for completeness, like Google's key file below.
    pg_sslmode: str = setting(
        POSTGRES,
        "PGSSLMODE",
        "prefer",
        "`verify-full` for a server that is not on this machine",
        target="postgres",
    )

    google_project: str = setting(
        BIGQUERY,
        "GOOGLE_CLOUD_PROJECT",
        "",
        "the project that holds the datasets and pays",
        target="bigquery",
        needed=True,
    )
    location: str = setting(
        BIGQUERY, "BLOTTER_LOCATION", "US", "where the datasets are", target="bigquery"
    )
    bucket: str | None = setting(
        BIGQUERY,
        "BLOTTER_BUCKET",
        None,
        "`gs://name`: files to load are staged in it, below `staging/`",
        gs_bucket,
        target="bigquery",
    )
    max_bytes_billed: int = setting(
        BIGQUERY,
        "BLOTTER_MAX_BYTES_BILLED",
        "0",
        "a statement that would be billed for more is refused; 0 means no limit",
        number(int, 0, most=10**18),
        target="bigquery",
    )
    impersonate: str | None = setting(
        BIGQUERY, "BLOTTER_IMPERSONATE", None, "the service account to act as"
    )
    google_key_file: str | None = setting(
        BIGQUERY, "GOOGLE_APPLICATION_CREDENTIALS", None, "a key file, the last resort"
    )

    @classmethod
    def from_environment(cls) -> "Settings":
        """The settings in the process's environment.

        Raises:
            ConfigError: One is wrong, or the warehouse lacks one; names the first.
        """
        return read(cls, os.environ).well()

    @property
    def patience(self) -> Patience:
        return Patience(self.timeout, self.retries, self.backoff)

    @property
    def identity(self) -> Identity:
        return Identity(self.contact, self.app_token)

    def __repr__(self) -> str:
        """Show no value: some are secrets."""
        return "Settings(...)"
