"""The differences between portal and warehouse that a load writes."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Differences:
    """The rows, changes and former versions that a load writes."""

    rows: pa.Table
    changes: pa.Table
    """row_id, change, changed_fields."""
    former: pa.Table
    """The former versions of changed rows: declared columns and `row_id`."""

    def number(self, change: str) -> int:
        """How many rows were added, changed, removed or restored."""
        return pc.sum(pc.equal(self.changes["change"], change)).as_py() or 0
