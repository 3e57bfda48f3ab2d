"""Numbers, days and changes as the site writes them; site/script/words.js agrees."""

from datetime import UTC, date, datetime

# A percentage or rate of a smaller number is mostly chance: the rule of
# macros/figures.sql. The words of site/script/words.js are the same.
SMALL = 20

NO_DATA = "No data"

FEW = "Too few"

TOO_FEW = "Too few to compare"


def number(value: int | None) -> str:
    """With commas between thousands."""
    return "–" if value is None else f"{value:,}"


def decimal(value: float | None, places: int = 1) -> str:
    """With so many places; a dash for nothing."""
    return "–" if value is None else f"{value:,.{places}f}"


def share(part: int | None, whole: int | None) -> str:
    """`part` in per cent of `whole`; a dash without a whole, words of a small one."""
    if not whole or part is None:
        return "–"
    return FEW if whole < SMALL else f"{100 * part / whole:.1f}\u00a0%"


def change(now: int, base: int, is_covered: bool = True) -> str:
    """The change in per cent, or why there is none."""
    if not is_covered:
        return NO_DATA
    if base < SMALL:
        return TOO_FEW
    return signed(100 * (now - base) / base)


def against(change: str, than: str) -> str:
    """What a change is one from, after the change."""
    return f"{ {NO_DATA: 'for', TOO_FEW: 'with'}.get(change, 'against') } {than}"


def signed(pct: float | None) -> str:
    """Per cent with its sign."""
    if pct is None:
        return "–"
    text = f"{abs(pct):.1f}"
    if text == "0.0":
        return "0.0\u00a0%"
    return f"{'−' if pct < 0 else '+'}{text}\u00a0%"


def day(value: date | None) -> str:
    """Like 18 November 2026."""
    return f"{value.day} {value:%B %Y}" if value else "–"


def moment(value: datetime | None) -> str:
    """An instant, like 18 November 2026, 11:42 UTC."""
    return f"{day(value)}, {value:%H:%M} UTC" if value else "never"


def minute(value: datetime | None) -> str:
    """An instant for tables, like 2026-11-18 11:42, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if value else "–"
