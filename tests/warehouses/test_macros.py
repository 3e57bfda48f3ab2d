"""Macros that staging models may call read the same on every warehouse."""

import os
import tempfile

import pytest

from pipelines.transform.plan import PROJECT
from tests.support.memory_portal import new_warehouse

# What a clock of hours and minutes shows, and one whose digits alone are hours.
CLOCKS = {
    "1345": ("13:45:00", None),
    "0045": ("00:45:00", None),
    "45": ("00:45:00", None),
    "945": ("09:45:00", None),
    "5": ("00:05:00", "05:00:00"),
    "0": ("00:00:00", "00:00:00"),
    "23": ("00:23:00", "23:00:00"),
    "24": ("00:24:00", "00:00:00"),
    "1345.0": ("13:45:00", None),
    "2400": ("00:00:00", None),
    "24:00": ("00:00:00", "00:00:00"),
    "24:00:00": ("00:00:00", "00:00:00"),
    "24:00:00.000": ("00:00:00", "00:00:00"),
    "13:45": ("13:45:00", "13:45:00"),
    " 9:05 ": ("09:05:00", "09:05:00"),
    "09:05:59": ("09:05:59", "09:05:59"),
    "09:05:59.5": ("09:05:59", "09:05:59"),
    "23:59:59.0000000": ("23:59:59", "23:59:59"),
    "1:30 PM": ("13:30:00", "13:30:00"),
    "01:30:15 am": ("01:30:15", "01:30:15"),
    "12:05AM": ("00:05:00", "00:05:00"),
    "12:05 p.m.": ("12:05:00", "12:05:00"),
    "7 PM": ("19:00:00", "19:00:00"),
    **dict.fromkeys(
        (
            *("2401", "2460", "1360", "60", "99999", "-5", "4.5", "24:01", "25:00"),
            *("13:60", "13:45:61", "13:30 PM", "0:30 PM", "noon", "", None),
        ),
        (None, None),
    ),
}
POINTS = {
    "POINT (-96.8 32.7)": ("32.7", "-96.8"),
    "POINT(-96.80000 32.75)": ("32.75", "-96.80000"),
    "point (-96 32)": ("32", "-96"),
    "(32.7, -96.8)": ("32.7", "-96.8"),
    "1600 MAIN ST (REAR 2)\nDALLAS, TX 75201\n(32.78, -96.79)": ("32.78", "-96.79"),
    "12 N 3RD ST (32.7,-96.8) ": ("32.7", "-96.8"),
    '{"latitude": "32.7", "longitude": "-96.8"}': ("32.7", "-96.8"),
    '{"longitude":-96.8,"human_address":"{}","latitude":32.7}': ("32.7", "-96.8"),
    '{"type":"Point","coordinates":[-96.8,32.7]}': ("32.7", "-96.8"),
    '{"coordinates": [-96.8, 32.7, 0.0], "type": "Point"}': ("32.7", "-96.8"),
    '{"type":"Point","coordinates":[-9.68e1,3.27E+1]}': ("3.27E+1", "-9.68e1"),
    **dict.fromkeys(
        (
            *("POINT EMPTY", "1600 MAIN ST 75201", "(REAR)", "32.7, -96.8", "", None),
            *('{"latitude": null, "longitude": null}', "POINT (NaN NaN)"),
        ),
        (None, None),
    ),
}

TEXTS = {
    "%m/%d/%Y": {
        "10/31/2026": "2026-10-31 00:00:00",
        " 02/28/2026 ": "2026-02-28 00:00:00",
        "02/30/2026": None,
        "13/01/2026": None,
        "1/2/2026": None,
        "10/31/2026 10:00": None,
        "": None,
        None: None,
    },
    "%Y-%m-%d %H:%M:%S.0000000": {
        "2026-10-31 23:59:58.0000000": "2026-10-31 23:59:58",
        "2026-10-31 24:59:58.0000000": None,
        "2026-10-31 23:59:58": None,
    },
    "%d.%m.%Y %H:%M": {"31.12.2026 07:08": "2026-12-31 07:08:00"},
    "%m/%d/%Y %I:%M:%S %p": {
        "10/31/2026 12:30:01 AM": "2026-10-31 00:30:01",
        "10/31/2026 01:30:01 pm": "2026-10-31 13:30:01",
        "10/31/2026 13:30:01 PM": None,
    },
    "%Y%m%d": {"20261031": "2026-10-31 00:00:00", "20261032": None},
}

INSTANTS = {
    "2026-03-01T04:59:59Z": "2026-02-28 23:59:59",
    "2026-03-08T06:59:59Z": "2026-03-08 01:59:59",
    "2026-03-08T07:00:00.5Z": "2026-03-08 03:00:00",
    "2026-02-30T00:00:00Z": None,
    "yesterday": None,
    None: None,
}


@pytest.fixture
def shown(tmp_path, target, monkeypatch):
    """Values of Jinja expressions over a column of texts, on each warehouse."""
    from dbt.cli.main import dbtRunner

    home = tmp_path / "home"
    new_warehouse(home).close()
    monkeypatch.setenv("BLOTTER_HOME", str(home))

    def ask(texts, *expressions: str) -> dict:
        texts = list(texts)
        given = " union all ".join(
            f"select {number} as number, {literal(text)} as it"
            for number, text in enumerate(texts)
        )
        columns = ", ".join(
            f"cast({{{{ {each} }}}} as {{{{ dbt.type_string() }}}}) as c{number}"
            for number, each in enumerate(expressions)
        )
        sql = f"with given as ({given}) select number, {columns} from given"
        with tempfile.TemporaryDirectory() as folder:
            options = ["--project-dir", PROJECT, "--profiles-dir", PROJECT]
            options += ["--target-path", folder, "--log-path", folder]
            options += ["--inline", sql, "--limit", "-1", "--quiet"]
            outcome = dbtRunner().invoke(["show", *map(str, options)])
        assert outcome.exception is None, outcome.exception
        assert outcome.success, outcome.result
        rows = outcome.result.results[0].agate_table.rows
        found = {texts[int(row[0])]: tuple(row)[1:] for row in rows}
        assert len(found) == len(texts)
        return found

    def literal(text: str | None) -> str:
        if text is None:
            return "cast(null as {{ dbt.type_string() }})"
        if os.environ["BLOTTER_TARGET"] == "bigquery":
            return "'" + text.replace("\n", "\\n") + "'"
        return f"'{text}'"

    return ask


def test_clocks(shown, target):
    assert shown(["1"], '"\'" ~ adapter.type() ~ "\'"') == {"1": (target,)}
    assert shown(CLOCKS, "clock_text('it')", "clock_text('it', 'hour')") == CLOCKS


def test_points(shown):
    assert shown(POINTS, "point_latitude('it')", "point_longitude('it')") == POINTS


def test_texts_of_a_pattern(shown):
    for pattern, texts in TEXTS.items():
        found = shown(texts, f"local_from_text('it', '{pattern}')")
        assert {
            text: value and value.replace("T", " ")[:19]
            for text, (value,) in found.items()
        } == texts


def test_instants_as_text_in_utc(shown):
    found = shown(INSTANTS, "local_from_utc('it', 'America/New_York')")
    assert {
        text: value and value.replace("T", " ")[:19] for text, (value,) in found.items()
    } == INSTANTS


def test_a_clock_joins_a_day_and_an_unreadable_one_is_flagged(shown):
    texts = ["1345", "2400", "noon", "", None]
    found = shown(
        texts,
        "local_from_day_and_clock(as_date(\"'2026-10-31'\"), clock_text('it'))",
        "is_unparsed('it', clock_text('it'))",
        "local_from_day_and_clock(as_date('it'), clock_text('it'))",
    )
    assert {
        text: (local and local.replace("T", " ")[:19], flag.lower(), none)
        for text, (local, flag, none) in found.items()
    } == {
        "1345": ("2026-10-31 13:45:00", "false", None),
        # Midnight of the day that is published.
        "2400": ("2026-10-31 00:00:00", "false", None),
        "noon": (None, "true", None),
        "": (None, "false", None),
        None: (None, "false", None),
    }
