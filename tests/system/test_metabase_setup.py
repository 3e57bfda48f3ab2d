"""The program that sets up Metabase, against a strict stand-in for it."""

import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import metabase.__main__ as command
from metabase import payloads
from metabase.files import DASHBOARDS, read_dashboards, tags
from metabase.server import NotUpError, Server
from pipelines.errors import BlotterError, ConfigError
from tests.support.servers.fake_metabase import FakeMetabase, serve

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "METABASE_ADMIN_EMAIL": "admin@example.org",
    "METABASE_ADMIN_PASSWORD": "adm1nistrators-word",
    "METABASE_PGPASSWORD": "readers-w0rd",
    "PGHOST": "postgres",
    "PGDATABASE": "blotter",
}
FILES = read_dashboards()


@pytest.fixture
def server(monkeypatch):
    server = FakeMetabase(SETTINGS["METABASE_PGPASSWORD"])
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    for name in ("PGPORT", "METABASE_PGUSER", "BLOTTER_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    with serve(server) as url:
        monkeypatch.setenv("METABASE_URL", url)
        yield server


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the files, which the program reads in their place."""
    copy = Path(shutil.copytree(DASHBOARDS, tmp_path / "dashboards"))
    monkeypatch.setattr(command, "read_dashboards", lambda: read_dashboards(copy))
    return copy


def change(path, old, new):
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1))


def test_the_first_run_makes_everything(server):
    command.run(seconds=5)
    assert server.user["email"] == "admin@example.org"
    assert server.named("database")["Blotter"]["details"] == {
        "host": "postgres",
        "port": 5432,
        "dbname": "blotter",
        "user": "metabase",
        "password": "readers-w0rd",
        "schema-filters-type": "inclusion",
        "schema-filters-patterns": "marts",
    }
    assert set(server.named("dashboard")) == {one.name for one in FILES}
    cards = {card.name for one in FILES for card in one.cards}
    behind = {"Cities", "Neighborhoods", "Categories", "States"}
    assert set(server.named("card")) == cards | behind
    for one in FILES:
        made = server.named("dashboard")[one.name]
        assert len(made["dashcards"]) == len(one.cards) + len(one.headings)
        assert [p["slug"] for p in made["parameters"]] == [f.slug for f in one.filters]
    (collection,) = server.named("collection").values()
    kinds = ("card", "dashboard")
    made = [one for kind in kinds for one in server.held[kind].values()]
    assert {one["collection_id"] for one in made} == {collection["id"]}


def test_a_question_is_what_its_file_says(server):
    command.run(seconds=5)
    made = server.named("card")["Incidents by month"]
    (card,) = [c for one in FILES for c in one.cards if c.name == "Incidents by month"]
    assert made["dataset_query"]["native"]["query"] == card.sql.strip()
    assert made["visualization_settings"] == card.settings
    tag = made["dataset_query"]["native"]["template-tags"]["city"]
    assert (tag["type"], tag["default"], tag["required"]) == ("text", "cambridge", True)
    dashboard = server.named("dashboard")["Incident trends"]
    (parameter,) = dashboard["parameters"]
    assert parameter["default"] == ["cambridge"]
    assert parameter["values_source_config"] == {
        "card_id": server.named("card")["Cities"]["id"],
        "value_field": ["field", "city", {"base-type": "type/Text"}],
    }
    (shown,) = [d for d in dashboard["dashcards"] if d["card_id"] == made["id"]]
    assert (shown["row"], shown["col"]) == (12, 0)
    assert shown["parameter_mappings"] == [
        {
            "parameter_id": parameter["id"],
            "card_id": made["id"],
            "target": ["variable", ["template-tag", "city"]],
        }
    ]


def test_a_second_run_changes_nothing_and_doubles_nothing(server):
    command.run(seconds=5)
    writes = len(server.writes)
    before = {kind: dict(server.named(kind)) for kind in server.held}
    command.run(seconds=5)
    assert len(server.writes) == writes
    assert {kind: server.named(kind) for kind in server.held} == before


def test_a_changed_statement_updates_its_question_alone(server, folder):
    command.run(seconds=5)
    writes = len(server.writes)
    change(
        folder / "incident_trends.yaml", "order by month_start", "order by 1 -- other"
    )
    command.run(seconds=5)
    made = server.named("card")["Incidents by month"]
    assert server.writes[writes:] == [("PUT", f"/api/card/{made['id']}")]
    assert "-- other" in made["dataset_query"]["native"]["query"]


def test_a_moved_chart_keeps_its_place_in_metabase(server, folder):
    command.run(seconds=5)
    before = server.named("dashboard")["Incident trends"]["dashcards"]
    ids = {one["id"] for one in before}
    writes = len(server.writes)
    change(folder / "incident_trends.yaml", "row: 19, col: 0", "row: 20, col: 0")
    command.run(seconds=5)
    made = server.named("dashboard")["Incident trends"]
    assert server.writes[writes:] == [("PUT", f"/api/dashboard/{made['id']}")]
    assert {one["id"] for one in made["dashcards"]} == ids
    assert max(one["row"] for one in made["dashcards"]) == 20


def test_what_was_changed_or_thrown_away_by_hand_is_changed_back(server):
    command.run(seconds=5)
    card = server.named("card")["Incidents by type"]
    card["display"] = "pie"
    dashboard = server.named("dashboard")["Incident trends"]
    del dashboard["dashcards"][0]
    lost = server.named("dashboard")["Reported incidents"]
    del server.held["dashboard"][lost["id"]]
    command.run(seconds=5)
    assert card["display"] == "row"
    (file,) = [one for one in FILES if one.name == "Incident trends"]
    assert len(dashboard["dashcards"]) == len(file.cards) + len(file.headings)
    assert "Reported incidents" in server.named("dashboard")


def test_what_others_made_is_left_alone(server):
    command.run(seconds=5)
    theirs = {"id": 999, "name": "Mine", "collection_id": None, "display": "table"}
    server.held["card"][999] = dict(theirs)
    command.run(seconds=5)
    assert server.held["card"][999] == theirs


def test_a_changed_password_of_the_reader_is_told_to_metabase(server, monkeypatch):
    command.run(seconds=5)
    writes = len(server.writes)
    server.warehouse_password = "an0ther-word"
    monkeypatch.setenv("METABASE_PGPASSWORD", "an0ther-word")
    command.run(seconds=5)
    (database,) = server.held["database"].values()
    assert database["details"]["password"] == "an0ther-word"
    assert server.writes[writes:] == [("PUT", f"/api/database/{database['id']}")]


def test_schemas_of_an_installation_with_a_prefix_are_found(server, monkeypatch):
    monkeypatch.setenv("BLOTTER_PREFIX", "ours_")
    command.run(seconds=5)
    for card in server.held["card"].values():
        sql = card["dataset_query"]["native"]["query"]
        assert "ours_marts." in sql
        assert not re.search(r"(?<!ours_)\bmarts\.", sql)
    (database,) = server.held["database"].values()
    assert database["details"]["schema-filters-patterns"] == "ours_marts"


def test_a_metabase_that_is_starting_is_waited_for(server):
    server.starting = 2
    metabase = Server(command.os.environ["METABASE_URL"])
    metabase.wait(10, between=0.01)
    assert server.requests == [("GET", "/api/health")] * 3


@pytest.fixture
def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_metabase_that_is_not_up_yet_is_waited_for(free_port):
    late, found = FakeMetabase("x"), threading.Event()

    def start_late():
        time.sleep(0.3)
        with serve(late, free_port):
            found.wait(10)

    thread = threading.Thread(target=start_late)
    thread.start()
    Server(f"http://127.0.0.1:{free_port}").wait(10, between=0.05)
    found.set()
    thread.join()
    assert late.requests == [("GET", "/api/health")]


def test_one_that_never_answers_is_one_sentence(free_port):
    with pytest.raises(NotUpError) as error:
        Server(f"http://127.0.0.1:{free_port}").wait(0.2, between=0.05)
    assert str(error.value) == (
        f"Metabase at http://127.0.0.1:{free_port} does not answer (ConnectionError)."
    )


def one_sentence(error):
    said = str(error.value)
    assert "\n" not in said
    assert said.endswith(".")
    for name, secret in SETTINGS.items():
        assert "PASSWORD" not in name or secret not in said
    return said


def test_a_wrong_password_is_one_sentence(server, monkeypatch):
    command.run(seconds=5)
    monkeypatch.setenv("METABASE_ADMIN_PASSWORD", "wr0ng-word")
    with pytest.raises(BlotterError) as error:
        command.run(seconds=5)
    assert "set those of its administrator." in one_sentence(error)
    assert "wr0ng-word" not in str(error.value)


def test_a_password_that_metabase_finds_too_weak_is_one_sentence(server, monkeypatch):
    monkeypatch.setenv("METABASE_ADMIN_PASSWORD", "12345678")
    with pytest.raises(BlotterError) as error:
        command.run(seconds=5)
    assert "(400): password: password is too common." in one_sentence(error)
    assert server.user is None


def test_a_warehouse_that_does_not_know_the_reader_is_one_sentence(server):
    server.warehouse_password = "other"
    with pytest.raises(BlotterError) as error:
        command.run(seconds=5)
    assert "password authentication failed" in one_sentence(error)


def test_a_field_that_metabase_does_not_know_would_be_noticed(server, monkeypatch):
    def misspelt(*arguments):
        return {**made(*arguments), "dataset_querry": {}}

    made = payloads.card_body
    monkeypatch.setattr(payloads, "card_body", misspelt)
    with pytest.raises(BlotterError) as error:
        command.run(seconds=5)
    assert "dataset_querry: unknown key" in one_sentence(error)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_missing_setting_is_named_before_anything_is_asked(server, monkeypatch, name):
    monkeypatch.delenv(name)
    with pytest.raises(ConfigError, match=name):
        command.run(seconds=5)
    assert server.requests == []


def test_another_program_at_the_address_is_one_sentence(server, monkeypatch):
    def page(*arguments):
        return "<html>"

    monkeypatch.setattr(server, "answer", page)
    with pytest.raises(BlotterError, match="is not Metabase; see METABASE_URL"):
        command.run(seconds=5)


def run_command():
    return subprocess.run(
        [sys.executable, "-m", "metabase"], cwd=ROOT, capture_output=True, text=True
    )


def test_the_command_says_what_it_did_and_no_secret(server, monkeypatch):
    first, second = run_command(), run_command()
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    cards = sum(len(one.cards) for one in FILES) + 4
    assert "administrator created" in first.stdout
    assert f"{cards} questions created" in first.stdout
    assert "everything matches the files" in second.stdout
    monkeypatch.setenv("METABASE_ADMIN_PASSWORD", "wr0ng-word")
    wrong = run_command()
    assert wrong.returncode == 1
    assert len(wrong.stderr.splitlines()) == 1
    monkeypatch.delenv("PGHOST")
    missing = run_command()
    assert missing.returncode == 2
    assert len(missing.stderr.splitlines()) == 1
    said = [one.stdout + one.stderr for one in (first, second, wrong, missing)]
    secrets = [value for name, value in SETTINGS.items() if "PASSWORD" in name]
    assert not [one for one in said for secret in secrets if secret in one]
    assert "wr0ng-word" not in "".join(said)


def test_each_chart_says_what_it_counts():
    for dashboard in FILES:
        persons = dashboard.name == "Fatal police shootings"
        assert persons or "Counts incidents (`is_counted`), not rows" in flat(
            dashboard.description
        )
        for card in dashboard.cards:
            if "incidents" in card.sql.split("from")[0] and not persons:
                assert "Counts incidents (`is_counted`), not rows" in flat(
                    card.description
                ), card.name


def flat(text):
    return " ".join(text.split())


def test_no_city_and_no_day_is_named_but_as_a_default():
    cities = "san_francisco|chicago|memphis|cambridge"
    for dashboard in FILES:
        for sql in dashboard.statements():
            assert not re.search(cities, sql)
            assert not re.search(r"current_date|now\(|20\d\d", sql)
    defaults = [f.default for one in FILES for f in one.filters if f.default]
    assert sorted(defaults) == ["cambridge", "memphis", "san_francisco"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{city}}", "{{town}}", "town is not a filter"),
        ("row: 8, col: 0", "row: 1, col: 0", "overlaps another"),
        ("col: 16, width: 8", "col: 20, width: 8", "wider than the grid"),
        ("display: line", "display: donut", "display"),
        ("display: line", "displays: line", "displays"),
        (
            "name: Incidents by type\n",
            "name: Incidents by month\n",
            "several questions",
        ),
        ("order by city", "order by 1", "several questions are named 'Cities'"),
    ],
)
def test_a_file_that_contradicts_itself_is_named(folder, old, new, said):
    change(folder / "incident_trends.yaml", old, new)
    with pytest.raises(ConfigError, match=said) as error:
        read_dashboards(folder)
    assert "\n" not in str(error.value)


def test_slugs_are_found_once_and_in_their_order():
    assert tags("a = {{b}} [[and {{ c }}]] or {{b}}") == ["b", "c"]


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        ({"a": 1, "more": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": None}, True),
        ({"a": 1}, {"a": 2}, False),
        ([1, 2], [1], False),
        ([{"a": 1, "b": 2}], [{"a": 1}], True),
        (None, {"a": 1}, False),
        (None, [], False),
    ],
)
def test_what_metabase_adds_is_no_difference(found, wanted, same):
    assert payloads.holds(found, wanted) is same
