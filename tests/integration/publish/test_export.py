"""The published files hold the marts: every cell, nothing more, the same each time."""

import csv
import json
import math
import struct
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from demo.rows.cambridge import MARKER, TAIL_MARKER
from pipelines.cells import csv_cell
from pipelines.errors import WarehouseError
from pipelines.publish import parquet as export
from pipelines.publish import parts
from pipelines.publish import tables as writing
from pipelines.publish.database import in_duckdb
from pipelines.publish.described import parts_in
from pipelines.publish.edition import Edition
from pipelines.publish.publication import unknown, write_data
from pipelines.transform.manifest import marts, read_manifest
from pipelines.warehouse.warehouse import Warehouse
from tests.support import golden_days
from tests.support.files_below import files_below
from tests.support.same_numbers import sort_key, tables_of
from tests.support.set_up import settings_in

# Everything is loaded and built first.
pytestmark = pytest.mark.timeout(600)

DAY = golden_days.DAYS[0]
# So that facts and some reports of the made-up rows are large.
FEW = 40
NO_TESTS = ("--exclude-resource-type", "test")


def built(home: Path) -> Path:
    """A home with everything loaded and built, odd values included."""
    home.mkdir()
    with golden_days.publishers() as (url, _):
        assert golden_days.run_day(url, home, DAY, *NO_TESTS) is None
    if (home / "blotter.duckdb").exists():
        # dbt keeps the file open, and some of it in its log of writes.
        with duckdb.connect(str(home / "blotter.duckdb")) as db:
            db.execute("checkpoint")
    return home


def write(
    home: Path, folder: Path, large: int = FEW, record: Path | None = None
) -> dict:
    """Write the marts to the folder `data` of a publication.

    Args:
        record: What the last publication is made of; that of this one in the end.
    """
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "LARGE", large)
        patch.setattr(parts, "PART", large)
        warehouse, edition = (
            Warehouse(settings_in(home)),
            Edition(folder.parent, record),
        )
        models = marts(read_manifest(home))
        tables = write_data(warehouse, models, edition, unknown)
        warehouse.close()
    if record:
        edition.finish(record, folder.parent)
    return {table.name: table for table in tables}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return built(tmp_path_factory.mktemp("export") / "home")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files") / "data"


@pytest.fixture(scope="module")
def tables(home, folder):
    return write(home, folder)


@pytest.fixture(scope="module")
def held(home):
    """Columns and rows of every mart, as the warehouse tells them."""
    warehouse = Warehouse(settings_in(home))
    found = tables_of(warehouse, ["marts"])
    warehouse.close()
    return {name.removeprefix("marts."): table for name, table in found.items()}


def without_points(schema: pa.Schema) -> list[str]:
    """A file's columns but for the point that no mart has."""
    return [field.name for field in schema if not pa.types.is_binary(field.type)]


def rows_of(table, folder: Path) -> list[tuple]:
    """What a table's files hold, in order, points left out."""
    return rows_in(table.paths, folder)


def rows_in(paths: list[str], folder: Path) -> list[tuple]:
    whole = pa.concat_tables(
        parquet.ParquetFile(folder / path).read() for path in paths
    )
    names = without_points(whole.schema)
    return list(zip(*(whole[name].to_pylist() for name in names), strict=True))


def alike(row: tuple) -> tuple:
    """A row with decimals as the files have them."""
    return tuple(
        float(value) if isinstance(value, Decimal) else value
        for value in (
            "nan" if isinstance(v, float) and math.isnan(v) else v for v in row
        )
    )


def in_any_order(rows) -> list[tuple]:
    return sorted(map(alike, rows), key=sort_key)


def test_every_mart_is_there_with_every_cell(tables, folder, held):
    assert set(tables) == set(held)
    assert len(tables) > 30
    for name, table in tables.items():
        there = without_points(table.schema)
        assert there == list(held[name].columns), name
        assert in_any_order(rows_of(table, folder)) == in_any_order(held[name].rows)
        assert table.rows == len(held[name].rows), name


def test_a_column_has_one_of_seven_types(tables):
    kinds = {
        t.schema.field(name).type
        for t in tables.values()
        for name in without_points(t.schema)
    }
    assert kinds == {
        pa.bool_(),
        pa.int64(),
        pa.float64(),
        pa.string(),
        pa.date32(),
        pa.timestamp("us"),
        pa.timestamp("us", "UTC"),
    }
    shares = tables["rpt_arrests_by_police_district"].schema
    assert shares.field("arrest_pct").type == pa.float64()
    assert shares.field("arrest_count").type == pa.int64()


def test_rows_are_in_the_order_of_their_key(tables, folder):
    for name, table in tables.items():
        for path in table.paths:
            rows = parquet.ParquetFile(folder / path).read(table.model.key).to_pylist()
            keys = [tuple(map(as_bytes, row.values())) for row in rows]
            assert keys == sorted(set(keys)), name


def as_bytes(value):
    return value.encode() if isinstance(value, str) else value


def test_a_large_table_is_a_file_for_each_city_and_time(tables, folder):
    incidents = tables["fct_incidents"]
    assert len(incidents.paths) > 10
    day = incidents.schema.names.index("occurred_date")
    city = incidents.schema.names.index("city")
    for path in incidents.paths:
        rows = rows_in([path], folder)
        told = parts_in(path)
        for row in rows:
            at = str(row[day]) if row[day] else "__HIVE_DEFAULT_PARTITION__"
            assert told["city"] == row[city]
            assert at.startswith(told.get("day", told.get("month", told["year"])))
        # A file of more is divided, down to a day.
        assert len(rows) <= FEW or "day" in told
        if len(told) > 2:
            year = path.rpartition("/")[0]
            whole = [p for p in incidents.paths if p.startswith(year)]
            assert len(rows_in(whole, folder)) > FEW
    kinds = {tuple(parts_in(path)) for path in incidents.paths}
    assert kinds >= {("city", "year"), ("city", "year", "month")}
    # By the day of a change; a report, too; without cities; without days.
    changes = tables["fct_incident_changes"].paths
    assert changes[0].startswith("fct_incident_changes/city=cambridge/year=2026/")
    reports = tables["rpt_incidents_by_day_and_category"].paths
    assert reports[0].startswith("rpt_incidents_by_day_and_category/city=cambridge/")
    shootings = tables["fct_shootings"].paths
    assert "fct_shootings/year=2024/2024-03.parquet" in shootings
    assert shootings[-1] == "fct_shootings/year=__HIVE_DEFAULT_PARTITION__/rows.parquet"
    bridge = tables["bridge_shooting_agencies"]
    assert (bridge.paths, bridge.rows > FEW) == (
        ["bridge_shooting_agencies.parquet"],
        True,
    )
    assert tables["dim_publishers"].paths == ["dim_publishers.parquet"]


def test_parts_are_together_what_the_whole_is(home, tables, folder, tmp_path):
    whole = write(home, tmp_path / "data", large=10**6)
    assert [table.paths for table in whole.values()] == [
        [f"{name}.parquet"] for name in whole
    ]
    for name, table in tables.items():
        assert in_any_order(rows_of(table, folder)) == in_any_order(
            rows_of(whole[name], tmp_path / "data")
        )
    # As DuckDB's readers see it, with the columns that paths tell and without.
    glob = f"{folder}/fct_incidents/**/*.parquet"
    whole_file = tmp_path / "data" / "fct_incidents.parquet"
    for partitions, more in ((False, []), (True, ["year"])):
        read = f"read_parquet('{glob}', hive_partitioning = {partitions})"
        names = [name for name, *_ in duckdb.sql(f"describe from {read}").fetchall()]
        assert names == [*whole["fct_incidents"].schema.names, *more]
        columns = ", ".join(whole["fct_incidents"].model.columns)
        assert (
            duckdb.sql(f"select {columns} from {read} order by 1").fetchall()
            == duckdb.sql(f"select {columns} from '{whole_file}' order by 1").fetchall()
        )


def test_a_csv_file_has_every_cell_of_its_report(tables, folder, held):
    reports = {name for name in tables if name.startswith("rpt_")}
    assert {path.stem for path in folder.glob("*.csv")} == reports
    for name in reports:
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file)
        assert header == list(held[name].columns)
        kinds = list(held[name].columns.values())
        found = [tuple(map(parsed, line, kinds)) for line in lines]
        expected = [
            tuple(csv_cell(value) or (None if value == "" else value) for value in row)
            for row in map(alike, held[name].rows)
        ]
        assert in_any_order(found) == in_any_order(expected), name


def parsed(cell: str, kind: str):
    """A cell of a CSV file, in which nothing is null."""
    if cell == "":
        return None
    read = {
        "text": str,
        "whole number": int,
        "decimal": float,
        "float": float,
        "boolean": lambda word: {"true": True, "false": False}[word],
        "date": date.fromisoformat,
        "local timestamp": datetime.fromisoformat,
        "instant": datetime.fromisoformat,
    }
    return read[kind](cell)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(begin, tmp_path):
    words = f'{begin}1+1|"x", Ü'
    cell = export.as_cell(pa.field("words", pa.string()))
    with duckdb.connect() as db:
        db.execute("create table t as select $1 as words", [words])
        db.execute(f"copy (select {cell} from t) to '{tmp_path}/t.csv' (header)")
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["words"], [f"'{words}"]]


def test_a_time_in_csv_tells_whether_it_is_local(tmp_path):
    local = export.as_cell(pa.field("t", pa.timestamp("us")))
    instant = export.as_cell(pa.field("t", pa.timestamp("us", "UTC")))
    with duckdb.connect() as db:
        db.execute("set timezone = 'UTC'")
        noon = "2026-03-08 12:00:00.5"
        assert db.sql(
            f"select {local} from (select timestamp '{noon}' as t)"
        ).fetchall() == [("2026-03-08T12:00:00.500000",)]
        assert db.sql(
            f"select {instant} from (select timestamptz '{noon}+01' as t)"
        ).fetchall() == [("2026-03-08T11:00:00.500000Z",)]


def test_the_same_marts_give_the_same_bytes(home, tables, folder, tmp_path):
    write(home, tmp_path / "data")
    once, again = files_below(folder), files_below(tmp_path / "data")
    # DuckDB's own file is not the same; see `publish/database.py`.
    del once["marts.duckdb"], again["marts.duckdb"]
    assert once == again


def test_the_database_is_taken_over_while_no_table_differs(home, tmp_path):
    home = copied(home, tmp_path / "home")
    first, second, third = (
        home / "publications" / name / "data" for name in ("1", "2", "3")
    )
    record = home / "state" / "publication.json"
    write(home, first, record=record)
    write(home, second, record=record)
    assert files_below(first) == files_below(second)
    with duckdb.connect(str(home / "blotter.duckdb")) as db:
        db.execute("update marts.dim_agencies set agency_name = 'Another'")
    write(home, third, record=record)
    database = duckdb.connect(str(third / "marts.duckdb"), read_only=True)
    names = database.sql("select distinct agency_name from dim_agencies").fetchall()
    assert names == [("Another",)]
    database.close()


def copied(home: Path, to: Path) -> Path:
    """What of a home a publication is made of."""
    (to / "state").mkdir(parents=True)
    for path in ("blotter.duckdb", "state/manifest.json"):
        (to / path).write_bytes((home / path).read_bytes())
    return to


def test_the_database_opens_in_old_clients_and_has_every_table(tables, folder, held):
    header = (folder / "marts.duckdb").read_bytes()[:20]
    # 64 is the version of DuckDB 0.9 to 1.1; later clients read it.
    assert header[8:12] == b"DUCK"
    assert struct.unpack("<Q", header[12:20]) == (64,)
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as db:
        comments = dict(
            db.sql("select table_name, comment from duckdb_tables()").fetchall()
        )
        large = {name for name, t in tables.items() if t.is_partitioned and t.day}
        assert set(comments) == {
            "about",
            *(name + "_recent" if name in large else name for name in tables),
        }
        for name in tables.keys() - large:
            there = db.sql(f"from {name}").fetchall()
            assert in_any_order(there) == in_any_order(held[name].rows), name
            assert comments[name] == tables[name].model.description
        ((described,),) = db.sql(
            "select comment from duckdb_columns() where table_name = 'dim_publishers' "
            "and column_name = 'licence'"
        ).fetchall()
    assert described == "License or terms; `Not stated` where the publisher gives none."


def test_of_a_large_table_it_has_the_last_days(tables, folder):
    def days(relation):
        return db.sql(
            f"select date_day, count(*) from {relation} group by 1 order by 1 desc"
        ).fetchall()

    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as db:
        there = days("dim_dates_recent")
        every = days(tables["dim_dates"].read(folder))
        ((comment,),) = db.sql(
            "select comment from duckdb_tables() where table_name = 'dim_dates_recent'"
        ).fetchall()
    # As many whole days as have at most FEW rows.
    assert there == every[: len(there)]
    assert sum(rows for _, rows in there) <= FEW
    assert sum(rows for _, rows in every[: len(there) + 1]) > FEW
    since = there[-1][0]
    assert comment.endswith(f" Only from {since} on; all rows are in dim_dates/.")


def test_coordinates_are_points_too(tables, folder):
    seen = set()
    for name in ("fct_incidents", "fct_shootings", "dim_police_districts"):
        for path in tables[name].paths:
            file = parquet.ParquetFile(folder / path)
            assert json.loads(file.schema_arrow.metadata[b"geo"]) == {
                "version": "1.1.0",
                "primary_column": "geometry",
                "columns": {
                    "geometry": {"encoding": "WKB", "geometry_types": ["Point"]}
                },
            }
            for row in file.read(["longitude", "latitude", "geometry"]).to_pylist():
                is_there = None not in (row["longitude"], row["latitude"])
                seen.add((name, is_there))
                if is_there:
                    point = struct.unpack("<BIdd", row["geometry"])
                    assert point == (1, 1, row["longitude"], row["latitude"])
                else:
                    assert row["geometry"] is None
    assert ("fct_incidents", True) in seen
    assert ("fct_incidents", False) in seen
    assert "geometry" not in tables["dim_publishers"].schema.names


def test_no_place_is_told_more_exactly_than_by_its_city(home, tables, folder):
    published = set()
    with duckdb.connect(str(home / "blotter.duckdb")) as db:
        for city in ("san_francisco", "chicago", "memphis"):
            published |= {
                (city, float(latitude), float(longitude))
                for latitude, longitude in db.sql(
                    f"select latitude, longitude from raw_{city}.incidents "
                    "where latitude <> '' and longitude <> ''"
                ).fetchall()
            }
    table = tables["fct_incidents"]
    place = [table.schema.names.index(n) for n in ("city", "latitude", "longitude")]
    shown = {tuple(row[at] for at in place) for row in rows_of(table, folder)}
    shown = {each for each in shown if None not in each}
    assert len(shown) > 100
    assert shown <= published


def test_nothing_of_people_named_in_a_narrative_is_in_any_file(tables, folder):
    names = [word for words in (MARKER, TAIL_MARKER) for word in words.split()]
    for path in folder.rglob("*.parquet"):
        content = str(parquet.ParquetFile(path).read().to_pylist())
        assert not [name for name in names if name in content], path
    for path in [*folder.glob("*.csv"), folder / "marts.duckdb"]:
        content = path.read_bytes()
        assert not [name for name in names if name.encode() in content], path


def test_the_database_is_made_of_the_files_alone(tables):
    statements = [s for table in tables.values() for s in in_duckdb(table)]
    made = [s for s in statements if s.startswith("create table")]
    assert len(made) == len(tables)
    assert all(" from read_parquet([" in statement for statement in made)


def test_places_with_few_violent_incidents_have_no_figures(tables, folder):
    report = tables["rpt_violent_incidents_by_place"]
    names = report.schema.names
    rows = [dict(zip(names, row, strict=True)) for row in rows_of(report, folder)]
    hidden = [row for row in rows if row["is_suppressed"]]
    assert hidden
    for row in hidden:
        figures = ("violent_row_count", "violent_incident_count")
        assert [row[name] for name in figures] == [None, None]
        assert row["violent_incident_count_rank"] is None
    shown = [row for row in rows if not row["is_suppressed"]]
    assert all(
        row["violent_incident_count"] >= 3 or row["place_name"] == "Unknown"
        for row in shown
    )


def test_a_table_without_rows_is_a_file_with_its_columns(home, tmp_path):
    home = copied(home, tmp_path / "home")
    with duckdb.connect(str(home / "blotter.duckdb")) as db:
        db.execute("delete from marts.fct_shootings")
    table = write(home, tmp_path / "data")["fct_shootings"]
    assert (table.paths, table.rows) == (["fct_shootings.parquet"], 0)
    assert parquet.read_schema(tmp_path / "data" / table.paths[0]) == table.schema


def test_nothing_else_is_left_in_the_folder(tables, folder):
    expected = {path for table in tables.values() for path in table.paths}
    expected |= {f"{name}.csv" for name in tables if name.startswith("rpt_")}
    assert set(files_below(folder)) == expected | {"marts.duckdb"}
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(
    home, tmp_path, monkeypatch
):
    def full(schema, batches, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "write_parquet", full)
    with pytest.raises(WarehouseError, match="No space left on device") as caught:
        write(home, tmp_path / "data")
    assert str(tmp_path) in str(caught.value)
    assert str(caught.value).endswith("Free up space there.")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (OSError(28, "No space left on device"), "Free up space there."),
        (OSError("Could not write x: No space left on device"), "Free up space there."),
        (PermissionError(13, "Permission denied"), "Grant write permission there."),
        (OSError(36, "File name too long"), "report it, with the log."),
        (OSError("Invalid value"), "report it, with the log."),
    ],
)
def test_only_a_full_disk_is_blamed_for_want_of_room(error, advice):
    with pytest.raises(WarehouseError) as caught, writing.explained(Path("data")):
        raise error
    assert str(caught.value).endswith(advice)
    assert ("Free up space" in str(caught.value)) == (advice == "Free up space there.")
