"""BigQuery, with Parquet files staged in a bucket if one is configured."""

import io
import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from google.api_core import exceptions
from google.api_core.retry import Retry
from google.cloud import bigquery
from pyarrow import parquet

from pipelines.clock import utc_now
from pipelines.errors import ConfigError, first_line
from pipelines.settings import Settings
from pipelines.sql import quote
from pipelines.warehouse.engines.base import Batches, Columns, Engine, gathered
from pipelines.warehouse.engines.bigquery_access import (
    FAILURES,
    credentials,
    dlt_credentials,
    explained,
    gcsfs_arguments,
)
from pipelines.warehouse.engines.bigquery_session import TYPES, Session

LABELS = {"application": "blotter"}

TIME_TRAVEL_HOURS = 48

# Seconds for which to retry a failing call; the default of Google's client is 600.
PATIENCE = 60.0


class BigqueryEngine(Engine):
    """The datasets of a Google Cloud project."""

    merges_itself = True

    def __init__(self, settings: Settings):
        self.prefix = settings.prefix
        self.project, self.location = settings.google_project, settings.location
        self.bucket = settings.bucket
        self.place = f"BigQuery's project {self.project}"
        self.failures = FAILURES
        self._most_bytes = settings.max_bytes_billed or None
        self._impersonate = settings.impersonate
        self._client: bigquery.Client | None = None
        self.bytes_billed = 0

    @contextmanager
    def connect(self) -> Iterator[Session]:
        session = Session(self)
        try:
            yield session
        except FAILURES as error:
            raise explained(self.place, error) from error
        finally:
            for place in session.uploaded.values():
                self.client.delete_table(place, not_found_ok=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Each statement is one by itself: more would need one of Google's sessions."""
        with self.connect() as session:
            yield session

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def client(self) -> bigquery.Client:
        if self._client is None:
            self._client = bigquery.Client(
                self.project,
                credentials=credentials(self._impersonate),
                location=self.location,
            )
        return self._client

    def query(self, statement: str, parameters: list[Any]) -> Any:
        """Run a statement and wait for its result."""
        config = bigquery.QueryJobConfig(
            query_parameters=parameters,
            labels=LABELS,
            maximum_bytes_billed=self._most_bytes,
        )
        retry = Retry(timeout=PATIENCE)
        job = self.client.query(statement, job_config=config, retry=retry)
        rows = job.result(retry=retry)
        self.bytes_billed = (self.bytes_billed or 0) + (job.total_bytes_billed or 0)
        return rows

    def upload(self, name: str, rows: pa.Table) -> str:
        """Load rows into a new table, which expires after an hour at the latest.

        Returns:
            The table's name.
        """
        place = f"{self.project}.{self.schema('ledger')}.{name}_{secrets.token_hex(4)}"
        table = bigquery.Table(
            place, [bigquery.SchemaField(f.name, TYPES[f.type]) for f in rows.schema]
        )
        # By the real clock, which Google goes by, not by the run's.
        table.expires = utc_now() + timedelta(hours=1)
        self.client.create_table(table)
        file = io.BytesIO()
        parquet.write_table(rows, file)
        file.seek(0)
        config = bigquery.LoadJobConfig(source_format="PARQUET", labels=LABELS)
        self.client.load_table_from_file(file, place, job_config=config).result()
        return place

    def check(self, schemas: list[str]) -> None:
        """Check that datasets are in the configured location, and check the bucket.

        Raises:
            ConfigError: A dataset is elsewhere; or the bucket is missing or unreadable.
        """
        with self.connect():
            for name in schemas:
                found = self._dataset(name)
                if found and found.location.upper() != self.location.upper():
                    raise ConfigError(
                        f"{self.place}: dataset {name} lies in {found.location}, "
                        f"BLOTTER_LOCATION is {self.location}; set it to where the "
                        "datasets are, or BLOTTER_PREFIX to have others."
                    )
        if self.bucket:
            self._check_bucket()

    def _check_bucket(self) -> None:
        try:
            self.file_system().ls(f"{self.bucket}/staging/", refresh=True)
        except FileNotFoundError:
            self._look_at_bucket()
        except (OSError, *FAILURES) as error:
            raise ConfigError(
                f"BLOTTER_BUCKET: {self.bucket} can't be used: {first_line(error)}."
            ) from error

    def _look_at_bucket(self) -> None:
        """Find out whether nothing is staged yet, or there is no bucket."""
        try:
            self.file_system().ls(self.bucket, refresh=True)
        except (OSError, *FAILURES) as error:
            raise ConfigError(
                f"BLOTTER_BUCKET: there is no bucket {self.bucket}, or "
                f"{self.place} may not list it."
            ) from error

    def file_system(self) -> Any:
        """The fsspec file system of the bucket."""
        import gcsfs

        return gcsfs.GCSFileSystem(**gcsfs_arguments(self._impersonate))

    def _dataset(self, name: str) -> bigquery.Dataset | None:
        try:
            return self.client.get_dataset(name, retry=Retry(timeout=PATIENCE))
        except exceptions.NotFound:
            return None

    def make_schema(self, name: str) -> None:
        # An existing one is used as is, for accounts that may not create datasets.
        with self.connect():
            if self._dataset(name) is None:
                made = bigquery.Dataset(f"{self.project}.{name}")
                made.location, made.labels = self.location, LABELS
                # The minimum: sealed records must not stay available for longer.
                made.max_time_travel_hours = TIME_TRAVEL_HOURS
                self.client.create_dataset(made, exists_ok=True)

    def drop_schema(self, name: str) -> None:
        with self.connect():
            self.client.delete_dataset(name, delete_contents=True, not_found_ok=True)

    def columns(self, schemas: list[str]) -> Columns:
        with self.connect() as connection:
            made = [name for name in schemas if self._dataset(name)]
            each = [
                "select table_schema, table_name, column_name, ordinal_position "
                f"from `{name}`.INFORMATION_SCHEMA.COLUMNS"
                for name in made
            ]
            if not each:
                return {}
            rows = connection.run(
                f"select table_schema, table_name, column_name "
                f"from ({' union all '.join(each)}) "
                "order by table_schema, table_name, ordinal_position",
                {},
            ).fetchall()
        return gathered(rows)

    @contextmanager
    def reading(self, statement: str) -> Iterator[Batches]:
        with self.connect() as connection:
            rows = connection.execute(statement).rows
            if not rows.total_rows:
                yield rows.to_arrow(create_bqstorage_client=False).schema, iter(())
                return
            # Page by page, by the API that needs no additional permission.
            batches = rows.to_arrow_iterable()
            first = next(batches)
            yield first.schema, itertools.chain([first], batches)

    def destination(self) -> Any:
        import dlt

        return dlt.destinations.bigquery(
            credentials=dlt_credentials(self.project, self._impersonate),
            location=self.location,
        )

    def pipeline_options(self) -> dict[str, Any]:
        """Stage files in the bucket; without one dlt uploads each file."""
        if not self.bucket:
            return {}
        import dlt

        staging = dlt.destinations.filesystem(
            f"{self.bucket}/staging",
            credentials=dlt_credentials(self.project, self._impersonate),
        )
        return {"staging": staging}

    def table_hints(self, name: str, columns: list[str]) -> dict[str, Any]:
        hints: dict[str, Any] = {}
        if "window_month" in columns:
            month = {"window_month": "DATE_TRUNC({column_name}, MONTH)"}
            hints["x-bigquery-partition"] = month
        if "row_id" in columns:
            hints["x-bigquery-cluster-columns"] = ["row_id"]
        return hints

    def merge(self, held: str, incoming: str, columns: list[str]) -> None:
        """Merge rows by `row_id`, reading only the partitions that contain any of them.

        dlt's merge would scan the whole table, and bill for it.
        """
        with self.connect() as connection:
            months = connection.run(
                f"select distinct window_month from {held} "
                f"where row_id in (select row_id from {incoming})",
                {},
            ).fetchall()
            statement = merge(held, incoming, columns, [month for (month,) in months])
            connection.run(statement, {})
            connection.run(f"truncate table {incoming}", {})


def merge(held: str, come: str, columns: list[str], months: list[date | None]) -> str:
    """SQL for a MERGE by `row_id` that reads only these months; None: no month."""
    among = ", ".join(f"date '{month}'" for month in months if month)
    where = [f"held.window_month in ({among})"] if among else []
    where += ["held.window_month is null"] if None in months else []
    names = [quote(name).replace('"', "`") for name in columns]
    return f"""
        merge {held} as held using {come} as come
        on held.row_id = come.row_id and ({" or ".join(where) or "false"})
        when matched then update set {", ".join(f"{n} = come.{n}" for n in names)}
        when not matched then insert ({", ".join(names)}) values ({", ".join(names)})
    """
