"""`dim_areas` joins with the incidents by equality, on made-up and on real rows."""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from demo.generator import MAKERS, generate
from pipelines.datasets.declarations import read_datasets
from pipelines.portals.formats.geojson import read_features
from pipelines.sync.keys import key_rows
from tests.support.expected import real_rows
from tests.support.raw_tables import make_raw
from tests.support.scratch_warehouse import Warehouse

DECLARED = read_datasets()
FIRST, LAST = date(2025, 1, 1), date(2025, 6, 30)
COUNTS = {
    ("cambridge", "neighborhood"): 13,
    ("chicago", "neighborhood"): 77,
    ("memphis", "police_district"): 9,
    ("san_francisco", "neighborhood"): 41,
}
BOUNDARIES = [name for name in DECLARED if name.endswith("_boundaries")]
# The file, and what its properties are called at the publisher.
REAL = {
    "san_francisco__neighborhood_boundaries": (
        "boundaries/sf_analysis_neighborhoods.geojson",
        {"key": "nhood"},
    ),
    "chicago__neighborhood_boundaries": (
        "boundaries/chicago_community_areas.geojson",
        {"key": "community"},
    ),
    "memphis__district_boundaries": (
        "boundaries/memphis_precincts.geojson",
        {"name": "precinct"},
    ),
    "cambridge__neighborhood_boundaries": ("cambridge/neighborhoods.geojson", {}),
}
JOINED = """
select
    city,
    area_kind,
    count(*) filter (areas.area_id is not null) as joined_count,
    list(distinct area_name order by area_name)
        filter (areas.area_id is null) as unjoined
from (
    select city, 'neighborhood' as area_kind, neighborhood as area_name
    from marts.fct_incidents
    union all
    select city, 'police_district', police_district from marts.fct_incidents
) as named left join marts.dim_areas as areas using (city, area_kind, area_name)
where area_name is not null and (city, area_kind) in (
    ('chicago', 'neighborhood'), ('san_francisco', 'neighborhood'),
    ('memphis', 'police_district')
)
group by all
order by city
"""


def raw(name: str, body: bytes) -> list[dict]:
    """A file of areas as the raw table has it."""
    keyed = key_rows(DECLARED[name], [read_features(DECLARED[name], "", body).rows])
    assert keyed.rejects.num_rows == 0
    return keyed.rows.drop_columns(["row_hash"]).to_pylist()


def made_up_incidents(name: str) -> list[dict]:
    rows = key_rows(DECLARED[name], [lowered(generate(name, 6_000, FIRST, LAST, 1))])
    return rows.rows.drop_columns(["row_hash"]).to_pylist()


def lowered(rows):
    return rows.rename_columns([column.lower() for column in rows.column_names])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("BLOTTER_HOME", str(folder))
        patch.setenv("BLOTTER_TARGET", "duckdb")
        yield folder


@pytest.fixture(scope="module")
def warehouse(home: Path) -> Warehouse:
    """Incidents and areas of the demo."""
    warehouse = Warehouse(home)
    incidents = [name for name in DECLARED if name.endswith("__incidents")]
    rows = {name: made_up_incidents(name) for name in incidents}
    for name in BOUNDARIES:
        maker = MAKERS[name]
        rows[name] = raw(name, maker.write(generate(name, 99, FIRST, LAST, 1)))
    make_raw(warehouse.path, rows)
    statuses = warehouse.dbt("seed") | warehouse.dbt("run", "--select", "+dim_areas")
    assert set(statuses.values()) == {"success"}, statuses
    warehouse.build("+fct_incidents", "dim_police_districts")
    return warehouse


def counts(warehouse: Warehouse) -> dict[tuple[str, str], int]:
    sql = "select city, area_kind, count(*) from marts.dim_areas group by all"
    return {(city, kind): count for city, kind, count in warehouse.query(sql)}


def test_every_area_of_the_demo_is_one_row(warehouse: Warehouse) -> None:
    assert counts(warehouse) == COUNTS
    shapes = warehouse.query("select area_id, geometry from marts.dim_areas")
    for _, shape in shapes:
        assert json.loads(shape)["type"] == "MultiPolygon"
    named = dict(shapes)
    made = generate("memphis__district_boundaries", 9, FIRST, LAST, 1).to_pylist()[7]
    ring = json.loads(made["geometry"])["coordinates"]
    assert made["precinct"] == "Mt. Moriah"
    there = json.loads(named["memphis:police_district:MT MORIAH"])
    assert there["coordinates"] == [ring]


def test_incidents_of_the_demo_find_their_areas(warehouse: Warehouse) -> None:
    """All but Memphis's special units, of which none has a place on a map."""
    units = ["005", "MEM", "MOTORS", "OCU", "STIS"]
    found = warehouse.query(JOINED)
    assert [(city, kind) for city, kind, _, _ in found] == [
        ("chicago", "neighborhood"),
        ("memphis", "police_district"),
        ("san_francisco", "neighborhood"),
    ]
    assert all(joined > 5_000 for _, _, joined, _ in found)
    assert [unjoined for *_, unjoined in found][::2] == [None, None]
    assert set(found[1][3]) <= set(units)
    used = warehouse.query(
        "select count(distinct neighborhood) from marts.fct_incidents "
        "where city = 'san_francisco'"
    )
    assert used == [(41,)]


def test_a_name_without_a_boundary_is_warned_of(warehouse: Warehouse) -> None:
    test = "assert_areas_are_named_as_incidents_name_them"
    warehouse.change(
        "update marts.fct_incidents set police_district = 'OCU' "
        "where police_district in ('005', 'MEM')"
    )
    assert warehouse.dbt("test", "--select", test) == {test: "pass"}
    kept = warehouse.query(
        "select geometry from marts.dim_areas where area_id like '%Bay'"
    )
    assert len(kept) == 1
    renamed = "update marts.dim_areas set area_name = {} where area_name = {}"
    warehouse.change(renamed.format("'Mission Bai'", "'Mission Bay'"))
    assert warehouse.dbt("test", "--select", test) == {test: "warn"}
    warehouse.change(renamed.format("'Mission Bay'", "'Mission Bai'"))


def test_areas_where_no_incident_lies_are_warned_of(warehouse: Warehouse) -> None:
    test = "assert_incidents_lie_in_their_areas"
    assert warehouse.dbt("test", "--select", test) == {test: "pass"}
    kept = warehouse.query("select area_id, geometry from marts.dim_areas")
    swapped = (
        "update marts.dim_areas set geometry = regexp_replace("
        r"geometry, '(-?[0-9.]+),(-?[0-9.]+)', '\2,\1', 'g') where city = 'chicago'"
    )
    warehouse.change(swapped)
    assert warehouse.dbt("test", "--select", test) == {test: "warn"}
    warehouse.change(swapped)
    assert warehouse.query("select area_id, geometry from marts.dim_areas") == kept


def real(name: str) -> bytes:
    """A real file, its properties called what the publisher calls them."""
    file, titles = REAL[name]
    collection = json.loads((real_rows.DATA / file).read_text())
    numbers = chicago_numbers()
    for feature in collection["features"]:
        given = feature["properties"]
        for title, published in titles.items():
            given[published] = given[title]
        if "community" in given:
            given["area_numbe"] = numbers[given["community"]]
    return json.dumps(collection).encode()


def chicago_numbers() -> dict[str, str]:
    """The city's numbers by name, out of its own table of the areas."""
    path = real_rows.DATA / "chicago" / "community_areas_wkt.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {row["COMMUNITY"]: row["AREA_NUMBE"] for row in csv.DictReader(lines)}


def test_real_areas_have_the_names_of_real_incidents(
    home: Path, warehouse: Warehouse
) -> None:
    real_rows.need_data()
    before = warehouse.path.read_bytes()
    for name in BOUNDARIES:
        table = name.replace("__", ".")
        warehouse.change(f"delete from raw_{table}; delete from raw_{table}_changes")
    make_raw(warehouse.path, {name: raw(name, real(name)) for name in BOUNDARIES})
    statuses = warehouse.dbt("run", "--select", "dim_areas")
    assert set(statuses.values()) == {"success"}
    names = warehouse.query(
        "select city, area_kind, list(area_name order by area_name) "
        "from marts.dim_areas group by all"
    )
    found = {(city, kind): set(each) for city, kind, each in names}
    seeded = warehouse.query("select neighborhood from seeds.neighborhoods")
    patrolled = warehouse.query(
        "select police_district from seeds.police_districts "
        "where city = 'memphis' and is_patrol_district"
    )
    published = {
        row.get("analysis_neighborhood") for row in real_rows.san_francisco_2018()
    }
    warehouse.path.write_bytes(before)
    assert {kind: len(each) for kind, each in found.items()} == COUNTS
    assert found["chicago", "neighborhood"] == {name for (name,) in seeded}
    assert found["memphis", "police_district"] == {name for (name,) in patrolled}
    assert published - {None, ""} <= found["san_francisco", "neighborhood"]
    assert len(published) > 40
