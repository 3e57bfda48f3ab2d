"""Ask a file about its rows: it is fetched once and counted here."""

from collections import Counter
from datetime import datetime
from urllib.parse import urlsplit

from pipelines.datasets.columns import REJECT, raw_name
from pipelines.datasets.dataset import FileDataset
from pipelines.errors import PortalError, Retryable
from pipelines.onboarding.addresses import Address
from pipelines.onboarding.asking import NAME, Line
from pipelines.onboarding.tables import (
    Column,
    Description,
    Figures,
    Months,
    Row,
    Table,
)
from pipelines.onboarding.times import moment_of
from pipelines.portals.files import check_is_file, name_of
from pipelines.portals.formats.spreadsheets import read_sheet

SAMPLE_ROWS = 1_000

# Column names by which a header is recognized: fewer is not a table.
FEWEST_COLUMNS = 2


class FileTable(Table):
    """A CSV, a zipped CSV or a workbook."""

    def __init__(self, address: Address, line: Line):
        self.address, self.line = address, line
        self.rows: list[Row] = []

    def describe(self) -> Description:
        name = name_of(self.address.url)
        answer = self.line.fetch(self.address.url, dict(self.address.query), name)
        host = self.address.host
        try:
            check_is_file(self._as_declared(["?"]), answer)
            is_whole = "Content-Length" in answer.headers
            header = read_sheet(self._as_declared(["?"]), name, answer.body, is_whole)
            names = list(dict.fromkeys(header.header))
            sheet = read_sheet(self._as_declared(names), name, answer.body, is_whole)
        except Retryable as error:
            raise PortalError(f"{host}: {name} can't be read: {error}.") from error
        if len(names) < FEWEST_COLUMNS:
            raise PortalError(f"{host}: {name} has no header with several columns.")
        raw = {raw_name(column): column for column in names}
        rows = sheet.rows.to_pylist()
        self.rows = [
            {raw[key]: value for key, value in row.items() if key in raw}
            for row in rows
            if not row.get(REJECT)
        ]
        title = urlsplit(self.address.page).path.rpartition("/")[2]
        return Description(
            columns=[Column(column, "text") for column in names],
            title=title.rpartition(".")[0].replace("_", " ") or title,
            query_language=False,
        )

    def _as_declared(self, columns: list[str]) -> FileDataset:
        return FileDataset(
            name=NAME,
            title="",
            url=self.address.url,
            zone="UTC",
            key=columns[:1],
            columns=columns,
            format=self.address.format,
        )

    def sample(self) -> list[Row]:
        step = max(len(self.rows) // SAMPLE_ROWS, 1)
        return self.rows[::step][:SAMPLE_ROWS]

    def newest(self, column: str, until: datetime) -> list[Row]:
        dated = [(moment_of(row.get(column)), row) for row in self.rows]
        kept = [(moment, row) for moment, row in dated if moment and moment <= until]
        kept.sort(key=lambda pair: pair[0], reverse=True)
        return [row for _, row in kept[:SAMPLE_ROWS]]

    def figures(self, keys: list[str], dates: list[str]) -> Figures:
        names = list(dict.fromkeys([*keys, *dates]))
        values = {name: [row.get(name) for row in self.rows] for name in names}
        filled = {n: sum(1 for v in values[n] if v) for n in names}
        read = {name: list(map(moment_of, values[name])) for name in dates}
        known = {name: [m for m in found if m] for name, found in read.items()}
        return Figures(
            rows=len(self.rows),
            filled=filled,
            different={n: len({v for v in values[n] if v}) for n in keys},
            spans={
                name: (min(found, default=None), max(found, default=None))
                for name, found in known.items()
            },
        )

    def months(self, column: str) -> Months | None:
        read = (moment_of(row.get(column)) for row in self.rows)
        return dict(Counter(m.date().replace(day=1) for m in read if m))

    def values(self, column: str) -> dict[str, int] | None:
        counted = Counter(row.get(column) or "" for row in self.rows)
        counted.pop("", None)
        return dict(counted.most_common())
