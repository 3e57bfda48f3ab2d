"""Parse and check SoQL, and run it on DuckDB."""
