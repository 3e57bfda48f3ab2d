"""Parts together, on DuckDB and a local portal."""
