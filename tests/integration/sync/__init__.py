"""Rows come, change and go."""
