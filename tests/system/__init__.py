"""Whole jobs, and what surrounds them: site, container, kills, dashboards."""
