"""Numbers, days and changes as the site writes them.

site/script/wording.js writes them in the same way when a reader changes a filter;
tests/support/wording.json lists what both must write.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

# A percentage or rate of a smaller number is mostly chance. The warehouse's tables
# (macros/figures.sql) and the script use the same limit.
SMALL = 20

NO_DATA = "No data"

FEW = "Too few"

TOO_FEW = "Too few to compare"

YEAR_AGO = "a year ago"


def number(value: int | None) -> str:
    """With thousands separators; a dash for None."""
    return "–" if value is None else f"{value:,}"


def decimal(value: float | None, places: int = 1) -> str:
    """Rounded to `places`, with thousands separators; a dash for None."""
    return "–" if value is None else f"{rounded(value, places):,}"


def rounded(value: float, places: int = 1) -> Decimal:
    """Rounded, halves away from zero, as JavaScript and the warehouses do."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def share(part: int | None, whole: int | None) -> str:
    """`part` as a percentage of `whole`; a dash if that is 0, words if it is small."""
    if not whole or part is None:
        return "–"
    return FEW if whole < SMALL else f"{rounded(100 * part / whole)}%"


def change(now: int, base: int, is_covered: bool = True) -> str:
    """The change as a percentage, or why there is none."""
    if not is_covered:
        return NO_DATA
    if base < SMALL:
        return TOO_FEW
    return signed(100 * (now - base) / base)


def arrest_share(arrests: int, known: int) -> str:
    """The share of incidents with an arrest, among those where that is known."""
    return share(arrests, known) if known else NO_DATA


def earlier_arrest_share(arrests: int, known: int, is_covered: bool = True) -> str:
    """The arrest share of an earlier period, to compare with."""
    text = arrest_share(arrests, known) if is_covered else NO_DATA
    return TOO_FEW if text == FEW else text


def base(count: int, is_covered: bool = True) -> str:
    """The earlier number, shown after a change."""
    return f"({number(count)})" if is_covered else ""


def against(change: str, period: str) -> str:
    """What a number is compared with, shown after the change."""
    return f"{ {NO_DATA: 'for', TOO_FEW: 'with'}.get(change, 'vs.') } {period}"


def of_period(share: str, period: str) -> str:
    """When a share was that high, shown after an earlier share."""
    if share in (NO_DATA, TOO_FEW):
        return against(share, period)
    return period if period == YEAR_AGO else f"in {period}"


def signed(pct: float | None) -> str:
    """A percentage with its sign."""
    if pct is None:
        return "–"
    size = rounded(abs(pct))
    sign = "" if size == 0 else "−" if pct < 0 else "+"
    return f"{sign}{size}%"


def days(count: int) -> str:
    """A number of days."""
    return "1 day" if count == 1 else f"{number(count)} days"


def before(count: int) -> str:
    """The equal number of days before a period."""
    return "the day before" if count == 1 else f"the {days(count)} before"


def day(value: date | None) -> str:
    """Like November 18, 2026; a dash for None."""
    return f"{value:%B} {value.day}, {value.year}" if value else "–"


def span(first: date, last: date) -> str:
    """Like October 21 to November 17, 2026; a single day by itself."""
    if first == last:
        return day(last)
    if first.year == last.year:
        return f"{first:%B} {first.day} to {day(last)}"
    return f"{day(first)}, to {day(last)}"


def month(value: date) -> str:
    """Like 2026-11."""
    return f"{value:%Y-%m}"


def moment(value: datetime | None) -> str:
    """An instant, like November 18, 2026, 11:42 UTC."""
    return f"{day(value)}, {value:%H:%M} UTC" if value else "never"


def minute(value: datetime | None) -> str:
    """An instant in UTC for tables, like 2026-11-18 11:42."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if value else "–"
