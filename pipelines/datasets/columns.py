"""Names of columns: what a publisher's may be, and those that are Blotter's own."""

import re

# Names go into the portals' query languages and into SQL without quotes.
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# A column of pages, not of tables: why a row can't be loaded; null if it can.
REJECT = ":reject"

# Columns that the pipeline adds to every raw table. A publisher's own `row_id` (San
# Francisco) is the key and so the same column.
SYSTEM_COLUMNS = (
    "row_id",
    "row_hash",
    "run_id",
    "loaded_at",
    "removed_at",
    "replaced_at",
)
