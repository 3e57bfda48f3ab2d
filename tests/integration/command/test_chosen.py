"""BLOTTER_DATASETS decides what an installation loads, builds and shows."""

import json
from datetime import date

import pytest
from msgspec.structs import replace

from demo.generator import generate
from demo.portal.server import Portal, serve
from demo.stock import publish
from pipelines.datasets.choice import choose
from pipelines.datasets.declarations import read_datasets
from pipelines.errors import ConfigError
from pipelines.warehouse.engines.duckdb import DuckdbEngine
from pipelines.warehouse.ledger import Ledger
from tests.support import live_portal as live

ROWS = {
    "memphis__incidents": 80,
    "memphis__district_boundaries": 9,
    "cambridge__incidents": 60,
}
MEMPHIS, BOTH = "memphis", "memphis,cambridge__incidents"
DAY = ("daily", "--window-only", "--today", "2026-03-09")


@pytest.fixture(scope="module")
def portal():
    portal = Portal()
    for name, rows in ROWS.items():
        made = generate(name, rows, date(2026, 2, 2), date(2026, 3, 8), 3)
        publish(portal, name, made)
    return portal


@pytest.fixture(scope="module")
def url(portal):
    with serve(portal) as address:
        yield address


@pytest.fixture(scope="module")
def one_city(url, tmp_path_factory):
    """A home with Memphis alone, after a day."""
    home = tmp_path_factory.mktemp("chosen") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLOTTER_SITE", "on")
        patch.setenv("BLOTTER_DATASETS", MEMPHIS)
        assert live.command_here(patch, home, url, *DAY) == 0
    return home


@pytest.fixture
def home(one_city, tmp_path, monkeypatch):
    monkeypatch.setenv("BLOTTER_SITE", "on")
    return live.copied(one_city, tmp_path / "home")


def schemas(home):
    found = live.select(
        home,
        "select distinct table_schema from information_schema.tables"
        " where table_schema like 'raw_%' order by 1",
    )
    return [schema for (schema,) in found]


def cities(home):
    found = live.select(
        home, "select distinct city from marts.fct_incidents order by 1"
    )
    return [city for (city,) in found]


def test_a_city_that_is_not_chosen_has_no_table_model_or_page(one_city):
    others = ("san_francisco", "chicago", "cambridge")
    assert not [name for name in schemas(one_city) if name.endswith(others)]
    assert cities(one_city) == ["memphis"]
    built = live.select(
        one_city,
        "select table_name from information_schema.tables"
        " where table_schema = 'staging' order by 1",
    )
    assert not [name for (name,) in built if any(city in name for city in others)]
    # The dictionary describes columns by the example of cities that come with Blotter.
    pages = set((one_city / "published").rglob("*.html"))
    pages -= {one_city / "published" / "dictionary.html"}
    shown = " ".join(path.read_text() for path in pages)
    assert "Memphis" in shown
    for name in ("San Francisco", "Chicago", "Cambridge"):
        assert name not in shown
    status = json.loads((one_city / "status.json").read_text())
    assert not [
        each["dataset"]
        for each in status["datasets"]
        if each["dataset"].startswith(others)
    ]


def test_a_city_that_is_chosen_later_is_read_from_its_beginning(home, url, monkeypatch):
    monkeypatch.setenv("BLOTTER_DATASETS", BOTH)
    whole = ("daily", "--today", "2026-03-09")
    assert live.command_here(monkeypatch, home, url, *whole) == 0
    assert cities(home) == ["cambridge", "memphis"]
    asked = "select count(*) from raw_cambridge.incidents where removed_at is null"
    assert live.select(home, asked) == [(60,)]
    assert "Cambridge" in (home / "published" / "index.html").read_text()
    # Chosen by itself: its table is there, and stays empty.
    asked = "select count(*) from raw_cambridge.neighborhood_boundaries"
    assert live.select(home, asked) == [(0,)]


def test_a_city_that_is_dropped_keeps_its_rows_until_it_is_forgotten(
    home, url, monkeypatch, capsys
):
    monkeypatch.setenv("BLOTTER_LAKE", str(home.parent / "lake"))
    monkeypatch.setenv("BLOTTER_DATASETS", BOTH)
    assert live.command_here(monkeypatch, home, url, *DAY) == 0
    monkeypatch.setenv("BLOTTER_DATASETS", MEMPHIS)
    assert live.command_here(monkeypatch, home, url, *DAY) == 0
    assert cities(home) == ["memphis"]
    assert "Cambridge" not in (home / "published" / "index.html").read_text()
    assert "raw_cambridge" in schemas(home)

    forget = ("forget", "cambridge", "--yes")
    assert live.command_here(monkeypatch, home, url, *forget) == 0
    assert not [name for name in schemas(home) if "cambridge" in name]
    traces = live.select(
        home,
        "select dataset from ledger.runs where dataset like 'cambridge%' union all"
        " select dataset from ledger.months where dataset like 'cambridge%' union all"
        " select table_name from information_schema.tables"
        " where table_name like '%cambridge%'",
    )
    assert traces == []
    assert not list((home / "dlt").glob("*cambridge*"))
    assert not list((home.parent / "lake").glob("*cambridge*"))
    assert list((home.parent / "lake").glob("memphis__incidents"))
    capsys.readouterr()
    assert live.command_here(monkeypatch, home, url, *forget) == 2
    assert "Nothing is held of 'cambridge'" in capsys.readouterr().err


@pytest.mark.parametrize("last", ["drop_schema", "erase"])
def test_to_forget_can_be_finished_after_a_kill(last, home, url, monkeypatch):
    """What is left is found by the raw tables, or by the ledger."""
    monkeypatch.setenv("BLOTTER_SITE", "off")
    monkeypatch.setenv("BLOTTER_DATASETS", BOTH)
    loaded = (*DAY, "cambridge__incidents", "--no-build")
    assert live.command_here(monkeypatch, home, url, *loaded) == 0
    monkeypatch.setenv("BLOTTER_DATASETS", MEMPHIS)
    forget = ("forget", "cambridge", "--yes")
    owner = {"drop_schema": DuckdbEngine, "erase": Ledger}[last]
    with monkeypatch.context() as patch:
        patch.setattr(owner, last, killed)
        with pytest.raises(Killed):
            live.command_here(monkeypatch, home, url, *forget)
    assert live.command_here(monkeypatch, home, url, *forget) == 0
    assert not [name for name in schemas(home) if "cambridge" in name]
    asked = "select count(*) from ledger.runs where dataset like 'cambridge%'"
    assert live.select(home, asked) == [(0,)]


class Killed(BaseException):
    """In place of a signal that can't be caught."""


def killed(*_):
    raise Killed


def test_a_city_that_is_chosen_is_not_forgotten(home, url, monkeypatch, capsys):
    before = live.raw_tables(home)
    monkeypatch.setenv("BLOTTER_DATASETS", MEMPHIS)
    assert live.command_here(monkeypatch, home, url, "forget", "memphis", "--yes") == 2
    said = capsys.readouterr().err
    assert said.startswith("blotter: memphis is chosen")
    assert "BLOTTER_DATASETS" in said
    assert live.raw_tables(home) == before


def test_doctor_and_list_follow_the_choice(home, url, monkeypatch, capsys):
    monkeypatch.setenv("BLOTTER_DATASETS", MEMPHIS)
    live.command_here(monkeypatch, home, url, "doctor", "--json")
    subjects = {each["subject"] for each in json.loads(capsys.readouterr().out)}
    assert "memphis__incidents" in subjects
    assert not [each for each in subjects if each.startswith(("chicago", "cambridge"))]
    assert live.command_here(monkeypatch, home, url, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    (chicago,) = [line for line in lines if line.startswith("chicago__incidents")]
    assert chicago.endswith("(not chosen: see BLOTTER_DATASETS)")


@pytest.mark.parametrize(
    ("named", "enabled"),
    [
        ("", {"memphis__incidents", "chicago__incidents"}),
        ("memphis", {"memphis__incidents"}),
        ("chicago", {"chicago__incidents"}),
        ("chicago__recent_incidents chicago", set()),
        ("seattle", {"seattle__incidents", "seattle__beat_boundaries"}),
    ],
)
def test_a_source_stands_for_what_is_enabled_or_for_all(named, enabled):
    declared = read_datasets()
    memphis = declared["memphis__incidents"]
    off = {
        name: replace(memphis, name=name, enabled=False)
        for name in ("seattle__incidents", "seattle__beat_boundaries")
    }
    few = ("memphis__incidents", "chicago__incidents", "chicago__recent_incidents")
    known = {name: declared[name] for name in few} | off
    if "recent" in named:
        enabled = {"chicago__incidents", "chicago__recent_incidents"}
    chosen = choose(known, named.split())
    assert {name for name, each in chosen.items() if each.enabled} == enabled


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (["memfis"], "BLOTTER_DATASETS names 'memfis'.*did you mean memphis"),
        (["washington_post"], "BLOTTER_DATASETS chooses no city's incidents"),
        (["memphis__district_boundaries"], "chooses no city's incidents"),
    ],
)
def test_a_wrong_choice_is_one_sentence(named, said):
    with pytest.raises(ConfigError, match=said) as told:
        choose(read_datasets(), named)
    assert str(told.value).count(". ") == 0
