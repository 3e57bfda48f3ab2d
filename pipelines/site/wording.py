"""Numbers, days and changes as the site writes them.

What the pages' script writes again is in site/script/wording.js in the same words:
tests/support/wording.json has what both must write.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

# A percentage or rate of a smaller number is mostly chance. The warehouse's tables
# (macros/figures.sql) and the script have the same number.
SMALL = 20

NO_DATA = "No data"

FEW = "Too few"

TOO_FEW = "Too few to compare"


def number(value: int | None) -> str:
    """With commas between thousands."""
    return "–" if value is None else f"{value:,}"


def decimal(value: float | None, places: int = 1) -> str:
    """Rounded to `places`, with commas between thousands; a dash for None."""
    return "–" if value is None else f"{rounded(value, places):,}"


def rounded(value: float, places: int = 1) -> Decimal:
    """Rounded, halves away from zero, as JavaScript and the warehouses do."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def share(part: int | None, whole: int | None) -> str:
    """`part` in per cent of `whole`; a dash if that is 0, words if it is small."""
    if not whole or part is None:
        return "–"
    return FEW if whole < SMALL else f"{rounded(100 * part / whole)}\u00a0%"


def change(now: int, base: int, is_covered: bool = True) -> str:
    """The change in per cent, or why there is none."""
    if not is_covered:
        return NO_DATA
    if base < SMALL:
        return TOO_FEW
    return signed(100 * (now - base) / base)


def arrest_share(arrests: int, known: int) -> str:
    """The share with an arrest, of incidents for which that is known."""
    return share(arrests, known) if known else NO_DATA


def earlier_arrest_share(arrests: int, known: int, is_covered: bool = True) -> str:
    """The arrest share of an earlier period, to compare with."""
    text = arrest_share(arrests, known) if is_covered else NO_DATA
    return TOO_FEW if text == FEW else text


def base(count: int, is_covered: bool = True) -> str:
    """The earlier number, shown after a change."""
    return f"({number(count)})" if is_covered else ""


def against(change: str, than: str) -> str:
    """What a number is compared with, shown after the change."""
    return f"{ {NO_DATA: 'for', TOO_FEW: 'with'}.get(change, 'against') } {than}"


def signed(pct: float | None) -> str:
    """Per cent with its sign."""
    if pct is None:
        return "–"
    size = rounded(abs(pct))
    sign = "" if size == 0 else "−" if pct < 0 else "+"
    return f"{sign}{size}\u00a0%"


def days(count: int) -> str:
    """How many days."""
    return "1 day" if count == 1 else f"{number(count)} days"


def day(value: date | None) -> str:
    """Like 18 November 2026."""
    return f"{value.day} {value:%B %Y}" if value else "–"


def month(value: date) -> str:
    """Like 2026-11."""
    return f"{value:%Y-%m}"


def moment(value: datetime | None) -> str:
    """An instant, like 18 November 2026, 11:42 UTC."""
    return f"{day(value)}, {value:%H:%M} UTC" if value else "never"


def minute(value: datetime | None) -> str:
    """An instant for tables, like 2026-11-18 11:42, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if value else "–"
