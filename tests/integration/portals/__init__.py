"""Every API, and what portals get wrong."""
