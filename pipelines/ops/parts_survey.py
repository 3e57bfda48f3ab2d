"""Check the parts of a data set that is published as several tables."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pipelines.datasets.parts import Part
from pipelines.datasets.windows import Window
from pipelines.ops.findings import Finding, age_in_words
from pipelines.portals.parts import PartsReader

# No rows are dated earlier, but by mistake.
FIRST_DAY = date(1900, 1, 1)


def part_findings(reader: PartsReader, now: datetime) -> Iterator[Finding]:
    """Whether each part answers, and has rows of other days than it declares."""
    name = reader.dataset.name
    for part, published in reader.found():
        said = f"{part.place} answers"
        if published.updated_at:
            age = now - published.updated_at
            said += f"; last updated {age_in_words(age)} ago"
        yield Finding("ok", name, said)
        outside = sum(reader.count_of(part, window) for window in other_days(part))
        if outside:
            yield Finding(
                "warn",
                name,
                f"{part.place} has rows of other days than {days_of(part)} "
                f"({outside:,}): they are not looked for there. Correct its days in "
                f"{name}.toml, unless the rows are mistakes.",
            )


def other_days(part: Part) -> list[Window]:
    """The windows of the days that a part does not declare."""
    before = [Window(FIRST_DAY, part.start)] if part.start else []
    after = [Window(part.end + timedelta(days=1))] if part.end else []
    return [*before, *after]


def days_of(part: Part) -> str:
    """The days that a part declares."""
    if not part.start:
        return f"those up to {part.end}"
    return f"{part.start} to {part.end}" if part.end else f"those from {part.start} on"
