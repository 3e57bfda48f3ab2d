"""What is wrong with a warehouse's settings is said in one sentence, before a write."""

import psycopg2
import pytest
from google.cloud import bigquery

from pipelines.warehouse.engines import bigquery as engine_bigquery
from pipelines.warehouse.engines import bigquery_access
from tests.integration.command.test_bad_input import said_in_one_sentence
from tests.support import live_portal as live

NOWHERE = "127.0.0.1:1"


@pytest.fixture
def blotter(monkeypatch, tmp_path, capsys):
    """Run the command in this process; return its exit code and what it said."""
    monkeypatch.setattr(engine_bigquery, "PATIENCE", 0.5)

    def run(*arguments, **environment):
        home = tmp_path / "home"
        code = live.command_here(
            monkeypatch, home, f"http://{NOWHERE}", *arguments, **environment
        )
        said = said_in_one_sentence(capsys.readouterr().err)
        left = {path.name for path in home.rglob("*") if path.is_file()}
        assert left <= {"lock"}, left
        return code, said

    return run


def connection_facts(settings):
    names = {"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "dbname"}
    names |= {"PGUSER": "user", "PGPASSWORD": "password"}
    return {names[setting]: value for setting, value in settings.items()}


@pytest.fixture
def postgres(blotter, postgres_settings):
    def run(**changed):
        settings = {"BLOTTER_TARGET": "postgres", "BLOTTER_PREFIX": "wrong_"}
        found = [
            blotter(*arguments, **{**settings, **postgres_settings, **changed})
            for arguments in (["daily"], ["changes"])
        ]
        assert found[0] == found[1]
        with (
            psycopg2.connect(**connection_facts(postgres_settings)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "select schema_name from information_schema.schemata "
                "where schema_name like 'wrong%'"
            )
            assert cursor.fetchall() == []
        return found[0]

    return run


@pytest.fixture
def google(blotter, bigquery_settings):
    def run(*arguments, **changed):
        settings = {"BLOTTER_TARGET": "bigquery", "BLOTTER_PREFIX": "wrong_"}
        return blotter(
            *(arguments or ["daily"]),
            **{**settings, **bigquery_settings, **changed},
        )

    return run


def test_a_warehouse_of_no_known_kind(blotter):
    code, said = blotter("daily", BLOTTER_TARGET="oracle")
    assert code == 2
    assert (
        "BLOTTER_TARGET is 'oracle'; it must be duckdb, postgres or bigquery." in said
    )


@pytest.mark.parametrize("prefix", ["Ä", "a-b", "1a", "a b", "x" * 40])
def test_a_prefix_that_no_schema_can_have(blotter, prefix):
    code, said = blotter("daily", BLOTTER_PREFIX=prefix)
    assert code == 2
    assert f"BLOTTER_PREFIX is {prefix!r}" in said


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        ("postgres", "PGHOST and PGUSER and PGDATABASE"),
        ("bigquery", "GOOGLE_CLOUD_PROJECT"),
    ],
)
def test_settings_that_a_warehouse_needs(blotter, monkeypatch, target, needed):
    for name in ("PGHOST", "PGUSER", "PGDATABASE", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    code, said = blotter("daily", BLOTTER_TARGET=target)
    assert code == 2
    assert f"BLOTTER_TARGET is {target}, which needs {needed} set, too." in said


def test_a_wrong_password(postgres):
    code, said = postgres(PGPASSWORD="wrong-password")
    assert code == 2
    assert "refuses blotter: password authentication failed" in said
    assert "wrong-password" not in said


def test_no_password(postgres):
    code, said = postgres(PGPASSWORD="")
    assert code == 2
    assert "no password supplied" in said


def test_a_database_that_is_not_there(postgres):
    code, said = postgres(PGDATABASE="nowhere")
    assert code == 2
    assert "nowhere" in said


def test_a_port_that_is_none(postgres):
    code, said = postgres(PGPORT="x")
    assert code == 2
    assert "PGPORT is 'x'" in said


def test_a_server_that_does_not_answer(postgres):
    code, said = postgres(PGPORT="1")
    assert code == 1
    assert "PostgreSQL's database blotter at 127.0.0.1:1 can't be used" in said
    assert "Connection refused" in said


def test_a_user_who_may_not_make_schemas(blotter, postgres_settings, monkeypatch):
    settings = {**postgres_settings, "PGUSER": "reader", "PGPASSWORD": "reader"}
    code, said = blotter("daily", BLOTTER_TARGET="postgres", **settings)
    assert code == 2
    assert "permission denied for database blotter" in said


def test_a_bucket_that_is_not_there(google):
    code, said = google(BLOTTER_BUCKET="gs://no-such-bucket")
    assert code == 2
    assert "there is no bucket gs://no-such-bucket" in said


def test_a_bucket_that_is_no_address(google):
    code, said = google(BLOTTER_BUCKET="s3://elsewhere")
    assert code == 2
    assert "BLOTTER_BUCKET is 's3://elsewhere'" in said


def test_a_dataset_in_another_location(google, bigquery_settings, monkeypatch):
    for name, value in bigquery_settings.items():
        monkeypatch.setenv(name, value)
    client = bigquery.Client(
        bigquery_settings["GOOGLE_CLOUD_PROJECT"],
        credentials=bigquery_access.credentials(None),
    )
    dataset = bigquery.Dataset(f"{client.project}.wrong_raw_chicago")
    dataset.location = "EU"
    client.create_dataset(dataset)
    try:
        code, said = google()
        assert code == 2
        assert "dataset wrong_raw_chicago lies in EU, BLOTTER_LOCATION is US" in said
        made = [found.dataset_id for found in client.list_datasets()]
        assert [name for name in made if name.startswith("wrong")] == [
            "wrong_raw_chicago"
        ]
    finally:
        client.delete_dataset(dataset)


def test_a_google_that_does_not_answer(google):
    code, said = google(BIGQUERY_EMULATOR_HOST=f"http://{NOWHERE}")
    assert code == 1
    assert "BigQuery's project blotter-test can't be reached" in said


@pytest.mark.parametrize("arguments", [["daily"], ["changes"]])
def test_no_credentials_for_google(google, monkeypatch, tmp_path, arguments):
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    code, said = google(*arguments, BIGQUERY_EMULATOR_HOST="")
    assert code == 2
    assert "no credentials that Google accepts" in said


def test_a_key_file_that_is_not_there(google, monkeypatch, tmp_path):
    key = str(tmp_path / "key.json")
    code, said = google(BIGQUERY_EMULATOR_HOST="", GOOGLE_APPLICATION_CREDENTIALS=key)
    assert code == 2
    assert key in said


@pytest.mark.parametrize("most", ["x", "-1"])
def test_a_limit_of_bytes_that_is_none(google, most):
    code, said = google(BLOTTER_MAX_BYTES_BILLED=most)
    assert code == 2
    assert "BLOTTER_MAX_BYTES_BILLED" in said
