"""What a change of the project touches is built apart, tested, and dropped again."""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import textwrap

import pytest

from pipelines.transform import check, runner
from pipelines.warehouse.warehouse import Warehouse
from tests.support import live_portal as live
from tests.support.set_up import settings_in

# A whole project is built on each warehouse.
pytestmark = pytest.mark.timeout(600)

# A project as small as can be, with what the real one has: a source, a seed, a view, an
# incremental table with a contract, and a report. `{text}` is as the warehouse says it.
FILES = {
    "seeds/severities.csv": "category,severity\nTheft,1\nArson,2\n",
    "models/staging/sources.yml": """
        sources:
          - name: town
            schema: "{{ env_var('BLOTTER_PREFIX', '') }}raw_town"
            tables: [{name: incidents}]
        """,
    "models/staging/stg_incidents.sql": """
        select row_id, category from {{ source('town', 'incidents') }}
        """,
    "models/marts/dim_categories.sql": """
        select category, severity from {{ ref('severities') }}
        """,
    "models/marts/fct_incidents.sql": """
        {{ config(
            materialized='incremental',
            unique_key='incident_id',
            on_schema_change='fail',
        ) }}
        select row_id as incident_id, stg_incidents.category, severity
        from {{ ref('stg_incidents') }} as stg_incidents
        inner join {{ ref('dim_categories') }} as dim_categories
            on stg_incidents.category = dim_categories.category
        """,
    "models/marts/fct_incidents.yml": """
        models:
          - name: fct_incidents
            description: One row per incident.
            config:
              contract: {enforced: true}
            columns:
              - name: incident_id
                data_type: text
                data_tests: [unique_and_not_null]
              - {name: category, data_type: text}
              - {name: severity, data_type: int}
        """,
    "models/marts/rpt_incidents.sql": """
        select category, count(*) as incident_count
        from {{ ref('fct_incidents') }} group by category
        """,
}
STAGING, FACT = "models/staging/stg_incidents.sql", "models/marts/fct_incidents.sql"
CONTRACT = "models/marts/fct_incidents.yml"
STANDING = {
    ("marts", "dim_categories"): [("Arson", 2), ("Theft", 1)],
    ("marts", "fct_incidents"): [("1", "Theft", 1), ("2", "Arson", 2)],
    ("marts", "rpt_incidents"): [("Arson", 1), ("Theft", 1)],
    ("staging", "stg_incidents"): [("1", "Theft"), ("2", "Arson")],
}


@pytest.fixture(scope="module", params=["duckdb", "postgres", "bigquery"])
def standing(request, tmp_path_factory):
    """A home where the small project is built, on each warehouse, and the project."""
    folder = tmp_path_factory.mktemp(request.param)
    settings = {"BLOTTER_TARGET": request.param, "BLOTTER_HOME": str(folder / "home")}
    settings["BLOTTER_PREFIX"] = f"t{secrets.token_hex(3)}_"
    if request.param != "duckdb":
        settings |= request.getfixturevalue(f"{request.param}_settings")
    project, home = make_project(folder / "project"), folder / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.setattr(runner, "PROJECT", project)
        with contextlib.closing(Warehouse(settings_in(home))) as warehouse:
            warehouse.engine.make_schema(schema("raw_town"))
            with warehouse.connect() as connection:
                connection.execute(
                    f"create table {schema('raw_town')}.incidents as "
                    "select '1' as row_id, 'Theft' as category "
                    "union all select '2', 'Arson'"
                )
            warehouse.close()
            runner.build_once(warehouse, ["build"])
        yield home, project


def make_project(project):
    for name in ("dbt_project.yml", "profiles.yml"):
        project.mkdir(exist_ok=True)
        shutil.copy(live.ROOT / name, project)
    for name in ("macros", "tests/dbt/generic"):
        shutil.copytree(live.ROOT / name, project / name)
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(textwrap.dedent(text))
    return project


@pytest.fixture
def changed(standing, tmp_path, monkeypatch):
    """Change a file of a copy of the project, which is then the one that is checked."""
    project = tmp_path / "changed"
    shutil.copytree(standing[1], project)
    monkeypatch.setattr(runner, "PROJECT", project)

    def change(name, old, new):
        text = (project / name).read_text()
        assert text.count(old) == 1
        (project / name).write_text(text.replace(old, new))

    return change


@pytest.fixture
def checked(standing, monkeypatch, caplog):
    """Run the command; its exit code, and the relations that dbt made, by step."""
    caplog.set_level("INFO")

    def run(*arguments):
        made, built = [], check.built

        def noted(*given):
            nodes = built(*given)
            made.append(
                {
                    (result.node.schema, result.node.name)
                    for result in nodes
                    if result.node.resource_type in ("model", "seed")
                }
            )
            return nodes

        with monkeypatch.context() as patch:
            patch.setattr(check, "built", noted)
            code = live.command_here(patch, standing[0], "", "check", *arguments)
        return code, [step for step in made if step]

    return run


# What no warehouse does in its own way.
on_duckdb = pytest.mark.parametrize("standing", ["duckdb"], indirect=True)


def apart(home, *names):
    """Models in a check's schemas, as the small project has them."""
    own = check.own_prefix(settings_in(home))
    folders = {"stg": "staging", "dim": "marts", "fct": "marts", "rpt": "marts"}
    return {(own + folders.get(name[:3], "seeds"), name) for name in names}


def query(home, sql):
    warehouse = Warehouse(settings_in(home))
    with contextlib.closing(warehouse), warehouse.connect() as connection:
        return connection.execute(sql).fetchall()


def schema(name):
    """A schema's name under the prefix that is set."""
    return os.environ["BLOTTER_PREFIX"] + name


def schemas(home):
    sql = "select schema_name from information_schema.schemata"
    return {name for (name,) in query(home, sql)}


def assert_all_is_as_it_was(home):
    own = check.own_prefix(settings_in(home))
    assert [name for name in schemas(home) if name.startswith(own)] == []
    for (folder, name), rows in STANDING.items():
        table = f"{schema(folder)}.{name}"
        assert sorted(query(home, f"select * from {table}")) == rows, table


def test_where_nothing_differs_nothing_is_built(standing, checked, caplog):
    assert checked() == (0, [])
    assert "check: nothing differs from " in caplog.text
    assert_all_is_as_it_was(standing[0])


def test_what_a_change_touches_is_built_apart_and_no_more(
    standing, changed, checked, caplog
):
    home, _ = standing
    changed(STAGING, "select row_id", "select row_id, 1 as one")
    code, made = checked()
    touched = apart(home, "stg_incidents", "fct_incidents", "rpt_incidents")
    assert (code, made) == (0, [touched, apart(home, "fct_incidents")])
    assert "check: good: built stg_incidents, fct_incidents" in caplog.text
    assert_all_is_as_it_was(home)


@on_duckdb
def test_a_changed_description_counts_as_a_change(standing, changed, checked):
    home, _ = standing
    changed(CONTRACT, "One row per incident.", "One row per incident, or less.")
    code, made = checked()
    assert (code, made[0]) == (0, apart(home, "fct_incidents", "rpt_incidents"))
    assert_all_is_as_it_was(home)


BREAKS = {
    "sql": (STAGING, "category from", "kind from", "stg_incidents"),
    "a type": (FACT, "severity\n", "'x' as severity\n", "fct_incidents"),
    "a name": (FACT, "severity\n", "severity as level\n", "fct_incidents"),
    "a contract": (CONTRACT, "name: category,", "name: kind,", "fct_incidents"),
    "the data": (
        *(STAGING, "select row_id", "select nullif(row_id, '2') as row_id"),
        "unique_and_not_null_fct_incidents_incident_id",
    ),
    "another day": (
        *(FACT, "select row_id"),
        "select {% if is_incremental() %} no_such_column, {% endif %} row_id",
        "fct_incidents",
    ),
}


# One of each way to be found: by the warehouse, by its types, by a test of the data.
ON_EVERY_WAREHOUSE = ("sql", "a type", "the data")


@pytest.fixture
def caught(standing, changed, checked, caplog, capsys):
    """Break something; the check must say what, and leave all as it was."""

    def break_and_check(what):
        name, old, new, failing = BREAKS[what]
        changed(name, old, new)
        code, _ = checked()
        assert code == 1
        assert f"check: {failing}: " in caplog.text
        assert f"models: 1 failed, first {failing}: " in capsys.readouterr().err
        assert_all_is_as_it_was(standing[0])

    return break_and_check


@pytest.mark.parametrize("what", ON_EVERY_WAREHOUSE)
def test_a_change_that_breaks_something_is_caught(caught, what):
    caught(what)


@on_duckdb
@pytest.mark.parametrize(
    "what", [what for what in BREAKS if what not in ON_EVERY_WAREHOUSE]
)
def test_a_change_that_dbt_can_not_build_is_caught(caught, what):
    caught(what)


@on_duckdb
def test_a_project_that_cannot_be_read_is_caught(standing, changed, checked, capsys):
    changed(FACT, "ref('dim_categories')", "ref('dim_kinds')")
    assert checked() == (1, [])
    assert "depends on a node named 'dim_kinds'" in capsys.readouterr().err


def test_without_a_manifest_everything_is_built(standing, checked, caplog, tmp_path):
    home, _ = standing
    code, made = checked("--state", str(tmp_path))
    everything = apart(home, "severities", *(name for _, name in STANDING))
    assert (code, made) == (0, [everything, apart(home, "fct_incidents")])
    said = f"check: no {tmp_path}/manifest.json to compare with, so everything is built"
    assert said in caplog.text
    assert_all_is_as_it_was(home)


def test_a_check_that_dies_leaves_nothing(standing, changed, checked, monkeypatch):
    home, _ = standing
    changed(STAGING, "select row_id", "select row_id, 1 as one")
    built, seen = check.built, []

    def dying(*given):
        built(*given)
        seen.append(schemas(home))
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "built", dying)
    assert checked()[0] == 1
    own = check.own_prefix(settings_in(home))
    assert seen[0] >= {f"{own}staging", f"{own}marts"}
    assert_all_is_as_it_was(home)


@pytest.mark.parametrize("arguments", [(), ("--drop",)])
def test_what_a_killed_check_left_is_dropped_and_what_another_made_stays(
    standing, checked, arguments
):
    home, _ = standing
    others = schema("check_0123abcd_marts")
    with contextlib.closing(Warehouse(settings_in(home))) as warehouse:
        for name in (others, check.own_prefix(settings_in(home)) + "reports"):
            warehouse.engine.make_schema(name)
            with warehouse.connect() as connection:
                connection.execute(
                    f"create table if not exists {name}.t as select 1 as n"
                )
    assert checked(*arguments) == (0, [])
    assert_all_is_as_it_was(home)
    assert others in schemas(home)


@on_duckdb  # It is refused before the warehouse is asked for anything.
@pytest.mark.parametrize("prefix", ["", "check_", "marts", "m", "x_check_a_marts"])
def test_schemas_that_are_no_checks_are_never_dropped(standing, prefix):
    home, _ = standing
    arguments = ["run-operation", "drop_check_schemas", "--args"]
    outcome = runner.invoke(home, [*arguments, f"{{prefix: '{prefix}'}}"], "check")
    assert not outcome.success
    assert_all_is_as_it_was(home)


@on_duckdb
@pytest.mark.parametrize("prefix", ["check_1_", "marts", "{}", "{}check", "{}check__"])
def test_a_prefix_that_is_no_checks_ends_with_2(standing, checked, monkeypatch, prefix):
    said = prefix.format(schema(""))
    monkeypatch.setenv("BLOTTER_CHECK_PREFIX", said)
    assert checked() == (2, [])


@on_duckdb
def test_a_prefix_can_be_given(standing, changed, checked, monkeypatch):
    home, _ = standing
    monkeypatch.setenv("BLOTTER_CHECK_PREFIX", schema("check_pr12_"))
    changed(FACT, "severity\n", "severity + 0 as severity\n")
    code, made = checked()
    assert (code, made[0]) == (
        0,
        {
            (schema("check_pr12_marts"), name)
            for name in ("fct_incidents", "rpt_incidents")
        },
    )
    assert_all_is_as_it_was(home)


def test_without_a_warehouse_a_check_ends_with_2(tmp_path, monkeypatch):
    monkeypatch.setenv("BLOTTER_TARGET", "duckdb")
    assert live.command_here(monkeypatch, tmp_path / "none", "", "check") == 2
    monkeypatch.setenv("BLOTTER_TARGET", "oracle")
    assert live.command_here(monkeypatch, tmp_path / "none", "", "check") == 2


def test_a_check_waits_for_the_file_and_then_says_who_has_it(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    holding = (
        f"import duckdb; c = duckdb.connect({str(home / 'blotter.duckdb')!r}); "
        "print(1, flush=True); input()"
    )
    monkeypatch.setenv("BLOTTER_TARGET", "duckdb")
    with subprocess.Popen(
        [sys.executable, "-c", holding],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    ) as holder:
        holder.stdout.readline()
        done = live.blotter(home, "", "check", BLOTTER_WAIT="0.5")
        holder.communicate(b"\n")
    assert done.returncode == 1
    assert f"is locked by another program (PID {holder.pid})" in done.stderr
