"""What is published, and where."""
