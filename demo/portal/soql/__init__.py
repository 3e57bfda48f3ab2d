"""SoQL: read, checked and run on DuckDB."""
