"""Is it well? Status, alerts, and what a person asks."""
