"""Find what identifies a row, and what a report is counted by."""

from dataclasses import dataclass

from pipelines.onboarding.facts import Finding, Seen, listed
from pipelines.onboarding.times import share
from pipelines.onboarding.words import (
    CASE,
    NOT_KEYS,
    is_case_like,
    is_key_like,
    is_number_of_rows,
    is_offense_like,
    run,
    words,
)

# Candidates whose values are counted by the portal.
MOST_CANDIDATES = 8

# A column with nearly one value per row needs no second one, but an ordinal for ties.
NEARLY = 0.998

MOST_COLUMNS = 3

# The share of sampled rows that a further column must tell apart.
LEAST_GAIN = 0.001

# The share of sampled rows that must have a value.
FILLED = 0.99

# More rows than that per value, and a column numbers something else than reports.
MOST_ROWS_PER_CASE = 6.0


@dataclass(frozen=True)
class Key:
    """What makes up `row_id`."""

    columns: list[str]
    is_unique: bool
    finding: Finding


def key_candidates(seen: Seen, left_out: set[str]) -> list[str]:
    """Columns that may identify rows, the likeliest first: those to be counted."""
    names = []
    for column in seen.described.columns:
        if column.name in left_out or column.kind in ("date", "instant", "point"):
            continue
        is_named = is_key_like(column.name) or is_number_of_rows(column.name)
        if is_named or column.name == seen.described.key:
            names.append(column.name)

    def rank(name: str) -> tuple[bool | float, ...]:
        return (
            name != seen.described.key,
            is_number_of_rows(name),
            seen.filled(name) < FILLED,
            -distinctness(seen, [name]),
            not CASE.search(run(name)),
        )

    named = sorted(names, key=rank)
    return named[:MOST_CANDIDATES]


def by_values(seen: Seen, left_out: set[str]) -> list[str]:
    """Columns whose sampled values are all different, whatever their names."""
    found = []
    for column in seen.described.columns:
        is_number = column.kind in ("text", "number")
        name = run(column.name)
        if column.name in left_out or not is_number or NOT_KEYS.search(name):
            continue
        if seen.filled(column.name) < 1:
            continue
        values = {row.get(column.name) or "" for row in seen.both}
        is_code = all(len(v) <= 40 and " " not in v and "." not in v for v in values)
        has_digits = all(any(c.isdigit() for c in v) for v in values)
        if is_code and has_digits and distinctness(seen, [column.name]) >= NEARLY:
            found.append(column.name)
    return found[:2]


def distinctness(seen: Seen, names: list[str]) -> float:
    """Different values per sampled row, the lesser of both samples."""
    samples = [sample for sample in (seen.rows, seen.newest) if len(sample) > 1]
    ratios = [
        len({tuple(row.get(n) for n in names) for row in sample}) / len(sample)
        for sample in samples
    ]
    return min(ratios, default=0.0)


def find_key(
    seen: Seen, counted: list[str], left_out: set[str], dates: list[str]
) -> Key | None:
    """The column that counts prove a key, else the smallest set that nearly is one."""
    rows, figures = seen.figures.rows, seen.figures
    if rows == 0:
        return None
    unique = [
        name
        for name in counted
        if figures.different.get(name) == rows and figures.filled.get(name) == rows
    ]
    stable = [name for name in unique if not is_number_of_rows(name)]
    if best := next(iter(stable), None):
        why = f"{rows:,} rows have {rows:,} different values, so it is unique in every "
        return Key([best], True, Finding("key", [best], f"{why}month", "measured"))
    cases = [n for n in counted if usable(seen, n) and not is_number_of_rows(n)]
    ratios = {n: ratio(seen, n) for n in cases}
    best_case = max(cases, key=lambda n: ratios[n], default=None)
    if best_case and ratios[best_case] >= NEARLY and not unique:
        return nearly(seen, [best_case], counted_only=True)
    if unique:
        why = (
            f"{rows:,} rows have {rows:,} different values; a number of the server's, "
            "which a republished table may have new"
        )
        return Key([unique[0]], True, Finding("key", [unique[0]], why, "proposed"))
    if best_case is None:
        return None
    return nearly(seen, widened(seen, best_case, left_out, dates))


def usable(seen: Seen, name: str) -> bool:
    """Whether nearly every row has a value."""
    filled = seen.figures.filled.get(name)
    return filled is None or filled >= FILLED * seen.figures.rows


def ratio(seen: Seen, name: str) -> float:
    """Different values per row, counted if the portal was asked, else sampled."""
    different = seen.figures.different.get(name)
    if different is None:
        return distinctness(seen, [name])
    return different / max(seen.figures.rows, 1)


def widened(seen: Seen, first: str, left_out: set[str], dates: list[str]) -> list[str]:
    """A column and those that tell the rows apart that share its value."""
    columns, apart = [first], distinctness(seen, [first])
    others = [
        column.name
        for column in seen.described.columns
        if column.name not in left_out
        and column.name != first
        and part_rank(column.name, dates) is not None
        and seen.filled(column.name) >= 0.9
    ]
    others.sort(key=lambda name: part_rank(name, dates) or 0)
    while len(columns) < MOST_COLUMNS and apart < NEARLY and others:
        gains = {name: distinctness(seen, [*columns, name]) for name in others}
        telling = [name for name in others if gains[name] - apart >= LEAST_GAIN]
        # A date tells rows apart by chance, and changes when it is corrected.
        lasting = [name for name in telling if name not in dates]
        if not telling:
            break
        best = max(lasting or telling, key=lambda name: round(gains[name], 3))
        columns, apart = [*columns, best], gains[best]
        others.remove(best)
    return columns


def part_rank(name: str, dates: list[str]) -> int | None:
    """How well a column suits as a part of a key; None if it does not."""
    if is_offense_like(name):
        is_code = any(word in run(name) for word in ("code", "nibr", "ibr", "cd", "id"))
        return 0 if is_code else 1
    if is_key_like(name) and not is_number_of_rows(name):
        return 2
    if set(words(name)) & {"involvement", "invl", "role", "sequence", "seq"}:
        return 2
    return 4 if name in dates else None


def nearly(seen: Seen, columns: list[str], counted_only: bool = False) -> Key:
    """A key that some rows share."""
    rows = seen.figures.rows
    different = seen.figures.different.get(columns[0], 0)
    said = f"{rows:,} rows have {different:,} different {columns[0]}"
    if not counted_only:
        apart = distinctness(seen, columns)
        said += f"; {listed(columns)} tell {share(apart, 1)} of sampled rows apart"
    said += ", so rows that share a key are numbered"
    return Key(columns, False, Finding("key", columns, said, "measured"))


def counting(seen: Seen, counted: list[str], key: Key) -> tuple[str | None, Finding]:
    """What incidents are counted by, if a row is a part of a report."""
    rows = seen.figures.rows
    found = {}
    for name in counted:
        different = seen.figures.different.get(name)
        if different is None and usable(seen, name):
            different = round(distinctness(seen, [name]) * rows)
        is_own = key.is_unique and [name] == key.columns
        if not different or is_own or not is_case_like(name):
            continue
        per = rows / different
        if 1.0 < per <= MOST_ROWS_PER_CASE and usable(seen, name):
            found[name] = per
    if not found:
        first = key.columns[0]
        return (None if key.is_unique else first), Finding(
            "grain", 1.0, f"one row per {first}: rows are counted", "measured"
        )
    name = max(found, key=lambda n: found[n])
    evidence = f"{found[name]:.2f} rows per {name}, by which incidents are counted"
    return name, Finding("grain", round(found[name], 2), evidence, "measured")
