"""Bring the warehouse up to date with the portals."""
