"""The columns of the ledger's tables."""

import pyarrow as pa

from pipelines.warehouse.tables import INSTANT

# Columns in the order they were introduced: add new ones at the end.
TABLES = {
    "runs": {
        "run_id": "text",
        "command": "text",
        "dataset": "text",
        "started_at": "timestamptz",
        "finished_at": "timestamptz",
        "window_start": "date",
        "portal_version": "text",
        "declaration": "text",
        "portal_rows": "bigint",
        "rows_read": "bigint",
        "added": "bigint",
        "changed": "bigint",
        "removed": "bigint",
        "restored": "bigint",
        "rejected": "bigint",
        "repeats": "bigint",
        "seconds": "double",
        "outcome": "text",
        "error": "text",
        "warnings": "text",
        "number": "bigint",
        "swept": "bigint",
        "swept_to": "timestamptz",
        "compared_at": "timestamptz",
        "months_compared": "bigint",
        "months_repaired": "bigint",
        "bytes_billed": "bigint",
        "day": "date",
        "unswept_at": "timestamptz",
    },
    "months": {
        "dataset": "text",
        "month": "date",
        "declaration": "text",
        "run_id": "text",
        "finished_at": "timestamptz",
        "surplus": "bigint",
    },
}

# Arrow types of the columns of `months`.
ARROW = {
    "dataset": pa.string(),
    "month": pa.date32(),
    "declaration": pa.string(),
    "run_id": pa.string(),
    "finished_at": INSTANT,
    "surplus": pa.int64(),
}
