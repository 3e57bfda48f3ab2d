"""A local portal with made-up rows, for the demo and the tests."""
