"""The newspaper's first edition of the same shootings, which ends in 2022."""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from numpy.random import Generator

from demo.rows import draw, shootings
from demo.rows.file_formats import csv_file

COLUMNS = dict.fromkeys(
    [
        *("id", "name", "date", "manner_of_death", "armed", "age", "gender", "race"),
        *("city", "state", "signs_of_mental_illness", "threat_level", "flee"),
        *("body_camera", "longitude", "latitude", "is_geocoding_exact"),
    ],
    "text",
)
KEY = ["id"]
ROWS = shootings.ROWS
LAST = date(2022, 12, 1)

# The second edition's codes as the first spelled them; others are the same in both.
WORDS: dict[str, dict[str | None, str | None]] = {
    "armed_with": {
        **{"replica": "toy weapon", "blunt_object": "blunt object"},
        **{"unknown": "unknown weapon", "gun;vehicle": "gun and vehicle"},
        **{"gun;knife": "gun and knife", "blunt_object;blunt_object": "blunt object"},
        **{"vehicle;knife;other": "vehicle and knife"},
    },
    "threat_type": {
        **{"shoot": "attack", "point": "attack", "threat": "other", "move": "other"},
        **{"flee": "other", "accident": "other", None: "undetermined"},
    },
    "flee_status": {
        **{"not": "Not fleeing", "car": "Car", "foot": "Foot", "other": "Other"},
    },
    "gender": {"male": "M", "female": "F", "non-binary": None},
    "race": {"B;H": "H", "W;B": None, "W;B;N": None, "N;H": "H"},
}
RENAMED = {
    "armed_with": "armed",
    "threat_type": "threat_level",
    "flee_status": "flee",
    "was_mental_illness_related": "signs_of_mental_illness",
}


def make(rng: Generator, rows: int, first: date, last: date) -> pa.Table:
    """Make the rows of `shootings.make` that the first edition has."""
    made = shootings.make(rng, rows, first, last)
    made = made.filter(pc.less_equal(made["date"], LAST.isoformat()))
    for name, words in WORDS.items():
        values = [words.get(v, v) for v in made[name].to_pylist()]
        made = draw.with_column(made, name, pa.array(values, pa.string()))
    places = zip(made["city"].to_pylist(), made["county"].to_pylist(), strict=True)
    cities = [city or f"{county} County" for city, county in places]
    made = draw.with_column(made, "city", pa.array(cities, pa.string()))
    made = made.rename_columns([RENAMED.get(n, n) for n in made.column_names])
    tasered = draw.chance(rng, 0.04, made.num_rows)
    return (
        made.append_column(
            "manner_of_death", draw.chosen(tasered, "shot and Tasered", "shot")
        )
        .append_column("is_geocoding_exact", pa.repeat("True", made.num_rows))
        .select(list(COLUMNS))
    )


def write(rows: pa.Table) -> bytes:
    """The newspaper's older CSV, with quotes only where needed."""
    return csv_file(rows)
