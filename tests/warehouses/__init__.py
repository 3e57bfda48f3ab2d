"""Every warehouse does the same."""
