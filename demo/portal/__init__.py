"""A local portal: SODA, ArcGIS and files, with faults on demand."""
