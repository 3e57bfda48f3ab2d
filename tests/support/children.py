"""Child processes that begin with everything imported: a kill is a matter of moments.

One server forks them all; it imports what it was told last, and is told here alone.
"""

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        *("dlt.destinations", "dbt.cli.main", "dbt.adapters.duckdb"),
        *("tests.support.killed_runs", "tests.system.test_interruptions"),
    ]
)
