"""Names of columns: what a publisher's may be, and those that are Blotter's own."""

import re

# Names go into the portals' query languages and into SQL without quotes.
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Those of a layer that joins tables, which go into requests as they are.
DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
DOTTED_RULE = "use only letters, digits, _ and dots between them"

# Names that go into them in double quotes.
QUOTABLE = re.compile(r"[^\"\\\x00-\x1f\x7f]{1,63}")
QUOTABLE_RULE = "it must have no quotes or line breaks, and at most 63 characters"

# A column of pages, not of tables: why a row can't be loaded; null if it can.
REJECT = ":reject"

# Another such: which of a data set's parts a row is from, as a number.
PART = ":part"

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


def raw_name(column: str) -> str:
    """A column's name in the raw table: in lower case, of letters, digits and _."""
    name = re.sub(r"[^a-z0-9_]+", "_", column.lower())
    return f"_{name}" if name[:1].isdigit() else name
