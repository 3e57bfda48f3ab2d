"""Every setting: its environment variable, its default, a sentence about it.

The lists elsewhere come from here: what `blotter doctor` knows, and the tables of
docs/settings.md (`make settings-page`).
"""

import os
from typing import Annotated, get_type_hints

import msgspec


class Setting(msgspec.Struct, frozen=True):
    """What there is to know about a setting beside its default."""

    variable: str
    section: str  # The heading of docs/settings.md that it stands below.
    sentence: str
    secret: bool = False
    shown: str = ""  # What the page names as default, where that is no constant.


class Settings(msgspec.Struct, frozen=True):
    """The settings, as text; an empty one where nothing is set and no default is.

    Those who use one read what it means from its text, and refuse what means nothing.
    """

    target: Annotated[
        str,
        Setting(
            "BLOTTER_TARGET", "All", "the warehouse: `duckdb`, `postgres` or `bigquery`"
        ),
    ] = "duckdb"
    prefix: Annotated[
        str,
        Setting(
            "BLOTTER_PREFIX",
            "All",
            "what every schema's or dataset's name begins with: small letters, digits "
            "and `_`, 31 at most; lets installations share a database or project",
        ),
    ] = ""
    home: Annotated[
        str,
        Setting(
            "BLOTTER_HOME",
            "All",
            "the folder that holds everything that a run writes, on a file system "
            "that can lock files and keep links; `/data` in the image",
            shown="`./blotter_home`",
        ),
    ] = "blotter_home"
    lake: Annotated[
        str,
        Setting(
            "BLOTTER_LAKE",
            "All",
            "a folder, or `gs://bucket/folder`, and nothing else, for a copy of the "
            "raw rows in Parquet: [lake.md](lake.md)",
        ),
    ] = ""
    memory: Annotated[
        str,
        Setting(
            "BLOTTER_MEMORY", "All", "what DuckDB may use while the models are built"
        ),
    ] = "400MB"
    wait: Annotated[
        str,
        Setting(
            "BLOTTER_WAIT",
            "All",
            "seconds that a run waits for another program to let go of DuckDB's file",
        ),
    ] = "60"
    log: Annotated[str, Setting("BLOTTER_LOG", "All", "`json`: one object a line")] = (
        "text"
    )
    check_prefix: Annotated[
        str,
        Setting(
            "BLOTTER_CHECK_PREFIX",
            "All",
            "what the names of the schemas begin with that `blotter check` makes and "
            "drops: `BLOTTER_PREFIX`, `check_`, small letters or digits, and `_`",
            shown="`check_<home>_`",
        ),
    ] = ""

    socrata_app_token: Annotated[
        str,
        Setting(
            "SOCRATA_APP_TOKEN",
            "Portals",
            "sent in a header, never in an address",
            secret=True,
        ),
    ] = ""
    contact: Annotated[
        str,
        Setting(
            "BLOTTER_CONTACT",
            "Portals",
            "your address, told to the portals in `User-Agent`",
        ),
    ] = ""
    timeout: Annotated[
        str,
        Setting(
            "BLOTTER_TIMEOUT",
            "Portals",
            "seconds that a portal may stay silent; a whole answer may take five "
            "times as long",
        ),
    ] = "120"
    retries: Annotated[
        str,
        Setting(
            "BLOTTER_RETRIES", "Portals", "how often a portal that fails is asked again"
        ),
    ] = "5"
    backoff: Annotated[
        str,
        Setting(
            "BLOTTER_BACKOFF",
            "Portals",
            "the longest wait between two tries, in seconds",
        ),
    ] = "60"
    portal: Annotated[
        str,
        Setting(
            "BLOTTER_PORTAL",
            "Portals",
            "replaces scheme and host of every address (demo, tests)",
        ),
    ] = ""

    site: Annotated[
        str,
        Setting(
            "BLOTTER_SITE",
            "Published files",
            "`off`: runs end without a publication; `blotter site` still makes one",
        ),
    ] = "on"
    site_url: Annotated[
        str,
        Setting(
            "BLOTTER_SITE_URL",
            "Published files",
            "where `published/` is served, `https://host/folder/`: addresses in "
            "`dcat-us.json` begin with it, and are relative without",
        ),
    ] = ""
    site_contact: Annotated[
        str,
        Setting(
            "BLOTTER_SITE_CONTACT",
            "Published files",
            "an e-mail address, published in `dcat-us.json`; no harvester takes a "
            "catalog without one",
        ),
    ] = ""

    webhook: Annotated[
        str,
        Setting(
            "BLOTTER_WEBHOOK",
            "Alerts",
            "told when a run fails, and when one goes well again",
            secret=True,
        ),
    ] = ""
    heartbeat: Annotated[
        str,
        Setting(
            "BLOTTER_HEARTBEAT",
            "Alerts",
            "told of each `daily`: `/start`, then itself or `/fail`",
            secret=True,
        ),
    ] = ""

    pghost: Annotated[
        str, Setting("PGHOST", "PostgreSQL", "the server", shown="needed")
    ] = ""
    pgport: Annotated[str, Setting("PGPORT", "PostgreSQL", "")] = "5432"
    pguser: Annotated[
        str, Setting("PGUSER", "PostgreSQL", "the account that loads", shown="needed")
    ] = ""
    pgpassword: Annotated[str, Setting("PGPASSWORD", "PostgreSQL", "", secret=True)] = (
        ""
    )
    pgdatabase: Annotated[
        str, Setting("PGDATABASE", "PostgreSQL", "", shown="needed")
    ] = ""
    pgsslmode: Annotated[
        str,
        Setting(
            "PGSSLMODE",
            "PostgreSQL",
            "`verify-full` for a server that is not on this machine",
        ),
    ] = "prefer"

    google_cloud_project: Annotated[
        str,
        Setting(
            "GOOGLE_CLOUD_PROJECT",
            "BigQuery",
            "the project that holds the datasets and pays",
            shown="needed",
        ),
    ] = ""
    location: Annotated[
        str, Setting("BLOTTER_LOCATION", "BigQuery", "where the datasets lie")
    ] = "US"
    bucket: Annotated[
        str,
        Setting(
            "BLOTTER_BUCKET",
            "BigQuery",
            "`gs://name`: files on their way are staged below `staging/` in it",
        ),
    ] = ""
    max_bytes_billed: Annotated[
        str,
        Setting(
            "BLOTTER_MAX_BYTES_BILLED",
            "BigQuery",
            "a statement that would be billed for more bytes is refused; 0 is no limit",
        ),
    ] = "0"
    impersonate: Annotated[
        str, Setting("BLOTTER_IMPERSONATE", "BigQuery", "the service account to act as")
    ] = ""
    google_application_credentials: Annotated[
        str,
        Setting(
            "GOOGLE_APPLICATION_CREDENTIALS", "BigQuery", "a key file, the last resort"
        ),
    ] = ""

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read every variable; an empty one counts as not set."""
        return cls(
            **{
                field: text
                for field, setting in DECLARED.items()
                if (text := os.environ.get(setting.variable))
            }
        )

    def __repr__(self) -> str:
        """Show no value: some are secrets."""
        return "Settings(...)"


def declared() -> dict[str, Setting]:
    """What each field of `Settings` is declared as, in their order."""
    hints = get_type_hints(Settings, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in Settings.__struct_fields__}


DECLARED = declared()
