"""Made-up rows of Cambridge's daily police log.

The real descriptions name people who were arrested. Here `MARKER` stands for them, so
that a test can search for it in whatever was loaded, modeled or logged. Rows without a
description have the narrative after spaces in `location`; `TAIL_MARKER` stands for
people named there.
"""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from demo.rows import draw
from demo.rows.draw import Flags, Numbers

COLUMNS = {
    "date_time": "calendar_date",
    "id": "text",
    "type": "text",
    "subtype": "text",
    "location": "text",
    "last_updated": "calendar_date",
    "description": "text",
}
KEY = ["id", "type", "subtype", "date_time"]

MARKER = "Testperson Markername"
TAIL_MARKER = "Otherperson Tailname"

# Of 7,276 rows in January 2026.
TYPES = {"INCIDENT": 6904, "ARREST": 238, "TRAFFIC": 121, "SP": 8, "ASSIST": 4}
TYPES |= {"INVESTIGATIONS": 1}
WARRANT = "WARRANT ARREST REPORT"
NO_SUBTYPE = 5 / 7276
NO_DESCRIPTION = 93 / 7276
REPEATED = 47 / 7276

# How a repeated row differs: only in its load time, not at all, in its type, in its
# location.
RELOADED, SAME, OTHER_TYPE, OTHER_PLACE = range(4)
REPEATS = [40, 30, 15, 15]

# Days until a row is in the log and, for a day's new rows, how many days late they are.
LOADED = {0: 1, 0.7: 1, 0.9: 4, 1: 20}
LATE = {0: 0, 0.7: 0, 0.9: 3, 1: 14}

TOWNS = ["Somerville", "Boston", "Cambridge", "Malden", "Arlington", "Everett"]
ACCOUNTS = [
    "Police responded to the street for a report of a theft.",
    "A Cambridge resident reported a theft that happened overnight.",
    "Officers spoke with the parties, who agreed to part; no injury was reported.",
    "An unknown person was seen leaving on a bicycle; officers searched the area.",
    "A resident came to the station to report that money was taken by telephone.",
]


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make `rows` rows for the days from `first` to `last`, a few of them twice."""
    twice = int(draw.chance(rng, REPEATED, rows).sum())
    days = draw.days_drawn(rng, first, last, rows - twice)
    once = np.arange(rows - twice)
    repeats = np.sort(rng.permutation(once)[:twice])
    return _table(rng, days, days, np.sort(np.concatenate([once, repeats])), last)


def make_day(rng: Generator, rows: int, day: date) -> pa.Table:
    """Make the rows first shown on `day`: that day's log and a few older rows."""
    shown = np.full(rows, np.datetime64(day).astype(np.int64))
    days = np.sort(shown - draw.delay(rng, LATE, rows))
    return _table(rng, days, shown, np.arange(rows), day)


def _table(
    rng: Generator, days: Numbers, shown: Numbers, entry: Numbers, last: date
) -> pa.Table:
    """Make entries, and one row for each position in `entry`."""
    count = len(days)
    seconds = days * draw.DAY + draw.time_of_day(rng, count)
    odd, odd_seconds = draw.odd_times(days)
    seconds[odd] = odd_seconds
    repeat = np.concatenate([[False], entry[1:] == entry[:-1]])
    how = np.where(repeat, draw.pick(rng, REPEATS, len(entry)), -1)
    number = draw.numbered(shown) - draw.first_of_year(shown) * draw.NUMBERS_PER_DAY
    identity = draw.year_of(shown) % 100 * 10**6 + 1 + number
    loaded = shown + draw.delay(rng, LOADED, count)
    loaded = np.minimum(loaded, np.datetime64(last).astype(np.int64) + 1)
    # A night's rows share the minute of their load.
    updated = (loaded[entry] + (how == RELOADED)) * draw.DAY + 9 * 3600 + 2152
    columns = {
        "date_time": draw.calendar_text(seconds[entry]),
        "id": draw.text(identity[entry]),
        "last_updated": draw.calendar_text(updated),
    }
    columns |= _words(rng, count, entry, how)
    return pa.table({name: columns[name] for name in COLUMNS})


def _words(
    rng: Generator, count: int, entry: Numbers, how: Numbers
) -> dict[str, pa.Array]:
    subtypes = draw.vocabulary("cambridge_subtypes")
    subtype = draw.pick(rng, draw.weights(subtypes["weight"]), count)
    no_subtype = draw.chance(rng, NO_SUBTYPE, count)
    kind = draw.pick(rng, list(TYPES.values()), count)
    arrest = list(TYPES).index("ARREST")
    kind[subtype == subtypes["subtype"].index(WARRANT)] = arrest
    row_kind = np.where(how == OTHER_TYPE, (kind[entry] + 1) % len(TYPES), kind[entry])
    place = _streets(rng, count)
    other = _streets(rng, len(entry))
    location = draw.chosen(how == OTHER_PLACE, other, place.take(pa.array(entry)))
    untold = draw.chance(rng, NO_DESCRIPTION, count)[entry]
    padding = draw.take([" " * width for width in range(20, 60)], entry % 40)
    account = draw.pick(rng, [1] * len(ACCOUNTS), count)[entry]
    accounts = [f"{text} {TAIL_MARKER} was named." for text in ACCOUNTS]
    long = draw.joined(location, padding, draw.take(accounts, account))
    return {
        "type": draw.take(list(TYPES), row_kind),
        "subtype": draw.take(subtypes["subtype"], subtype[entry], no_subtype[entry]),
        "location": draw.chosen(untold, long, location),
        "description": _description(rng, kind[entry] == arrest, account, entry, untold),
    }


def _streets(rng: Generator, count: int) -> pa.Array:
    """Made-up streets, one in five with a cross street."""
    names = [
        f"{name} {('ST', 'AVE', 'RD')[k % 3]}"
        for k, name in enumerate(draw.street_names())
    ]
    first, second = rng.integers(0, len(names), (2, count))
    one, both = draw.take(names, first), draw.take(names, second)
    return draw.chosen(
        draw.chance(rng, 0.2, count), draw.joined(one, both, by=" & "), one
    )


def _description(
    rng: Generator, arrested: Flags, account: Numbers, entry: Numbers, untold: Flags
) -> pa.Array:
    """Narratives; those of arrests, and some others, name the made-up person."""
    age = draw.text(18 + entry * 7 % 50)
    town = draw.take(TOWNS, entry % len(TOWNS))
    named = draw.joined(
        pa.scalar(MARKER), age, draw.joined("of", town, by=" "), by=", "
    )
    arrest = draw.joined(named, pa.scalar("was placed under arrest."), by=" ")
    plain = draw.take(ACCOUNTS, account)
    names = arrested | (entry % 20 == 0)
    text = draw.chosen(names, draw.joined(plain, arrest, by=" "), plain)
    return draw.chosen(untold, pa.scalar(None, pa.string()), text)


def corrected(rng: Generator, rows: pa.Table) -> pa.Table:
    """Move each row to another street, and date its load a day after the latest."""
    # The street ends where blanks, and behind them an account, follow.
    street = r"^(\S+(?: \S+)*)"
    location = pc.replace_substring_regex(rows["location"], street, r"\1 EXT")
    return draw.stamped(draw.with_column(rows, "location", location), "last_updated")
