"""What a load has to write."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Differences:
    """What a load has to write."""

    rows: pa.Table
    changes: pa.Table
    """row_id, change, changed_fields."""
    former: pa.Table
    """The versions that changed rows had, declared columns and `row_id`."""

    def number(self, change: str) -> int:
        """How many rows were added, changed, removed or restored."""
        return pc.sum(pc.equal(self.changes["change"], change)).as_py() or 0
