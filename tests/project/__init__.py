"""The project's own files agree with each other."""
