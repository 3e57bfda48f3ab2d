"""dlt's settings come from the project and from nowhere else."""

from collections import Counter

import dlt.destinations.impl.bigquery.configuration
import dlt.destinations.impl.duckdb.configuration
import dlt.destinations.impl.filesystem.configuration
import dlt.destinations.impl.postgres.configuration
import dlt.normalize.configuration
import dlt.pipeline.configuration  # noqa: F401
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.schema.configuration import SchemaConfiguration
from dlt.common.storages.configuration import LoadStorageConfiguration
from dlt.load.configuration import LoaderConfiguration

from pipelines.warehouse.dlt_settings import BY_NAME, configure_dlt


def test_no_file_or_variable_left_lying_changes_a_load(monkeypatch, tmp_path):
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text("[load]\nworkers = 7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "8")
    monkeypatch.setenv("LOAD__DELETE_COMPLETED_JOBS", "false")
    monkeypatch.setenv("DLT_DATA_DIR", "elsewhere")
    configure_dlt(tmp_path)
    load = found(LoaderConfiguration(), "load")
    assert (load.workers, load.raise_on_max_retries) == (20, 5)
    assert load.truncate_staging_dataset
    assert found(LoadStorageConfiguration(), "load").delete_completed_jobs
    assert found(SchemaConfiguration(), "schema").naming == "direct"


def found(configuration, section):
    """A part of dlt's configuration, but for what its caller would add."""
    return resolve_configuration(
        configuration, sections=(section,), accept_partial=True
    )


def test_each_name_is_one_setting_of_dlt():
    """They are told by name alone: another of the same name would be set too."""
    specs = {*below(BaseConfiguration)}
    named = Counter(n for spec in specs for n in vars(spec).get("__annotations__", ()))
    assert {name: named[name] for name in BY_NAME} == dict.fromkeys(BY_NAME, 1)


def below(spec):
    """Every kind of configuration that was imported."""
    for each in spec.__subclasses__():
        yield each
        yield from below(each)
