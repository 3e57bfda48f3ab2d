"""How a run's part for one data set ended, as the ledger records it."""

from enum import StrEnum


class Outcome(StrEnum):
    """The column `outcome` of `ledger.runs`."""

    RUNNING = "running"
    """Or killed, if no run has come since."""
    LOADED = "loaded"
    UNCHANGED = "unchanged"
    """The portal has nothing that is not loaded."""
    MOVING = "moving"
    """The table changed while it was read; the next run reads it again."""
    PARTIAL = "partial"
    """Some of its files were missing; the others are loaded."""
    FAILED = "failed"
    KILLED = "killed"
    DBT_OK = "dbt_ok"
    """The models were built; if not, the next."""
    DBT_FAILED = "dbt_failed"


# The loaded version is the portal's.
WHOLE = (Outcome.LOADED, Outcome.UNCHANGED)
# The version says what is loaded, of each file.
READ = (*WHOLE, Outcome.PARTIAL)
# Nothing is to be mended.
GOOD = (*WHOLE, Outcome.MOVING, Outcome.DBT_OK)
# Rows were written only if the ledger's counts say so.
COUNTED = (*WHOLE, Outcome.MOVING, Outcome.PARTIAL)


def in_sql(outcomes: tuple[Outcome, ...]) -> str:
    """Outcomes as the right side of SQL's `in`."""
    return "(" + ", ".join(f"'{outcome}'" for outcome in outcomes) + ")"
