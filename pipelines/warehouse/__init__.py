"""What is held, and how rows get in."""
