"""Pages from the marts."""
