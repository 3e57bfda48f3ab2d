"""A published table that is served as whole files, not by an API."""

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from demo.store import Dataset, Store


class FileTable(Dataset):
    """Rows that are written anew into one file or several whenever they change.

    Args:
        write: Makes a file's bytes of its rows.
        file_column: The column that tells the file of a row, by name, and that no file
            holds; None where there is one file.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        rows: pa.Table | list[dict],
        columns: dict[str, str],
        key: str | None = None,
        *,
        write: Callable[[pa.Table], bytes],
        file_column: str | None = None,
    ):
        super().__init__(store, name, rows, columns, key)
        self.write, self.file_column = write, file_column
        self._written: dict[str, tuple[int, bytes, datetime]] = {}

    def contents(self, file_name: str) -> tuple[bytes, datetime]:
        """Return a file's bytes and when they became what they are.

        A change of the table that leaves a file's bytes alone does not make it newer.
        """
        with self.store.lock:
            version, body, changed_at = self._written.get(file_name, (0, None, None))
            if version != self.version:
                written = self.write(self._rows_of(file_name))
                if written != body:
                    body, changed_at = written, self.rows_updated_at
                self._written[file_name] = self.version, body, changed_at
            return body, changed_at

    def _rows_of(self, file_name: str) -> pa.Table:
        rows = self.rows()
        if self.file_column is None:
            return rows
        inside = pc.equal(rows[self.file_column], file_name)
        return rows.filter(inside).drop_columns(self.file_column)
