"""Functions alone: no process, no dbt, no server."""
