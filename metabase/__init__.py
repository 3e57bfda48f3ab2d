"""Dashboards for Metabase, kept as files, and the program that sets them up."""
