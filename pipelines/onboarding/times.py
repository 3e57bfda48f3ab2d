"""Read dates as portals write them, with a zone or without."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pipelines.datasets.date_pattern import DatePattern

ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")
ZONED = re.compile(r"(?:Z|[+-]\d\d(?::?\d\d)?)$")

FORMATS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%m/%d/%y %H:%M",
    "%m/%d/%y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%m-%d-%Y",
    "%Y%m%d",
)


# What `window_format` and `local_from_text` can say: numbers keep their zeros.
PATTERNS = (
    *("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"),
    *("%m/%d/%Y %I:%M %p", "%m-%d-%Y", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S", "%Y%m%d"),
    *("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.000"),
    *("%Y-%m-%d %H:%M:%S.0000000", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.000"),
)

# A few values may be none of the pattern: they count as undated.
OF_PATTERN = 0.98


def pattern_of_values(values: list[str]) -> str | None:
    """The pattern that nearly all of a column's dates have; None if there is none."""
    for pattern in PATTERNS:
        shape = re.compile(DatePattern(pattern).regex)
        found = sum(bool(shape.fullmatch(value)) for value in values)
        if values and found >= OF_PATTERN * len(values):
            return pattern
    return None


def moment_of(text: str | None) -> datetime | None:
    """The clock that a text shows, without its zone; None if it shows none."""
    text = (text or "").strip()
    if ISO.match(text):
        try:
            moment = datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", text))
        except ValueError:
            return None
        return moment.replace(tzinfo=None)
    for form in FORMATS if re.match(r"\d{1,4}[/-]?\d", text) else ():
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        return moment if 1900 <= moment.year < 2100 else None
    return None


def is_iso(text: str | None) -> bool:
    """Whether a text sorts as its date does."""
    return bool(ISO.match((text or "").strip()))


def has_zone(text: str | None) -> bool:
    return is_iso(text) and bool(ZONED.search((text or "").strip()[10:]))


def of_epoch(value: object) -> str | None:
    """Epoch milliseconds as ISO text of UTC's clock; None if in no year."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value)
    except (OverflowError, ValueError):
        return None
    return moment.replace(tzinfo=None).isoformat()


def moments(values: Iterable[str | None]) -> list[datetime]:
    """Those of the values that are dates of 1990 to 2100."""
    read = (moment_of(value) for value in values)
    return [m for m in read if m is not None and 1990 <= m.year < 2100]


def share(part: float, whole: float) -> str:
    """A share in words: 99.7 %."""
    pct = 100 * part / whole if whole else 0.0
    return "100 %" if pct == 100 else f"{pct:.1f} %"
