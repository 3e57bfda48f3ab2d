"""Credentials for Google's services, and explanations of their errors."""

import os
from typing import Any

import google.auth
import requests
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions
from google.auth import impersonated_credentials
from google.auth.credentials import AnonymousCredentials

from pipelines.errors import BlotterError, ConfigError, WarehouseError, first_line

SCOPE = "https://www.googleapis.com/auth/cloud-platform"

FAILURES = (
    exceptions.GoogleAPIError,
    auth_exceptions.GoogleAuthError,
    requests.RequestException,
)


# Google's clients read an emulator's address only from the environment. The credentials
# that they are given must match it, so it is checked here too.


def credentials(account: str | None) -> Any:
    """Application default credentials, or those of an account to impersonate.

    Raises:
        GoogleAuthError: There are none.
    """
    if os.environ.get("BIGQUERY_EMULATOR_HOST"):
        return AnonymousCredentials()
    found, _ = google.auth.default(scopes=[SCOPE])
    if account:
        found = impersonated_credentials.Credentials(
            found, account, target_scopes=[SCOPE]
        )
    return found


def gcsfs_arguments(account: str | None) -> dict[str, Any]:
    """The arguments of fsspec's file system for buckets."""
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        return {"token": "anon"}
    return {"token": credentials(account)}


def dlt_credentials(project: str, account: str | None) -> Any:
    """The same credentials in dlt's form, for BigQuery and for a bucket."""
    from dlt.common.configuration import configspec
    from dlt.common.configuration.specs import GcpServiceAccountCredentials

    @configspec
    class Credentials(GcpServiceAccountCredentials):
        """The credentials found here, so that dlt does not look for others."""

        def to_native_credentials(self) -> Any:
            return credentials(account)

        def to_gcs_credentials(self) -> dict[str, Any]:
            return gcsfs_arguments(account)

    found = Credentials()
    found.project_id = project
    found.resolve()
    return found


def explained(place: str, error: Exception) -> BlotterError:
    """Explain one of FAILURES at a place in one sentence."""
    said = first_line(error)
    if isinstance(error, auth_exceptions.TransportError):
        return WarehouseError(f"{place} can't be reached: {said}.")
    if isinstance(error, auth_exceptions.GoogleAuthError):
        return ConfigError(
            f"{place}: no credentials that Google accepts ({said}). Give the machine a "
            "service account, run `gcloud auth application-default login`, or set "
            "GOOGLE_APPLICATION_CREDENTIALS."
        )
    if isinstance(error, exceptions.Forbidden | exceptions.Unauthorized):
        return ConfigError(
            f"{place} refuses: {said}. Check the roles of the loader's account."
        )
    if isinstance(error, exceptions.NotFound):
        return WarehouseError(
            f"{place} lacks something ({said}); `blotter daily` creates the tables of "
            "every declared data set."
        )
    if isinstance(error, exceptions.RetryError | requests.RequestException):
        return WarehouseError(f"{place} can't be reached: {said}.")
    return WarehouseError(f"{place} can't be used: {said}.")
