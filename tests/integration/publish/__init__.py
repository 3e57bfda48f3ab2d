"""What a good run publishes."""
