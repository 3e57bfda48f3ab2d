"""Digests of every table that the golden three days come to, kept beside this file.

One digest stands for a table's columns, their types and its rows in any order, alike on
every warehouse. A change that is meant to change nothing leaves all as they are:

    python -m tests.support.golden_digests --check     # on DuckDB; names what differs
    python -m tests.support.golden_digests --rewrite   # after a change that is meant

Rows are not kept with the project. A check keeps those of the tables that were right in
$BLOTTER_TEST_CACHE, or ~/.cache/blotter-test, and so can later show which rows differ.
"""

import argparse
import gzip
import hashlib
import json
import math
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support import golden_tables, parsed_once
from tests.support.golden_tables import Golden
from tests.support.same_numbers import Table, differences

FILE = Path(__file__).with_suffix(".json")
REWRITE = "python -m tests.support.golden_digests --rewrite"
# Rows that are shown of a table, of those too many and of those that are missing, and
# how much of each.
SHOWN, WIDTH = 3, 300
# A sum of whole numbers is a decimal on some warehouses.
NUMBERS = ("whole number", "decimal")

FILES = "files"
Digests = dict[str, dict[str, str]]
"""Digests of tables by their name, by day; and of `FILES`, by their path."""


def digest(table: Table) -> str:
    return hashlib.sha256("\n".join(lines(table)).encode()).hexdigest()[:20]


def lines(table: Table) -> list[str]:
    """A table as JSON: names and types of the columns first, then its rows, sorted."""
    kinds = ["number" if kind in NUMBERS else kind for kind in table.columns.values()]
    head = [list(pair) for pair in zip(table.columns, kinds, strict=True)]
    return [as_json(head), *sorted(as_json(map(canonical, row)) for row in table.rows)]


def as_json(values: Any) -> str:
    return json.dumps(list(values), ensure_ascii=False)


def canonical(value: Any) -> Any:
    """A cell as null, truth or text: numbers to their last digit, instants in UTC.

    Raises:
        TypeError: A cell of a type that no column here has.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | Decimal):
        exact = Decimal(value)
        is_whole = exact == exact.to_integral_value()
        return str(int(exact)) if is_whole else f"{exact.normalize():f}"
    if isinstance(value, float):
        # Zero has no sign here: warehouses differ in whether they keep it.
        return "nan" if math.isnan(value) else repr(value + 0.0)
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__}: {value!r}")


def digests(golden: Golden) -> Digests:
    days = {
        str(day): {name: digest(table) for name, table in sorted(held.items())}
        for day, held in golden.days.items()
    }
    return {**days, FILES: golden.files}


def kept_digests() -> Digests:
    return json.loads(FILE.read_text())


def rewrite(golden: Golden) -> None:
    FILE.write_text(json.dumps(digests(golden), indent=2) + "\n")
    assert differing(golden) == []


def differing(golden: Golden) -> list[str]:
    """What is not as the file has it: a line for each table, then rows if known.

    The rows of tables that are as they should be are kept for later.
    """
    kept, told = kept_digests(), []
    for day, held in golden.days.items():
        expected = kept[str(day)]
        for name in sorted(expected.keys() | held.keys()):
            told += differences_of(f"{day} {name}", held.get(name), expected.get(name))
    either = kept[FILES].items() ^ golden.files.items()
    return told + [
        f"published: {path}" for path in sorted({path for path, _ in either})
    ]


def explained(golden: Golden) -> list[str]:
    """What differs, and then how it differs from DuckDB, cell by cell."""
    told = differing(golden)
    if told:
        duckdb = on_duckdb()
        for day, held in golden.days.items():
            cells = differences(duckdb.days[day], held)
            told += [f"{day}, on DuckDB and here: {line}" for line in cells]
        told.append(f"If DuckDB differs too, and it is meant: {REWRITE}")
    return told


def differences_of(name: str, table: Table | None, expected: str | None) -> list[str]:
    if table is None:
        return [f"{name}: is gone"]
    if expected is None:
        return [f"{name}: is new"]
    found = digest(table)
    if found == expected:
        keep_lines(table, expected)
        return []
    return [f"{name}: {expected}, now {found}", *line_differences(table, expected)]


def line_differences(table: Table, expected: str) -> Iterator[str]:
    """The columns that differ, and the first rows too many (+) and missing (-).

    Only if the right ones are kept here.
    """
    file = place_of_lines(expected)
    if not file.exists():
        yield "    (no check was made here while its rows were right: none to compare)"
        return
    head, *before = gzip.decompress(file.read_bytes()).decode().split("\n")
    head_now, *now = lines(table)
    if head != head_now:
        yield from (f"  - {head}", f"  + {head_now}")
    missing, surplus = Counter(before) - Counter(now), Counter(now) - Counter(before)
    if head == head_now:
        yield f"    in {', '.join(differing_columns(head, missing, surplus))}"
    for sign, rows in (("-", missing), ("+", surplus)):
        yield from (f"  {sign} {row[:WIDTH]}" for row in sorted(rows)[:SHOWN])
        if len(rows) > SHOWN:
            yield f"  {sign} ... of {rows.total()}"


def differing_columns(head: str, *sides: Counter[str]) -> list[str]:
    """The columns of some rows that do not hold the same values on both sides."""
    values = [values_by_column(rows) for rows in sides]
    columns = [name for name, _ in json.loads(head)]
    if not all(values):
        return columns
    pairs = zip(columns, *values, strict=True)
    return [column for column, one, other in pairs if one != other] or columns


def values_by_column(rows: Counter[str]) -> list[Counter[str]]:
    cells = map(json.loads, rows.elements())
    return [Counter(map(str, column)) for column in zip(*cells, strict=True)]


def place_of_lines(found: str) -> Path:
    cache = os.environ.get("BLOTTER_TEST_CACHE") or "~/.cache/blotter-test"
    return Path(cache).expanduser() / "golden" / f"{found}.gz"


def keep_lines(table: Table, found: str) -> None:
    file = place_of_lines(found)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(gzip.compress("\n".join(lines(table)).encode(), 1))
        fresh.rename(file)


def on_duckdb() -> Golden:
    """What the days come to on DuckDB."""
    from pipelines.transform import runner

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(runner, "invoke", parsed_once.with_shared_parsing(runner.invoke))
        settings = {"BLOTTER_SITE": "off", "BLOTTER_PREFIX": ""}
        return golden_tables.run_days(
            Path(folder) / "home", {**settings, "BLOTTER_TARGET": "duckdb"}
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="name what differs; exit 1")
    what.add_argument("--rewrite", action="store_true", help="keep what is found")
    if parser.parse_args().rewrite:
        rewrite(on_duckdb())
        return 0
    told = differing(on_duckdb())
    for line in told or [f"every table is as {FILE.name} has it"]:
        sys.stdout.write(f"{line}\n")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
