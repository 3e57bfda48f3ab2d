"""A portal on this machine: SODA, ArcGIS and files, with faults by name."""
