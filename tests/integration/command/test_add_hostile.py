"""`blotter add` and portals that send what no table is: one sentence, or a proposal.

Nothing is ever half written, and what a portal says is never run.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.portal.server import Fault, Portal, serve
from pipelines.datasets.declarations import read_dataset
from pipelines.errors import BlotterError
from pipelines.onboarding.add import Added, add
from pipelines.onboarding.options import Options
from tests.support import city_portals
from tests.support.city_portals import NOW, Draw, iso, moments
from tests.support.set_up import settings_in

ROOT = Path(__file__).parents[3]
TABLE = "https://data.springfield.example/d/abcd-1234"
VIEW, ROWS = "/api/views/abcd-1234.json", "/resource/abcd-1234.json"
SERVICE = "https://maps.springfield.example/arcgis/rest/services/Crime/FeatureServer"
LAYER = f"{SERVICE}/0"
KINDS = {"reported": "calendar_date"}

Publish = Callable[[Portal], None]


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    for part in ("pipelines/datasets", "seeds"):
        shutil.copytree(ROOT / part, root / part)
    (root / "models" / "staging").mkdir(parents=True)
    return root


def usual(count: int = 240, **more: object) -> list[dict[str, object]]:
    """Rows as a city would publish them, with more columns."""
    draw = Draw("springfield")
    return [
        {
            "id": f"{number:06d}",
            "reported": iso(moment),
            "offense": draw.one(["THEFT", "ROBBERY", "ARSON", "FRAUD"]),
            "district": str(1 + number % 6),
            **more,
        }
        for number, moment in enumerate(moments(draw, count))
    ]


def table(rows: list[dict[str, object]], kinds: dict[str, str] = KINDS, **view: str):
    """Publish rows as a table of Socrata."""
    return lambda portal: city_portals.soda(portal, TABLE, rows, kinds, **view)


def answer(path: str, body: object, **options: str) -> Publish:
    """Publish one answer at a path."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    options.setdefault("content_type", "application/json")
    return lambda portal: portal.add_file(path, data, **options) and None


def failing(**fault: object) -> Publish:
    """A usual table, and a fault that does not end."""

    def publish(portal: Portal) -> None:
        table(usual())(portal)
        portal.fail(Fault(times=None, **fault))

    return publish


def adding(
    address: str, publish: Publish, project: Path, tmp_path: Path, **told: object
) -> Added:
    portal = Portal()
    publish(portal)
    with serve(portal) as url:
        return add(
            address,
            Options("Springfield", "IL", **told),
            settings_in(tmp_path / "home", portal=url, retries=0, timeout=5.0),
            NOW,
            lambda _: None,
            root=project,
        )


def described(**view: object) -> dict[str, object]:
    """The description of a table, with parts of it replaced."""
    columns = [
        {"fieldName": "id", "dataTypeName": "text"},
        {"fieldName": "reported", "dataTypeName": "calendar_date"},
    ]
    return {"name": "Crime", "assetType": "dataset", "columns": columns, **view}


def edited(portal: Portal, change: Callable[[dict[str, object]], object]) -> None:
    """A usual table whose description is another."""
    table(usual())(portal)
    found = portal.datasets["abcd-1234"].metadata()
    answer(VIEW, change(found))(portal)


def layer_without_rows(portal: Portal) -> None:
    city_portals.layer(
        portal,
        LAYER,
        [],
        {"OBJECTID": "oid", "REPORTED": "date", "CASE_ID": "string"},
    )


REFUSED: dict[str, tuple[str, Publish, str]] = {
    "an HTML page": (TABLE, failing(kind="html"), "sent a web page instead of data"),
    "a login page": (
        TABLE,
        answer(VIEW, b"<html>Log in</html>", content_type="text/html; charset=utf-8"),
        "sent a web page instead of data",
    ),
    "a map": (
        TABLE,
        lambda portal: edited(portal, lambda v: {**v, "assetType": "map"}),
        "as a map: give the address of the table",
    ),
    "no columns": (
        TABLE,
        lambda portal: edited(portal, lambda v: {**v, "columns": []}),
        "without columns",
    ),
    "columns of another shape": (
        TABLE,
        lambda portal: edited(portal, lambda v: {**v, "columns": [{"name": 1}]}),
        "the JSON is not what was asked for",
    ),
    "no rows": (TABLE, table([]), "has no rows"),
    "truncated JSON": (
        TABLE,
        answer(VIEW, json.dumps(described()).encode()[:-30]),
        "cut short or broken",
    ),
    "truncated rows": (
        TABLE,
        failing(kind="cut", path=ROWS, size=2_000),
        "cut short or broken",
    ),
    "403": (TABLE, failing(kind="status", status=403), r"refused \(status 403"),
    "500": (TABLE, failing(kind="status", status=500), "kept failing .*status 500"),
    "a redirect to another host": (
        TABLE,
        failing(kind="redirect", location="https://new.springfield.example"),
        r"redirects to new\.springfield\.example: add the table's address there",
    ),
    "a redirect in circles": (
        TABLE,
        failing(kind="redirect", location=""),
        "redirects to|no longer has it",
    ),
    "two dates that are null": (
        TABLE,
        table(
            [{"id": str(n), "offense": "ARSON", "a": None, "b": None} for n in range(9)]
            + [{"id": "9", "a": None}],
            {"a": "calendar_date", "b": "calendar_date"},
        ),
        "can be the date that windows use",
    ),
    "only text": (
        TABLE,
        table([{"id": str(n), "offense": "ARSON", "x": "y"} for n in range(50)], {}),
        "can be the date that windows use: it has no column of dates",
    ),
    "only dates of the year 200": (
        TABLE,
        table(
            [
                {
                    "id": str(n),
                    "reported": "0200-01-01T00:00:00.000",
                    "offense": "ARSON",
                }
                for n in range(50)
            ]
        ),
        "reported .*no plausible date",
    ),
    "a text date that does not sort": (
        TABLE,
        table(
            [
                {"id": str(n), "reported": f"6/{1 + n % 28}/2026 19:49", "offense": "A"}
                for n in range(50)
            ],
            {},
        ),
        "can't be asked for by date",
    ),
    "no key": (
        TABLE,
        table(
            [
                {"reported": iso(m), "offense": "ARSON", "district": "1"}
                for m in moments(Draw("no key"), 90)
            ]
        ),
        "identifies a row.* Name one or several with --key",
    ),
    "a service without layers": (
        SERVICE,
        answer(city_portals.path_of(SERVICE), {"layers": [], "tables": []}),
        "lists no layer",
    ),
    "a service of several layers": (
        SERVICE,
        answer(
            city_portals.path_of(SERVICE),
            {"layers": [{"id": 0, "name": "2025"}, {"id": 1, "name": "2026"}]},
        ),
        r"has 2 layers: add the address of one of them \(/0 2025, /1 2026\)",
    ),
    "a group layer": (
        LAYER,
        answer(
            city_portals.path_of(LAYER),
            {"id": 0, "name": "Crime", "type": "Group Layer", "fields": None},
        ),
        "Group Layer without fields",
    ),
    "a layer without rows": (LAYER, layer_without_rows, "has no rows"),
    "an error inside a 200": (
        LAYER,
        answer(
            city_portals.path_of(LAYER),
            {"error": {"code": 499, "message": "Token Required"}},
        ),
        "requires a token",
    ),
    "an item without a service": (
        "https://www.arcgis.com/home/item.html?id=0123456789abcdef0123456789abcdef",
        answer(
            "/sharing/rest/content/items/0123456789abcdef0123456789abcdef",
            {"title": "A story", "type": "StoryMap", "url": None},
        ),
        "has no service behind this item, a StoryMap",
    ),
    "a file that is a page": (
        "https://springfield.example/crime.csv",
        answer("/crime.csv", b"<!DOCTYPE html><html></html>", content_type="text/csv"),
        "an HTML page came instead of the file",
    ),
    "a file of one column": (
        "https://springfield.example/crime.csv",
        answer("/crime.csv", b"hello\nworld\n", content_type="text/csv"),
        "has no header with several columns",
    ),
    "a zip that is none": (
        "https://springfield.example/crime.zip",
        answer("/crime.zip", b"PK not a zip", content_type="application/zip"),
        "can't be read",
    ),
    "no address": ("what?", table(usual()), "is not the address of a table"),
    "another kind of page": (
        "https://springfield.example/police/about",
        table(usual()),
        "is not the address of a table",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_table_is_refused_in_one_sentence(what, project, tmp_path):
    address, publish, said = REFUSED[what]
    before = {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}
    with pytest.raises(BlotterError, match=said) as refused:
        adding(address, publish, project, tmp_path)
    words = str(refused.value)
    assert "\n" not in words
    assert len(words) < 600
    assert "new city" not in words
    assert ".toml" not in words
    assert {p: p.read_bytes() for p in project.rglob("*") if p.is_file()} == before


def test_a_table_of_400_columns_is_added(project, tmp_path):
    more = {f"flag_{number}": "N" for number in range(396)}
    found = adding(TABLE, table(usual(60, **more)), project, tmp_path)
    dataset = read_dataset(project / "pipelines/datasets/springfield__incidents.toml")
    assert dataset.key == ["id"]
    assert len(dataset.columns) == 400
    assert found.requests <= 12


def test_columns_named_like_words_of_sql_are_left_out(project, tmp_path):
    rows = usual(120, select="1", order="2", **{"group": "3"})
    adding(TABLE, table(rows), project, tmp_path)
    dataset = read_dataset(project / "pipelines/datasets/springfield__incidents.toml")
    assert set(dataset.left_out) == {"select", "order", "group"}


def test_names_that_no_query_can_have_are_left_out(project, tmp_path):
    city = "https://data.springfield.example/dataset/x/resource/"
    city += "01234567-89ab-cdef-0123-456789abcdef"
    rows = [
        {**row, "شرطة": "1", "a\nb": "2", 'quo"te': "3", "Zip Code": "4"}
        for row in usual(120)
    ]

    def publish(portal: Portal) -> None:
        kinds = {"reported": "timestamp"}
        city_portals.ckan(portal, city, rows, kinds, {"title": "Crime"})

    adding(city, publish, project, tmp_path)
    dataset = read_dataset(project / "pipelines/datasets/springfield__incidents.toml")
    assert set(dataset.left_out) == {"شرطة", "a\nb", 'quo"te'}
    assert "Zip Code" in dataset.columns


def test_a_key_that_repeats_is_not_called_unique(project, tmp_path):
    rows = usual()
    for number, row in enumerate(rows):
        row["id"] = f"{number // 2:06d}"
    adding(TABLE, table(rows), project, tmp_path)
    dataset = read_dataset(project / "pipelines/datasets/springfield__incidents.toml")
    assert dataset.key[0] == "id"
    assert not dataset.key_is_unique


def test_a_filtered_view_is_added_as_it_is(project, tmp_path):
    def publish(portal: Portal) -> None:
        filtered = {"assetType": "filter", "modifyingViewUid": "zzzz-9999"}
        edited(portal, lambda view: {**view, **filtered})

    found = adding(TABLE, publish, project, tmp_path)
    said = found.proposal.finding("filtered view")
    assert said.value == "zzzz-9999"
    assert said.sure == "asked"


def test_a_description_of_a_megabyte_is_cut(project, tmp_path):
    words = "Juveniles are excluded " * 45_000
    found = adding(TABLE, table(usual(), description=words), project, tmp_path)
    written = sum(p.stat().st_size for p in found.written if "seeds" not in str(p))
    assert len(words) > 1_000_000
    assert written < 40_000


def test_what_a_portal_says_is_never_run(project, tmp_path):
    evil = "Juveniles excluded {{ env_var('HOME') }} {% set x = 1 %}\n' }} or 1=1 --"
    rows = usual(240, latitude="39.8", longitude="-89.6")
    for row in rows[:30]:
        row["offense"] = "{{ env_var('HOME') }}"
        row["latitude"] = "{{ 1 }}'; drop"
    publish = table(rows, title=f"Crime\u202e {evil}", description=evil)
    found = adding(TABLE, publish, project, tmp_path)
    for path in found.written:
        text = path.read_text()
        if path.suffix in (".sql", ".yml"):
            assert "{{ env_var('HOME')" not in text
            assert "{%" not in text
            assert "drop" not in text
    toml = project / "pipelines/datasets/springfield__incidents.toml"
    assert read_dataset(toml).source == "springfield"


def test_junk_dates_do_not_move_the_window(project, tmp_path):
    rows = usual()
    rows += [
        {"id": f"j{n}", "reported": f"{year}-01-01T00:00:00.000", "offense": "ARSON"}
        for n, year in enumerate(("0200", "1024", "1900", "2207"))
    ]
    found = adding(TABLE, table(rows), project, tmp_path)
    assert found.proposal.window == "reported"
    assert found.proposal.backfill_from.year == 2025


def test_a_name_that_makes_no_file_is_refused(project, tmp_path):
    portal = Portal()
    table(usual())(portal)
    with serve(portal) as url:
        settings = settings_in(tmp_path / "home", portal=url, retries=0)
        for name in ("北京", "", "../..", "1st", "a" * 200):
            with pytest.raises(BlotterError, match="is not a name for a city's files"):
                add(
                    TABLE,
                    Options(name, "IL"),
                    settings,
                    NOW,
                    lambda _: None,
                    root=project,
                )
    assert portal.requests == []
